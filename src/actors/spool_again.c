// spool_again.c - what takes another's place, expires, or waits again.
#include "actors/spool_private.h"
#include "base/check.h"

// ---- keys and times ----

struct hw_spool_sum
hw_spool_replace(struct hw_spool *spool, struct hw_batch *older,
                 struct hw_batch *newer, hw_spool_left left, void *user)
{
    const struct hawser_message *message = &older->messages[0];
    struct hw_spool_sum sum = { .messages = 1, .bytes = message->size };

    HW_CHECK(older->count == 1 && newer->count == 1 &&
                 hw_spool_is_counted(message) &&
                 older->position >= spool->next.position,
             "one message that waits takes the place of another");
    if (message->private_tag != 0) {
        left(user, message, HAWSER_DROPPED);
    }
    hw_spool_note_gone(spool, older, 0, 1);
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
    hw_spool_note_expiry(spool, newer);
    hw_spool_forget_key(spool, older);
    hw_spool_note_key(spool, newer);
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

    hw_spool_skip_gone(spool);
    while (spool->next.batch != NULL &&
           has_expired(spool->next.batch, now_ms)) {
        struct hw_spool_mark at = spool->next;
        const struct hw_batch *batch = at.batch;

        hw_spool_take_out_until(spool, &at, batch->position + batch->count,
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

    hw_spool_skip_gone(spool);
    at = spool->next;
    while (at.batch != NULL) {
        uint64_t when = at.batch->expires_at_ms;

        if (has_expired(at.batch, now_ms)) {
            hw_spool_take_out_until(spool, &at,
                                    at.batch->position + at.batch->count,
                                    HAWSER_EXPIRED, &sum, left, user);
            continue;
        }
        due_ms = when != 0 && (due_ms == 0 || when < due_ms) ? when : due_ms;
        if (when != 0 && !spool->muddled) {
            break;
        }
        walked++;
        hw_spool_skip_to_next_batch(&at);
    }
    if (due_ms != 0 && due_ms < now_ms + walked / LOOKED_AT_IN_A_MS) {
        due_ms = now_ms + walked / LOOKED_AT_IN_A_MS;
    }
    spool->due_ms = due_ms;
    return sum;
}

// ---- waiting again ----

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
                hw_spool_mark_gone(mark.batch, mark.at);
            }
            hw_spool_move(&mark, 1);
        } else {
            hw_spool_skip_to_next_batch(&mark);
        }
    }
    spool->copies = 0;
}

// Of a key the one that was accepted last is known. Of what was handed on none
// is newer than what waits.
static void
note_newest(struct hw_spool *spool, struct hw_batch *batch)
{
    struct hw_batch *other = hw_keys_find(spool->keys, &batch->policy);

    if (other == NULL || other->number < batch->number) {
        if (other != NULL) {
            hw_keys_remove(spool->keys, other);
        }
        hw_spool_note_key(spool, batch);
    }
}

// Those that may go to the wire that is gone, and to no other, are over.
static void
end_bound(struct hw_spool *spool)
{
    for (struct hw_batch *batch = spool->head.batch; batch != NULL;
         batch = batch->next) {
        if (batch->policy.wire != 0) {
            batch->expires_at_ms = 1; // long ago
            spool->latest_ms = spool->latest_ms > 0 ? spool->latest_ms : 1;
            spool->muddled = true;
        }
    }
    spool->bound = false;
}

uint64_t
hw_spool_rewind(struct hw_spool *spool)
{
    uint64_t again = hw_spool_in_flight(spool);
    uint64_t end = spool->next.position;
    struct hw_spool_mark at;

    if (spool->copies > 0) {
        give_up_copies(spool);
    }
    if (spool->bound) {
        end_bound(spool);
    }
    spool->next = spool->head;
    spool->waiting = spool->counted;
    spool->waiting_bytes = spool->counted_bytes;
    spool->due_ms = spool->latest_ms != 0 ? 1 : 0; // it is looked at anew
    hw_spool_skip_gone(spool);
    at = spool->next;
    while (spool->keys != NULL && at.batch != NULL && at.position < end) {
        if (at.batch->policy.key != NULL) {
            note_newest(spool, at.batch);
        }
        hw_spool_step(&at);
    }
    return again;
}

static bool
is_older_of_key(const struct hw_spool *spool, const struct hw_batch *batch)
{
    const struct hw_batch *newest =
        batch->policy.key == NULL ? NULL
                                  : hw_keys_find(spool->keys, &batch->policy);

    return newest != NULL && newest->number > batch->number;
}

struct hw_spool_sum
hw_spool_conflate(struct hw_spool *spool, uint64_t end, hw_spool_left left,
                  void *user)
{
    struct hw_spool_sum sum = { 0 };
    struct hw_spool_mark at = spool->next;

    while (spool->keys != NULL && at.batch != NULL && at.position < end) {
        const struct hw_spool_mark mark = at;

        hw_spool_step(&at);
        if (is_older_of_key(spool, mark.batch)) {
            sum.messages++;
            sum.bytes +=
                hw_spool_take_out(spool, &mark, HAWSER_DROPPED, left, user)
                    .bytes;
        }
    }
    return sum;
}
