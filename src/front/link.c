// link.c - links: opening, asking, greeting, closing.
#include <stdlib.h>
#include <string.h>

#include "front/bus.h"
#include "front/durable.h"
#include "front/endpoints.h"
#include "values/utf8.h"

enum { REASON_MAX = 123 }; // RFC 6455 §5.5: 125 bytes less the code

// ---- opening ----

static void
reset(struct hw_slot *slot, struct hw_plan *plan, hawser_inbox *inbox)
{
    slot->plan = plan;
    slot->inbox = inbox;
    slot->room = 0;
    slot->accepted = 0;
    slot->accepted_bytes = 0;
    slot->turned_away = 0;
    slot->released = 0;
    slot->released_bytes = 0;
    slot->receipts_out = 0;
    slot->mends = 0;
    slot->ending = false;
    slot->credit_messages = 0;
    slot->credit_bytes = 0;
    slot->credit_events = 0;
    memset(&slot->meter, 0, sizeof slot->meter);
    HW_METER_SET(slot->meter.rtt_us, -1);
}

// Those who hear of a link from the door; the supervisor tells the others.
enum { TOLD = 3 };

static bool
make_openings(struct hw_command *commands[static TOLD])
{
    static const uint8_t told[TOLD] = { HW_RECEIVER, HW_QUEUE, HW_SUPERVISOR };
    bool made = true;

    for (unsigned i = 0; i < TOLD; i++) {
        commands[i] = hw_command_new(told[i], HW_LETTER_LINK_OPEN, 0);
        made = made && commands[i] != NULL;
    }
    return made;
}

static hawser_status
begin(hawser_bus *bus, hawser_inbox *inbox, struct hw_plan *plan,
      struct hw_durable *durable, struct hw_batch *loaded, hawser_link *link)
{
    struct hw_command *commands[TOLD];
    struct hw_slot *slot;
    hawser_status status = HAWSER_NO_MEMORY;

    if (make_openings(commands)) {
        status = hw_slot_take(bus, &slot);
    }
    if (status != HAWSER_OK) {
        for (unsigned i = 0; i < TOLD; i++) {
            free(commands[i]);
        }
        return status;
    }
    pthread_mutex_lock(&slot->lock);
    reset(slot, plan, inbox);
    plan->meter = &slot->meter;
    plan->inbox = inbox->number;
    link->id = (uint64_t)slot->generation << 32 | (slot->index + 1);
    atomic_store(&slot->id, link->id);
    atomic_fetch_add(&inbox->links, 1);
    for (unsigned i = 0; i < TOLD; i++) {
        commands[i]->letter.link = slot->index;
        commands[i]->letter.thing = hw_plan_hold(plan);
        hw_slot_push(bus, slot, commands[i]);
    }
    hw_durable_begin(slot, durable, loaded);
    pthread_mutex_unlock(&slot->lock);
    return HAWSER_OK;
}

// Links that set nothing of their own share the settings of their bus.
static struct hawser_settings *
settings_of(hawser_bus *bus, const hawser_options *options)
{
    return options == NULL ? hw_settings_hold(bus->settings)
                           : hw_settings_new(bus->options, options);
}

static hawser_status
make_plan(hawser_bus *bus, const char *urls, const hawser_options *options,
          struct hw_plan **plan)
{
    struct hawser_settings *settings = settings_of(bus, options);
    hawser_status status;

    if (settings == NULL) {
        hw_error_set("out of memory");
        return HAWSER_NO_MEMORY;
    }
    status = hw_endpoints_plan(urls, settings, plan);
    if (status != HAWSER_OK) {
        hw_settings_drop(settings);
    }
    return status;
}

hawser_status
hawser_link_open_in(hawser_inbox *inbox, const char *urls,
                    const hawser_options *options, hawser_link *link)
{
    struct hw_durable *durable;
    struct hw_batch *loaded;
    struct hw_plan *plan;
    const char *misplaced;
    hawser_status status;

    hw_error_clear();
    if (inbox == NULL || urls == NULL || link == NULL) {
        hw_error_set("an argument is missing");
        return HAWSER_INVALID;
    }
    misplaced = hw_options_of_bus(options);
    if (misplaced != NULL) {
        hw_error_set("%s is an option of the bus, not of a link", misplaced);
        return HAWSER_INVALID;
    }
    status = make_plan(inbox->bus, urls, options, &plan);
    if (status != HAWSER_OK) {
        return status;
    }
    status = hw_durable_open(inbox->bus, plan->settings, &durable, &loaded);
    if (status != HAWSER_OK) {
        hw_plan_drop(plan);
        return status;
    }
    plan->durable = durable != NULL;
    status = begin(inbox->bus, inbox, plan, durable, loaded, link);
    if (status != HAWSER_OK) {
        hw_durable_abandon(durable);
        hw_batch_drop_all(loaded);
        hw_error_set("%s", status == HAWSER_FULL
                               ? "bus.links_max: as many links are open"
                               : hawser_status_text(status));
        hw_plan_drop(plan);
    }
    return status;
}

