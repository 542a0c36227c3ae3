// store.h - the file of one durable spool: opened, read, written, locked.
//
// A file belongs to one store at a time, of any process: it is locked as long
// as it is open. One thread at a time; every call may wait for the disk.
#ifndef HW_DISK_STORE_H
#define HW_DISK_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <hawser/status.h>

#include "values/batch.h"

enum { HW_SENTENCE_SIZE = 320 };

struct hw_store;

// Messages whose keys follow each other.
struct hw_key_run {
    uint64_t key;
    uint64_t count;
};

// What is to be written: batches with keys, in their order, linked by
// next_kept, and runs of what is gone, in the order of their keys. Runs may
// name what was never written.
struct hw_change {
    const struct hw_batch *batches;
    const struct hw_key_run *gone;
    size_t gone_count;
};

// Opens the file, or makes it, and locks it. sentence tells what is wrong: not
// ours, of a newer version, damaged, locked, not to be read. A file that is
// refused is left as it is. INVALID, SYSTEM, FULL (the disk), NO_MEMORY,
// UNSUPPORTED (newer).
hawser_status
hw_store_open(const char *path, uint64_t max_bytes, struct hw_store **store,
              char sentence[HW_SENTENCE_SIZE]);

// All that it holds, in order, as batches linked by next, whose messages have
// keys that follow each other. Holds and all are the caller's. INVALID
// (damaged), NO_MEMORY, SYSTEM.
hawser_status
hw_store_load(struct hw_store *store, struct hw_batch **first,
              char sentence[HW_SENTENCE_SIZE]);

// The key behind the last that was ever written.
uint64_t
hw_store_next_key(const struct hw_store *store);

// On OK all of it is on the disk. Otherwise some of it may be, and the same
// call may be made again with the same, or with more behind it. FULL: no room
// in the file, or on the disk; what is gone was removed as far as possible.
// SYSTEM, NO_MEMORY.
hawser_status
hw_store_write(struct hw_store *store, const struct hw_change *change,
               char sentence[HW_SENTENCE_SIZE]);

// NULL is allowed.
void
hw_store_close(struct hw_store *store);

#endif
