// spool.c - the messages of one link that are not settled, in order.
#include "actors/spool.h"

#include <string.h>

#include "base/check.h"

static bool
is_counted(const struct hawser_message *message)
{
    return message->private_flags == 0;
}

static void
mark_start(struct hw_spool_mark *mark, struct hw_batch *batch,
           uint64_t position)
{
    mark->batch = batch;
    mark->at = 0;
    mark->position = position;
}

void
hw_spool_add(struct hw_spool *spool, struct hw_batch *batch)
{
    batch->next = NULL;
    if (spool->last == NULL) {
        spool->first = batch;
        mark_start(&spool->head, batch, spool->end);
    } else {
        spool->last->next = batch;
    }
    spool->last = batch;
    if (spool->next.batch == NULL) {
        mark_start(&spool->next, batch, spool->end);
    }
    spool->end += batch->count;
    // What comes in is either all counted, or one copy of a standing message.
    if (batch->marked == 0) {
        spool->waiting += batch->count;
        spool->waiting_bytes += batch->payload;
        spool->counted += batch->count;
        spool->counted_bytes += batch->payload;
    } else {
        spool->copies++;
    }
}

static void
skip_to_next_batch(struct hw_spool_mark *mark)
{
    mark->batch = mark->batch->next;
    mark->at = 0;
}

// Moves the mark over count messages of its batch.
static void
move(struct hw_spool_mark *mark, uint32_t count)
{
    mark->at += count;
    mark->position += count;
    if (mark->at == mark->batch->count) {
        skip_to_next_batch(mark);
    }
}

static void
skip_gone(struct hw_spool *spool)
{
    struct hw_spool_mark *next = &spool->next;

    while (next->batch != NULL && next->batch->marked > 0 &&
           (next->batch->messages[next->at].private_flags & HW_MESSAGE_GONE) !=
               0) {
        move(next, 1);
    }
}

// How many from the mark on may be handed together.
static uint32_t
run_length(const struct hw_spool_mark *mark)
{
    const struct hw_batch *batch = mark->batch;
    uint32_t end = mark->at;

    if (batch->marked == 0) {
        return batch->count - mark->at;
    }
    while (end < batch->count &&
           (batch->messages[end].private_flags & HW_MESSAGE_GONE) == 0) {
        end++;
    }
    return end - mark->at;
}

// What the run adds to what is in flight.
static void
take_from_waiting(struct hw_spool *spool, const struct hw_batch *batch,
                  uint32_t from, uint32_t count)
{
    if (batch->marked == 0 && count == batch->count) {
        spool->waiting -= count;
        spool->waiting_bytes -= batch->payload;
        return;
    }
    for (uint32_t i = from; i < from + count; i++) {
        if (is_counted(&batch->messages[i])) {
            spool->waiting--;
            spool->waiting_bytes -= batch->messages[i].size;
        }
    }
}

uint32_t
hw_spool_hand(struct hw_spool *spool, struct hw_batch **batch, uint32_t *from,
              uint64_t *position)
{
    uint32_t count;

    skip_gone(spool);
    if (spool->next.batch == NULL) {
        return 0;
    }
    count = run_length(&spool->next);
    *batch = spool->next.batch;
    *from = spool->next.at;
    *position = spool->next.position;
    take_from_waiting(spool, *batch, *from, count);
    move(&spool->next, count);
    return count;
}

// ---- leaving ----

void
hw_spool_tell_gone(struct hw_spool *spool)
{
    if (spool->gone_count > 0) {
        spool->gone(spool->gone_user, spool->gone_key, spool->gone_count);
        spool->gone_count = 0;
    }
}

// So many messages of the batch, from at on, have left for good. Whatever takes
// a message out of the spool says so here, once.
static void
note_gone(struct hw_spool *spool, const struct hw_batch *batch, uint32_t at,
          uint32_t count)
{
    uint64_t key = batch->key + at;

    if (batch->key == 0 || spool->gone == NULL) {
        return;
    }
    if (spool->gone_key + spool->gone_count != key) {
        hw_spool_tell_gone(spool);
        spool->gone_key = key;
    }
    spool->gone_count += count;
}

static void
drop_first_batch(struct hw_spool *spool)
{
    struct hw_batch *batch = spool->first;

    spool->first = batch->next;
    if (spool->first == NULL) {
        spool->last = NULL;
    }
    hw_batch_drop(batch);
}

static void
let_one_go(struct hw_spool *spool, struct hw_spool_sum *sum, hw_spool_left left,
           void *user, bool gone)
{
    struct hw_batch *batch = spool->head.batch;
    const struct hawser_message *message = &batch->messages[spool->head.at];

    bool kept = gone && batch->key != 0 && spool->gone != NULL;

    if (is_counted(message)) {
        sum->messages++;
        sum->bytes += message->size;
        if (!kept) {
            note_gone(spool, batch, spool->head.at, 1);
        }
        if (message->private_tag != 0 && !kept) {
            left(user, message, gone);
        }
    }
    move(&spool->head, 1);
    if (spool->head.batch != batch) {
        drop_first_batch(spool);
    }
}

// A whole batch that holds nothing special goes in one go.
static bool
let_batch_go(struct hw_spool *spool, uint64_t position,
             struct hw_spool_sum *sum)
{
    const struct hw_batch *batch = spool->head.batch;

