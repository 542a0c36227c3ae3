// sender.c - owns the write half of each wire.
//
// Hears  WIRE_UP, WIRE_DOWN from the supervisor; MAIL, GREETING_MAIL from the
//        queue; WIRE_WRITABLE, WIRE_PASSED from the port; BARRIER_WANTED,
//        PING_WANTED from the heartbeat.
// Says   WANT, TAKEN, REFUSED, GREETING_TAKEN, PASSED, DOWNGRADE to the queue;
//        DOWNGRADE, STALLED to the supervisor; BARRIER_PASSED to the heartbeat.
// Keeps  one row for each link: the mail that the wire has not taken yet, the
//        barriers that are out, and since when writing makes no progress.
// Never  keeps a message that the wire took, or decides what is sent next.
#include <stdlib.h>
#include <string.h>

#include "actors/roles.h"
#include "base/check.h"
#include "base/deadlines.h"
#include "base/pages.h"
#include "values/batch.h"
#include "values/plan.h"
#include "wire/port.h"

enum {
    ASKED_MAX = 4,  // barriers out at once, by asking anew; chosen
    PROBES_MAX = 2, // unanswered ones that show a peer that can't; chosen
    STALL_LOOKS = 4 // for each write.timeout
};

static const uint64_t NEVER = UINT64_MAX;

// A barrier that is out: what had been taken before it.
struct asked {
    uint64_t number;
    uint64_t position;
    uint64_t at_us;
    uint64_t heard_times; // by then
};

struct row {
    struct hw_plan *plan;   // NULL: no such link
    struct hw_batch *batch; // being handed to the wire; NULL: none
    uint32_t at;            // next message in it
    uint32_t left;
    uint32_t wire;   // 0: none
    bool greeting;   // the batch is not counted
    bool barriers;   // the wire has them
    bool confirming; // the link is confirmed by them
    bool proven;     // the peer has answered one
    uint8_t asked_count;
    uint64_t taken;                // position behind what the wire took
    uint64_t confirmed;            // position behind what has arrived
    uint64_t number;               // of the last barrier
    struct asked asked[ASKED_MAX]; // the oldest first
    uint64_t ask_at_us;            // not before
    uint64_t stall_look_at_ms;     // NEVER: nothing is watched
    uint64_t moved_at_ms;          // when writing last made progress
    uint64_t written;              // by then
};

struct sender {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    struct hw_deadlines looks;
};

// ---- saying ----

static void
say(struct sender *self, unsigned to, unsigned kind, uint32_t link,
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
say_taken(struct sender *self, uint32_t link, uint32_t count)
{
    const struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = row->greeting ? HW_LETTER_GREETING_TAKEN : HW_LETTER_TAKEN,
        .note = row->left == 0,
        .link = link,
        .wire = row->wire,
        .count = count,
        .number = row->taken,
    };

    hw_say(self->seat, HW_QUEUE, &letter);
}

static void
say_refused(struct sender *self, uint32_t link, uint32_t from, uint32_t count)
{
    const struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = HW_LETTER_REFUSED,
        .note = (uint16_t)from,
        .link = link,
        .wire = row->wire,
        .count = count,
        .thing = row->batch,
    };

    hw_batch_hold(row->batch, 1);
    hw_say(self->seat, HW_QUEUE, &letter);
}

// ---- time ----

static uint64_t
confirm_look_at_ms(const struct row *row)
{
    const struct hawser_settings *settings = row->plan->settings;

    if (!row->confirming) {
        return NEVER;
    }
    if (row->asked_count > 0) { // ask anew
        return row->asked[row->asked_count - 1].at_us / 1000 +
               (uint64_t)settings->confirm_timeout;
    }
    // Rounded up, so that it is due then.
    return row->taken > row->confirmed ? (row->ask_at_us + 999) / 1000 : NEVER;
}

