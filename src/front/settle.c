// settle.c - settled: the application says so, or waits until it is so.
#include <stdlib.h>

#include "front/bus.h"

static bool
make_room(struct hw_slot *slot)
{
    uint32_t room = slot->settle_room == 0 ? 8 : slot->settle_room * 2;
    struct hw_settle *larger;

    if (slot->settle_count < slot->settle_room) {
        return true;
    }
    larger = realloc(slot->settles, room * sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    slot->settles = larger;
    slot->settle_room = room;
    return true;
}

// More than there may be tagged messages need not be said at once.
static hawser_status
add(struct hw_slot *slot, struct hw_settle settle)
{
    const struct hawser_settings *settings = slot->plan->settings;

    if (settings->confirm != HW_CONFIRM_APPLICATION) {
        return HAWSER_INVALID;
    }
    if (HW_METER_GET(slot->meter.state) == HAWSER_CLOSED) {
        return HAWSER_ENDED;
    }
    if (slot->settle_count >= (uint64_t)settings->receipts_max) {
        return HAWSER_FULL;
    }
    if (!make_room(slot)) {
        return HAWSER_NO_MEMORY;
    }
    slot->settles[slot->settle_count++] = settle;
    hw_slot_note_dirty(slot);
    return HAWSER_OK;
}

static hawser_status
say_settled(hawser_bus *bus, hawser_link link, struct hw_settle settle)
{
    struct hw_slot *slot;
    hawser_status status;

    if (bus == NULL || settle.tag == 0) {
        return HAWSER_INVALID;
    }
    slot = hw_slot_lock(bus, link);
    if (slot == NULL) {
        return HAWSER_STALE;
    }
    status = add(slot, settle);
    hw_slot_unlock(slot);
    return status;
}

hawser_status
hawser_settle(hawser_bus *bus, hawser_link link, uint64_t tag)
{
    return say_settled(bus, link, (struct hw_settle){ .tag = tag });
}

hawser_status
hawser_settle_up_to(hawser_bus *bus, hawser_link link, uint64_t tag)
{
    return say_settled(bus, link,
                       (struct hw_settle){ .tag = tag, .all_before = true });
}

// ---- waiting until all is settled ----

struct flush {
    hawser_bus *bus;
    hawser_link link;
    uint64_t accepted;
    hawser_status status;
};

static hawser_status
look(struct hw_slot *slot, uint64_t accepted)
{
    if (HW_METER_GET(slot->meter.reached) >= accepted) {
        return HAWSER_OK;
    }
    return HW_METER_GET(slot->meter.state) == HAWSER_CLOSED ||
                   hw_slot_has_failed(slot)
               ? HAWSER_ENDED
               : HAWSER_AGAIN;
}

static bool
is_flushed(void *user)
{
    struct flush *flush = user;
    struct hw_slot *slot = hw_slot_lock(flush->bus, flush->link);

    flush->status = HAWSER_STALE;
    if (slot != NULL) {
        flush->status = look(slot, flush->accepted);
        hw_slot_unlock(slot);
    }
    return flush->status != HAWSER_AGAIN;
}

hawser_status
hawser_flush(hawser_bus *bus, hawser_link link, int timeout_ms)
{
    struct flush flush = { .bus = bus, .link = link };
    struct hw_slot *slot;

    if (bus == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    slot = hw_slot_lock(bus, link);
    if (slot == NULL) {
        return HAWSER_STALE;
    }
    flush.accepted = slot->accepted;
    hw_slot_unlock(slot);
    return hw_wait(bus, hw_deadline_ms(timeout_ms), is_flushed, &flush)
               ? flush.status
               : HAWSER_TIMEOUT;
}
