// spool_midst.c - messages that leave a spool out of turn.
#include "actors/spool_private.h"
#include "base/check.h"

void
hw_spool_mark_gone(struct hw_batch *batch, uint32_t at)
{
    struct hawser_message *message = &batch->messages[at];

    batch->marked += message->private_flags == 0;
    batch->gone += !hw_spool_is_gone(message);
    message->private_flags |= HW_MESSAGE_GONE;
}

static void
put_in_place_of(struct hw_spool *spool, struct hw_batch *batch,
                struct hw_batch *copy)
{
    copy->before = batch->before;
    copy->next = batch->next;
    *(batch->before == NULL ? &spool->first : &batch->before->next) = copy;
    *(batch->next == NULL ? &spool->last : &batch->next->before) = copy;
    if (spool->head.batch == batch) {
        spool->head.batch = copy;
    }
    if (spool->sought.batch == batch) {
        spool->sought.batch = NULL;
    }
    hw_batch_drop(batch);
}

// What is in flight does not keep what was given up behind it: a slow wire that
// takes a few messages of each batch, while the others are dropped, would keep
// a whole block for each few.
static void
give_back_end(struct hw_spool *spool, struct hw_batch *batch)
{
    uint32_t first = spool->head.batch == batch ? spool->head.at : 0;
    uint32_t end = batch->count;
    struct hw_batch *copy;

    if (batch->gone < batch->count / 4 ||
        spool->next.position < batch->position + batch->count) {
        return;
    }
    while (end > first && hw_spool_is_gone(&batch->messages[end - 1])) {
        end--;
    }
    if (end == first || end > batch->count - batch->count / 4) {
        return;
    }
    copy = hw_batch_copy_first(batch, end);
    if (copy != NULL) { // else it is kept as it is
        put_in_place_of(spool, batch, copy);
    }
}

// A batch that is gone whole is not kept, wherever it is.
static void
let_gone_go(struct hw_spool *spool, struct hw_batch *batch)
{
    hw_spool_skip_gone(spool);
    if (batch->gone < batch->count) {
        give_back_end(spool, batch);
    } else if (batch != spool->head.batch) {
        hw_spool_unlink(spool, batch);
    }
    hw_spool_let_head_go_on(spool);
}

struct hw_spool_sum
hw_spool_take_out(struct hw_spool *spool, const struct hw_spool_mark *mark,
                  hawser_fate fate, hw_spool_left left, void *user)
{
    const struct hawser_message *message = &mark->batch->messages[mark->at];
    struct hw_spool_sum sum = { .messages = 1, .bytes = message->size };

    HW_CHECK(hw_spool_is_counted(message), "only what is counted is taken out");
    if (message->private_tag != 0) {
        left(user, message, fate);
    }
    hw_spool_note_gone(spool, mark->batch, mark->at, 1);
    if (hw_spool_is_waiting(spool, mark)) {
        spool->waiting--;
        spool->waiting_bytes -= message->size;
        hw_spool_forget_key(spool, mark->batch);
    }
    hw_spool_subtract(spool, &sum);
    hw_spool_mark_gone(mark->batch, mark->at);
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

    hw_spool_skip_gone(spool);
    mark = spool->next;
    while (mark.batch != NULL &&
           !hw_spool_is_counted(&mark.batch->messages[mark.at])) {
        hw_spool_move(&mark, 1);
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

        if (message->private_tag == tag && hw_spool_is_counted(message) &&
            mark->position >= spool->head.position) {
            return true;
        }
        if (batch->tagged > 0 && batch->gone < batch->count &&
            mark->at + 1 < batch->count) {
            hw_spool_move(mark, 1);
        } else if (batch != last) {
            hw_spool_skip_to_next_batch(mark);
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

void
hw_spool_step(struct hw_spool_mark *mark)
{
    do {
        hw_spool_move(mark, 1);
    } while (mark->batch != NULL &&
             hw_spool_is_gone(&mark->batch->messages[mark->at]));
}

void
hw_spool_take_out_until(struct hw_spool *spool, struct hw_spool_mark *at,
                        uint64_t position, hawser_fate fate,
                        struct hw_spool_sum *sum, hw_spool_left left,
                        void *user)
{
    while (at->batch != NULL && at->position < position) {
        const struct hw_spool_mark mark = *at;

        hw_spool_step(at);
        if (hw_spool_is_counted(&mark.batch->messages[mark.at])) {
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

    hw_spool_skip_gone(spool);
    at = spool->next; // what waits again
    hw_spool_take_out_until(spool, &at, end, HAWSER_SETTLED, &sum, left, user);
    return sum;
}

// Looked for from what was handed last. false: it has left, or waits again.
static bool
find_in_flight(const struct hw_spool *spool, uint64_t position,
               struct hw_spool_mark *mark)
{
    struct hw_batch *batch =
        spool->next.batch == NULL ? spool->last : spool->next.batch;

    while (batch != NULL && batch->position > position) {
        batch = batch->before;
    }
    if (batch == NULL || position >= batch->position + batch->count ||
        position < spool->head.position || position >= spool->next.position) {
        return false;
    }
    *mark =
        (struct hw_spool_mark){ batch, (uint32_t)(position - batch->position),
                                position };
    return hw_spool_is_counted(&batch->messages[mark->at]);
}

// Each is looked for: what is taken out may move its batch.
struct hw_spool_sum
hw_spool_refuse(struct hw_spool *spool, uint64_t position, uint32_t count,
                hw_spool_left left, void *user)
{
    struct hw_spool_sum sum = { 0 };
    struct hw_spool_mark mark;

    for (uint32_t i = 0; i < count; i++) {
        if (find_in_flight(spool, position + i, &mark)) {
            sum.messages++;
            sum.bytes +=
                hw_spool_take_out(spool, &mark, HAWSER_REFUSED, left, user)
                    .bytes;
        }
    }
    return sum;
}
