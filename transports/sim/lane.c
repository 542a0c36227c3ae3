// lane.c - one direction of a wire: what was taken, and what is under way.
#include "lane.h"

#include <stdlib.h>
#include <string.h>

// As much as a frame's head, so that small messages are not for nothing.
enum { HEAD = 8 };

static struct sim_parcel *
make(enum sim_parcel_kind sort, size_t topic_size, size_t size)
{
    struct sim_parcel *parcel = calloc(1, sizeof *parcel + topic_size + size);

    if (parcel != NULL) {
        parcel->sort = (uint8_t)sort;
        parcel->topic_size = (uint16_t)topic_size;
        parcel->size = (uint32_t)size;
    }
    return parcel;
}

struct sim_parcel *
sim_parcel_of_message(const hawser_message *message)
{
    struct sim_parcel *parcel =
        make(SIM_MESSAGE, message->topic_size, message->size);

    if (parcel == NULL) {
        return NULL;
    }
    parcel->kind = message->kind;
    if (message->topic_size > 0) {
        memcpy(parcel->bytes, message->topic, message->topic_size);
    }
    if (message->size > 0) {
        memcpy(parcel->bytes + message->topic_size, message->bytes,
               message->size);
    }
    return parcel;
}

struct sim_parcel *
sim_parcel_of_barrier(uint64_t number)
{
    struct sim_parcel *parcel = make(SIM_BARRIER, 0, 0);

    if (parcel != NULL) {
        parcel->number = number;
    }
    return parcel;
}

struct sim_parcel *
sim_parcel_of_goodbye(int code, const char *reason)
{
    size_t size = strlen(reason) + 1;
    struct sim_parcel *parcel = make(SIM_GOODBYE, 0, size);

    if (parcel != NULL) {
        parcel->number = (uint64_t)code;
        memcpy(parcel->bytes, reason, size);
    }
    return parcel;
}

size_t
sim_parcel_cost(const struct sim_parcel *parcel)
{
    return HEAD + (size_t)parcel->topic_size + parcel->size;
}

void
sim_lane_add(struct sim_lane *lane, struct sim_parcel *parcel)
{
    parcel->next = NULL;
    if (lane->last == NULL) {
        lane->first = parcel;
    } else {
        lane->last->next = parcel;
    }
    lane->last = parcel;
    if (lane->waiting == NULL) {
        lane->waiting = parcel;
    }
    lane->bytes += sim_parcel_cost(parcel);
}

struct sim_parcel *
sim_lane_next_waiting(const struct sim_lane *lane, size_t capacity)
{
    struct sim_parcel *parcel = lane->waiting;

    if (parcel == NULL ||
        (lane->under_way > 0 &&
         lane->under_way + sim_parcel_cost(parcel) > capacity)) {
        return NULL;
    }
    return parcel;
}

void
sim_lane_launch(struct sim_lane *lane, uint64_t at_us)
{
    struct sim_parcel *parcel = lane->waiting;

    if (at_us < lane->last_at_us) {
        at_us = lane->last_at_us; // nothing overtakes
    }
    parcel->at_us = at_us;
    lane->last_at_us = at_us;
    lane->waiting = parcel->next;
    lane->under_way += sim_parcel_cost(parcel);
    lane->written += sim_parcel_cost(parcel);
}

uint64_t
sim_lane_due_us(const struct sim_lane *lane)
{
    return lane->first == lane->waiting ? SIM_NEVER : lane->first->at_us;
}

struct sim_parcel *
sim_lane_take(struct sim_lane *lane)
{
    struct sim_parcel *parcel = lane->first;
    size_t cost = sim_parcel_cost(parcel);

    lane->first = parcel->next;
    if (lane->first == NULL) {
        lane->last = NULL;
    }
    lane->bytes -= cost;
    lane->under_way -= cost;
    return parcel;
}

size_t
sim_lane_count_under_way(const struct sim_lane *lane)
{
    size_t count = 0;

    for (const struct sim_parcel *parcel = lane->first; parcel != lane->waiting;
         parcel = parcel->next) {
        count++;
    }
    return count;
}

void
sim_lane_cut(struct sim_lane *lane, size_t keep)
{
    struct sim_parcel *parcel = lane->first;
    struct sim_lane kept = { .last_at_us = lane->last_at_us,
                             .written = lane->written };

    while (parcel != NULL) {
        struct sim_parcel *next = parcel->next;
        bool under_way = parcel != lane->waiting;

        if (keep > 0 && under_way) {
            sim_lane_add(&kept, parcel);
            kept.waiting = NULL;
            kept.under_way = kept.bytes;
            keep--;
        } else {
            keep = 0;
            free(parcel);
        }
        parcel = next;
    }
    *lane = kept;
}
