// stock.c - what a link holds of messages, and the policies that rule it.
#include "actors/stock.h"

#include <string.h>

void
hw_stock_open(struct hw_stock *stock, struct hw_plan *plan,
              const struct hw_gone *gone)
{
    const struct hawser_settings *settings = plan->settings;

    memset(stock, 0, sizeof *stock);
    stock->plan = plan;
    stock->lanes.by_tag = settings->confirm == HW_CONFIRM_APPLICATION;
    stock->timed = settings->message_ttl > 0 || settings->rate_messages > 0;
    if (plan->durable) {
        stock->gone = *gone;
        stock->lanes.normal.gone = &stock->gone;
    }
}

// ---- sums over the lanes ----

uint64_t
hw_stock_held(struct hw_stock *stock)
{
    uint64_t held = 0;

    for (unsigned i = 0; i < HW_LANES; i++) {
        const struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        held += spool == NULL ? 0 : spool->counted;
    }
    return held;
}

static uint64_t
held_bytes(struct hw_stock *stock)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < HW_LANES; i++) {
        const struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        bytes += spool == NULL ? 0 : spool->counted_bytes;
    }
    return bytes;
}

static struct hw_spool_sum
in_flight(struct hw_stock *stock)
{
    struct hw_spool_sum sum = { 0 };

    for (unsigned i = 0; i < HW_LANES; i++) {
        const struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        sum.messages += spool == NULL ? 0 : hw_spool_in_flight(spool);
        sum.bytes += spool == NULL ? 0 : hw_spool_in_flight_bytes(spool);
    }
    return sum;
}

static uint64_t
oldest(struct hw_stock *stock)
{
    uint64_t number = stock->arrived;

    for (unsigned i = 0; i < HW_LANES; i++) {
        const struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);
        uint64_t one = spool == NULL ? number : hw_spool_oldest(spool, number);

        number = one < number ? one : number;
    }
    return number;
}

// ---- counting ----

static void
count_copies(struct hw_stock *stock)
{
    HW_METER_SET(stock->plan->meter->copies_left,
                 stock->copies - stock->lanes.normal.copies);
}

static void
count_in_flight(struct hw_stock *stock)
{
    HW_METER_SET(stock->plan->meter->in_flight, in_flight(stock).messages);
    count_copies(stock);
}

static void
release(struct hw_stock *stock, struct hw_spool_sum sum,
        const struct hw_stock_ear *ear)
{
    struct hw_meter *meter = stock->plan->meter;

    HW_METER_ADD(meter->released_messages, sum.messages);
    HW_METER_ADD(meter->released_bytes, sum.bytes);
    if (sum.messages > 0 && hw_meter_blocked(meter)) {
        ear->room(ear->left.user);
    }
}

// So much has left; figure counts what of it became.
static void
count(struct hw_stock *stock, _Atomic uint64_t *figure, struct hw_spool_sum sum,
      const struct hw_stock_ear *ear)
{
    if (sum.messages > 0) {
        HW_METER_ADD(*figure, sum.messages);
        HW_METER_SET(stock->plan->meter->reached, oldest(stock));
        hw_gone_tell(&stock->gone);
        release(stock, sum, ear);
    }
}

// ---- coming in ----

static void
drop_down_to_limit(struct hw_stock *stock, const struct hw_stock_ear *ear)
{
    const struct hawser_settings *settings = stock->plan->settings;
    uint64_t max_messages = (uint64_t)settings->spool_max_messages;
    uint64_t max_bytes = (uint64_t)settings->spool_max_bytes;
    static const uint8_t lowest_first[HW_LANES] = { HAWSER_LOW, HAWSER_NORMAL,
                                                    HAWSER_HIGH };
    unsigned turn = 0;

    while (turn < HW_LANES &&
           (hw_stock_held(stock) > max_messages ||
            (held_bytes(stock) > max_bytes && hw_stock_held(stock) > 1))) {
        struct hw_spool *spool =
            hw_lanes_spool(&stock->lanes, lowest_first[turn]);
        struct hw_spool_sum one = { .messages = 1 };

        if (spool != NULL && hw_spool_drop_oldest(spool, ear->left.left,
                                                  ear->left.user, &one.bytes)) {
            count(stock, &stock->plan->meter->dropped, one, ear);
        } else {
            turn++;
        }
    }
}

