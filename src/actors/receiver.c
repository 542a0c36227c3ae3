// receiver.c - owns the read half of each wire.
//
// Hears  WIRE_RECEIVED from the port; WIRE_UP, WIRE_DOWN, EVENT from the
//        supervisor; RECEIPT from the queue and the door; LINK_OPEN, CREDIT,
//        INBOX_OPEN, INBOX_CLOSE from the door; HEARD_WANTED from the
//        heartbeat; WAKE from its loop.
// Says   DELIVER, EVENT, EVENTS_MISSED, RECEIPT, INBOX_CLOSED to the inboxes;
//        HEARD to the heartbeat.
// Keeps  one row for each link: what its application has not read yet, receipts
//        that are gathered, and whether the wire is listened to; the mailboxes
//        to the inboxes.
// Never  looks into a message, or keeps one that the application may have.
#include <stdlib.h>
#include <string.h>

#include <hawser/inbox.h>

#include "actors/roles.h"
#include "base/check.h"
#include "base/deadlines.h"
#include "base/pages.h"
#include "post/mailbox.h"
#include "values/batch.h"
#include "values/plan.h"
#include "values/report.h"
#include "wire/port.h"

enum {
    INBOXES = 64,
    EVENTS_UNREAD_MAX = 256, // of a link, before events are left out; chosen
};

struct row {
    struct hw_plan *plan;   // NULL: no such link
    struct hw_batch *early; // came before the wire was known; in order
    struct hw_batch *early_last;
    uint32_t early_wire; // that it came on
    uint64_t unread;     // messages given to the inbox
    uint64_t unread_bytes;
    uint64_t resumed_at_ms; // when the wire was listened to again
    uint32_t unread_events;
    uint32_t missed_events;
    struct hw_letter held; // the newest event, of a reader that is too slow
    bool holds;
    uint32_t gathered;     // receipts that wait for later ones
    uint64_t gathered_tag; // of the last of them
    uint32_t wire;         // the last that it was told to serve
    bool served;           // it is there
    bool deaf;             // the wire is not listened to
};

struct receiver {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    struct hw_mailbox *inboxes[INBOXES];
    struct hw_deadlines gathers; // of links with gathered receipts
};

// ---- saying ----

static void
say_to_inbox(struct receiver *self, const struct row *row,
             const struct hw_letter *letter)
{
    hw_mailbox_say(self->inboxes[row->plan->inbox], letter);
}

static void
deliver(struct receiver *self, uint32_t link, struct hw_batch *batch)
{
    struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = HW_LETTER_DELIVER,
        .link = link,
        .wire = row->wire,
        .thing = batch,
    };

    row->unread += batch->count;
    row->unread_bytes += batch->payload;
    HW_METER_ADD(row->plan->meter->received, batch->count);
    HW_METER_ADD(row->plan->meter->received_bytes, batch->payload);
    say_to_inbox(self, row, &letter);
}

// ---- listening ----

static bool
is_full(const struct row *row)
{
    const struct hawser_settings *settings = row->plan->settings;

    return row->unread >= (uint64_t)settings->receive_max_messages ||
           row->unread_bytes >= (uint64_t)settings->receive_max_bytes;
}

static bool
has_room_again(const struct row *row)
{
    const struct hawser_settings *settings = row->plan->settings;

    return row->unread <= (uint64_t)settings->receive_max_messages / 2 &&
           row->unread_bytes <= (uint64_t)settings->receive_max_bytes / 2;
}

static void
listen_as_room_allows(struct receiver *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (!row->served) {
        return;
    }
    if (!row->deaf && is_full(row)) {
        row->deaf = true;
        hw_port_listen(self->seat->ports, link, false);
    } else if (row->deaf && has_room_again(row)) {
        row->deaf = false;
        row->resumed_at_ms = self->seat->now_ms;
        hw_port_listen(self->seat->ports, link, true);
    }
}

// ---- from the port ----

static void
drop_early(struct row *row)
{
    hw_batch_drop_all(row->early);
    row->early = NULL;
}

static void
keep_early(struct row *row, struct hw_batch *batch, uint32_t wire)
{
    if (row->early_wire != wire) {
        drop_early(row);
        row->early_wire = wire;
    }
    batch->next = NULL;
    if (row->early == NULL) {
        row->early = batch;
    } else {
        row->early_last->next = batch;
    }
    row->early_last = batch;
}

