// waiting_test.c - hawser_link_wait_up: what wakes it, and what does not.
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"
#include "harbour.h"

struct waiter {
    pthread_t thread;
    hawser_bus *bus;
    hawser_link link;
    atomic_bool waits;
    int timeout_ms;
    hawser_status status;
};

static void *
wait_up(void *user)
{
    struct waiter *waiter = user;

    atomic_store(&waiter->waits, true);
    waiter->status =
        hawser_link_wait_up(waiter->bus, waiter->link, waiter->timeout_ms);
    return NULL;
}

static bool
is_waiting(void *user)
{
    return atomic_load((atomic_bool *)user);
}

static void
begin_to_wait(struct waiter *waiter, hawser_bus *bus, hawser_link link,
              int timeout_ms)
{
    *waiter =
        (struct waiter){ .bus = bus, .link = link, .timeout_ms = timeout_ms };
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&waiter->thread, NULL, wait_up, waiter), 0);
    (void)until(is_waiting, &waiter->waits);
}

static void
expect_woken(struct waiter *waiter, hawser_status status)
{
    (void)pthread_join(waiter->thread, NULL);
    CU_ASSERT_EQUAL(waiter->status, status);
}

static void
it_is_woken_by_up(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus(NULL), *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL);
    struct waiter one, two;

    begin_to_wait(&one, bus, link, -1);
    begin_to_wait(&two, bus, link, PATIENCE_MS);
    (void)open_link(other, url, NULL);
    expect_woken(&one, HAWSER_OK);
    expect_woken(&two, HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, 0), HAWSER_OK);
    // Events stay in the inbox.
    CU_ASSERT_TRUE(await(bus, link, HAWSER_DIALING));
    CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    close_bus(bus);
    close_bus(other);
}

static void
it_is_woken_by_failure(void)
{
    hawser_bus *bus = open_bus("dial.timeout=20ms attempts.max=1");
    hawser_link link = open_link(bus, fresh_url(), NULL);

    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -1), HAWSER_ENDED);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -1), HAWSER_ENDED);
    close_bus(bus);
}

static void
it_is_woken_by_close(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    struct waiter waiter;

    begin_to_wait(&waiter, bus, link, -1);
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
    expect_woken(&waiter, HAWSER_ENDED);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -1), HAWSER_ENDED);
    (void)await(bus, link, HAWSER_CLOSED);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -1), HAWSER_STALE);
    close_bus(bus);
}

static void
it_gives_up_in_time(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    uint64_t began = now_ms();

    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, 0), HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, 50), HAWSER_TIMEOUT);
    CU_ASSERT(now_ms() - began >= 50);
    CU_ASSERT(now_ms() - began < PATIENCE_MS);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -2), HAWSER_INVALID);
    close_bus(bus);
}

// ---- on a bus that is never at rest ----

struct pump {
    pthread_t thread;
    struct pair pair;
    atomic_bool done;
};

static void *
pump(void *user)
{
    struct pump *self = user;

    while (!atomic_load(&self->done)) {
        hawser_item item;

        (void)send_number(self->pair.left_bus, self->pair.left, 0);
        while (hawser_receive(self->pair.right_bus, &item, 0) == HAWSER_OK) {
            hawser_item_drop(&item);
        }
    }
    return NULL;
}

static void
it_gives_up_in_time_on_a_busy_bus(void)
{
    struct pump self = { 0 };
    hawser_link link;
    uint64_t began;

    join(&self.pair, NULL, NULL);
    link = open_link(self.pair.left_bus, fresh_url(), NULL);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&self.thread, NULL, pump, &self), 0);
    began = now_ms();
    CU_ASSERT_EQUAL(hawser_link_wait_up(self.pair.left_bus, link, 50),
                    HAWSER_TIMEOUT);
    CU_ASSERT(now_ms() - began < 1000);
    atomic_store(&self.done, true);
    (void)pthread_join(self.thread, NULL);
    part(&self.pair);
}

// The wish to reconnect is as good as the deed.
static void
it_waits_for_a_link_that_is_being_mended(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus(NULL), *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, "dial.timeout=100ms attempts.max=1");
    uint64_t began = now_ms();
    hawser_status status;

    for (unsigned i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -1), HAWSER_ENDED);
        CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK);
        CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, 10), HAWSER_TIMEOUT);
    }
    (void)open_link(other, url, NULL);
    do { // the other one may be late
        CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK);
        status = hawser_link_wait_up(bus, link, PATIENCE_MS);
    } while (status == HAWSER_ENDED && now_ms() - began < PATIENCE_MS);
    CU_ASSERT_EQUAL(status, HAWSER_OK);
    close_bus(bus);
    close_bus(other);
}

static CU_TestInfo tests[] = {
    CHECK(it_is_woken_by_up),
    CHECK(it_is_woken_by_failure),
    CHECK(it_is_woken_by_close),
    CHECK(it_gives_up_in_time),
    CHECK(it_gives_up_in_time_on_a_busy_bus),
    CHECK(it_waits_for_a_link_that_is_being_mended),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("waiting", tests)
