// receipts_test.c - what became of a message: receipts and figures.
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

static void
expect_receipt(hawser_bus *bus, hawser_link link, uint64_t tag,
               hawser_fate fate)
{
    hawser_item item;

    if (hear_receipt(bus, link, &item)) {
        CU_ASSERT_EQUAL(item.tag, tag);
        CU_ASSERT_EQUAL(item.fate, fate);
        hawser_item_drop(&item);
    }
}

static void
tagged_messages_are_receipted_once_settled_in_their_order(void)
{
    struct pair pair;

    join(&pair, "confirm=peer", NULL);
    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, i, i % 3),
                        HAWSER_OK); // each third without
    }
    for (uint32_t i = 0; i < 1000; i++) {
        if (i % 3 != 0) {
            expect_receipt(pair.left_bus, pair.left, i % 3, HAWSER_SETTLED);
        }
    }
    expect_numbers(pair.right_bus, pair.right, 0, 1000);
    expect_silence(pair.left_bus);
    part(&pair);
}

static void
what_a_close_gives_up_is_receipted_as_dropped(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_item item;

    for (uint32_t i = 1; i <= 10; i++) {
        CU_ASSERT_EQUAL(send_tagged(bus, link, i, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
    for (uint32_t i = 1; i <= 10; i++) {
        expect_receipt(bus, link, i, HAWSER_DROPPED);
    }
    if (hear_state(bus, link, HAWSER_CLOSED, &item)) {
        CU_ASSERT_EQUAL(item.event->leftover, 10);
        hawser_item_drop(&item);
    }
    expect_silence(bus);
    close_bus(bus);
}

static void
receipts_are_bounded_until_they_are_read(void)
{
    struct pair pair;

    join(&pair, "receipts.max=4", NULL);
    for (uint32_t i = 1; i <= 4; i++) {
        CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, i, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 5, 5), HAWSER_FULL);
    (void)until_settled(pair.left_bus, pair.left, 4);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 5, 5), HAWSER_FULL);
    CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, 5), HAWSER_OK);
    expect_receipt(pair.left_bus, pair.left, 1, HAWSER_SETTLED);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 6, 6), HAWSER_OK);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 7, 7), HAWSER_FULL);
    expect_numbers(pair.right_bus, pair.right, 1, 6);
    part(&pair);
}

static void
a_link_that_blocks_does_not_block_for_receipts(void)
{
    struct pair pair;

    join(&pair, "overflow=block receipts.max=1", NULL);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 1, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 2, 2), HAWSER_FULL);
    part(&pair);
}

// Told to be dropped before the actors have heard of the link at all.
static void
drop_newest_receipts_even_what_came_first(void)
{
    hawser_bus *bus = open_bus("threads=0");
    hawser_link link = open_link(bus, fresh_url(),
                                 "overflow=drop-newest spool.max_messages=1");

    for (uint32_t i = 1; i <= 3; i++) {
        CU_ASSERT_EQUAL(send_tagged(bus, link, i, i), HAWSER_OK);
    }
    expect_receipt(bus, link, 2, HAWSER_DROPPED);
    expect_receipt(bus, link, 3, HAWSER_DROPPED);
    CU_ASSERT_EQUAL(sum_of(bus, link).dropped, 2);
    close_bus(bus);
}

static void
drop_oldest_receipts_even_what_came_first(void)
{
    hawser_bus *bus = open_bus("threads=0");
    hawser_link link = open_link(bus, fresh_url(),
                                 "overflow=drop-oldest spool.max_messages=2");

    for (uint32_t i = 1; i <= 4; i++) {
        CU_ASSERT_EQUAL(send_tagged(bus, link, i, i), HAWSER_OK);
    }
    expect_receipt(bus, link, 1, HAWSER_DROPPED);
    expect_receipt(bus, link, 2, HAWSER_DROPPED);
    CU_ASSERT_EQUAL(sum_of(bus, link).dropped, 2);
    close_bus(bus);
}

// ---- figures that add up ----

struct looker {
    pthread_t thread;
    hawser_bus *bus;
    hawser_link link;
    atomic_bool done;
    atomic_uint looks;
    unsigned wrong;
};

static bool
looks(void *user)
{
    return atomic_load(&((struct looker *)user)->looks) > 0;
}

static void *
look(void *user)
{
    struct looker *looker = user;

    while (!atomic_load(&looker->done)) {
        hawser_link_stats stats = { .size = sizeof stats };

        (void)hawser_link_get_stats(looker->bus, looker->link, &stats);
        atomic_fetch_add(&looker->looks, 1);
        looker->wrong += stats.accepted != stats.settled + stats.dropped +
                                               stats.waiting + stats.in_flight;
    }
    return NULL;
}

static void
add_up_with(const char *settings)
{
    enum { MESSAGES = 100000 / SLOWER };
    struct looker looker = { 0 };
    struct pair pair;
    hawser_link_stats stats;

    join(&pair, settings, NULL);
    looker.bus = pair.left_bus;
    looker.link = pair.left;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&looker.thread, NULL, look, &looker),
                          0);
    (void)until(looks, &looker);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        hawser_item item;

        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
        if (hawser_receive(pair.right_bus, &item, 0) == HAWSER_OK) {
            hawser_item_drop(&item);
        }
    }
    atomic_store(&looker.done, true);
    (void)pthread_join(looker.thread, NULL);
    stats = sum_of(pair.left_bus, pair.left);
    CU_ASSERT_EQUAL(stats.accepted, MESSAGES);
    CU_ASSERT_EQUAL(looker.wrong, 0);
    part(&pair);
}

static void
figures_add_up_at_every_look(void)
{
    add_up_with(NULL);
    add_up_with("confirm=peer");
    add_up_with("overflow=drop-oldest spool.max_messages=100");
    add_up_with("overflow=drop-newest spool.max_messages=100");
}

static CU_TestInfo tests[] = {
    CHECK(tagged_messages_are_receipted_once_settled_in_their_order),
    CHECK(what_a_close_gives_up_is_receipted_as_dropped),
    CHECK(receipts_are_bounded_until_they_are_read),
    CHECK(a_link_that_blocks_does_not_block_for_receipts),
    CHECK(drop_newest_receipts_even_what_came_first),
    CHECK(drop_oldest_receipts_even_what_came_first),
    CHECK(figures_add_up_at_every_look),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("receipts", tests)
