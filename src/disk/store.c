// store.c - the file of one durable spool: opened, read, written, locked.
//
// One tree: eight bytes of key to a record (record.h). Key 0 is not a message
// but says whose file it is, and of which version.
#include "disk/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/check.h"
#include "disk/record.h"
#include "disk/survey.h"

// A transaction is cut in slices, so that what it must remember is bounded.
enum { SLICE_MESSAGES = 50000, SLICE_BYTES = 32 << 20 };

// To remove from a file takes room too: that much beyond its limit; chosen.
enum { RESERVE = 16 << 20 };

// What LMDB wants the limit to be a multiple of.
enum { PAGE_SIZE = 64 << 10 };

static const char TITLE[] = "hawser spool";
enum { VERSION = 1 };

struct title {
    char text[sizeof TITLE];
    uint8_t version;
};

struct hw_store {
    int fd; // holds the lock
    MDB_env *env;
    MDB_dbi tree;
    uint64_t max_bytes;
    uint64_t next_key; // behind the last that was written
    bool widened;      // the reserve is in use
    char *path;
};

static hawser_status
refuse(const struct hw_store *store, hawser_status status, const char *what,
       char sentence[HW_SENTENCE_SIZE])
{
    char why[HW_SENTENCE_SIZE];

    // Both are cut if they must be.
    (void)snprintf(why, sizeof why, "%s", what);
    (void)snprintf(sentence, HW_SENTENCE_SIZE, "spool %.150s %.150s",
                   store->path, why);
    return status;
}

// LMDB's own numbers are negative; the system's are errno's.
static hawser_status
explain(const struct hw_store *store, int rc, char sentence[HW_SENTENCE_SIZE])
{
    char why[160];

    switch (rc) {
    case MDB_SUCCESS:
        return HAWSER_OK;
    case MDB_MAP_FULL:
        return refuse(store, HAWSER_FULL,
                      "is full: spool.file_max is as large as it may grow",
                      sentence);
    case ENOMEM:
        return refuse(store, HAWSER_NO_MEMORY, "found no memory", sentence);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return refuse(store, HAWSER_INVALID, "is damaged", sentence);
    default:
        (void)snprintf(why, sizeof why, "failed: %s", mdb_strerror(rc));
        return refuse(store,
                      rc == ENOSPC || rc == EDQUOT || rc == EFBIG
                          ? HAWSER_FULL
                          : HAWSER_SYSTEM,
                      why, sentence);
    }
}

static MDB_val
value_of(const void *bytes, size_t size)
{
    return (MDB_val){ .mv_size = size, .mv_data = (void *)bytes };
}

// ---- opening ----

static hawser_status
lock_file(struct hw_store *store, char sentence[HW_SENTENCE_SIZE])
{
    struct stat file;
    char why[160];

    store->fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->fd < 0) {
        (void)snprintf(why, sizeof why, "can't be opened: %s", strerror(errno));
        return refuse(store, HAWSER_SYSTEM, why, sentence);
    }
    if (fstat(store->fd, &file) != 0 || !S_ISREG(file.st_mode)) {
        return refuse(store, HAWSER_INVALID, "is no file", sentence);
    }
    if (flock(store->fd, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(why, sizeof why, "can't be locked: %s", strerror(errno));
        return refuse(store, HAWSER_SYSTEM,
                      errno == EWOULDBLOCK
                          ? "is in use: by another link, or another process"
                          : why,
                      sentence);
    }
    return HAWSER_OK;
}

static hawser_status
survey(const struct hw_store *store, char sentence[HW_SENTENCE_SIZE])
{
    char what[HW_SENTENCE_SIZE] = "found no memory";
    hawser_status status = hw_survey(store->fd, what);

    return status == HAWSER_OK ? HAWSER_OK
                               : refuse(store, status, what, sentence);
}

// The lock is ours, so LMDB needs none of its own, nor its file for it.
static int
open_env(struct hw_store *store)
{
    int rc = mdb_env_create(&store->env);

    if (rc == MDB_SUCCESS) {
        rc = mdb_env_set_mapsize(store->env, store->max_bytes);
    }
    return rc != MDB_SUCCESS ? rc
                             : mdb_env_open(store->env, store->path,
                                            MDB_NOSUBDIR | MDB_NOLOCK |
                                                MDB_NOTLS | MDB_NORDAHEAD,
                                            0600);
}

