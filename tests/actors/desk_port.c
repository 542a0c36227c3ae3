// desk_port.c - a scripted wire behind hw_port_…, for actors at a desk.
#include "actors/desk_port.h"

#include <stdio.h>

#include "check.h"

static bool
is_gone(const struct hw_ports *ports, uint32_t wire)
{
    return ports == NULL || ports->wire != wire;
}

size_t
hw_port_send(struct hw_ports *ports, uint32_t link, uint32_t wire,
             const struct hawser_message *messages, size_t count)
{
    size_t taken;

    (void)link;
    ports->taken = 0;
    if (is_gone(ports, wire)) {
        return 0;
    }
    ports->calls++;
    ports->offered = messages;
    taken = count < ports->room ? count : ports->room;
    ports->room -= taken;
    ports->taken = taken;
    for (size_t i = 0; i < taken; i++) {
        CU_ASSERT_FATAL(ports->sent_count < DESK_PORT_SENT_MAX);
        (void)snprintf(ports->sent[ports->sent_count++], DESK_PORT_TEXT_SIZE,
                       "%.*s", (int)messages[i].size,
                       (const char *)messages[i].bytes);
    }
    return taken;
}

static bool
is_refused(const struct hw_ports *ports, uint32_t index)
{
    uint8_t first;

    if (index >= ports->taken) {
        return false;
    }
    first = ports->offered[index].bytes[0];
    return first >= 'a' && first <= 'z' &&
           (ports->refuses >> (first - 'a') & 1) != 0;
}

uint32_t
hw_port_refused(const struct hw_ports *ports, uint32_t *from)
{
    uint32_t count = 0;

    while (*from < ports->taken && !is_refused(ports, *from)) {
        ++*from;
    }
    while (is_refused(ports, *from + count)) {
        count++;
    }
    return count;
}

bool
hw_port_barrier(struct hw_ports *ports, uint32_t link, uint32_t wire,
                uint64_t number)
{
    (void)link;
    if (is_gone(ports, wire) || ports->no_barriers) {
        return false;
    }
    ports->barriers[ports->barrier_count++ % 64] = number;
    return true;
}

bool
hw_port_gauge(struct hw_ports *ports, uint32_t link, uint32_t wire,
              hawser_gauge *gauge)
{
    (void)link;
    if (is_gone(ports, wire) || ports->no_gauge) {
        return false;
    }
    *gauge = ports->gauge;
    return true;
}

void
hw_port_listen(struct hw_ports *ports, uint32_t link, bool on)
{
    (void)link;
    ports->listening = on;
    ports->listens++;
}

uint64_t
hw_port_heard_times(struct hw_ports *ports, uint32_t link, uint32_t wire)
{
    (void)link;
    return is_gone(ports, wire) ? 0 : ports->heard_times;
}

uint64_t
hw_port_heard_at(struct hw_ports *ports, uint32_t link, uint32_t wire)
{
    (void)link;
    return is_gone(ports, wire) ? 0 : ports->heard_at_ms;
}
