// ledger.c - how many bytes of a wire libzmq still holds.
#include "ledger.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct hw_zmq_bell {
    atomic_uint holds;
    uv_mutex_t lock;
    uv_async_t *async; // NULL: the site is gone
};

struct hw_zmq_ledger {
    atomic_uint holds;
    atomic_size_t backlog;
    atomic_size_t low;
    atomic_bool awaited;
    struct hw_zmq_bell *bell;
};

// Until it is closed a block is held by more messages than it can have.
enum { UNCLOSED = 1 << 30 };

struct hw_zmq_block {
    atomic_uint holds;
    unsigned used; // holds that were given to messages
    struct hw_zmq_ledger *ledger;
    size_t room;
    size_t at;
    uint8_t bytes[];
};

// ---- the bell ----

struct hw_zmq_bell *
hw_zmq_bell_new(uv_async_t *async)
{
    struct hw_zmq_bell *bell = calloc(1, sizeof *bell);

    if (bell != NULL && uv_mutex_init(&bell->lock) != 0) {
        free(bell);
        bell = NULL;
    }
    if (bell != NULL) {
        atomic_init(&bell->holds, 1);
        bell->async = async;
    }
    return bell;
}

static void
let_go_of_bell(struct hw_zmq_bell *bell)
{
    if (atomic_fetch_sub(&bell->holds, 1) == 1) {
        uv_mutex_destroy(&bell->lock);
        free(bell);
    }
}

void
hw_zmq_bell_drop(struct hw_zmq_bell *bell)
{
    uv_mutex_lock(&bell->lock);
    bell->async = NULL;
    uv_mutex_unlock(&bell->lock);
    let_go_of_bell(bell);
}

static void
ring(struct hw_zmq_bell *bell)
{
    uv_mutex_lock(&bell->lock);
    if (bell->async != NULL) {
        (void)uv_async_send(bell->async); // it is open
    }
    uv_mutex_unlock(&bell->lock);
}

// ---- the ledger ----

struct hw_zmq_ledger *
hw_zmq_ledger_new(struct hw_zmq_bell *bell)
{
    struct hw_zmq_ledger *ledger = calloc(1, sizeof *ledger);

    if (ledger != NULL) {
        atomic_init(&ledger->holds, 1);
        atomic_init(&ledger->backlog, 0);
        atomic_init(&ledger->low, 0);
        atomic_init(&ledger->awaited, false);
        ledger->bell = bell;
        atomic_fetch_add(&bell->holds, 1);
    }
    return ledger;
}

void
hw_zmq_ledger_drop(struct hw_zmq_ledger *ledger)
{
    if (atomic_fetch_sub(&ledger->holds, 1) == 1) {
        let_go_of_bell(ledger->bell);
        free(ledger);
    }
}

size_t
hw_zmq_ledger_backlog(const struct hw_zmq_ledger *ledger)
{
    return atomic_load(&ledger->backlog);
}

// The order matters on both sides: awaited is set before backlog is read here,
// and backlog is lowered before awaited is read there, so one of the two sees.
bool
hw_zmq_ledger_await(struct hw_zmq_ledger *ledger, size_t low)
{
    atomic_store(&ledger->low, low);
    atomic_store(&ledger->awaited, true);
    return atomic_load(&ledger->backlog) <= low;
}

static void
lower(struct hw_zmq_ledger *ledger, size_t bytes)
{
    size_t left = atomic_fetch_sub(&ledger->backlog, bytes) - bytes;

    if (atomic_load(&ledger->awaited) && left <= atomic_load(&ledger->low) &&
        atomic_exchange(&ledger->awaited, false)) {
        ring(ledger->bell);
    }
    hw_zmq_ledger_drop(ledger);
}

// ---- blocks ----

struct hw_zmq_block *
hw_zmq_block_new(struct hw_zmq_ledger *ledger, size_t room)
{
    struct hw_zmq_block *block = malloc(sizeof *block + room);

    if (block != NULL) {
        atomic_init(&block->holds, UNCLOSED);
        block->used = 0;
        block->ledger = ledger;
        block->room = room;
        block->at = 0;
        atomic_fetch_add(&ledger->holds, 1);
        atomic_fetch_add(&ledger->backlog, room);
    }
    return block;
}

size_t
hw_zmq_block_left(const struct hw_zmq_block *block)
{
    return block->room - block->at;
}

static void
let_go(struct hw_zmq_block *block, unsigned holds)
{
    if (atomic_fetch_sub(&block->holds, holds) == holds) {
        lower(block->ledger, block->room);
        free(block);
    }
}

// libzmq's, from any of its threads.
static void
on_block_done(void *bytes, void *hint)
{
    (void)bytes; // in the block
    let_go(hint, 1);
}

bool
hw_zmq_block_message(struct hw_zmq_block *block, zmq_msg_t *message,
                     const void *bytes, size_t size)
{
    uint8_t *to = block->bytes + block->at;

    memcpy(to, bytes, size);
    if (zmq_msg_init_data(message, to, size, on_block_done, block) != 0) {
        return false;
    }
    block->at += size;
    block->used++;
    return true;
}

void
hw_zmq_block_close(struct hw_zmq_block *block)
{
    let_go(block, UNCLOSED - block->used);
}
