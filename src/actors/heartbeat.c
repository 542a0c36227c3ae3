// heartbeat.c - decides whether a quiet peer still lives.
//
// Hears  WIRE_UP, WIRE_DOWN from the supervisor; HEARD from the receiver;
//        BARRIER_PASSED from the sender; RESUMED from the door.
// Says   BARRIER_WANTED, PING_WANTED to the sender; HEARD_WANTED to the
//        receiver; SILENT to the supervisor.
// Keeps  one row for each link: when its peer was last heard, and last asked.
// Never  reads or writes a byte, or reads a clock of its own.
//
// There is one clock for all timeouts of a wire: when the peer last showed any
// sign of life. The receiver tells it; nothing else moves it.
#include <stdlib.h>
#include <string.h>

#include "actors/roles.h"
#include "base/deadlines.h"
#include "base/log.h"
#include "base/pages.h"
#include "values/plan.h"

enum { SLEPT_MS = 1000 }; // a look that is later was slept through; chosen

struct row {
    struct hw_plan *plan; // NULL: no such link
    uint64_t heard_at_ms;
    uint64_t asked_at_ms; // UINT64_MAX: no answer is awaited
    uint64_t ask_at_ms;   // when to ask next; UINT64_MAX: never
    uint64_t ping_at_ms;  // likewise, for the application's own ping
    uint32_t wire;        // 0: none
};

struct heartbeat {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    struct hw_deadlines looks;
};

static const uint64_t NEVER = UINT64_MAX;

static void
say(struct heartbeat *self, unsigned to, unsigned kind, uint32_t link,
    unsigned note)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .note = (uint16_t)note,
        .link = link,
        .wire = self->rows[link].wire,
    };

    hw_say(self->seat, to, &letter);
}

static uint64_t
earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

// From then on, after so long; an option that is off is never.
static uint64_t
after(uint64_t from_ms, int64_t wait_ms)
{
    return wait_ms < 0 ? NEVER : from_ms + (uint64_t)wait_ms;
}

static uint64_t
answer_due_at(const struct row *row)
{
    return row->asked_at_ms == NEVER
               ? NEVER
               : after(row->asked_at_ms,
                       row->plan->settings->heartbeat_timeout);
}

static uint64_t
idle_at(const struct row *row)
{
    return after(row->heard_at_ms, row->plan->settings->idle_timeout);
}

