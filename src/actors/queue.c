// queue.c - owns what waits to be sent, what is in flight, and their order.
//
// Hears  SEND, SETTLE, WHERE, CANCEL, STANDING_ADD, STANDING_REMOVE, GREET from
//        the door; WANT, TAKEN, REFUSED, PASSED, DOWNGRADE from the sender;
//        GATE, DRAIN from the supervisor; WAKE from its loop.
// Says   MAIL to the sender, when it can take more; GREETED, DRAINED to the
//        supervisor; RECEIPT to the receiver; ROOM, FOUND to the door, and, of
//        links whose messages a file keeps, SPOOL_GONE and SPOOL_CLOSE.
// Keeps  one row for each link: its stock, its standing messages, its gate.
// Never  knows a wire, or when there will be one.
#include <stdlib.h>
#include <string.h>

#include <hawser/inbox.h>

#include "actors/roles.h"
#include "actors/standing.h"
#include "actors/stock.h"
#include "base/check.h"
#include "base/deadlines.h"
#include "base/pages.h"
#include "values/plan.h"
#include "values/settles.h"

struct row {
    struct hw_stock stock; // of a plan that is NULL: no such link
    struct hw_standing standing;
    uint32_t wire; // that the gate is open to
    uint8_t gate;  // enum hw_gate
    bool wanted;   // the sender can take more
    bool greeting; // a greeting is with the sender
    bool greeted;  // said of this wire
    bool draining;
};

struct queue {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    uint32_t leaving; // link of the message that leaves
    // Receipts of it that its last one stands for, and are not said yet.
    uint32_t gathered;
    uint64_t gathered_tag;
    struct hw_deadlines looks;
};

// ---- saying ----

static void
say(struct queue *self, unsigned to, unsigned kind, uint32_t link,
    uint64_t number)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .link = link,
        .wire = self->rows[link].wire,
        .number = number,
    };

    hw_say(self->seat, to, &letter);
}

static void
say_mail(struct queue *self, uint32_t link, unsigned kind,
         struct hw_batch *batch, uint32_t from, uint32_t count,
         uint64_t position)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .note = (uint16_t)from,
        .link = link,
        .wire = self->rows[link].wire,
        .count = count,
        .number = position,
        .thing = batch,
    };

    hw_batch_hold(batch, 1);
    self->rows[link].wanted = false;
    hw_say(self->seat, HW_SENDER, &letter);
}

static void
say_receipts(struct queue *self, hawser_fate fate, uint64_t tag, uint32_t count)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_RECEIPT,
        .note = (uint16_t)fate,
        .link = self->leaving,
        .count = count,
        .number = tag,
    };

    hw_say(self->seat, HW_RECEIVER, &letter);
}

static void
say_gathered(struct queue *self)
{
    if (self->gathered > 0) {
        say_receipts(self, HAWSER_SETTLED, self->gathered_tag, self->gathered);
        self->gathered = 0;
    }
}

// Where receipts may be gathered, those of a run of settled messages are one.
static void
say_receipt(void *user, const struct hawser_message *message, hawser_fate fate)
{
    struct queue *self = user;
    const struct hw_plan *plan = self->rows[self->leaving].stock.plan;

    if (fate == HAWSER_SETTLED && plan->settings->receipts_gather > 0) {
        self->gathered++;
        self->gathered_tag = message->private_tag;
        return;
    }
    say_gathered(self);
    say_receipts(self, fate, message->private_tag, 1);
}

// To the one who keeps the link's file.
static void
say_gone(void *user, uint64_t key, uint64_t count)
{
    struct queue *self = user;
    const struct hw_letter letter = {
        .kind = HW_LETTER_SPOOL_GONE,
        .link = self->leaving,
        .count = (uint32_t)count,
        .number = key,
    };

    hw_say(self->seat, HW_DOOR, &letter);
}

static void
say_room(void *user)
{
    struct queue *self = user;

    say(self, HW_DOOR, HW_LETTER_ROOM, self->leaving, 0);
}

// Hears what becomes of the link's messages, from now until the next is asked
// for.
static struct hw_stock_ear
ear_of(struct queue *self, uint32_t link)
{
    const struct hw_stock *stock = &self->rows[link].stock;
    bool rated = stock->timed && stock->plan->settings->rate_messages > 0;

    self->leaving = link;
    return (struct hw_stock_ear){
        .left = { say_receipt, self, self->seat->now_ms },
        .room = say_room,
        .now_us = rated ? self->seat->clock_us(self->seat) : 0,
    };
}

static void
say_if_drained(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->draining && hw_stock_held(&row->stock) == 0) {
        row->draining = false;
        say(self, HW_SUPERVISOR, HW_LETTER_DRAINED, link, 0);
    }
}

