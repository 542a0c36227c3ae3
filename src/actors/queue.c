// queue.c - owns what waits to be sent, what is in flight, and their order.
//
// Hears  SEND, STANDING_ADD, STANDING_REMOVE, GREET from the door; WANT, TAKEN,
//        PASSED from the sender; GATE, DRAIN from the supervisor.
// Says   MAIL to the sender, one for each WANT; GREETED, DRAINED to the
//        supervisor; RECEIPT to the receiver; ROOM to the door, and, of links
//        whose messages a file keeps, SPOOL_GONE and SPOOL_CLOSE.
// Keeps  one row for each link: its spool, its standing messages, its gate.
// Never  knows a wire, or when there will be one.
#include <stdlib.h>
#include <string.h>

#include <hawser/inbox.h>

#include "actors/roles.h"
#include "actors/spool.h"
#include "base/check.h"
#include "base/log.h"
#include "values/plan.h"

enum { GREETINGS_MAX = 1024 };

struct standing {
    uint64_t id;
    struct hw_batch *batch; // of one
};

struct row {
    struct hw_plan *plan; // NULL: no such link
    struct hw_spool spool;
    struct standing *standing;
    struct hw_batch *greetings; // the application's, for this wire
    uint32_t standing_count;
    uint32_t standing_room;
    uint32_t replayed; // standing messages handed to this wire
    uint32_t greetings_waiting;
    uint32_t wire;   // that the gate is open to
    uint8_t gate;    // enum hw_gate
    bool wanted;     // the sender can take more
    bool confirming; // settled when passed, not when taken
    bool greeting;   // a greeting is with the sender
    bool greeted;    // said of this wire
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
say_receipt(void *user, const struct hawser_message *message, bool gone)
{
    struct queue *self = user;
    const struct hw_letter letter = {
        .kind = HW_LETTER_RECEIPT,
        .note = gone ? HAWSER_DROPPED : HAWSER_SETTLED,
        .link = self->leaving,
        .number = message->private_tag,
    };

    hw_say(self->seat, HW_RECEIVER, &letter);
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

static void
hand_standing(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->replayed < row->standing_count) {
        row->greeting = true;
        say_mail(self, link, HW_LETTER_GREETING_MAIL,
                 row->standing[row->replayed].batch, 0, 1, 0);
        row->replayed++;
    }
}

static void
hand_greeting(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_batch *batch = row->greetings;

    if (batch != NULL) {
        row->greetings = batch->next;
        row->greetings_waiting--;
        row->greeting = true;
        say_mail(self, link, HW_LETTER_GREETING_MAIL, batch, 0, 1, 0);
        hw_batch_drop(batch);
    }
}

// What is not confirmed is kept: of that there may be as much as of what waits.
static bool
window_is_full(const struct row *row)
{
    const struct hawser_settings *settings = row->plan->settings;

    return row->confirming && (hw_spool_in_flight(&row->spool) >=
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
        hand_greeting(self, link);
        break;
    case HW_GATE_REPLAY:
        // What the application greeted with before it said ready comes first.
        if (row->greetings != NULL) {
            hand_greeting(self, link);
        } else {
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

static void
settle(struct queue *self, uint32_t link, uint64_t position)
{
    struct row *row = &self->rows[link];
    struct hw_spool_sum sum;

    self->leaving = link;
    sum = hw_spool_settle(&row->spool, position, say_receipt, self);
    hw_spool_tell_gone(&row->spool);
    HW_METER_ADD(row->plan->meter->settled, sum.messages);
    release(self, link, sum.messages, sum.bytes);
    count_in_flight(row);
    say_if_drained(self, link);
    hand_on(self, link);
}

// Every greeting was taken, and none waits.
static void
say_if_greeted(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->gate == HW_GATE_REPLAY && !row->greeted && !row->greeting &&
        row->greetings == NULL && row->replayed == row->standing_count) {
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

    HW_CHECK(row->plan == NULL, "a row serves one link at a time");
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
    row->spool.gone = row->plan->durable ? say_gone : NULL;
    row->spool.gone_user = self;
}

static void
drop_down_to_limit(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t max_messages = (uint64_t)settings->spool_max_messages;
    uint64_t max_bytes = (uint64_t)settings->spool_max_bytes;
    uint64_t bytes;

    self->leaving = link;
    while ((row->spool.counted > max_messages ||
            (row->spool.counted_bytes > max_bytes && row->spool.counted > 1)) &&
           hw_spool_drop_oldest(&row->spool, say_receipt, self, &bytes)) {
        HW_METER_ADD(row->plan->meter->dropped, 1);
        release(self, link, 1, bytes);
    }
    hw_spool_tell_gone(&row->spool);
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

        hw_spool_add(&row->spool, batch);
        batch = next;
    }
    if (row->plan->settings->overflow == HW_OVERFLOW_DROP_OLDEST) {
        drop_down_to_limit(self, letter->link);
    }
    hand_on(self, letter->link);
}

static bool
make_room_for_standing(struct row *row)
{
    uint32_t room = row->standing_room == 0 ? 8 : row->standing_room * 2;
    struct standing *larger;

    if (row->standing_count < row->standing_room) {
        return true;
    }
    larger = realloc(row->standing, room * sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    row->standing = larger;
    row->standing_room = room;
    return true;
}

// On a wire that was greeted already it is also said at once, in its turn.
static void
on_standing_add(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch *batch = letter->thing, *copy = batch->next;

    batch->next = NULL;
    if (row->plan == NULL || !make_room_for_standing(row)) {
        HW_LOG(1, "link %u: a standing message is lost: no memory or no link",
               letter->link);
        hw_batch_drop(batch);
        hw_batch_drop(copy);
        return;
    }
    row->standing[row->standing_count].id = letter->number;
    row->standing[row->standing_count].batch = batch;
    row->standing_count++;
    if (row->gate != HW_GATE_FLOW) {
        hw_batch_drop(copy);
        hand_on(self, letter->link);
        return;
    }
    hw_spool_add(&row->spool, copy);
    hand_on(self, letter->link);
}

static void
on_standing_remove(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch *farewell = letter->thing;
    uint32_t at = 0;

    while (at < row->standing_count && row->standing[at].id != letter->number) {
        at++;
    }
    if (at < row->standing_count) {
        hw_batch_drop(row->standing[at].batch);
        row->standing_count--;
        memmove(&row->standing[at], &row->standing[at + 1],
                (row->standing_count - at) * sizeof row->standing[0]);
        row->replayed -= at < row->replayed;
        say_if_greeted(self, letter->link);
    }
    if (farewell == NULL) {
        return;
    }
    if (row->plan == NULL || row->gate != HW_GATE_FLOW) {
        hw_batch_drop(farewell);
        return;
    }
    hw_spool_add(&row->spool, farewell);
    hand_on(self, letter->link);
}

static void
on_greet(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    struct row *row = &self->rows[letter->link];
    struct hw_batch **at = &row->greetings;

    if (row->plan == NULL || row->gate != HW_GATE_TALK ||
        row->wire != letter->wire || row->greetings_waiting == GREETINGS_MAX) {
        hw_batch_drop(letter->thing);
        return;
    }
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = letter->thing;
    row->greetings_waiting++;
    hand_on(self, letter->link);
}

// ---- from the supervisor ----

static void
shut(struct row *row)
{
    uint64_t again = hw_spool_rewind(&row->spool);

    HW_METER_ADD(row->plan->meter->resent, again);
    count_in_flight(row);
    hw_batch_drop_all(row->greetings);
    row->greetings = NULL;
    row->greetings_waiting = 0;
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
        row->confirming = row->plan->settings->confirm == HW_CONFIRM_PEER;
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
        row->replayed = 0;
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

static void
drop_standing(struct row *row)
{
    for (uint32_t i = 0; i < row->standing_count; i++) {
        hw_batch_drop(row->standing[i].batch);
    }
    free(row->standing);
}

static uint64_t
forget(struct queue *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_spool_sum left;

    self->leaving = link;
    left = hw_spool_clear(&row->spool, say_receipt, self);
    if (!row->plan->durable) {
        HW_METER_ADD(row->plan->meter->dropped, left.messages);
    }
    HW_METER_SET(row->plan->meter->in_flight, 0);
    release(self, link, left.messages, left.bytes);
    hw_batch_drop_all(row->greetings);
    drop_standing(row);
    hw_plan_drop(row->plan);
    memset(row, 0, sizeof *row);
    return left.messages;
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct queue *self = actor;
    bool durable = self->rows[letter->link].plan->durable;
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

    if (row != NULL && !row->confirming) {
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

    if (row_of_wire(self, letter) != NULL) {
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
    row->confirming = false;
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
            hw_batch_drop_all(row->greetings);
            drop_standing(row);
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