static void
write_title(struct title *title)
{
    memset(title, 0, sizeof *title);
    memcpy(title->text, TITLE, sizeof TITLE);
    title->version = VERSION;
}

// A file without anything in it becomes a spool; another one must be one.
static hawser_status
check_title(struct hw_store *store, MDB_txn *txn,
            char sentence[HW_SENTENCE_SIZE])
{
    uint8_t zero[HW_KEY_SIZE] = { 0 };
    MDB_val key = value_of(zero, sizeof zero), value;
    struct title title;
    MDB_stat tree;
    int rc = mdb_get(txn, store->tree, &key, &value);

    if (rc == MDB_NOTFOUND) {
        rc = mdb_stat(txn, store->tree, &tree);
        if (rc == MDB_SUCCESS && tree.ms_entries > 0) {
            return refuse(store, HAWSER_INVALID, "is no spool of Hawser",
                          sentence);
        }
        write_title(&title);
        value = value_of(&title, sizeof title);
        rc =
            rc == MDB_SUCCESS ? mdb_put(txn, store->tree, &key, &value, 0) : rc;
        return explain(store, rc, sentence);
    }
    if (rc != MDB_SUCCESS) {
        return explain(store, rc, sentence);
    }
    if (value.mv_size < sizeof title ||
        memcmp(value.mv_data, TITLE, sizeof TITLE) != 0) {
        return refuse(store, HAWSER_INVALID, "is no spool of Hawser", sentence);
    }
    memcpy(&title, value.mv_data, sizeof title);
    return title.version <= VERSION
               ? HAWSER_OK
               : refuse(store, HAWSER_UNSUPPORTED,
                        "was made by a newer version of Hawser", sentence);
}

static int
find_next_key(struct hw_store *store, MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key;
    int rc = mdb_cursor_open(txn, store->tree, &cursor);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_cursor_get(cursor, &key, NULL, MDB_LAST);
    if (rc == MDB_SUCCESS) {
        store->next_key = hw_key_read(key.mv_data) + 1;
    }
    mdb_cursor_close(cursor);
    return rc;
}

static hawser_status
open_tree(struct hw_store *store, char sentence[HW_SENTENCE_SIZE])
{
    MDB_txn *txn;
    hawser_status status;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return explain(store, rc, sentence);
    }
    rc = mdb_dbi_open(txn, NULL, 0, &store->tree);
    status = explain(store, rc, sentence);
    if (status == HAWSER_OK) {
        status = check_title(store, txn, sentence);
    }
    if (status == HAWSER_OK) {
        status = explain(store, find_next_key(store, txn), sentence);
    }
    if (status != HAWSER_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return explain(store, mdb_txn_commit(txn), sentence);
}

hawser_status
hw_store_open(const char *path, uint64_t max_bytes, struct hw_store **store,
              char sentence[HW_SENTENCE_SIZE])
{
    struct hw_store *made = calloc(1, sizeof *made);
    hawser_status status;

    if (made == NULL || (made->path = strdup(path)) == NULL) {
        free(made);
        (void)snprintf(sentence, HW_SENTENCE_SIZE, "out of memory");
        return HAWSER_NO_MEMORY;
    }
    made->max_bytes = max_bytes / PAGE_SIZE * PAGE_SIZE;
    status = lock_file(made, sentence);
    if (status == HAWSER_OK) {
        status = survey(made, sentence);
    }
    if (status == HAWSER_OK) {
        status = explain(made, open_env(made), sentence);
    }
    if (status == HAWSER_OK) {
        status = open_tree(made, sentence);
    }
    if (status != HAWSER_OK) {
        hw_store_close(made);
        return status;
    }
    *store = made;
    return HAWSER_OK;
}

void
hw_store_close(struct hw_store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    if (store->fd >= 0) {
        (void)close(store->fd); // what was written is on the disk already
    }
    free(store->path);
    free(store);
}

uint64_t
hw_store_next_key(const struct hw_store *store)
{
    return store->next_key;
}

// ---- reading ----

struct loading {
    struct hw_batch *first;
    struct hw_batch *last;
    uint64_t next_key; // that goes on with the last batch
};

