// slab.c - blocks of one size, cut from chunks that go back to the system.
#include "base/slab.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum {
    CHUNK_SIZE = 1024 * 1024, // and so are they aligned
    CHUNK_BLOCKS = 15,
    FIRST_BLOCK = CHUNK_SIZE - CHUNK_BLOCKS * HW_SLAB_BLOCK, // offset: a page
    EMPTY_MAX = 4, // chunks that are kept, so that none is mapped all the time
};

struct block {
    struct block *next;
};

struct chunk {
    struct chunk *next; // of those with a free block
    struct chunk *before;
    struct block *free;
    unsigned used;
};

_Static_assert(sizeof(struct chunk) <= FIRST_BLOCK, "a chunk knows itself");

static struct {
    pthread_mutex_t lock;
    struct chunk *first; // with a free block: those in use before empty ones
    struct chunk *last;
    unsigned empty;
} slab = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct chunk *
chunk_of(void *block)
{
    return (struct chunk *)((uint8_t *)block -
                            ((uintptr_t)block & (CHUNK_SIZE - 1)));
}

// ---- the list ----

static void
put_before(struct chunk *chunk, struct chunk *next)
{
    struct chunk *before = next == NULL ? slab.last : next->before;

    chunk->next = next;
    chunk->before = before;
    *(before == NULL ? &slab.first : &before->next) = chunk;
    *(next == NULL ? &slab.last : &next->before) = chunk;
}

static void
take_out(struct chunk *chunk)
{
    *(chunk->before == NULL ? &slab.first : &chunk->before->next) = chunk->next;
    *(chunk->next == NULL ? &slab.last : &chunk->next->before) = chunk->before;
}

// ---- chunks ----

// Maps twice as much, and gives back what is not aligned.
static uint8_t *
map_aligned(void)
{
    uint8_t *mapped = mmap(NULL, (size_t)2 * CHUNK_SIZE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (mapped == MAP_FAILED) {
        return NULL;
    }
    before = -(uintptr_t)mapped & (CHUNK_SIZE - 1);
    if (before > 0) {
        (void)munmap(mapped, before); // a part of what was just mapped
    }
    (void)munmap(mapped + before + CHUNK_SIZE, CHUNK_SIZE - before); // as well
    return mapped + before;
}

static struct chunk *
new_chunk(void)
{
    uint8_t *mapped = map_aligned();
    struct chunk *chunk = (struct chunk *)(void *)mapped;

    for (size_t i = 0; mapped != NULL && i < CHUNK_BLOCKS; i++) {
        struct block *block =
            (struct block *)(void *)(mapped + FIRST_BLOCK + i * HW_SLAB_BLOCK);

        block->next = chunk->free;
        chunk->free = block;
    }
    return chunk;
}

static void
retire(struct chunk *chunk)
{
    take_out(chunk);
    if (slab.empty < EMPTY_MAX) {
        slab.empty++;
        put_before(chunk, NULL);
    } else {
        (void)munmap(chunk, CHUNK_SIZE); // fails only for what is no mapping
    }
}

// ---- blocks ----

static void *
take_locked(void)
{
    struct chunk *chunk = slab.first;
    struct block *block;

    if (chunk == NULL) {
        chunk = new_chunk();
        if (chunk == NULL) {
            return NULL;
        }
        put_before(chunk, NULL);
    } else {
        slab.empty -= chunk->used == 0;
    }
    block = chunk->free;
    chunk->free = block->next;
    chunk->used++;
    if (chunk->free == NULL) {
        take_out(chunk);
    }
    return block;
}

void *
hw_slab_take(void)
{
    void *block;

    pthread_mutex_lock(&slab.lock);
    block = take_locked();
    pthread_mutex_unlock(&slab.lock);
    return block;
}

void
hw_slab_give(void *block)
{
    struct chunk *chunk = chunk_of(block);
    struct block *given = block;

    pthread_mutex_lock(&slab.lock);
    if (chunk->free == NULL) {
        put_before(chunk, slab.first);
    }
    given->next = chunk->free;
    chunk->free = given;
    chunk->used--;
    if (chunk->used == 0) {
        retire(chunk);
    }
    pthread_mutex_unlock(&slab.lock);
}
