// lanes.c - the spools of a link, one for each priority, and whose turn it is.
#include "actors/lanes.h"

#include <stdlib.h>

#include <hawser/link.h>

#include "base/check.h"

enum { RUNS_MAX = 4096 }; // in flight; beyond that a lane waits for another's

// What was handed of one lane in one go.
struct run {
    uint64_t number;   // behind the last of it
    uint64_t position; // in its lane, behind the last
    unsigned lane;
};

struct hw_more_lanes {
    struct hw_spool spools[HW_LANES - 1];
    uint32_t credits[HW_LANES]; // messages that are left of its turn
    uint64_t number;            // of what is handed next
    struct run *runs;           // a ring
    uint32_t room;
    uint32_t first;
    uint32_t count;
};

// The highest first; how many messages each may hand on in a round of turns.
static const struct {
    unsigned lane;
    uint32_t credit;
} turns[HW_LANES] = {
    { HAWSER_HIGH, 256 },
    { HAWSER_NORMAL, 64 },
    { HAWSER_LOW, 16 },
};

_Static_assert(HAWSER_NORMAL == 0, "the lane that every link has");

struct hw_spool *
hw_lanes_spool(struct hw_lanes *lanes, unsigned lane)
{
    HW_CHECK(lanes != NULL, "each link has its lanes");
    if (lane == HAWSER_NORMAL) {
        return &lanes->normal;
    }
    return lanes->more == NULL ? NULL : &lanes->more->spools[lane - 1];
}

// ---- runs ----

