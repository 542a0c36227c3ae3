// slab_test.c - blocks of one size, cut from chunks that go back to the system.
#include "base/slab.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

enum { MANY = 1000, THREADS = 4, ROUNDS = 2000, HELD = 32 };

static uint8_t *blocks[MANY];

static void
mark(uint8_t *block, int number)
{
    memset(block, number & 0xff, HW_SLAB_BLOCK);
}

static bool
is_marked(const uint8_t *block, int number)
{
    return block[0] == (number & 0xff) &&
           memcmp(block, block + 1, HW_SLAB_BLOCK - 1) == 0;
}

static void
take_all(void)
{
    for (int i = 0; i < MANY; i++) {
        blocks[i] = hw_slab_take();
        CU_ASSERT_PTR_NOT_NULL_FATAL(blocks[i]);
        mark(blocks[i], i);
    }
}

static void
blocks_are_apart_and_whole(void)
{
    bool whole = true;

    take_all();
    for (int i = 0; i < MANY; i++) {
        whole &= is_marked(blocks[i], i);
        hw_slab_give(blocks[i]);
    }
    CU_ASSERT_TRUE(whole);
}

static void
any_order_of_giving_is_right(void)
{
    const int stride = 7; // shares no divisor with MANY
    bool whole = true;

    take_all();
    for (int i = 0, at = 0; i < MANY; i++, at = (at + stride) % MANY) {
        whole &= is_marked(blocks[at], at);
        hw_slab_give(blocks[at]);
        if (i % 3 == 0) { // and some are used again at once
            blocks[at] = hw_slab_take();
            CU_ASSERT_PTR_NOT_NULL_FATAL(blocks[at]);
            mark(blocks[at], at);
            hw_slab_give(blocks[at]);
        }
    }
    CU_ASSERT_TRUE(whole);
}

static long
resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long all = 0, resident = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fscanf(file, "%ld %ld", &all, &resident), 2);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return resident;
}

static void
what_is_given_back_goes_back_to_the_system(void)
{
    const long kept_max = 6 * 1024 * 1024 / sysconf(_SC_PAGESIZE);
    const char *sanitizer = getenv("HAWSER_SANITIZE");
    long before = resident_pages();

    if (sanitizer != NULL && *sanitizer != '\0') {
        return; // they keep memory of their own for each page
    }
    take_all();
    CU_ASSERT_TRUE(resident_pages() > before + 5 * kept_max);
    for (int i = 0; i < MANY; i++) {
        hw_slab_give(blocks[i]);
    }
    CU_ASSERT_TRUE(resident_pages() < before + kept_max);
}

static void *
take_and_give(void *unused)
{
    uint8_t *held[HELD] = { NULL };

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t **at = &held[i % HELD];

        if (*at != NULL && ((*at)[0] != i % HELD || (*at)[99] != i % HELD)) {
            return *at; // somebody else wrote there
        }
        if (*at != NULL) {
            hw_slab_give(*at);
        }
        *at = hw_slab_take();
        memset(*at, i % HELD, 100);
    }
    for (int i = 0; i < HELD; i++) {
        hw_slab_give(held[i]);
    }
    return NULL;
}

static void
threads_do_not_get_the_same_block(void)
{
    pthread_t threads[THREADS];
    void *wrong;

    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, take_and_give, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], &wrong), 0);
        CU_ASSERT_PTR_NULL(wrong);
    }
}

static CU_TestInfo tests[] = {
    CHECK(blocks_are_apart_and_whole),
    CHECK(any_order_of_giving_is_right),
    CHECK(what_is_given_back_goes_back_to_the_system),
    CHECK(threads_do_not_get_the_same_block),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("slab", tests)
