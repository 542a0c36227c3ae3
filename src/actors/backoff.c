// backoff.c - decides when a lost link may try again.
//
// Hears  RETRY_WANTED, RETRY_FORGET, WIRE_UP, WIRE_DOWN from the supervisor.
// Says   RETRY_SET, RETRY_DUE, RETRY_OVER, STABLE to the supervisor.
// Keeps  one row for each link: how often it tried, and when it is due.
// Never  dials a wire, touches a message, or reads a clock of its own.
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
};

struct backoff {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    struct hw_random random;
    struct hw_deadlines retries;
    struct hw_deadlines stables;
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

static void
arm(struct backoff *self)
{
    uint64_t one = hw_deadlines_next(&self->retries);
    uint64_t other = hw_deadlines_next(&self->stables);

    self->seat->wake_at_ms = one < other ? one : other;
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

// The wait that is told is the wait that is taken. What the peer asked for
// comes on top, or all whom it sent away would return at one moment.
static void
on_retry_wanted(void *actor, const struct hw_letter *letter)
{
    struct backoff *self = actor;
    struct row *row = &self->rows[letter->link];
    const struct hawser_settings *settings = row->plan->settings;
    uint64_t wait = wait_of(settings, row->attempt);
    bool at_ceiling = wait >= (uint64_t)settings->backoff_max;

    row->attempt += row->attempt < UINT32_MAX;
    if (settings->attempts_max >= 0 &&
        row->attempt >= (uint64_t)settings->attempts_max) {
        hw_deadlines_clear(&self->retries, letter->link);
        arm(self);
        say(self, HW_LETTER_RETRY_OVER, letter->link);
        return;
    }
    wait = spread(self, row, wait);
    row->last_wait_ms = wait;
    wait += letter->number;
    hw_deadlines_set(&self->retries, letter->link, self->seat->now_ms + wait);
    arm(self);
    say_set(self, letter->link, wait, at_ceiling);
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
    while (hw_deadlines_take(&self->retries, self->seat->now_ms, &link)) {
        say(self, HW_LETTER_RETRY_DUE, link);
    }
    arm(self);
}

static void
leave(void *actor)
{
    struct backoff *self = actor;

    for (uint32_t link = 0; link < self->rows_reached; link++) {
        hw_plan_drop(self->rows[link].plan);
    }
    hw_deadlines_free(&self->retries);
    hw_deadlines_free(&self->stables);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct backoff *self = actor;

    self->seat = seat;
    self->links_max = (uint32_t)settings->links_max;
    hw_random_init(&self->random, settings->random_seed >= 0
                                      ? (uint64_t)settings->random_seed
                                      : hw_random_seed());
    self->rows = hw_pages_take(self->links_max, sizeof *self->rows);
    if (self->rows == NULL ||
        !hw_deadlines_init(&self->retries, self->links_max) ||
        !hw_deadlines_init(&self->stables, self->links_max)) {
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
    .on[HW_LETTER_RETRY_FORGET] = on_retry_forget,
    .on[HW_LETTER_WIRE_UP] = on_wire_up,
    .on[HW_LETTER_WIRE_DOWN] = on_wire_down,
};