static bool
make_room_for_run(struct hw_more_lanes *more)
{
    uint32_t room = more->room == 0 ? 16 : more->room * 2;
    struct run *larger;

    if (more->count < more->room) {
        return true;
    }
    larger = room > RUNS_MAX ? NULL : calloc(room, sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    HW_CHECK(more->count <= more->room, "there is room for what is there");
    for (uint32_t i = 0; more->room > 0 && i < more->count; i++) {
        larger[i] = more->runs[(more->first + i) % more->room];
    }
    free(more->runs);
    more->runs = larger;
    more->room = room;
    more->first = 0;
    return true;
}

// The run at hand went out from that position on; it has its numbers already.
static void
add_run(struct hw_more_lanes *more, unsigned lane, uint64_t position,
        uint32_t count)
{
    uint32_t last = (more->first + more->count - 1) % more->room;

    if (more->count > 0 && more->runs[last].lane == lane &&
        more->runs[last].position == position) {
        more->runs[last].number = more->number;
        more->runs[last].position += count;
        return;
    }
    HW_CHECK(more->count < more->room, "room for a run was made before");
    more->runs[(more->first + more->count++) % more->room] =
        (struct run){ more->number, position + count, lane };
}

// What is in flight already was numbered by its position.
static struct hw_more_lanes *
add_lanes(struct hw_lanes *lanes)
{
    struct hw_more_lanes *more = calloc(1, sizeof *more);

    if (more != NULL && make_room_for_run(more)) {
        for (unsigned i = 0; i < HW_LANES - 1; i++) {
            more->spools[i].keys = lanes->normal.keys;
            more->spools[i].gone = lanes->normal.gone;
        }
        more->number = lanes->normal.next.position;
        add_run(more, HAWSER_NORMAL, more->number, 0);
        return more;
    }
    free(more);
    return NULL;
}

struct hw_spool *
hw_lanes_spool_for(struct hw_lanes *lanes, struct hw_batch *batch)
{
    if (batch->policy.lane != HAWSER_NORMAL && lanes->more == NULL) {
        lanes->more = add_lanes(lanes);
    }
    batch->lane = lanes->more == NULL ? HAWSER_NORMAL : batch->policy.lane;
    return hw_lanes_spool(lanes, batch->lane);
}

// ---- turns ----

static void
add(struct hw_spool_sum *sum, struct hw_spool_sum more)
{
    sum->messages += more.messages;
    sum->bytes += more.bytes;
}

static bool
has_next(struct hw_spool *spool, const struct hw_lanes_ear *ear,
         struct hw_spool_sum *expired)
{
    add(expired,
        hw_spool_expire_next(spool, ear->now_ms, ear->left, ear->user));
    return spool->next.batch != NULL;
}

static void
begin_round(struct hw_more_lanes *more)
{
    for (unsigned i = 0; i < HW_LANES; i++) {
        more->credits[turns[i].lane] = turns[i].credit;
    }
}

// The highest that has something to say and is not through with its turn; a new
// round begins when all are.
static unsigned
choose(struct hw_more_lanes *more, const bool ready[HW_LANES])
{
    for (;;) {
        for (unsigned i = 0; i < HW_LANES; i++) {
            if (ready[turns[i].lane] && more->credits[turns[i].lane] > 0) {
                return turns[i].lane;
            }
        }
        begin_round(more);
    }
}

static struct hw_run
hand(struct hw_spool *spool, uint32_t max)
{
    struct hw_run run = { 0 };

    run.count = hw_spool_hand(spool, max, &run.batch, &run.from, &run.number);
    return run;
}

static struct hw_run
hand_by_turns(struct hw_lanes *lanes, uint32_t max,
              const struct hw_lanes_ear *ear, struct hw_spool_sum *expired)
{
    struct hw_more_lanes *more = lanes->more;
    bool ready[HW_LANES];
    unsigned waiting = 0, lane;
    struct hw_run run = { 0 };

    for (unsigned i = 0; i < HW_LANES; i++) {
        ready[i] = has_next(hw_lanes_spool(lanes, i), ear, expired);
        waiting += ready[i];
    }
    if (waiting == 0 || !make_room_for_run(more)) {
        return run;
    }
    lane = choose(more, ready);
    if (waiting > 1) {
        max = max < more->credits[lane] ? max : more->credits[lane];
    }
    run = hand(hw_lanes_spool(lanes, lane), max);
    if (waiting > 1) {
        more->credits[lane] -= run.count;
    }
    more->number += run.count;
    if (!lanes->by_tag) {
        add_run(more, lane, run.number, run.count);
    }
    run.number = more->number - run.count;
    return run;
}

struct hw_run
hw_lanes_hand(struct hw_lanes *lanes, uint32_t max,
              const struct hw_lanes_ear *ear, struct hw_spool_sum *expired)
{
    if (lanes->more != NULL) {
        return hand_by_turns(lanes, max, ear, expired);
    }
    (void)has_next(&lanes->normal, ear, expired); // hand finds out
    return hand(&lanes->normal, max);
}

// ---- settling ----

static void
settle_lane(struct hw_lanes *lanes, unsigned lane, uint64_t position,
            const struct hw_lanes_ear *ear, struct hw_spool_sum *sum)
{
    add(sum, hw_spool_settle(hw_lanes_spool(lanes, lane), position, ear->left,
                             ear->user));
}

struct hw_spool_sum
hw_lanes_settle(struct hw_lanes *lanes, uint64_t number,
                const struct hw_lanes_ear *ear)
{
    struct hw_more_lanes *more = lanes->more;
    struct hw_spool_sum sum = { 0 };
    uint64_t begun = 0;

    if (more == NULL) {
        settle_lane(lanes, HAWSER_NORMAL, number, ear, &sum);
        return sum;
    }
    while (more->count > 0 && more->runs[more->first].number <= number) {
        const struct run run = more->runs[more->first];

        settle_lane(lanes, run.lane, run.position, ear, &sum);
        begun = run.number;
        more->first = (more->first + 1) % more->room;
        more->count--;
    }
    if (more->count > 0 && number > begun) { // some of the next
        const struct run *run = &more->runs[more->first];
        uint64_t left = run->number - number;

        if (run->position > left) {
            settle_lane(lanes, run->lane, run->position - left, ear, &sum);
        }
    }
    return sum;
}

// Of a key only the newest waits, in whichever lane: an older one that goes out
// behind it would be the last that the peer hears.
uint64_t
hw_lanes_rewind(struct hw_lanes *lanes, const struct hw_lanes_ear *ear,
                struct hw_spool_sum *older)
{
    uint64_t ends[HW_LANES] = { 0 };
    uint64_t again = 0;

    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(lanes, i);

        if (spool != NULL) {
            ends[i] = spool->next.position;
            again += hw_spool_rewind(spool);
        }
    }
    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(lanes, i);

        if (spool != NULL) {
            add(older, hw_spool_conflate(spool, ends[i], ear->left, ear->user));
        }
    }
    if (lanes->more != NULL) {
        lanes->more->count = 0;
    }
    return again - older->messages;
}

void
hw_lanes_free(struct hw_lanes *lanes)
{
    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(lanes, i);

        if (spool != NULL) {
            hw_batch_drop_all(spool->first);
        }
    }
    if (lanes->more != NULL) {
        free(lanes->more->runs);
        free(lanes->more);
    }
}