// ---- handing on ----

// What the application greeted with before it said ready comes first.
static bool
hand_greeting(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_batch *batch = hw_standing_next_greeting(&row->standing);

    if (batch != NULL) {
        row->greeting = true;
        say_mail(self, link, HW_LETTER_GREETING_MAIL, batch, 0, 1, 0);
        hw_batch_drop(batch);
    }
    return batch != NULL;
}

static void
hand_standing(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_batch *batch = hw_standing_next(&row->standing);

    if (batch != NULL) {
        row->greeting = true;
        say_mail(self, link, HW_LETTER_GREETING_MAIL, batch, 0, 1, 0);
    }
}

static void
hand_stock(struct queue *self, uint32_t link, const struct hw_stock_ear *ear)
{
    const struct hw_run run = hw_stock_hand(&self->rows[link].stock, ear);

    if (run.count > 0) {
        say_mail(self, link, HW_LETTER_MAIL, run.batch, run.from, run.count,
                 run.number);
    }
}

// When a message expires, or the rate lets the next one pass that did not pass
// at that time.
static uint64_t
look_at_ms(struct queue *self, uint32_t link, uint64_t now_us)
{
    struct row *row = &self->rows[link];
    const struct hawser_settings *settings = row->stock.plan->settings;
    uint64_t at_ms = hw_stock_expires_ms(&row->stock);

    if (row->wanted && row->gate != HW_GATE_SHUT &&
        settings->rate_messages > 0 &&
        hw_stock_allows(&row->stock, now_us) == 0) {
        uint64_t due_ms = hw_rate_due_ms(
            &row->stock.rate, settings->rate_messages, settings->rate_burst);

        at_ms = due_ms < at_ms ? due_ms : at_ms;
    }
    return at_ms;
}

// A link without times and rates never gets here.
static void
look_later(struct queue *self, uint32_t link, uint64_t now_us)
{
    uint64_t at_ms = look_at_ms(self, link, now_us);

    if (at_ms == UINT64_MAX) {
        hw_deadlines_clear(&self->looks, link);
    } else {
        hw_deadlines_set(&self->looks, link, at_ms);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

static void
hand_greetings(struct queue *self, uint32_t link, uint64_t now_us)
{
    struct row *row = &self->rows[link];

    if (hw_stock_allows(&row->stock, now_us) == 0) {
        return;
    }
    if (!hand_greeting(self, link) && row->gate == HW_GATE_REPLAY) {
        hand_standing(self, link);
    }
    if (!row->wanted) { // one went out
        hw_stock_spend(&row->stock, 1, now_us);
    }
}

// At one time, so that what did not pass is looked at later.
static void
hand_on(struct queue *self, uint32_t link)
{
    const struct row *row = &self->rows[link];
    const struct hw_stock_ear ear = ear_of(self, link);

    if (row->wanted && row->gate == HW_GATE_FLOW) {
        hand_stock(self, link, &ear);
    } else if (row->wanted && row->gate != HW_GATE_SHUT) {
        hand_greetings(self, link, ear.now_us);
    }
    if (row->stock.timed) {
        look_later(self, link, ear.now_us);
    }
}

// ---- settling ----

// Something has left, or may leave.
static void
go_on(struct queue *self, uint32_t link)
{
    say_gathered(self);
    say_if_drained(self, link);
    hand_on(self, link);
}

static void
settle(struct queue *self, uint32_t link, uint64_t number)
{
    const struct hw_stock_ear ear = ear_of(self, link);

    hw_stock_settle(&self->rows[link].stock, number, &ear);
    go_on(self, link);
}

// Every greeting was taken, and none waits.
static void
say_if_greeted(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->gate == HW_GATE_REPLAY && !row->greeted && !row->greeting &&
        hw_standing_is_said(&row->standing)) {
        row->greeted = true;
        say(self, HW_SUPERVISOR, HW_LETTER_GREETED, link, 0);
    }
}

// ---- from the door ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    HW_CHECK(row->stock.plan == NULL, "a row serves one link at a time");
    hw_reach_row(&self->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    hw_stock_open(&row->stock, letter->thing,
                  &(struct hw_gone){ .tell = say_gone, .user = self });
}

static void
on_send(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_stock_ear ear;

    if (row->stock.plan == NULL) {
        hw_batch_drop_all(letter->thing);
        return;
    }
    ear = ear_of(self, letter->link);
    hw_stock_add(&row->stock, letter->thing, &ear);
    hand_on(self, letter->link);
}

static void
on_settle(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    if (row->stock.plan != NULL) {
        const struct hw_stock_ear ear = ear_of(self, letter->link);

        hw_stock_settle_said(&row->stock, letter->thing, letter->count, &ear);
        go_on(self, letter->link);
    }
    free(letter->thing);
}

// ---- where is my message? ----

static void
say_found(struct queue *self, const struct hw_letter *question,
          hawser_phase phase, bool taken_out)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_FOUND,
        .note = (uint16_t)phase,
        .link = question->link,
        .count = taken_out,
        .number = question->number,
        .thing = question->thing,
    };

    hw_say(self->seat, HW_DOOR, &letter);
}

