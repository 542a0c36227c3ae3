// pair.h - what two threads see of inproc: who waits for a partner, the pairs
// and their lanes, and which wires of a loop have something to do.
//
// One mutex guards all of it. Every function here is called with it held,
// unless it says otherwise. It is never held while a message is copied or the
// port is called.
#ifndef HW_INPROC_PAIR_H
#define HW_INPROC_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "parcel.h"

enum {
    HW_INPROC_NAME_MAX = 200,
    HW_INPROC_REASON_SIZE = 124, // as long as a WebSocket's, and a zero
};

// "passed(number)" is due when so many messages have arrived.
struct hw_inproc_mark {
    uint64_t number; // 0: none
    uint64_t after;
};

// One direction of a pair: from the end that writes to the end that reads.
struct hw_inproc_lane {
    struct hw_inproc_load load; // not yet in the reader's hands
    size_t cost;                // bytes taken and not yet handed on
    uint64_t taken;             // messages, and barriers
    uint64_t arrived;
    uint64_t arrived_bytes;
    struct hw_inproc_mark marks[2]; // the oldest barrier asked, and the newest
    bool starved;                   // the writer wants to know of room
    bool heard; // the reader has read since the writer last looked
};

struct hw_inproc_pair {
    struct hw_inproc_lane lanes[2]; // by the side that writes
    struct hw_inproc_wire *ends[2]; // NULL: closed
    int code;                       // the first end's goodbye
    char reason[HW_INPROC_REASON_SIZE];
};

// The wires of one loop that have something to do.
struct hw_inproc_site {
    uv_async_t async;
    struct hw_inproc_wire *first;
    struct hw_inproc_wire *last;
    size_t count;
};

// A wire's part in all that.
struct hw_inproc_place {
    struct hw_inproc_site *site;
    struct hw_inproc_pair *pair; // NULL: waits for another
    unsigned side;
    struct hw_inproc_wire *next_waiting;
    struct hw_inproc_wire *before; // among the busy
    struct hw_inproc_wire *next;
    bool busy;
    char name[HW_INPROC_NAME_MAX + 1];
};

// Not held before, held after; and the reverse.
void
hw_inproc_lock(void);

void
hw_inproc_unlock(void);

// The wire has something to do: its loop will see to it. Any thread.
void
hw_inproc_wake(struct hw_inproc_wire *wire);

// The next of the site's wires with something to do, which then has not; NULL.
struct hw_inproc_wire *
hw_inproc_next_busy(struct hw_inproc_site *site);

// Joins the wire with the one that waits longest for its name; true if there
// was one: pair is theirs then. Else the wire begins to wait.
bool
hw_inproc_meet(struct hw_inproc_wire *wire, struct hw_inproc_pair *pair);

// Takes the wire out, wherever it is. Returns the pair that nobody is left in,
// for hw_inproc_pair_free, or NULL.
struct hw_inproc_pair *
hw_inproc_part(struct hw_inproc_wire *wire, int code, const char *reason);

// Not held. NULL is allowed.
void
hw_inproc_pair_free(struct hw_inproc_pair *pair);

// NULL: it closed.
struct hw_inproc_wire *
hw_inproc_other(const struct hw_inproc_wire *wire);

// The lane that the wire writes to, and the one that it reads.
struct hw_inproc_lane *
hw_inproc_lane_out(const struct hw_inproc_wire *wire);

struct hw_inproc_lane *
hw_inproc_lane_in(const struct hw_inproc_wire *wire);

// Puts the load at the lane's end, and takes the parcel at its head (NULL).
void
hw_inproc_lane_add(struct hw_inproc_lane *lane,
                   const struct hw_inproc_load *load);

struct hw_inproc_parcel *
hw_inproc_lane_take(struct hw_inproc_lane *lane);

// Asks for the barrier behind all that was taken. One asked anew takes the
// place of the newest only: the oldest keeps its own, or a writer in a hurry
// would never hear of any.
void
hw_inproc_lane_mark(struct hw_inproc_lane *lane, uint64_t number);

// Whether a barrier is passed, and the newest that is (which is then
// forgotten); 0: none.
bool
hw_inproc_lane_has_passed(const struct hw_inproc_lane *lane);

uint64_t
hw_inproc_lane_passed(struct hw_inproc_lane *lane);

#endif
