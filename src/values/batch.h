// batch.h - messages that travel together in one block of memory.
//
// A batch belongs to one link and never changes once it was handed over, so
// actors and the application share it by counting holds. The messages stand at
// the front of the block as an array, their bytes at its end.
#ifndef HW_VALUES_BATCH_H
#define HW_VALUES_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/message.h>
#include <hawser/transport.h>

enum {
    HW_BATCH_MESSAGES_MAX = 4096,  // keeps an index well inside 16 bits
    HW_BATCH_ROOM_MAX = 64 * 1024, // of a batch of several messages
    HW_KEY_SIZE_MAX = 1024,
    HW_MESSAGE_SIZE_MAX = 0x7fffffff // of one message
};

// private_flags of a message while the queue owns its batch.
enum {
    HW_MESSAGE_STANDING = 1, // a copy of a standing message: not counted
    HW_MESSAGE_GONE = 2,     // given up, or settled out of turn: skip it
};

// A time to live that ran out in an earlier life.
enum { HW_TTL_OVER = -2 };

// What the application asked for of all the messages of a batch.
struct hw_policy {
    int64_t ttl_ms;     // 0: as the link has it; -1: for ever; or HW_TTL_OVER
    const uint8_t *key; // NULL: none; else the batch is one of one
    uint16_t key_size;
    uint8_t lane;  // hawser_priority
    uint32_t wire; // the only one that it may go to; 0: any
};

struct hw_batch {
    struct hw_batch *next;      // its owner's list
    struct hw_batch *next_kept; // the list of those that a file is to keep
    uint64_t key;               // of its first message in a file; 0: in none
    atomic_uint holds;
    uint32_t count;  // messages
    uint32_t tagged; // of those, with a tag
    uint32_t shared; // of those, that stand for a message elsewhere
    uint32_t marked; // of those, with private_flags
    uint32_t gone;   // of those, GONE
    bool special;    // there is a policy
    struct hw_policy policy;
    uint64_t kept_until_ms; // in a file, by the wall clock; 0: for ever
    // The queue's.
    uint8_t lane; // that it waits in
    struct hw_batch *before;
    struct hw_batch *next_key; // among keys
    uint64_t expires_at_ms;    // 0: never
    uint64_t position;         // of the first message
    uint64_t number;  // messages of the link that were accepted before it
    size_t room;      // bytes in all
    size_t used_from; // offset of the lowest byte in use at the end
    size_t payload;   // sum of the messages' sizes
    struct hawser_message messages[];
};

// What a batch needs for one message of that size.
size_t
hw_batch_room(size_t payload);

// An empty batch of room bytes in all with one hold; NULL: out of memory.
struct hw_batch *
hw_batch_new(size_t room);

// Gives an empty batch a policy, and copies its key, for which there must be
// room.
void
hw_batch_set_policy(struct hw_batch *batch, const struct hw_policy *policy);

// Copies one message into the batch. false: no room, nothing changed.
bool
hw_batch_add(struct hw_batch *batch, const struct hawser_message *message);

// Lets the batch stand for a message elsewhere, and holds that. false: no room.
bool
hw_batch_add_shared(struct hw_batch *batch, hawser_message *message,
                    uint64_t tag);

// Copies a message of another batch, or holds what that stands for. false: no
// room, nothing changed.
bool
hw_batch_add_again(struct hw_batch *batch,
                   const struct hawser_message *message);

// A copy of a batch's first messages, with all that is known of the batch but
// its links, in a block made to measure; NULL: out of memory.
struct hw_batch *
hw_batch_copy_first(const struct hw_batch *batch, uint32_t count);

// Nobody else holds it, so that its owner may add to it.
static inline bool
hw_batch_is_mine(const struct hw_batch *batch)
{
    return atomic_load_explicit(&batch->holds, memory_order_acquire) == 1;
}

// Bytes of the block that are in use.
static inline size_t
hw_batch_used(const struct hw_batch *batch)
{
    return sizeof *batch + batch->count * sizeof batch->messages[0] +
           batch->room - batch->used_from;
}

void
hw_batch_hold(struct hw_batch *batch, uint32_t holds);

void
hw_batch_drop(struct hw_batch *batch);

// Drops a whole list.
void
hw_batch_drop_all(struct hw_batch *first);

static inline struct hw_batch *
hw_batch_of(const hawser_message *message)
{
    return message->private_batch;
}

#endif