static void
on_where(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    say_found(self, letter, hw_stock_where(&row->stock, letter->number), false);
}

static void
on_cancel(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    const struct hw_stock_ear ear = ear_of(self, letter->link);
    hawser_phase phase = hw_stock_cancel(&row->stock, letter->number, &ear);

    say_if_drained(self, letter->link);
    say_found(self, letter, phase, phase == HAWSER_PHASE_WAITING);
}

// ---- standing messages and greetings ----

// On a wire that was greeted already it is also said at once, in its turn.
static void
on_standing_add(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch *batch = letter->thing, *copy = batch->next;

    if (row->stock.plan == NULL) { // it was forgotten meanwhile
        hw_batch_drop_all(batch);
        return;
    }
    hw_standing_add(&row->standing, letter->number, batch);
    if (row->gate != HW_GATE_FLOW) {
        hw_stock_drop_copy(&row->stock, copy);
    } else {
        hw_stock_add_copy(&row->stock, copy);
    }
    hand_on(self, letter->link);
}

static void
on_standing_remove(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch *farewell = letter->thing;

    if (hw_standing_remove(&row->standing, letter->number)) {
        say_if_greeted(self, letter->link);
    }
    if (farewell == NULL) {
        return;
    }
    if (row->stock.plan == NULL) {
        hw_batch_drop(farewell);
        return;
    }
    if (row->gate != HW_GATE_FLOW) {
        hw_stock_drop_copy(&row->stock, farewell);
        return;
    }
    hw_stock_add_copy(&row->stock, farewell);
    hand_on(self, letter->link);
}

static void
on_greet(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    if (row->stock.plan == NULL || row->gate != HW_GATE_TALK ||
        row->wire != letter->wire ||
        !hw_standing_greet(&row->standing, letter->thing)) {
        hw_batch_drop(letter->thing);
        return;
    }
    hand_on(self, letter->link);
}

// ---- from the supervisor ----

static void
shut(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hw_stock_ear ear = ear_of(self, link);

    row->stock.wire = 0;
    hw_stock_rewind(&row->stock, &ear);
    hw_standing_drop_greetings(&row->standing);
    row->greeting = false;
    row->wanted = false;
    if (row->stock.timed) {
        look_later(self, link, ear.now_us);
    }
}

// Of a wire that is not older than the one it knows?
static bool
is_current(const struct row *row, const struct hw_letter *letter)
{
    return row->stock.plan != NULL && (int32_t)(letter->wire - row->wire) >= 0;
}

// Of a wire that it had not heard of; the sender may know of it first.
static void
note_wire(struct queue *self, uint32_t link, uint32_t wire)
{
    struct row *row = &self->rows[link];

    if (row->wire != wire) {
        shut(self, link);
        row->wire = wire;
        row->gate = HW_GATE_SHUT;
        row->greeted = false;
        row->stock.confirm = (uint8_t)row->stock.plan->settings->confirm;
    }
}

static void
on_gate(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    if (!is_current(row, letter)) {
        return;
    }
    note_wire(self, letter->link, letter->wire);
    if (letter->note == row->gate) {
        return;
    }
    row->gate = (uint8_t)letter->note;
    if (row->gate == HW_GATE_SHUT) {
        shut(self, letter->link);
        say_if_drained(self, letter->link);
        return;
    }
    row->stock.wire = row->wire;
    if (row->gate == HW_GATE_REPLAY) {
        hw_standing_begin(&row->standing);
        say_if_greeted(self, letter->link);
    }
    hand_on(self, letter->link);
}

static void
on_drain(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;

    self->rows[letter->link].draining = true;
    say_if_drained(self, letter->link);
}

static uint64_t
forget(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hw_stock_ear ear = ear_of(self, link);
    uint64_t left = hw_stock_close(&row->stock, &ear);

    hw_deadlines_clear(&self->looks, link);
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
    hw_standing_free(&row->standing);
    memset(row, 0, sizeof *row);
    return left;
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    bool durable = self->rows[letter->link].stock.plan->durable;
    uint64_t left = forget(self, letter->link);

    // The link has ended once its file is closed: then the door says so.
    if (durable) {
        say(self, HW_DOOR, HW_LETTER_SPOOL_CLOSE, letter->link, left);
    } else {
        say(self, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, letter->link, left);
    }
}

