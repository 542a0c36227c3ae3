// keeper.h - the thread that writes spools, so that nobody waits for a disk.
//
// A bus has one keeper, whatever the number of its files. It writes in groups:
// at once when somebody waits, else once for what came within the file's
// commit time; whatever comes while it writes shares the next write.
//
// Keys number the messages of a file, in the order of acceptance, across lives.
#ifndef HW_DISK_KEEPER_H
#define HW_DISK_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include <hawser/status.h>

#include "disk/store.h"
#include "values/batch.h"

struct hw_keeper;
struct hw_file;

// Whose file it is. Called on the keeper's thread, which holds no lock then.
struct hw_file_owner {
    void *user;
    // Hands over what was accepted since it was last asked: batches linked by
    // next_kept, to which nothing is added any more, with one hold each. *end:
    // the key behind the last that was accepted.
    struct hw_batch *(*gather)(void *user, uint64_t *end);
    // The file can't be written, and why; NULL: it can again.
    void (*trouble)(void *user, const char *sentence);
    // It is closed, and may be opened again. Nothing is called after that.
    void (*closed)(void *user);
};

// Starts the thread. NO_MEMORY, SYSTEM.
hawser_status
hw_keeper_open(struct hw_keeper **keeper);

// Ends it; every file was closed, and said so. NULL is allowed.
void
hw_keeper_close(struct hw_keeper *keeper);

struct hw_file_plan {
    const char *path;
    uint64_t max_bytes;
    uint64_t commit_ms;
    struct hw_file_owner owner;
};

// Opens the file on the caller's thread, and loads what it holds: batches
// linked by next, the caller's; *next_key is that of the first message to come.
// As hw_store_open and hw_store_load.
hawser_status
hw_file_open(struct hw_keeper *keeper, const struct hw_file_plan *plan,
             struct hw_file **file, struct hw_batch **loaded,
             uint64_t *next_key, char sentence[HW_SENTENCE_SIZE]);

// There is something to gather. Any thread.
void
hw_file_note(struct hw_file *file);

// Messages have left for good, written or not. Any thread; each was handed
// over, or will be when the keeper next asks. Without memory to note it they
// stay in the file, and are sent once more in its next life.
void
hw_file_remove(struct hw_file *file, uint64_t key, uint64_t count);

// OK: it can be written. FULL, SYSTEM: it can't be, for now. Any thread.
hawser_status
hw_file_trouble(const struct hw_file *file);

// Waits until the message of that key is on disk, or left for good. TIMEOUT:
// not until timeout_ms (-1: for ever) or the end of the file. Hold the file.
hawser_status
hw_file_wait(struct hw_file *file, uint64_t key, int timeout_ms);

void
hw_file_hold(struct hw_file *file);

void
hw_file_drop(struct hw_file *file);

// Has the file written a last time and closed, and drops the opener's hold;
// the owner is told.
void
hw_file_close(struct hw_file *file);

#endif
