// goodbye.c - links: draining and closing, also without memory.
#include <stdlib.h>
#include <string.h>

#include "front/bus.h"
#include "values/utf8.h"

enum { REASON_MAX = 123 }; // RFC 6455 §5.5: 125 bytes less the code

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
        status = hw_link_wish(bus, link, command, true);
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

// What was accepted is brought to the queue first, as ever.
static void
close_without_memory(struct hw_slot *slot)
{
    struct hw_command *send, *close;

    pthread_mutex_lock(&slot->lock);
    send = slot->spares[HW_SPARE_SEND];
    close = slot->spares[HW_SPARE_CLOSE];
    if (close != NULL && HW_METER_GET(slot->meter.state) != HAWSER_CLOSED) {
        slot->spares[HW_SPARE_SEND] = NULL;
        slot->spares[HW_SPARE_CLOSE] = NULL;
        hw_slot_flush_with(slot, send);
        slot->ending = true;
        hw_slot_push(slot, close);
    }
    pthread_mutex_unlock(&slot->lock);
}

void
hw_link_end(hawser_bus *bus, struct hw_slot *slot, int drain_ms)
{
    hawser_link link = hw_slot_link(slot);
    unsigned kind = drain_ms > 0 ? HW_LETTER_LINK_DRAIN : HW_LETTER_LINK_CLOSE;
    hawser_status status = say_goodbye(bus, link, kind, drain_ms, 0, NULL);

    // One that has ended, or is about to, needs nothing more; one that can't be
    // drained is closed when the time for that is over.
    if (status == HAWSER_NO_MEMORY && drain_ms == 0) {
        close_without_memory(slot);
    }
}
