// proxy_flow.h - one direction of a connection through the chaos proxy.
//
// Bytes that were read wait until they are due, and are written as the plan
// has it. Nothing here waits: the caller polls, and asks when to come back.
#ifndef CHAOS_PROXY_FLOW_H
#define CHAOS_PROXY_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy_plan.h"

// What is on its way at most; beyond that the writing end is made to wait.
enum { FLOW_BYTES = 1 << 18, FLOW_MARKS = 1 << 10 };

// Bytes that were read together are due together.
struct mark {
    int64_t due_us;
    size_t count;
};

struct flow {
    int from;
    int to;
    const struct plan *plan;
    struct chance *chance;
    uint8_t *bytes; // a ring
    size_t first;
    size_t count;
    struct mark marks[FLOW_MARKS]; // a ring
    size_t first_mark;
    size_t mark_count;
    int64_t last_due_us;
    int64_t next_write_us; // bandwidth, pause
    bool blocked;          // the end that hears takes no more now
    bool gone;             // it hears nothing any more: bytes are thrown away
    bool ended;            // the end that speaks has ended
    bool by_reset;         // … without a goodbye
    int64_t ended_us;
};

// false: no memory.
bool
flow_open(struct flow *flow, int from, int to, const struct plan *plan,
          struct chance *chance);

void
flow_close(struct flow *flow);

bool
flow_wants_to_read(const struct flow *flow);

void
flow_read(struct flow *flow, int64_t now_us);

// Writes what is due, at most limit bytes. How many were written.
uint64_t
flow_write(struct flow *flow, int64_t now_us, uint64_t limit);

// When to write next: INT64_MAX if that is not a matter of time.
int64_t
flow_due_us(const struct flow *flow);

// All was written, and the end that hears is still to be told goodbye at
// flow->ended_us.
bool
flow_is_over(const struct flow *flow);

#endif
