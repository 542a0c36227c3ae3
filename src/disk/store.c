// store.c - the file of one durable spool: opened, locked, closed.
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

#include "disk/record.h"
#include "disk/store_private.h"
#include "disk/survey.h"

// What LMDB wants the limit to be a multiple of.
enum { PAGE_SIZE = 64 << 10 };

hawser_status
hw_store_refuse(const struct hw_store *store, hawser_status status,
                const char *what, char sentence[HW_SENTENCE_SIZE])
{
    char why[HW_SENTENCE_SIZE];

    // Both are cut if they must be.
    (void)snprintf(why, sizeof why, "%s", what);
    (void)snprintf(sentence, HW_SENTENCE_SIZE, "spool %.150s %.150s",
                   store->path, why);
    return status;
}

bool
hw_store_disk_is_full(int rc)
{
    return rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

// LMDB's own numbers are negative; the system's are errno's.
hawser_status
hw_store_explain(const struct hw_store *store, int rc,
                 char sentence[HW_SENTENCE_SIZE])
{
    char why[160];

    switch (rc) {
    case MDB_SUCCESS:
        return HAWSER_OK;
    case MDB_MAP_FULL:
        return hw_store_refuse(
            store, HAWSER_FULL,
            "is full: spool.file_max is as large as it may grow", sentence);
    case ENOMEM:
        return hw_store_refuse(store, HAWSER_NO_MEMORY, "found no memory",
                               sentence);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return hw_store_refuse(store, HAWSER_INVALID, "is damaged", sentence);
    default:
        (void)snprintf(why, sizeof why, "failed: %s", mdb_strerror(rc));
        return hw_store_refuse(
            store, hw_store_disk_is_full(rc) ? HAWSER_FULL : HAWSER_SYSTEM, why,
            sentence);
    }
}

// ---- opening ----

// What the system says is wrong.
static hawser_status
refuse_system(const struct hw_store *store, const char *what,
              char sentence[HW_SENTENCE_SIZE])
{
    int rc = errno;
    char why[160];

    (void)snprintf(why, sizeof why, "%s: %s", what, strerror(rc));
    return hw_store_refuse(
        store, hw_store_disk_is_full(rc) ? HAWSER_FULL : HAWSER_SYSTEM, why,
        sentence);
}

static hawser_status
lock_file(struct hw_store *store, char sentence[HW_SENTENCE_SIZE])
{
    struct stat file;

    store->fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->fd < 0) {
        return refuse_system(store, "can't be opened", sentence);
    }
    if (flock(store->fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? hw_store_refuse(
                         store, HAWSER_SYSTEM,
                         "is in use: by another link, or another process",
                         sentence)
                   : refuse_system(store, "can't be locked", sentence);
    }
    if (fstat(store->fd, &file) != 0) {
        return refuse_system(store, "can't be read", sentence);
    }
    if (!S_ISREG(file.st_mode)) {
        return hw_store_refuse(store, HAWSER_INVALID, "is no file", sentence);
    }
    store->is_new = file.st_size == 0;
    return HAWSER_OK;
}

static hawser_status
survey(const struct hw_store *store, char sentence[HW_SENTENCE_SIZE])
{
    char what[HW_SENTENCE_SIZE] = "found no memory";
    hawser_status status = hw_survey(store->fd, what);

    return status == HAWSER_OK ? HAWSER_OK
                               : hw_store_refuse(store, status, what, sentence);
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

int
hw_store_put_title(const struct hw_store *store, MDB_txn *txn)
{
    static const uint8_t zero[HW_KEY_SIZE];
    struct hw_store_title title = { .version = HW_STORE_VERSION };
    MDB_val key = hw_store_value(zero, sizeof zero);
    MDB_val value = hw_store_value(&title, sizeof title);

    memcpy(title.text, HW_STORE_TITLE, sizeof HW_STORE_TITLE);
    return mdb_put(txn, store->tree, &key, &value, 0);
}

// A file without anything in it becomes a spool.
static hawser_status
give_title(struct hw_store *store, MDB_txn *txn,
           char sentence[HW_SENTENCE_SIZE])
{
    MDB_stat tree;
    int rc = mdb_stat(txn, store->tree, &tree);

    if (rc == MDB_SUCCESS && tree.ms_entries > 0) {
        return hw_store_refuse(store, HAWSER_INVALID, "is no spool of Hawser",
                               sentence);
    }
    rc = rc == MDB_SUCCESS ? hw_store_put_title(store, txn) : rc;
    return hw_store_explain(store, rc, sentence);
}

// What is written from now on may be of the version of today.
static hawser_status
check_title(struct hw_store *store, MDB_txn *txn,
            char sentence[HW_SENTENCE_SIZE])
{
    static const uint8_t zero[HW_KEY_SIZE];
    MDB_val key = hw_store_value(zero, sizeof zero), value;
    struct hw_store_title title;
    int rc = mdb_get(txn, store->tree, &key, &value);

    if (rc == MDB_NOTFOUND) {
        return give_title(store, txn, sentence);
    }
    if (rc != MDB_SUCCESS) {
        return hw_store_explain(store, rc, sentence);
    }
    if (value.mv_size < sizeof title ||
        memcmp(value.mv_data, HW_STORE_TITLE, sizeof HW_STORE_TITLE) != 0) {
        return hw_store_refuse(store, HAWSER_INVALID, "is no spool of Hawser",
                               sentence);
    }
    memcpy(&title, value.mv_data, sizeof title);
    if (title.version > HW_STORE_VERSION) {
        return hw_store_refuse(store, HAWSER_UNSUPPORTED,
                               "was made by a newer version of Hawser",
                               sentence);
    }
    if (title.version < HW_STORE_VERSION) {
        rc = hw_store_put_title(store, txn);
    }
    return hw_store_explain(store, rc, sentence);
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
        return hw_store_explain(store, rc, sentence);
    }
    rc = mdb_dbi_open(txn, NULL, 0, &store->tree);
    status = hw_store_explain(store, rc, sentence);
    if (status == HAWSER_OK) {
        status = check_title(store, txn, sentence);
    }
    if (status == HAWSER_OK) {
        status = hw_store_explain(store, find_next_key(store, txn), sentence);
    }
    if (status != HAWSER_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return hw_store_explain(store, mdb_txn_commit(txn), sentence);
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
        status = hw_store_explain(made, open_env(made), sentence);
    }
    if (status == HAWSER_OK) {
        status = open_tree(made, sentence);
    }
    if (status != HAWSER_OK) {
        if (made->is_new) { // what was begun would be taken for damaged
            (void)!ftruncate(made->fd, 0);
        }
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
