// store_test.c - the file of one spool: what is written is there, what is gone
// is not, and it does not grow without end.
#include "disk/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "shelf.h"

static uint64_t
file_size(void)
{
    struct stat file;

    CU_ASSERT_EQUAL(stat(shelf_path(), &file), 0);
    return (uint64_t)file.st_size;
}

static void
a_new_file_is_empty(void)
{
    struct hw_store *store = shelf_open(1 << 20);

    CU_ASSERT_EQUAL(hw_store_next_key(store), 1);
    shelf_expect(store, 1, 0);
    shelf_clear();
}

static void
what_was_written_is_there_in_order(void)
{
    struct hw_store *store = shelf_open(1 << 24);

    CU_ASSERT_EQUAL(shelf_write(store, 1, 1000, 100, 0, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(shelf_write(store, 1001, 10, 100000, 0, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(hw_store_next_key(store), 1011);
    shelf_expect(store, 1, 1010);
    shelf_clear();
}

static void
what_is_gone_is_there_no_more(void)
{
    struct hw_store *store = shelf_open(1 << 24);

    CU_ASSERT_EQUAL(shelf_write(store, 1, 1000, 100, 0, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(shelf_write(store, 1001, 0, 8, 1, 990), HAWSER_OK);
    shelf_expect(store, 991, 10);
    store = shelf_open(1 << 24);
    CU_ASSERT_EQUAL(shelf_write(store, 1001, 5, 100, 1, 1000), HAWSER_OK);
    shelf_expect(store, 1001, 5);
    shelf_clear();
}

static void
what_left_before_it_was_written_never_is(void)
{
    struct hw_store *store = shelf_open(1 << 24);

    CU_ASSERT_EQUAL(shelf_write(store, 1, 1000, 100, 1, 990), HAWSER_OK);
    shelf_expect(store, 991, 10);
    shelf_clear();
}

// More than one slice of each kind.
static void
a_great_many_are_written_and_removed(void)
{
    enum { MANY = 120000 };
    struct hw_store *store = shelf_open(1 << 28);

    CU_ASSERT_EQUAL(shelf_write(store, 1, MANY, 8, 0, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(shelf_write(store, MANY + 1, 0, 8, 1, MANY - 7), HAWSER_OK);
    shelf_expect(store, MANY - 6, 7);
    shelf_clear();
}

static void
the_same_change_may_be_made_twice(void)
{
    struct hw_store *store = shelf_open(1 << 24);

    CU_ASSERT_EQUAL(shelf_write(store, 1, 100, 100, 1, 10), HAWSER_OK);
    CU_ASSERT_EQUAL(shelf_write(store, 1, 100, 100, 1, 10), HAWSER_OK);
    shelf_expect(store, 11, 90);
    shelf_clear();
}

static void
runs_may_lie_anywhere(void)
{
    const struct hw_key_run gone[] = { { 1, 3 }, { 5, 1 }, { 8, 2 } };
    struct hw_change change = { .gone = gone, .gone_count = 3 };
    struct hw_store *store = shelf_open(1 << 20);
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL;

    CU_ASSERT_EQUAL(shelf_write(store, 1, 7, 100, 0, 0), HAWSER_OK);
    change.batches = shelf_batches(8, 3, 100);
    CU_ASSERT_EQUAL(hw_store_write(store, &change, sentence), HAWSER_OK);
    shelf_drop((struct hw_batch *)change.batches);
    CU_ASSERT_EQUAL_FATAL(hw_store_load(store, &loaded, sentence), HAWSER_OK);
    CU_ASSERT_EQUAL(loaded->key, 4);
    CU_ASSERT_EQUAL(loaded->count, 1);
    CU_ASSERT_EQUAL(loaded->next->key, 6);
    CU_ASSERT_EQUAL(loaded->next->count, 2);
    CU_ASSERT_EQUAL(loaded->next->next->key, 10);
    hw_batch_drop_all(loaded);
    hw_store_close(store);
    shelf_clear();
}

// Ten million through a spool that holds ten thousand, in small: what is gone
// makes room for what comes.
static void
the_file_is_used_again(void)
{
    enum { HELD = 1000, ROUNDS = 200 };
    struct hw_store *store = shelf_open(1 << 24);
    uint64_t early = 0;
    uint64_t key = 1;

    for (unsigned round = 0; round < ROUNDS; round++) {
        CU_ASSERT_EQUAL(shelf_write(store, key, HELD, 200, key - HELD,
                                    round > 0 ? HELD : 0),
                        HAWSER_OK);
        key += HELD;
        early = round == 20 ? file_size() : early;
    }
    CU_ASSERT_TRUE(file_size() <= early * 2);
    shelf_expect(store, key - HELD, HELD);
    shelf_clear();
}

// ---- limits ----

static void
a_full_file_says_so_and_keeps_what_it_has(void)
{
    struct hw_store *store = shelf_open(1 << 20);
    uint64_t key = 1;

    while (shelf_write(store, key, 100, 1000, 0, 0) == HAWSER_OK) {
        key += 100;
        CU_ASSERT_FATAL(key < 2000);
    }
    CU_ASSERT_TRUE(key > 500);
    CU_ASSERT_EQUAL(shelf_write(store, key, 100, 1000, 0, 0), HAWSER_FULL);
    CU_ASSERT_TRUE(file_size() <= 1 << 20);
    shelf_expect(store, 1, key - 1);
    shelf_clear();
}

static void
a_full_file_is_emptied_and_takes_more(void)
{
    struct hw_store *store = shelf_open(1 << 20);
    uint64_t key = 1;

    while (shelf_write(store, key, 1, 1000, 0, 0) == HAWSER_OK) {
        key++;
    }
    CU_ASSERT_EQUAL(shelf_write(store, key, 100, 1000, 1, key - 1), HAWSER_OK);
    shelf_expect(store, key, 100);
    shelf_clear();
}

// As on a full disk: the system refuses to let the file grow.
static void
a_full_disk_says_so_and_is_got_over(void)
{
    struct hw_store *store = shelf_open(1 << 26);
    struct rlimit before, tight = { .rlim_cur = 1 << 20 };
    uint64_t key = 1;
    hawser_status status;

    CU_ASSERT_EQUAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight.rlim_max = before.rlim_max;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &tight), 0);
    while ((status = shelf_write(store, key, 100, 1000, 0, 0)) == HAWSER_OK) {
        key += 100;
        CU_ASSERT_FATAL(key < 2000);
    }
    CU_ASSERT_TRUE(status == HAWSER_FULL || status == HAWSER_SYSTEM);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    CU_ASSERT_EQUAL(shelf_write(store, key, 100, 1000, 0, 0), HAWSER_OK);
    shelf_expect(store, 1, key + 99);
    shelf_clear();
}

// ---- who may open it ----

static void
a_file_in_use_is_refused(void)
{
    struct hw_store *store = shelf_open(1 << 20);

    shelf_refused(HAWSER_SYSTEM, "is in use");
    hw_store_close(store);
    store = shelf_open(1 << 20);
    shelf_expect(store, 1, 0);
    shelf_clear();
}

static CU_TestInfo tests[] = {
    CHECK(a_new_file_is_empty),
    CHECK(what_was_written_is_there_in_order),
    CHECK(what_is_gone_is_there_no_more),
    CHECK(what_left_before_it_was_written_never_is),
    CHECK(a_great_many_are_written_and_removed),
    CHECK(the_same_change_may_be_made_twice),
    CHECK(runs_may_lie_anywhere),
    CHECK(the_file_is_used_again),
    CHECK(a_full_file_says_so_and_keeps_what_it_has),
    CHECK(a_full_file_is_emptied_and_takes_more),
    CHECK(a_full_disk_says_so_and_is_got_over),
    CHECK(a_file_in_use_is_refused),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    // A file beyond its limit is an answer, as on the keeper's thread.
    (void)signal(SIGXFSZ, SIG_IGN);
    check_suite("store", tests);
    return check_run(argc, argv);
}
