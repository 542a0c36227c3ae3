// shards_test.c - a bus whose links are spread over several loops.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "harbour.h"
#include <hawser/zmq.h>

enum { PAIRS = 100, LINKS = 2 * PAIRS, EACH = 40 / (SLOWER > 1 ? 4 : 1) };

// Pairs of links on one bus, joined to each other: with an odd number of loops
// both of a pair are on one loop or on two, and on two with an even one.
struct fleet {
    hawser_bus *bus;
    hawser_link links[LINKS];
    uint32_t next[LINKS]; // number that comes next
};

static int
compare_ids(const void *one, const void *other)
{
    const hawser_link *left = one, *right = other;

    return left->id < right->id ? -1 : left->id > right->id;
}

static unsigned
place_of(const struct fleet *fleet, hawser_link link)
{
    for (unsigned i = 0; i < LINKS; i++) {
        if (fleet->links[i].id == link.id) {
            return i;
        }
    }
    return LINKS;
}

static void
gather_fleet(struct fleet *fleet, const char *settings)
{
    char url[32];

    memset(fleet, 0, sizeof *fleet);
    fleet->bus = open_bus(settings);
    for (unsigned i = 0; i < LINKS; i++) {
        (void)snprintf(url, sizeof url, "inproc://fleet%u", i / 2);
        fleet->links[i] = open_link(fleet->bus, url, NULL);
    }
    for (unsigned i = 0; i < LINKS; i++) {
        CU_ASSERT_EQUAL(
            hawser_link_wait_up(fleet->bus, fleet->links[i], PATIENCE_MS),
            HAWSER_OK);
    }
}

// Hears count messages: those of each link are numbers in their order.
static void
hear_all(struct fleet *fleet, unsigned count)
{
    unsigned wrong = 0;
    hawser_item item;

    while (count > 0 && hear(fleet->bus, &item)) {
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            unsigned place = place_of(fleet, item.link);

            wrong += place == LINKS ||
                     number_of(item.message) != fleet->next[place]++;
            count--;
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(count, 0);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
talk(struct fleet *fleet)
{
    for (uint32_t number = 0; number < EACH; number++) {
        for (unsigned i = 0; i < LINKS; i++) {
            CU_ASSERT_EQUAL(send_number(fleet->bus, fleet->links[i], number),
                            HAWSER_OK);
        }
    }
    hear_all(fleet, LINKS * EACH);
}

static void
links_of_all_loops_keep_their_order_with(const char *settings)
{
    struct fleet fleet;

    gather_fleet(&fleet, settings);
    talk(&fleet);
    CU_ASSERT_EQUAL(hawser_bus_close(fleet.bus, PATIENCE_MS), HAWSER_OK);
}

static void
links_of_two_loops_keep_their_order(void)
{
    links_of_all_loops_keep_their_order_with("threads=2");
}

static void
links_of_three_loops_keep_their_order(void)
{
    links_of_all_loops_keep_their_order_with("threads=3");
}

static long
thread_count(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    long count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(status);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "Threads:", 8) == 0) {
            count = strtol(line + 8, NULL, 10);
        }
    }
    (void)fclose(status); // it was read
    return count;
}

static long
threads_of(const char *settings)
{
    long before = thread_count();
    hawser_bus *bus = open_bus(settings);
    long count = thread_count() - before;

    close_bus(bus);
    return count;
}

static void
each_loop_has_a_thread(void)
{
    CU_ASSERT_EQUAL(threads_of("threads=5") - threads_of("threads=0"), 5);
    CU_ASSERT_EQUAL(threads_of("threads=1") - threads_of("threads=0"), 1);
}

