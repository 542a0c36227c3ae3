// random.h - chance by seed: the same seed gives the same numbers.
#ifndef HW_BASE_RANDOM_H
#define HW_BASE_RANDOM_H

#include <stdint.h>

struct hw_random {
    uint64_t state;
};

// A seed from the system.
uint64_t
hw_random_seed(void);

void
hw_random_init(struct hw_random *random, uint64_t seed);

uint64_t
hw_random_next(struct hw_random *random);

// 0..limit, both included, each as likely as any other.
uint64_t
hw_random_up_to(struct hw_random *random, uint64_t limit);

#endif
