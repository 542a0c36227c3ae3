// send.c - messages on their way in: limits, policies, batches.
#include <string.h>

#include "front/bus.h"
#include "front/durable.h"
#include "front/endpoints.h"
#include "values/utf8.h"

enum {
    SMALL_ROOM = 256,  // of a batch for a link that sends little
    COPIED_MAX = 1024, // a shared message up to this size is copied; chosen
    QUICK_MAX = 256, // up to this size it is read with the slot locked; chosen
    // How far drop-oldest may run ahead of the loop: chosen so that waking it
    // costs little beside what it then drops.
    AHEAD_MESSAGES = 16 * 1024,
    AHEAD_BYTES = 1024 * 1024,
    TTL_MAX_MS = 24 * 60 * 60 * 1000, // as message.ttl
    LOOKS = 3, // now, after the turn under way, and after one that hears of all
};

// ---- is there room? ----

static void
look_at_released(struct hw_slot *slot)
{
    slot->released_bytes = HW_METER_GET(slot->meter.released_bytes);
    slot->released = HW_METER_GET(slot->meter.released_messages);
}

// By a whole spool at most.
static uint64_t
limit(int64_t max, bool ahead, uint64_t ahead_max)
{
    uint64_t most = (uint64_t)max;

    return ahead ? most + (most < ahead_max ? most : ahead_max) : most;
}

static bool
fits(const struct hw_slot *slot, size_t size, bool ahead)
{
    const struct hawser_settings *settings = slot->plan->settings;
    uint64_t held = slot->accepted - slot->released;
    uint64_t bytes = slot->accepted_bytes - slot->released_bytes;

    return held == 0 ||
           (held < limit(settings->spool_max_messages, ahead, AHEAD_MESSAGES) &&
            bytes + size <=
                limit(settings->spool_max_bytes, ahead, AHEAD_BYTES));
}

static bool
has_room(struct hw_slot *slot, size_t size, bool ahead)
{
    if (fits(slot, size, ahead)) {
        return true;
    }
    look_at_released(slot);
    return fits(slot, size, ahead);
}

struct room_wanted {
    hawser_bus *bus;
    hawser_link link;
    size_t size;
    bool ahead;
    bool counts;    // the looks; otherwise it takes as many as it takes
    unsigned looks; // that are left
    struct hw_shard *shard;
    uint64_t turns; // of the shard, as of the last look that counts
};

// A look counts once the link's own loop has turned since the last; whoever
// counts them sees to it that it does.
static bool
was_last_look(struct room_wanted *wanted)
{
    uint64_t turns = atomic_load(&wanted->shard->turns);

    if (wanted->looks > 0 && wanted->turns != turns) {
        wanted->turns = turns;
        wanted->looks--;
        hw_loop_knock(wanted->shard->loop);
    }
    return wanted->counts && wanted->looks == 0;
}

// Also when there is nothing to wait for any more.
static bool
room_has_come(void *user)
{
    struct room_wanted *wanted = user;
    struct hw_slot *slot = hw_slot_lock(wanted->bus, wanted->link);
    bool come = slot == NULL || slot->ending || hw_slot_has_failed(slot) ||
                has_room(slot, wanted->size, wanted->ahead);

    if (slot != NULL) {
        hw_slot_unlock(slot);
    }
    return come || was_last_look(wanted);
}

// The slot is locked before and after, and not meanwhile: look at it anew.
// NULL: the link is gone. looks: at most; 0: until there is room.
static struct hw_slot *
wait_for_room(hawser_bus *bus, struct hw_slot *slot, size_t size, bool ahead,
              unsigned looks)
{
    struct room_wanted wanted = {
        .bus = bus,
        .link = hw_slot_link(slot),
        .size = size,
        .ahead = ahead,
        .counts = looks > 0,
        .looks = looks,
        .shard = slot->shard,
        .turns = UINT64_MAX, // the first look counts
    };

    atomic_fetch_add(&slot->meter.blocked, 1);
    hw_slot_unlock(slot);
    (void)hw_wait(bus, UINT64_MAX, room_has_come, &wanted); // until it is so
    slot = hw_slot_lock(bus, wanted.link);
    if (slot != NULL) { // another link begins to count anew
        atomic_fetch_sub(&slot->meter.blocked, 1);
    }
    return slot;
}

// ---- policies ----

