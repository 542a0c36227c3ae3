// backoff.c - decides when a lost link may try again.
//
// Hears  RETRY_WANTED, DIAL_WANTED, RETRY_FORGET, WIRE_UP, WIRE_DOWN from the
//        supervisor.
// Says   RETRY_SET, DIAL_HELD, RETRY_DUE, RETRY_OVER, STABLE to it.
// Keeps  one row for each link: how often it tried, and when it is due; the
//        line of those whose dial bus.dials_per_second holds back.
// Never  dials a wire, touches a message, or reads a clock of its own.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "actors/rate.h"
#include "actors/roles.h"
#include "base/check.h"
#include "base/deadlines.h"
#include "base/pages.h"
#include "base/random.h"
#include "values/plan.h"

struct row {
    struct hw_plan *plan;  // NULL: no such link
    uint64_t last_wait_ms; // for decorrelated jitter; 0: none yet
    uint32_t attempt;      // dials since the last stable connection
    bool greets;           // what is due is a greeting, not a dial
};

struct backoff {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    struct hw_random random;
    struct hw_deadlines retries;
    struct hw_deadlines stables;
    struct hw_deadlines line; // each by the ticket that it drew
    uint64_t tickets;
    struct hw_rate dials;
    int64_t dials_per_second; // -1: no limit
    int64_t dials_burst;
};

static void
say(struct backoff *self, unsigned kind, uint32_t link)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .link = link,
        .count = self->rows[link].attempt,
    };

    hw_say(self->seat, HW_SUPERVISOR, &letter);
}

static uint64_t
earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

// When the first in line may dial.
static uint64_t
turn_at(const struct backoff *self)
{
    return self->line.count == 0
               ? UINT64_MAX
               : hw_rate_due_ms(&self->dials, self->dials_per_second,
                                self->dials_burst);
}

static void
arm(struct backoff *self)
{
    self->seat->wake_at_ms = earlier(earlier(hw_deadlines_next(&self->retries),
                                             hw_deadlines_next(&self->stables)),
                                     turn_at(self));
}

// ---- the line ----

static void
serve_line(struct backoff *self)
{
    uint64_t now_us = self->seat->now_ms * 1000;
    uint32_t link, taken = 0;
    uint32_t tokens = self->line.count == 0
                          ? 0
                          : hw_rate_tokens(&self->dials, self->dials_per_second,
                                           self->dials_burst, now_us);

    while (taken < tokens &&
           hw_deadlines_take(&self->line, UINT64_MAX, &link)) {
        say(self, HW_LETTER_RETRY_DUE, link);
        taken++;
    }
    if (taken > 0) {
        hw_rate_take(&self->dials, self->dials_per_second, taken, now_us);
    }
}

// How long the last in line will wait.
static uint64_t
line_ms(const struct backoff *self)
{
    uint64_t first_ms = turn_at(self) - self->seat->now_ms;

    return first_ms + (self->line.count - 1) * UINT64_C(1000) /
                          (uint64_t)self->dials_per_second;
}

// The link may dial at once, or joins the line: who came first dials first.
static void
join_line(struct backoff *self, uint32_t link)
{
    if (self->dials_per_second < 0) {
        say(self, HW_LETTER_RETRY_DUE, link);
        return;
    }
    hw_deadlines_set(&self->line, link, ++self->tickets);
    serve_line(self);
    if (hw_deadlines_has(&self->line, link)) {
        const struct hw_letter letter = {
            .kind = HW_LETTER_DIAL_HELD,
            .link = link,
            .count = self->rows[link].attempt,
            .number = line_ms(self),
        };

        hw_say(self->seat, HW_SUPERVISOR, &letter);
    }
}

// ---- how long to wait ----

// min · factor^tried, at most max. In floating point nothing overflows: what is
// too large for it is infinite, and so above max.
static uint64_t
wait_of(const struct hawser_settings *settings, uint32_t tried)
{
    double wait = (double)settings->backoff_min *
                  pow(settings->backoff_factor, (double)tried);
    double max = (double)settings->backoff_max;

    return (uint64_t)(wait < max ? wait : max);
}

static uint64_t
between(struct backoff *self, uint64_t low, uint64_t high)
{
    return low >= high ? high
                       : low + hw_random_up_to(&self->random, high - low);
}

// Every kind but none spreads at each attempt, at the cap too, and never waits
// for nothing: a peer that fails at once is not dialled without a pause.
static uint64_t
spread(struct backoff *self, const struct row *row, uint64_t wait)
{
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t min = (uint64_t)settings->backoff_min;
    uint64_t max = (uint64_t)settings->backoff_max;
    uint64_t high;

    switch (settings->backoff_jitter) {
    case HW_JITTER_PROPORTIONAL:
        return between(self, wait - wait / 5, wait);
    case HW_JITTER_EQUAL:
        return between(self, wait - wait / 2, wait);
    case HW_JITTER_FULL:
        return between(self, 1, wait);
    case HW_JITTER_DECORRELATED:
        high = 3 * (row->last_wait_ms < min ? min : row->last_wait_ms);
        return between(self, min < max ? min : max, high < max ? high : max);
    default:
        return wait;
    }
}

// What the peer asks for, it asks of all whom it sends away: those would return
// at one moment. What comes on top is drawn from nothing up to as much again
// (but for that at most backoff.max), or up to the backoff's own wait if that
// is longer.
static uint64_t
spread_asked(struct backoff *self, const struct row *row, uint64_t asked,
             uint64_t wait)
{
    uint64_t max = (uint64_t)row->plan->settings->backoff_max;
    uint64_t more = asked < max ? asked : max;

    return row->plan->settings->backoff_jitter == HW_JITTER_NONE
               ? asked + wait
               : asked + between(self, 0, wait > more ? wait : more);
}

