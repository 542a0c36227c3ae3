// life_test.c - the life of a link: reconnecting, losing, saying goodbye.
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

// ---- reconnect, in each state ----

static void
reconnect_dials_anew_in_each_state(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus("dial.timeout=30ms attempts.max=2 "
                               "backoff.min=60s backoff.max=60s");
    hawser_bus *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL), peer;
    hawser_item item;
    uint32_t wire = 0;

    if (hear_state(bus, link, HAWSER_DIALING, &item)) {
        wire = item.event->wire;
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK); // DIALING
    if (hear_state(bus, link, HAWSER_DIALING, &item)) {
        CU_ASSERT(item.event->wire > wire);
        CU_ASSERT_EQUAL(item.event->attempt, 0);
        hawser_item_drop(&item);
    }
    CU_ASSERT_TRUE(await(bus, link, HAWSER_WAITING));
    CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK); // WAITING
    CU_ASSERT_TRUE(await(bus, link, HAWSER_DIALING));
    CU_ASSERT_TRUE(await(bus, link, HAWSER_WAITING));
    peer = open_link(other, url, "backoff.min=1ms");
    CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK);
    CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    CU_ASSERT_TRUE(await(other, peer, HAWSER_UP));
    CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK); // UP
    CU_ASSERT_TRUE(await(bus, link, HAWSER_DIALING));
    CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    CU_ASSERT_TRUE(await(other, peer, HAWSER_WAITING));
    close_bus(other);
    close_bus(bus);
}

// As when the machine has no time to dial within dial.timeout.
static bool
fails_before_it_is_up(hawser_bus *bus, hawser_link link)
{
    hawser_state state = HAWSER_IDLE;
    hawser_item item;

    while (state != HAWSER_UP && state != HAWSER_FAILED && hear(bus, &item)) {
        if (item.kind == HAWSER_ITEM_EVENT && item.link.id == link.id) {
            state = item.event->state;
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT(state == HAWSER_UP || state == HAWSER_FAILED);
    return state == HAWSER_FAILED;
}

static void
reconnect_mends_a_link_that_failed(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus("dial.timeout=20ms attempts.max=1");
    hawser_bus *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, NULL);

    say_text(bus, link, "kept");
    CU_ASSERT_TRUE(await(bus, link, HAWSER_FAILED));
    CU_ASSERT_EQUAL(send_number(bus, link, 1), HAWSER_ENDED);
    (void)open_link(other, url, NULL);
    do {
        CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK);
    } while (fails_before_it_is_up(bus, link));
    (void)until_settled(bus, link, 1);
    close_bus(other);
    close_bus(bus);
}

static void
a_link_that_ends_is_not_reconnected(void)
{
    struct pair pair;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_link_close(pair.left_bus, pair.left, 0, NULL),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair.left_bus, pair.left),
                    HAWSER_ENDED);
    part(&pair);
}

// ---- the peer's goodbye ----

