// blocks.c - large blocks of memory that are used again.
#include "base/blocks.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/slab.h"

// Sanitizers find more where every block is malloc's own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEEPS_BLOCKS 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEPS_BLOCKS 0
#endif
#ifndef KEEPS_BLOCKS
#define KEEPS_BLOCKS 1
#endif

struct block {
    struct block *next;
};

// Just above powers of two, for a message of such a size and what stands before
// it.
static const size_t sizes[] = {
    HW_SLAB_BLOCK, 96 * 1024,  136 * 1024,  192 * 1024,
    272 * 1024,    528 * 1024, 1040 * 1024,
};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

static struct {
    pthread_mutex_t lock;
    struct block *first[SIZES];
    size_t bytes;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

// SIZES: none is large enough, or it is a small one.
static size_t
size_class(size_t size)
{
    size_t i = 0;

    if (!KEEPS_BLOCKS || size < HW_BLOCK_SIZE_MIN) {
        return SIZES;
    }
    while (i < SIZES && sizes[i] < size) {
        i++;
    }
    return i;
}

static void *
new_block(size_t i)
{
    return sizes[i] == HW_SLAB_BLOCK ? hw_slab_take() : malloc(sizes[i]);
}

static void
give_back(void *block, size_t i)
{
    if (sizes[i] == HW_SLAB_BLOCK) {
        hw_slab_give(block);
    } else {
        free(block);
    }
}

void *
hw_block_take(size_t size)
{
    size_t i = size_class(size);
    struct block *block;

    if (i == SIZES) {
        return malloc(size);
    }
    pthread_mutex_lock(&kept.lock);
    block = kept.first[i];
    if (block != NULL) {
        kept.first[i] = block->next;
        kept.bytes -= sizes[i];
    }
    pthread_mutex_unlock(&kept.lock);
    return block != NULL ? block : new_block(i);
}

void
hw_block_give(void *block, size_t size)
{
    size_t i = size_class(size);
    struct block *given = block;

    if (i == SIZES || block == NULL) {
        free(block);
        return;
    }
    pthread_mutex_lock(&kept.lock);
    if (kept.bytes + sizes[i] <= HW_BLOCKS_KEPT_MAX) {
        given->next = kept.first[i];
        kept.first[i] = given;
        kept.bytes += sizes[i];
        given = NULL;
    }
    pthread_mutex_unlock(&kept.lock);
    if (given != NULL) {
        give_back(given, i);
    }
}
