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
note_expiry(struct hw_spool *spool, const struct hw_batch *batch)
{
    uint64_t when = batch->expires_at_ms;

    if (when != 0) {
        spool->muddled |= when < spool->latest_ms;
        spool->latest_ms = when > spool->latest_ms ? when : spool->latest_ms;
        spool->due_ms =
            spool->due_ms == 0 || when < spool->due_ms ? when : spool->due_ms;
    }
}

// A key is known while its message waits.
static void
note_key(struct hw_spool *spool, struct hw_batch *batch)
{
    if (batch->policy.key != NULL && spool->keys != NULL) {
        hw_keys_add(spool->keys, batch);
    }
}

static void
forget_key(struct hw_spool *spool, const struct hw_batch *batch)
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
    }
    note_expiry(spool, batch);
    note_key(spool, batch);
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
run_length(const struct hw_spool_mark *mark, uint32_t max)
{
    const struct hw_batch *batch = mark->batch;
    uint32_t left = batch->count - mark->at;
    uint32_t end = mark->at;

    left = left < max ? left : max;
    if (batch->gone == 0) {
        return left;
    }
    while (end < mark->at + left && !is_gone(&batch->messages[end])) {
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
hw_spool_hand(struct hw_spool *spool, uint32_t max, struct hw_batch **batch,
              uint32_t *from, uint64_t *position)
{
    uint32_t count;

    skip_gone(spool);
    if (spool->next.batch == NULL) {
        return 0;
    }
    count = run_length(&spool->next, max);
    forget_key(spool, spool->next.batch);
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

// Past what is gone: it need not be kept, nor is anything before it.
static void
let_head_go_on(struct hw_spool *spool)
{
    while (spool->head.batch != NULL &&
           spool->head.position < spool->next.position &&
           is_gone(&spool->head.batch->messages[spool->head.at])) {
        move_head(spool, 1);
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
    } else if (!is_gone(message)) {
        spool->copies--;
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
    let_head_go_on(spool);
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

// A batch that is gone whole is not kept, wherever it is.
static void
let_gone_go(struct hw_spool *spool, struct hw_batch *batch)
{
    skip_gone(spool);
    if (batch->gone == batch->count && batch != spool->head.batch) {
        unlink(spool, batch);
    }
    let_head_go_on(spool);
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
        forget_key(spool, mark->batch);
    }
    subtract(spool, &sum);
    mark_gone(mark->batch, mark->at);
    let_gone_go(spool, mark->batch);
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

// Past what is gone, so that the mark stays valid while what is before it is
// taken out.
static void
step(struct hw_spool_mark *mark)
{
    do {
        move(mark, 1);
    } while (mark->batch != NULL && is_gone(&mark->batch->messages[mark->at]));
}

// From a mark at what waits, which goes along, to a position.
static void
take_out_until(struct hw_spool *spool, struct hw_spool_mark *at,
               uint64_t position, hawser_fate fate, struct hw_spool_sum *sum,
               hw_spool_left left, void *user)
{
    while (at->batch != NULL && at->position < position) {
        const struct hw_spool_mark mark = *at;

        step(at);
        if (is_counted(&mark.batch->messages[mark.at])) {
            sum->messages++;
            sum->bytes +=
                hw_spool_take_out(spool, &mark, fate, left, user).bytes;
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
    struct hw_spool_mark at;

    skip_gone(spool);
    at = spool->next; // what waits again
    take_out_until(spool, &at, end, HAWSER_SETTLED, &sum, left, user);
    return sum;
}

// ---- policies ----

struct hw_spool_sum
hw_spool_replace(struct hw_spool *spool, struct hw_batch *older,
                 struct hw_batch *newer, hw_spool_left left, void *user)
{
    const struct hawser_message *message = &older->messages[0];
    struct hw_spool_sum sum = { .messages = 1, .bytes = message->size };

    HW_CHECK(older->count == 1 && newer->count == 1 && is_counted(message) &&
                 older->position >= spool->next.position,
             "one message that waits takes the place of another");
    if (message->private_tag != 0) {
        left(user, message, HAWSER_DROPPED);
    }
    newer->before = older->before;
    newer->next = older->next;
    newer->position = older->position;
    newer->number = older->number;
    *(older->before == NULL ? &spool->first : &older->before->next) = newer;
    *(older->next == NULL ? &spool->last : &older->next->before) = newer;
    if (spool->head.batch == older) {
        spool->head.batch = newer;
    }
    if (spool->next.batch == older) {
        spool->next.batch = newer;
    }
    if (spool->sought.batch == older) {
        spool->sought.batch = NULL;
    }
    spool->waiting_bytes += newer->payload - older->payload;
    spool->counted_bytes += newer->payload - older->payload;
    spool->muddled |= newer->expires_at_ms != 0;
    note_expiry(spool, newer);
    forget_key(spool, older);
    note_key(spool, newer);
    hw_batch_drop(older);
    return sum;
}

static bool
has_expired(const struct hw_batch *batch, uint64_t now_ms)
{
    return batch->expires_at_ms != 0 && batch->expires_at_ms <= now_ms;
}

struct hw_spool_sum
hw_spool_expire_next(struct hw_spool *spool, uint64_t now_ms,
                     hw_spool_left left, void *user)
{
    struct hw_spool_sum sum = { 0 };

    skip_gone(spool);
    while (spool->next.batch != NULL &&
           has_expired(spool->next.batch, now_ms)) {
        struct hw_spool_mark at = spool->next;
        const struct hw_batch *batch = at.batch;

        take_out_until(spool, &at, batch->position + batch->count,
                       HAWSER_EXPIRED, &sum, left, user);
    }
    return sum;
}

enum { LOOKED_AT_IN_A_MS = 64 }; // chosen: a hundredth of a processor

struct hw_spool_sum
hw_spool_expire(struct hw_spool *spool, uint64_t now_ms, hw_spool_left left,
                void *user)
{
    struct hw_spool_sum sum = { 0 };
    struct hw_spool_mark at;
    uint64_t due_ms = 0, walked = 0;

    skip_gone(spool);
    at = spool->next;
    while (at.batch != NULL) {
        uint64_t when = at.batch->expires_at_ms;

        if (has_expired(at.batch, now_ms)) {
            take_out_until(spool, &at, at.batch->position + at.batch->count,
                           HAWSER_EXPIRED, &sum, left, user);
            continue;
        }
        due_ms = when != 0 && (due_ms == 0 || when < due_ms) ? when : due_ms;
        if (when != 0 && !spool->muddled) {
            break;
        }
        walked++;
        skip_to_next_batch(&at);
    }
    if (due_ms != 0 && due_ms < now_ms + walked / LOOKED_AT_IN_A_MS) {
        due_ms = now_ms + walked / LOOKED_AT_IN_A_MS;
    }
    spool->due_ms = due_ms;
    return sum;
}

// ---- waiting again ----

static void
drop_batch(struct hw_spool *spool, struct hw_batch *batch,
           struct hw_spool_sum *sum, hw_spool_left left, void *user)
{
    const struct hw_spool_mark mark = hw_spool_mark_of(batch);

    sum->messages++;
    sum->bytes +=
        hw_spool_take_out(spool, &mark, HAWSER_DROPPED, left, user).bytes;
}

// Of a key, the one that was accepted later is kept. Of two that wait in lanes
// of their own, both: which of them goes first is not for their age to say.
static void
conflate_again(struct hw_spool *spool, struct hw_batch *batch,
               struct hw_spool_sum *older, hw_spool_left left, void *user)
{
    struct hw_batch *other = hw_keys_find(spool->keys, &batch->policy);

    if (other == NULL) {
        note_key(spool, batch);
    } else if (other->policy.lane != batch->policy.lane) {
        return;
    } else if (other->number > batch->number) {
        drop_batch(spool, batch, older, left, user);
    } else {
        drop_batch(spool, other, older, left, user);
        note_key(spool, batch);
    }
}

uint64_t
hw_spool_rewind(struct hw_spool *spool, hw_spool_left left, void *user,
                struct hw_spool_sum *older)
{
    uint64_t again = hw_spool_in_flight(spool);
    uint64_t end = spool->next.position;
    struct hw_spool_mark at;

    if (spool->copies > 0) {
        give_up_copies(spool);
    }
    spool->next = spool->head;
    spool->waiting = spool->counted;
    spool->waiting_bytes = spool->counted_bytes;
    spool->due_ms = spool->latest_ms != 0 ? 1 : 0; // it is looked at anew
    if (spool->keys == NULL) {
        return again;
    }
    skip_gone(spool);
    at = spool->next;
    while (at.batch != NULL && at.position < end) {
        struct hw_batch *batch = at.batch;

        step(&at);
        if (batch->policy.key != NULL) {
            conflate_again(spool, batch, older, left, user);
        }
    }
    return again - older->messages;
}
