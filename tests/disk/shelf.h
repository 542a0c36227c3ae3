// shelf.h - what the tests of the disk share: a folder of their own, and
// batches of numbers.
#ifndef HAWSER_TESTS_DISK_SHELF_H
#define HAWSER_TESTS_DISK_SHELF_H

#include <stddef.h>
#include <stdint.h>

#include "disk/store.h"
#include "values/batch.h"

// A path in a new folder, where nothing is yet; good until the next call.
const char *
shelf_path(void);

// Removes the folder with the file.
void
shelf_clear(void);

// count messages with the keys from key on, each of size bytes (at least 8),
// which begin with its key; linked by next_kept where they fill several
// batches.
struct hw_batch *
shelf_batches(uint64_t key, uint32_t count, size_t size);

void
shelf_drop(struct hw_batch *first);

// The number that the message begins with.
uint64_t
shelf_number(const struct hawser_message *message);

// Opens the file of shelf_path; what goes wrong fails the test.
struct hw_store *
shelf_open(uint64_t max_bytes);

// Writes messages, and takes out as many from gone_key on.
hawser_status
shelf_write(struct hw_store *store, uint64_t key, uint32_t count, size_t size,
            uint64_t gone_key, uint64_t gone_count);

// Puts a record into the file, which no store has open, past all that knows
// what belongs there.
void
shelf_put_raw(uint64_t key, const void *value, size_t size);

// The version that the file says it is of.
unsigned
shelf_version(void);

// Closes the store and opens it anew. What it holds are messages of these keys,
// whole and in order: count of them, from first on.
void
shelf_expect(struct hw_store *store, uint64_t first, uint64_t count);

// Opening is refused with that status, and the sentence has these words.
void
shelf_refused(hawser_status status, const char *words);

#endif
