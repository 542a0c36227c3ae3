// pages.c - tables of rows, most of which are never used.
#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

// Sanitizers find more where a table is malloc's own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAPS_PAGES 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAPS_PAGES 0
#endif
#ifndef MAPS_PAGES
#define MAPS_PAGES 1
#endif

enum { MAPPED_MIN = 16 * 1024 }; // bytes; smaller ones are cleared in no time

static int
is_mapped(size_t count, size_t size)
{
    return MAPS_PAGES && count >= MAPPED_MIN / size;
}

void *
hw_pages_take(size_t count, size_t size)
{
    void *rows;

    if (count > SIZE_MAX / size) {
        return NULL;
    }
    if (!is_mapped(count, size)) {
        return calloc(count, size);
    }
    rows = mmap(NULL, count * size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return rows == MAP_FAILED ? NULL : rows;
}

void
hw_pages_give(void *rows, size_t count, size_t size)
{
    if (rows == NULL || !is_mapped(count, size)) {
        free(rows);
        return;
    }
    (void)munmap(rows, count * size); // fails only for what is no mapping
}