static void
set_expiry(struct hw_stock *stock, struct hw_batch *batch, uint64_t now_ms)
{
    int64_t ttl_ms = batch->policy.ttl_ms;

    if (ttl_ms == 0) {
        ttl_ms = stock->plan->settings->message_ttl;
    }
    if (ttl_ms == HW_TTL_OVER ||
        (batch->policy.wire != 0 && batch->policy.wire != stock->wire)) {
        batch->expires_at_ms = now_ms > 0 ? now_ms : 1; // 0 is never
    } else if (ttl_ms > 0) {
        batch->expires_at_ms = now_ms + (uint64_t)ttl_ms;
    }
    stock->timed |= batch->expires_at_ms != 0 || batch->policy.wire != 0;
}

// From the first key on, each lane knows of them.
static void
use_keys(struct hw_stock *stock)
{
    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        if (spool != NULL) {
            spool->keys = &stock->keys;
        }
    }
}

// Only the newest of a key waits, in the place of the older one if that waits
// in the same lane.
static void
add_keyed(struct hw_stock *stock, struct hw_batch *batch,
          const struct hw_stock_ear *ear)
{
    struct hw_spool *spool = hw_lanes_spool_for(&stock->lanes, batch);
    struct hw_batch *older = hw_keys_find(&stock->keys, &batch->policy);
    struct hw_spool_sum sum = { 0 };

    use_keys(stock);
    if (older == NULL) {
        hw_spool_add(spool, batch);
    } else if (older->lane == batch->lane) {
        sum = hw_spool_replace(spool, older, batch, ear->left.left,
                               ear->left.user);
    } else {
        const struct hw_spool_mark mark = hw_spool_mark_of(older);

        sum =
            hw_spool_take_out(hw_lanes_spool(&stock->lanes, older->lane), &mark,
                              HAWSER_DROPPED, ear->left.left, ear->left.user);
        hw_spool_add(spool, batch);
    }
    count(stock, &stock->plan->meter->dropped, sum, ear);
}

// Much that waits is to keep no empty room.
static void
add_plain(struct hw_spool *spool, struct hw_batch *batch)
{
    if (!hw_spool_gather(spool, batch)) {
        hw_spool_add(spool, batch);
    }
}

static void
add_one(struct hw_stock *stock, struct hw_batch *batch,
        const struct hw_stock_ear *ear)
{
    batch->number = stock->arrived;
    stock->arrived += batch->count;
    if (stock->timed || batch->special) {
        set_expiry(stock, batch, ear->left.now_ms);
    }
    if (!batch->special) {
        add_plain(&stock->lanes.normal, batch);
    } else if (batch->policy.key == NULL) {
        hw_spool_add(hw_lanes_spool_for(&stock->lanes, batch), batch);
    } else {
        add_keyed(stock, batch, ear);
    }
}

void
hw_stock_add(struct hw_stock *stock, struct hw_batch *first,
             const struct hw_stock_ear *ear)
{
    while (first != NULL) {
        struct hw_batch *next = first->next;

        add_one(stock, first, ear);
        first = next;
    }
    if (stock->plan->settings->overflow == HW_OVERFLOW_DROP_OLDEST) {
        drop_down_to_limit(stock, ear);
    }
}

void
hw_stock_add_copy(struct hw_stock *stock, struct hw_batch *copy)
{
    copy->number = stock->arrived;
    stock->copies++;
    hw_spool_add(&stock->lanes.normal, copy);
}

void
hw_stock_drop_copy(struct hw_stock *stock, struct hw_batch *copy)
{
    hw_batch_drop(copy);
    stock->copies++;
    count_copies(stock);
}