static hawser_status
may_send(struct hw_slot *slot, size_t size, uint64_t tag)
{
    const struct hawser_settings *settings = slot->plan->settings;

    if (slot->ending || hw_slot_has_failed(slot)) {
        return HAWSER_ENDED;
    }
    if (size > (uint64_t)settings->message_max) {
        return HAWSER_TOO_BIG;
    }
    if (slot->durable != NULL &&
        hw_file_trouble(slot->durable->file) != HAWSER_OK) {
        return hw_file_trouble(slot->durable->file);
    }
    return tag != 0 && slot->receipts_out >= (uint64_t)settings->receipts_max
               ? HAWSER_FULL
               : HAWSER_OK;
}

// Accepted and given up in one: only the receipt is left to be told.
static hawser_status
turn_away(struct hw_slot *slot, uint64_t tag)
{
    struct hw_command *command;

    if (tag != 0) {
        command = hw_command_new(HW_RECEIVER, HW_LETTER_RECEIPT, slot->index);
        if (command == NULL) {
            return HAWSER_NO_MEMORY;
        }
        command->letter.note = HAWSER_DROPPED;
        command->letter.count = 1;
        command->letter.number = tag;
        slot->receipts_out++;
        (void)hw_command_push(slot->shard,
                              command); // about no order of messages
    }
    slot->turned_away++;
    return HAWSER_OK;
}

// ---- taking in ----

// What is on its way in.
struct parcel {
    struct hawser_message *message;
    hawser_message *shared; // that it stands for; NULL: it is to be copied
    const struct hw_policy *policy; // NULL: none
    bool sync;                      // is it to be known where it went?
    struct hw_file *file;           // that keeps it, held; NULL: it was not
                                    // taken, or nobody wants to know
    uint64_t key;                   // in that file
};

// May a message with that policy (NULL: none) travel in the batch? One with a
// key travels alone.
static bool
suits(const struct hw_batch *batch, const struct hw_policy *policy)
{
    if (policy == NULL || !batch->special) {
        return policy == NULL && !batch->special;
    }
    return policy->key == NULL && batch->policy.key == NULL &&
           policy->lane == batch->policy.lane &&
           policy->wire == batch->policy.wire &&
           policy->ttl_ms == batch->policy.ttl_ms;
}

static struct hw_batch *
add_batch(struct hw_slot *slot, size_t size, const struct hw_policy *policy)
{
    size_t room = slot->room * 4;
    struct hw_batch *batch;

    room = room < SMALL_ROOM          ? SMALL_ROOM
           : room > HW_BATCH_ROOM_MAX ? HW_BATCH_ROOM_MAX
                                      : room;
    if (policy != NULL && policy->key != NULL) {
        size += policy->key_size;
        room = hw_batch_room(size);
    } else {
        slot->room = room;
    }
    if (room < hw_batch_room(size)) {
        room = hw_batch_room(size);
    }
    batch = hw_batch_new(room);
    if (batch == NULL) {
        return NULL;
    }
    if (policy != NULL) {
        hw_batch_set_policy(batch, policy);
    }
    if (slot->last == NULL) {
        slot->first = batch;
    } else {
        slot->last->next = batch;
    }
    slot->last = batch;
    if (slot->durable != NULL) {
        hw_durable_add_batch(slot, batch);
    }
    return batch;
}

static bool
put(struct hw_batch *batch, const struct parcel *parcel)
{
    return parcel->shared == NULL
               ? hw_batch_add(batch, parcel->message)
               : hw_batch_add_shared(batch, parcel->shared,
                                     parcel->message->private_tag);
}

// Into the batch that is being filled, if it suits.
static bool
put_in_last(struct hw_slot *slot, const struct parcel *parcel)
{
    bool sealed = slot->durable != NULL && slot->durable->sealed;

    return slot->last != NULL && !sealed && suits(slot->last, parcel->policy) &&
           put(slot->last, parcel);
}

static void
keep(struct hw_slot *slot, struct parcel *parcel)
{
    hw_durable_add(slot);
    if (parcel->sync) {
        parcel->file = slot->durable->file;
        parcel->key = slot->durable->next_key - 1;
        hw_file_hold(parcel->file);
    }
}

static hawser_status
take_in(struct hw_slot *slot, struct parcel *parcel)
{
    const struct hawser_message *message = parcel->message;
    size_t size = parcel->shared == NULL
                      ? (size_t)message->size + message->topic_size
                      : 0;

    if (!put_in_last(slot, parcel)) {
        struct hw_batch *batch = add_batch(slot, size, parcel->policy);

        if (batch == NULL) {
            return HAWSER_NO_MEMORY;
        }
        (void)put(batch, parcel); // made to measure: it fits
    }
    slot->accepted++;
    slot->accepted_bytes += message->size;
    slot->receipts_out += message->private_tag != 0;
    if (slot->durable != NULL) {
        keep(slot, parcel);
    }
    hw_slot_note_dirty(slot);
    return HAWSER_OK;
}

