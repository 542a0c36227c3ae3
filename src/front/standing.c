// standing.c - links: what the application greets with, and what is said first
// on each wire.
#include <stdlib.h>
#include <string.h>

#include "front/bus.h"
#include "front/endpoints.h"

// A batch of one: the message, copied.
static struct hw_batch *
batch_of(const hawser_message *message, uint8_t flags)
{
    struct hw_batch *batch = hw_batch_new(
        hw_batch_room((size_t)message->size + message->topic_size));
    struct hawser_message copy = *message;

    if (batch != NULL) {
        copy.private_flags = flags;
        copy.private_tag = 0;
        (void)hw_batch_add(batch, &copy); // made to measure: it fits
    }
    return batch;
}

static hawser_status
check_message(hawser_bus *bus, hawser_link link, const hawser_message *message)
{
    struct hw_slot *slot;
    struct hw_plan *plan;
    hawser_status status = HAWSER_OK;

    if (bus == NULL || message == NULL) {
        return HAWSER_INVALID;
    }
    slot = hw_slot_lock(bus, link);
    if (slot == NULL) {
        return HAWSER_STALE;
    }
    plan = hw_plan_hold(slot->plan);
    if (slot->ending) {
        status = HAWSER_ENDED;
    } else if (message->size > (uint64_t)plan->settings->message_max) {
        status = HAWSER_TOO_BIG;
    }
    hw_slot_unlock(slot);
    if (status == HAWSER_OK && plan->picky) {
        status = hw_endpoints_carry(plan, message);
    }
    hw_plan_drop(plan);
    return status;
}

// NULL: out of memory; the batches are dropped.
static struct hw_command *
command_with(unsigned kind, struct hw_batch *batch)
{
    struct hw_command *command = hw_command_new(HW_QUEUE, kind, 0);

    if (command == NULL) {
        hw_batch_drop_all(batch);
    } else {
        command->letter.thing = batch;
    }
    return command;
}

static void
drop_command(struct hw_command *command)
{
    hw_batch_drop_all(command->letter.thing);
    free(command);
}

hawser_status
hawser_link_greet(hawser_bus *bus, hawser_link link, uint32_t wire,
                  hawser_message *message)
{
    hawser_status status = check_message(bus, link, message);
    struct hw_command *command;
    struct hw_batch *batch;

    if (status != HAWSER_OK) {
        return status;
    }
    batch = batch_of(message, 0);
    command = batch == NULL ? NULL : command_with(HW_LETTER_GREET, batch);
    if (command == NULL) {
        return HAWSER_NO_MEMORY;
    }
    command->letter.wire = wire;
    status = hw_link_wish(bus, link, command, false);
    if (status != HAWSER_OK) {
        drop_command(command);
    }
    return status;
}

// ---- standing messages ----

// Of copies and farewells there may be as many as of what stands, and so many
// where that is less: the loop may not have heard of all yet. Chosen.
enum { COPIES_MIN = 1024 };

// Copies for the wire, and farewells, wait behind what was accepted; a peer
// that takes nothing may not make them pile up.
static bool
has_room_for_copy(const struct hw_slot *slot)
{
    uint64_t held = slot->copies - HW_METER_GET(slot->meter.copies_left);
    uint64_t max = (uint64_t)slot->plan->settings->standing_max;

    return held < (max < COPIES_MIN ? COPIES_MIN : max);
}

static hawser_status
make_room(struct hw_slot *slot)
{
    struct hw_standing_ids *standing = &slot->standing;
    uint32_t room = standing->room == 0 ? 8 : standing->room * 2;
    uint64_t *larger;

    if (standing->count >= (uint64_t)slot->plan->settings->standing_max ||
        !has_room_for_copy(slot)) {
        return HAWSER_FULL;
    }
    if (standing->count < standing->room) {
        return HAWSER_OK;
    }
    larger = realloc(standing->ids, room * sizeof *larger);
    if (larger == NULL) {
        return HAWSER_NO_MEMORY;
    }
    standing->ids = larger;
    standing->room = room;
    return HAWSER_OK;
}

