// queue.c - owns what waits to be sent, what is in flight, and their order.
//
// Hears  SEND, SETTLE, WHERE, CANCEL, STANDING_ADD, STANDING_REMOVE, GREET from
//        the door; WANT, TAKEN, PASSED, DOWNGRADE from the sender; GATE, DRAIN
//        from the supervisor.
// Says   MAIL to the sender, one for each WANT; GREETED, DRAINED to the
//        supervisor; RECEIPT to the receiver; ROOM, FOUND to the door.
// Keeps  one row for each link: its spool, its standing messages, its gate.
// Never  knows a wire, or when there will be one.
#include <stdlib.h>
#include <string.h>

#include <hawser/inbox.h>

#include "actors/roles.h"
#include "actors/spool.h"
#include "actors/standing.h"
#include "base/check.h"
#include "base/log.h"
#include "values/plan.h"
#include "values/settles.h"

struct row {
    struct hw_plan *plan; // NULL: no such link
    struct hw_spool spool;
    struct hw_standing standing;
    uint64_t arrived; // messages in all, copies of standing ones aside
    uint32_t wire;    // that the gate is open to
    uint8_t gate;     // enum hw_gate
    uint8_t confirm;  // what settles on this wire: HW_CONFIRM_…
    bool wanted;      // the sender can take more
    bool greeting;    // a greeting is with the sender
    bool greeted;     // said of this wire
    bool draining;
};

