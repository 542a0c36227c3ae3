// spool.c - the messages of one link that are not settled, in order.
#include <string.h>

#include "actors/spool_private.h"
#include "base/check.h"

void
hw_spool_note_expiry(struct hw_spool *spool, const struct hw_batch *batch)
{
    uint64_t when = batch->expires_at_ms;

    if (when != 0) {
        spool->muddled |= when < spool->latest_ms;
        spool->latest_ms = when > spool->latest_ms ? when : spool->latest_ms;
        spool->due_ms =
            spool->due_ms == 0 || when < spool->due_ms ? when : spool->due_ms;
    }
}

void
hw_spool_note_key(struct hw_spool *spool, struct hw_batch *batch)
{
    if (batch->policy.key != NULL && spool->keys != NULL) {
        hw_keys_add(spool->keys, batch);
    }
}

void
hw_spool_forget_key(struct hw_spool *spool, const struct hw_batch *batch)
{
    if (batch->policy.key != NULL && spool->keys != NULL) {
        hw_keys_remove(spool->keys, batch);
    }
}

void
hw_spool_add(struct hw_spool *spool, struct hw_batch *batch)
{
    batch->next = NULL;
    batch->before = spool->last;
    batch->position = spool->end;
    if (spool->last == NULL) {
        spool->first = batch;
        spool->head = hw_spool_mark_of(batch);
        spool->muddled = false;
        spool->latest_ms = 0;
    } else {
        spool->last->next = batch;
    }
    spool->last = batch;
    if (spool->next.batch == NULL) {
        spool->next = hw_spool_mark_of(batch);
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
        hw_spool_let_head_go_on(
            spool); // past earlier ones, if nothing else has left
    }
    hw_spool_note_expiry(spool, batch);
    hw_spool_note_key(spool, batch);
    spool->bound |= batch->policy.wire != 0;
}

// ---- gathering small batches ----

enum {
    GATHERED_MAX = 3 * (HW_BATCH_ROOM_MAX / 4), // larger ones fill a block
    // Below that the room is not worth the copies: measured, publishing 1 KiB
    // messages to a fast peer was a third slower with them.
    GATHERED_FROM = 16 * 1024 * 1024, // bytes
};

static bool
holds_much(const struct hw_spool *spool)
{
    return spool->counted_bytes +
               spool->counted * sizeof(struct hawser_message) >=
           GATHERED_FROM;
}

static bool
has_no_life_of_its_own(const struct hw_batch *batch)
{
    return !batch->special && batch->key == 0 && batch->marked == 0 &&
           batch->expires_at_ms == 0;
}

static bool
may_gather(const struct hw_spool *spool, const struct hw_batch *batch)
{
    const struct hw_batch *last = spool->last;

    return holds_much(spool) && spool->next.batch != NULL &&
           has_no_life_of_its_own(last) && has_no_life_of_its_own(batch) &&
           hw_batch_is_mine(last) &&
           last->number + last->count == batch->number &&
           hw_batch_used(batch) <= GATHERED_MAX;
}

static bool
takes_all(const struct hw_batch *last, const struct hw_batch *batch)
{
    return last->count + batch->count <= HW_BATCH_MESSAGES_MAX &&
           hw_batch_used(batch) - sizeof *batch <=
               last->room - hw_batch_used(last);
}

// With room for more than one piece, and at least for this one.
static struct hw_batch *
larger_block(const struct hw_batch *last, const struct hw_batch *batch)
{
    size_t room = 2 * (last->room > batch->room ? last->room : batch->room);
    struct hw_batch *larger =
        hw_batch_new(room < HW_BATCH_ROOM_MAX ? room : HW_BATCH_ROOM_MAX);

    if (larger != NULL) {
        larger->lane = batch->lane;
    }
    return larger;
}

// How many of its messages there was room for.
static uint32_t
append_to_last(struct hw_spool *spool, const struct hw_batch *batch)
{
    struct hw_batch *last = spool->last;
    uint64_t before = last->payload;
    uint32_t added = 0;

    while (added < batch->count &&
           hw_batch_add_again(last, &batch->messages[added])) {
        added++;
    }
    spool->end += added;
    spool->waiting += added;
    spool->counted += added;
    spool->waiting_bytes += last->payload - before;
    spool->counted_bytes += last->payload - before;
    return added;
}

bool
hw_spool_gather(struct hw_spool *spool, struct hw_batch *batch)
{
    struct hw_batch *larger = NULL;
    uint32_t added;

    if (!may_gather(spool, batch)) {
        return false;
    }
    if (!takes_all(spool->last, batch)) {
        larger = larger_block(spool->last, batch);
        if (larger == NULL) {
            return false;
        }
    }
    added = append_to_last(spool, batch);
    if (larger != NULL) {
        larger->number = batch->number + added;
        for (; added < batch->count; added++) {
            bool fits = hw_batch_add_again(larger, &batch->messages[added]);

            HW_CHECK(fits, "a block of at least the same room takes them");
        }
        hw_spool_add(spool, larger);
    }
    hw_batch_drop(batch);
    return true;
}

// ---- handing on ----

void
hw_spool_skip_to_next_batch(struct hw_spool_mark *mark)
{
    mark->position = mark->batch->position + mark->batch->count;
    mark->batch = mark->batch->next;
    mark->at = 0;
    if (mark->batch != NULL) {
        mark->position = mark->batch->position;
    }
}

