// ends.h - the ends of inproc wires, driven by hand: loops, ports, messages.
//
// Messages are numbers, so that order and loss show: end_send sends the next
// ones, and a port counts how many came in order.
#ifndef TESTS_INPROC_ENDS_H
#define TESTS_INPROC_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <hawser/transport.h>

extern const hawser_transport hawser_transport_inproc;

// A loop with a site of the transport on it.
struct yard {
    uv_loop_t loop;
    uv_timer_t limit;
    void *site;
    bool late;
};

void
yard_open(struct yard *yard);

// Stops the site and runs the loop until it is empty. Every wire is gone.
void
yard_close(struct yard *yard);

// Does what is to be done now, and comes back: many turns of the loop.
void
yard_turn(struct yard *yard);

// Runs the loop until done(user), at most ten seconds. Did it come?
bool
yard_run(struct yard *yard, bool (*done)(void *user), void *user);

// What became of one wire. All zero to begin with, but for what is set by hand.
struct hawser_port {
    void *wire;
    struct hawser_settings *settings;
    struct yard *yard;
    unsigned opened, writable, alive, lost;
    uint64_t passed;
    uint64_t passes;
    uint64_t sent;      // numbers 0..sent-1
    uint64_t received;  // numbers 0..received-1, in order
    uint64_t strangers; // messages that were something else
    size_t last_size;
    hawser_kind last_kind;
    char last_topic[16];
    char peer[256];
    hawser_cause cause;
    int code;
    bool closed;
    bool refuses; // what is received
    char error[256];
    char reason[256];
    // Called at the end of each call of that name, if not NULL.
    void (*on_opened)(hawser_port *port);
    void (*on_received)(hawser_port *port);
    void (*on_passed)(hawser_port *port);
    void (*on_writable)(hawser_port *port);
    void (*on_alive)(hawser_port *port);
    void *user;
};

// Dials with the option (NULL: none) set to value.
hawser_status
end_dial(struct yard *yard, hawser_port *port, const char *url,
         const char *option, const char *value);

// Dials both at one name and waits until they are open.
bool
ends_meet(struct yard *yard, hawser_port *one, hawser_port *other,
          const char *url, const char *option, const char *value);

// Sends the next count numbers, each in a message of size bytes (at least 8),
// and returns how many were taken; those not taken are the next again.
size_t
end_send(hawser_port *port, size_t count, size_t size);

void
end_barrier(hawser_port *port, uint64_t number);

void
end_listen(hawser_port *port, bool on);

// If it is not gone. Gives back the settings too.
void
end_close(hawser_port *port, int code, const char *reason);

#endif
