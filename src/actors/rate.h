// rate.h - how many messages may go out now, at so many a second.
//
// A bucket that holds at most burst tokens and fills at the rate, kept as one
// number: when it would be full (the generic cell rate algorithm).
#ifndef HW_ACTORS_RATE_H
#define HW_ACTORS_RATE_H

#include <stdint.h>

struct hw_rate {
    uint64_t full_at_ns;
};

// How many tokens there are. per_second > 0. A burst of less than what 10 ms
// bring counts as that much: what is shorter, no clock of a loop can tell.
uint32_t
hw_rate_tokens(const struct hw_rate *rate, int64_t per_second, int64_t burst,
               uint64_t now_us);

// Takes count tokens.
void
hw_rate_take(struct hw_rate *rate, int64_t per_second, uint32_t count,
             uint64_t now_us);

// When there is a token (again), in ms of the same clock, rounded up.
uint64_t
hw_rate_due_ms(const struct hw_rate *rate, int64_t per_second, int64_t burst);

#endif
