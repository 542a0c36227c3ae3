// proxy_plan.h - what a connection through the chaos proxy has to suffer.
//
// A recipe is a text such as "latency=5..30 jitter=10 reset=20000..400000": a
// number, or the range that it is drawn from, for each trouble that it names.
// A plan is a recipe with its numbers drawn. 0 is no such trouble.
#ifndef CHAOS_PROXY_PLAN_H
#define CHAOS_PROXY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trouble {
    LATENCY,    // ms that each byte is late
    JITTER,     // ms, at most, that it is late on top of that; order is kept
    BANDWIDTH,  // bytes a second, in each direction
    SLICE,      // bytes, at most, that are written at once
    PAUSE,      // ms between two writes
    CUT,        // bytes, of both directions, after which both ends hear goodbye
    RESET,      // bytes after which both ends are reset
    HALF_OPEN,  // bytes after which nothing is heard any more, of any kind
    HOLD,       // ms that a half-open connection stays; then it is reset
    SLOW_CLOSE, // ms that a goodbye is late
    TROUBLES,
};

struct range {
    uint64_t low;
    uint64_t high;
};

struct recipe {
    struct range range[TROUBLES];
};

struct plan {
    uint64_t of[TROUBLES];
};

// A generator of its own: a seed gives the same plans on every machine.
struct chance {
    uint64_t state;
};

uint64_t
chance_next(struct chance *chance);

uint64_t
chance_between(struct chance *chance, uint64_t low, uint64_t high);

const char *
trouble_name(enum trouble trouble);

// false: text is no recipe; *at is what was not understood.
bool
recipe_parse(const char *text, struct recipe *recipe, const char **at);

void
recipe_draw(const struct recipe *recipe, struct chance *chance,
            struct plan *plan);

#endif
