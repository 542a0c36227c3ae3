// wire.h - one ZeroMQ socket with one endpoint, as the files of this transport
// share it.
#ifndef HW_ZMQ_WIRE_H
#define HW_ZMQ_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include <hawser/transport.h>

#include "frames.h"
#include "ledger.h"
#include "site.h"
#include "types.h"
#include "url.h"

enum hw_zmq_phase {
    HW_ZMQ_DIALING, // until the handshake has succeeded, or it is bound
    HW_ZMQ_OPEN,
    HW_ZMQ_ENDING, // the connection ended: what came before is handed on
    HW_ZMQ_GONE,   // closed or lost: no port, no socket
};

struct hw_zmq_probe;

// Why a wire ends, until it can be told.
struct hw_zmq_why {
    bool known;
    hawser_cause cause;
    char error[256];
};

struct hw_zmq_wire {
    struct hw_zmq_site *site;
    hawser_port *port; // NULL once closed or lost
    const struct hw_zmq_type *type;
    void *socket;  // NULL once closed
    void *monitor; // likewise; NULL for inproc, which has none
    uv_poll_t poll, monitor_poll;
    uv_timer_t timer; // for what the peer does not say in time
    unsigned handles;
    struct hw_zmq_wire *next, *previous; // in the site
    struct hw_zmq_wire *next_due;
    struct hw_zmq_ledger *ledger;
    struct hw_zmq_probe *probe; // under way, or NULL
    struct hw_zmq_shape shape;
    enum hw_zmq_phase phase;
    enum hw_zmq_carrier carrier;
    bool bind;
    bool due;           // a turn
    bool monitor_due;   // the monitor may have something
    bool connected;     // and not yet open
    bool deaf;          // listen is off
    bool wants_room;    // send took fewer than it was given
    bool awaits_bytes;  // until libzmq holds fewer
    bool awaits_answer; // REQ: has asked; REP: has nothing to answer
    bool drained;       // nothing is left to be received
    bool end_is_known;  // no more can come behind it
    bool secure;        // CURVE
    bool hung_up;       // the peer, in the handshake
    bool asked;         // barrier below
    bool answered;      // what was sent before it
    uint64_t barrier;
    unsigned dial_ms; // option dial.timeout
    unsigned peers;   // of a bound wire
    size_t buffer_max, message_max;
    uint64_t taken;   // bytes, ever
    uint64_t nothing; // looks at the gauge while nobody is there to be stuck
    uint16_t port_number;
    char address[64];                // that it connects to, numeric
    char place[HW_ZMQ_NAME_MAX + 1]; // or the path, or the name
    struct hw_zmq_why why;
};

// ---- wire.c: the life of a wire ----

struct hw_zmq_wire *
hw_zmq_wire_new(struct hw_zmq_site *site, hawser_port *port);

// Watches its socket and its monitor. 0, or libuv's error.
int
hw_zmq_wire_watch(struct hw_zmq_wire *wire);

void
hw_zmq_wire_turn(struct hw_zmq_wire *wire);

// Notes why it ends; of two reasons the first is the cause of the other.
void
hw_zmq_wire_note(struct hw_zmq_wire *wire, hawser_cause cause,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

// The connection ended, for the reason noted.
void
hw_zmq_wire_end(struct hw_zmq_wire *wire);

// Says that it is lost, for the reason noted, and lets go of it.
void
hw_zmq_wire_lose(struct hw_zmq_wire *wire);

// Lets go of the socket; what is left to be said may take linger_ms. The wire
// is freed as soon as the loop has let go of it, and not before.
void
hw_zmq_wire_let_go(struct hw_zmq_wire *wire, int linger_ms);

// ---- setup.c: the socket and its options ----

bool
hw_zmq_setup_check(const hawser_settings *settings,
                   const struct hw_zmq_url *url, char *sentence, size_t size);

// Makes the socket and the monitor, and connects or binds.
bool
hw_zmq_setup(struct hw_zmq_wire *wire, const struct hw_zmq_url *url,
             const hawser_settings *settings, const char *address,
             char *sentence, size_t size);

// ---- monitor.c: what libzmq says of the connection ----

void
hw_zmq_monitor_read(struct hw_zmq_wire *wire);

// Says that it is open.
void
hw_zmq_wire_opened(struct hw_zmq_wire *wire);

// Nothing more came in time.
void
hw_zmq_monitor_late(struct hw_zmq_wire *wire);

// ---- probe.c: why nobody could be reached, which libzmq does not say ----

void
hw_zmq_probe_begin(struct hw_zmq_wire *wire);

void
hw_zmq_probe_cancel(struct hw_zmq_wire *wire);

// ---- in.c and out.c ----

// Receives what is there, up to a limit; the rest waits for another turn.
void
hw_zmq_receive(struct hw_zmq_wire *wire);

// What is said of messages for a type that sends none.
extern const char hw_zmq_no_sender[];

size_t
hw_zmq_send(void *user, const hawser_message *messages, size_t count);

// Says writable if there is room again for who waits for it.
void
hw_zmq_say_writable(struct hw_zmq_wire *wire);

void
hw_zmq_gauge(void *user, hawser_gauge *gauge);

#endif
