// lane.h - one direction of a wire: what was taken, and what is under way.
#ifndef SIM_LANE_H
#define SIM_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

#define SIM_NEVER UINT64_MAX

enum sim_parcel_kind { SIM_MESSAGE, SIM_BARRIER, SIM_GOODBYE };

struct sim_parcel {
    struct sim_parcel *next;
    uint64_t at_us;  // when it arrives, once it is under way
    uint64_t number; // of a barrier; the code of a goodbye
    uint32_t size;   // of a goodbye: of its reason, with its zero
    uint16_t topic_size;
    uint8_t sort; // enum sim_parcel_kind
    uint8_t kind; // hawser_kind
    uint8_t bytes[];
};

struct sim_lane {
    struct sim_parcel *first;
    struct sim_parcel *last;
    struct sim_parcel *waiting; // the first that is not under way; NULL: none
    uint64_t last_at_us;        // when the last under way arrives
    uint64_t written;           // bytes that were ever under way
    size_t bytes;               // of all parcels here
    size_t under_way;           // of those, bytes under way
};

// NULL: out of memory. What the bytes are of is copied.
struct sim_parcel *
sim_parcel_of_message(const hawser_message *message);

struct sim_parcel *
sim_parcel_of_barrier(uint64_t number);

struct sim_parcel *
sim_parcel_of_goodbye(int code, const char *reason);

// What it takes of the limits.
size_t
sim_parcel_cost(const struct sim_parcel *parcel);

void
sim_lane_add(struct sim_lane *lane, struct sim_parcel *parcel);

// The next to be put under way, if it fits into capacity; NULL otherwise. One
// parcel always fits.
struct sim_parcel *
sim_lane_next_waiting(const struct sim_lane *lane, size_t capacity);

// Puts it under way, to arrive then or behind the one before it.
void
sim_lane_launch(struct sim_lane *lane, uint64_t at_us);

// When the first arrives; SIM_NEVER: nothing is under way.
uint64_t
sim_lane_due_us(const struct sim_lane *lane);

// Takes the first out, which is under way. It is the caller's.
struct sim_parcel *
sim_lane_take(struct sim_lane *lane);

size_t
sim_lane_count_under_way(const struct sim_lane *lane);

// Frees all behind the first keep parcels.
void
sim_lane_cut(struct sim_lane *lane, size_t keep);

#endif
