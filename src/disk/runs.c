// runs.c - keys of messages that are gone, as runs.
#include "disk/runs.h"

#include <stdlib.h>

#include "base/check.h"

bool
hw_key_runs_add(struct hw_key_runs *runs, uint64_t key, uint64_t count)
{
    struct hw_key_run *last =
        runs->count > 0 ? &runs->all[runs->count - 1] : NULL;
    size_t room = runs->room == 0 ? 16 : runs->room * 2;
    struct hw_key_run *larger;

    if (last != NULL && last->key + last->count == key) {
        last->count += count;
        return true;
    }
    if (runs->count == runs->room) {
        larger = realloc(runs->all, room * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        runs->all = larger;
        runs->room = room;
    }
    HW_CHECK(runs->all != NULL, "there is room for one more");
    runs->all[runs->count++] = (struct hw_key_run){ key, count };
    return true;
}

static int
by_key(const void *one, const void *other)
{
    const struct hw_key_run *a = one, *b = other;

    return (a->key > b->key) - (a->key < b->key);
}

void
hw_key_runs_sort(struct hw_key_runs *runs)
{
    size_t kept = 0;

    if (runs->count < 2) {
        return;
    }
    qsort(runs->all, runs->count, sizeof runs->all[0], by_key);
    for (size_t i = 1; i < runs->count; i++) {
        struct hw_key_run *last = &runs->all[kept];

        if (last->key + last->count == runs->all[i].key) {
            last->count += runs->all[i].count;
        } else {
            runs->all[++kept] = runs->all[i];
        }
    }
    runs->count = kept + 1;
}