// ---- letters ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;
    struct row *row = &self->rows[letter->link];

    hw_reach_row(&self->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
}

static void
forget_attempts(struct backoff *self, uint32_t link)
{
    hw_deadlines_clear(&self->retries, link);
    hw_deadlines_clear(&self->stables, link);
    hw_deadlines_clear(&self->line, link);
    self->rows[link].attempt = 0;
    self->rows[link].last_wait_ms = 0;
    arm(self);
}

static void
on_link_forget(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;
    struct row *row = &self->rows[letter->link];

    forget_attempts(self, letter->link);
    hw_plan_drop(row->plan);
    row->plan = NULL;
    say(self, HW_LETTER_LINK_FORGOTTEN, letter->link);
}

static void
say_set(struct backoff *self, uint32_t link, uint64_t wait, bool at_ceiling)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_RETRY_SET,
        .note = at_ceiling,
        .link = link,
        .count = self->rows[link].attempt,
        .number = wait,
    };

    hw_say(self->seat, HW_SUPERVISOR, &letter);
}

// The wait that is told is the wait that is taken.
static void
on_retry_wanted(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;
    struct row *row = &self->rows[letter->link];
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t wait = wait_of(settings, row->attempt);
    bool at_ceiling = wait >= (uint64_t)settings->backoff_max;

    hw_deadlines_clear(&self->line, letter->link);
    row->greets = letter->note != 0;
    row->attempt += row->attempt < UINT32_MAX;
    if (settings->attempts_max >= 0 &&
        row->attempt >= (uint64_t)settings->attempts_max) {
        hw_deadlines_clear(&self->retries, letter->link);
        arm(self);
        say(self, HW_LETTER_RETRY_OVER, letter->link);
        return;
    }
    row->last_wait_ms = spread(self, row, wait);
    wait = letter->number == 0 ? row->last_wait_ms
                               : spread_asked(self, row, letter->number, wait);
    hw_deadlines_set(&self->retries, letter->link, self->seat->now_ms + wait);
    arm(self);
    say_set(self, letter->link, wait, at_ceiling);
}

static void
on_dial_wanted(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;

    hw_deadlines_clear(&self->retries, letter->link);
    join_line(self, letter->link);
    arm(self);
}

static void
on_retry_forget(void *actor, const struct hw_letter *letter)
{
    forget_attempts(actor, letter->link);
}

static void
on_wire_up(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;
    const struct row *row = &self->rows[letter->link];

    hw_deadlines_clear(&self->retries, letter->link);
    hw_deadlines_clear(&self->line, letter->link);
    hw_deadlines_set(&self->stables, letter->link,
                     self->seat->now_ms +
                         (uint64_t)row->plan->settings->stable_after);
    arm(self);
}

static void
on_wire_down(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;

    hw_deadlines_clear(&self->retries, letter->link);
    hw_deadlines_clear(&self->stables, letter->link);
    hw_deadlines_clear(&self->line, letter->link);
    arm(self);
}

static void
on_wake(void *actor)
{
    struct backoff *self = actor;
    uint32_t link;

    while (hw_deadlines_take(&self->stables, self->seat->now_ms, &link)) {
        self->rows[link].attempt = 0;
        self->rows[link].last_wait_ms = 0;
        say(self, HW_LETTER_STABLE, link);
    }
    serve_line(self);
    while (hw_deadlines_take(&self->retries, self->seat->now_ms, &link)) {
        if (self->rows[link].greets) {
            say(self, HW_LETTER_RETRY_DUE, link);
        } else {
            join_line(self, link);
        }
    }
    arm(self);
}

static void
leave(void *actor)
{
    struct backoff *self = actor;

    for (uint32_t link = 0; self->rows != NULL && link < self->rows_reached;
         link++) {
        hw_plan_drop(self->rows[link].plan);
    }
    hw_deadlines_free(&self->retries);
    hw_deadlines_free(&self->stables);
    hw_deadlines_free(&self->line);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct backoff *self = actor;

    self->seat = seat;
    self->links_max = (uint32_t)settings->links_max;
    self->dials_per_second = settings->dials_per_second;
    self->dials_burst = settings->dials_burst;
    hw_random_init(&self->random, settings->random_seed >= 0
                                      ? (uint64_t)settings->random_seed
                                      : hw_random_seed());
    self->rows = hw_pages_take(self->links_max, sizeof *self->rows);
    if (self->rows == NULL ||
        !hw_deadlines_init(&self->retries, self->links_max) ||
        !hw_deadlines_init(&self->stables, self->links_max) ||
        !hw_deadlines_init(&self->line, self->links_max)) {
        leave(self);
        return HAWSER_NO_MEMORY;
    }
    return HAWSER_OK;
}

const struct hw_role hw_role_backoff = {
    .name = HW_BACKOFF,
    .size = sizeof(struct backoff),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_link_forget,
    .on[HW_LETTER_RETRY_WANTED] = on_retry_wanted,
    .on[HW_LETTER_DIAL_WANTED] = on_dial_wanted,
    .on[HW_LETTER_RETRY_FORGET] = on_retry_forget,
    .on[HW_LETTER_WIRE_UP] = on_wire_up,
    .on[HW_LETTER_WIRE_DOWN] = on_wire_down,
};
