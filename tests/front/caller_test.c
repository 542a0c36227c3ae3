// caller_test.c - threads=0: the loop runs on the thread of the caller.
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"
#include "harbour.h"

// Two links on one bus that is driven by whoever calls.
struct own {
    hawser_bus *bus;
    hawser_link left, right;
    const char *url;
    int fd;
};

static struct own
open_own(const char *settings)
{
    struct own own = { .bus = open_bus("threads=0"), .url = fresh_url() };

    CU_ASSERT_EQUAL(hawser_bus_fd(own.bus, &own.fd), HAWSER_OK);
    own.left = open_link(own.bus, own.url, settings);
    own.right = open_link(own.bus, own.url, settings);
    return own;
}

static void
everything_is_driven_by_receive(void)
{
    struct own own = open_own("confirm=peer");

    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_number(own.bus, own.left, i), HAWSER_OK);
    }
    expect_numbers(own.bus, own.right, 0, 1000);
    CU_ASSERT_EQUAL(hawser_link_drain(own.bus, own.left, 1000, 0, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(await(own.bus, own.left, HAWSER_CLOSED));
    CU_ASSERT_TRUE(await(own.bus, own.right, HAWSER_WAITING));
    CU_ASSERT_EQUAL(hawser_bus_close(own.bus, 1000), HAWSER_OK);
}

static void
waiting_calls_run_the_loop(void)
{
    struct own own = open_own("overflow=block spool.max_messages=1");

    CU_ASSERT_EQUAL(hawser_link_wait_up(own.bus, own.left, PATIENCE_MS),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_wait_up(own.bus, own.right, PATIENCE_MS),
                    HAWSER_OK);
    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_number(own.bus, own.left, i), HAWSER_OK);
    }
    expect_numbers(own.bus, own.right, 0, 100);
    CU_ASSERT_EQUAL(hawser_bus_close(own.bus, 1000), HAWSER_OK);
}

static void
a_loop_with_a_thread_has_no_steps(void)
{
    hawser_bus *bus = open_bus(NULL);
    int fd = -1;

    CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_UNSUPPORTED);
    CU_ASSERT_EQUAL(hawser_bus_fd(bus, &fd), HAWSER_UNSUPPORTED);
    CU_ASSERT_EQUAL(hawser_bus_step(NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_bus_fd(NULL, &fd), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_bus_fd(bus, NULL), HAWSER_INVALID);
    close_bus(bus);
}

// ---- in a loop of the application's own ----

// The loop is turned when the descriptor says so.
static bool
step(hawser_bus *bus)
{
    struct pollfd in = { .events = POLLIN };

    CU_ASSERT_EQUAL(hawser_bus_fd(bus, &in.fd), HAWSER_OK);
    if (poll(&in, 1, PATIENCE_MS / 2) != 1) {
        CU_FAIL("the descriptor missed something");
        return false;
    }
    CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_OK);
    return true;
}

// What lies there: asked with no time to wait.
static bool
take(hawser_bus *bus, hawser_item *item)
{
    return hawser_receive(bus, item, 0) == HAWSER_OK;
}

static bool
step_until_up(hawser_bus *bus, hawser_link link)
{
    hawser_state state = HAWSER_IDLE;

    while (hawser_link_state(bus, link, &state) == HAWSER_OK &&
           state != HAWSER_UP) {
        if (!step(bus)) {
            return false;
        }
    }
    return true;
}

static void
the_fd_never_misses(void)
{
    enum { COUNT = 10000 / SLOWER };
    struct own own = open_own(NULL);
    uint32_t turns = 0;

    if (!step_until_up(own.bus, own.left) ||
        !step_until_up(own.bus, own.right)) {
        return;
    }
    CU_ASSERT_EQUAL(send_number(own.bus, own.left, 0), HAWSER_OK);
    // One message is under way at a time, so one take finds it.
    while (turns < COUNT && step(own.bus)) {
        hawser_item item;
        uint32_t before = turns;

        while (turns == before && take(own.bus, &item)) {
            if (item.kind == HAWSER_ITEM_MESSAGE) {
                hawser_link back =
                    item.link.id == own.left.id ? own.left : own.right;

                CU_ASSERT_EQUAL(number_of(item.message), turns);
                turns++;
                CU_ASSERT_EQUAL(send_number(own.bus, back, turns), HAWSER_OK);
            }
            hawser_item_drop(&item);
        }
    }
    CU_ASSERT_EQUAL(turns, COUNT);
    close_bus(own.bus);
}