static void
expect_goodbye(int code, const char *reason, hawser_state state,
               const char *settings)
{
    hawser_link_info info = { .size = sizeof info };
    struct pair pair;
    hawser_item item;

    join(&pair, settings, NULL);
    CU_ASSERT_EQUAL(hawser_link_close(pair.right_bus, pair.right, code, reason),
                    HAWSER_OK);
    if (hear_state(pair.left_bus, pair.left, state, &item)) {
        CU_ASSERT_EQUAL(item.event->close_code, code == 0 ? 1000 : code);
        CU_ASSERT_STRING_EQUAL(item.event->reason, reason);
        CU_ASSERT(item.event->error[0] != '\0');
        if (code == 1012) { // it asked for patience
            CU_ASSERT(item.event->delay_ms >= 5000);
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(hawser_link_get_info(pair.left_bus, pair.left, &info),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(info.close_code, code == 0 ? 1000 : code);
    CU_ASSERT_STRING_EQUAL(info.close_reason, reason);
    CU_ASSERT_EQUAL(stats_of(pair.left_bus, pair.left).losses, 1);
    part(&pair);
}

static void
the_peers_close_code_decides_what_comes_of_the_link(void)
{
    expect_goodbye(0, "", HAWSER_WAITING, NULL);
    expect_goodbye(1000, "done", HAWSER_WAITING, NULL);
    expect_goodbye(1001, "going", HAWSER_WAITING, NULL);
    expect_goodbye(1003, "binary?", HAWSER_FAILED, NULL);
    expect_goodbye(1007, "not text", HAWSER_FAILED, NULL);
    expect_goodbye(1008, "policy", HAWSER_FAILED, NULL);
    expect_goodbye(1012, "restart", HAWSER_WAITING, NULL);
    expect_goodbye(4000, "ours", HAWSER_WAITING, NULL);
    expect_goodbye(1003, "", HAWSER_WAITING, "on.close_1003=retry");
    expect_goodbye(1008, "", HAWSER_WAITING, "on.close_1008=retry");
    expect_goodbye(4000, "", HAWSER_FAILED, "on.close=fail");
    expect_goodbye(1000, "", HAWSER_FAILED, "on.close=fail");
    expect_goodbye(4000, "", HAWSER_FAILED, "on.close=next"); // there is none
}

static void
a_peer_that_sends_one_away_sends_to_the_next_endpoint(void)
{
    const char *first = fresh_url(), *second = fresh_url();
    hawser_bus *bus = open_bus("on.close_1008=next"), *other = open_bus(NULL);
    hawser_link peer = open_link(other, first, NULL), link;
    hawser_item item;
    char urls[80];

    (void)open_link(other, second, NULL);
    (void)snprintf(urls, sizeof urls, "%s %s", first, second); // it fits
    link = open_link(bus, urls, NULL);
    CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    CU_ASSERT_EQUAL(hawser_link_close(other, peer, 1008, "full"), HAWSER_OK);
    if (hear_state(bus, link, HAWSER_UP, &item)) {
        CU_ASSERT_STRING_EQUAL(item.event->endpoint, second);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(stats_of(bus, link).endpoint, 1);
    close_bus(bus);
    close_bus(other);
}

static void
a_goodbye_that_cannot_be_said_is_refused(void)
{
    static const int codes[] = { -1,   1,    999,  1004, 1005,
                                 1006, 1015, 2999, 5000, 65536 + 1000 };
    char reason[125];
    struct pair pair;

    join(&pair, NULL, NULL);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CU_ASSERT_EQUAL(
            hawser_link_close(pair.left_bus, pair.left, codes[i], NULL),
            HAWSER_INVALID);
        CU_ASSERT_EQUAL(
            hawser_link_drain(pair.left_bus, pair.left, 1, codes[i], NULL),
            HAWSER_INVALID);
    }
    memset(reason, 'r', 124);
    reason[124] = '\0';
    CU_ASSERT_EQUAL(hawser_link_close(pair.left_bus, pair.left, 0, reason),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_close(pair.left_bus, pair.left, 0, "\xff"),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_drain(pair.left_bus, pair.left, -1, 0, NULL),
                    HAWSER_INVALID);
    say_text(pair.left_bus, pair.left, "still up");
    expect_text(pair.right_bus, pair.right, "still up");
    reason[123] = '\0';
    CU_ASSERT_EQUAL(hawser_link_close(pair.left_bus, pair.left, 4999, reason),
                    HAWSER_OK);
    CU_ASSERT_TRUE(await(pair.right_bus, pair.right, HAWSER_WAITING));
    part(&pair);
}

// ---- draining ----

static void
drain_sends_what_waits_then_says_goodbye(void)
{
    enum { COUNT = 5000 };
    struct pair pair;
    hawser_item item;

    join(&pair, "confirm=peer", NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_link_drain(pair.left_bus, pair.left, PATIENCE_MS,
                                      4001, "that is all"),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, 0), HAWSER_ENDED);
    expect_numbers(pair.right_bus, pair.right, 0, COUNT);
    if (hear_state(pair.right_bus, pair.right, HAWSER_WAITING, &item)) {
        CU_ASSERT_EQUAL(item.event->close_code, 4001);
        CU_ASSERT_STRING_EQUAL(item.event->reason, "that is all");
        hawser_item_drop(&item);
    }
    if (hear_state(pair.left_bus, pair.left, HAWSER_CLOSED, &item)) {
        CU_ASSERT_EQUAL(item.event->leftover, 0);
        hawser_item_drop(&item);
    }
    part(&pair);
}

static void
drain_keeps_to_its_time_and_counts_what_is_left(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_item item;
    uint64_t began = now_ms();

    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_link_drain(bus, link, 50, 0, NULL), HAWSER_OK);
    if (hear_state(bus, link, HAWSER_CLOSED, &item)) {
        CU_ASSERT_EQUAL(item.event->leftover, 3);
        CU_ASSERT(now_ms() - began >= 49);
        CU_ASSERT(now_ms() - began < 1000);
        hawser_item_drop(&item);
    }
    close_bus(bus);
}

static void
drain_of_nothing_closes_at_once_in_any_state(void)
{
    hawser_bus *bus = open_bus("dial.timeout=20ms attempts.max=1");
    hawser_link dialing = open_link(bus, fresh_url(), "dial.timeout=60s");
    hawser_link failed = open_link(bus, fresh_url(), NULL);
    uint64_t began = now_ms();

    CU_ASSERT_EQUAL(hawser_link_drain(bus, dialing, 60000, 0, NULL), HAWSER_OK);
    CU_ASSERT_TRUE(await(bus, dialing, HAWSER_CLOSED));
    CU_ASSERT_TRUE(await(bus, failed, HAWSER_FAILED));
    CU_ASSERT_EQUAL(hawser_link_drain(bus, failed, 60000, 0, NULL), HAWSER_OK);
    CU_ASSERT_TRUE(await(bus, failed, HAWSER_CLOSED));
    CU_ASSERT(now_ms() - began < PATIENCE_MS);
    close_bus(bus);
}

static void
a_drain_outlives_the_loss_of_its_wire(void)
{
    enum { COUNT = 2000 }; // the wire has room for some 250 of them
    struct pair pair;
    hawser_item item;

    // Nothing is read until the peer comes back, so most is not confirmed.
    join(&pair, "confirm=peer wire.buffer=4KiB backoff.min=1ms backoff.max=5ms",
         "receive.max_messages=1 backoff.min=1ms backoff.max=5ms");
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(
        hawser_link_drain(pair.left_bus, pair.left, PATIENCE_MS, 0, NULL),
        HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair.right_bus, pair.right),
                    HAWSER_OK);
    for (uint32_t next = 0; next < COUNT;) {
        if (!hear_message(pair.right_bus, pair.right, &item)) {
            break;
        }
        CU_ASSERT(number_of(item.message) <= next);
        next += number_of(item.message) == next;
        hawser_item_drop(&item);
    }
    // What was sent twice is read as well, or it would not be confirmed.
    (void)await(pair.right_bus, pair.right, HAWSER_WAITING);
    if (hear_state(pair.left_bus, pair.left, HAWSER_CLOSED, &item)) {
        CU_ASSERT_EQUAL(item.event->leftover, 0);
        hawser_item_drop(&item);
    }
    part(&pair);
}

