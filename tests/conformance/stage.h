// stage.h - where a transport is tried: a loop, the ports of its wires, and a
// partner at the other end of each.
//
// The stage stands in for Hawser: it is the one who calls the verbs and hears
// the hawser_port_… calls, and it notes the first of transport.h's rules that
// is broken, whatever the promise under test.
#ifndef HAWSER_CONFORMANCE_STAGE_H
#define HAWSER_CONFORMANCE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <hawser/transport.h>

enum { STAGE_PORTS_MAX = 64, STAGE_SETTINGS_MAX = 32 };

// How long stage_run waits for what must happen.
extern unsigned stage_wait_ms;

struct stage;

// A message that was heard.
struct note {
    hawser_kind kind;
    uint8_t *topic;
    size_t topic_size;
    uint8_t *bytes;
    size_t size;
};

// What an end of the line has heard.
struct ear {
    struct note *notes;
    size_t count;
    size_t room;
    size_t bytes;
    bool opened;
    bool gone;
    int code; // of the other's goodbye; 0: none
    char reason[256];
};

void
ear_note(struct ear *ear, hawser_kind kind, const void *topic,
         size_t topic_size, const void *bytes, size_t size);

void
ear_clear(struct ear *ear);

// What a transport is given, and calls.
struct hawser_port {
    struct stage *stage;
    const hawser_transport *transport;
    void *wire;
    bool honest; // no fault is planted in what it does and says
    char name[32];
    const char *inside; // the verb that is running
    bool closed;
    struct ear ear;
    unsigned times_opened;
    unsigned times_lost;
    unsigned times_writable;
    unsigned times_short; // send took fewer than it was given
    unsigned times_alive;
    size_t offered;     // to the send that is running
    size_t refused_end; // behind the last of those that it refused
    uint64_t asked;     // the highest barrier
    uint64_t passed;
    hawser_cause cause;
    char error[256];
    // Called behind received and passed, if not NULL.
    void (*on_received)(hawser_port *port);
    void (*on_passed)(hawser_port *port);
    void *user;
};

// The table of all options, with what the stage sets differently (settings.c).
struct hawser_settings {
    const struct stage *stage;
};

struct stage {
    uv_loop_t loop;
    uv_timer_t timer;
    bool late;
    const hawser_transport *transport;
    void *site;
    hawser_port *ports[STAGE_PORTS_MAX];
    size_t port_count;
    char fault[256]; // the first rule that was broken; "": none
    uv_thread_t thread;
    hawser_settings settings;
    struct setting {
        const char *name; // NULL: no more
        const char *value;
    } set[STAGE_SETTINGS_MAX + 1];
};

// Begins; with settings pairs of name and value, ended by NULL, that differ
// from the defaults of the option table.
void
stage_begin(struct stage *stage, const hawser_transport *transport,
            const char *const settings[]);

// Sets more of them, where they are not set yet. NULL is allowed.
void
stage_set(struct stage *stage, const char *const settings[]);

// Closes what is open, stops the transport, runs the loop until it is empty and
// closes it. Returns the first rule that was broken, or NULL.
const char *
stage_end(struct stage *stage);

// A rule is broken; only the first is kept.
void
stage_fault(struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Runs the loop until done says so. False: stage_wait_ms have passed.
bool
stage_run(struct stage *stage, bool (*done)(void *user), void *user);

// Runs the loop for a while, in which what must not happen could.
void
stage_settle(struct stage *stage);

// ---- the verbs, as Hawser calls them ----

// NULL: the dial was refused, which is a fault.
hawser_port *
port_dial(struct stage *stage, const hawser_transport *transport, void *site,
          const char *url);

size_t
port_send(hawser_port *port, const hawser_message *messages, size_t count);

void
port_barrier(hawser_port *port, uint64_t number);

void
port_listen(hawser_port *port, bool on);

void
port_close(hawser_port *port, int code, const char *reason);

// Whether verbs may still be called.
bool
port_lives(const hawser_port *port);

// ---- what is noted of what a transport says (recorder.c) ----

void
record_opened(hawser_port *port, const hawser_opened *info);

void
record_writable(hawser_port *port);

void
record_passed(hawser_port *port, uint64_t number);

void
record_received(hawser_port *port, hawser_kind kind, const void *topic,
                size_t topic_size, const void *bytes, size_t size);

void
record_alive(hawser_port *port);

void
record_refused(hawser_port *port, size_t index, const char *sentence);

void
record_note(hawser_port *port, const char *sentence);

void
record_lost(hawser_port *port, const hawser_lost *why);

#endif
