// held.c - which messages are held, one by one, where each has its tag.
//
// A message is held until its receipt comes, whatever else is counted. At the
// end of a turn the receipts of that turn have come, so what they say can be
// compared with what wires took, what the queue handed on, and its figures.
#include <inttypes.h>

#include "storm.h"
#include "values/settings.h"

// Where times do not run out in order, of so many batches one is looked at a
// millisecond late; and the clock counts whole ones.
enum { LOOKED_AT_IN_A_MS = 64, LATE_SLACK_MS = 2 };

// Turns after which messages are counted anew, though nothing became of them.
enum { SELDOM = 16 };

bool
held_in_flight(const struct link *link, const struct fate *fate)
{
    return (link->state == HAWSER_UP || link->state == HAWSER_DRAINING) &&
           fate->handed_wire == link->wire;
}

// ---- none is left out ----

// What a wire has gone past without taking it, has left.
static void
check_left_out(struct storm *storm, struct link *link, unsigned lane)
{
    uint64_t end = link->next_taken[lane];
    uint64_t n = link->looked_at[lane];

    for (n = n < link->first_held ? link->first_held : n; n < end; n++) {
        const struct fate *fate = &link->fates[n];

        if (fate->lane == lane && fate->key == 0 && fate->receipts == 0 &&
            fate->serial != link->serial) {
            storm_fault(storm, "link %" PRIu32 " leaves out message %" PRIu64,
                        link->id, n);
        }
    }
    link->looked_at[lane] = end;
}

// ---- counted anew ----

struct count {
    uint64_t held;
    uint64_t bytes;
    uint64_t in_flight;
    uint64_t waiting_of[KEYS][LANES];
};

static void
check_expiry(struct storm *storm, const struct link *link, uint64_t n)
{
    const struct fate *fate = &link->fates[n];
    uint64_t slack_ms = LATE_SLACK_MS + link_held(link) / LOOKED_AT_IN_A_MS;

    if (fate->expires_at_ms != 0 &&
        fate->expires_at_ms + slack_ms < storm_now_ms(storm)) {
        storm_fault(storm,
                    "link %" PRIu32 " keeps message %" PRIu64
                    ", which has expired",
                    link->id, n);
    }
}

static struct count
count_held(struct storm *storm, const struct link *link)
{
    struct count count = { 0 };

    for (uint64_t n = link->first_held; n < link->accepted; n++) {
        const struct fate *fate = &link->fates[n];

        if (fate->receipts > 0) {
            continue;
        }
        if (fate->said) {
            storm_fault(storm,
                        "link %" PRIu32 " holds message %" PRIu64
                        ", which was said to be settled",
                        link->id, n);
        }
        if (fate->gone_told) {
            storm_fault(storm,
                        "link %" PRIu32 " lets its file forget message %" PRIu64
                        ", which it holds",
                        link->id, n);
        }
        count.held++;
        count.bytes += fate->size;
        if (held_in_flight(link, fate)) {
            count.in_flight++;
        } else {
            count.waiting_of[fate->key][fate->lane]++;
            check_expiry(storm, link, n);
        }
    }
    return count;
}

static void
check_keys(struct storm *storm, const struct link *link,
           const struct count *count)
{
    for (unsigned key = 1; key < KEYS; key++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            if (count->waiting_of[key][lane] > 1) {
                storm_fault(storm,
                            "link %" PRIu32 " has %" PRIu64
                            " messages of key %u waiting in lane %u",
                            link->id, count->waiting_of[key][lane], key, lane);
            }
        }
    }
}

static void
check_count(struct storm *storm, const struct link *link)
{
    const struct count count = count_held(storm, link);
    const struct hw_meter *meter = &link->meter;

    if (count.held != link_held(link) || count.bytes != link_held_bytes(link)) {
        storm_fault(storm,
                    "link %" PRIu32 " has no receipt for %" PRIu64
                    " messages, and released %" PRIu64 " of %" PRIu64,
                    link->id, count.held,
                    HW_METER_GET(meter->released_messages), link->accepted);
    }
    if (count.in_flight != HW_METER_GET(meter->in_flight)) {
        storm_fault(storm,
                    "link %" PRIu32 " has %" PRIu64
                    " messages in flight, and says %" PRIu64,
                    link->id, count.in_flight, HW_METER_GET(meter->in_flight));
    }
    check_keys(storm, link, &count);
}

