// kept.c - memory that is given back here and never to the system.
#include "wire/kept.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

struct hw_kept_block {
    struct hw_kept_block *newer;
    alignas(max_align_t) unsigned char thing[];
};

static atomic_uint resting;

static struct hw_kept_block *
take_oldest(struct hw_kept *kept)
{
    struct hw_kept_block *block = kept->oldest;

    if (kept->count <= HW_KEPT_LEAST) {
        return NULL;
    }
    kept->oldest = block->newer;
    kept->count--;
    atomic_fetch_sub(&resting, 1);
    return block;
}

void *
hw_kept_take(struct hw_kept *kept)
{
    struct hw_kept_block *block;

    (void)pthread_mutex_lock(&kept->lock); // can't fail
    block = take_oldest(kept);
    (void)pthread_mutex_unlock(&kept->lock);
    if (block == NULL) {
        block = calloc(1, sizeof *block + kept->size);
    }
    return block == NULL ? NULL : block->thing;
}

void
hw_kept_give(struct hw_kept *kept, void *thing)
{
    unsigned char *bytes = thing;
    struct hw_kept_block *block =
        (struct hw_kept_block *)(void *)(bytes -
                                         offsetof(struct hw_kept_block, thing));

    block->newer = NULL;
    (void)pthread_mutex_lock(&kept->lock); // can't fail
    if (kept->oldest == NULL) {
        kept->oldest = block;
    } else {
        kept->newest->newer = block;
    }
    kept->newest = block;
    kept->count++;
    atomic_fetch_add(&resting, 1);
    (void)pthread_mutex_unlock(&kept->lock);
}

unsigned
hw_kept_resting(void)
{
    return atomic_load(&resting);
}
