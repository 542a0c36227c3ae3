// spool.h - the messages of one link that are not settled, in order.
//
// A list of batches with two marks in it: what is before `head` is settled,
// what is before `next` was handed to a wire. A message's position is its place
// in the order of acceptance, and never changes.
//
//     settled │ in flight │ waiting
//             head        next
//
// A message may also leave from the midst of the others: settled out of turn,
// or given up. Its place is marked GONE until the head comes by; a batch of
// which nothing is left is given back at once.
#ifndef HW_ACTORS_SPOOL_H
#define HW_ACTORS_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include <hawser/inbox.h>

#include "actors/gone.h"
#include "actors/keys.h"
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
    struct hw_spool_mark sought; // where a tag was found last
    struct hw_keys *keys;        // of what waits, lent; NULL: none has one
    uint64_t due_ms;             // when a time to live may run out; 0: never
    uint64_t latest_ms;          // the latest such time so far
    bool muddled;                // they do not run out in order
    uint64_t end;                // position behind the last message
    uint64_t waiting_bytes;
    uint64_t waiting; // counted messages behind next
    uint64_t counted; // counted messages in all
    uint64_t counted_bytes;
    uint64_t copies;      // of standing messages, not counted above
    bool bound;           // some may go to one wire only
    struct hw_gone *gone; // hears what has left, lent; NULL: no file keeps it
};

// Told of each message that leaves the spool and is tagged.
typedef void (*hw_spool_left)(void *user, const struct hawser_message *message,
                              hawser_fate fate);

// What has left the spool, and was counted.
struct hw_spool_sum {
    uint64_t messages;
    uint64_t bytes;
};

// Takes over the batch.
void
hw_spool_add(struct hw_spool *spool, struct hw_batch *batch);

// Takes over the batch, and copies its messages behind those that wait, into
// blocks that grow: what comes in small pieces and stays a while keeps neither
// a block for each piece nor much empty room. false: nothing waits, or little
// is held; it is large, or has a life of its own (a policy, a time, a file);
// nothing changed.
bool
hw_spool_gather(struct hw_spool *spool, struct hw_batch *batch);

// The next run of at most max messages to hand on, within one batch: how many
// there are, and where. Marks them as handed. 0: nothing waits.
uint32_t
hw_spool_hand(struct hw_spool *spool, uint32_t max, struct hw_batch **batch,
              uint32_t *from, uint64_t *position);

// Settles everything in flight before position.
struct hw_spool_sum
hw_spool_settle(struct hw_spool *spool, uint64_t position, hw_spool_left left,
                void *user);

// The wire is gone: what was in flight waits again. Copies of standing messages
// are given up, in flight or not: the next wire is told what they say anyhow.
// How many wait again. Once each spool that lends the same keys is rewound,
// each is to conflate what waits again.
uint64_t
hw_spool_rewind(struct hw_spool *spool);

// Of what waits before position end, gives up whatever is not the newest of its
// key.
struct hw_spool_sum
hw_spool_conflate(struct hw_spool *spool, uint64_t end, hw_spool_left left,
                  void *user);

// Gives up the oldest waiting message. false: none waits.
bool
hw_spool_drop_oldest(struct hw_spool *spool, hw_spool_left left, void *user,
                     uint64_t *bytes);

// Gives up everything. What a file keeps stays there: it has not left, and no
// receipt says so.
struct hw_spool_sum
hw_spool_clear(struct hw_spool *spool, hw_spool_left left, void *user);

// ---- single messages ----

// Where the oldest message with that tag is that has not left. What is looked
// for in the order of acceptance is found at once, anything else takes as long
// as there are messages in between. false: nowhere.
bool
hw_spool_find(struct hw_spool *spool, uint64_t tag, struct hw_spool_mark *mark);

// The mark of a batch's first message.
static inline struct hw_spool_mark
hw_spool_mark_of(struct hw_batch *batch)
{
    return (struct hw_spool_mark){ batch, 0, batch->position };
}

// Takes the message at the mark out, from wherever it is. The mark is no longer
// valid.
struct hw_spool_sum
hw_spool_take_out(struct hw_spool *spool, const struct hw_spool_mark *mark,
                  hawser_fate fate, hw_spool_left left, void *user);

// Settles the message at the mark and all before it, waiting or not. The mark
// is no longer valid.
struct hw_spool_sum
hw_spool_settle_up_to(struct hw_spool *spool, const struct hw_spool_mark *mark,
                      hw_spool_left left, void *user);

// So many messages from position on were handed to a wire that can send them to
// nobody: those that are in flight still are refused.
struct hw_spool_sum
hw_spool_refuse(struct hw_spool *spool, uint64_t position, uint32_t count,
                hw_spool_left left, void *user);

// ---- policies ----

// Puts a batch of one in the place of another of the same spool that waits;
// that one is given up.
struct hw_spool_sum
hw_spool_replace(struct hw_spool *spool, struct hw_batch *older,
                 struct hw_batch *newer, hw_spool_left left, void *user);

// Gives up what waits first, as long as its time has run out.
struct hw_spool_sum
hw_spool_expire_next(struct hw_spool *spool, uint64_t now_ms,
                     hw_spool_left left, void *user);

// Gives up whatever waits and whose time has run out, and sets due_ms to when
// to look again. Where times do not run out in order, that is at most a
// millisecond late for each 64 batches that wait: looking at all has its price.
struct hw_spool_sum
hw_spool_expire(struct hw_spool *spool, uint64_t now_ms, hw_spool_left left,
                void *user);

// The number of the oldest counted message that is held; none: there is none.
uint64_t
hw_spool_oldest(const struct hw_spool *spool, uint64_t none);

static inline bool
hw_spool_is_waiting(const struct hw_spool *spool,
                    const struct hw_spool_mark *mark)
{
    return mark->position >= spool->next.position;
}

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
