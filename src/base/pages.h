// pages.h - tables of rows, most of which are never used.
//
// Such a table is made for the most rows that there may ever be. Its memory
// comes from the system page by page as rows are touched; the C library's
// calloc promises that only for the first such table: what was free before it
// clears, and so touches all of it.
#ifndef HW_BASE_PAGES_H
#define HW_BASE_PAGES_H

#include <stddef.h>

// count rows of size bytes, all zero, for hw_pages_give. NULL: out of memory.
// count and size are above 0.
void *
hw_pages_take(size_t count, size_t size);

// count and size: as they were asked for. NULL is allowed.
void
hw_pages_give(void *rows, size_t count, size_t size);

#endif
