// server.h - a server in another process, on which nothing is made to fail.
// It echoes what it gets, and notes what it got in WebSocket frames.
#ifndef HAWSER_TESTS_TORTURE_SERVER_H
#define HAWSER_TESTS_TORTURE_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "certificate.h"

enum { SERVER_LANES = 8, SERVER_NUMBERS = 256 };

// What came in the lane's present run, by the number that its first four
// digits are. The path of a URL is "/LANE/RUN".
struct server_lane {
    _Atomic uint32_t run;
    _Atomic uint8_t got[SERVER_NUMBERS];
};

struct server {
    struct server_lane *lanes; // shared by all processes
    pid_t process;
    uint16_t port;
    uint16_t tls_port; // of the host "torture"
    uint16_t echo_port;
    uint16_t tls_echo_port;
    char echo_name[64]; // of a Unix socket, "@…"
    struct certificate certificate;
};

bool
server_start(struct server *server);

void
server_stop(struct server *server);

#endif
