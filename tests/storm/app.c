// app.c - what the application does, at bad moments mostly.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "storm.h"
#include "values/settings.h"
#include "values/settles.h"

enum { PAUSE_MAX_US = 200000, READ_MAX_US = 10000000, BURST_MAX = 40 };

static void
wish(struct storm *storm, const struct link *link, unsigned kind)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .link = link->row,
        .wire = link->answer_wire,
    };

    storm_say(storm, HW_SUPERVISOR, &letter);
}

// ---- goodbyes ----

static char *
any_reason(struct storm *storm)
{
    return storm_once_in(storm, 2) ? strdup("bye") : NULL;
}

static void
drain(struct storm *storm, struct link *link, uint64_t in_ms)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_LINK_DRAIN,
        .note = 1001,
        .link = link->row,
        .number = in_ms,
        .thing = any_reason(storm),
    };

    storm_tell(storm, "link %" PRIu32 " is to drain in %" PRIu64 " ms",
               link->id, in_ms);
    link->ending = true;
    link->drain_due_ms = storm_now_ms(storm) + in_ms;
    storm_say(storm, HW_SUPERVISOR, &letter);
}

static void
close_link(struct storm *storm, struct link *link)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_LINK_CLOSE,
        .link = link->row,
        .thing = any_reason(storm),
    };

    storm_tell(storm, "link %" PRIu32 " is to close", link->id);
    link->ending = true;
    link->drain_due_ms = storm_now_ms(storm) + 1; // now, that is
    storm_say(storm, HW_SUPERVISOR, &letter);
}

// ---- answers ----

static void
answer_ask(struct storm *storm, const struct link *link)
{
    struct hw_letter letter = {
        .kind = HW_LETTER_LINK_ANSWER,
        .link = link->row,
        .wire = link->answer_wire,
    };

    if (storm->kind || !storm_once_in(storm, 5)) {
        letter.thing = strdup("x: y\n");
    }
    storm_say(storm, HW_SUPERVISOR, &letter);
}

static void
answer_greeting(struct storm *storm, const struct link *link)
{
    for (uint64_t i = storm_chance(storm, 3); i > 0; i--) {
        link_greet(storm, link);
    }
    if (storm->kind || !storm_once_in(storm, 4)) {
        wish(storm, link, HW_LETTER_LINK_READY);
    } else if (!storm_once_in(storm, 3)) {
        wish(storm, link, HW_LETTER_LINK_REFUSE);
    }
}

static void
answer(struct storm *storm, struct link *link)
{
    if (link->answer_at_us > storm_now_us(storm)) {
        return;
    }
    link->answer_at_us = STORM_NEVER;
    if (link->answer_ask) {
        answer_ask(storm, link);
    } else {
        answer_greeting(storm, link);
    }
}

// ---- reading ----

static void
read_some(struct storm *storm, struct link *link)
{
    struct hw_letter letter = { .kind = HW_LETTER_CREDIT, .link = link->row };

    if (!link->reads_slowly || storm->kind ||
        link->read_at_us <= storm_now_us(storm)) {
        link->read_at_us =
            storm_now_us(storm) + storm_chance(storm, READ_MAX_US);
        link->unread_slack = 2 * CAPACITY_MAX;
        letter.count = (uint32_t)link->unread;
        letter.number = link->unread_bytes;
        link->unread = 0;
        link->unread_bytes = 0;
    }
    letter.note = (uint16_t)link->unread_credit_events;
    link->unread_credit_events = 0;
    if (letter.count > 0 || letter.note > 0) {
        storm_say(storm, HW_RECEIVER, &letter);
    }
}

// In its lane. Those of one key stand where the oldest of them stood.
static bool
all_before_are_said(const struct link *link, uint64_t number)
{
    uint64_t n = link->first_held;
    unsigned lane = link->fates[number].lane;

    while (n < number && (link->fates[n].said || link->fates[n].lane != lane)) {
        n++;
    }
    return n >= number && !link->keyed;
}

// One answer, out of turn as often as not; with all before it where those were
// said one by one already, so that it says no more than is so.
static struct hw_settle
take_answer(struct storm *storm, struct link *link)
{
    uint32_t at = (uint32_t)storm_chance(storm, link->answer_count - 1);
    uint64_t number = link->answers[at];
    bool all_before =
        storm_once_in(storm, 2) && all_before_are_said(link, number);

    link->answers[at] = link->answers[--link->answer_count];
    link->fates[number].said = true;
    return (struct hw_settle){ .tag = number + 1, .all_before = all_before };
}

static void
say_settled(struct storm *storm, struct link *link)
{
    struct hw_letter letter = { .kind = HW_LETTER_SETTLE, .link = link->row };
    uint32_t count = link->answer_count;
    struct hw_settle *said;

    if (count == 0 || (!storm->kind && storm_once_in(storm, 3))) {
        return;
    }
    count = storm->kind ? count : 1 + (uint32_t)storm_chance(storm, count - 1);
    said = calloc(count, sizeof *said);
    if (said == NULL) {
        return; // it says so later
    }
    for (uint32_t i = 0; i < count; i++) {
        said[i] = take_answer(storm, link);
    }
    letter.count = count;
    letter.thing = said;
    storm_say(storm, HW_QUEUE, &letter);
}

