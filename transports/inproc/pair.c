// pair.c - who waits for a partner, the pairs, and who has something to do.
#include "pair.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct hw_inproc_wire *waiting; // the one that waits longest is first

void
hw_inproc_lock(void)
{
    (void)pthread_mutex_lock(&mutex); // an ordinary mutex: it can't fail
}

void
hw_inproc_unlock(void)
{
    (void)pthread_mutex_unlock(&mutex); // likewise
}

// ---- who has something to do ----

void
hw_inproc_wake(struct hw_inproc_wire *wire)
{
    struct hw_inproc_place *place = &wire->place;
    struct hw_inproc_site *site = place->site;

    if (place->busy) {
        return;
    }
    place->busy = true;
    place->next = NULL;
    place->before = site->last;
    if (site->last != NULL) {
        site->last->place.next = wire;
    } else {
        site->first = wire;
    }
    site->last = wire;
    site->count++;
    if (site->count == 1) {
        (void)uv_async_send(&site->async); // fails only on a closed handle
    }
}

static void
rest(struct hw_inproc_wire *wire)
{
    struct hw_inproc_place *place = &wire->place;
    struct hw_inproc_site *site = place->site;

    if (!place->busy) {
        return;
    }
    place->busy = false;
    if (place->before != NULL) {
        place->before->place.next = place->next;
    } else {
        site->first = place->next;
    }
    if (place->next != NULL) {
        place->next->place.before = place->before;
    } else {
        site->last = place->before;
    }
    site->count--;
}

struct hw_inproc_wire *
hw_inproc_next_busy(struct hw_inproc_site *site)
{
    struct hw_inproc_wire *wire = site->first;

    if (wire != NULL) {
        rest(wire);
    }
    return wire;
}

// ---- meeting and parting ----

// Where the first one with that name waits, or the end of the list.
static struct hw_inproc_wire **
find_waiting(const char *name)
{
    struct hw_inproc_wire **at = &waiting;

    while (*at != NULL && strcmp((*at)->place.name, name) != 0) {
        at = &(*at)->place.next_waiting;
    }
    return at;
}

bool
hw_inproc_meet(struct hw_inproc_wire *wire, struct hw_inproc_pair *pair)
{
    struct hw_inproc_wire **at = find_waiting(wire->place.name);
    struct hw_inproc_wire *other = *at;

    if (other == NULL) {
        wire->place.next_waiting = NULL;
        *at = wire;
        return false;
    }
    *at = other->place.next_waiting;
    pair->ends[0] = other;
    pair->ends[1] = wire;
    for (unsigned side = 0; side < 2; side++) {
        pair->ends[side]->place.pair = pair;
        pair->ends[side]->place.side = side;
        hw_inproc_wake(pair->ends[side]);
    }
    return true;
}

static void
stop_waiting(const struct hw_inproc_wire *wire)
{
    struct hw_inproc_wire **at = &waiting;

    while (*at != NULL && *at != wire) {
        at = &(*at)->place.next_waiting;
    }
    if (*at != NULL) {
        *at = wire->place.next_waiting;
    }
}

struct hw_inproc_pair *
hw_inproc_part(struct hw_inproc_wire *wire, int code, const char *reason)
{
    struct hw_inproc_pair *pair = wire->place.pair;
    struct hw_inproc_wire *other;

    rest(wire);
    if (pair == NULL) {
        stop_waiting(wire);
        return NULL;
    }
    other = hw_inproc_other(wire);
    pair->ends[wire->place.side] = NULL;
    wire->place.pair = NULL;
    if (other == NULL) {
        return pair;
    }
    pair->code = code;
    (void)snprintf(pair->reason, sizeof pair->reason, "%s", reason); // cut
    hw_inproc_wake(other);
    return NULL;
}

void
hw_inproc_pair_free(struct hw_inproc_pair *pair)
{
    if (pair != NULL) {
        hw_inproc_parcels_free(pair->lanes[0].load.first);
        hw_inproc_parcels_free(pair->lanes[1].load.first);
        free(pair);
    }
}

struct hw_inproc_wire *
hw_inproc_other(const struct hw_inproc_wire *wire)
{
    return wire->place.pair->ends[1 - wire->place.side];
}

// ---- lanes ----

struct hw_inproc_lane *
hw_inproc_lane_out(const struct hw_inproc_wire *wire)
{
    return &wire->place.pair->lanes[wire->place.side];
}

struct hw_inproc_lane *
hw_inproc_lane_in(const struct hw_inproc_wire *wire)
{
    return &wire->place.pair->lanes[1 - wire->place.side];
}

void
hw_inproc_lane_add(struct hw_inproc_lane *lane,
                   const struct hw_inproc_load *load)
{
    if (load->first == NULL) {
        return;
    }
    if (lane->load.last != NULL) {
        lane->load.last->next = load->first;
    } else {
        lane->load.first = load->first;
    }
    lane->load.last = load->last;
    lane->cost += load->used;
    lane->taken += load->count;
}

struct hw_inproc_parcel *
hw_inproc_lane_take(struct hw_inproc_lane *lane)
{
    struct hw_inproc_parcel *parcel = lane->load.first;

    if (parcel != NULL) {
        lane->load.first = parcel->next;
        if (parcel->next == NULL) {
            lane->load.last = NULL;
        }
        parcel->next = NULL;
    }
    return parcel;
}

void
hw_inproc_lane_mark(struct hw_inproc_lane *lane, uint64_t number)
{
    struct hw_inproc_mark *mark =
        &lane->marks[lane->marks[0].number == 0 ? 0 : 1];

    mark->number = number;
    mark->after = lane->taken;
}

bool
hw_inproc_lane_has_passed(const struct hw_inproc_lane *lane)
{
    return lane->marks[0].number != 0 && lane->marks[0].after <= lane->arrived;
}

uint64_t
hw_inproc_lane_passed(struct hw_inproc_lane *lane)
{
    uint64_t number = 0;

    while (hw_inproc_lane_has_passed(lane)) {
        number = lane->marks[0].number;
        lane->marks[0] = lane->marks[1];
        lane->marks[1].number = 0;
    }
    return number;
}
