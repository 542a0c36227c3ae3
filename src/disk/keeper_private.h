// keeper_private.h - what the keeper and its files share.
#ifndef HW_DISK_KEEPER_PRIVATE_H
#define HW_DISK_KEEPER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "disk/keeper.h"
#include "disk/runs.h"

// Somebody who waits, while that lasts.
struct hw_waiter {
    struct hw_waiter *next;
    uint64_t key;
};

struct hw_file {
    struct hw_keeper *keeper;
    struct hw_file *next;
    struct hw_store *store;
    struct hw_file_owner owner;
    uint64_t commit_us;
    atomic_int status; // hawser_status: can it be written?
    // With the keeper locked.
    unsigned holds;
    uint64_t due_us; // UINT64_MAX: nothing is to be written
    uint64_t safe;   // all before this key is on disk, or gone
    struct hw_waiter *waiters;
    unsigned waiting;     // of those, for more than is safe
    unsigned served;      // by the last write
    uint64_t asked_us;    // when the first began to wait
    uint64_t patience_us; // that it may be made to wait for others
    bool closing;
    bool closed;
    struct hw_key_runs told;
    // The keeper's thread alone.
    struct hw_batch *first; // not on disk yet
    struct hw_batch *last;
    struct hw_key_runs gone;
    unsigned last_tries; // to write it, since it is to be closed
};

struct hw_keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;    // there may be some
    pthread_cond_t written; // a file got further
    struct hw_file *files;
    bool ending;
};

// By the clock that nobody sets.
uint64_t
hw_keeper_now_us(void);

// UINT64_MAX: for ever. Spurious ends are the caller's to see.
void
hw_keeper_wait(pthread_cond_t *what, pthread_mutex_t *lock, uint64_t until_us);

// Takes back one hold, with the keeper locked. true: it was the last, so free
// the file once it is not.
bool
hw_file_let_go(struct hw_file *file);

void
hw_file_free(struct hw_file *file);

#endif
