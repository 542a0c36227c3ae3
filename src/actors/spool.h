// spool.h - the messages of one link that are not settled, in order.
//
// A list of batches with two marks in it: what is before `head` is settled,
// what is before `next` was handed to a wire. A message's position is its place
// in the order of acceptance, and never changes.
//
//     settled │ in flight │ waiting
//             head        next
#ifndef HW_ACTORS_SPOOL_H
#define HW_ACTORS_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "values/batch.h"

struct hw_spool_mark {
    struct hw_batch *batch; // NULL: behind the last message
    uint32_t at;            // index in the batch
    uint64_t position;
};

struct hw_spool {
    struct hw_batch *first; // the same as head.batch, or NULL
    struct hw_batch *last;
    struct hw_spool_mark head;
    struct hw_spool_mark next;
    uint64_t end; // position behind the last message
    uint64_t waiting_bytes;
    uint64_t waiting; // counted messages behind next
    uint64_t counted; // counted messages in all
    uint64_t counted_bytes;
    uint64_t copies; // of standing messages, added since the last rewind
    // Of messages that a file keeps: what has left, and was not told yet.
    uint64_t gone_key;
    uint64_t gone_count;
    void (*gone)(void *user, uint64_t key, uint64_t count); // NULL: no file
    void *gone_user;
};

// Told of each message that leaves the spool and is counted; gone is true if it
// was given up.
typedef void (*hw_spool_left)(void *user, const struct hawser_message *message,
                              bool gone);

// Takes over the batch.
void
hw_spool_add(struct hw_spool *spool, struct hw_batch *batch);

// The next run of messages to hand on, within one batch: how many there are,
// and where. Marks them as handed. 0: nothing waits.
uint32_t
hw_spool_hand(struct hw_spool *spool, struct hw_batch **batch, uint32_t *from,
              uint64_t *position);

// Settles everything in flight before position; tells of each that is tagged,
// and sums up the rest.
struct hw_spool_sum {
    uint64_t messages;
    uint64_t bytes;
};

struct hw_spool_sum
hw_spool_settle(struct hw_spool *spool, uint64_t position, hw_spool_left left,
                void *user);

// The wire is gone: what was in flight waits again. Copies of standing messages
// are given up, in flight or not: the next wire is told what they say anyhow.
// How many wait again.
uint64_t
hw_spool_rewind(struct hw_spool *spool);

// Gives up the oldest waiting message; tells of it if it is tagged. false: none
// waits.
bool
hw_spool_drop_oldest(struct hw_spool *spool, hw_spool_left left, void *user,
                     uint64_t *bytes);

// Messages with keys that have left for good are told in runs: this tells the
// last of them.
void
hw_spool_tell_gone(struct hw_spool *spool);

// Gives up everything; tells of those that are tagged. What a file keeps stays
// there: it is not told as gone, nor are its tags.
struct hw_spool_sum
hw_spool_clear(struct hw_spool *spool, hw_spool_left left, void *user);

static inline uint64_t
hw_spool_in_flight(const struct hw_spool *spool)
{
    return spool->counted - spool->waiting;
}

static inline uint64_t
hw_spool_in_flight_bytes(const struct hw_spool *spool)
{
    return spool->counted_bytes - spool->waiting_bytes;
}

#endif