// ---- from the sender ----

// What it says of an earlier wire comes late: that wire's messages wait again.
static struct row *
row_of_wire(struct queue *self, const struct hw_letter *letter)
{
    struct row *row = &self->rows[letter->link];
    bool late = row->stock.plan == NULL || row->gate == HW_GATE_SHUT ||
                row->wire != letter->wire;

    return late ? NULL : row;
}

// false: it is said of an earlier wire.
static bool
note_wanted(struct queue *self, const struct hw_letter *letter)
{
    struct row *row = &self->rows[letter->link];

    if (!is_current(row, letter)) {
        return false;
    }
    note_wire(self, letter->link, letter->wire);
    row->wanted = true;
    return true;
}

static void
on_want(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;

    if (note_wanted(self, letter)) {
        hand_on(self, letter->link);
    }
}

static void
on_taken(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    const struct row *row = row_of_wire(self, letter);
    bool wanted = letter->note != 0 && note_wanted(self, letter);

    if (row != NULL && row->stock.confirm == HW_CONFIRM_NONE) {
        settle(self, letter->link, letter->number); // and hands on
    } else if (wanted) {
        hand_on(self, letter->link);
    }
}

// Whoever settles: what goes nowhere is waited for by nobody.
static void
on_refused(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = row_of_wire(self, letter);

    if (row != NULL) {
        const struct hw_stock_ear ear = ear_of(self, letter->link);

        hw_stock_refuse(&row->stock, letter->thing, letter->note, letter->count,
                        &ear);
        go_on(self, letter->link);
    }
    hw_batch_drop(letter->thing);
}

static void
on_greeting_taken(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = row_of_wire(self, letter);
    bool wanted = letter->note != 0 && note_wanted(self, letter);

    if (row != NULL) {
        row->greeting = false;
        say_if_greeted(self, letter->link);
    }
    if (wanted) {
        hand_on(self, letter->link);
    }
}

static void
on_passed(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    const struct row *row = row_of_wire(self, letter);

    if (row != NULL && row->stock.confirm != HW_CONFIRM_APPLICATION) {
        settle(self, letter->link, letter->number);
    }
}

// number: what the wire took so far; from now on taken is settled.
static void
on_downgrade(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    if (!is_current(row, letter)) {
        return;
    }
    note_wire(self, letter->link, letter->wire);
    row->stock.confirm = HW_CONFIRM_NONE;
    if (row->gate != HW_GATE_SHUT) {
        settle(self, letter->link, letter->number);
    }
}

static void
on_wake(void *actor)
{
    struct queue *self = actor;
    uint32_t link;

    while (hw_deadlines_take(&self->looks, self->seat->now_ms, &link)) {
        const struct hw_stock_ear ear = ear_of(self, link);

        hw_stock_expire(&self->rows[link].stock, &ear);
        go_on(self, link);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

static void
leave(void *actor)
{
    struct queue *self = actor;

    for (uint32_t link = 0; self->rows != NULL && link < self->rows_reached;
         link++) {
        struct row *row = &self->rows[link];

        if (row->stock.plan != NULL) {
            hw_stock_free(&row->stock);
            hw_standing_free(&row->standing);
        }
    }
    hw_deadlines_free(&self->looks);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct queue *self = actor;

    self->seat = seat;
    self->links_max = (uint32_t)settings->links_max;
    self->rows = hw_pages_take(self->links_max, sizeof *self->rows);
    if (self->rows == NULL ||
        !hw_deadlines_init(&self->looks, self->links_max)) {
        leave(self);
        return HAWSER_NO_MEMORY;
    }
    return HAWSER_OK;
}

const struct hw_role hw_role_queue = {
    .name = HW_QUEUE,
    .size = sizeof(struct queue),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_link_forget,
    .on[HW_LETTER_SEND] = on_send,
    .on[HW_LETTER_SETTLE] = on_settle,
    .on[HW_LETTER_WHERE] = on_where,
    .on[HW_LETTER_CANCEL] = on_cancel,
    .on[HW_LETTER_STANDING_ADD] = on_standing_add,
    .on[HW_LETTER_STANDING_REMOVE] = on_standing_remove,
    .on[HW_LETTER_GREET] = on_greet,
    .on[HW_LETTER_GATE] = on_gate,
    .on[HW_LETTER_DRAIN] = on_drain,
    .on[HW_LETTER_WANT] = on_want,
    .on[HW_LETTER_TAKEN] = on_taken,
    .on[HW_LETTER_REFUSED] = on_refused,
    .on[HW_LETTER_GREETING_TAKEN] = on_greeting_taken,
    .on[HW_LETTER_PASSED] = on_passed,
    .on[HW_LETTER_DOWNGRADE] = on_downgrade,
};
