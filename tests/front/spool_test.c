// spool_test.c - a spool at its limit and one past it, with every policy.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

// A link that nobody joins keeps what it is given.
struct lonely {
    hawser_bus *bus;
    hawser_link link;
    const char *url;
};

static struct lonely
alone(const char *settings)
{
    struct lonely lonely = { .bus = open_bus(NULL), .url = fresh_url() };

    lonely.link = open_link(lonely.bus, lonely.url, settings);
    (void)await(lonely.bus, lonely.link, HAWSER_DIALING);
    return lonely;
}

// Somebody comes: what was kept arrives, from first on, and no more than that.
static void
expect_kept(struct lonely *lonely, uint32_t first, uint32_t count)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, lonely->url, NULL);

    expect_numbers(bus, link, first, count);
    (void)until_settled(lonely->bus, lonely->link, count);
    CU_ASSERT_EQUAL(sum_of(lonely->bus, lonely->link).waiting, 0);
    CU_ASSERT_EQUAL(stats_of(bus, link).received, count);
    expect_no_message(bus);
    close_bus(bus);
}

static void
refuse_takes_as_many_messages_as_fit(void)
{
    struct lonely lonely = alone("spool.max_messages=3");

    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, 3), HAWSER_FULL);
    CU_ASSERT_EQUAL(send_tagged(lonely.bus, lonely.link, 3, 3), HAWSER_FULL);
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).accepted, 3);
    expect_kept(&lonely, 0, 3);
    CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, 3), HAWSER_OK);
    close_bus(lonely.bus);
}

static void
refuse_takes_as_many_bytes_as_fit(void)
{
    struct lonely lonely = alone("spool.max_bytes=12");

    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_send(lonely.bus, lonely.link, "x", 1), HAWSER_FULL);
    CU_ASSERT_EQUAL(hawser_send(lonely.bus, lonely.link, "", 0), HAWSER_OK);
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).accepted, 4);
    close_bus(lonely.bus);
}

static void
one_message_always_fits(void)
{
    static const char *const policies[] = {
        "refuse",
        "block",
        "drop-oldest",
        "drop-newest",
    };
    static const char large[10000];

    for (size_t i = 0; i < 4; i++) {
        char settings[96];
        struct lonely lonely;

        (void)snprintf(settings, sizeof settings,
                       "spool.max_bytes=10 overflow=%s", policies[i]);
        lonely = alone(settings);
        CU_ASSERT_EQUAL(
            hawser_send(lonely.bus, lonely.link, large, sizeof large),
            HAWSER_OK);
        CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).dropped, 0);
        CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).waiting, 1);
        close_bus(lonely.bus);
    }
}

static void
drop_newest_turns_away_what_comes_too_late(void)
{
    struct lonely lonely =
        alone("spool.max_messages=3 overflow=drop-newest receipts.max=100");
    hawser_item item;

    for (uint32_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(send_tagged(lonely.bus, lonely.link, i, i + 1),
                        HAWSER_OK);
    }
    for (uint32_t i = 3; i < 10; i++) {
        if (hear_receipt(lonely.bus, lonely.link, &item)) {
            CU_ASSERT_EQUAL(item.tag, i + 1);
            CU_ASSERT_EQUAL(item.fate, HAWSER_DROPPED);
        }
    }
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).accepted, 10);
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).dropped, 7);
    expect_silence(lonely.bus);
    expect_kept(&lonely, 0, 3);
    close_bus(lonely.bus);
}

static void
drop_oldest_gives_up_what_waits_longest(void)
{
    struct lonely lonely =
        alone("spool.max_messages=3 overflow=drop-oldest receipts.max=100");
    hawser_item item;

    for (uint32_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(send_tagged(lonely.bus, lonely.link, i, i + 1),
                        HAWSER_OK);
    }
    for (uint32_t i = 0; i < 7; i++) {
        if (hear_receipt(lonely.bus, lonely.link, &item)) {
            CU_ASSERT_EQUAL(item.tag, i + 1);
            CU_ASSERT_EQUAL(item.fate, HAWSER_DROPPED);
        }
    }
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).dropped, 7);
    expect_kept(&lonely, 7, 3);
    close_bus(lonely.bus);
}

static void
drop_oldest_makes_room_in_bytes_for_a_large_one(void)
{
    struct lonely lonely = alone("spool.max_bytes=100 overflow=drop-oldest");
    static const char large[90];
    hawser_bus *bus;
    hawser_link link;
    hawser_item item;

    for (uint32_t i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_send(lonely.bus, lonely.link, large, sizeof large),
                    HAWSER_OK);
    bus = open_bus(NULL);
    link = open_link(bus, lonely.url, NULL);
    expect_numbers(bus, link, 18, 2); // 2 · 4 + 90 bytes
    if (hear_message(bus, link, &item)) {
        CU_ASSERT_EQUAL(hawser_message_size(item.message), sizeof large);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).dropped, 18);
    close_bus(bus);
    close_bus(lonely.bus);
}