// Looks again when the first of all that may be due comes.
static void
look_later(struct heartbeat *self, uint32_t link)
{
    const struct row *row = &self->rows[link];
    uint64_t at = earlier(earlier(row->ask_at_ms, row->ping_at_ms),
                          earlier(answer_due_at(row), idle_at(row)));

    if (at == NEVER) {
        hw_deadlines_clear(&self->looks, link);
    } else {
        hw_deadlines_set(&self->looks, link, at);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

static void
stop_looking(struct heartbeat *self, uint32_t link)
{
    self->rows[link].wire = 0;
    hw_deadlines_clear(&self->looks, link);
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

// ---- letters ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;
    struct row *row = &self->rows[letter->link];

    hw_reach_row(&self->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;
    struct row *row = &self->rows[letter->link];

    stop_looking(self, letter->link);
    hw_plan_drop(row->plan);
    row->plan = NULL;
    say(self, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, letter->link, 0);
}

// A wire without barriers can't be asked: only idle.timeout watches it.
static void
on_wire_up(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;
    struct row *row = &self->rows[letter->link];
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t now = self->seat->now_ms;

    row->wire = letter->wire;
    row->heard_at_ms = now;
    row->asked_at_ms = NEVER;
    row->ask_at_ms =
        letter->note != 0 ? after(now, settings->heartbeat_interval) : NEVER;
    row->ping_at_ms = settings->ping_message[0] != '\0'
                          ? after(now, settings->ping_interval)
                          : NEVER;
    look_later(self, letter->link);
}

static void
on_wire_down(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;

    if (self->rows[letter->link].wire == letter->wire) {
        stop_looking(self, letter->link);
    }
}

static void
note_heard(struct row *row, uint64_t at_ms)
{
    if (at_ms > row->heard_at_ms) {
        row->heard_at_ms = at_ms;
    }
    if (row->asked_at_ms != NEVER && at_ms >= row->asked_at_ms) {
        row->asked_at_ms = NEVER; // it lives, whatever it said
    }
}

static void
on_heard(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;
    struct row *row = &self->rows[letter->link];
    uint64_t now = self->seat->now_ms;

    if (row->wire == 0 || row->wire != letter->wire) {
        return;
    }
    note_heard(row, letter->number);
    if (answer_due_at(row) <= now || idle_at(row) <= now) {
        bool idle = answer_due_at(row) > now;

        say(self, HW_SUPERVISOR, HW_LETTER_SILENT, letter->link, idle);
        stop_looking(self, letter->link);
        return;
    }
    look_later(self, letter->link);
}

// The round trip itself is the sender's to tell; here it is a sign of life.
static void
on_barrier_passed(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;
    struct row *row = &self->rows[letter->link];

    if (row->wire != 0 && row->wire == letter->wire) {
        note_heard(row, self->seat->now_ms);
    }
}

// ---- time ----

static void
ask(struct heartbeat *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t now = self->seat->now_ms;

    if (row->ping_at_ms <= now) {
        row->ping_at_ms = after(now, settings->ping_interval);
        say(self, HW_SENDER, HW_LETTER_PING_WANTED, link, 0);
    }
    if (row->ask_at_ms <= now) {
        row->ask_at_ms = after(now, settings->heartbeat_interval);
        // What is awaited already keeps its time.
        row->asked_at_ms = earlier(row->asked_at_ms, now);
        say(self, HW_SENDER, HW_LETTER_BARRIER_WANTED, link, 0);
    }
}

// A look that comes much too late: the process was stopped, or the machine
// slept. What the peer said meanwhile was not read yet, so it is asked anew.
static void
begin_anew(struct heartbeat *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    row->heard_at_ms = self->seat->now_ms;
    row->asked_at_ms = NEVER;
    if (row->ask_at_ms != NEVER) {
        row->ask_at_ms = self->seat->now_ms;
    }
}

// The machine was suspended, and the clock stood still: nobody knows who is
// still there, so all are asked at once, and have their whole time to answer.
static void
on_resumed(void *actor, const struct hw_letter *letter)
{
    struct heartbeat *self = actor;
    uint64_t now = self->seat->now_ms;

    HW_LOG(3, "the machine was suspended for %llu ms: peers are asked",
           (unsigned long long)letter->number);
    for (uint32_t link = 0; link < self->rows_reached; link++) {
        struct row *row = &self->rows[link];

        if (row->wire == 0) {
            continue;
        }
        row->asked_at_ms = NEVER;
        row->ask_at_ms = row->ask_at_ms == NEVER ? NEVER : now;
        row->ping_at_ms = row->ping_at_ms == NEVER ? NEVER : now;
        look_later(self, link);
    }
}

// The receiver's answer decides what comes of a look.
static void
on_wake(void *actor)
{
    struct heartbeat *self = actor;
    uint64_t when;
    uint32_t link;

    while (hw_deadlines_first(&self->looks, &link, &when) &&
           when <= self->seat->now_ms) {
        hw_deadlines_clear(&self->looks, link);
        if (self->seat->now_ms - when >= SLEPT_MS) {
            begin_anew(self, link);
        }
        ask(self, link);
        say(self, HW_RECEIVER, HW_LETTER_HEARD_WANTED, link, 0);
    }
    self->seat->wake_at_ms = hw_deadlines_next(&self->looks);
}

static void
leave(void *actor)
{
    struct heartbeat *self = actor;

    for (uint32_t link = 0; self->rows != NULL && link < self->rows_reached;
         link++) {
        hw_plan_drop(self->rows[link].plan);
    }
    hw_deadlines_free(&self->looks);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct heartbeat *self = actor;

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

const struct hw_role hw_role_heartbeat = {
    .name = HW_HEARTBEAT,
    .size = sizeof(struct heartbeat),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_link_forget,
    .on[HW_LETTER_WIRE_UP] = on_wire_up,
    .on[HW_LETTER_WIRE_DOWN] = on_wire_down,
    .on[HW_LETTER_HEARD] = on_heard,
    .on[HW_LETTER_BARRIER_PASSED] = on_barrier_passed,
    .on[HW_LETTER_RESUMED] = on_resumed,
};