// The same between two buses, each with its own loop in one poll.
static void
the_fds_of_two_buses_never_miss(void)
{
    enum { COUNT = 10000 / SLOWER };
    const char *url = fresh_url();
    hawser_bus *bus[2] = { open_bus("threads=0"), open_bus("threads=0") };
    hawser_link link[2];
    struct pollfd in[2] = { { .events = POLLIN }, { .events = POLLIN } };
    uint32_t turns = 0;

    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(hawser_bus_fd(bus[i], &in[i].fd), HAWSER_OK);
        link[i] = open_link(bus[i], url, "confirm=peer");
    }
    CU_ASSERT_EQUAL(send_number(bus[0], link[0], 0), HAWSER_OK);
    while (turns < COUNT) {
        uint32_t before = turns;

        if (poll(in, 2, PATIENCE_MS / 2) < 1) {
            CU_FAIL("the descriptors missed something");
            break;
        }
        for (unsigned i = 0; i < 2; i++) {
            hawser_item item;

            if (in[i].revents == 0) {
                continue;
            }
            CU_ASSERT_EQUAL(hawser_bus_step(bus[i]), HAWSER_OK);
            while (turns == before && take(bus[i], &item)) {
                if (item.kind == HAWSER_ITEM_MESSAGE) {
                    turns++;
                    (void)send_number(bus[i], link[i], turns);
                }
                hawser_item_drop(&item);
            }
        }
    }
    CU_ASSERT_EQUAL(turns, COUNT);
    close_bus(bus[0]);
    close_bus(bus[1]);
}

// A deadline that comes up in the course of a step is waited for as well.
static void
the_fd_tells_of_deadlines(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus("threads=0 backoff.min=20ms backoff.max=20ms");
    hawser_bus *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL), peer;
    int fd = -1;

    CU_ASSERT_EQUAL(hawser_bus_fd(bus, &fd), HAWSER_OK);
    for (unsigned round = 0; round < 10; round++) {
        hawser_link_stats stats;

        peer = open_link(other, url, NULL);
        if (!step_until_up(bus, link)) {
            break;
        }
        end_link(other, peer);
        do {
            if (!step(bus)) {
                break;
            }
            stats = stats_of(bus, link);
        } while (stats.dials < round + 2);
    }
    close_bus(bus);
    close_bus(other);
}

// ---- sends from other threads ----

struct sender {
    pthread_t thread;
    struct own *own;
    unsigned count;
};

static void *
send_all(void *user)
{
    struct sender *sender = user;

    for (uint32_t i = 0; i < sender->count; i++) {
        if (send_number(sender->own->bus, sender->own->left, i) != HAWSER_OK) {
            break;
        }
    }
    return NULL;
}

static void
a_send_from_another_thread_wakes_receive(void)
{
    struct own own = open_own(NULL);
    struct sender sender = { .own = &own, .count = 20000 / SLOWER };

    CU_ASSERT_EQUAL(hawser_link_wait_up(own.bus, own.right, PATIENCE_MS),
                    HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&sender.thread, NULL, send_all, &sender), 0);
    expect_numbers(own.bus, own.right, 0, sender.count);
    (void)pthread_join(sender.thread, NULL);
    close_bus(own.bus);
}

static void
a_send_from_another_thread_wakes_the_fd(void)
{
    struct own own = open_own(NULL);
    struct sender sender = { .own = &own, .count = 20000 / SLOWER };
    uint32_t next = 0;

    (void)step_until_up(own.bus, own.right);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&sender.thread, NULL, send_all, &sender), 0);
    while (next < sender.count && step(own.bus)) {
        hawser_item item;

        while (take(own.bus, &item)) {
            next += item.kind == HAWSER_ITEM_MESSAGE;
            hawser_item_drop(&item);
        }
    }
    CU_ASSERT_EQUAL(next, sender.count);
    (void)pthread_join(sender.thread, NULL);
    close_bus(own.bus);
}

static void
a_bus_whose_loop_never_turned_can_be_closed(void)
{
    struct own own = open_own(NULL);

    CU_ASSERT_EQUAL(send_number(own.bus, own.left, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_close(own.bus, own.right, 0, NULL), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(own.bus, 0), HAWSER_LEFTOVER);
    own = open_own(NULL);
    CU_ASSERT_EQUAL(hawser_bus_close(own.bus, 1000), HAWSER_OK);
}

static CU_TestInfo tests[] = {
    CHECK(everything_is_driven_by_receive),
    CHECK(waiting_calls_run_the_loop),
    CHECK(a_loop_with_a_thread_has_no_steps),
    CHECK(the_fd_never_misses),
    CHECK(the_fds_of_two_buses_never_miss),
    CHECK(the_fd_tells_of_deadlines),
    CHECK(a_send_from_another_thread_wakes_receive),
    CHECK(a_send_from_another_thread_wakes_the_fd),
    CHECK(a_bus_whose_loop_never_turned_can_be_closed),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("caller", tests)
