// keys.c - which waiting message has which key: chains, whose heads are as many
// as memory allows.
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

static struct hw_batch **
head_of(struct hw_keys *keys, const struct hw_policy *policy)
{
    return keys->room == 0 ? &keys->only
                           : &keys->heads[hash(policy) & (keys->room - 1)];
}

struct hw_batch *
hw_keys_find(struct hw_keys *keys, const struct hw_policy *policy)
{
    struct hw_batch *batch = *head_of(keys, policy);

    while (batch != NULL && !same(&batch->policy, policy)) {
        batch = batch->next_key;
    }
    return batch;
}

static void
put(struct hw_keys *keys, struct hw_batch *batch)
{
    struct hw_batch **head = head_of(keys, &batch->policy);

    batch->next_key = *head;
    *head = batch;
}

static void
move(struct hw_batch *chain, struct hw_keys *to)
{
    while (chain != NULL) {
        struct hw_batch *next = chain->next_key;

        put(to, chain);
        chain = next;
    }
}

// Without memory the chains become longer, and nothing else.
static void
grow(struct hw_keys *keys)
{
    struct hw_keys larger = {
        .room = keys->room == 0 ? ROOM_MIN : keys->room * 2,
        .count = keys->count,
    };

    larger.heads = calloc(larger.room, sizeof larger.heads[0]);
    if (larger.heads == NULL) {
        return;
    }
    move(keys->only, &larger);
    for (uint32_t i = 0; i < keys->room; i++) {
        move(keys->heads[i], &larger);
    }
    free(keys->heads);
    *keys = larger;
}

void
hw_keys_add(struct hw_keys *keys, struct hw_batch *batch)
{
    if (keys->count >= keys->room) {
        grow(keys);
    }
    put(keys, batch);
    keys->count++;
}

void
hw_keys_remove(struct hw_keys *keys, const struct hw_batch *batch)
{
    struct hw_batch **at = head_of(keys, &batch->policy);

    while (*at != NULL && *at != batch) {
        at = &(*at)->next_key;
    }
    if (*at != NULL) {
        *at = batch->next_key;
        keys->count--;
    }
}

void
hw_keys_free(struct hw_keys *keys)
{
    free(keys->heads);
    *keys = (struct hw_keys){ 0 };
}
