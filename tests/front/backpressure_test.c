// backpressure_test.c - who stops reading stops the other side, and it only.
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"
#include "harbour.h"

enum { SIZE = 1000, BUFFER = 8 * 1024, UNREAD = 50 };

static const char limits[] = "receive.max_messages=50 wire.buffer=8KiB";

// As many as the spool takes while nobody reads, one after another.
static uint32_t
send_until_full(hawser_bus *bus, hawser_link link, uint32_t from)
{
    char bytes[SIZE] = { 0 };
    uint32_t sent = 0;

    for (;;) {
        uint32_t number = from + sent;

        for (unsigned i = 0; i < 4; i++) {
            bytes[i] = (char)(number >> 8 * i);
        }
        if (hawser_send(bus, link, bytes, sizeof bytes) != HAWSER_OK) {
            return sent;
        }
        sent++;
    }
}

static uint32_t
first_number(const hawser_message *message)
{
    const unsigned char *bytes = hawser_message_bytes(message);

    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
           (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void
an_application_that_stops_reading_stops_the_other_side(void)
{
    struct pair pair, beside;
    hawser_link_stats stats;
    hawser_item item;
    uint32_t sent, in_between;

    join(&pair, "spool.max_messages=1000 confirm=peer wire.buffer=8KiB",
         limits);
    join(&beside, NULL, NULL);
    sent = send_until_full(pair.left_bus, pair.left, 0);
    CU_ASSERT(sent >= 1000 && sent < 1200); // some arrive meanwhile
    (void)until_received(pair.right_bus, pair.right, UNREAD);
    // Another pair's round trips go on; so the loops are at rest with this one.
    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_number(beside.left_bus, beside.left, i),
                        HAWSER_OK);
        expect_numbers(beside.right_bus, beside.right, i, 1);
    }
    stats = stats_of(pair.right_bus, pair.right);
    CU_ASSERT(stats.received >= UNREAD);
    // What may be unread, and what was on its way when that was reached: the
    // wire's buffer and a batch.
    CU_ASSERT(stats.received <= UNREAD + (BUFFER + 64 * 1024) / SIZE);
    stats = sum_of(pair.left_bus, pair.left);
    CU_ASSERT_EQUAL(stats.accepted, sent);
    CU_ASSERT(stats.settled <= UNREAD + (BUFFER + 64 * 1024) / SIZE);
    in_between = sent - (uint32_t)stats.settled;
    CU_ASSERT_EQUAL(stats.waiting + stats.in_flight, in_between);
    for (uint32_t i = 0; i < sent; i++) {
        if (!hear_message(pair.right_bus, pair.right, &item)) {
            break;
        }
        CU_ASSERT_EQUAL(first_number(item.message), i);
        hawser_item_drop(&item);
    }
    (void)until_settled(pair.left_bus, pair.left, sent);
    part(&pair);
    part(&beside);
}

// The loop of the slow reader serves its other links meanwhile, and so does the
// loop of the one who sends.
static void
a_slow_link_delays_no_other_link_of_its_bus(void)
{
    const char *slow_url = fresh_url(), *quick_url = fresh_url();
    hawser_bus *left = open_bus(NULL), *right = open_bus(NULL);
    hawser_inbox *apart = NULL;
    hawser_link slow, quick, slow_peer = { 0 }, quick_peer;
    hawser_options *options = options_of(limits);
    hawser_item item;

    CU_ASSERT_EQUAL_FATAL(hawser_inbox_open(right, &apart), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_open_in(apart, slow_url, options, &slow_peer),
                    HAWSER_OK);
    hawser_options_free(options);
    slow = open_link(left, slow_url, "spool.max_messages=5000");
    quick = open_link(left, quick_url, NULL);
    quick_peer = open_link(right, quick_url, NULL);
    CU_ASSERT_EQUAL(send_until_full(left, slow, 0) >= 5000, true);
    (void)until_received(right, slow_peer, UNREAD);
    for (uint32_t i = 0; i < 500; i++) {
        CU_ASSERT_EQUAL(send_number(left, quick, i), HAWSER_OK);
        expect_numbers(right, quick_peer, i, 1);
        CU_ASSERT_EQUAL(send_number(right, quick_peer, i), HAWSER_OK);
        expect_numbers(left, quick, i, 1);
    }
    for (uint32_t next = 0; next < 5000;) {
        if (hawser_inbox_receive(apart, &item, PATIENCE_MS) != HAWSER_OK) {
            CU_FAIL("something was lost");
            break;
        }
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            CU_ASSERT_EQUAL(first_number(item.message), next);
            next++;
        }
        hawser_item_drop(&item);
    }
    close_bus(left);
    close_bus(right);
}

static void
bytes_unread_are_bounded_as_well(void)
{
    struct pair pair;
    hawser_link_stats stats;

    join(&pair, "spool.max_messages=1000 wire.buffer=8KiB",
         "receive.max_bytes=20000 wire.buffer=8KiB");
    (void)send_until_full(pair.left_bus, pair.left, 0);
    (void)until_received(pair.right_bus, pair.right, 20);
    stats = stats_of(pair.right_bus, pair.right);
    CU_ASSERT(stats.received_bytes <= 20000 + BUFFER + 64 * 1024);
    CU_ASSERT(stats_of(pair.left_bus, pair.left).waiting > 500);
    part(&pair);
}

// Nothing is lost by stopping and going on, again and again.
static void
a_reader_by_fits_and_starts_gets_everything(void)
{
    enum { COUNT = 50000 / SLOWER };
    struct pair pair;
    uint32_t sent = 0, next = 0;

    join(&pair, "spool.max_messages=100", "receive.max_messages=7");
    while (next < COUNT) {
        hawser_item item;

        for (unsigned i = 0; i < 1 + next % 150 && sent < COUNT; i++) {
            sent += send_number(pair.left_bus, pair.left, sent) == HAWSER_OK;
        }
        for (unsigned i = 0; i < 1 + next % 90 && next < sent; i++) {
            if (!hear_message(pair.right_bus, pair.right, &item)) {
                sent = COUNT;
                next = COUNT;
                break;
            }
            CU_ASSERT_EQUAL(number_of(item.message), next);
            next++;
            hawser_item_drop(&item);
        }
    }
    part(&pair);
}

static CU_TestInfo tests[] = {
    CHECK(an_application_that_stops_reading_stops_the_other_side),
    CHECK(a_slow_link_delays_no_other_link_of_its_bus),
    CHECK(bytes_unread_are_bounded_as_well),
    CHECK(a_reader_by_fits_and_starts_gets_everything),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("backpressure", tests)