struct queue {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t leaving; // link of the message that leaves the spool
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
say_receipt(void *user, const struct hawser_message *message, hawser_fate fate)
{
    struct queue *self = user;
    const struct hw_letter letter = {
        .kind = HW_LETTER_RECEIPT,
        .note = (uint16_t)fate,
        .link = self->leaving,
        .number = message->private_tag,
    };

    hw_say(self->seat, HW_RECEIVER, &letter);
}

// ---- counting ----

static void
release(struct queue *self, uint32_t link, uint64_t messages, uint64_t bytes)
{
    struct hw_meter *meter = self->rows[link].plan->meter;

    HW_METER_ADD(meter->released_messages, messages);
    HW_METER_ADD(meter->released_bytes, bytes);
    if (messages > 0 && hw_meter_blocked(meter)) {
        say(self, HW_DOOR, HW_LETTER_ROOM, link, 0);
    }
}

static void
count_in_flight(struct row *row)
{
    HW_METER_SET(row->plan->meter->in_flight, hw_spool_in_flight(&row->spool));
}

// Not at the link's end: what is given up then was not reached.
static void
count_reached(struct row *row)
{
    HW_METER_SET(row->plan->meter->reached,
                 hw_spool_oldest(&row->spool, row->arrived));
}

static void
say_if_drained(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->draining && row->spool.counted == 0) {
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

// What is not confirmed is kept: of that there may be as much as of what waits.
static bool
window_is_full(const struct row *row)
{
    const struct hawser_settings *settings = row->plan->settings;

    return row->confirm != HW_CONFIRM_NONE &&
           (hw_spool_in_flight(&row->spool) >=
                (uint64_t)settings->spool_max_messages ||
            hw_spool_in_flight_bytes(&row->spool) >=
                (uint64_t)settings->spool_max_bytes);
}

static void
hand_spool(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_batch *batch;
    uint32_t from, count;
    uint64_t position;

    if (window_is_full(row)) {
        return;
    }
    count = hw_spool_hand(&row->spool, &batch, &from, &position);
    if (count > 0) {
        say_mail(self, link, HW_LETTER_MAIL, batch, from, count, position);
        count_in_flight(row);
    }
}

static void
hand_on(struct queue *self, uint32_t link)
{
    const struct row *row = &self->rows[link];

    if (!row->wanted) {
        return;
    }
    switch (row->gate) {
    case HW_GATE_TALK:
        (void)hand_greeting(self, link); // if there is one
        break;
    case HW_GATE_REPLAY:
        if (!hand_greeting(self, link)) {
            hand_standing(self, link);
        }
        break;
    case HW_GATE_FLOW:
        hand_spool(self, link);
        break;
    default:
        break;
    }
}

// ---- settling ----

// The sum has left the spool.
static void
note_settled(struct queue *self, uint32_t link, struct hw_spool_sum sum)
{
    struct row *row = &self->rows[link];

    HW_METER_ADD(row->plan->meter->settled, sum.messages);
    count_reached(row);
    release(self, link, sum.messages, sum.bytes);
    count_in_flight(row);
    say_if_drained(self, link);
    hand_on(self, link);
}

static void
settle(struct queue *self, uint32_t link, uint64_t position)
{
    struct row *row = &self->rows[link];

    self->leaving = link;
    note_settled(self, link,
                 hw_spool_settle(&row->spool, position, say_receipt, self));
}

// What was settled before is said again where an answer came twice.
static struct hw_spool_sum
settle_as_said(struct queue *self, struct row *row,
               const struct hw_settle *said)
{
    struct hw_spool_mark mark;

    if (!hw_spool_find(&row->spool, said->tag, &mark)) {
        return (struct hw_spool_sum){ 0 };
    }
    return said->all_before
               ? hw_spool_settle_up_to(&row->spool, &mark, say_receipt, self)
               : hw_spool_take_out(&row->spool, &mark, HAWSER_SETTLED,
                                   say_receipt, self);
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
add_copy(struct row *row, struct hw_batch *copy)
{
    copy->number = row->arrived;
    hw_spool_add(&row->spool, copy);
}

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    HW_CHECK(row->plan == NULL, "a row serves one link at a time");
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
}

// The sum was given up.
static void
note_dropped(struct queue *self, uint32_t link, struct hw_spool_sum sum)
{
    struct row *row = &self->rows[link];

    HW_METER_ADD(row->plan->meter->dropped, sum.messages);
    count_reached(row);
    release(self, link, sum.messages, sum.bytes);
}

static void
drop_down_to_limit(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t max_messages = (uint64_t)settings->spool_max_messages;
    uint64_t max_bytes = (uint64_t)settings->spool_max_bytes;
    struct hw_spool_sum one = { .messages = 1 };

    self->leaving = link;
    while ((row->spool.counted > max_messages ||
            (row->spool.counted_bytes > max_bytes && row->spool.counted > 1)) &&
           hw_spool_drop_oldest(&row->spool, say_receipt, self, &one.bytes)) {
        note_dropped(self, link, one);
    }
}

static void
on_send(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch *batch = letter->thing;

    if (row->plan == NULL) {
        hw_batch_drop_all(batch);
        return;
    }
    while (batch != NULL) {
        struct hw_batch *next = batch->next;

        batch->number = row->arrived;
        row->arrived += batch->count;
        hw_spool_add(&row->spool, batch);
        batch = next;
    }
    if (row->plan->settings->overflow == HW_OVERFLOW_DROP_OLDEST) {
        drop_down_to_limit(self, letter->link);
    }
    hand_on(self, letter->link);
}

static void
on_settle(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    const struct hw_settle *said = letter->thing;
    struct hw_spool_sum sum = { 0 };

    if (row->plan != NULL) {
        self->leaving = letter->link;
        for (uint32_t i = 0; i < letter->count; i++) {
            struct hw_spool_sum one = settle_as_said(self, row, &said[i]);

            sum.messages += one.messages;
            sum.bytes += one.bytes;
        }
        note_settled(self, letter->link, sum);
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

static hawser_phase
find(struct row *row, uint64_t tag, struct hw_spool_mark *mark)
{
    if (row->plan == NULL || !hw_spool_find(&row->spool, tag, mark)) {
        return HAWSER_PHASE_GONE;
    }
    return hw_spool_is_waiting(&row->spool, mark) ? HAWSER_PHASE_WAITING
                                                  : HAWSER_PHASE_IN_FLIGHT;
}

static void
on_where(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct hw_spool_mark mark;

    say_found(self, letter,
              find(&self->rows[letter->link], letter->number, &mark), false);
}

static void
on_cancel(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_spool_mark mark;
    hawser_phase phase = find(row, letter->number, &mark);

    if (phase == HAWSER_PHASE_WAITING) {
        self->leaving = letter->link;
        note_dropped(self, letter->link,
                     hw_spool_take_out(&row->spool, &mark, HAWSER_DROPPED,
                                       say_receipt, self));
        say_if_drained(self, letter->link);
    }
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

    batch->next = NULL;
    if (row->plan == NULL ||
        !hw_standing_add(&row->standing, letter->number, batch)) {
        HW_LOG(1, "link %u: a standing message is lost: no memory or no link",
               letter->link);
        hw_batch_drop(batch);
        hw_batch_drop(copy);
        return;
    }
    if (row->gate != HW_GATE_FLOW) {
        hw_batch_drop(copy);
        hand_on(self, letter->link);
        return;
    }
    add_copy(row, copy);
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
    if (row->plan == NULL || row->gate != HW_GATE_FLOW) {
        hw_batch_drop(farewell);
        return;
    }
    add_copy(row, farewell);
    hand_on(self, letter->link);
}

static void
on_greet(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    if (row->plan == NULL || row->gate != HW_GATE_TALK ||
        row->wire != letter->wire ||
        !hw_standing_greet(&row->standing, letter->thing)) {
        hw_batch_drop(letter->thing);
        return;
    }
    hand_on(self, letter->link);
}

// ---- from the supervisor ----

static void
shut(struct row *row)
{
    uint64_t again = hw_spool_rewind(&row->spool);

    HW_METER_ADD(row->plan->meter->resent, again);
    count_in_flight(row);
    hw_standing_drop_greetings(&row->standing);
    row->greeting = false;
    row->wanted = false;
}

// Of a wire that is not older than the one it knows?
static bool
is_current(const struct row *row, const struct hw_letter *letter)
{
    return row->plan != NULL && (int32_t)(letter->wire - row->wire) >= 0;
}

// Of a wire that it had not heard of; the sender may know of it first.
static void
note_wire(struct row *row, uint32_t wire)
{
    if (row->wire != wire) {
        shut(row);
        row->wire = wire;
        row->gate = HW_GATE_SHUT;
        row->greeted = false;
        row->confirm = (uint8_t)row->plan->settings->confirm;
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
    note_wire(row, letter->wire);
    if (letter->note == row->gate) {
        return;
    }
    row->gate = (uint8_t)letter->note;
    if (row->gate == HW_GATE_SHUT) {
        shut(row);
        say_if_drained(self, letter->link);
        return;
    }
    if (row->gate == HW_GATE_REPLAY) {
        row->standing.replayed = 0;
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
    struct hw_spool_sum left;

    self->leaving = link;
    left = hw_spool_clear(&row->spool, say_receipt, self);
    HW_METER_ADD(row->plan->meter->dropped, left.messages);
    HW_METER_SET(row->plan->meter->in_flight, 0);
    release(self, link, left.messages, left.bytes);
    hw_standing_free(&row->standing);
    hw_plan_drop(row->plan);
    memset(row, 0, sizeof *row);
    return left.messages;
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    uint64_t left = forget(self, letter->link);

    say(self, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, letter->link, left);
}

// ---- from the sender ----

// What it says of an earlier wire comes late: that wire's messages wait again.
static struct row *
row_of_wire(struct queue *self, const struct hw_letter *letter)
{
    struct row *row = &self->rows[letter->link];
    bool late = row->plan == NULL || row->gate == HW_GATE_SHUT ||
                row->wire != letter->wire;

    return late ? NULL : row;
}

static void
on_want(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];

    if (is_current(row, letter)) {
        note_wire(row, letter->wire);
        row->wanted = true;
        hand_on(self, letter->link);
    }
}

static void
on_taken(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = row_of_wire(self, letter);

    if (row != NULL && row->confirm == HW_CONFIRM_NONE) {
        settle(self, letter->link, letter->number);
    }
}

static void
on_greeting_taken(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = row_of_wire(self, letter);

    if (row != NULL) {
        row->greeting = false;
        say_if_greeted(self, letter->link);
    }
}

static void
on_passed(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    const struct row *row = row_of_wire(self, letter);

    if (row != NULL && row->confirm != HW_CONFIRM_APPLICATION) {
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
    note_wire(row, letter->wire);
    row->confirm = HW_CONFIRM_NONE;
    if (row->gate != HW_GATE_SHUT) {
        settle(self, letter->link, letter->number);
    }
}

static void
leave(void *actor)
{
    struct queue *self = actor;

    for (uint32_t link = 0; link < self->links_max; link++) {
        struct row *row = &self->rows[link];

        if (row->plan != NULL) {
            hw_batch_drop_all(row->spool.first);
            hw_standing_free(&row->standing);
            hw_plan_drop(row->plan);
        }
    }
    free(self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct queue *self = actor;

    self->seat = seat;
    self->links_max = (uint32_t)settings->links_max;
    self->rows = calloc(self->links_max, sizeof *self->rows);
    return self->rows == NULL ? HAWSER_NO_MEMORY : HAWSER_OK;
}

const struct hw_role hw_role_queue = {
    .name = HW_QUEUE,
    .size = sizeof(struct queue),
    .sit = sit,
    .leave = leave,
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
    .on[HW_LETTER_GREETING_TAKEN] = on_greeting_taken,
    .on[HW_LETTER_PASSED] = on_passed,
    .on[HW_LETTER_DOWNGRADE] = on_downgrade,
};
