// wire.h - one connection, as the files of this transport share it.
#ifndef HW_STREAM_WIRE_H
#define HW_STREAM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include <hawser/transport.h>

#include "framing.h"
#include "shared/outbox.h"
#include "site.h"
#include "tls.h"
#include "url.h"

enum hw_stream_phase {
    HW_STREAM_CONNECTING,
    HW_STREAM_SHAKING, // of hands, for TLS
    HW_STREAM_OPEN,    // messages both ways
    HW_STREAM_LEAVING, // closed: the rest is written, and the peer's end heard
    HW_STREAM_DEAD,    // its handles are being closed
};

// Bytes taken and not yet handed to the system; nothing is kept while empty.
struct hw_stream_barrier {
    uint64_t number;
    uint64_t target; // bytes that must have arrived for it to pass
};

struct hw_stream_wire {
    uv_poll_t poll;
    uv_timer_t timer; // what is to be done soon, a barrier's look, a deadline
    struct hw_stream_site *site;
    hawser_port *port;         // NULL once closed or lost
    struct hw_stream_tls *tls; // NULL: without
    struct hw_shared_outbox out;
    struct hw_stream_reader reader;
    struct hw_stream_barrier barriers[2]; // the oldest asked and the newest
    uint64_t out_limit;                   // option wire.buffer
    uint64_t written;                     // bytes handed to the system
    uint64_t arrived;                     // of those, as far as is known
    uint64_t base;                        // see hw_stream_tcp_base
    int fd;                               // -1: none
    int error;                            // errno of connecting or writing
    uint8_t phase;
    uint8_t handles; // that are not closed yet
    uint8_t events;  // that the loop watches for
    uint8_t barrier_count;
    uint8_t look_in_ms; // until the next look at a barrier
    bool v4_or_v6;      // TCP, not a Unix socket
    bool deaf;          // listen is off
    bool wants_room;    // send took fewer than it was given
    bool mute;          // writing failed
    bool can_confirm;
    bool shut; // our half is closed
    char peer[HW_STREAM_PATH_MAX + 1];
};

// ---- connect.c ----

// Tries to connect; how that went is told by the loop. NULL: there is no wire,
// and sentence says why.
struct hw_stream_wire *
hw_stream_wire_new(struct hw_stream_site *site, const hawser_dial *dial,
                   hawser_port *port, char *sentence, size_t size);

// The socket is connected, or failed to be.
void
hw_stream_wire_connected(struct hw_stream_wire *wire);

// ---- wire.c: the life of a wire ----

// Says why the wire is lost, and ends it.
void
hw_stream_wire_lose(struct hw_stream_wire *wire, hawser_cause cause,
                    const char *error);

// Closes the wire's handles and frees it; reset: without an ordinary end.
void
hw_stream_wire_end(struct hw_stream_wire *wire, bool reset);

// Says goodbye behind what was taken, and ends within a second.
void
hw_stream_wire_leave(struct hw_stream_wire *wire);

// Has the loop watch for what the wire can do now.
void
hw_stream_wire_watch(struct hw_stream_wire *wire);

// Writing failed: the wire is lost soon, once what the peer said was read.
void
hw_stream_wire_mute(struct hw_stream_wire *wire, int error);

// ---- reading.c ----

// A connected wire opens, or begins to shake hands.
void
hw_stream_reading_begin(struct hw_stream_wire *wire);

// Reads what has come, as far as it is this wire's turn.
void
hw_stream_reading(struct hw_stream_wire *wire);

// ---- outbox.c: writing ----

size_t
hw_stream_out_send(struct hw_stream_wire *wire, const hawser_message *messages,
                   size_t count);

// Takes what TLS has to say, and writes what waits as far as the socket takes
// it.
void
hw_stream_out_flush(struct hw_stream_wire *wire);

// Bytes that wait.
size_t
hw_stream_out_backlog(const struct hw_stream_wire *wire);

void
hw_stream_out_clear(struct hw_stream_wire *wire);

// ---- barrier.c ----

void
hw_stream_barrier_ask(struct hw_stream_wire *wire, uint64_t number);

// Looks whether barriers have passed; the timer calls it.
void
hw_stream_barrier_look(struct hw_stream_wire *wire);

#endif
