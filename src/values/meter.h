// meter.h - the figures of a link, for the application to read at any time.
//
// Each figure is written by one hand only, named beside it, and read by any
// thread. No actor reads what another wrote: they tell each other by letter.
#ifndef HW_VALUES_METER_H
#define HW_VALUES_METER_H

#include <stdatomic.h>
#include <stdint.h>

struct hw_meter {
    // supervisor
    atomic_uint state; // hawser_state
    atomic_uint endpoint;
    atomic_uint attempt;
    _Atomic uint64_t dials;
    _Atomic uint64_t connects;
    _Atomic uint64_t losses;
    _Atomic int64_t up_since_ms;
    _Atomic int64_t lost_since_ms;
    _Atomic uint64_t leftover; // of a closed link: what was not settled
    _Atomic uint64_t mended;   // reconnects that were asked for, and done
    // queue
    _Atomic uint64_t settled;
    _Atomic uint64_t dropped;
    _Atomic uint64_t expired;
    _Atomic uint64_t refused;
    _Atomic uint64_t in_flight;
    _Atomic uint64_t resent;
    _Atomic uint64_t released_messages; // settled or given up
    _Atomic uint64_t released_bytes;
    _Atomic uint64_t reached;     // of the first so many none is held any more
    _Atomic uint64_t copies_left; // of standing messages, and farewells
    // sender
    _Atomic uint64_t sent_bytes;
    _Atomic int64_t rtt_us;
    // receiver
    _Atomic uint64_t received;
    _Atomic uint64_t received_bytes;
    // port
    _Atomic uint64_t late;
    // front: somebody waits for room in the spool
    atomic_uint blocked; // how many wait
};

// True if somebody waits for what was written just before. Read by exchange,
// so that either this sees who waits, or they see what was written.
static inline int
hw_meter_blocked(struct hw_meter *meter)
{
    return atomic_fetch_add(&meter->blocked, 0) != 0;
}

// For the one who writes a figure: no atomic read-modify-write is needed.
#define HW_METER_ADD(figure, amount)                                           \
    atomic_store_explicit(                                                     \
        &(figure),                                                             \
        atomic_load_explicit(&(figure), memory_order_relaxed) + (amount),      \
        memory_order_release)
#define HW_METER_SET(figure, value)                                            \
    atomic_store_explicit(&(figure), (value), memory_order_release)
#define HW_METER_GET(figure)                                                   \
    atomic_load_explicit(&(figure), memory_order_acquire)

#endif
