// blocks.h - large blocks of memory that are used again.
//
// The C library gives large blocks back to the system as soon as they are free,
// and each new one costs a page fault for every 4 KiB: measured, a third of the
// time that receiving 64 KiB messages takes. A few are kept here instead, for
// the whole process, a bounded number of bytes.
#ifndef HW_BASE_BLOCKS_H
#define HW_BASE_BLOCKS_H

#include <stddef.h>

enum {
    HW_BLOCK_SIZE_MIN = 64 * 1024,        // smaller ones are malloc's
    HW_BLOCKS_KEPT_MAX = 4 * 1024 * 1024, // bytes
};

// A block of at least size bytes, for hw_block_give; NULL: out of memory. Any
// thread.
void *
hw_block_take(size_t size);

// size: as it was asked for. Any thread.
void
hw_block_give(void *block, size_t size);

#endif
