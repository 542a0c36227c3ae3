// wire.h - one end of a pair: its two halves, and its turns on its own loop.
#ifndef HW_INPROC_WIRE_H
#define HW_INPROC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

#include "pair.h"

struct hw_inproc_wire {
    // Of its own thread.
    hawser_port *port;
    size_t buffer_max;
    size_t message_max;
    struct hw_inproc_parcel *parcel; // being handed on
    size_t parcel_at;
    bool opened;
    bool listening;
    bool broken;  // out of memory
    bool in_turn; // says things just now
    bool gone;    // closed or lost
    // Under the mutex.
    struct hw_inproc_place place;
};

// The verbs of a wire, as transport.h has them. handle is the wire.
size_t
hw_inproc_wire_send(void *handle, const hawser_message *messages, size_t count);

void
hw_inproc_wire_barrier(void *handle, uint64_t number);

void
hw_inproc_wire_listen(void *handle, int on);

void
hw_inproc_wire_close(void *handle, int code, const char *reason);

void
hw_inproc_wire_gauge(void *handle, hawser_gauge *gauge);

// The wire was woken: says what there is to say. It may be gone afterwards.
void
hw_inproc_wire_turn(struct hw_inproc_wire *wire);

#endif