static bool
add_loaded(struct loading *loading, uint64_t key,
           const struct hawser_message *message)
{
    size_t room = hw_batch_room((size_t)message->size + message->topic_size);
    struct hw_batch *batch;

    if (loading->last != NULL && key == loading->next_key &&
        hw_batch_add(loading->last, message)) {
        loading->next_key++;
        return true;
    }
    batch = hw_batch_new(room < HW_BATCH_ROOM_MAX ? HW_BATCH_ROOM_MAX : room);
    if (batch == NULL) {
        return false;
    }
    (void)hw_batch_add(batch, message); // made to measure: it fits
    batch->key = key;
    if (loading->last == NULL) {
        loading->first = batch;
    } else {
        loading->last->next = batch;
    }
    loading->last = batch;
    loading->next_key = key + 1;
    return true;
}

static hawser_status
load_record(const struct hw_store *store, struct loading *loading,
            const MDB_val *key, const MDB_val *value,
            char sentence[HW_SENTENCE_SIZE])
{
    struct hawser_message message;
    uint64_t number = hw_key_read(key->mv_data);
    char what[80];

    if (number == 0) {
        return HAWSER_OK;
    }
    if (number < loading->next_key ||
        !hw_record_read(value->mv_data, value->mv_size, number, &message)) {
        (void)snprintf(what, sizeof what, "is damaged: record %llu is none",
                       (unsigned long long)number);
        return refuse(store, HAWSER_INVALID, what, sentence);
    }
    return add_loaded(loading, number, &message)
               ? HAWSER_OK
               : refuse(store, HAWSER_NO_MEMORY, "found no memory", sentence);
}

static hawser_status
load_all(const struct hw_store *store, MDB_cursor *cursor,
         struct loading *loading, char sentence[HW_SENTENCE_SIZE])
{
    hawser_status status = HAWSER_OK;
    MDB_val key, value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);

    while (rc == MDB_SUCCESS && status == HAWSER_OK) {
        status = load_record(store, loading, &key, &value, sentence);
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return status == HAWSER_OK && rc != MDB_NOTFOUND
               ? explain(store, rc, sentence)
               : status;
}

hawser_status
hw_store_load(struct hw_store *store, struct hw_batch **first,
              char sentence[HW_SENTENCE_SIZE])
{
    struct loading loading = { .next_key = 1 };
    MDB_txn *txn;
    MDB_cursor *cursor;
    hawser_status status;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rc != MDB_SUCCESS) {
        return explain(store, rc, sentence);
    }
    rc = mdb_cursor_open(txn, store->tree, &cursor);
    status = explain(store, rc, sentence);
    if (status == HAWSER_OK) {
        status = load_all(store, cursor, &loading, sentence);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn); // it only read
    if (status != HAWSER_OK) {
        hw_batch_drop_all(loading.first);
        return status;
    }
    *first = loading.first;
    return HAWSER_OK;
}

// ---- writing ----

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
        MDB_val key = value_of(bytes, sizeof bytes), value;

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
put(struct writing *writing, uint64_t number,
    const struct hawser_message *message)
{
    uint8_t bytes[HW_KEY_SIZE];
    size_t size = hw_record_size(message);
    MDB_val key = value_of(bytes, sizeof bytes);
    MDB_val value = value_of(NULL, size);
    int rc = begin_slice(writing);

    hw_key_write(bytes, number);
    if (rc == MDB_SUCCESS) {
        rc = mdb_cursor_put(writing->cursor, &key, &value,
                            MDB_RESERVE | MDB_APPEND);
    }
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    hw_record_write(value.mv_data, number, message);
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
                rc = put(writing, key, &batch->messages[i]);
            }
        }
    }
    return rc;
}

static int
write_all(struct hw_store *store, const struct hw_change *change, bool puts)
{
    struct writing writing = { .store = store, .next_key = store->next_key };
    int rc = remove_gone(&writing, change);

    if (rc == MDB_SUCCESS && puts) {
        rc = put_batches(&writing, change);
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
    uint8_t zero[HW_KEY_SIZE] = { 0 };
    MDB_val key = value_of(zero, sizeof zero), value;
    struct title title;
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    write_title(&title);
    value = value_of(&title, sizeof title);
    rc = mdb_put(txn, store->tree, &key, &value, 0);
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

// Into a file that is full: first out, then in.
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
    if (rc == MDB_MAP_FULL && change->gone_count > 0) {
        rc = write_in_turn(store, change);
    }
    return explain(store, rc, sentence);
}
