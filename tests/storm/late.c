// late.c - letters that take their time.
//
// At one table letters are heard in a fixed order, which keeps those about an
// earlier wire from coming late. Where actors sit on threads of their own they
// may, so in some storms the letters of a few pipes are held back for a while.
// Each pipe keeps its order.
#include <stdlib.h>

#include "storm.h"

enum { HELD_MAX = 2048 };

static const struct {
    uint8_t from;
    uint8_t to;
} pipes[] = {
    { HW_PORT, HW_SENDER },     { HW_PORT, HW_RECEIVER },
    { HW_PORT, HW_SUPERVISOR }, { HW_SENDER, HW_QUEUE },
    { HW_QUEUE, HW_SENDER },
};

enum { PIPES = sizeof pipes / sizeof pipes[0] };

// Letters held back.
struct held {
    struct hw_letter letters[HELD_MAX];
    size_t count;
    uint64_t due_us;
};

static struct held held[PIPES];

static void
say_held(struct storm *storm, size_t pipe)
{
    struct hw_seat *seat = hw_table_seat(storm->table, pipes[pipe].from);

    for (size_t i = 0; i < held[pipe].count; i++) {
        overhear_say(seat, pipes[pipe].to, &held[pipe].letters[i]);
    }
    held[pipe].count = 0;
}

static void
say_all(struct storm *storm)
{
    for (size_t pipe = 0; pipe < PIPES; pipe++) {
        say_held(storm, pipe);
    }
}

static size_t
pipe_of(unsigned from, unsigned to)
{
    size_t pipe = 0;

    while (pipe < PIPES && (pipes[pipe].from != from || pipes[pipe].to != to)) {
        pipe++;
    }
    return pipe;
}

static void
hold(struct storm *storm, struct held *pipe, const struct hw_letter *letter)
{
    uint64_t max_ms = storm_once_in(storm, 4) ? LATE_MAX_MS : LATE_MAX_MS / 10;

    if (pipe->count == 0) {
        pipe->due_us = storm_now_us(storm) + storm_chance(storm, 1000 * max_ms);
    }
    pipe->letters[pipe->count++] = *letter;
}

// The answer to a barrier is what does most harm to a wire that it is not for.
static bool
takes_its_time(struct storm *storm, const struct hw_letter *letter)
{
    uint64_t one_in = letter->kind == HW_LETTER_WIRE_PASSED ? 2 : 8;

    return !storm->kind && storm_once_in(storm, one_in);
}

// A row is used again when its link is forgotten, and nobody expects letters
// about the old one then.
bool
late_keeps(struct storm *storm, struct hw_seat *seat, unsigned to,
           const struct hw_letter *letter)
{
    size_t pipe = pipe_of(seat->name, to);

    if (!storm->late || storm->dead) {
        return false;
    }
    if (letter->kind == HW_LETTER_LINK_FORGET ||
        (pipe < PIPES && held[pipe].count == HELD_MAX)) {
        say_all(storm);
    }
    if (pipe == PIPES ||
        (held[pipe].count == 0 && !takes_its_time(storm, letter))) {
        return false;
    }
    hold(storm, &held[pipe], letter);
    return true;
}

void
late_begin(struct storm *storm)
{
    storm->late = storm_once_in(storm, 3);
}

uint64_t
late_next_us(const struct storm *storm)
{
    uint64_t next = STORM_NEVER;

    for (size_t pipe = 0; pipe < PIPES && storm->late; pipe++) {
        if (held[pipe].count > 0 && held[pipe].due_us < next) {
            next = held[pipe].due_us;
        }
    }
    return next;
}

void
late_turn(struct storm *storm)
{
    for (size_t pipe = 0; pipe < PIPES; pipe++) {
        if (held[pipe].count > 0 && held[pipe].due_us <= storm_now_us(storm)) {
            say_held(storm, pipe);
        }
    }
}

void
late_end(struct storm *storm)
{
    say_all(storm);
}
