// lanes.h - the spools of a link, one for each priority, and whose turn it is.
//
// Most links use one lane, and pay for no other. Within a lane the order is
// that of acceptance; between lanes in which something waits are weighted
// turns, so that nothing waits for ever. What is handed on is numbered in the
// order of handing: with one lane that is the position in its spool.
#ifndef HW_ACTORS_LANES_H
#define HW_ACTORS_LANES_H

#include "actors/spool.h"

enum { HW_LANES = 3 };

struct hw_more_lanes;

struct hw_lanes {
    struct hw_spool normal;
    struct hw_more_lanes *more; // NULL: no other was used
    bool by_tag;                // nothing is settled by number, so none is kept
};

// Who hears of what leaves, and the time.
struct hw_lanes_ear {
    hw_spool_left left;
    void *user;
    uint64_t now_ms;
};

struct hw_run {
    struct hw_batch *batch;
    uint32_t from;
    uint32_t count;
    uint64_t number; // of the first, in the order of handing
};

// Of a lane (hawser_priority) below HW_LANES; NULL: it is not used.
struct hw_spool *
hw_lanes_spool(struct hw_lanes *lanes, unsigned lane);

// The spool for a batch of that lane. Without memory for one, the normal one.
struct hw_spool *
hw_lanes_spool_for(struct hw_lanes *lanes, struct hw_batch *batch);

// The next run of at most max messages, which are marked as handed. What has
// expired before it is given up; *expired sums it up. count 0: nothing may go.
struct hw_run
hw_lanes_hand(struct hw_lanes *lanes, uint32_t max,
              const struct hw_lanes_ear *ear, struct hw_spool_sum *expired);

// Settles everything in flight with a lower number.
struct hw_spool_sum
hw_lanes_settle(struct hw_lanes *lanes, uint64_t number,
                const struct hw_lanes_ear *ear);

// As hw_spool_rewind, in each lane. Of a key only the newest waits again:
// *older, nothing so far, sums up the others.
uint64_t
hw_lanes_rewind(struct hw_lanes *lanes, const struct hw_lanes_ear *ear,
                struct hw_spool_sum *older);

void
hw_lanes_free(struct hw_lanes *lanes);

#endif