// Several times as many as a bus may have at once, so that each number is used
// again; one that was used before is refused, and never followed.
static void
numbers_of_closed_links_are_stale(void)
{
    enum { ROUNDS = 5, MAX = 7 };
    hawser_bus *bus = open_bus("threads=3 bus.links_max=7");
    hawser_link links[ROUNDS * MAX], none;

    for (unsigned i = 0; i < ROUNDS; i++) {
        hawser_link *these = &links[i * MAX];

        for (unsigned j = 0; j < MAX; j++) {
            these[j] = open_link(bus, fresh_url(), NULL);
        }
        CU_ASSERT_EQUAL(hawser_link_open(bus, fresh_url(), NULL, &none),
                        HAWSER_FULL);
        for (unsigned j = 0; j < MAX; j++) {
            end_link(bus, these[j]);
        }
        for (unsigned j = 0; j < (i + 1) * MAX; j++) {
            CU_ASSERT_EQUAL(send_number(bus, links[j], 1), HAWSER_STALE);
        }
    }
    qsort(links, ROUNDS * MAX, sizeof links[0], compare_ids);
    for (unsigned i = 1; i < ROUNDS * MAX; i++) {
        CU_ASSERT_NOT_EQUAL(links[i - 1].id, links[i].id);
    }
    close_bus(bus);
}

// What one loop held is free for all: the first half of the links ends, which
// leaves some loops with fewer, and as many come anew.
static void
a_bus_takes_as_many_links_as_it_may_have_wherever_they_are(void)
{
    enum { MAX = 700 };
    hawser_bus *bus = open_bus("threads=2 bus.links_max=700");
    const char *url = fresh_url();
    hawser_link links[MAX], none;

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = round == 0 ? 0 : 1; i < MAX;
             i += round == 0 ? 1 : 2) {
            links[i] = open_link(bus, url, "dial.timeout=1h");
        }
        CU_ASSERT_EQUAL(hawser_link_open(bus, url, NULL, &none), HAWSER_FULL);
        for (unsigned i = 1; i < MAX; i += 2) {
            end_link(bus, links[i]);
        }
    }
    close_bus(bus);
}

// Drained, a link says what it had before it ends.
static void
links_drain_on_their_loops(void)
{
    struct fleet fleet;
    hawser_item item;

    gather_fleet(&fleet, "threads=2");
    for (unsigned i = 0; i < LINKS; i += 2) {
        CU_ASSERT_EQUAL(send_number(fleet.bus, fleet.links[i], 0), HAWSER_OK);
        CU_ASSERT_EQUAL(
            hawser_link_drain(fleet.bus, fleet.links[i], PATIENCE_MS, 0, NULL),
            HAWSER_OK);
        CU_ASSERT_EQUAL(send_number(fleet.bus, fleet.links[i], 1),
                        HAWSER_ENDED);
    }
    hear_all(&fleet, PAIRS);
    for (unsigned i = 1; i < LINKS; i += 2) {
        CU_ASSERT_EQUAL(fleet.next[i], 1);
        CU_ASSERT_EQUAL(hawser_link_close(fleet.bus, fleet.links[i], 0, NULL),
                        HAWSER_OK);
    }
    while (hawser_receive(fleet.bus, &item, -1) == HAWSER_OK) { // until ENDED
        hawser_item_drop(&item);
    }
    for (unsigned i = 0; i < LINKS; i++) {
        CU_ASSERT_EQUAL(send_number(fleet.bus, fleet.links[i], 1),
                        HAWSER_STALE);
    }
    CU_ASSERT_EQUAL(hawser_bus_close(fleet.bus, 0), HAWSER_OK);
}

// An inbox beside the bus's own, for links of all loops; its descriptor is
// readable as long as there is an item, and only so long.
static void
an_inbox_hears_every_loop(void)
{
    enum { COUNT = 9 };
    hawser_bus *bus = open_bus("threads=3");
    hawser_link senders[COUNT], links[COUNT];
    struct pollfd readable = { .events = POLLIN };
    unsigned heard = 0;
    hawser_inbox *inbox = NULL;
    hawser_item item;

    CU_ASSERT_EQUAL_FATAL(hawser_inbox_open(bus, &inbox), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_inbox_fd(inbox, &readable.fd), HAWSER_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        const char *url = fresh_url();

        senders[i] = open_link(bus, url, NULL);
        CU_ASSERT_EQUAL(hawser_link_open_in(inbox, url, NULL, &links[i]),
                        HAWSER_OK);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(bus, senders[i], i), HAWSER_OK);
    }
    while (heard < COUNT && poll(&readable, 1, PATIENCE_MS) == 1) {
        CU_ASSERT_EQUAL(hawser_inbox_receive(inbox, &item, 0), HAWSER_OK);
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            CU_ASSERT_EQUAL(item.link.id, links[number_of(item.message)].id);
            heard++;
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(heard, COUNT);
    while (hawser_inbox_receive(inbox, &item, 0) == HAWSER_OK) {
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(poll(&readable, 1, 0), 0);
    hawser_inbox_close(inbox);
    for (unsigned i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(bus, links[i], 1), HAWSER_STALE);
    }
    close_bus(bus);
}

