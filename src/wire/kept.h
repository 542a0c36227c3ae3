// kept.h - memory that is given back here and never to the system.
//
// A transport that breaks the rules may call a port that is gone. What it then
// finds is memory of a port, of this wire or of a much later one, and never of
// something else: what is given back is taken again only behind many others.
#ifndef HW_WIRE_KEPT_H
#define HW_WIRE_KEPT_H

#include <pthread.h>
#include <stddef.h>

enum { HW_KEPT_LEAST = 256 }; // that rest before the oldest is taken again

struct hw_kept_block;

// Things of one size. At rest it has as many as were ever in use at once, and
// the least.
struct hw_kept {
    pthread_mutex_t lock;
    size_t size;
    struct hw_kept_block *oldest, *newest;
    unsigned count;
};

#define HW_KEPT_OF(type)                                                       \
    {                                                                          \
        .lock = PTHREAD_MUTEX_INITIALIZER, .size = sizeof(type)                \
    }

// All zero, or as it was given back. NULL: out of memory. Any thread.
void *
hw_kept_take(struct hw_kept *kept);

void
hw_kept_give(struct hw_kept *kept, void *thing);

// How many things rest, of all sizes: for who looks for leaks.
unsigned
hw_kept_resting(void);

#endif