void
hw_spool_move(struct hw_spool_mark *mark, uint32_t count)
{
    mark->at += count;
    mark->position += count;
    if (mark->at == mark->batch->count) {
        hw_spool_skip_to_next_batch(mark);
    }
}

void
hw_spool_skip_gone(struct hw_spool *spool)
{
    struct hw_spool_mark *next = &spool->next;

    while (next->batch != NULL && next->batch->gone > 0 &&
           hw_spool_is_gone(&next->batch->messages[next->at])) {
        hw_spool_move(next, 1);
    }
}

// How many from the mark on may be handed together.
static uint32_t
run_length(const struct hw_spool_mark *mark, uint32_t max)
{
    const struct hw_batch *batch = mark->batch;
    uint32_t left = batch->count - mark->at;
    uint32_t end = mark->at;

    left = left < max ? left : max;
    if (batch->gone == 0) {
        return left;
    }
    while (end < mark->at + left && !hw_spool_is_gone(&batch->messages[end])) {
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
        if (hw_spool_is_counted(&batch->messages[i])) {
            spool->waiting--;
            spool->waiting_bytes -= batch->messages[i].size;
        }
    }
}

uint32_t
hw_spool_hand(struct hw_spool *spool, uint32_t max, struct hw_batch **batch,
              uint32_t *from, uint64_t *position)
{
    uint32_t count;

    hw_spool_skip_gone(spool);
    if (spool->next.batch == NULL) {
        return 0;
    }
    count = run_length(&spool->next, max);
    hw_spool_forget_key(spool, spool->next.batch);
    *batch = spool->next.batch;
    *from = spool->next.at;
    *position = spool->next.position;
    take_from_waiting(spool, *batch, *from, count);
    hw_spool_move(&spool->next, count);
    return count;
}

// ---- leaving in turn ----

void
hw_spool_unlink(struct hw_spool *spool, struct hw_batch *batch)
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

    hw_spool_move(&spool->head, count);
    if (spool->head.batch != batch) {
        hw_spool_unlink(spool, batch);
    }
}

void
hw_spool_let_head_go_on(struct hw_spool *spool)
{
    while (spool->head.batch != NULL &&
           spool->head.position < spool->next.position &&
           !hw_spool_is_counted(&spool->head.batch->messages[spool->head.at])) {
        move_head(spool, 1);
    }
}

uint64_t
hw_spool_oldest(const struct hw_spool *spool, uint64_t none)
{
    struct hw_spool_mark mark = spool->head;

    while (mark.batch != NULL &&
           !hw_spool_is_counted(&mark.batch->messages[mark.at])) {
        hw_spool_move(&mark, 1);
    }
    return mark.batch == NULL ? none : mark.batch->number + mark.at;
}

static void
settle_one(struct hw_spool *spool, struct hw_spool_sum *sum, hw_spool_left left,
           void *user)
{
    const struct hw_batch *batch = spool->head.batch;
    const struct hawser_message *message = &batch->messages[spool->head.at];

    if (hw_spool_is_counted(message)) {
        sum->messages++;
        sum->bytes += message->size;
        hw_spool_note_gone(spool, batch, spool->head.at, 1);
        if (message->private_tag != 0) {
            left(user, message, HAWSER_SETTLED);
        }
    } else if (!hw_spool_is_gone(message)) {
        spool->copies--;
    }
    move_head(spool, 1);
}

// A whole batch that holds nothing special goes in one go.
static bool
settle_batch(struct hw_spool *spool, uint64_t position,
             struct hw_spool_sum *sum)
{
    const struct hw_batch *batch = spool->head.batch;

    if (spool->head.at != 0 || batch->tagged > 0 || batch->marked > 0 ||
        position - spool->head.position < batch->count) {
        return false;
    }
    sum->messages += batch->count;
    sum->bytes += batch->payload;
    hw_spool_note_gone(spool, batch, 0, batch->count);
    move_head(spool, batch->count);
    return true;
}

struct hw_spool_sum
hw_spool_settle(struct hw_spool *spool, uint64_t position, hw_spool_left left,
                void *user)
{
    struct hw_spool_sum sum = { 0 };

    HW_CHECK(position <= spool->next.position,
             "only what was handed to a wire is settled");
    while (spool->head.batch != NULL && spool->head.position < position) {
        if (!settle_batch(spool, position, &sum)) {
            settle_one(spool, &sum, left, user);
        }
    }
    hw_spool_let_head_go_on(spool);
    hw_spool_subtract(spool, &sum);
    return sum;
}

struct hw_spool_sum
hw_spool_clear(struct hw_spool *spool, hw_spool_left left, void *user)
{
    struct hw_spool_sum sum = { 0 };

    while (spool->head.batch != NULL) {
        const struct hw_batch *batch = spool->head.batch;
        const struct hawser_message *message = &batch->messages[spool->head.at];
        bool kept = spool->gone != NULL && batch->key != 0;

        if (hw_spool_is_counted(message)) {
            sum.messages++;
            sum.bytes += message->size;
            if (message->private_tag != 0 && !kept) {
                left(user, message, HAWSER_DROPPED);
            }
        }
        move_head(spool, 1);
    }
    memset(spool, 0, sizeof *spool);
    return sum;
}
