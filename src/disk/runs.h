// runs.h - keys of messages that are gone, as runs.
#ifndef HW_DISK_RUNS_H
#define HW_DISK_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/store.h"

struct hw_key_runs {
    struct hw_key_run *all;
    size_t count;
    size_t room;
};

// false: out of memory.
bool
hw_key_runs_add(struct hw_key_runs *runs, uint64_t key, uint64_t count);

// In the order of their keys, each as long as it can be.
void
hw_key_runs_sort(struct hw_key_runs *runs);

#endif