hawser_status
hawser_link_open(hawser_bus *bus, const char *urls,
                 const hawser_options *options, hawser_link *link)
{
    return hawser_link_open_in(bus == NULL ? NULL : bus->inboxes[0], urls,
                               options, link);
}

// ---- wishes ----

// Says the command about the link, behind what was accepted for it. Takes the
// command, and what it carries, on OK only.
static hawser_status
wish(hawser_bus *bus, hawser_link link, struct hw_command *command, bool ends)
{
    struct hw_slot *slot = hw_slot_lock(bus, link);
    hawser_status status = HAWSER_OK;

    if (slot == NULL) {
        return HAWSER_STALE;
    }
    if (slot->ending && command->letter.kind != HW_LETTER_LINK_CLOSE) {
        status = HAWSER_ENDED;
    } else if (HW_METER_GET(slot->meter.state) == HAWSER_CLOSED) {
        status = HAWSER_ENDED;
    } else if (!hw_slot_flush(bus, slot)) {
        status = HAWSER_NO_MEMORY;
    } else {
        command->letter.link = slot->index;
        slot->ending |= ends;
        slot->mends += command->letter.kind == HW_LETTER_LINK_RECONNECT;
        hw_slot_push(bus, slot, command);
    }
    hw_slot_unlock(slot);
    return status;
}

// A letter about one wire of the link, with a text or NULL.
static hawser_status
wish_text(hawser_bus *bus, hawser_link link, unsigned kind, uint32_t wire,
          const char *text)
{
    struct hw_command *command = hw_command_new(HW_SUPERVISOR, kind, 0);
    char *copy = text == NULL ? NULL : strdup(text);
    hawser_status status = HAWSER_NO_MEMORY;

    if (command != NULL && (copy != NULL || text == NULL)) {
        command->letter.wire = wire;
        command->letter.thing = copy;
        status = wish(bus, link, command, false);
    }
    if (status != HAWSER_OK) {
        free(copy);
        free(command);
    }
    return status;
}

hawser_status
hawser_link_reconnect(hawser_bus *bus, hawser_link link)
{
    return bus == NULL
               ? HAWSER_INVALID
               : wish_text(bus, link, HW_LETTER_LINK_RECONNECT, 0, NULL);
}

hawser_status
hawser_link_ready(hawser_bus *bus, hawser_link link, uint32_t wire)
{
    return bus == NULL ? HAWSER_INVALID
                       : wish_text(bus, link, HW_LETTER_LINK_READY, wire, NULL);
}

hawser_status
hawser_link_refuse(hawser_bus *bus, hawser_link link, uint32_t wire,
                   const char *reason)
{
    return bus == NULL
               ? HAWSER_INVALID
               : wish_text(bus, link, HW_LETTER_LINK_REFUSE, wire, reason);
}

// RFC 9110 §5.6.2: what a field's name is made of.
static size_t
token_size(const char *text)
{
    return strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool
are_headers(const char *lines)
{
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");
        size_t name = token_size(lines);

        if (name == 0 || lines[name] != ':' ||
            memchr(lines, '\r', size) != NULL) {
            return false;
        }
        lines += size;
        lines += *lines == '\n';
    }
    return true;
}

hawser_status
hawser_link_answer(hawser_bus *bus, hawser_link link, uint32_t wire,
                   const char *headers)
{
    if (bus == NULL || (headers != NULL && !are_headers(headers))) {
        return HAWSER_INVALID;
    }
    return wish_text(bus, link, HW_LETTER_LINK_ANSWER, wire, headers);
}

// ---- goodbye ----

// RFC 6455 §7.4: what may be sent; 0 is the transport's ordinary one.
static bool
is_goodbye(int code, const char *reason)
{
    bool sendable = code == 0 ||
                    (code >= 1000 && code <= 1014 && code != 1004 &&
                     code != 1005 && code != 1006) ||
                    (code >= 3000 && code <= 4999);

    return sendable &&
           (reason == NULL || (strlen(reason) <= REASON_MAX &&
                               hw_utf8_valid(reason, strlen(reason))));
}

static hawser_status
say_goodbye(hawser_bus *bus, hawser_link link, unsigned kind, int timeout_ms,
            int code, const char *reason)
{
    struct hw_command *command;
    char *copy = NULL;
    hawser_status status = HAWSER_NO_MEMORY;

    if (bus == NULL || timeout_ms < 0 || !is_goodbye(code, reason)) {
        return HAWSER_INVALID;
    }
    command = hw_command_new(HW_SUPERVISOR, kind, 0);
    if (reason != NULL) {
        copy = strdup(reason);
    }
    if (command != NULL && (copy != NULL || reason == NULL)) {
        command->letter.number = (uint64_t)timeout_ms;
        command->letter.note = (uint16_t)code;
        command->letter.thing = copy;
        status = wish(bus, link, command, true);
    }
    if (status != HAWSER_OK) {
        free(copy);
        free(command);
    }
    return status;
}

hawser_status
hawser_link_drain(hawser_bus *bus, hawser_link link, int timeout_ms, int code,
                  const char *reason)
{
    return say_goodbye(bus, link, HW_LETTER_LINK_DRAIN, timeout_ms, code,
                       reason);
}

