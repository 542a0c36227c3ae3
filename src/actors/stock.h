// stock.h - what a link holds of messages, and the policies that rule it.
//
// Lanes, keys, times to live, the rate and the limits come together here, and
// the figures of the link's meter that are the queue's are kept. It says
// nothing itself: whoever calls lends an ear.
#ifndef HW_ACTORS_STOCK_H
#define HW_ACTORS_STOCK_H

#include <hawser/link.h>

#include "actors/lanes.h"
#include "actors/rate.h"
#include "values/plan.h"
#include "values/settles.h"

struct hw_stock {
    struct hw_plan *plan; // NULL: no such link
    struct hw_lanes lanes;
    struct hw_keys keys;
    struct hw_rate rate;
    struct hw_gone gone; // of what a file keeps
    uint64_t copies;     // of standing messages, that came
    uint64_t arrived;    // messages in all, copies of standing ones aside
    uint32_t wire;       // that is there; 0: none
    uint8_t confirm;     // what settles on this wire: HW_CONFIRM_…
    bool timed;          // something may be due some time
};

struct hw_stock_ear {
    struct hw_lanes_ear left;      // of tagged messages
    void (*room)(void *left_user); // somebody waits for the room that there is
    uint64_t now_us;
};

// Takes over a hold on the plan. If it is durable, gone hears of each message
// that has left for good, once.
void
hw_stock_open(struct hw_stock *stock, struct hw_plan *plan,
              const struct hw_gone *gone);

// Takes over a list of batches, and keeps to overflow=drop-oldest.
void
hw_stock_add(struct hw_stock *stock, struct hw_batch *first,
             const struct hw_stock_ear *ear);

// A copy of a standing message: not counted, and gone with its wire.
void
hw_stock_add_copy(struct hw_stock *stock, struct hw_batch *copy);

// One that nobody is there to hear.
void
hw_stock_drop_copy(struct hw_stock *stock, struct hw_batch *copy);

// How many may go out now; greetings count too.
uint32_t
hw_stock_allows(const struct hw_stock *stock, uint64_t now_us);

// So many go out now.
void
hw_stock_spend(struct hw_stock *stock, uint32_t count, uint64_t now_us);

// What goes out next; count 0: nothing may.
struct hw_run
hw_stock_hand(struct hw_stock *stock, const struct hw_stock_ear *ear);

// All before that number, in the order of handing, is settled.
void
hw_stock_settle(struct hw_stock *stock, uint64_t number,
                const struct hw_stock_ear *ear);

// So many messages of a batch that was handed on, from at on, can be sent to
// nobody. The batch is held by the caller.
void
hw_stock_refuse(struct hw_stock *stock, const struct hw_batch *batch,
                uint32_t at, uint32_t messages, const struct hw_stock_ear *ear);

// What the application said to be settled is.
void
hw_stock_settle_said(struct hw_stock *stock, const struct hw_settle *said,
                     uint32_t count, const struct hw_stock_ear *ear);

hawser_phase
hw_stock_where(struct hw_stock *stock, uint64_t tag);

// Takes the message out if it waits. Where it was.
hawser_phase
hw_stock_cancel(struct hw_stock *stock, uint64_t tag,
                const struct hw_stock_ear *ear);

// The wire is gone: what was in flight waits again.
void
hw_stock_rewind(struct hw_stock *stock, const struct hw_stock_ear *ear);

// Gives up what has expired by now.
void
hw_stock_expire(struct hw_stock *stock, const struct hw_stock_ear *ear);

// When something may expire; UINT64_MAX: never.
uint64_t
hw_stock_expires_ms(struct hw_stock *stock);

// Messages that are held.
uint64_t
hw_stock_held(struct hw_stock *stock);

// Gives up everything, but what a file keeps stays there; and lets go of the
// plan. How many were left.
uint64_t
hw_stock_close(struct hw_stock *stock, const struct hw_stock_ear *ear);

// Frees what it holds, and tells nobody.
void
hw_stock_free(struct hw_stock *stock);

#endif