static void
look_later(struct sender *self, uint32_t link)
{
    const struct row *row = &self->rows[link];
    uint64_t at = confirm_look_at_ms(row);

    at = at < row->stall_look_at_ms ? at : row->stall_look_at_ms;
    if (at == NEVER) {
        hw_deadlines_clear(&self->looks, link);
    } else {
        hw_deadlines_set(&self->looks, link, at);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

// ---- barriers ----

static void
ask(struct sender *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    uint64_t now_us = self->seat->clock_us(self->seat);
    struct asked *asked;

    if (row->asked_count == ASKED_MAX) {
        // The oldest is kept, for a peer that answers only that.
        memmove(&row->asked[1], &row->asked[2],
                (ASKED_MAX - 2) * sizeof row->asked[0]);
        row->asked_count--;
    }
    asked = &row->asked[row->asked_count++];
    asked->number = ++row->number;
    asked->position = row->taken;
    asked->at_us = now_us;
    asked->heard_times =
        hw_port_heard_times(self->seat->ports, link, row->wire);
    row->ask_at_us =
        now_us + (uint64_t)row->plan->settings->confirm_interval * 1000;
    // A wire that is gone takes it to its grave: WIRE_DOWN is under way.
    (void)hw_port_barrier(self->seat->ports, link, row->wire, asked->number);
}

static void
ask_if_due(struct sender *self, uint32_t link)
{
    const struct row *row = &self->rows[link];

    if (row->confirming && row->asked_count == 0 &&
        row->taken > row->confirmed &&
        self->seat->clock_us(self->seat) >= row->ask_at_us) {
        ask(self, link);
    }
}

// From now on taken is settled; unless confirm.strict would rather have the
// link fail, with nothing settled that was not confirmed.
static void
downgrade(struct sender *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    row->confirming = false;
    row->asked_count = 0;
    if (!row->plan->settings->confirm_strict) {
        say(self, HW_QUEUE, HW_LETTER_DOWNGRADE, link, row->taken);
    }
    say(self, HW_SUPERVISOR, HW_LETTER_DOWNGRADE, link, row->barriers);
}

// The newest barrier was not answered in time. A peer that says other things
// and never answered one does not know how; one that is silent may be dead,
// which is not for us to find out.
static void
ask_anew(struct sender *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    uint64_t heard_times =
        hw_port_heard_times(self->seat->ports, link, row->wire);

    if (!row->proven && row->asked_count >= PROBES_MAX &&
        heard_times > row->asked[0].heard_times) {
        downgrade(self, link);
    } else {
        ask(self, link);
    }
}

static void
on_wire_passed(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;
    struct row *row = &self->rows[letter->link];
    struct asked passed = { 0 };
    uint64_t rtt_us;
    uint8_t count = 0;

    if (row->wire == 0 || row->wire != letter->wire) {
        return;
    }
    // Passing is cumulative: all up to that number.
    while (count < row->asked_count &&
           row->asked[count].number <= letter->number) {
        passed = row->asked[count++];
    }
    if (count == 0) {
        return;
    }
    row->asked_count -= count;
    memmove(&row->asked[0], &row->asked[count],
            row->asked_count * sizeof row->asked[0]);
    row->proven = true;
    rtt_us = self->seat->clock_us(self->seat) - passed.at_us;
    say(self, HW_HEARTBEAT, HW_LETTER_BARRIER_PASSED, letter->link, rtt_us);
    if (passed.number == letter->number) {
        HW_METER_SET(row->plan->meter->rtt_us, (int64_t)rtt_us);
    }
    if (row->confirming && passed.position > row->confirmed) {
        row->confirmed = passed.position;
        say(self, HW_QUEUE, HW_LETTER_PASSED, letter->link, passed.position);
    }
    ask_if_due(self, letter->link);
    look_later(self, letter->link);
}

// ---- writing ----

// Watched from the first write on, until a look finds nothing left to write.
static void
watch_for_stall(struct sender *self, struct row *row)
{
    int64_t timeout_ms = row->plan->settings->write_timeout;

    if (row->stall_look_at_ms == NEVER && timeout_ms >= 0) {
        row->moved_at_ms = self->seat->now_ms;
        row->stall_look_at_ms =
            self->seat->now_ms + (uint64_t)timeout_ms / STALL_LOOKS + 1;
    }
}

static void
look_for_stall(struct sender *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    uint64_t timeout_ms = (uint64_t)row->plan->settings->write_timeout;
    uint64_t now_ms = self->seat->now_ms;
    hawser_gauge gauge = { 0 };

    row->stall_look_at_ms = NEVER;
    if (!hw_port_gauge(self->seat->ports, link, row->wire, &gauge) ||
        (gauge.backlog == 0 && row->batch == NULL)) {
        return;
    }
    if (gauge.written != row->written) {
        row->written = gauge.written;
        row->moved_at_ms = now_ms;
    } else if (now_ms - row->moved_at_ms >= timeout_ms) {
        say(self, HW_SUPERVISOR, HW_LETTER_STALLED, link, 0);
        return;
    }
    row->stall_look_at_ms = now_ms + timeout_ms / STALL_LOOKS + 1;
}

static void
count_bytes(const struct row *row, uint32_t from, uint32_t count)
{
    const struct hw_batch *batch = row->batch;
    uint64_t bytes = batch->payload;

    if (count < batch->count) {
        bytes = 0;
        for (uint32_t i = from; i < from + count; i++) {
            bytes += batch->messages[i].size;
        }
    }
    HW_METER_ADD(row->plan->meter->sent_bytes, bytes);
}

// Greetings are nobody's to be told of: the log has them.
static void
note_refused(struct sender *self, uint32_t link)
{
    const struct row *row = &self->rows[link];
    uint32_t from = 0, count;

    while (!row->greeting &&
           (count = hw_port_refused(self->seat->ports, &from)) > 0) {
        say_refused(self, link, row->at + from, count);
        from += count;
    }
}

static void
note_taken(struct sender *self, uint32_t link, uint32_t count)
{
    struct row *row = &self->rows[link];

    count_bytes(row, row->at, count);
    row->at += count;
    row->left -= count;
    if (!row->greeting) {
        row->taken += count;
    }
    say_taken(self, link, count);
    watch_for_stall(self, row);
    if (row->left == 0) {
        hw_batch_drop(row->batch);
        row->batch = NULL;
    }
}

static void
push(struct sender *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    size_t taken;

    if (row->batch == NULL) {
        return;
    }
    taken = hw_port_send(self->seat->ports, link, row->wire,
                         &row->batch->messages[row->at], row->left);
    if (taken > 0) {
        note_refused(self, link);
        note_taken(self, link, (uint32_t)taken);
    }
    watch_for_stall(self, row);
    ask_if_due(self, link);
    look_later(self, link);
}

static void
take_mail(struct sender *self, const struct hw_letter *letter, bool greeting)
{
    struct row *row = &self->rows[letter->link];

    if (row->wire == 0 || row->wire != letter->wire) {
        hw_batch_drop(letter->thing); // the queue keeps its own hold
        return;
    }
    HW_CHECK(row->batch == NULL, "mail comes when it is wanted");
    row->batch = letter->thing;
    row->at = letter->note;
    row->left = letter->count;
    row->greeting = greeting;
    if (!greeting) {
        row->taken = letter->number;
    }
    push(self, letter->link);
}

static void
on_mail(void *actor, const struct hw_letter *letter)
{
    take_mail(actor, letter, false);
}

static void
on_greeting_mail(void *actor, const struct hw_letter *letter)
{
    take_mail(actor, letter, true);
}

static void
on_wire_writable(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;

    if (self->rows[letter->link].wire == letter->wire) {
        push(self, letter->link);
    }
}

// ---- for the heartbeat ----

// A barrier that is out already asks the same.
static void
on_barrier_wanted(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;
    const struct row *row = &self->rows[letter->link];
    uint64_t timeout_us, now_us = self->seat->clock_us(self->seat);

    if (row->wire == 0 || row->wire != letter->wire || !row->barriers) {
        return;
    }
    timeout_us = (uint64_t)row->plan->settings->confirm_timeout * 1000;
    if (row->asked_count == 0 ||
        now_us - row->asked[row->asked_count - 1].at_us >= timeout_us) {
        ask(self, letter->link);
        look_later(self, letter->link);
    }
}

// While messages wait for room on the wire, a ping behind them says nothing.
static void
on_ping_wanted(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;
    const struct row *row = &self->rows[letter->link];
    struct hawser_message ping = { .kind = HAWSER_TEXT };

    if (row->wire == 0 || row->wire != letter->wire || row->batch != NULL) {
        return;
    }
    ping.bytes = (const uint8_t *)row->plan->settings->ping_message;
    ping.size = (uint32_t)strlen(row->plan->settings->ping_message);
    // One that is not taken is made up for by the next.
    (void)hw_port_send(self->seat->ports, letter->link, row->wire, &ping, 1);
}

// ---- from the supervisor ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;
    struct row *row = &self->rows[letter->link];

    hw_reach_row(&self->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
    row->stall_look_at_ms = NEVER;
}

static void
let_go(struct sender *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->batch != NULL) {
        hw_batch_drop(row->batch);
        row->batch = NULL;
    }
    row->wire = 0;
    row->confirming = false;
    row->asked_count = 0;
    row->stall_look_at_ms = NEVER;
    look_later(self, link);
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;
    struct row *row = &self->rows[letter->link];

    let_go(self, letter->link);
    hw_plan_drop(row->plan);
    row->plan = NULL;
    say(self, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, letter->link, 0);
}

// The first barrier of a wire goes out before anything else: it shows whether
// the peer answers them.
static void
on_wire_up(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;
    struct row *row = &self->rows[letter->link];
    bool wanted = row->plan->settings->confirm == HW_CONFIRM_PEER;

    row->wire = letter->wire;
    row->barriers = letter->note != 0;
    row->confirming = wanted && row->barriers;
    row->proven = false;
    row->taken = 0;
    row->confirmed = 0;
    row->number = 0;
    row->ask_at_us = 0;
    row->written = 0;
    if (row->confirming) {
        ask(self, letter->link);
    }
    say(self, HW_QUEUE, HW_LETTER_WANT, letter->link, 0);
    if (wanted && !row->barriers) {
        downgrade(self, letter->link);
    }
    look_later(self, letter->link);
}

static void
on_wire_down(void *actor, const struct hw_letter *letter)
{
    struct sender *self = actor;

    if (self->rows[letter->link].wire == letter->wire) {
        let_go(self, letter->link);
    }
}

static void
on_wake(void *actor)
{
    struct sender *self = actor;
    uint64_t now_ms = self->seat->now_ms;
    uint32_t link;

    while (hw_deadlines_take(&self->looks, now_ms, &link)) {
        struct row *row = &self->rows[link];

        if (row->stall_look_at_ms <= now_ms) {
            look_for_stall(self, link);
        }
        if (confirm_look_at_ms(row) <= now_ms) {
            if (row->asked_count > 0) {
                ask_anew(self, link);
            } else {
                ask(self, link);
            }
        }
        look_later(self, link);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

static void
leave(void *actor)
{
    struct sender *self = actor;

    for (uint32_t link = 0; self->rows != NULL && link < self->rows_reached;
         link++) {
        struct row *row = &self->rows[link];

        if (row->batch != NULL) {
            hw_batch_drop(row->batch);
        }
        hw_plan_drop(row->plan);
    }
    hw_deadlines_free(&self->looks);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct sender *self = actor;

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

const struct hw_role hw_role_sender = {
    .name = HW_SENDER,
    .size = sizeof(struct sender),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_link_forget,
    .on[HW_LETTER_WIRE_UP] = on_wire_up,
    .on[HW_LETTER_WIRE_DOWN] = on_wire_down,
    .on[HW_LETTER_WIRE_WRITABLE] = on_wire_writable,
    .on[HW_LETTER_WIRE_PASSED] = on_wire_passed,
    .on[HW_LETTER_MAIL] = on_mail,
    .on[HW_LETTER_GREETING_MAIL] = on_greeting_mail,
    .on[HW_LETTER_BARRIER_WANTED] = on_barrier_wanted,
    .on[HW_LETTER_PING_WANTED] = on_ping_wanted,
};
