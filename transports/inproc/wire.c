// wire.c - one end of a pair: its two halves, and its turns on its own loop.
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// So that one busy wire does not starve the others of its loop.
enum { PARCELS_PER_TURN = 32 };

// Close codes, as WebSocket has them (RFC 6455 §7.4.1).
enum { CODE_ORDINARY = 1000, CODE_TOO_BIG = 1009, CODE_BROKEN = 1011 };

// ---- the end ----

static void
free_wire(struct hw_inproc_wire *wire)
{
    hw_inproc_parcels_free(wire->parcel);
    free(wire);
}

// Lets go of the other end. Who calls this frees the wire.
static void
end_wire(struct hw_inproc_wire *wire, int code, const char *reason)
{
    struct hw_inproc_pair *pair;

    hw_inproc_lock();
    pair = hw_inproc_part(wire, code, reason);
    hw_inproc_unlock();
    hw_inproc_pair_free(pair);
    wire->gone = true;
}

// In the middle of a turn, the turn's end frees the wire.
void
hw_inproc_wire_close(void *handle, int code, const char *reason)
{
    struct hw_inproc_wire *wire = handle;

    end_wire(wire, code == 0 ? CODE_ORDINARY : code, reason);
    if (!wire->in_turn) {
        free_wire(wire);
    }
}

// In a turn: loses the wire by its own fault. The other end is told code and
// error.
static void
fail(struct hw_inproc_wire *wire, hawser_cause cause, int code,
     const char *error)
{
    char sentence[128];
    const hawser_lost why = { .cause = cause,
                              .error = sentence,
                              .headers = "",
                              .reason = "",
                              .retry_after_ms = -1 };

    (void)snprintf(sentence, sizeof sentence, "inproc: %s", error); // cut
    hawser_port_lost(wire->port, &why);
    end_wire(wire, code, error);
}

static void
wake_self(struct hw_inproc_wire *wire)
{
    hw_inproc_lock();
    hw_inproc_wake(wire);
    hw_inproc_unlock();
}

// Nothing may be said from inside a verb but lost, so even that waits.
static void
breaks(struct hw_inproc_wire *wire)
{
    wire->broken = true;
    wake_self(wire);
}

// ---- the writing half ----

static bool
has_room(const struct hw_inproc_wire *wire)
{
    return hw_inproc_lane_out(wire)->cost <= wire->buffer_max / 2;
}

// The room left, and whether the wire is empty. False: nobody is there to read.
static bool
measure(const struct hw_inproc_wire *wire, size_t *room, bool *empty)
{
    size_t cost;
    bool there;

    hw_inproc_lock();
    cost = hw_inproc_lane_out(wire)->cost;
    there = hw_inproc_other(wire) != NULL;
    hw_inproc_unlock();
    *room = cost < wire->buffer_max ? wire->buffer_max - cost : 0;
    *empty = cost == 0;
    return there;
}

// Puts the load on the lane. False: nobody is there to read.
static bool
post(struct hw_inproc_wire *wire, const struct hw_inproc_load *load, bool more)
{
    struct hw_inproc_wire *other;

    hw_inproc_lock();
    other = hw_inproc_other(wire);
    if (other != NULL && load->first != NULL) {
        hw_inproc_lane_add(hw_inproc_lane_out(wire), load);
        hw_inproc_wake(other);
    }
    if (other != NULL && more) {
        hw_inproc_lane_out(wire)->starved = true;
        if (has_room(wire)) { // it came while the load was packed
            hw_inproc_wake(wire);
        }
    }
    hw_inproc_unlock();
    return other != NULL;
}

// Where the other end is gone nothing can arrive: what is not taken stays in
// the queue, and lost is on its way.
size_t
hw_inproc_wire_send(void *handle, const hawser_message *messages, size_t count)
{
    struct hw_inproc_wire *wire = handle;
    struct hw_inproc_load load = { .first = NULL };
    size_t room;
    bool empty;

    if (wire->broken || !measure(wire, &room, &empty)) {
        return 0;
    }
    if (!hw_inproc_load_pack(&load, messages, count, room, empty)) {
        breaks(wire);
    }
    if (!post(wire, &load, load.count < count)) {
        hw_inproc_parcels_free(load.first);
        return 0;
    }
    return load.count;
}

