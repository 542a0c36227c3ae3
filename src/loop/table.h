// table.h - the table that the actors of a bus sit around.
//
// It opens a pipe between every two who have something to say to each other,
// carries their letters, and wakes them. It has no thread and no clock: a loop
// turns it, or a test does.
#ifndef HW_LOOP_TABLE_H
#define HW_LOOP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <hawser/status.h>

#include "loop/actor.h"
#include "post/mailbox.h"

struct hw_table;

// Opens a table for the roles, which sit down in their order. clock_us is asked
// for the time, with clock as its argument. NO_MEMORY, SYSTEM.
hawser_status
hw_table_open(struct hw_post *post, const struct hw_role *const *roles,
              unsigned role_count, const struct hawser_settings *settings,
              uint64_t (*clock_us)(void *clock), void *clock,
              struct hw_ports *ports, struct hw_table **table);

// The actors leave in reverse order. NULL is allowed.
void
hw_table_close(struct hw_table *table);

// Carries letters and wakes whom it is time to wake until nothing is left to
// do at this moment. false: there was nothing.
bool
hw_table_turn(struct hw_table *table);

// When the next one wants to be woken, in ms; UINT64_MAX: never.
uint64_t
hw_table_next_wake(const struct hw_table *table);

// What the one of that name keeps, and where it sits.
void *
hw_table_self(struct hw_table *table, unsigned name);

struct hw_seat *
hw_table_seat(struct hw_table *table, unsigned name);

#endif
