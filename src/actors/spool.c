// spool.c - the messages of one link that are not settled, in order.
#include "actors/spool.h"

#include <string.h>

#include "base/check.h"

static bool
is_counted(const struct hawser_message *message)
{
    return message->private_flags == 0;
}

static bool
is_gone(const struct hawser_message *message)
{
    return (message->private_flags & HW_MESSAGE_GONE) != 0;
}

static void
mark_start(struct hw_spool_mark *mark, struct hw_batch *batch)
{
    mark->batch = batch;
    mark->at = 0;
    mark->position = batch->position;
}

void
hw_spool_add(struct hw_spool *spool, struct hw_batch *batch)
{
    batch->next = NULL;
    batch->before = spool->last;
    batch->position = spool->end;
    if (spool->last == NULL) {
        spool->first = batch;
        mark_start(&spool->head, batch);
    } else {
        spool->last->next = batch;
    }
    spool->last = batch;
    if (spool->next.batch == NULL) {
        mark_start(&spool->next, batch);
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

// Behind its batch. What stood between that and the next one may be gone.
static void
skip_to_next_batch(struct hw_spool_mark *mark)
{
    mark->position = mark->batch->position + mark->batch->count;
    mark->batch = mark->batch->next;
    mark->at = 0;
    if (mark->batch != NULL) {
        mark->position = mark->batch->position;
    }
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

    while (next->batch != NULL && next->batch->gone > 0 &&
           is_gone(&next->batch->messages[next->at])) {
        move(next, 1);
    }
}

// How many from the mark on may be handed together.
static uint32_t
run_length(const struct hw_spool_mark *mark)
{
    const struct hw_batch *batch = mark->batch;
    uint32_t end = mark->at;

    if (batch->gone == 0) {
        return batch->count - mark->at;
    }
    while (end < batch->count && !is_gone(&batch->messages[end])) {
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

// ---- leaving in turn ----

// Nothing points at it any more but the list.
static void
unlink(struct hw_spool *spool, struct hw_batch *batch)
{
    *(batch->before == NULL ? &spool->first : &batch->before->next) =
        batch->next;
    *(batch->next == NULL ? &spool->last : &batch->next->before) =
        batch->before;
    if (spool->sought.batch == batch) {
        spool->sought.batch = NULL;
    }
    hw_batch_drop(batch);
}

static void
move_head(struct hw_spool *spool, uint32_t count)
{
    struct hw_batch *batch = spool->head.batch;

    move(&spool->head, count);
    if (spool->head.batch != batch) {
        unlink(spool, batch);
    }
}

static void
let_one_go(struct hw_spool *spool, struct hw_spool_sum *sum, hawser_fate fate,
           hw_spool_left left, void *user)
{
    const struct hawser_message *message =
        &spool->head.batch->messages[spool->head.at];

    if (is_counted(message)) {
        sum->messages++;
        sum->bytes += message->size;
        if (message->private_tag != 0) {
            left(user, message, fate);
        }
    }
    move_head(spool, 1);
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
    move_head(spool, batch->count);
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
    while (spool->head.batch != NULL && spool->head.position < position) {
        if (!let_batch_go(spool, position, &sum)) {
            let_one_go(spool, &sum, HAWSER_SETTLED, left, user);
        }
    }
    subtract(spool, &sum);
    return sum;
}

struct hw_spool_sum
hw_spool_clear(struct hw_spool *spool, hw_spool_left left, void *user)
{
    struct hw_spool_sum sum = { 0 };

    while (spool->head.batch != NULL) {
        let_one_go(spool, &sum, HAWSER_DROPPED, left, user);
    }
    memset(spool, 0, sizeof *spool);
    return sum;
}

// ---- leaving from the midst ----

static void
mark_gone(struct hw_batch *batch, uint32_t at)
{
    struct hawser_message *message = &batch->messages[at];

    batch->marked += message->private_flags == 0;
    batch->gone += !is_gone(message);
    message->private_flags |= HW_MESSAGE_GONE;
}

// Copies of standing messages are not said again, whether they were handed on
// or wait still: the next wire is told what they say before anything else.
static void
give_up_copies(struct hw_spool *spool)
{
    struct hw_spool_mark mark = spool->head;

    while (mark.batch != NULL) {
        const uint8_t flags = mark.batch->messages[mark.at].private_flags;

        if (mark.batch->marked > 0) {
            if ((flags & HW_MESSAGE_STANDING) != 0) {
                mark_gone(mark.batch, mark.at);
            }
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

// What is gone and at the head need not be kept.
static void
let_gone_go(struct hw_spool *spool)
{
    skip_gone(spool);
    while (spool->head.batch != NULL &&
           spool->head.position < spool->next.position &&
           is_gone(&spool->head.batch->messages[spool->head.at])) {
        move_head(spool, 1);
    }
}

// Nor what is gone whole, wherever it is.
static void
let_batch_go_if_gone(struct hw_spool *spool, struct hw_batch *batch)
{
    bool begun = spool->next.batch == batch && spool->next.at > 0;

    if (batch->gone < batch->count || batch == spool->head.batch || begun) {
        return;
    }
    if (spool->next.batch == batch) {
        skip_to_next_batch(&spool->next);
    }
    unlink(spool, batch);
}

struct hw_spool_sum
hw_spool_take_out(struct hw_spool *spool, const struct hw_spool_mark *mark,
                  hawser_fate fate, hw_spool_left left, void *user)
{
    const struct hawser_message *message = &mark->batch->messages[mark->at];
    struct hw_spool_sum sum = { .messages = 1, .bytes = message->size };

    HW_CHECK(is_counted(message), "only what is counted is taken out");
    if (message->private_tag != 0) {
        left(user, message, fate);
    }
    if (hw_spool_is_waiting(spool, mark)) {
        spool->waiting--;
        spool->waiting_bytes -= message->size;
    }
    subtract(spool, &sum);
    mark_gone(mark->batch, mark->at);
    let_batch_go_if_gone(spool, mark->batch);
    let_gone_go(spool);
    return sum;
}

// Copies of standing messages are not what fills the spool, and keep their
// turn: the oldest message behind them goes.
bool
hw_spool_drop_oldest(struct hw_spool *spool, hw_spool_left left, void *user,
                     uint64_t *bytes)
{
    struct hw_spool_mark mark;

    skip_gone(spool);
    mark = spool->next;
    while (mark.batch != NULL && !is_counted(&mark.batch->messages[mark.at])) {
        move(&mark, 1);
    }
    if (mark.batch == NULL) {
        return false;
    }
    *bytes = hw_spool_take_out(spool, &mark, HAWSER_DROPPED, left, user).bytes;
    return true;
}

// From a mark to the end of a batch (NULL: of all).
static bool
find_from(const struct hw_spool *spool, struct hw_spool_mark *mark,
          const struct hw_batch *last, uint64_t tag)
{
    while (mark->batch != NULL) {
        const struct hw_batch *batch = mark->batch;
        const struct hawser_message *message = &batch->messages[mark->at];

        if (message->private_tag == tag && is_counted(message) &&
            mark->position >= spool->head.position) {
            return true;
        }
        if (batch->tagged > 0 && batch->gone < batch->count &&
            mark->at + 1 < batch->count) {
            move(mark, 1);
        } else if (batch != last) {
            skip_to_next_batch(mark);
        } else {
            break;
        }
    }
    return false;
}

bool
hw_spool_find(struct hw_spool *spool, uint64_t tag, struct hw_spool_mark *mark)
{
    const struct hw_batch *last = spool->sought.batch;
    bool found = false;

    if (last != NULL) {
        *mark = spool->sought;
        found = find_from(spool, mark, NULL, tag);
    }
    if (!found) {
        *mark = spool->head;
        found = find_from(spool, mark, last, tag);
    }
    if (found) {
        spool->sought = *mark;
    }
    return found;
}

// Of what waits, all before that position.
static void
settle_waiting(struct hw_spool *spool, uint64_t position,
               struct hw_spool_sum *sum, hw_spool_left left, void *user)
{
    struct hw_spool_mark at = spool->next;

    while (at.batch != NULL && at.position < position) {
        const struct hw_spool_mark mark = at;

        move(&at, 1);
        if (is_counted(&mark.batch->messages[mark.at])) {
            sum->messages++;
            sum->bytes +=
                hw_spool_take_out(spool, &mark, HAWSER_SETTLED, left, user)
                    .bytes;
        }
        if (at.position < spool->next.position) {
            at = spool->next; // what is gone may have been given back
        }
    }
}

struct hw_spool_sum
hw_spool_settle_up_to(struct hw_spool *spool, const struct hw_spool_mark *mark,
                      hw_spool_left left, void *user)
{
    uint64_t end = mark->position + 1;
    uint64_t handed = end < spool->next.position ? end : spool->next.position;
    struct hw_spool_sum sum = hw_spool_settle(spool, handed, left, user);

    let_gone_go(spool);
    settle_waiting(spool, end, &sum, left, user);
    return sum;
}
