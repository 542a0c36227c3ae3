// flush_test.c - waiting until all is settled.
#include <pthread.h>

#include "check.h"
#include "harbour.h"

static void
a_flush_returns_once_all_before_it_is_settled(void)
{
    struct pair pair;

    join(&pair, "confirm=peer", NULL);
    CU_ASSERT_EQUAL(hawser_flush(pair.left_bus, pair.left, 0), HAWSER_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_flush(pair.left_bus, pair.left, PATIENCE_MS),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).settled, 1000);
    expect_numbers(pair.right_bus, pair.right, 0, 1000);
    part(&pair);
}

static void
a_flush_on_the_callers_thread_runs_the_loop(void)
{
    hawser_bus *bus = open_bus("threads=0");
    const char *url = fresh_url();
    hawser_link right = open_link(bus, url, NULL);
    hawser_link left = open_link(bus, url, "confirm=peer");

    CU_ASSERT_EQUAL(send_number(bus, left, 7), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_flush(bus, left, PATIENCE_MS), HAWSER_OK);
    expect_numbers(bus, right, 7, 1);
    close_bus(bus);
}

static void
a_flush_that_is_not_done_in_time_says_so(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);

    CU_ASSERT_EQUAL(send_number(bus, link, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_flush(bus, link, 0), HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(hawser_flush(bus, link, 5), HAWSER_TIMEOUT);
    close_bus(bus);
}

struct waiter {
    hawser_bus *bus;
    hawser_link link;
    hawser_status status;
};

static void *
flush(void *user)
{
    struct waiter *waiter = user;

    waiter->status = hawser_flush(waiter->bus, waiter->link, -1);
    return NULL;
}

static void
a_link_that_ends_with_something_left_ends_the_flush(void)
{
    struct waiter waiter = { .bus = open_bus(NULL) };
    pthread_t thread;

    waiter.link = open_link(waiter.bus, fresh_url(), NULL);
    CU_ASSERT_EQUAL(send_number(waiter.bus, waiter.link, 1), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, flush, &waiter), 0);
    CU_ASSERT_EQUAL(hawser_link_close(waiter.bus, waiter.link, 0, NULL),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    CU_ASSERT_EQUAL(waiter.status, HAWSER_ENDED);
    close_bus(waiter.bus);
}

static void
a_flush_waits_for_what_the_application_says(void)
{
    struct waiter waiter;
    struct pair pair;
    pthread_t thread;

    join(&pair, "confirm=application", NULL);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 1, 1), HAWSER_OK);
    expect_numbers(pair.right_bus, pair.right, 1, 1);
    CU_ASSERT_EQUAL(hawser_flush(pair.left_bus, pair.left, 0), HAWSER_TIMEOUT);
    waiter = (struct waiter){ pair.left_bus, pair.left, HAWSER_INVALID };
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, flush, &waiter), 0);
    CU_ASSERT_EQUAL(hawser_settle(pair.left_bus, pair.left, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    CU_ASSERT_EQUAL(waiter.status, HAWSER_OK);
    part(&pair);
}

static void
what_was_dropped_by_policy_is_not_waited_for(void)
{
    hawser_bus *bus = open_bus("threads=0");
    hawser_link link = open_link(bus, fresh_url(),
                                 "overflow=drop-newest spool.max_messages=1");

    CU_ASSERT_EQUAL(hawser_flush(bus, link, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(send_number(bus, link, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(send_number(bus, link, 2), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_flush(bus, link, 0), HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(hawser_flush(bus, (hawser_link){ 0 }, 0), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_flush(NULL, link, 0), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_flush(bus, link, -2), HAWSER_INVALID);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(a_flush_returns_once_all_before_it_is_settled),
    CHECK(a_flush_on_the_callers_thread_runs_the_loop),
    CHECK(a_flush_that_is_not_done_in_time_says_so),
    CHECK(a_link_that_ends_with_something_left_ends_the_flush),
    CHECK(a_flush_waits_for_what_the_application_says),
    CHECK(what_was_dropped_by_policy_is_not_waited_for),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("flush", tests)