// ---- going out ----

uint32_t
hw_stock_allows(const struct hw_stock *stock, uint64_t now_us)
{
    const struct hawser_settings *settings = stock->plan->settings;

    return settings->rate_messages <= 0
               ? UINT32_MAX
               : hw_rate_tokens(&stock->rate, settings->rate_messages,
                                settings->rate_burst, now_us);
}

void
hw_stock_spend(struct hw_stock *stock, uint32_t count, uint64_t now_us)
{
    const struct hawser_settings *settings = stock->plan->settings;

    if (settings->rate_messages > 0) {
        hw_rate_take(&stock->rate, settings->rate_messages, count, now_us);
    }
}

// What is not confirmed is kept: of that there may be as much as of what waits,
// or less if the application wants it so.
static uint32_t
window_left(struct hw_stock *stock)
{
    const struct hawser_settings *settings = stock->plan->settings;
    uint64_t window =
        (uint64_t)(settings->confirm_window > 0 ? settings->confirm_window
                                                : settings->spool_max_messages);
    struct hw_spool_sum sum;

    if (stock->confirm == HW_CONFIRM_NONE) {
        return UINT32_MAX;
    }
    sum = in_flight(stock);
    if (sum.messages >= window ||
        sum.bytes >= (uint64_t)settings->spool_max_bytes) {
        return 0;
    }
    return window - sum.messages < UINT32_MAX
               ? (uint32_t)(window - sum.messages)
               : UINT32_MAX;
}

struct hw_run
hw_stock_hand(struct hw_stock *stock, const struct hw_stock_ear *ear)
{
    uint32_t window = window_left(stock);
    uint32_t allowed = hw_stock_allows(stock, ear->now_us);
    uint32_t max = window < allowed ? window : allowed;
    struct hw_spool_sum expired = { 0 };
    struct hw_run run = { 0 };

    if (max == 0) {
        return run;
    }
    run = hw_lanes_hand(&stock->lanes, max, &ear->left, &expired);
    count(stock, &stock->plan->meter->expired, expired, ear);
    if (run.count > 0) {
        hw_stock_spend(stock, run.count, ear->now_us);
        count_in_flight(stock);
    }
    return run;
}

// ---- settling ----

void
hw_stock_settle(struct hw_stock *stock, uint64_t number,
                const struct hw_stock_ear *ear)
{
    struct hw_spool_sum sum =
        hw_lanes_settle(&stock->lanes, number, &ear->left);

    count(stock, &stock->plan->meter->settled, sum, ear);
    count_in_flight(stock);
}

void
hw_stock_refuse(struct hw_stock *stock, const struct hw_batch *batch,
                uint32_t at, uint32_t messages, const struct hw_stock_ear *ear)
{
    struct hw_spool *spool = hw_lanes_spool(&stock->lanes, batch->lane);
    uint64_t position = batch->position + at;
    struct hw_spool_sum sum = { 0 };

    if (spool != NULL) {
        sum = hw_spool_refuse(spool, position, messages, ear->left.left,
                              ear->left.user);
    }
    count(stock, &stock->plan->meter->refused, sum, ear);
    count_in_flight(stock);
}

static struct hw_spool *
find(struct hw_stock *stock, uint64_t tag, struct hw_spool_mark *mark)
{
    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        if (spool != NULL && hw_spool_find(spool, tag, mark)) {
            return spool;
        }
    }
    return NULL;
}

// What was settled before is said again where an answer came twice.
static void
settle_one(struct hw_stock *stock, const struct hw_settle *said,
           const struct hw_stock_ear *ear)
{
    struct hw_spool_mark mark;
    struct hw_spool *spool = find(stock, said->tag, &mark);
    struct hw_spool_sum sum = { 0 };

    if (spool == NULL) {
        return;
    }
    if (said->all_before) {
        sum =
            hw_spool_settle_up_to(spool, &mark, ear->left.left, ear->left.user);
    } else {
        sum = hw_spool_take_out(spool, &mark, HAWSER_SETTLED, ear->left.left,
                                ear->left.user);
    }
    count(stock, &stock->plan->meter->settled, sum, ear);
}