// A barrier travels as an empty parcel, so that the other end's loop answers.
void
hw_inproc_wire_barrier(void *handle, uint64_t number)
{
    struct hw_inproc_wire *wire = handle;
    struct hw_inproc_load load = { .first = NULL };
    struct hw_inproc_parcel *parcel = hw_inproc_parcel_empty();
    const struct hw_inproc_parcel *last;
    struct hw_inproc_lane *lane;

    if (parcel == NULL) {
        breaks(wire);
        return;
    }
    hw_inproc_lock();
    lane = hw_inproc_lane_out(wire);
    last = lane->load.last;
    if (hw_inproc_other(wire) != NULL && (last == NULL || last->used > 0)) {
        hw_inproc_load_add(&load, parcel);
        hw_inproc_lane_add(lane, &load);
        hw_inproc_wake(hw_inproc_other(wire));
        parcel = NULL;
    }
    hw_inproc_lane_mark(lane, number);
    hw_inproc_unlock();
    hw_inproc_parcels_free(parcel); // another of its kind is the last already
}

void
hw_inproc_wire_gauge(void *handle, hawser_gauge *gauge)
{
    struct hw_inproc_wire *wire = handle;

    memset(gauge, 0, sizeof *gauge);
    hw_inproc_lock();
    if (wire->place.pair != NULL) {
        gauge->written = hw_inproc_lane_out(wire)->arrived_bytes;
        gauge->backlog = hw_inproc_lane_out(wire)->cost;
    }
    hw_inproc_unlock();
}

// ---- the reading half ----

void
hw_inproc_wire_listen(void *handle, int on)
{
    struct hw_inproc_wire *wire = handle;

    wire->listening = on != 0;
    hw_inproc_lock();
    if (on != 0 && wire->place.pair != NULL) {
        hw_inproc_wake(wire); // nothing is handed on from inside this call
    }
    hw_inproc_unlock();
}

// Whether a parcel is in hand, taking the next one if none was.
static bool
take_parcel(struct hw_inproc_wire *wire)
{
    if (wire->parcel == NULL) {
        hw_inproc_lock();
        wire->parcel = hw_inproc_lane_take(hw_inproc_lane_in(wire));
        hw_inproc_unlock();
        wire->parcel_at = 0;
    }
    return wire->parcel != NULL;
}

// The parcel in hand was handed on: there is room, and barriers may be passed.
static void
put_parcel(struct hw_inproc_wire *wire)
{
    struct hw_inproc_parcel *parcel = wire->parcel;
    struct hw_inproc_lane *lane;
    struct hw_inproc_wire *other;

    wire->parcel = NULL;
    hw_inproc_lock();
    lane = hw_inproc_lane_in(wire);
    other = hw_inproc_other(wire);
    lane->arrived += parcel->count;
    lane->arrived_bytes += parcel->used;
    lane->cost -= parcel->used;
    lane->heard = true;
    if (other != NULL && ((lane->starved && has_room(other)) ||
                          hw_inproc_lane_has_passed(lane))) {
        hw_inproc_wake(other);
    }
    hw_inproc_unlock();
    hw_inproc_parcels_free(parcel);
}

static void
refuse_size(struct hw_inproc_wire *wire, size_t size)
{
    char error[96];

    (void)snprintf(error, sizeof error,
                   "a message of %zu bytes, above message.max (%zu)", size,
                   wire->message_max); // two numbers fit
    fail(wire, HAWSER_CAUSE_TOO_BIG, CODE_TOO_BIG, error);
}

