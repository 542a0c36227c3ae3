// keys.c - which waiting message has which key: open addressing, by probing the
// places that follow.
#include "actors/keys.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 16 };

// FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv
static uint32_t
hash(const struct hw_policy *policy)
{
    uint32_t sum = 2166136261u;

    for (uint32_t i = 0; i < policy->key_size; i++) {
        sum = (sum ^ policy->key[i]) * 16777619u;
    }
    return sum;
}

static bool
same(const struct hw_policy *one, const struct hw_policy *other)
{
    return one->key_size == other->key_size &&
           memcmp(one->key, other->key, one->key_size) == 0;
}

// Where the key is, or could be put.
static uint32_t
place_of(const struct hw_keys *keys, const struct hw_policy *policy)
{
    uint32_t place = hash(policy) & (keys->room - 1);

    while (keys->places[place] != NULL &&
           !same(&keys->places[place]->policy, policy)) {
        place = (place + 1) & (keys->room - 1);
    }
    return place;
}

struct hw_batch *
hw_keys_find(const struct hw_keys *keys, const struct hw_policy *policy)
{
    return keys->room == 0 ? NULL : keys->places[place_of(keys, policy)];
}

static bool
grow(struct hw_keys *keys)
{
    struct hw_keys larger = {
        .room = keys->room == 0 ? ROOM_MIN : keys->room * 2,
        .count = keys->count,
    };

    larger.places = calloc(larger.room, sizeof larger.places[0]);
    if (larger.places == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < keys->room; i++) {
        if (keys->places[i] != NULL) {
            larger.places[place_of(&larger, &keys->places[i]->policy)] =
                keys->places[i];
        }
    }
    free(keys->places);
    *keys = larger;
    return true;
}

// At most half of the places are taken, so that few are probed.
bool
hw_keys_add(struct hw_keys *keys, struct hw_batch *batch)
{
    if (keys->count * 2 >= keys->room && !grow(keys)) {
        return false;
    }
    keys->places[place_of(keys, &batch->policy)] = batch;
    keys->count++;
    return true;
}

// Whoever stands behind the gap and could not be put before it moves into it.
static void
close_gap(struct hw_keys *keys, uint32_t gap)
{
    uint32_t mask = keys->room - 1;

    for (uint32_t at = (gap + 1) & mask; keys->places[at] != NULL;
         at = (at + 1) & mask) {
        uint32_t home = hash(&keys->places[at]->policy) & mask;

        if (((at - home) & mask) >= ((at - gap) & mask)) {
            keys->places[gap] = keys->places[at];
            keys->places[at] = NULL;
            gap = at;
        }
    }
}

void
hw_keys_remove(struct hw_keys *keys, const struct hw_batch *batch)
{
    uint32_t place;

    if (keys->room == 0) {
        return;
    }
    place = place_of(keys, &batch->policy);
    if (keys->places[place] == batch) {
        keys->places[place] = NULL;
        keys->count--;
        close_gap(keys, place);
    }
}

void
hw_keys_free(struct hw_keys *keys)
{
    free(keys->places);
    *keys = (struct hw_keys){ 0 };
}
