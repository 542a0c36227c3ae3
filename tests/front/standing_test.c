// standing_test.c - what is said on every new wire before anything else.
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

static uint64_t
add(hawser_bus *bus, hawser_link link, const char *text)
{
    hawser_message *message = new_text(text);
    uint64_t id = 0;

    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, message, &id),
                    HAWSER_OK);
    hawser_message_drop(message);
    return id;
}

static void
take_back(hawser_bus *bus, hawser_link link, uint64_t id, const char *farewell)
{
    hawser_message *message = farewell == NULL ? NULL : new_text(farewell);

    CU_ASSERT_EQUAL(hawser_link_standing_remove(bus, link, id, message),
                    HAWSER_OK);
    hawser_message_drop(message);
}

static void
reconnect(struct pair *pair)
{
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair->left_bus, pair->left),
                    HAWSER_OK);
}

static void
standing_messages_are_said_on_each_wire_before_what_waits(void)
{
    struct pair pair = { .url = fresh_url() };

    pair.left_bus = open_bus("backoff.min=1ms");
    pair.right_bus = open_bus("backoff.min=1ms");
    pair.left = open_link(pair.left_bus, pair.url, NULL);
    say_text(pair.left_bus, pair.left, "waits");
    for (unsigned i = 0; i < 100; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "s%u", i); // it fits
        (void)add(pair.left_bus, pair.left, text);
    }
    pair.right = open_link(pair.right_bus, pair.url, NULL);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 100; i++) {
            char text[16];

            (void)snprintf(text, sizeof text, "s%u", i);
            expect_text(pair.right_bus, pair.right, text);
        }
        if (round == 0) {
            expect_text(pair.right_bus, pair.right, "waits");
        }
        reconnect(&pair);
    }
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).accepted, 1);
    part(&pair);
}

static void
one_added_while_up_is_said_at_once_behind_what_was_accepted(void)
{
    struct pair pair;

    join(&pair, NULL, "backoff.min=1ms");
    say_text(pair.left_bus, pair.left, "before");
    (void)add(pair.left_bus, pair.left, "standing");
    say_text(pair.left_bus, pair.left, "after");
    expect_text(pair.right_bus, pair.right, "before");
    expect_text(pair.right_bus, pair.right, "standing");
    expect_text(pair.right_bus, pair.right, "after");
    reconnect(&pair);
    expect_text(pair.right_bus, pair.right, "standing");
    part(&pair);
}

static void
one_taken_back_is_said_no_more(void)
{
    struct pair pair;
    uint64_t first, second, third;
    hawser_message *farewell = new_text("farewell");

    join(&pair, NULL, "backoff.min=1ms");
    first = add(pair.left_bus, pair.left, "first");
    second = add(pair.left_bus, pair.left, "second");
    third = add(pair.left_bus, pair.left, "third");
    take_back(pair.left_bus, pair.left, second, "no second");
    expect_text(pair.right_bus, pair.right, "first");
    expect_text(pair.right_bus, pair.right, "second");
    expect_text(pair.right_bus, pair.right, "third");
    expect_text(pair.right_bus, pair.right, "no second");
    reconnect(&pair);
    expect_text(pair.right_bus, pair.right, "first");
    expect_text(pair.right_bus, pair.right, "third");
    take_back(pair.left_bus, pair.left, first, NULL);
    CU_ASSERT_EQUAL(
        hawser_link_standing_remove(pair.left_bus, pair.left, first, farewell),
        HAWSER_UNKNOWN);
    CU_ASSERT_EQUAL(
        hawser_link_standing_remove(pair.left_bus, pair.left, 0, NULL),
        HAWSER_UNKNOWN);
    take_back(pair.left_bus, pair.left, third, NULL);
    reconnect(&pair);
    CU_ASSERT_TRUE(await(pair.right_bus, pair.right, HAWSER_UP));
    say_text(pair.left_bus, pair.left, "end");
    expect_text(pair.right_bus, pair.right, "end");
    hawser_message_drop(farewell);
    part(&pair);
}

static void
a_farewell_is_said_only_while_up(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus(NULL), *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL), peer;

    take_back(bus, link, add(bus, link, "one"), "no one");
    (void)add(bus, link, "two");
    peer = open_link(other, url, NULL);
    expect_text(other, peer, "two");
    say_text(bus, link, "end");
    expect_text(other, peer, "end");
    close_bus(bus);
    close_bus(other);
}

