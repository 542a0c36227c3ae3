// store_write.c - changes of a spool's file: what comes, and what is gone.
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "disk/record.h"
#include "disk/store_private.h"

// A transaction is cut in slices, so that what it must remember is bounded.
enum { SLICE_MESSAGES = 50000, SLICE_BYTES = 32 << 20 };

// To remove from a file takes room too: that much beyond its limit; chosen.
enum { RESERVE = 16 << 20 };

// Blocks of a disk, bytes up to a limit: with less, something was full; chosen.
enum { LITTLE_ROOM = 16 };

struct writing {
    struct hw_store *store;
    MDB_txn *txn; // NULL: none is open
    MDB_cursor *cursor;
    uint64_t next_key; // once the slice is on the disk
    size_t messages;   // in this slice
    size_t bytes;
};

static int
begin_slice(struct writing *writing)
{
    struct hw_store *store = writing->store;
    int rc;

    if (writing->txn != NULL) {
        return MDB_SUCCESS;
    }
    rc = mdb_txn_begin(store->env, NULL, 0, &writing->txn);
    if (rc != MDB_SUCCESS) {
        writing->txn = NULL;
        return rc;
    }
    writing->messages = 0;
    writing->bytes = 0;
    return mdb_cursor_open(writing->txn, store->tree, &writing->cursor);
}

static int
end_slice(struct writing *writing)
{
    int rc;

    if (writing->txn == NULL) {
        return MDB_SUCCESS;
    }
    rc = mdb_txn_commit(writing->txn); // its cursor goes with it
    writing->txn = NULL;
    if (rc == MDB_SUCCESS) {
        writing->store->next_key = writing->next_key;
    }
    return rc;
}

static int
count_in(struct writing *writing, size_t bytes)
{
    writing->messages++;
    writing->bytes += bytes;
    return writing->messages >= SLICE_MESSAGES || writing->bytes >= SLICE_BYTES
               ? end_slice(writing)
               : MDB_SUCCESS;
}