static hawser_status
accept(hawser_bus *bus, struct hw_slot **slot, struct parcel *parcel)
{
    const struct hawser_message *message = parcel->message;
    uint64_t released = UINT64_MAX;
    hawser_status status;

    for (;;) {
        int64_t overflow = (*slot)->plan->settings->overflow;
        bool ahead = overflow == HW_OVERFLOW_DROP_OLDEST;

        status = may_send(*slot, message->size, message->private_tag);
        if (status != HAWSER_OK) {
            return status;
        }
        if (has_room(*slot, message->size, ahead)) {
            return take_in(*slot, parcel);
        }
        if (overflow == HW_OVERFLOW_REFUSE) {
            return HAWSER_FULL;
        }
        if (overflow == HW_OVERFLOW_DROP_NEWEST) {
            return turn_away(*slot, message->private_tag);
        }
        if (overflow == HW_OVERFLOW_BLOCK) {
            *slot = wait_for_room(bus, *slot, message->size, ahead, 0);
        } else if ((*slot)->released != released) {
            // The queue makes room as soon as the loop turns.
            released = (*slot)->released;
            *slot = wait_for_room(bus, *slot, message->size, ahead, LOOKS);
        } else { // it could not: what waits first may not be dropped
            return turn_away(*slot, message->private_tag);
        }
        if (*slot == NULL) {
            return HAWSER_STALE;
        }
    }
}

// Reading a large message takes its time, so the slot is not locked meanwhile:
// look at it anew, also when it is refused. NULL: the link is gone.
static hawser_status
ask_whether_carried(hawser_bus *bus, struct hw_slot **slot,
                    const struct hawser_message *message)
{
    hawser_link link = hw_slot_link(*slot);
    struct hw_plan *plan;
    hawser_status status;

    if (message->size <= QUICK_MAX) {
        return hw_endpoints_carry((*slot)->plan, message);
    }
    plan = hw_plan_hold((*slot)->plan);
    hw_slot_unlock(*slot);
    status = hw_endpoints_carry(plan, message);
    hw_plan_drop(plan);
    *slot = hw_slot_lock(bus, link);
    return *slot == NULL ? HAWSER_STALE : status;
}

// To a wire, which no file outlives.
static bool
is_bound(const struct parcel *parcel)
{
    return parcel->policy != NULL && parcel->policy->wire != 0;
}

static hawser_status
send_one(hawser_bus *bus, hawser_link link, struct parcel *parcel)
{
    const struct hawser_message *message = parcel->message;
    struct hw_slot *slot = hw_slot_lock(bus, link);
    hawser_status status = HAWSER_OK;

    if (slot == NULL) {
        return HAWSER_STALE;
    }
    if (parcel->sync ? !slot->plan->durable
                     : slot->plan->durable && is_bound(parcel)) {
        status = HAWSER_UNSUPPORTED;
    } else if (slot->plan->picky &&
               message->size <= (uint64_t)slot->plan->settings->message_max) {
        status = ask_whether_carried(bus, &slot, message);
    }
    if (status == HAWSER_OK) {
        status = accept(bus, &slot, parcel);
    }
    if (slot != NULL) {
        hw_slot_unlock(slot);
    }
    return status;
}

// As accept, where nobody may wait.
static hawser_status
accept_now(struct hw_slot *slot, struct hawser_message *message)
{
    int64_t overflow = slot->plan->settings->overflow;
    bool ahead = overflow == HW_OVERFLOW_DROP_OLDEST;
    hawser_status status;

    if (!slot->ending && hw_slot_has_failed(slot)) {
        return HAWSER_FULL;
    }
    status = may_send(slot, message->size, 0);
    if (status != HAWSER_OK) {
        return status;
    }
    if (has_room(slot, message->size, ahead)) {
        return take_in(slot, &(struct parcel){ .message = message });
    }
    return overflow == HW_OVERFLOW_DROP_NEWEST ? turn_away(slot, 0)
                                               : HAWSER_FULL;
}

hawser_status
hw_send_now(hawser_bus *bus, hawser_link link, struct hawser_message *message)
{
    struct hw_slot *slot = hw_slot_lock(bus, link);
    hawser_status status;

    if (slot == NULL) {
        return HAWSER_STALE;
    }
    status = slot->plan->picky ? ask_whether_carried(bus, &slot, message)
                               : HAWSER_OK;
    if (status == HAWSER_OK) {
        status = accept_now(slot, message);
    }
    if (slot != NULL) {
        hw_slot_unlock(slot);
    }
    return status;
}

