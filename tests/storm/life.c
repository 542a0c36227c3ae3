// life.c - a durable link in its next life: what its file kept, and what not.
//
// All that was on the disk is there again, in order and as it was sent; what
// had left is gone if the disk knew of it, and may be sent once more if not;
// and of what was not on the disk yet, the oldest may be there.
#include <inttypes.h>
#include <string.h>

#include "storm.h"
#include "values/batch.h"

// ---- what is loaded ----

static bool
is_as_sent(const struct link *link, const struct hw_batch *batch,
           const hawser_message *message, const struct label *label)
{
    const struct fate *fate;
    uint8_t key = batch->policy.key == NULL
                      ? 0
                      : (uint8_t)(batch->policy.key[0] - 'a' + 1);

    if (label->sort != LABEL_MESSAGE || label->link != link->id ||
        label->number >= link->accepted) {
        return false;
    }
    fate = &link->fates[label->number];
    return message->size == fate->size && batch->policy.lane == fate->lane &&
           key == fate->key && message->private_tag == label->number + 1 &&
           batch->kept_until_ms == fate->expires_at_ms;
}

// Counts from it on, in the order of the queue.
static void
live_again(struct storm *storm, struct link *link, uint64_t number,
           uint64_t key)
{
    struct fate *fate = &link->fates[number];

    if (fate->removed) {
        storm_fault(storm,
                    "link %" PRIu32 " keeps message %" PRIu64
                    ", which the disk knows to be gone",
                    link->id, number);
    }
    *fate = (struct fate){
        .size = fate->size,
        .lane = fate->lane,
        .key = fate->key,
        .expires_at_ms = fate->expires_at_ms,
        .file_key = key,
        .index = link->arrived++,
        .lives = true,
    };
}

static void
look_at_loaded(struct storm *storm, struct link *link,
               const struct hw_batch *batch, uint64_t *next)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const hawser_message *message = &batch->messages[i];
        struct label label;

        if (!ledger_label(message->bytes, message->size, &label) ||
            !is_as_sent(link, batch, message, &label) || label.number < *next ||
            link->fates[label.number].file_key != batch->key + i) {
            storm_fault(storm,
                        "link %" PRIu32 " keeps what nobody sent, at key "
                        "%" PRIu64,
                        link->id, batch->key + i);
            return;
        }
        *next = label.number + 1;
        live_again(storm, link, label.number, batch->key + i);
    }
}

// What is not there has left, or the process ended before it was written.
static void
look_for_lost(struct storm *storm, struct link *link, uint64_t safe_key)
{
    uint64_t lost = UINT64_MAX;

    for (uint64_t n = 0; n < link->accepted; n++) {
        struct fate *fate = &link->fates[n];

        if (fate->lives) {
            if (lost < n) {
                storm_fault(storm,
                            "link %" PRIu32 " keeps message %" PRIu64
                            " and lost %" PRIu64,
                            link->id, n, lost);
            }
        } else if (fate->receipts == 0) {
            if (fate->file_key < safe_key) {
                storm_fault(storm,
                            "link %" PRIu32 " lost message %" PRIu64
                            ", which was on the disk",
                            link->id, n);
            }
            lost = lost < n ? lost : n;
            fate->receipts = 1; // nobody waits for one any more
        }
        link->before += !fate->lives;
        link->before_bytes += fate->lives ? 0 : fate->size;
        fate->lives = false;
    }
}

// By the clock of the storm, as the front does by that of the wall.
static void
set_time_to_live(const struct storm *storm, struct hw_batch *batch)
{
    uint64_t until_ms = batch->kept_until_ms;
    uint64_t now_ms = storm_now_ms(storm);

    batch->policy.ttl_ms = until_ms == 0       ? -1
                           : until_ms > now_ms ? (int64_t)(until_ms - now_ms)
                                               : HW_TTL_OVER;
}

// ---- the next life ----

// What the world and the file know of it stays.
static void
begin_life(struct link *link)
{
    const struct link then = *link;

    memset(link, 0, sizeof *link);
    link->id = then.id;
    link->row = then.row;
    link->plan = then.plan;
    link->confirms = then.confirms;
    link->says = then.says;
    link->drops = then.drops;
    link->tagged = then.tagged;
    link->greets = then.greets;
    link->lanes = then.lanes;
    link->keyed = then.keyed;
    link->timed = then.timed;
    link->deep = then.deep;
    link->reads_slowly = then.reads_slowly;
    link->durable = then.durable;
    link->accepted = then.accepted;
    link->accepted_bytes = then.accepted_bytes;
    link->fates = then.fates;
    link->fate_room = then.fate_room;
    link->file = then.file;
    link->last_standing = then.last_standing;
    link->serial = then.serial;
    link->answer_at_us = STORM_NEVER;
    link->unread_slack = 2 * CAPACITY_MAX;
}

struct hw_batch *
life_begin(struct storm *storm, struct link *link)
{
    uint64_t safe_key = link->file.safe_key;
    struct hw_batch *loaded;
    uint64_t next = 0;

    begin_life(link);
    loaded = disk_open(storm, link);
    for (struct hw_batch *batch = loaded; batch != NULL; batch = batch->next) {
        look_at_loaded(storm, link, batch, &next);
        set_time_to_live(storm, batch);
    }
    look_for_lost(storm, link, safe_key);
    return loaded;
}
