// keys.h - which waiting message has which key.
//
// A table of the batches of one that wait with a key, by key. It holds none of
// them: whoever lets one go removes it first.
#ifndef HW_ACTORS_KEYS_H
#define HW_ACTORS_KEYS_H

#include <stdint.h>

#include "values/batch.h"

struct hw_keys {
    struct hw_batch **heads; // of chains
    struct hw_batch *only;   // the head while there are none of these
    uint32_t room;           // a power of two, or 0
    uint32_t count;
};

// NULL: no message waits with that key.
struct hw_batch *
hw_keys_find(struct hw_keys *keys, const struct hw_policy *policy);

// No batch of that key may be there. Never fails: without memory it is slower.
void
hw_keys_add(struct hw_keys *keys, struct hw_batch *batch);

// No effect if that batch is not there.
void
hw_keys_remove(struct hw_keys *keys, const struct hw_batch *batch);

void
hw_keys_free(struct hw_keys *keys);

#endif