hawser_status
hawser_send(hawser_bus *bus, hawser_link link, const void *bytes, size_t size)
{
    struct hawser_message message = {
        .bytes = bytes,
        .size = (uint32_t)size,
        .kind = HAWSER_BINARY,
    };

    if (bus == NULL || (bytes == NULL && size > 0)) {
        return HAWSER_INVALID;
    }
    if (size > HW_MESSAGE_SIZE_MAX) {
        return HAWSER_TOO_BIG;
    }
    return send_one(bus, link, &(struct parcel){ .message = &message });
}

hawser_status
hawser_send_text(hawser_bus *bus, hawser_link link, const char *text)
{
    struct hawser_message message = {
        .bytes = (const uint8_t *)text,
        .kind = HAWSER_TEXT,
    };
    size_t size;

    if (bus == NULL || text == NULL) {
        return HAWSER_INVALID;
    }
    size = strlen(text);
    if (size > HW_MESSAGE_SIZE_MAX) {
        return HAWSER_TOO_BIG;
    }
    if (!hw_utf8_valid(text, size)) {
        return HAWSER_INVALID;
    }
    message.size = (uint32_t)size;
    return send_one(bus, link, &(struct parcel){ .message = &message });
}

// A message that came in a batch would keep all of the batch.
static hawser_status
send_shared(hawser_bus *bus, hawser_link link, hawser_message *message,
            uint64_t tag, struct parcel *parcel)
{
    struct hawser_message copy = *message;
    bool small = message->size <= COPIED_MAX || hw_batch_of(message)->count > 1;
    hawser_status status;

    copy.private_tag = tag;
    copy.private_flags = 0;
    parcel->message = &copy;
    parcel->shared = small ? NULL : message;
    status = send_one(bus, link, parcel);
    parcel->message = NULL; // the copy ends here
    return status;
}

hawser_status
hawser_send_message(hawser_bus *bus, hawser_link link, hawser_message *message,
                    uint64_t tag)
{
    struct parcel parcel = { 0 };

    if (bus == NULL || message == NULL) {
        return HAWSER_INVALID;
    }
    return send_shared(bus, link, message, tag, &parcel);
}

// status: of sending it.
static hawser_status
wait_for_disk(const struct parcel *parcel, hawser_status status, int timeout_ms)
{
    return parcel->file == NULL
               ? status
               : hw_durable_wait(parcel->file, parcel->key, timeout_ms);
}

hawser_status
hawser_send_sync(hawser_bus *bus, hawser_link link, hawser_message *message,
                 uint64_t tag, int timeout_ms)
{
    struct parcel parcel = { .sync = true };

    if (bus == NULL || message == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    return wait_for_disk(&parcel, send_shared(bus, link, message, tag, &parcel),
                         timeout_ms);
}

// A caller of an earlier version knows fewer of them.
static bool
read_options(hawser_send_options *all, const hawser_send_options *given)
{
    if (given != NULL) {
        if (given->size < sizeof given->size) {
            return false;
        }
        memcpy(all, given,
               given->size < sizeof *all ? given->size : sizeof *all);
    }
    return all->ttl_ms >= -1 && all->ttl_ms <= TTL_MAX_MS &&
           all->key_size <= HW_KEY_SIZE_MAX &&
           (all->key != NULL || all->key_size == 0) &&
           (unsigned)all->priority <= HAWSER_LOW && all->sync_ms >= -1;
}

hawser_status
hawser_send_with(hawser_bus *bus, hawser_link link, hawser_message *message,
                 const hawser_send_options *options)
{
    hawser_send_options all = { .size = sizeof all };
    struct hw_policy policy;
    struct parcel parcel = { .policy = &policy };

    if (bus == NULL || message == NULL || !read_options(&all, options)) {
        return HAWSER_INVALID;
    }
    policy = (struct hw_policy){
        .ttl_ms = all.ttl_ms,
        .key = all.key_size == 0 ? NULL : all.key,
        .key_size = (uint16_t)all.key_size,
        .lane = (uint8_t)all.priority,
        .wire = all.wire,
    };
    parcel.sync = all.sync_ms != 0;
    return wait_for_disk(&parcel,
                         send_shared(bus, link, message, all.tag, &parcel),
                         all.sync_ms);
}
