// deadlines.c - at most one deadline for each row; which is the first?
#include "base/deadlines.h"

#include "base/pages.h"

bool
hw_deadlines_init(struct hw_deadlines *deadlines, uint32_t rows)
{
    deadlines->rows = rows;
    deadlines->heap = hw_pages_take(rows, sizeof *deadlines->heap);
    deadlines->places = hw_pages_take(rows, sizeof *deadlines->places);
    deadlines->when = hw_pages_take(rows, sizeof *deadlines->when);
    deadlines->count = 0;
    return deadlines->heap != NULL && deadlines->places != NULL &&
           deadlines->when != NULL;
}

void
hw_deadlines_free(struct hw_deadlines *deadlines)
{
    uint32_t rows = deadlines->rows;

    hw_pages_give(deadlines->heap, rows, sizeof *deadlines->heap);
    hw_pages_give(deadlines->places, rows, sizeof *deadlines->places);
    hw_pages_give(deadlines->when, rows, sizeof *deadlines->when);
    deadlines->heap = NULL;
    deadlines->places = NULL;
    deadlines->when = NULL;
    deadlines->count = 0;
}

static void
put(struct hw_deadlines *deadlines, uint32_t at, uint32_t row)
{
    deadlines->heap[at] = row;
    deadlines->places[row] = at + 1;
}

static uint64_t
when_at(const struct hw_deadlines *deadlines, uint32_t at)
{
    return deadlines->when[deadlines->heap[at]];
}

static void
rise(struct hw_deadlines *deadlines, uint32_t at, uint32_t row)
{
    uint64_t when = deadlines->when[row];

    while (at > 0 && when_at(deadlines, (at - 1) / 2) > when) {
        put(deadlines, at, deadlines->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(deadlines, at, row);
}

static void
sink(struct hw_deadlines *deadlines, uint32_t at, uint32_t row)
{
    uint64_t when = deadlines->when[row];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child + 1 < deadlines->count &&
            when_at(deadlines, child + 1) < when_at(deadlines, child)) {
            child++;
        }
        if (child >= deadlines->count || when_at(deadlines, child) >= when) {
            break;
        }
        put(deadlines, at, deadlines->heap[child]);
        at = child;
    }
    put(deadlines, at, row);
}

// The row stands at a place where it may be too high or too low.
static void
settle(struct hw_deadlines *deadlines, uint32_t at, uint32_t row)
{
    if (at > 0 && when_at(deadlines, (at - 1) / 2) > deadlines->when[row]) {
        rise(deadlines, at, row);
    } else {
        sink(deadlines, at, row);
    }
}

void
hw_deadlines_set(struct hw_deadlines *deadlines, uint32_t row, uint64_t when)
{
    deadlines->when[row] = when;
    if (deadlines->places[row] == 0) {
        put(deadlines, deadlines->count++, row);
    }
    settle(deadlines, deadlines->places[row] - 1, row);
}

void
hw_deadlines_clear(struct hw_deadlines *deadlines, uint32_t row)
{
    uint32_t at = deadlines->places[row], last;

    if (at-- == 0) {
        return;
    }
    deadlines->places[row] = 0;
    last = deadlines->heap[--deadlines->count];
    if (last != row) {
        settle(deadlines, at, last);
    }
}

bool
hw_deadlines_has(const struct hw_deadlines *deadlines, uint32_t row)
{
    return deadlines->places[row] != 0;
}

bool
hw_deadlines_first(const struct hw_deadlines *deadlines, uint32_t *row,
                   uint64_t *when)
{
    if (deadlines->count == 0) {
        return false;
    }
    *row = deadlines->heap[0];
    *when = deadlines->when[*row];
    return true;
}

uint64_t
hw_deadlines_next(const struct hw_deadlines *deadlines)
{
    return deadlines->count == 0 ? UINT64_MAX : when_at(deadlines, 0);
}

bool
hw_deadlines_take(struct hw_deadlines *deadlines, uint64_t now, uint32_t *row)
{
    uint64_t when;

    if (!hw_deadlines_first(deadlines, row, &when) || when > now) {
        return false;
    }
    hw_deadlines_clear(deadlines, *row);
    return true;
}