static void
as_many_as_fit_are_kept(void)
{
    hawser_bus *bus = open_bus("standing.max=3 message.max=10");
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_message *message = new_text("more");
    hawser_message *large = new_text("12345678901");
    uint64_t first = add(bus, link, "a"), id = 77;

    (void)add(bus, link, "b");
    (void)add(bus, link, "c");
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, message, &id),
                    HAWSER_FULL);
    CU_ASSERT_EQUAL(id, 77);
    take_back(bus, link, first, NULL);
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, large, NULL),
                    HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, message, NULL),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, NULL, NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, message, NULL),
                    HAWSER_ENDED);
    hawser_message_drop(message);
    hawser_message_drop(large);
    close_bus(bus);
}

// As many as may stand, and 1024 at least.
static void
no_more_are_sent_at_once_than_a_stalled_peer_lets_go(void)
{
    enum { LIMIT = 1024, IN_BUFFERS_MAX = 2000 };
    struct pair pair;
    hawser_message *message = new_text("on"), *farewell = new_text("off");
    hawser_status status = HAWSER_OK;
    uint64_t id = 0;
    unsigned pairs = 0;

    join(&pair, "standing.max=1 wire.buffer=4KiB", "receive.max_messages=1");
    while (status == HAWSER_OK && pairs < LIMIT + IN_BUFFERS_MAX) {
        status =
            hawser_link_standing_add(pair.left_bus, pair.left, message, &id);
        if (status == HAWSER_OK) {
            status = hawser_link_standing_remove(pair.left_bus, pair.left, id,
                                                 farewell);
        }
        pairs++;
    }
    CU_ASSERT_EQUAL(status, HAWSER_FULL);
    CU_ASSERT_TRUE(pairs >= LIMIT / 2);
    for (unsigned i = 0; i < LIMIT; i++) {
        expect_text(pair.right_bus, pair.right, i % 2 == 0 ? "on" : "off");
    }
    // The one that could not be taken back, if that was refused, stands still.
    if (hawser_link_standing_remove(pair.left_bus, pair.left, id, NULL) ==
        HAWSER_UNKNOWN) {
        CU_ASSERT_EQUAL(
            hawser_link_standing_add(pair.left_bus, pair.left, message, &id),
            HAWSER_OK);
    }
    hawser_message_drop(message);
    hawser_message_drop(farewell);
    part(&pair);
}

// Whatever the state of the link is just then.
static void
added_and_removed_while_it_comes_and_goes(void)
{
    enum { ROUNDS = 300 / SLOWER };
    struct pair pair;
    hawser_item item;
    bool ended = false;

    join(&pair, "backoff.min=1ms backoff.max=1ms",
         "backoff.min=1ms backoff.max=1ms");
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t id = add(pair.left_bus, pair.left, "on");

        if (i % 3 == 0) {
            reconnect(&pair);
        }
        take_back(pair.left_bus, pair.left, id, i % 2 == 0 ? "off" : NULL);
        while (hawser_receive(pair.right_bus, &item, 0) == HAWSER_OK) {
            hawser_item_drop(&item);
        }
    }
    CU_ASSERT_EQUAL(hawser_link_wait_up(pair.left_bus, pair.left, PATIENCE_MS),
                    HAWSER_OK);
    say_text(pair.left_bus, pair.left, "end");
    while (!ended && hear_message(pair.right_bus, pair.right, &item)) {
        ended = hawser_message_size(item.message) == 3 &&
                memcmp(hawser_message_bytes(item.message), "end", 3) == 0;
        hawser_item_drop(&item);
    }
    CU_ASSERT_TRUE(ended);
    reconnect(&pair);
    CU_ASSERT_EQUAL(hawser_link_wait_up(pair.left_bus, pair.left, PATIENCE_MS),
                    HAWSER_OK);
    (void)sum_of(pair.left_bus, pair.left);
    part(&pair);
}

static CU_TestInfo tests[] = {
    CHECK(standing_messages_are_said_on_each_wire_before_what_waits),
    CHECK(one_added_while_up_is_said_at_once_behind_what_was_accepted),
    CHECK(one_taken_back_is_said_no_more),
    CHECK(a_farewell_is_said_only_while_up),
    CHECK(as_many_as_fit_are_kept),
    CHECK(no_more_are_sent_at_once_than_a_stalled_peer_lets_go),
    CHECK(added_and_removed_while_it_comes_and_goes),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("standing", tests)
