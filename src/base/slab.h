// slab.h - blocks of one size, cut from chunks that go back to the system.
//
// A spool at its limit takes and gives a block of that size for each batch, for
// as long as the process lives. From the C library's heap, where other things
// stand in between, its memory crept up by a tenth within minutes (measured
// with tests/chaos/rss.py); here it follows what is in use.
#ifndef HW_BASE_SLAB_H
#define HW_BASE_SLAB_H

// A batch of 64 KiB, and a message of 64 KiB with what stands before it.
enum { HW_SLAB_BLOCK = 68 * 1024 };

// HW_SLAB_BLOCK bytes, for hw_slab_give; NULL: out of memory. Any thread.
void *
hw_slab_take(void);

// Any thread.
void
hw_slab_give(void *block);

#endif
