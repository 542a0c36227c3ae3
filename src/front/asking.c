// asking.c - what is known of a link: its state, its figures, its last news.
#include <stdio.h>
#include <string.h>

#include "front/bus.h"

hawser_status
hawser_link_state(hawser_bus *bus, hawser_link link, hawser_state *state)
{
    struct hw_slot *slot;

    if (bus == NULL || state == NULL) {
        return HAWSER_INVALID;
    }
    slot = hw_slot_lock(bus, link);
    if (slot == NULL) {
        return HAWSER_STALE;
    }
    *state = (hawser_state)HW_METER_GET(slot->meter.state);
    hw_slot_unlock(slot);
    return HAWSER_OK;
}

// ---- waiting until it is up ----

struct up_wanted {
    hawser_bus *bus;
    hawser_link link;
    hawser_status status;
};

static bool
is_decided(void *user)
{
    struct up_wanted *wanted = user;
    struct hw_slot *slot = hw_slot_lock(wanted->bus, wanted->link);
    hawser_state state;
    bool ended;

    if (slot == NULL) {
        wanted->status = HAWSER_STALE;
        return true;
    }
    state = (hawser_state)HW_METER_GET(slot->meter.state);
    ended = state == HAWSER_CLOSED || hw_slot_has_failed(slot);
    hw_slot_unlock(slot);
    wanted->status = ended ? HAWSER_ENDED : HAWSER_OK;
    return ended || state == HAWSER_UP;
}

hawser_status
hawser_link_wait_up(hawser_bus *bus, hawser_link link, int timeout_ms)
{
    struct up_wanted wanted = { bus, link, HAWSER_OK };

    if (bus == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    return hw_wait(bus, hw_deadline_ms(timeout_ms), is_decided, &wanted)
               ? wanted.status
               : HAWSER_TIMEOUT;
}

// ---- figures ----

static void
count_messages(const struct hw_slot *slot, hawser_link_stats *stats)
{
    const struct hw_meter *meter = &slot->meter;
    uint64_t dropped = HW_METER_GET(meter->dropped);
    uint64_t expired = HW_METER_GET(meter->expired);
    uint64_t refused = HW_METER_GET(meter->refused);
    uint64_t held;

    // The loop goes on meanwhile, so that what is waiting and what is in flight
    // are told of what the other figures leave: they add up at every look.
    stats->settled = HW_METER_GET(meter->settled);
    held = slot->accepted - stats->settled - dropped - expired - refused;
    stats->in_flight = HW_METER_GET(meter->in_flight);
    stats->in_flight = stats->in_flight < held ? stats->in_flight : held;
    stats->waiting = held - stats->in_flight;
    stats->accepted = slot->accepted + slot->turned_away;
    stats->dropped = dropped + slot->turned_away;
    stats->expired = expired;
    stats->refused = refused;
    stats->resent = HW_METER_GET(meter->resent);
    stats->sent_bytes = HW_METER_GET(meter->sent_bytes);
    stats->received = HW_METER_GET(meter->received);
    stats->received_bytes = HW_METER_GET(meter->received_bytes);
}

static void
fill_stats(const struct hw_slot *slot, hawser_link_stats *stats)
{
    const struct hw_meter *meter = &slot->meter;

    stats->state = (hawser_state)HW_METER_GET(meter->state);
    stats->endpoint = HW_METER_GET(meter->endpoint);
    stats->attempt = HW_METER_GET(meter->attempt);
    stats->dials = HW_METER_GET(meter->dials);
    stats->connects = HW_METER_GET(meter->connects);
    stats->losses = HW_METER_GET(meter->losses);
    stats->up_since_ms = HW_METER_GET(meter->up_since_ms);
    stats->lost_since_ms = HW_METER_GET(meter->lost_since_ms);
    stats->rtt_us = HW_METER_GET(meter->rtt_us);
    stats->late = HW_METER_GET(meter->late);
    count_messages(slot, stats);
}

// The structs may grow in later versions: as much is written as the caller has
// room for.
hawser_status
hawser_link_get_stats(hawser_bus *bus, hawser_link link,
                      hawser_link_stats *stats)
{
    hawser_link_stats all = { 0 };
    struct hw_slot *slot;

    if (bus == NULL || stats == NULL || stats->size < sizeof stats->size) {
        return HAWSER_INVALID;
    }
    slot = hw_slot_lock(bus, link);
    if (slot == NULL) {
        return HAWSER_STALE;
    }
    fill_stats(slot, &all);
    hw_slot_unlock(slot);
    all.size = stats->size;
    memcpy(stats, &all, all.size < sizeof all ? all.size : sizeof all);
    return HAWSER_OK;
}

// ---- news ----

static void
copy_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text); // cut to fit, as the header says
}

static void
fill_info(const struct hw_slot *slot, hawser_link_info *info)
{
    uint32_t endpoint = HW_METER_GET(slot->meter.endpoint);

    copy_text(info->endpoint, sizeof info->endpoint,
              slot->plan->endpoints[endpoint].url);
    if (slot->opened != NULL) {
        copy_text(info->peer, sizeof info->peer, slot->opened->peer);
        copy_text(info->protocol, sizeof info->protocol,
                  slot->opened->protocol);
    }
    if (slot->lost != NULL) {
        copy_text(info->error, sizeof info->error, slot->lost->error);
        copy_text(info->close_reason, sizeof info->close_reason,
                  slot->lost->reason);
        info->close_code = slot->lost->close_code;
    }
    if (slot->answered != NULL) {
        copy_text(info->headers, sizeof info->headers, slot->answered->headers);
        info->http_status = slot->answered->http_status;
    }
}

hawser_status
hawser_link_get_info(hawser_bus *bus, hawser_link link, hawser_link_info *info)
{
    hawser_link_info all = { 0 };
    struct hw_slot *slot;

    if (bus == NULL || info == NULL || info->size < sizeof info->size) {
        return HAWSER_INVALID;
    }
    slot = hw_slot_lock(bus, link);
    if (slot == NULL) {
        return HAWSER_STALE;
    }
    fill_info(slot, &all);
    hw_slot_unlock(slot);
    all.size = info->size;
    memcpy(info, &all, all.size < sizeof all ? all.size : sizeof all);
    return HAWSER_OK;
}
