// settles.h - what the application says to be settled, on its way to the queue.
#ifndef HW_VALUES_SETTLES_H
#define HW_VALUES_SETTLES_H

#include <stdbool.h>
#include <stdint.h>

// One saying; a list of them is an array.
struct hw_settle {
    uint64_t tag;
    bool all_before; // what was accepted before it too
};

#endif
