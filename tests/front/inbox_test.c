// inbox_test.c - what an inbox gives, in which order, to whom, and when.
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "check.h"
#include "harbour.h"

static bool
is_readable(int fd, int timeout_ms)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };

    return poll(&in, 1, timeout_ms) == 1;
}

static void
expect_event(hawser_bus *bus, hawser_link link, hawser_state state)
{
    hawser_item item;

    if (hear(bus, &item)) {
        CU_ASSERT_EQUAL_FATAL(item.kind, HAWSER_ITEM_EVENT);
        CU_ASSERT_EQUAL(item.link.id, link.id);
        CU_ASSERT_EQUAL(item.event->kind, HAWSER_EVENT_STATE);
        CU_ASSERT_EQUAL(item.event->state, state);
        CU_ASSERT_PTR_NOT_NULL(item.event->endpoint);
        CU_ASSERT_PTR_NOT_NULL(item.event->peer);
        CU_ASSERT_PTR_NOT_NULL(item.event->error);
        CU_ASSERT_PTR_NOT_NULL(item.event->reason);
        CU_ASSERT_PTR_NOT_NULL(item.event->headers);
        CU_ASSERT(item.event->at_ms > INT64_C(1600000000000));
        hawser_item_drop(&item);
    }
}

static void
the_life_of_a_link_is_told_step_by_step(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus("backoff.min=1ms"), *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL);
    hawser_link peer = open_link(other, url, NULL);

    expect_event(bus, link, HAWSER_DIALING);
    expect_event(bus, link, HAWSER_GREETING);
    expect_event(bus, link, HAWSER_UP);
    end_link(other, peer);
    expect_event(bus, link, HAWSER_WAITING);
    expect_event(bus, link, HAWSER_DIALING);
    CU_ASSERT_EQUAL(hawser_link_drain(bus, link, 1000, 0, NULL), HAWSER_OK);
    expect_event(bus, link, HAWSER_CLOSED);
    expect_silence(bus);
    close_bus(bus);
    close_bus(other);
}

static void
what_a_peer_says_comes_between_its_coming_and_its_going(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus(NULL), *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL);
    hawser_link peer = open_link(other, url, NULL);

    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_number(other, peer, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_link_drain(other, peer, PATIENCE_MS, 0, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(await(other, peer, HAWSER_CLOSED));
    expect_event(bus, link, HAWSER_DIALING);
    expect_event(bus, link, HAWSER_GREETING);
    // UP may come behind the first messages: the peer does not wait for it.
    expect_numbers(bus, link, 0, 100);
    CU_ASSERT_TRUE(await(bus, link, HAWSER_WAITING));
    close_bus(bus);
    close_bus(other);
}

// ---- the file descriptor ----

static void
the_fd_is_readable_exactly_as_long_as_something_is_there(void)
{
    struct pair pair;
    hawser_item item;
    unsigned left = 0;
    int fd = -1;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_inbox_fd(hawser_bus_inbox(pair.right_bus), &fd), HAWSER_OK);
    CU_ASSERT_FALSE(is_readable(fd, 0));
    for (unsigned round = 0; round < 200 / SLOWER; round++) {
        for (uint32_t i = 0; i < round % 5 + 1; i++) {
            CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i),
                            HAWSER_OK);
            left++;
        }
        while (left > 0) {
            CU_ASSERT_TRUE_FATAL(is_readable(fd, PATIENCE_MS));
            while (hawser_receive(pair.right_bus, &item, 0) == HAWSER_OK) {
                hawser_item_drop(&item);
                left--;
            }
        }
        CU_ASSERT_FALSE(is_readable(fd, 0));
    }
    part(&pair);
}

// Each item alone: looked for by poll right after the one before was taken.
static void
the_fd_tells_of_each_item(void)
{
    enum { COUNT = 5000 / SLOWER };
    struct pair pair;
    hawser_item item;
    int fd = -1;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_inbox_fd(hawser_bus_inbox(pair.right_bus), &fd), HAWSER_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE_FATAL(is_readable(fd, PATIENCE_MS));
        CU_ASSERT_EQUAL_FATAL(hawser_receive(pair.right_bus, &item, 0),
                              HAWSER_OK);
        CU_ASSERT_EQUAL(number_of(item.message), i);
        hawser_item_drop(&item);
    }
    CU_ASSERT_FALSE(is_readable(fd, 0));
    part(&pair);
}

static void
an_fd_asked_for_late_shows_what_is_there(void)
{
    struct pair pair;
    int fd = -1, again = -1;

    join(&pair, NULL, NULL);
    say_text(pair.left_bus, pair.left, "early");
    (void)until_received(pair.right_bus, pair.right, 1);
    CU_ASSERT_EQUAL(hawser_inbox_fd(hawser_bus_inbox(pair.right_bus), &fd),
                    HAWSER_OK);
    CU_ASSERT_TRUE(is_readable(fd, PATIENCE_MS));
    CU_ASSERT_EQUAL(hawser_inbox_fd(hawser_bus_inbox(pair.right_bus), &again),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(fd, again);
    expect_text(pair.right_bus, pair.right, "early");
    CU_ASSERT_FALSE(is_readable(fd, 0));
    part(&pair);
}

// ---- waiting ----

static void
receive_keeps_to_its_time(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_item item;
    uint64_t began;

    (void)await(bus, link, HAWSER_DIALING);
    CU_ASSERT_EQUAL(hawser_receive(bus, &item, 0), HAWSER_AGAIN);
    began = now_ms();
    CU_ASSERT_EQUAL(hawser_receive(bus, &item, 30), HAWSER_TIMEOUT);
    CU_ASSERT(now_ms() - began >= 30);
    CU_ASSERT_EQUAL(hawser_receive(bus, &item, -2), HAWSER_INVALID);
    close_bus(bus);
}

static void
who_spins_keeps_to_its_time_too(void)
{
    static const char *const settings[] = { "threads=0 spin=1000000",
                                            "threads=1 spin=1000000" };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        hawser_bus *bus = open_bus(settings[i]);
        uint64_t before = now_ms();
        hawser_item item;

        CU_ASSERT_EQUAL(hawser_receive(bus, &item, 10), HAWSER_TIMEOUT);
        CU_ASSERT(now_ms() - before >= 10);
        CU_ASSERT(now_ms() - before < 800);
        close_bus(bus);
    }
}