void
hw_stock_settle_said(struct hw_stock *stock, const struct hw_settle *said,
                     uint32_t count, const struct hw_stock_ear *ear)
{
    for (uint32_t i = 0; i < count; i++) {
        settle_one(stock, &said[i], ear);
    }
    count_in_flight(stock);
}

// ---- where is my message? ----

static hawser_phase
phase_of(const struct hw_spool *spool, const struct hw_spool_mark *mark)
{
    return spool == NULL                      ? HAWSER_PHASE_GONE
           : hw_spool_is_waiting(spool, mark) ? HAWSER_PHASE_WAITING
                                              : HAWSER_PHASE_IN_FLIGHT;
}

hawser_phase
hw_stock_where(struct hw_stock *stock, uint64_t tag)
{
    struct hw_spool_mark mark;
    const struct hw_spool *spool = find(stock, tag, &mark);

    return phase_of(spool, &mark);
}

hawser_phase
hw_stock_cancel(struct hw_stock *stock, uint64_t tag,
                const struct hw_stock_ear *ear)
{
    struct hw_spool_mark mark;
    struct hw_spool *spool = find(stock, tag, &mark);
    hawser_phase phase = phase_of(spool, &mark);

    if (phase == HAWSER_PHASE_WAITING) {
        count(stock, &stock->plan->meter->dropped,
              hw_spool_take_out(spool, &mark, HAWSER_DROPPED, ear->left.left,
                                ear->left.user),
              ear);
    }
    return phase;
}

// ---- time ----

void
hw_stock_rewind(struct hw_stock *stock, const struct hw_stock_ear *ear)
{
    struct hw_spool_sum older = { 0 };
    uint64_t again = hw_lanes_rewind(&stock->lanes, &ear->left, &older);

    HW_METER_ADD(stock->plan->meter->resent, again);
    count(stock, &stock->plan->meter->dropped, older, ear);
    count_in_flight(stock);
}

void
hw_stock_expire(struct hw_stock *stock, const struct hw_stock_ear *ear)
{
    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        if (spool != NULL && spool->due_ms != 0 &&
            spool->due_ms <= ear->left.now_ms) {
            count(stock, &stock->plan->meter->expired,
                  hw_spool_expire(spool, ear->left.now_ms, ear->left.left,
                                  ear->left.user),
                  ear);
        }
    }
}

uint64_t
hw_stock_expires_ms(struct hw_stock *stock)
{
    uint64_t due_ms = UINT64_MAX;

    for (unsigned i = 0; i < HW_LANES; i++) {
        const struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        if (spool != NULL && spool->due_ms != 0 && spool->due_ms < due_ms) {
            due_ms = spool->due_ms;
        }
    }
    return due_ms;
}

// ---- the end ----

uint64_t
hw_stock_close(struct hw_stock *stock, const struct hw_stock_ear *ear)
{
    struct hw_spool_sum sum = { 0 };

    for (unsigned i = 0; i < HW_LANES; i++) {
        struct hw_spool *spool = hw_lanes_spool(&stock->lanes, i);

        if (spool != NULL) {
            struct hw_spool_sum one =
                hw_spool_clear(spool, ear->left.left, ear->left.user);

            sum.messages += one.messages;
            sum.bytes += one.bytes;
        }
    }
    // What is given up at the link's end was not reached.
    if (!stock->plan->durable) {
        HW_METER_ADD(stock->plan->meter->dropped, sum.messages);
    }
    HW_METER_SET(stock->plan->meter->in_flight, 0);
    release(stock, sum, ear);
    hw_stock_free(stock);
    return sum.messages;
}

void
hw_stock_free(struct hw_stock *stock)
{
    hw_lanes_free(&stock->lanes);
    hw_keys_free(&stock->keys);
    hw_plan_drop(stock->plan);
    memset(stock, 0, sizeof *stock);
}