// What a peer says right away may be here before the supervisor's word that its
// wire is up; it waits for that, so that the application hears of the wire
// first. What an earlier wire brought is late.
static void
on_wire_received(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch *batch = letter->thing;

    if (row->plan == NULL || (int32_t)(letter->wire - row->wire) < 0) {
        hw_batch_drop(batch);
    } else if (letter->wire != row->wire) {
        keep_early(row, batch, letter->wire);
    } else {
        deliver(self, letter->link, batch);
        listen_as_room_allows(self, letter->link);
    }
}

// ---- from the supervisor ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];

    hw_reach_row(&self->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
}

// The held event is left out: a newer one takes its place.
static void
drop_held(struct row *row)
{
    if (row->holds) {
        row->holds = false;
        hw_report_drop(row->held.thing);
    }
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];
    const struct hw_letter forgotten = {
        .kind = HW_LETTER_LINK_FORGOTTEN,
        .link = letter->link,
    };

    drop_early(row);
    drop_held(row);
    hw_deadlines_clear(&self->gathers, letter->link);
    hw_plan_drop(row->plan);
    memset(row, 0, sizeof *row);
    hw_say(self->seat, HW_SUPERVISOR, &forgotten);
}

static void
deliver_early(struct receiver *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_batch *batch = row->early;

    if (row->early_wire != row->wire) {
        drop_early(row); // of a wire that was given up before it was known
        return;
    }
    row->early = NULL;
    while (batch != NULL) {
        struct hw_batch *next = batch->next;

        deliver(self, link, batch);
        batch = next;
    }
}

static void
on_wire_up(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];

    row->wire = letter->wire;
    row->served = true;
    row->deaf = false; // a new wire is listened to
    row->resumed_at_ms = 0;
    deliver_early(self, letter->link);
    listen_as_room_allows(self, letter->link);
}

static void
on_wire_down(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];

    if (row->wire == letter->wire) {
        row->served = false;
        row->deaf = false;
    }
}

// Before anything that is told of the link but its messages.
static void
say_gathered(struct receiver *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = HW_LETTER_RECEIPT,
        .note = HAWSER_SETTLED,
        .link = link,
        .count = row->gathered,
        .number = row->gathered_tag,
    };

    if (row->gathered > 0) {
        row->gathered = 0;
        hw_deadlines_clear(&self->gathers, link);
        say_to_inbox(self, row, &letter);
    }
}

static void
say_missed(struct receiver *self, struct row *row, uint32_t link)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_EVENTS_MISSED,
        .link = link,
        .count = row->missed_events,
    };

    if (row->missed_events > 0) {
        row->missed_events = 0;
        say_to_inbox(self, row, &letter);
    }
}

static void
say_event(struct receiver *self, struct row *row,
          const struct hw_letter *letter)
{
    row->unread_events++;
    say_missed(self, row, letter->link);
    say_to_inbox(self, row, letter);
}

// Of a reader that does not read its events the newest is held back until it
// does, and what came before that is left out: it learns how things stand, and
// how much it missed. The last event of all always comes.
static void
on_event(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];
    bool last = (letter->note & HW_EVENT_STATE_MASK) == HAWSER_CLOSED;

    if (row->plan == NULL) {
        hw_report_drop(letter->thing);
        return;
    }
    say_gathered(self, letter->link);
    row->missed_events += row->holds;
    drop_held(row);
    if (row->unread_events >= EVENTS_UNREAD_MAX && !last) {
        row->held = *letter;
        row->holds = true;
    } else {
        say_event(self, row, letter);
    }
}

static void
say_held(struct receiver *self, struct row *row)
{
    if (row->holds && row->unread_events < EVENTS_UNREAD_MAX) {
        row->holds = false;
        say_event(self, row, &row->held);
    }
}

// ---- from the queue and the door ----

// A quarter of what may be unread is worth telling.
static void
gather(struct receiver *self, const struct hw_letter *letter)
{
    struct row *row = &self->rows[letter->link];
    const struct hawser_settings *settings = row->plan->settings;

    if (row->gathered == 0) {
        hw_deadlines_set(&self->gathers, letter->link,
                         self->seat->now_ms +
                             (uint64_t)settings->receipts_gather);
    }
    row->gathered += letter->count;
    row->gathered_tag = letter->number;
    if (row->gathered >= (uint64_t)settings->receipts_max / 4) {
        say_gathered(self, letter->link);
    }
}

