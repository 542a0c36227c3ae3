// deadlines.h - at most one deadline for each row; which is the first?
//
// A binary heap that knows where each row stands in it, so that setting and
// clearing cost the logarithm of how many deadlines there are.
#ifndef HW_BASE_DEADLINES_H
#define HW_BASE_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

struct hw_deadlines {
    uint32_t *heap;   // rows, the first deadline in front
    uint32_t *places; // of each row in the heap, plus 1; 0: it has none
    uint64_t *when;   // of each row
    uint32_t count;
    uint32_t rows;
};

// For rows 0..rows-1. false: out of memory; it may be freed all the same.
bool
hw_deadlines_init(struct hw_deadlines *deadlines, uint32_t rows);

// One that was never set up, all zero, is allowed.
void
hw_deadlines_free(struct hw_deadlines *deadlines);

// Sets the row's deadline, or moves it.
void
hw_deadlines_set(struct hw_deadlines *deadlines, uint32_t row, uint64_t when);

// No effect on a row without one.
void
hw_deadlines_clear(struct hw_deadlines *deadlines, uint32_t row);

// Does the row have one?
bool
hw_deadlines_has(const struct hw_deadlines *deadlines, uint32_t row);

// false: there is none.
bool
hw_deadlines_first(const struct hw_deadlines *deadlines, uint32_t *row,
                   uint64_t *when);

// When the first is; UINT64_MAX: there is none.
uint64_t
hw_deadlines_next(const struct hw_deadlines *deadlines);

// Takes out the first if it has come by now. false: none has.
bool
hw_deadlines_take(struct hw_deadlines *deadlines, uint64_t now, uint32_t *row);

#endif
