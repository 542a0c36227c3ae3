// demo.h - what the files of "hawser demo" share.
//
//   demo.c         the command: streams, kills, and judges
//   demo_server.c  the server in a process of its own, to be killed
//   demo_show.c    what a person sees
#ifndef HAWSER_TOOL_DEMO_H
#define HAWSER_TOOL_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ---- demo_server.c ----

struct demo_server {
    char url[64];     // fixed by the first life: ws://127.0.0.1:PORT
    char record[256]; // "": it keeps none
    pid_t process;    // 0: none runs
    int output;       // its stdout
};

// Starts a life and waits until it listens; false after a sentence.
bool
demo_server_start(struct demo_server *server);

// SIGKILL, and waits until it is dead.
void
demo_server_kill(struct demo_server *server);

// SIGTERM, and waits.
void
demo_server_stop(struct demo_server *server);

// ---- demo_show.c ----

struct demo_result {
    uint64_t sent;
    uint64_t settled;
    uint64_t lost;
    uint64_t duplicates;
    uint64_t disorder;
    uint64_t echoes;
    unsigned kills;
    uint64_t reconnects;
    double heal_ms_p50; // negative: not measured
    double outage_ms_p50;
    double secs;
};

struct demo_show {
    double start;
    bool quiet;
};

// "  1.2 s  …", on stderr.
void
demo_show_line(const struct demo_show *show, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The table, on stdout.
void
demo_show_table(const struct demo_result *result);

void
demo_show_json(const struct demo_result *result);

// 1234567 as "1 234 567"; one of a few buffers that take turns.
const char *
demo_grouped(uint64_t number);

#endif
