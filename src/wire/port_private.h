// port_private.h - what the files of the port share: its rows, and its wires.
#ifndef HW_WIRE_PORT_PRIVATE_H
#define HW_WIRE_PORT_PRIVATE_H

#include <stdatomic.h>

#include "values/batch.h"
#include "wire/port.h"
#include "wire/schemes.h"

struct hw_plan;
struct hw_report;

enum { HW_PORT_NAME_SIZE = 32 };

// What a transport holds on to: one wire, from dial to close or lost. Memory of
// ports and of their rows is kept when they are gone, for a transport may break
// the rules and call late (kept.h). A call from a thread that is not the loop's
// touches what is atomic here, and nothing else.
struct hawser_port {
    _Atomic(struct hw_ports *) ports;
    atomic_bool strayed; // called on another thread; not judged yet
    // From here on the loop's.
    const hawser_transport *transport;
    struct hw_plan *plan;
    void *wire;
    struct hw_batch *batch; // received in this turn
    hawser_port *next_full; // those with a batch
    uint64_t heard_at_ms;
    uint64_t heard_times;
    uint64_t asked;   // the highest barrier
    uint64_t passed;  // of those
    uint64_t refused; // messages
    size_t message_max;
    uint32_t link;
    uint32_t number;
    uint8_t inside; // calls of its verbs under way
    bool opened;
    bool gone; // lost or closed: put it away once nothing is inside
    bool gathered;
    bool deaf;     // memory is short, or it broke a rule: nothing more is heard
    bool dialling; // the verb that runs is dial
    bool was_late; // called when it was gone
    struct hw_report *broken; // the rule it broke, to be told
    char name[HW_PORT_NAME_SIZE];
};

// A dial under way: the addresses that are left to try.
struct hw_attempt {
    uint32_t number; // of this port's attempts; a late answer has another
    struct hw_addresses addresses;
    unsigned next;
    char *headers;
    const struct hw_endpoint *endpoint;
};

struct hw_port_row {
    struct hw_plan *plan;
    hawser_port *port;          // NULL: no wire
    struct hw_attempt *attempt; // until the wire is open
    uint32_t wire;              // number of the wire, or of the dial under way
};

struct hw_site {
    const hawser_transport *transport;
    void *site;
};

struct hw_ports {
    atomic_uintptr_t thread; // that runs the loop; 0: nobody says
    atomic_bool strayed;     // one of the ports was
    struct hw_loop *wakes;   // whom a stray call wakes; rules.c has the lock
    // From here on the loop's.
    struct hw_seat *seat;
    struct hw_loop *loop;
    struct hw_port_row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    uint32_t attempts;    // so far
    hawser_port *full;    // with messages to hand on
    hawser_port *sending; // the verb that runs is its send
    size_t offered;       // messages, to the last send
    size_t refused_end;   // behind the last of them that it refused; 0: none
    uint64_t refused[HW_BATCH_MESSAGES_MAX / 64]; // a bit for each, unless 0
    struct hw_site sites[HW_TRANSPORTS_MAX];
    unsigned site_count;
};

// ---- port.c ----

// Forgets the wire, which the transport let go of or is to let go of; what it
// received is said before.
void
hw_port_end(hawser_port *port);

// The dial that this port is of has failed: tries what addresses are left.
void
hw_port_try_next(struct hw_ports *ports, uint32_t link, struct hw_report *last);

void
hw_port_drop_attempt(struct hw_port_row *row);

// ---- said.c ----

void
hw_port_say(struct hw_ports *ports, unsigned to, unsigned kind, uint32_t link,
            uint32_t wire, uint64_t number, void *thing);

void
hw_port_say_batch(hawser_port *port);

void
hw_port_say_lost(struct hw_ports *ports, uint32_t link, uint32_t wire,
                 struct hw_report *report);

// ---- rules.c ----

// The transport broke a rule: the log has the sentence, the supervisor hears of
// a loss once no verb is running, and closes the wire; until then nothing more
// is heard of it.
void
hw_rule_broken(hawser_port *port, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Tells the supervisor, if a rule was broken and no verb is running.
void
hw_rule_tell(hawser_port *port);

// Whether a transport may say this at all: on the loop's thread, of a wire that
// is not gone.
bool
hw_rule_may_call(hawser_port *port, const char *call);

// The same, and outside of the verbs, of a wire that is open. False is no
// broken rule where the port is deaf.
bool
hw_rule_may_speak(hawser_port *port, const char *call);

// From now on the loop says which thread is its own; NULL: any is.
void
hw_rule_follow(struct hw_ports *ports, struct hw_loop *loop);

// From now on no thread is.
void
hw_rule_forget(struct hw_ports *ports);

// Loses the wires whose transports called on another thread.
void
hw_rule_judge_strays(struct hw_ports *ports);

#endif
