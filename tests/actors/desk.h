// desk.h - one actor alone: a stand-in for the loop that seats it.
//
// Write it a letter, turn the clock, read what it said. Every letter, either
// way, must be one that the vocabulary knows between the two. No threads, no
// sockets, no sleep.
#ifndef HAWSER_TESTS_DESK_H
#define HAWSER_TESTS_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/actor.h"
#include "values/meter.h"
#include "values/plan.h"

enum {
    DESK_SAID_MAX = 8192,
    DESK_LINKS = 8,       // of bus.links_max
    DESK_START_MS = 5000, // what the clock shows at first
};

struct desk_said {
    unsigned to;
    bool read;
    struct hw_letter letter;
};

struct desk {
    struct hw_seat seat; // first: a seat's address is its desk's
    const struct hw_role *role;
    void *self;
    uint64_t clock_us;
    uint64_t look_us; // that each look at the clock takes
    size_t said_count;
    struct desk_said said[DESK_SAID_MAX];
    struct hw_meter meters[DESK_LINKS];
};

// Seats the role. options is "name=value name=value", or "". ports may be NULL.
void
desk_open(struct desk *desk, const struct hw_role *role, const char *options,
          struct hw_ports *ports);

// Lets the actor leave, and gives back what unread letters hold.
void
desk_close(struct desk *desk);

// ---- writing ----

// Hands the actor a letter from whoever that is; what it points at goes over.
void
desk_write(struct desk *desk, unsigned from, const struct hw_letter *letter);

// Lets so many milliseconds pass; the actor is woken at each moment that it
// asked for.
void
desk_pass(struct desk *desk, uint64_t ms);

// As desk_pass, but as a loop that slept through it: woken once, at the end.
void
desk_oversleep(struct desk *desk, uint64_t ms);

uint64_t
desk_now(const struct desk *desk);

// ---- reading ----

// The first unread letter of that kind to that one; it counts as read. false:
// there is none. letter may be NULL: then what it holds is given back.
bool
desk_read(struct desk *desk, unsigned to, unsigned kind,
          struct hw_letter *letter);

// The first unread letter of all, which must be of that kind and to that one.
bool
desk_read_next(struct desk *desk, unsigned to, unsigned kind,
               struct hw_letter *letter);

// How many unread ones there are.
size_t
desk_count(const struct desk *desk, unsigned to, unsigned kind);

// Is nothing left to read?
bool
desk_is_silent(const struct desk *desk);

// Reads all that is left, without looking.
void
desk_clear(struct desk *desk);

// Prints what is unread, for a test that failed.
void
desk_print(const struct desk *desk);

// Gives back what a letter holds.
void
desk_give_back(const struct hw_letter *letter);

// ---- what letters hold ----

// A plan of a link, one hold: options as in desk_open, urls separated by spaces
// ("ws://a ws://b").
struct hw_plan *
desk_plan(struct desk *desk, uint32_t link, const char *options,
          const char *urls);

// Settings of such options, one hold.
struct hawser_settings *
desk_settings(const char *options);

#endif
