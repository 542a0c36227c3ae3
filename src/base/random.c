// random.c - chance by seed: the same seed gives the same numbers.
#include "base/random.h"

#include <sys/random.h>
#include <time.h>

uint64_t
hw_random_seed(void)
{
    struct timespec now;
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed) {
        return seed;
    }
    // Early in a machine's life it has no chance to give yet; this is only for
    // spreading reconnects.
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
}

void
hw_random_init(struct hw_random *random, uint64_t seed)
{
    random->state = seed;
}

// SplitMix64 (Steele, Lea, Flood, 2014): any seed is a good one.
uint64_t
hw_random_next(struct hw_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t
hw_random_up_to(struct hw_random *random, uint64_t limit)
{
    uint64_t range = limit + 1, cut;
    uint64_t drawn;

    if (range == 0) {
        return hw_random_next(random);
    }
    // The last, incomplete run of numbers would favour the small ones.
    cut = UINT64_MAX - UINT64_MAX % range;
    do {
        drawn = hw_random_next(random);
    } while (drawn >= cut);
    return drawn % range;
}
