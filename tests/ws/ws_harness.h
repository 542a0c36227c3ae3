// ws_harness.h - stands in for Hawser's core, so that the WebSocket transport
// is driven directly: the port, the settings, a loop, and servers in a child
// process.
#ifndef TESTS_WS_HARNESS_H
#define TESTS_WS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

#include <hawser/transport.h>

enum { LINK_SETTINGS_MAX = 24, LINK_KEPT_MAX = 64 };

struct hawser_settings {
    struct {
        const char *name;
        const char *text;
    } set[LINK_SETTINGS_MAX];
    unsigned count;
};

// What became of one wire.
struct hawser_port {
    void *wire;
    hawser_settings settings;
    bool opened, lost, closed;
    // from opened
    char peer[128], protocol[128], headers[8192];
    int status;
    // from lost
    hawser_cause cause;
    char error[512], reason[256];
    int close_code, retry_after_ms;
    // from the rest
    unsigned alive, writable;
    uint64_t passed, passes;
    uint64_t messages, bytes; // received
    struct {
        hawser_kind kind;
        size_t size;
        char text[200]; // its beginning
    } kept[LINK_KEPT_MAX];
    // What a test wants to happen there and then.
    void (*on_received)(hawser_port *port, const void *bytes, size_t size);
    void (*on_opened)(hawser_port *port);
    void (*on_writable)(hawser_port *port);
    void *user;
};

struct harness {
    uv_loop_t loop;
    void *site;
    uv_timer_t limit;
    bool late;
    size_t peak; // most memory in use after any turn of harness_run
};

// The loop and the site of a test, and their end: everything must be closed
// then, which is asserted.
void
harness_open(struct harness *h);

void
harness_close(struct harness *h);

void
link_set(hawser_port *port, const char *name, const char *text);

// Checks and dials url, at 127.0.0.1 unless the route's host is an IPv4
// address. The status of check or dial; error has the sentence.
hawser_status
link_dial(struct harness *h, hawser_port *port, const char *url);

// The same, with headers of this attempt.
hawser_status
link_dial_with(struct harness *h, hawser_port *port, const char *url,
               const char *headers);

// Runs the loop until done says yes, at most ms. Did it?
bool
harness_run(struct harness *h, hawser_port *port, bool (*done)(hawser_port *),
            int ms);

// All of them are content with a wire that is lost, too.
bool
is_opened(hawser_port *port);

bool
is_lost(hawser_port *port);

bool
has_message(hawser_port *port);

bool
has_two(hawser_port *port);

bool
has_passed(hawser_port *port);

bool
was_writable(hawser_port *port);

// Bytes that malloc has given out; 0 where a sanitizer stands in for it.
size_t
memory_used(void);

// Runs the loop for a while in which nothing is to happen.
void
harness_idle(struct harness *h, int ms);

// Sends one message; was it taken?
bool
link_send(hawser_port *port, hawser_kind kind, const void *bytes, size_t size);

// A server in a process of its own: it prints its port (and a note), and ends
// with its standard input.
struct server {
    pid_t pid;
    int in, out;
    unsigned port;
    char note[128];
};

// Runs a script of tests/ws with up to two arguments (NULL: none). Aborts where
// it does not start.
void
server_start(struct server *server, const char *script, const char *first,
             const char *second);

void
server_stop(struct server *server);

void
link_close(hawser_port *port, int code, const char *reason);

#endif
