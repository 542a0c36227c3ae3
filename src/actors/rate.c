// rate.c - how many messages may go out now, at so many a second.
#include "actors/rate.h"

enum { NS = 1000000000, TICKS = 100 }; // of 10 ms, in a second

static uint64_t
between_ns(int64_t per_second)
{
    return (uint64_t)(NS / per_second);
}

static uint64_t
room_ns(int64_t per_second, int64_t burst)
{
    int64_t least = per_second / TICKS;

    return (uint64_t)(burst > least ? burst : least) * between_ns(per_second);
}

uint32_t
hw_rate_tokens(const struct hw_rate *rate, int64_t per_second, int64_t burst,
               uint64_t now_us)
{
    uint64_t now_ns = now_us * 1000;
    uint64_t full_ns = room_ns(per_second, burst);
    uint64_t missing_ns =
        rate->full_at_ns > now_ns ? rate->full_at_ns - now_ns : 0;
    uint64_t tokens = missing_ns >= full_ns
                          ? 0
                          : (full_ns - missing_ns) / between_ns(per_second);

    return tokens < UINT32_MAX ? (uint32_t)tokens : UINT32_MAX;
}

void
hw_rate_take(struct hw_rate *rate, int64_t per_second, uint32_t count,
             uint64_t now_us)
{
    if (rate->full_at_ns < now_us * 1000) {
        rate->full_at_ns = now_us * 1000;
    }
    rate->full_at_ns += count * between_ns(per_second);
}

uint64_t
hw_rate_due_ms(const struct hw_rate *rate, int64_t per_second, int64_t burst)
{
    uint64_t full_ns = room_ns(per_second, burst);
    uint64_t at_ns = rate->full_at_ns + between_ns(per_second);

    return at_ns <= full_ns ? 0 : (at_ns - full_ns + 999999) / 1000000;
}