static void
an_inbox_without_links_has_ended_for_whom_waits_for_ever(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link;
    hawser_item item;

    CU_ASSERT_EQUAL(hawser_receive(bus, &item, -1), HAWSER_ENDED);
    CU_ASSERT_EQUAL(hawser_receive(bus, &item, 1), HAWSER_TIMEOUT);
    link = open_link(bus, fresh_url(), NULL);
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
    CU_ASSERT_TRUE(await(bus, link, HAWSER_CLOSED));
    CU_ASSERT_EQUAL(hawser_receive(bus, &item, -1), HAWSER_ENDED);
    close_bus(bus);
}

struct taker {
    pthread_t thread;
    hawser_bus *bus;
    int timeout_ms;
    uint64_t took_ms;
    unsigned count;
    hawser_status status;
};

static void *
take_all(void *user)
{
    struct taker *taker = user;
    uint64_t began = now_ms();
    hawser_item item;

    while ((taker->status = hawser_receive(taker->bus, &item,
                                           taker->timeout_ms)) == HAWSER_OK) {
        taker->count += item.kind == HAWSER_ITEM_MESSAGE;
        hawser_item_drop(&item);
    }
    taker->took_ms = now_ms() - began;
    return NULL;
}

static void
start(struct taker *taker, hawser_bus *bus, int timeout_ms)
{
    *taker = (struct taker){ .bus = bus, .timeout_ms = timeout_ms };
    CU_ASSERT_EQUAL_FATAL(pthread_create(&taker->thread, NULL, take_all, taker),
                          0);
}

static void
several_threads_take_turns_and_all_hear_of_the_end(void)
{
    enum { TAKERS = 4, COUNT = 10000 / SLOWER };
    struct taker takers[TAKERS];
    struct pair pair;
    unsigned count = 0;

    join(&pair, NULL, NULL);
    for (unsigned i = 0; i < TAKERS; i++) {
        start(&takers[i], pair.right_bus, -1);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    (void)until_received(pair.right_bus, pair.right, COUNT);
    CU_ASSERT_EQUAL(hawser_link_close(pair.right_bus, pair.right, 0, NULL),
                    HAWSER_OK);
    for (unsigned i = 0; i < TAKERS; i++) {
        (void)pthread_join(takers[i].thread, NULL);
        CU_ASSERT_EQUAL(takers[i].status, HAWSER_ENDED);
        count += takers[i].count;
    }
    CU_ASSERT_EQUAL(count, COUNT);
    part(&pair);
}

// Waiting for one's turn is part of the time that one has.
static void
whoever_waits_for_a_turn_keeps_to_its_time(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    struct taker first, second;

    (void)await(bus, link, HAWSER_DIALING);
    start(&first, bus, 300);
    start(&second, bus, 400);
    (void)pthread_join(first.thread, NULL);
    (void)pthread_join(second.thread, NULL);
    CU_ASSERT_EQUAL(first.status, HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(second.status, HAWSER_TIMEOUT);
    CU_ASSERT(first.took_ms >= 300);
    CU_ASSERT(second.took_ms < 650);
    close_bus(bus);
}

// ---- who does not read ----

// Wishes that come before the link dials are one: each is waited for.
static void
await_dials(hawser_bus *bus, hawser_link link, uint64_t count)
{
    while (stats_of(bus, link).dials < count) {
        (void)sched_yield(); // cannot fail
    }
}

static void
events_left_out_are_counted(void)
{
    enum { ROUNDS = 400 };
    hawser_bus *bus = open_bus("bus.dials_per_second=off");
    hawser_link link = open_link(bus, fresh_url(), NULL);
    uint32_t events = 0, missed = 0;
    hawser_item item;
    hawser_state state = HAWSER_IDLE;

    // Each reconnect is told as DIALING.
    await_dials(bus, link, 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK);
        await_dials(bus, link, i + 2);
    }
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
    while (state != HAWSER_CLOSED && hear(bus, &item)) {
        CU_ASSERT_EQUAL(item.kind, HAWSER_ITEM_EVENT);
        state = item.event->state;
        missed += item.event->missed;
        events++;
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(events + missed, ROUNDS + 2);
    CU_ASSERT(missed > 0);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(the_life_of_a_link_is_told_step_by_step),
    CHECK(what_a_peer_says_comes_between_its_coming_and_its_going),
    CHECK(the_fd_is_readable_exactly_as_long_as_something_is_there),
    CHECK(the_fd_tells_of_each_item),
    CHECK(an_fd_asked_for_late_shows_what_is_there),
    CHECK(receive_keeps_to_its_time),
    CHECK(who_spins_keeps_to_its_time_too),
    CHECK(an_inbox_without_links_has_ended_for_whom_waits_for_ever),
    CHECK(several_threads_take_turns_and_all_hear_of_the_end),
    CHECK(whoever_waits_for_a_turn_keeps_to_its_time),
    CHECK(events_left_out_are_counted),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("inbox", tests)
