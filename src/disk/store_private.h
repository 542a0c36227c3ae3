// store_private.h - what the files that know the inside of a store share.
#ifndef HW_DISK_STORE_PRIVATE_H
#define HW_DISK_STORE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <lmdb.h>

#include "disk/store.h"

static const char HW_STORE_TITLE[] = "hawser spool";
enum { HW_STORE_VERSION = 2 }; // 1 had no policies, and is read

// What stands at key 0.
struct hw_store_title {
    char text[sizeof HW_STORE_TITLE];
    uint8_t version;
};

struct hw_store {
    int fd; // holds the lock
    MDB_env *env;
    MDB_dbi tree;
    uint64_t max_bytes;
    uint64_t next_key; // behind the last that was written
    bool is_new;       // it was empty when it was opened
    bool widened;      // the reserve is in use
    char *path;
};

// The store's path before what is wrong; both are cut if they must be. Answers
// the status.
hawser_status
hw_store_refuse(const struct hw_store *store, hawser_status status,
                const char *what, char sentence[HW_SENTENCE_SIZE]);

// The same, of a number of LMDB's.
hawser_status
hw_store_explain(const struct hw_store *store, int rc,
                 char sentence[HW_SENTENCE_SIZE]);

// Is that number the system's for a disk, or a share of it, that is full?
bool
hw_store_disk_is_full(int rc);

// Writes whose file it is, in the version of today.
int
hw_store_put_title(const struct hw_store *store, MDB_txn *txn);

static inline MDB_val
hw_store_value(const void *bytes, size_t size)
{
    return (MDB_val){ .mv_size = size, .mv_data = (void *)bytes };
}

#endif