// Also when keys of the run were never written, or are gone already.
static int
remove_run(struct writing *writing, const struct hw_key_run *run)
{
    uint64_t at = run->key, end = run->key + run->count;
    int rc = MDB_SUCCESS;

    if (end > writing->store->next_key) {
        end = writing->store->next_key;
    }
    while (rc == MDB_SUCCESS && at < end) {
        uint8_t bytes[HW_KEY_SIZE];
        MDB_val key = hw_store_value(bytes, sizeof bytes), value;

        hw_key_write(bytes, at);
        rc = begin_slice(writing);
        if (rc == MDB_SUCCESS) {
            rc = mdb_cursor_get(writing->cursor, &key, &value, MDB_SET_RANGE);
        }
        while (rc == MDB_SUCCESS && (at = hw_key_read(key.mv_data)) < end) {
            rc = mdb_cursor_del(writing->cursor, 0);
            at++;
            if (rc == MDB_SUCCESS) {
                rc = count_in(writing, 0);
            }
            if (rc == MDB_SUCCESS && writing->txn == NULL) {
                break; // the next slice looks for its place anew
            }
            if (rc == MDB_SUCCESS) {
                rc = mdb_cursor_get(writing->cursor, &key, &value, MDB_NEXT);
            }
        }
    }
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static int
remove_gone(struct writing *writing, const struct hw_change *change)
{
    int rc = MDB_SUCCESS;

    for (size_t i = 0; i < change->gone_count && rc == MDB_SUCCESS; i++) {
        rc = remove_run(writing, &change->gone[i]);
    }
    return rc;
}

static int
put(struct writing *writing, const struct hw_batch *batch, uint32_t at)
{
    uint64_t number = batch->key + at;
    uint8_t bytes[HW_KEY_SIZE];
    size_t size = hw_record_size(batch, at);
    MDB_val key = hw_store_value(bytes, sizeof bytes);
    MDB_val value = hw_store_value(NULL, size);
    int rc = begin_slice(writing);

    hw_key_write(bytes, number);
    if (rc == MDB_SUCCESS) {
        rc = mdb_cursor_put(writing->cursor, &key, &value,
                            MDB_RESERVE | MDB_APPEND);
    }
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    hw_record_write(value.mv_data, number, batch, at);
    writing->next_key = number + 1;
    return count_in(writing, size);
}

// Runs and messages are both in the order of their keys.
static int
put_batches(struct writing *writing, const struct hw_change *change)
{
    const struct hw_key_run *run = change->gone;
    const struct hw_key_run *last = run + change->gone_count;
    int rc = MDB_SUCCESS;

    for (const struct hw_batch *batch = change->batches; batch != NULL;
         batch = batch->next_kept) {
        for (uint32_t i = 0; i < batch->count && rc == MDB_SUCCESS; i++) {
            uint64_t key = batch->key + i;

            while (run < last && run->key + run->count <= key) {
                run++;
            }
            if (key >= writing->next_key && (run == last || run->key > key)) {
                rc = put(writing, batch, i);
            }
        }
    }
    return rc;
}

// What takes the place of something else is there before that is gone, if it
// takes several transactions.
static int
write_all(struct hw_store *store, const struct hw_change *change, bool puts)
{
    struct writing writing = { .store = store, .next_key = store->next_key };
    int rc = puts ? put_batches(&writing, change) : MDB_SUCCESS;

    if (rc == MDB_SUCCESS) {
        rc = remove_gone(&writing, change);
    }
    if (rc == MDB_SUCCESS) {
        return end_slice(&writing);
    }
    if (writing.txn != NULL) {
        mdb_txn_abort(writing.txn);
    }
    return rc;
}

// No transaction is open. LMDB keeps to what is in use already.
static int
widen(struct hw_store *store, bool wide)
{
    int rc = MDB_SUCCESS;

    if (store->widened != wide) {
        rc = mdb_env_set_mapsize(store->env,
                                 store->max_bytes + (wide ? RESERVE : 0));
        store->widened = wide;
    }
    return rc;
}

// What a transaction frees may be used by the one after the next: this is the
// one between.
static int
write_nothing_new(struct hw_store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = hw_store_put_title(store, txn);
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

// LMDB says EIO of a write that was cut short, which is how most of what is
// full first shows.
static int
look_for_room(const struct hw_store *store, int rc)
{
    struct statvfs disk;
    struct rlimit limit;
    struct stat file;

    if (rc != EIO) {
        return rc;
    }
    if (fstatvfs(store->fd, &disk) == 0 && disk.f_bavail < LITTLE_ROOM) {
        return ENOSPC;
    }
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                   fstat(store->fd, &file) == 0 &&
                   limit.rlim_cur - (rlim_t)file.st_size < LITTLE_ROOM
               ? EFBIG
               : EIO;
}

static bool
is_full(int rc)
{
    return rc == MDB_MAP_FULL || hw_store_disk_is_full(rc);
}

// Into a file that is full, or on a disk that is: first out, then in.
static int
write_in_turn(struct hw_store *store, const struct hw_change *change)
{
    int rc = widen(store, true);

    if (rc == MDB_SUCCESS) {
        rc = write_all(store, change, false);
    }
    if (rc == MDB_SUCCESS) {
        rc = write_nothing_new(store);
    }
    if (rc == MDB_SUCCESS) {
        rc = widen(store, false);
    }
    return rc == MDB_SUCCESS ? write_all(store, change, true) : rc;
}

hawser_status
hw_store_write(struct hw_store *store, const struct hw_change *change,
               char sentence[HW_SENTENCE_SIZE])
{
    int rc = widen(store, false);

    if (rc == MDB_SUCCESS) {
        rc = write_all(store, change, true);
    }
    rc = look_for_room(store, rc);
    if (is_full(rc) && change->gone_count > 0) {
        rc = look_for_room(store, write_in_turn(store, change));
    }
    return hw_store_explain(store, rc, sentence);
}
