// spool_private.h - what the files that know the inside of a spool share.
#ifndef HW_ACTORS_SPOOL_PRIVATE_H
#define HW_ACTORS_SPOOL_PRIVATE_H

#include "actors/spool.h"

static inline bool
hw_spool_is_counted(const struct hawser_message *message)
{
    return message->private_flags == 0;
}

static inline bool
hw_spool_is_gone(const struct hawser_message *message)
{
    return (message->private_flags & HW_MESSAGE_GONE) != 0;
}

// So many messages of the batch have left for good. Whatever takes a message
// out says so here, once.
static inline void
hw_spool_note_gone(struct hw_spool *spool, const struct hw_batch *batch,
                   uint32_t at, uint32_t count)
{
    if (spool->gone != NULL) {
        hw_gone_note(spool->gone, batch, at, count);
    }
}

static inline void
hw_spool_subtract(struct hw_spool *spool, const struct hw_spool_sum *sum)
{
    spool->counted -= sum->messages;
    spool->counted_bytes -= sum->bytes;
}

void
hw_spool_note_expiry(struct hw_spool *spool, const struct hw_batch *batch);

// A key is known while its message waits. Without memory for it, the message
// waits beside a newer one.
void
hw_spool_note_key(struct hw_spool *spool, struct hw_batch *batch);

void
hw_spool_forget_key(struct hw_spool *spool, const struct hw_batch *batch);

// Moves the mark over count messages of its batch.
void
hw_spool_move(struct hw_spool_mark *mark, uint32_t count);

// Behind its batch. What stood between that and the next one may be gone.
void
hw_spool_skip_to_next_batch(struct hw_spool_mark *mark);

// By one, and past what is gone, so that the mark stays valid while what is
// before it is taken out.
void
hw_spool_step(struct hw_spool_mark *mark);

// What is handed on next is not gone.
void
hw_spool_skip_gone(struct hw_spool *spool);

// Nothing points at the batch any more but the list.
void
hw_spool_unlink(struct hw_spool *spool, struct hw_batch *batch);

// Past what need not be kept: what is gone, and copies of standing messages
// that were handed on, since nobody settles them where the application says
// what is settled.
void
hw_spool_let_head_go_on(struct hw_spool *spool);

void
hw_spool_mark_gone(struct hw_batch *batch, uint32_t at);

// Takes out from a mark at what waits, which goes along, to a position.
void
hw_spool_take_out_until(struct hw_spool *spool, struct hw_spool_mark *at,
                        uint64_t position, hawser_fate fate,
                        struct hw_spool_sum *sum, hw_spool_left left,
                        void *user);

#endif
