// barrier.c - whether what was sent before a barrier has arrived.
//
// No peer is asked: the kernel knows what was acknowledged (arrived.h). It does
// not tell when that changes, so while a barrier is outstanding, and only then,
// the wire looks at once, a millisecond later, and then ever more seldom.
#include "arrived.h"
#include "wire.h"

enum { LOOK_MAX_MS = 20 };

static void
on_timer(uv_timer_t *timer)
{
    hw_stream_barrier_look(timer->data);
}

static void
look_in(struct hw_stream_wire *wire, uint8_t ms)
{
    wire->look_in_ms = ms;
    (void)uv_timer_start(&wire->timer, on_timer, ms, 0); // it is not closing
}

void
hw_stream_barrier_ask(struct hw_stream_wire *wire, uint64_t number)
{
    struct hw_stream_barrier ask = {
        .number = number,
        .target = wire->written + hw_stream_out_backlog(wire),
    };

    if (wire->mute || !wire->can_confirm) {
        return;
    }
    // One that is asked anew must not put off the first for ever.
    if (wire->barrier_count < 2) {
        wire->barrier_count++;
    }
    wire->barriers[wire->barrier_count - 1] = ask;
    if (wire->barrier_count == 1) {
        look_in(wire, 0);
    }
}

static void
note_arrived(struct hw_stream_wire *wire)
{
    uint64_t arrived = wire->v4_or_v6
                           ? hw_stream_tcp_arrived(wire->fd, wire->base)
                           : hw_stream_unix_arrived(wire->fd, wire->written);

    if (arrived > wire->arrived) {
        wire->arrived = arrived;
        hawser_port_alive(wire->port);
    }
}

static bool
has_passed(const struct hw_stream_wire *wire)
{
    return wire->phase == HW_STREAM_OPEN && wire->barrier_count > 0 &&
           wire->barriers[0].target <= wire->arrived;
}

void
hw_stream_barrier_look(struct hw_stream_wire *wire)
{
    note_arrived(wire);
    // In this order: what a peer that died had not read counts as read, but it
    // has hung up before it does. See hw_stream_unix_arrived.
    while (has_passed(wire) && !hw_stream_is_hung_up(wire->fd)) {
        uint64_t number = wire->barriers[0].number;

        wire->barriers[0] = wire->barriers[1];
        wire->barrier_count--;
        wire->look_in_ms = 0;
        hawser_port_passed(wire->port, number);
    }
    if (wire->phase == HW_STREAM_OPEN && wire->barrier_count > 0) {
        unsigned next = wire->look_in_ms == 0 ? 1 : 2u * wire->look_in_ms;

        look_in(wire, (uint8_t)(next < LOOK_MAX_MS ? next : LOOK_MAX_MS));
    }
}