// Hands the parcel on, to its end or until the port wants no more.
static void
hand_on_parcel(struct hw_inproc_wire *wire)
{
    struct hw_inproc_piece piece;

    while (wire->parcel_at < wire->parcel->used) {
        if (!wire->listening) {
            return;
        }
        hw_inproc_parcel_read(wire->parcel, &wire->parcel_at, &piece);
        if (piece.size > wire->message_max) {
            refuse_size(wire, piece.size);
            return;
        }
        if (hawser_port_received(wire->port, piece.kind, piece.topic,
                                 piece.topic_size, piece.bytes,
                                 piece.size) != HAWSER_OK) {
            fail(wire, HAWSER_CAUSE_LOCAL, CODE_BROKEN, "out of memory");
            return; // so the other end is not told that it arrived
        }
        if (wire->gone) {
            return;
        }
    }
    put_parcel(wire);
}

static void
hand_on(struct hw_inproc_wire *wire)
{
    unsigned handed = 0;

    if (wire->listening && take_parcel(wire)) {
        hawser_port_alive(wire->port);
    }
    while (!wire->gone && wire->listening && take_parcel(wire)) {
        if (handed++ == PARCELS_PER_TURN) {
            wake_self(wire);
            return;
        }
        hand_on_parcel(wire);
    }
}

// ---- a turn ----

static void
say_opened(struct hw_inproc_wire *wire)
{
    char peer[sizeof "inproc://" + HW_INPROC_NAME_MAX];
    const hawser_opened info = {
        .peer = peer, .protocol = "", .headers = "", .barriers = 1
    };

    (void)snprintf(peer, sizeof peer, "inproc://%s", wire->place.name); // fits
    wire->opened = true;
    hawser_port_opened(wire->port, &info);
}

// What the other end's reading has made possible.
static void
say_progress(struct hw_inproc_wire *wire)
{
    struct hw_inproc_lane *lane;
    uint64_t number;
    bool heard;
    bool writable;

    hw_inproc_lock();
    lane = hw_inproc_lane_out(wire);
    number = hw_inproc_lane_passed(lane);
    writable = lane->starved && has_room(wire) && hw_inproc_other(wire) != NULL;
    lane->starved = lane->starved && !writable;
    heard = lane->heard;
    lane->heard = false;
    hw_inproc_unlock();
    if (heard) {
        hawser_port_alive(wire->port);
    }
    if (number != 0 && !wire->gone) {
        hawser_port_passed(wire->port, number);
    }
    if (writable && !wire->gone) {
        hawser_port_writable(wire->port);
    }
}

// The other end's goodbye comes when all before it was handed on.
static void
say_lost_if_ended(struct hw_inproc_wire *wire)
{
    char reason[HW_INPROC_REASON_SIZE];
    hawser_lost why = { .cause = HAWSER_CAUSE_CLOSED,
                        .error = "inproc: the other end closed",
                        .headers = "",
                        .reason = reason,
                        .retry_after_ms = -1 };
    bool ended;

    hw_inproc_lock();
    ended = hw_inproc_other(wire) == NULL && wire->parcel == NULL &&
            hw_inproc_lane_in(wire)->load.first == NULL && wire->listening;
    if (ended) {
        why.close_code = wire->place.pair->code;
        memcpy(reason, wire->place.pair->reason, sizeof reason);
    }
    hw_inproc_unlock();
    if (ended && why.close_code == HAWSER_CLOSE_CUT) {
        why.cause = HAWSER_CAUSE_RESET;
        why.error = "inproc: cut off by the other end";
        why.close_code = 0;
    }
    if (ended) {
        hawser_port_lost(wire->port, &why);
        end_wire(wire, CODE_ORDINARY, "");
    }
}

// A call of the port may close the wire, so each step looks whether it is gone;
// it is freed at the end.
void
hw_inproc_wire_turn(struct hw_inproc_wire *wire)
{
    wire->in_turn = true;
    if (!wire->opened) {
        say_opened(wire);
    }
    if (!wire->gone) {
        say_progress(wire);
    }
    if (!wire->gone) {
        hand_on(wire);
    }
    if (!wire->gone && wire->broken) {
        fail(wire, HAWSER_CAUSE_LOCAL, CODE_BROKEN, "out of memory");
    }
    if (!wire->gone) {
        say_lost_if_ended(wire);
    }
    wire->in_turn = false;
    if (wire->gone) {
        free_wire(wire);
    }
}