hawser_status
hawser_link_close(hawser_bus *bus, hawser_link link, int code,
                  const char *reason)
{
    return say_goodbye(bus, link, HW_LETTER_LINK_CLOSE, 0, code, reason);
}

void
hw_link_end(hawser_bus *bus, struct hw_slot *slot, int drain_ms)
{
    hawser_link link = hw_slot_link(slot);
    unsigned kind = drain_ms > 0 ? HW_LETTER_LINK_DRAIN : HW_LETTER_LINK_CLOSE;

    // One that has ended, or is about to, needs nothing more.
    (void)say_goodbye(bus, link, kind, drain_ms, 0, NULL);
}

// ---- greeting ----

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
wish_batch(hawser_bus *bus, hawser_link link, unsigned kind, uint32_t wire,
           struct hw_batch *batch, uint64_t number)
{
    struct hw_command *command = hw_command_new(HW_QUEUE, kind, 0);
    hawser_status status = HAWSER_NO_MEMORY;

    if (command != NULL) {
        command->letter.wire = wire;
        command->letter.number = number;
        command->letter.thing = batch;
        status = wish(bus, link, command, false);
    }
    if (status != HAWSER_OK) {
        hw_batch_drop_all(batch);
        free(command);
    }
    return status;
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

hawser_status
hawser_link_greet(hawser_bus *bus, hawser_link link, uint32_t wire,
                  hawser_message *message)
{
    hawser_status status = check_message(bus, link, message);
    struct hw_batch *batch;

    if (status != HAWSER_OK) {
        return status;
    }
    batch = batch_of(message, 0);
    return batch == NULL
               ? HAWSER_NO_MEMORY
               : wish_batch(bus, link, HW_LETTER_GREET, wire, batch, 0);
}

static hawser_status
note_standing(hawser_bus *bus, hawser_link link, uint64_t *id)
{
    struct hw_slot *slot = hw_slot_lock(bus, link);
    struct hw_standing_ids *standing;
    hawser_status status = HAWSER_OK;

    if (slot == NULL) {
        return HAWSER_STALE;
    }
    standing = &slot->standing;
    if (standing->count >= (uint64_t)slot->plan->settings->standing_max) {
        status = HAWSER_FULL;
    } else if (standing->count == standing->room) {
        uint32_t room = standing->room == 0 ? 8 : standing->room * 2;
        uint64_t *larger = realloc(standing->ids, room * sizeof *larger);

        if (larger == NULL) {
            status = HAWSER_NO_MEMORY;
        } else {
            standing->ids = larger;
            standing->room = room;
        }
    }
    if (status == HAWSER_OK) {
        *id = ++slot->last_standing_id;
        standing->ids[standing->count++] = *id;
    }
    hw_slot_unlock(slot);
    return status;
}

static hawser_status
forget_standing(hawser_bus *bus, hawser_link link, uint64_t id)
{
    struct hw_slot *slot = hw_slot_lock(bus, link);
    struct hw_standing_ids *standing;
    uint32_t low = 0, high;
    bool found;

    if (slot == NULL) {
        return HAWSER_STALE;
    }
    standing = &slot->standing;
    high = standing->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (standing->ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    found = low < standing->count && standing->ids[low] == id;
    if (found) {
        standing->count--;
        memmove(&standing->ids[low], &standing->ids[low + 1],
                (standing->count - low) * sizeof standing->ids[0]);
    }
    hw_slot_unlock(slot);
    return found ? HAWSER_OK : HAWSER_UNKNOWN;
}

hawser_status
hawser_link_standing_add(hawser_bus *bus, hawser_link link,
                         hawser_message *message, uint64_t *id)
{
    hawser_status status = check_message(bus, link, message);
    struct hw_batch *batch;
    uint64_t made;

    if (status != HAWSER_OK) {
        return status;
    }
    batch = batch_of(message, 0);
    if (batch != NULL) {
        batch->next = batch_of(message, HW_MESSAGE_STANDING);
    }
    if (batch == NULL || batch->next == NULL) {
        hw_batch_drop_all(batch);
        return HAWSER_NO_MEMORY;
    }
    status = note_standing(bus, link, &made);
    if (status != HAWSER_OK) {
        hw_batch_drop_all(batch);
        return status;
    }
    status = wish_batch(bus, link, HW_LETTER_STANDING_ADD, 0, batch, made);
    if (status != HAWSER_OK) {
        (void)forget_standing(bus, link, made); // or it went with its link
    } else if (id != NULL) {
        *id = made;
    }
    return status;
}

hawser_status
hawser_link_standing_remove(hawser_bus *bus, hawser_link link, uint64_t id,
                            hawser_message *farewell)
{
    struct hw_batch *batch = NULL;
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
    status = forget_standing(bus, link, id);
    if (status != HAWSER_OK) {
        hw_batch_drop_all(batch);
        return status;
    }
    return wish_batch(bus, link, HW_LETTER_STANDING_REMOVE, 0, batch, id);
}