// With the slot locked.
static hawser_status
add(struct hw_slot *slot, struct hw_command *command)
{
    hawser_status status = make_room(slot);

    if (status != HAWSER_OK) {
        return status;
    }
    command->letter.number = slot->last_standing_id + 1;
    status = hw_slot_wish(slot, command, false);
    if (status == HAWSER_OK) {
        slot->copies++;
        slot->last_standing_id++;
        slot->standing.ids[slot->standing.count++] = slot->last_standing_id;
    }
    return status;
}

// The message, and behind it a copy for the wire that is there. NULL: out of
// memory.
static struct hw_command *
make_addition(const hawser_message *message)
{
    struct hw_batch *batch = batch_of(message, 0);

    if (batch == NULL) {
        return NULL;
    }
    batch->next = batch_of(message, HW_MESSAGE_STANDING);
    if (batch->next == NULL) {
        hw_batch_drop(batch);
        return NULL;
    }
    return command_with(HW_LETTER_STANDING_ADD, batch);
}

hawser_status
hawser_link_standing_add(hawser_bus *bus, hawser_link link,
                         hawser_message *message, uint64_t *id)
{
    hawser_status status = check_message(bus, link, message);
    struct hw_command *command;
    struct hw_slot *slot;

    if (status != HAWSER_OK) {
        return status;
    }
    command = make_addition(message);
    if (command == NULL) {
        return HAWSER_NO_MEMORY;
    }
    slot = hw_slot_lock(bus, link);
    status = HAWSER_STALE;
    if (slot != NULL) {
        status = add(slot, command);
        if (status == HAWSER_OK && id != NULL) {
            *id = slot->last_standing_id;
        }
        hw_slot_unlock(slot);
    }
    if (status != HAWSER_OK) {
        drop_command(command);
    }
    return status;
}

// Where the id stands, or count: nowhere.
static uint32_t
place_of(const struct hw_standing_ids *standing, uint64_t id)
{
    uint32_t low = 0, high = standing->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (standing->ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < standing->count && standing->ids[low] == id ? low
                                                             : standing->count;
}

// With the slot locked.
static hawser_status
take_back(struct hw_slot *slot, struct hw_command *command)
{
    struct hw_standing_ids *standing = &slot->standing;
    uint32_t place = place_of(standing, command->letter.number);
    bool farewell = command->letter.thing != NULL;
    hawser_status status;

    if (place == standing->count) {
        return HAWSER_UNKNOWN;
    }
    if (farewell && !has_room_for_copy(slot)) {
        return HAWSER_FULL;
    }
    status = hw_slot_wish(slot, command, false);
    if (status == HAWSER_OK) {
        slot->copies += farewell;
        standing->count--;
        memmove(&standing->ids[place], &standing->ids[place + 1],
                (standing->count - place) * sizeof standing->ids[0]);
    }
    return status;
}

hawser_status
hawser_link_standing_remove(hawser_bus *bus, hawser_link link, uint64_t id,
                            hawser_message *farewell)
{
    struct hw_batch *batch = NULL;
    struct hw_command *command;
    struct hw_slot *slot;
    hawser_status status;

    if (bus == NULL) {
        return HAWSER_INVALID;
    }
    if (farewell != NULL) {
        status = check_message(bus, link, farewell);
        batch = status == HAWSER_OK ? batch_of(farewell, HW_MESSAGE_STANDING)
                                    : NULL;
        if (batch == NULL) {
            return status == HAWSER_OK ? HAWSER_NO_MEMORY : status;
        }
    }
    command = command_with(HW_LETTER_STANDING_REMOVE, batch);
    if (command == NULL) {
        return HAWSER_NO_MEMORY;
    }
    command->letter.number = id;
    slot = hw_slot_lock(bus, link);
    status = HAWSER_STALE;
    if (slot != NULL) {
        status = take_back(slot, command);
        hw_slot_unlock(slot);
    }
    if (status != HAWSER_OK) {
        drop_command(command);
    }
    return status;
}