// ---- what flush goes by ----

// With keys a newer message may stand for an older one, and is waited for.
static void
check_reached(struct storm *storm, const struct link *link)
{
    uint64_t reached = HW_METER_GET(link->meter.reached);
    uint64_t oldest = link->first_held < link->accepted
                          ? link->fates[link->first_held].index
                          : link->arrived;

    if (link->forgotten) {
        return; // what is given up then is not reached
    }
    if (reached > oldest || (!link->keyed && reached < oldest) ||
        (reached < oldest && oldest == link->arrived)) {
        storm_fault(storm,
                    "link %" PRIu32 " reached %" PRIu64
                    ", and holds message %" PRIu64,
                    link->id, reached, link->first_held);
    }
}

// ---- all of it ----

static void
check_starved(struct storm *storm, struct link *link)
{
    if (link->starves != 0 && link->fates[link->starves - 1].receipts == 0) {
        storm_fault(storm, "link %" PRIu32 " starves message %" PRIu64,
                    link->id, link->starves - 1);
    }
    link->starves = 0;
}

// Each message that has left is told to the one who keeps the file, once.
static void
check_gone(struct storm *storm, const struct link *link)
{
    uint64_t left = 0;

    for (unsigned fate = 0; fate < FATES; fate++) {
        left += link->receipts[fate];
    }
    if (link->durable && link->gone_told != left) {
        storm_fault(storm,
                    "link %" PRIu32 " tells its file of %" PRIu64
                    " messages that %" PRIu64 " are gone",
                    link->id, left, link->gone_told);
    }
}

static void
check(struct storm *storm, struct link *link)
{
    while (link->first_held < link->accepted &&
           link->fates[link->first_held].receipts > 0) {
        link->first_held++;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_left_out(storm, link, lane);
    }
    if (link->forgotten && link->durable) {
        return; // what is left stays in its file
    }
    if ((link->touched && !link->deep) || storm->turns % SELDOM == 0) {
        check_count(storm, link);
        link->touched = false;
    }
    check_gone(storm, link);
    check_reached(storm, link);
    check_starved(storm, link);
}

void
held_check(struct storm *storm)
{
    for (unsigned row = 0; row < ROWS; row++) {
        if (storm->rows[row] != NULL && storm->rows[row]->tagged) {
            check(storm, storm->rows[row]);
        }
    }
}

void
held_check_closed(struct storm *storm, const struct link *link,
                  uint64_t leftover)
{
    const uint64_t figures[FATES] = {
        [HAWSER_SETTLED] = HW_METER_GET(link->meter.settled),
        [HAWSER_EXPIRED] = HW_METER_GET(link->meter.expired),
        [HAWSER_DROPPED] = HW_METER_GET(link->meter.dropped),
        [HAWSER_REFUSED] = HW_METER_GET(link->meter.refused),
    };
    uint64_t sum = 0;

    for (unsigned fate = 0; fate < FATES; fate++) {
        sum += figures[fate];
        if (link->tagged && link->receipts[fate] != figures[fate]) {
            storm_fault(storm,
                        "link %" PRIu32 " has %" PRIu64
                        " receipts \"%s\" of %" PRIu64,
                        link->id, link->receipts[fate],
                        hawser_fate_name((hawser_fate)fate), figures[fate]);
        }
    }
    if (link->durable) {
        sum += leftover; // its file keeps them
    } else if (leftover > figures[HAWSER_DROPPED]) {
        sum = 0;
    }
    if (sum != link->arrived || link->turned_away_told != link->turned_away) {
        storm_fault(storm,
                    "link %" PRIu32 " closes with %" PRIu64 " gone, %" PRIu64
                    " left of %" PRIu64,
                    link->id, sum, leftover, link->accepted);
    }
}
