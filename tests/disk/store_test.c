// store_test.c - the file of one spool: what is written is there, what is gone
// is not, and it does not grow without end.
#include "disk/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

// What is gone makes room for what comes. HAWSER_MESSAGES=10000000 is the long
// run: it takes minutes.
static void
many_go_through_a_spool_of_ten_thousand_and_it_does_not_grow(void)
{
    enum { HELD = 10000, AT_ONCE = 1000, SIZE = 64 };
    const char *given = getenv("HAWSER_MESSAGES");
    uint64_t count = given == NULL ? 300000 : strtoull(given, NULL, 10);
    struct hw_store *store = shelf_open(1 << 30);
    uint64_t early = 0, key = 1;

    while (key <= count) {
        bool full = key > HELD;

        CU_ASSERT_EQUAL(shelf_write(store, key, AT_ONCE, SIZE,
                                    full ? key - HELD : 0, full ? AT_ONCE : 0),
                        HAWSER_OK);
        key += AT_ONCE;
        early = key == 3 * HELD + 1 ? file_size() : early;
    }
    CU_ASSERT_TRUE(file_size() <= early * 3 / 2);
    if (given != NULL) {
        (void)printf("\n    %llu messages of %u bytes through %u: the file is "
                     "%llu bytes, and was %llu after %u",
                     (unsigned long long)count, SIZE, HELD,
                     (unsigned long long)file_size(), (unsigned long long)early,
                     3 * HELD);
    }
    shelf_expect(store, key - HELD, HELD);
    shelf_clear();
}

// The same where they leave out of turn: those that stay lie anywhere.
static void
nor_does_it_grow_where_they_leave_out_of_turn(void)
{
    enum { AT_ONCE = 500, ROUNDS = 200, STAYS = 50 };
    struct hw_store *store = shelf_open(1 << 26);
    uint64_t early = 0, key = 1;

    for (unsigned round = 0; round < ROUNDS; round++) {
        CU_ASSERT_EQUAL(shelf_write(store, key, AT_ONCE, 200, 0, 0), HAWSER_OK);
        key += AT_ONCE;
        for (uint64_t at = key - AT_ONCE; at < key; at += STAYS) {
            CU_ASSERT_EQUAL(shelf_write(store, key, 0, 8, at + 1, STAYS - 1),
                            HAWSER_OK);
        }
        if (round >= 20) { // in the end those go too
            uint64_t old = key - (uint64_t)21 * AT_ONCE;

            CU_ASSERT_EQUAL(shelf_write(store, key, 0, 8, old, AT_ONCE),
                            HAWSER_OK);
        }
        early = round == 40 ? file_size() : early;
    }
    CU_ASSERT_TRUE(file_size() <= early * 2);
    hw_store_close(store);
    shelf_clear();
}

// ---- policies ----

// As batches of one: number, lane, whether it has a key, when it expires.
static void
write_with(struct hw_store *store, uint64_t number,
           const struct hw_policy *policy, uint64_t until_ms)
{
    const struct hawser_message message = {
        .bytes = (const uint8_t *)&number,
        .size = sizeof number,
        .kind = HAWSER_BINARY,
    };
    struct hw_batch *batch = hw_batch_new(512);
    const struct hw_change change = { .batches = batch };
    char sentence[HW_SENTENCE_SIZE] = "";

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    hw_batch_set_policy(batch, policy);
    batch->key = number;
    batch->kept_until_ms = until_ms;
    CU_ASSERT_TRUE(hw_batch_add(batch, &message));
    CU_ASSERT_EQUAL(hw_store_write(store, &change, sentence), HAWSER_OK);
    hw_batch_drop(batch);
}