    if (spool->head.at != 0 || batch->tagged > 0 || batch->marked > 0 ||
        position - spool->head.position < batch->count) {
        return false;
    }
    sum->messages += batch->count;
    sum->bytes += batch->payload;
    note_gone(spool, batch, 0, batch->count);
    move(&spool->head, batch->count);
    drop_first_batch(spool);
    return true;
}

static void
subtract(struct hw_spool *spool, const struct hw_spool_sum *sum)
{
    spool->counted -= sum->messages;
    spool->counted_bytes -= sum->bytes;
}

struct hw_spool_sum
hw_spool_settle(struct hw_spool *spool, uint64_t position, hw_spool_left left,
                void *user)
{
    struct hw_spool_sum sum = { 0 };

    HW_CHECK(position <= spool->next.position,
             "only what was handed to a wire is settled");
    while (spool->head.position < position) {
        if (!let_batch_go(spool, position, &sum)) {
            let_one_go(spool, &sum, left, user, false);
        }
    }
    subtract(spool, &sum);
    return sum;
}

// Copies of standing messages are not said again, whether they were handed on
// or wait still: the next wire is told what they say before anything else.
static void
give_up_copies(struct hw_spool *spool)
{
    struct hw_spool_mark mark = spool->head;

    while (mark.batch != NULL) {
        struct hw_batch *batch = mark.batch;

        if (batch->marked > 0) {
            batch->messages[mark.at].private_flags |=
                batch->messages[mark.at].private_flags != 0 ? HW_MESSAGE_GONE
                                                            : 0;
            move(&mark, 1);
        } else {
            skip_to_next_batch(&mark);
        }
    }
    spool->copies = 0;
}

uint64_t
hw_spool_rewind(struct hw_spool *spool)
{
    uint64_t again = hw_spool_in_flight(spool);

    if (spool->copies > 0) {
        give_up_copies(spool);
    }
    spool->next = spool->head;
    spool->waiting = spool->counted;
    spool->waiting_bytes = spool->counted_bytes;
    return again;
}

// How many bytes that one had.
static uint64_t
give_up(struct hw_spool *spool, struct hw_batch *batch, uint32_t at,
        hw_spool_left left, void *user)
{
    struct hawser_message *message = &batch->messages[at];

    if (message->private_tag != 0) {
        left(user, message, true);
    }
    note_gone(spool, batch, at, 1);
    message->private_flags |= HW_MESSAGE_GONE;
    batch->marked++;
    spool->waiting--;
    spool->waiting_bytes -= message->size;
    spool->counted--;
    spool->counted_bytes -= message->size;
    return message->size;
}

// Copies of standing messages are not what fills the spool, and keep their
// turn: the oldest message behind them goes. A batch of which nothing is left
// is taken out at once: no wire was told of a position in it or behind it.
static bool
drop_behind_copies(struct hw_spool *spool, hw_spool_left left, void *user,
                   uint64_t *bytes)
{
    struct hw_batch *before = NULL, *batch = spool->next.batch;
    uint32_t at = 0;

    while (batch != NULL &&
           (batch->messages[0].private_flags & HW_MESSAGE_STANDING) != 0) {
        before = batch;
        batch = batch->next;
    }
    if (batch == NULL) {
        return false;
    }
    HW_CHECK(before != NULL, "a copy waits for its turn before it");
    while (!is_counted(&batch->messages[at])) {
        at++; // given up earlier; not all were, or it would not be here
    }
    *bytes = give_up(spool, batch, at, left, user);
    if (at + 1 == batch->count) {
        before->next = batch->next;
        spool->last = spool->last == batch ? before : spool->last;
        spool->end -= batch->count;
        hw_batch_drop(batch);
    }
    return true;
}

// All of the batch is gone, and what comes next is behind it: it is taken out,
// or what is in flight before it would keep it, and any number of its like. No
// wire was told of a position in it or behind it.
static void
take_out(struct hw_spool *spool, struct hw_batch *batch)
{
    struct hw_batch *before = spool->first;

    while (before->next != batch) {
        before = before->next;
    }
    before->next = batch->next;
    spool->last = spool->last == batch ? before : spool->last;
    spool->end -= batch->count;
    spool->next.position -= batch->count;
    hw_batch_drop(batch);
}

bool
hw_spool_drop_oldest(struct hw_spool *spool, hw_spool_left left, void *user,
                     uint64_t *bytes)
{
    struct hw_spool_mark *next = &spool->next;
    struct hw_batch *batch;

    skip_gone(spool);
    batch = next->batch;
    if (batch == NULL) {
        return false;
    }
    if (!is_counted(&batch->messages[next->at])) {
        return drop_behind_copies(spool, left, user, bytes);
    }
    *bytes = give_up(spool, batch, next->at, left, user);
    skip_gone(spool);
    if (batch->marked == batch->count && batch != spool->first) {
        take_out(spool, batch);
    }
    // Nothing in flight: what is gone need not be kept.
    if (spool->counted == spool->waiting) {
        struct hw_spool_sum none =
            hw_spool_settle(spool, next->position, left, user);

        HW_CHECK(none.messages == 0, "what is gone is not settled");
    }
    return true;
}

struct hw_spool_sum
hw_spool_clear(struct hw_spool *spool, hw_spool_left left, void *user)
{
    struct hw_spool_sum sum = { 0 };

    while (spool->head.batch != NULL) {
        let_one_go(spool, &sum, left, user, true);
    }
    memset(spool, 0, sizeof *spool);
    return sum;
}