static void
go_on_after_block(struct storm *storm, struct link *link)
{
    if (link->blocked && link->room_heard) {
        link->blocked = false;
        atomic_fetch_sub(&link->meter.blocked, 1);
        if (!link->ending && !storm->kind) {
            link_send(storm, link, 3);
        }
    }
}

// ---- deeds ----

static void
burst(struct storm *storm, struct link *link)
{
    if (link->blocked || link->state == HAWSER_FAILED) {
        return;
    }
    if (link->deep && storm_once_in(storm, 4)) {
        link_flood(storm, link);
    } else {
        link_send(storm, link, (uint32_t)storm_chance(storm, BURST_MAX) + 1);
    }
}

static void
do_something(struct storm *storm, struct link *link)
{
    if (link == NULL) {
        link_open(storm);
        return;
    }
    if (link->ending) {
        if (storm_once_in(storm, 10)) {
            close_link(storm, link); // while it drains, or twice
        }
        return;
    }
    switch (storm_chance(storm, 49)) {
    case 0:
        drain(storm, link, storm_chance(storm, 4000));
        break;
    case 1:
        close_link(storm, link);
        break;
    case 2:
    case 3:
        storm_tell(storm, "link %" PRIu32 " is to reconnect", link->id);
        wish(storm, link, HW_LETTER_LINK_RECONNECT);
        break;
    case 4:
    case 5:
        link_standing_add(storm, link);
        break;
    case 6:
        link_standing_remove(storm, link);
        break;
    case 7: // what comes too late, or for another wire
        wish(storm, link,
             storm_once_in(storm, 2) ? HW_LETTER_LINK_READY
                                     : HW_LETTER_LINK_REFUSE);
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        ask_about_any(storm, link, false);
        break;
    case 12:
    case 13:
    case 14:
    case 15:
        ask_about_any(storm, link, true);
        break;
    default:
        burst(storm, link);
        break;
    }
}

// Those are the moments at which something is half done.
void
app_meddle(struct storm *storm, struct link *link)
{
    if (storm->kind || link->ending) {
        return;
    }
    storm->meddled = true;
    switch (storm_chance(storm, 127)) {
    case 0:
    case 1:
    case 2:
        wish(storm, link, HW_LETTER_LINK_RECONNECT);
        break;
    case 3:
        close_link(storm, link);
        break;
    case 4:
        drain(storm, link, storm_chance(storm, 500));
        break;
    default:
        if (storm_once_in(storm, 8)) {
            ask_about_any(storm, link, storm_once_in(storm, 2));
        }
        break;
    }
}

void
app_begin(struct storm *storm)
{
    storm->deed_at_us = storm_now_us(storm);
    link_open(storm);
}

static bool
is_to_be_mended(const struct storm *storm, const struct link *link)
{
    return storm->kind && link->state == HAWSER_FAILED && !link->ending;
}

uint64_t
app_next_us(const struct storm *storm)
{
    uint64_t next = storm->kind ? STORM_NEVER : storm->deed_at_us;

    if (storm->meddled) {
        return 0; // now
    }
    for (unsigned row = 0; row < ROWS; row++) {
        const struct link *link = storm->rows[row];

        if (link == NULL) {
            continue;
        }
        next = link->answer_at_us < next ? link->answer_at_us : next;
        if ((link->blocked && link->room_heard) ||
            link->unread_credit_events > 0 || link->answer_count > 0 ||
            is_to_be_mended(storm, link)) {
            return 0; // now
        }
    }
    return next;
}

// Some still have something to say when the world becomes kind.
static void
calm_down(struct storm *storm)
{
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link != NULL && !link->ending && storm_once_in(storm, 2)) {
            link_send(storm, link, 10);
        }
    }
    storm->calm_due = false;
}

void
app_turn(struct storm *storm)
{
    storm->meddled = false;
    if (storm->calm_due) {
        calm_down(storm);
    }
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link != NULL) {
            read_some(storm, link);
            answer(storm, link);
            say_settled(storm, link);
            go_on_after_block(storm, link);
            if (is_to_be_mended(storm, link)) {
                wish(storm, link, HW_LETTER_LINK_RECONNECT);
            }
        }
    }
    if (!storm->kind && storm->deed_at_us <= storm_now_us(storm)) {
        do_something(storm, storm->rows[storm_chance(storm, ROWS - 1)]);
        storm->deed_at_us =
            storm_now_us(storm) + storm_chance(storm, PAUSE_MAX_US);
    }
}

// ---- the end ----

void
app_calm(struct storm *storm)
{
    storm->calm_due = true;
}

static bool
is_well(const struct link *link)
{
    return link == NULL || (link->state == HAWSER_UP && !link->blocked &&
                            !link->file.trouble && link_held(link) == 0);
}

bool
app_is_well(const struct storm *storm)
{
    if (storm->calm_due) {
        return false;
    }
    for (unsigned row = 0; row < ROWS; row++) {
        if (!is_well(storm->rows[row])) {
            return false;
        }
    }
    return true;
}

void
app_close_all(struct storm *storm)
{
    storm->meddled = true;
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link != NULL && !link->ending) {
            if (storm_once_in(storm, 2)) {
                drain(storm, link, 500);
            } else {
                close_link(storm, link);
            }
        }
    }
}