static void
policies_are_kept(void)
{
    static const struct hw_policy high = { .lane = 1 };
    static const struct hw_policy low = {
        .lane = 2,
        .key = (const uint8_t *)"k",
        .key_size = 1,
    };
    struct hw_store *store = shelf_open(1 << 20);
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL, *batch;

    write_with(store, 1, &high, 0);
    write_with(store, 2, &high, 0);
    write_with(store, 3, &high, 777);
    write_with(store, 4, &low, 777);
    write_with(store, 5, &low, 777);
    hw_store_close(store);
    store = shelf_open(1 << 20);
    CU_ASSERT_EQUAL_FATAL(hw_store_load(store, &loaded, sentence), HAWSER_OK);
    batch = loaded; // those that go together
    CU_ASSERT_EQUAL(batch->count, 2);
    CU_ASSERT_EQUAL(batch->policy.lane, 1);
    CU_ASSERT_EQUAL(batch->kept_until_ms, 0);
    batch = batch->next;
    CU_ASSERT_EQUAL(batch->count, 1);
    CU_ASSERT_EQUAL(batch->policy.lane, 1);
    CU_ASSERT_EQUAL(batch->kept_until_ms, 777);
    for (unsigned i = 0; i < 2; i++) { // with a key each stands alone
        batch = batch->next;
        CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
        CU_ASSERT_EQUAL(batch->count, 1);
        CU_ASSERT_EQUAL(batch->policy.lane, 2);
        CU_ASSERT_EQUAL_FATAL(batch->policy.key_size, 1);
        CU_ASSERT_EQUAL(batch->policy.key[0], 'k');
        CU_ASSERT_EQUAL(batch->kept_until_ms, 777);
    }
    CU_ASSERT_PTR_NULL(batch->next);
    hw_batch_drop_all(loaded);
    hw_store_close(store);
    shelf_clear();
}

static void
what_is_loaded_takes_little_memory_whatever_is_gone_between(void)
{
    enum { COUNT = 4000 };
    struct hw_store *store = shelf_open(1 << 24);
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL;
    size_t room = 0;

    CU_ASSERT_EQUAL(shelf_write(store, 1, COUNT, 100, 0, 0), HAWSER_OK);
    for (uint64_t key = 2; key < COUNT; key += 2) {
        CU_ASSERT_EQUAL(shelf_write(store, COUNT + 1, 0, 8, key, 1), HAWSER_OK);
    }
    CU_ASSERT_EQUAL_FATAL(hw_store_load(store, &loaded, sentence), HAWSER_OK);
    for (const struct hw_batch *at = loaded; at != NULL; at = at->next) {
        room += at->room;
    }
    CU_ASSERT_TRUE(room < (size_t)COUNT * 1024);
    hw_batch_drop_all(loaded);
    hw_store_close(store);
    shelf_clear();
}

// A record of version 1, as it was written then.
static void
a_file_of_version_1_is_read_and_goes_on_as_version_2(void)
{
    static const uint8_t title[] = "hawser spool\0\1";
    static const uint8_t record[] = {
        0xd5, 0x87, 0xc6, 0xbf, 0, 0, 0,   0,   0,   0,
        0,    0,    0,    0,    0, 0, 'o', 'l', 'd',
    };
    static const struct hw_policy high = { .lane = 1 };
    struct hw_store *store;
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_batch *loaded = NULL;

    shelf_put_raw(0, title, 14);
    shelf_put_raw(1, record, sizeof record);
    for (unsigned life = 0; life < 2; life++) {
        store = shelf_open(1 << 20);
        CU_ASSERT_EQUAL_FATAL(hw_store_load(store, &loaded, sentence),
                              HAWSER_OK);
        CU_ASSERT_EQUAL(memcmp(loaded->messages[0].bytes, "old", 3), 0);
        CU_ASSERT_EQUAL(loaded->messages[0].size, 3);
        hw_batch_drop_all(loaded);
        if (life == 0) {
            write_with(store, 2, &high, 5);
        }
        hw_store_close(store);
    }
    CU_ASSERT_EQUAL(shelf_version(), 2);
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
    CU_ASSERT_EQUAL(status, HAWSER_FULL);
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
    CHECK(many_go_through_a_spool_of_ten_thousand_and_it_does_not_grow),
    CHECK(nor_does_it_grow_where_they_leave_out_of_turn),
    CHECK(policies_are_kept),
    CHECK(what_is_loaded_takes_little_memory_whatever_is_gone_between),
    CHECK(a_file_of_version_1_is_read_and_goes_on_as_version_2),
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