static void
closing_twice_is_as_good_as_once(void)
{
    struct pair pair;
    hawser_status status;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_link_drain(pair.left_bus, pair.left, 60000, 0, NULL),
                    HAWSER_OK);
    status = hawser_link_drain(pair.left_bus, pair.left, 60000, 0, NULL);
    CU_ASSERT_EQUAL(status, HAWSER_ENDED);
    for (unsigned i = 0; i < 3; i++) {
        status = hawser_link_close(pair.left_bus, pair.left, 0, "bye");
        CU_ASSERT(status == HAWSER_OK || status == HAWSER_ENDED);
    }
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_CLOSED));
    CU_ASSERT_EQUAL(hawser_link_close(pair.left_bus, pair.left, 0, NULL),
                    HAWSER_STALE);
    part(&pair);
}

static CU_TestInfo tests[] = {
    CHECK(reconnect_dials_anew_in_each_state),
    CHECK(reconnect_mends_a_link_that_failed),
    CHECK(a_link_that_ends_is_not_reconnected),
    CHECK(the_peers_close_code_decides_what_comes_of_the_link),
    CHECK(a_peer_that_sends_one_away_sends_to_the_next_endpoint),
    CHECK(a_goodbye_that_cannot_be_said_is_refused),
    CHECK(drain_sends_what_waits_then_says_goodbye),
    CHECK(drain_keeps_to_its_time_and_counts_what_is_left),
    CHECK(drain_of_nothing_closes_at_once_in_any_state),
    CHECK(a_drain_outlives_the_loss_of_its_wire),
    CHECK(closing_twice_is_as_good_as_once),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("life", tests)
