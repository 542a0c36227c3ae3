// survey_test.c - files that are no spools, or no more: each is refused with a
// sentence, none is touched, and none crashes who opens it.
#include "disk/survey.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/random.h"
#include "check.h"
#include "disk/record.h"
#include "shelf.h"

static void
write_file(const void *bytes, size_t size)
{
    FILE *file = fopen(shelf_path(), "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static uint8_t *
read_file(size_t *size)
{
    FILE *file = fopen(shelf_path(), "rb");
    struct stat stat;
    uint8_t *bytes;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fstat(fileno(file), &stat), 0);
    *size = (size_t)stat.st_size;
    bytes = malloc(*size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_EQUAL(fread(bytes, 1, *size, file), *size);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return bytes;
}

// A spool with small records and large ones, and with free pages.
static void
make_spool(void)
{
    struct hw_store *store = shelf_open(1 << 24);

    CU_ASSERT_EQUAL(shelf_write(store, 1, 2000, 100, 0, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(shelf_write(store, 2001, 20, 10000, 0, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(shelf_write(store, 2021, 10, 100, 1, 1500), HAWSER_OK);
    hw_store_close(store);
}

static void
text_is_no_spool(void)
{
    static const char text[] = "dear diary,";
    uint8_t *after;
    size_t size;

    write_file(text, sizeof text);
    shelf_refused(HAWSER_INVALID, "is no spool of Hawser");
    after = read_file(&size);
    CU_ASSERT_EQUAL(size, sizeof text);
    CU_ASSERT_EQUAL(memcmp(after, text, size), 0);
    free(after);
    shelf_clear();
}

static void
random_bytes_are_no_spool(void)
{
    struct hw_random random;
    uint8_t bytes[20000];

    hw_random_init(&random, 1);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)hw_random_up_to(&random, 255);
    }
    write_file(bytes, sizeof bytes);
    shelf_refused(HAWSER_INVALID, "is no spool of Hawser");
    shelf_clear();
}

static void
a_folder_is_no_spool(void)
{
    CU_ASSERT_EQUAL(mkdir(shelf_path(), 0700), 0);
    shelf_refused(HAWSER_SYSTEM, "can't be opened: Is a directory");
    shelf_clear();
}

static void
a_path_through_a_file_is_refused(void)
{
    char sentence[HW_SENTENCE_SIZE] = "", beyond[128];
    struct hw_store *store = NULL;

    write_file("", 0);
    (void)snprintf(beyond, sizeof beyond, "%s/below", shelf_path());
    CU_ASSERT_EQUAL(hw_store_open(beyond, 1 << 20, &store, sentence),
                    HAWSER_SYSTEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(sentence, "Not a directory"));
    shelf_clear();
}

// An LMDB of somebody else's, as it stands in the file.
static void
make_foreign(const char *key_text, const void *value_bytes, size_t value_size)
{
    MDB_val key = { strlen(key_text), (void *)key_text };
    MDB_val value = { value_size, (void *)value_bytes };
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree;

    CU_ASSERT_EQUAL_FATAL(mdb_env_create(&env), 0);
    CU_ASSERT_EQUAL_FATAL(
        mdb_env_open(env, shelf_path(), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_txn_begin(env, NULL, 0, &txn), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_dbi_open(txn, NULL, 0, &tree), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_put(txn, tree, &key, &value, 0), 0);
    CU_ASSERT_EQUAL_FATAL(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void
an_lmdb_of_somebody_else_is_no_spool(void)
{
    make_foreign("their key", "their value", 11);
    shelf_refused(HAWSER_INVALID, "is no spool of Hawser");
    shelf_clear();
    make_foreign("8 bytes!", "their value", 11);
    shelf_refused(HAWSER_INVALID, "is no spool of Hawser");
    shelf_clear();
}

// The title is the only one of these texts in the file that LMDB holds valid;
// the byte behind it is the version.
static void
a_newer_version_is_refused(void)
{
    static const char title[] = "hawser spool";
    struct hw_store *store = shelf_open(1 << 20);
    uint8_t *bytes;
    size_t size;
    unsigned found = 0;

    hw_store_close(store);
    bytes = read_file(&size);
    for (size_t i = 0; i + sizeof title < size; i++) {
        if (memcmp(bytes + i, title, sizeof title) == 0) {
            CU_ASSERT_EQUAL(bytes[i + sizeof title], 2);
            bytes[i + sizeof title] = 3;
            found++;
        }
    }
    CU_ASSERT_TRUE(found > 0);
    write_file(bytes, size);
    free(bytes);
    shelf_refused(HAWSER_UNSUPPORTED, "a newer version of Hawser");
    shelf_clear();
}

static void
a_file_cut_anywhere_is_refused(void)
{
    uint8_t *bytes;
    size_t size, step;

    make_spool();
    bytes = read_file(&size);
    step = size / 40;
    for (size_t cut = 1; cut < size - 4096; cut += step) {
        write_file(bytes, cut);
        shelf_refused(HAWSER_INVALID,
                      cut < 152 ? "is no spool of Hawser" : "is cut short");
    }
    free(bytes);
    shelf_clear();
}

// Whatever becomes of it, nobody crashes, and what is found is as it was.
static void
open_damaged(void)
{
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL;
    struct hw_store *store = NULL;
    hawser_status status =
        hw_store_open(shelf_path(), 1 << 24, &store, sentence);

    if (status == HAWSER_OK) {
        status = hw_store_load(store, &loaded, sentence);
        if (status == HAWSER_OK) {
            (void)shelf_write(store, hw_store_next_key(store), 50, 500, 1,
                              1800); // whatever it answers
        }
        hw_store_close(store);
    }
    CU_ASSERT_EQUAL(status == HAWSER_OK, sentence[0] == '\0');
    for (const struct hw_batch *batch = loaded; batch != NULL;
         batch = batch->next) {
        for (uint32_t i = 0; i < batch->count; i++) {
            CU_ASSERT_EQUAL(shelf_number(&batch->messages[i]), batch->key + i);
        }
    }
    hw_batch_drop_all(loaded);
}

static void
bytes_changed_at_random_crash_nobody(void)
{
    struct hw_random random;
    uint8_t *bytes, *copy;
    size_t size;

    make_spool();
    bytes = read_file(&size);
    copy = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    hw_random_init(&random, 2);
    for (unsigned round = 0; round < 400; round++) {
        unsigned changes = 1 + (unsigned)hw_random_up_to(&random, 7);

        memcpy(copy, bytes, size);
        for (unsigned i = 0; i < changes; i++) {
            // The heads of pages are where it matters most.
            size_t at = hw_random_up_to(&random, size - 1);

            at = round % 2 == 0 ? at : at / 4096 * 4096 + at % 64;
            copy[at] = (uint8_t)hw_random_up_to(&random, 255);
        }
        write_file(copy, size);
        open_damaged();
    }
    free(bytes);
    free(copy);
    shelf_clear();
}

static void
pages_of_zeros_crash_nobody(void)
{
    uint8_t *bytes, *copy;
    size_t size;

    make_spool();
    bytes = read_file(&size);
    copy = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    for (size_t page = 0; page < size / 4096; page++) {
        memcpy(copy, bytes, size);
        memset(copy + page * 4096, 0, 4096);
        write_file(copy, size);
        open_damaged();
    }
    free(bytes);
    free(copy);
    shelf_clear();
}

static CU_TestInfo tests[] = {
    CHECK(text_is_no_spool),
    CHECK(random_bytes_are_no_spool),
    CHECK(a_folder_is_no_spool),
    CHECK(a_path_through_a_file_is_refused),
    CHECK(an_lmdb_of_somebody_else_is_no_spool),
    CHECK(a_newer_version_is_refused),
    CHECK(a_file_cut_anywhere_is_refused),
    CHECK(bytes_changed_at_random_crash_nobody),
    CHECK(pages_of_zeros_crash_nobody),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("survey", tests)