static void
on_receipt(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    const struct row *row = &self->rows[letter->link];

    if (row->plan == NULL) {
        return;
    }
    if (letter->note == HAWSER_SETTLED &&
        row->plan->settings->receipts_gather > 0) {
        gather(self, letter);
    } else {
        say_gathered(self, letter->link);
        say_to_inbox(self, row, letter);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->gathers);
}

static void
on_wake(void *actor)
{
    struct receiver *self = actor;
    uint32_t link;

    while (hw_deadlines_take(&self->gathers, self->seat->now_ms, &link)) {
        say_gathered(self, link);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->gathers);
}

static uint64_t
minus(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

static void
on_credit(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    struct row *row = &self->rows[letter->link];

    if (row->plan == NULL) {
        return;
    }
    row->unread = minus(row->unread, letter->count);
    row->unread_bytes = minus(row->unread_bytes, letter->number);
    row->unread_events = (uint32_t)minus(row->unread_events, letter->note);
    say_held(self, row);
    listen_as_room_allows(self, letter->link);
}

static void
on_inbox_open(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;

    HW_CHECK(letter->count < INBOXES && self->inboxes[letter->count] == NULL,
             "an inbox has a number of its own");
    self->inboxes[letter->count] = letter->thing;
}

// Its links were closed before.
static void
on_inbox_close(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    const struct hw_letter closed = {
        .kind = HW_LETTER_INBOX_CLOSED,
        .thing = self->inboxes[letter->count],
    };

    self->inboxes[letter->count] = NULL;
    hw_mailbox_say(closed.thing, &closed);
}

// ---- from the heartbeat ----

// Who does not listen can't tell silence from death: it answers "now". Of a
// peer that it listens to again, nothing older than that moment is held against
// it.
static void
on_heard_wanted(void *actor, const struct hw_letter *letter)
{
    struct receiver *self = actor;
    const struct row *row = &self->rows[letter->link];
    struct hw_letter heard = {
        .kind = HW_LETTER_HEARD,
        .link = letter->link,
        .wire = letter->wire,
    };

    if (row->plan == NULL) {
        return;
    }
    heard.number =
        hw_port_heard_at(self->seat->ports, letter->link, letter->wire);
    if (row->deaf) {
        heard.number = self->seat->now_ms;
    } else if (heard.number < row->resumed_at_ms) {
        heard.number = row->resumed_at_ms;
    }
    hw_say(self->seat, HW_HEARTBEAT, &heard);
}

static void
leave(void *actor)
{
    struct receiver *self = actor;

    for (uint32_t link = 0; link < self->rows_reached; link++) {
        hw_batch_drop_all(self->rows[link].early);
        drop_held(&self->rows[link]);
        hw_plan_drop(self->rows[link].plan);
    }
    for (unsigned i = 0; i < INBOXES; i++) {
        hw_mailbox_close(self->inboxes[i]);
    }
    hw_deadlines_free(&self->gathers);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct receiver *self = actor;

    self->seat = seat;
    self->rows_reached = 0; // as it began
    self->links_max = (uint32_t)settings->links_max;
    self->rows = hw_pages_take(self->links_max, sizeof *self->rows);
    if (self->rows == NULL ||
        !hw_deadlines_init(&self->gathers, self->links_max)) {
        leave(self);
        return HAWSER_NO_MEMORY;
    }
    return HAWSER_OK;
}

const struct hw_role hw_role_receiver = {
    .name = HW_RECEIVER,
    .size = sizeof(struct receiver),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_link_forget,
    .on[HW_LETTER_WIRE_UP] = on_wire_up,
    .on[HW_LETTER_WIRE_DOWN] = on_wire_down,
    .on[HW_LETTER_WIRE_RECEIVED] = on_wire_received,
    .on[HW_LETTER_EVENT] = on_event,
    .on[HW_LETTER_RECEIPT] = on_receipt,
    .on[HW_LETTER_CREDIT] = on_credit,
    .on[HW_LETTER_INBOX_OPEN] = on_inbox_open,
    .on[HW_LETTER_INBOX_CLOSE] = on_inbox_close,
    .on[HW_LETTER_HEARD_WANTED] = on_heard_wanted,
};
