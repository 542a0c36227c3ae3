// link.c - links: opening, and what the application wishes of them.
#include <stdlib.h>
#include <string.h>

#include "front/bus.h"
#include "front/durable.h"
#include "front/endpoints.h"

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
    slot->copies = 0;
    slot->ending = false;
    slot->credit_messages = 0;
    slot->credit_bytes = 0;
    slot->credit_events = 0;
    memset(&slot->meter, 0, sizeof slot->meter);
    HW_METER_SET(slot->meter.rtt_us, -1);
}

// Those who hear of a link from the door; the supervisor tells the others.
enum { TOLD = 3, MADE = TOLD + HW_SPARES };

static bool
make_commands(struct hw_command *commands[static MADE])
{
    // And what its goodbye will take, if there is no memory then.
    static const struct {
        uint8_t to;
        uint8_t kind;
    } made_for[MADE] = {
        { HW_RECEIVER, HW_LETTER_LINK_OPEN },
        { HW_QUEUE, HW_LETTER_LINK_OPEN },
        { HW_SUPERVISOR, HW_LETTER_LINK_OPEN },
        { HW_QUEUE, HW_LETTER_SEND },
        { HW_SUPERVISOR, HW_LETTER_LINK_CLOSE },
    };
    bool made = true;

    for (unsigned i = 0; i < MADE; i++) {
        commands[i] = hw_command_new(made_for[i].to, made_for[i].kind, 0);
        made = made && commands[i] != NULL;
    }
    return made;
}

static hawser_status
begin(hawser_bus *bus, hawser_inbox *inbox, struct hw_plan *plan,
      struct hw_durable *durable, struct hw_batch *loaded, hawser_link *link)
{
    struct hw_command *commands[MADE];
    struct hw_slot *slot;
    hawser_status status = HAWSER_NO_MEMORY;

    if (make_commands(commands)) {
        status = hw_slot_take(bus, inbox->hidden ? inbox->ears[0].shard : NULL,
                              &slot);
    }
    if (status != HAWSER_OK) {
        for (unsigned i = 0; i < MADE; i++) {
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
        hw_slot_push(slot, commands[i]);
    }
    for (unsigned i = 0; i < HW_SPARES; i++) {
        commands[TOLD + i]->letter.link = slot->index;
        slot->spares[i] = commands[TOLD + i];
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

hawser_status
hw_slot_wish(struct hw_slot *slot, struct hw_command *command, bool ends)
{
    if (slot->ending && command->letter.kind != HW_LETTER_LINK_CLOSE) {
        return HAWSER_ENDED;
    }
    if (HW_METER_GET(slot->meter.state) == HAWSER_CLOSED) {
        return HAWSER_ENDED;
    }
    if (!hw_slot_flush(slot)) {
        return HAWSER_NO_MEMORY;
    }
    command->letter.link = slot->index;
    slot->ending |= ends;
    slot->mends += command->letter.kind == HW_LETTER_LINK_RECONNECT;
    hw_slot_push(slot, command);
    return HAWSER_OK;
}

hawser_status
hw_link_wish(hawser_bus *bus, hawser_link link, struct hw_command *command,
             bool ends)
{
    struct hw_slot *slot = hw_slot_lock(bus, link);
    hawser_status status;

    if (slot == NULL) {
        return HAWSER_STALE;
    }
    status = hw_slot_wish(slot, command, ends);
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
        status = hw_link_wish(bus, link, command, false);
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
