// shelf.c - what the tests of the disk share.
#include "shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>

#include "check.h"
#include "disk/record.h"

static char folder[64], path[96];

const char *
shelf_path(void)
{
    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof folder, "/tmp/hawser-disk-XXXXXX");
        CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
        (void)snprintf(path, sizeof path, "%s/spool", folder);
    }
    return path;
}

void
shelf_clear(void)
{
    if (folder[0] != '\0') {
        (void)remove(path); // it may be gone
        CU_ASSERT_EQUAL(rmdir(folder), 0);
        folder[0] = '\0';
    }
}

struct hw_batch *
shelf_batches(uint64_t key, uint32_t count, size_t size)
{
    struct hw_batch *first = NULL, *last = NULL;
    uint8_t *bytes = calloc(1, size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (uint64_t at = key; at < key + count; at++) {
        const struct hawser_message message = {
            .bytes = bytes,
            .size = (uint32_t)size,
            .kind = HAWSER_BINARY,
        };

        memset(bytes, (int)at, size);
        memcpy(bytes, &at, sizeof at);
        if (last == NULL || !hw_batch_add(last, &message)) {
            struct hw_batch *batch = hw_batch_new(hw_batch_room(size) + 8000);

            CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
            batch->key = at;
            CU_ASSERT_TRUE(hw_batch_add(batch, &message));
            first = first == NULL ? batch : first;
            if (last != NULL) {
                last->next_kept = batch;
            }
            last = batch;
        }
    }
    free(bytes);
    return first;
}

void
shelf_drop(struct hw_batch *first)
{
    while (first != NULL) {
        struct hw_batch *next = first->next_kept;

        hw_batch_drop(first);
        first = next;
    }
}

uint64_t
shelf_number(const struct hawser_message *message)
{
    uint64_t number = 0;

    memcpy(&number, message->bytes, sizeof number);
    return number;
}

struct hw_store *
shelf_open(uint64_t max_bytes)
{
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_store *store = NULL;

    CU_ASSERT_EQUAL_FATAL(
        hw_store_open(shelf_path(), max_bytes, &store, sentence), HAWSER_OK);
    return store;
}

hawser_status
shelf_write(struct hw_store *store, uint64_t key, uint32_t count, size_t size,
            uint64_t gone_key, uint64_t gone_count)
{
    struct hw_batch *batches = shelf_batches(key, count, size);
    const struct hw_key_run gone = { gone_key, gone_count };
    const struct hw_change change = { batches, &gone, gone_count > 0 };
    char sentence[HW_SENTENCE_SIZE] = "";
    hawser_status status = hw_store_write(store, &change, sentence);

    CU_ASSERT_EQUAL(status == HAWSER_OK, sentence[0] == '\0');
    shelf_drop(batches);
    return status;
}

static MDB_txn *
begin_raw(MDB_env **env, MDB_dbi *tree)
{
    MDB_txn *txn;

    CU_ASSERT_EQUAL_FATAL(mdb_env_create(env), 0);
    CU_ASSERT_EQUAL_FATAL(
        mdb_env_open(*env, shelf_path(), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_txn_begin(*env, NULL, 0, &txn), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_dbi_open(txn, NULL, 0, tree), 0);
    return txn;
}

void
shelf_put_raw(uint64_t key, const void *value, size_t size)
{
    uint8_t bytes[HW_KEY_SIZE];
    MDB_val at = { sizeof bytes, bytes }, what = { size, (void *)value };
    MDB_env *env;
    MDB_dbi tree;
    MDB_txn *txn = begin_raw(&env, &tree);

    hw_key_write(bytes, key);
    CU_ASSERT_EQUAL_FATAL(mdb_put(txn, tree, &at, &what, 0), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

unsigned
shelf_version(void)
{
    uint8_t zero[HW_KEY_SIZE] = { 0 };
    MDB_val key = { sizeof zero, zero }, title;
    MDB_env *env;
    MDB_dbi tree;
    MDB_txn *txn = begin_raw(&env, &tree);
    unsigned version = 0;

    CU_ASSERT_EQUAL(mdb_get(txn, tree, &key, &title), 0);
    version = ((const uint8_t *)title.mv_data)[title.mv_size - 1];
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return version;
}

static void
expect_message(const struct hawser_message *message, uint64_t number)
{
    bool whole = true;

    CU_ASSERT_FATAL(message->size >= sizeof number);
    CU_ASSERT_EQUAL(shelf_number(message), number);
    for (size_t i = sizeof number; i < message->size; i++) {
        whole = whole && message->bytes[i] == (uint8_t)number;
    }
    CU_ASSERT_TRUE(whole);
}

void
shelf_expect(struct hw_store *store, uint64_t first, uint64_t count)
{
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL;
    uint64_t found = 0;

    hw_store_close(store);
    store = shelf_open(1 << 30);
    CU_ASSERT_EQUAL_FATAL(hw_store_load(store, &loaded, sentence), HAWSER_OK);
    for (const struct hw_batch *batch = loaded; batch != NULL;
         batch = batch->next) {
        for (uint32_t i = 0; i < batch->count; i++) {
            CU_ASSERT_EQUAL(batch->key + i, first + found);
            expect_message(&batch->messages[i], first + found);
            found++;
        }
    }
    CU_ASSERT_EQUAL(found, count);
    hw_batch_drop_all(loaded);
    hw_store_close(store);
}

void
shelf_refused(hawser_status status, const char *words)
{
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL;
    struct hw_store *store = NULL;
    hawser_status got = hw_store_open(shelf_path(), 1 << 30, &store, sentence);

    if (got == HAWSER_OK) {
        got = hw_store_load(store, &loaded, sentence);
    }
    CU_ASSERT_EQUAL(got, status);
    if (strstr(sentence, words) == NULL) {
        fprintf(stderr, "\n    refused with: \"%s\"\n", sentence);
        CU_FAIL("the sentence says something else");
    }
    hw_batch_drop_all(loaded);
    hw_store_close(got == HAWSER_OK ? store : NULL);
}