// ---- block ----

struct blocked {
    pthread_t thread;
    hawser_bus *bus;
    hawser_link link;
    atomic_bool waits;
    hawser_status status;
};

static void *
send_and_wait(void *user)
{
    struct blocked *blocked = user;

    atomic_store(&blocked->waits, true);
    blocked->status = send_number(blocked->bus, blocked->link, 99);
    return NULL;
}

static bool
is_waiting(void *user)
{
    return atomic_load((atomic_bool *)user);
}

static void
begin_to_wait(struct blocked *blocked, struct lonely *lonely)
{
    *blocked = (struct blocked){ .bus = lonely->bus, .link = lonely->link };
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&blocked->thread, NULL, send_and_wait, blocked), 0);
    (void)until(is_waiting, &blocked->waits);
}

static void
expect_woken(struct blocked *blocked, hawser_status status)
{
    (void)pthread_join(blocked->thread, NULL);
    CU_ASSERT_EQUAL(blocked->status, status);
}

static void
block_is_woken_by_room(void)
{
    struct lonely lonely = alone("overflow=block spool.max_messages=1");
    struct blocked blocked;
    hawser_bus *bus = open_bus(NULL);
    hawser_link link;

    CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, 98), HAWSER_OK);
    begin_to_wait(&blocked, &lonely);
    CU_ASSERT_EQUAL(sum_of(lonely.bus, lonely.link).accepted, 1);
    link = open_link(bus, lonely.url, NULL);
    expect_woken(&blocked, HAWSER_OK);
    expect_numbers(bus, link, 98, 2);
    close_bus(bus);
    close_bus(lonely.bus);
}

static void
block_is_woken_by_close_and_by_drain(void)
{
    struct lonely lonely = alone("overflow=block spool.max_messages=1");
    struct blocked blocked;

    CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, 98), HAWSER_OK);
    begin_to_wait(&blocked, &lonely);
    CU_ASSERT_EQUAL(hawser_link_drain(lonely.bus, lonely.link, 60000, 0, NULL),
                    HAWSER_OK);
    expect_woken(&blocked, HAWSER_ENDED);
    close_bus(lonely.bus);

    lonely = alone("overflow=block spool.max_messages=1");
    CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, 98), HAWSER_OK);
    begin_to_wait(&blocked, &lonely);
    CU_ASSERT_EQUAL(hawser_link_close(lonely.bus, lonely.link, 0, NULL),
                    HAWSER_OK);
    expect_woken(&blocked, HAWSER_ENDED);
    close_bus(lonely.bus);
}

static void
block_is_woken_by_failure(void)
{
    struct lonely lonely = alone("overflow=block spool.max_messages=1 "
                                 "dial.timeout=50ms attempts.max=1");
    struct blocked blocked;

    CU_ASSERT_EQUAL(send_number(lonely.bus, lonely.link, 98), HAWSER_OK);
    begin_to_wait(&blocked, &lonely);
    expect_woken(&blocked, HAWSER_ENDED);
    close_bus(lonely.bus);
}

static void
many_that_block_are_all_served(void)
{
    enum { MANY = 16 };
    struct lonely lonely = alone("overflow=block spool.max_messages=1");
    struct blocked blocked[MANY];
    hawser_bus *bus = open_bus(NULL);
    hawser_link link;
    hawser_item item;

    for (unsigned i = 0; i < MANY; i++) {
        begin_to_wait(&blocked[i], &lonely);
    }
    link = open_link(bus, lonely.url, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        expect_woken(&blocked[i], HAWSER_OK);
        if (hear_message(bus, link, &item)) {
            hawser_item_drop(&item);
        }
    }
    close_bus(bus);
    close_bus(lonely.bus);
}

static CU_TestInfo tests[] = {
    CHECK(refuse_takes_as_many_messages_as_fit),
    CHECK(refuse_takes_as_many_bytes_as_fit),
    CHECK(one_message_always_fits),
    CHECK(drop_newest_turns_away_what_comes_too_late),
    CHECK(drop_oldest_gives_up_what_waits_longest),
    CHECK(drop_oldest_makes_room_in_bytes_for_a_large_one),
    CHECK(block_is_woken_by_room),
    CHECK(block_is_woken_by_close_and_by_drain),
    CHECK(block_is_woken_by_failure),
    CHECK(many_that_block_are_all_served),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("spool", tests)
