// ledger.h - how many bytes of a wire libzmq still holds.
//
// Messages are handed to libzmq in blocks, many in one. Its thread says when it
// needs each no longer, and the block's bytes are handed on then. The ledger of
// a wire knows how many bytes are not: so what a wire takes is bounded in
// bytes, where libzmq's own limits count messages. Blocks may outlive their
// wire by the time of its goodbye, and the site too.
#ifndef HW_ZMQ_LEDGER_H
#define HW_ZMQ_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>
#include <zmq.h>

// Rung from libzmq's threads; silent once the site is gone.
struct hw_zmq_bell;

// NULL: no memory. async is the loop's.
struct hw_zmq_bell *
hw_zmq_bell_new(uv_async_t *async);

// From now on it is silent, and no longer the caller's.
void
hw_zmq_bell_drop(struct hw_zmq_bell *bell);

struct hw_zmq_ledger;

// NULL: no memory.
struct hw_zmq_ledger *
hw_zmq_ledger_new(struct hw_zmq_bell *bell);

void
hw_zmq_ledger_drop(struct hw_zmq_ledger *ledger);

// Bytes that libzmq holds.
size_t
hw_zmq_ledger_backlog(const struct hw_zmq_ledger *ledger);

// Has the bell rung once the backlog is at most low. true: it is already.
bool
hw_zmq_ledger_await(struct hw_zmq_ledger *ledger, size_t low);

// ---- blocks ----

struct hw_zmq_block;

// A block with room for so many bytes, which count as backlog at once. NULL: no
// memory.
struct hw_zmq_block *
hw_zmq_block_new(struct hw_zmq_ledger *ledger, size_t room);

size_t
hw_zmq_block_left(const struct hw_zmq_block *block);

// Makes a message of a copy of the bytes, for which there is room. false: no
// memory.
bool
hw_zmq_block_message(struct hw_zmq_block *block, zmq_msg_t *message,
                     const void *bytes, size_t size);

// No more messages are made of it. It is freed with the last of them.
void
hw_zmq_block_close(struct hw_zmq_block *block);

#endif
