// standing.c - what the application has said on every wire, and greets with.
#include <stdlib.h>
#include <string.h>

#include "storm.h"
#include "values/batch.h"

static struct hw_batch *
batch_of(uint32_t sort, const struct link *link, uint64_t number, uint8_t flags)
{
    uint8_t bytes[sizeof(struct label) + 64] = { 0 };
    hawser_message message = ledger_message(bytes, sort, link, number, 64);
    struct hw_batch *batch = hw_batch_new(hw_batch_room(sizeof bytes));

    if (batch == NULL) {
        abort(); // a storm needs memory
    }
    message.private_flags = flags;
    (void)hw_batch_add(batch, &message); // made to measure: it fits
    return batch;
}

void
link_standing_add(struct storm *storm, struct link *link)
{
    struct standing_message *standing = &link->standing[link->standing_count];
    struct hw_letter letter = { .kind = HW_LETTER_STANDING_ADD,
                                .link = link->row };
    unsigned state = HW_METER_GET(link->meter.state);
    struct hw_batch *batch;

    if (link->standing_count == STANDING_MAX) {
        return;
    }
    link->standing_count++;
    standing->id = ++link->last_standing;
    standing->added_before_wire = (uint64_t)link->wire + 1;
    if (state == HAWSER_UP || state == HAWSER_DRAINING) {
        link->copies_sent = true;
    }
    batch = batch_of(LABEL_STANDING, link, standing->id, 0);
    batch->next =
        batch_of(LABEL_STANDING, link, standing->id, HW_MESSAGE_STANDING);
    letter.number = standing->id;
    letter.thing = batch;
    storm_say(storm, HW_QUEUE, &letter);
}

void
link_standing_remove(struct storm *storm, struct link *link)
{
    struct hw_letter letter = { .kind = HW_LETTER_STANDING_REMOVE,
                                .link = link->row };
    uint32_t at;

    if (link->standing_count == 0) {
        return;
    }
    at = (uint32_t)storm_chance(storm, link->standing_count - 1);
    letter.number = link->standing[at].id;
    if (storm_once_in(storm, 2)) {
        link->copies_sent = true; // a farewell is such a copy too
        letter.thing =
            batch_of(LABEL_FAREWELL, link, letter.number, HW_MESSAGE_STANDING);
    }
    link->standing_count--;
    memmove(&link->standing[at], &link->standing[at + 1],
            (link->standing_count - at) * sizeof link->standing[0]);
    storm_say(storm, HW_QUEUE, &letter);
}

void
link_greet(struct storm *storm, const struct link *link)
{
    struct hw_letter letter = { .kind = HW_LETTER_GREET,
                                .link = link->row,
                                .wire = link->answer_wire };

    letter.thing = batch_of(LABEL_GREETING, link, 0, 0);
    storm_say(storm, HW_QUEUE, &letter);
}
