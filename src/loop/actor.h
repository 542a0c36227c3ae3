// actor.h - what an actor is: a role, seated somewhere that serves it.
//
// An actor hears one letter at a time and says letters to others. It owns what
// it keeps; it reads no clock and opens nothing: its seat gives it the time,
// wakes it, and carries its letters. A loop offers such seats, and so does the
// desk of a test.
#ifndef HW_LOOP_ACTOR_H
#define HW_LOOP_ACTOR_H

#include <stdint.h>

#include <hawser/status.h>

#include "post/letter.h"
#include "values/settings.h"

struct hw_ports; // the wires of this loop; see wire/port.h

struct hw_seat {
    void (*say)(struct hw_seat *seat, unsigned to,
                const struct hw_letter *letter);
    // Microseconds on a clock that never goes back; fresh at every call.
    uint64_t (*clock_us)(const struct hw_seat *seat);
    uint64_t now_ms;     // the same clock, as of the letter being heard
    uint64_t wake_at_ms; // the actor is woken then; UINT64_MAX: never
    struct hw_ports *ports;
    unsigned name; // enum hw_name: who sits here
};

struct hw_role {
    unsigned name; // enum hw_name
    size_t size;   // of what it keeps
    // Begins with what it keeps all zero. NO_MEMORY.
    hawser_status (*sit)(void *self, struct hw_seat *seat,
                         const struct hawser_settings *settings);
    // Gives back what it keeps.
    void (*leave)(void *self);
    // What it does with a letter of each kind; NULL: it is never told that.
    void (*on[HW_LETTERS])(void *self, const struct hw_letter *letter);
    // wake_at_ms has come, and was set back to never. NULL: it never sleeps.
    void (*on_wake)(void *self);
};

// Links are given the lowest rows that are free. An actor that notes here how
// far it came needs not look at all of bus.links_max when it leaves.
static inline void
hw_reach_row(uint32_t *rows_reached, uint32_t row)
{
    if (*rows_reached <= row) {
        *rows_reached = row + 1;
    }
}

static inline void
hw_say(struct hw_seat *seat, unsigned to, const struct hw_letter *letter)
{
    seat->say(seat, to, letter);
}

#endif