static void
an_inbox_of_several_loops_is_no_socket(void)
{
    hawser_bus *bus = open_bus("threads=2");
    void *socket = NULL;

    CU_ASSERT_EQUAL(hawser_inbox_zmq_socket(hawser_bus_inbox(bus), &socket),
                    HAWSER_UNSUPPORTED);
    close_bus(bus);
}

static void
a_bus_closes_with_links_in_every_state(void)
{
    hawser_bus *bus = open_bus("threads=3 backoff.min=1h backoff.max=1h");
    hawser_bus *other = open_bus(NULL);
    uint64_t began;

    for (unsigned i = 0; i < 6; i++) { // on each loop two
        const char *urls[] = { fresh_url(), fresh_url(), fresh_url() };
        hawser_link up, peer, draining, failed;

        (void)open_link(bus, fresh_url(), NULL);         // dialling
        (void)open_link(bus, "tcp://127.0.0.1:1", NULL); // waiting
        failed = open_link(bus, "tcp://127.0.0.1:1", "attempts.max=1");
        (void)open_link(bus, urls[2], "greeting=application");
        (void)open_link(other, urls[2], NULL); // and greeting
        draining = open_link(bus, urls[1], NULL);
        CU_ASSERT_EQUAL(send_number(bus, draining, 1), HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_link_drain(bus, draining, PATIENCE_MS, 0, NULL),
                        HAWSER_OK);
        up = open_link(bus, urls[0], NULL);
        peer = open_link(other, urls[0], NULL);
        CU_ASSERT_EQUAL(hawser_link_wait_up(bus, up, PATIENCE_MS), HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_link_wait_up(bus, failed, PATIENCE_MS),
                        HAWSER_ENDED);
        CU_ASSERT_EQUAL(send_number(other, peer, 1), HAWSER_OK);
        (void)hawser_link_close(bus, open_link(bus, fresh_url(), NULL), 0,
                                NULL); // closed, and nobody has read it
    }
    began = now_ms();
    CU_ASSERT_EQUAL(hawser_bus_close(bus, 50), HAWSER_LEFTOVER);
    CU_ASSERT(now_ms() - began < 50 + 1000 + 1000);
    close_bus(other);
}

// One of two loops has nothing to do meanwhile, and the other one is waited
// for, however often the first turns.
static void
senders_wait_for_the_loop_of_their_link(void)
{
    hawser_bus *bus = open_bus("threads=2 spool.max_messages=10 "
                               "overflow=drop-oldest");
    hawser_link quiet = open_link(bus, fresh_url(), NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_link_stats stats;

    for (uint32_t i = 0; i < 5000; i++) {
        CU_ASSERT_EQUAL(send_number(bus, i % 2 == 0 ? link : quiet, i),
                        HAWSER_OK);
    }
    stats = sum_of(bus, link);
    CU_ASSERT_EQUAL(stats.accepted, 2500);
    CU_ASSERT(stats.waiting <= 20);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(links_of_two_loops_keep_their_order),
    CHECK(links_of_three_loops_keep_their_order),
    CHECK(each_loop_has_a_thread),
    CHECK(numbers_of_closed_links_are_stale),
    CHECK(a_bus_takes_as_many_links_as_it_may_have_wherever_they_are),
    CHECK(links_drain_on_their_loops),
    CHECK(an_inbox_hears_every_loop),
    CHECK(an_inbox_of_several_loops_is_no_socket),
    CHECK(a_bus_closes_with_links_in_every_state),
    CHECK(senders_wait_for_the_loop_of_their_link),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("shards", tests)
