// policies_test.c - messages with a time to live, a key, a priority, and links
// with a rate.
#include "check.h"
#include "harbour.h"

static hawser_status
send_with(hawser_bus *bus, hawser_link link, const char *text,
          hawser_send_options options)
{
    hawser_message *message = new_text(text);
    hawser_status status;

    options.size = sizeof options;
    status = hawser_send_with(bus, link, message, &options);
    hawser_message_drop(message);
    return status;
}

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
what_waits_beyond_its_time_expires(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), "message.ttl=10ms");

    CU_ASSERT_EQUAL(send_tagged(bus, link, 1, 1), HAWSER_OK);
    expect_receipt(bus, link, 1, HAWSER_EXPIRED);
    CU_ASSERT_EQUAL(send_with(bus, link, "own",
                              (hawser_send_options){ .tag = 2, .ttl_ms = 1 }),
                    HAWSER_OK);
    expect_receipt(bus, link, 2, HAWSER_EXPIRED);
    CU_ASSERT_EQUAL(sum_of(bus, link).expired, 2);
    CU_ASSERT_EQUAL(hawser_flush(bus, link, 0), HAWSER_OK);
    close_bus(bus);
}

static void
with_the_loop_on_the_callers_thread_it_expires_too(void)
{
    hawser_bus *bus = open_bus("threads=0");
    hawser_link link = open_link(bus, fresh_url(), "message.ttl=5ms");

    CU_ASSERT_EQUAL(send_tagged(bus, link, 1, 1), HAWSER_OK);
    expect_receipt(bus, link, 1, HAWSER_EXPIRED);
    close_bus(bus);
}

// Sent before there is anybody to hear: keys, priorities and all else together.
static void
what_waits_goes_out_by_key_and_priority(void)
{
    hawser_bus *bus = open_bus(NULL);
    const char *url = fresh_url();
    hawser_link link = open_link(bus, url, "confirm=peer backoff.min=1ms");
    hawser_link other;

    CU_ASSERT_EQUAL(send_with(bus, link, "low",
                              (hawser_send_options){ .priority = HAWSER_LOW }),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(
        send_with(bus, link, "old",
                  (hawser_send_options){ .tag = 1, .key = "k", .key_size = 1 }),
        HAWSER_OK);
    say_text(bus, link, "plain");
    CU_ASSERT_EQUAL(
        send_with(bus, link, "new",
                  (hawser_send_options){ .tag = 2, .key = "k", .key_size = 1 }),
        HAWSER_OK);
    CU_ASSERT_EQUAL(send_with(bus, link, "high",
                              (hawser_send_options){ .priority = HAWSER_HIGH }),
                    HAWSER_OK);
    expect_receipt(bus, link, 1, HAWSER_DROPPED);
    other = open_link(bus, url, NULL);
    expect_text(bus, other, "high");
    expect_text(bus, other, "new");
    expect_text(bus, other, "plain");
    expect_text(bus, other, "low");
    CU_ASSERT_EQUAL(hawser_flush(bus, link, PATIENCE_MS), HAWSER_OK);
    CU_ASSERT_EQUAL(sum_of(bus, link).settled, 4);
    CU_ASSERT_EQUAL(sum_of(bus, link).dropped, 1);
    close_bus(bus);
}

// No clock is needed to see it: what went out at once is the burst.
static void
a_rate_holds_back_what_is_beyond_the_burst(void)
{
    struct pair pair;

    join(&pair, "rate.messages=1 rate.burst=5", NULL);
    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    expect_numbers(pair.right_bus, pair.right, 0, 5);
    CU_ASSERT_TRUE(sum_of(pair.left_bus, pair.left).waiting > 80);
    part(&pair);
}

static void
a_rate_lets_everything_through_in_the_end(void)
{
    struct pair pair;

    join(&pair, "rate.messages=2000 confirm=peer", NULL);
    for (uint32_t i = 0; i < 200; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_flush(pair.left_bus, pair.left, PATIENCE_MS),
                    HAWSER_OK);
    expect_numbers(pair.right_bus, pair.right, 0, 200);
    part(&pair);
}

static void
options_out_of_range_are_refused(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_message *message = new_text("x");
    hawser_send_options none = { 0 };
    static const char key[1025];

    CU_ASSERT_EQUAL(hawser_send_with(bus, link, message, NULL), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_send_with(bus, link, message, &none),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(
        send_with(bus, link, "x", (hawser_send_options){ .ttl_ms = -2 }),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(
        send_with(bus, link, "x", (hawser_send_options){ .ttl_ms = 86400001 }),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(
        send_with(bus, link, "x", (hawser_send_options){ .key_size = 1 }),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(
        send_with(bus, link, "x",
                  (hawser_send_options){ .key = key, .key_size = sizeof key }),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(send_with(bus, link, "x",
                              (hawser_send_options){
                                  .key = key, .key_size = sizeof key - 1 }),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(
        send_with(bus, link, "x",
                  (hawser_send_options){ .priority = (hawser_priority)3 }),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send_with(bus, link, NULL, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send_with(bus, (hawser_link){ 0 }, message, NULL),
                    HAWSER_STALE);
    hawser_message_drop(message);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(what_waits_beyond_its_time_expires),
    CHECK(with_the_loop_on_the_callers_thread_it_expires_too),
    CHECK(what_waits_goes_out_by_key_and_priority),
    CHECK(a_rate_holds_back_what_is_beyond_the_burst),
    CHECK(a_rate_lets_everything_through_in_the_end),
    CHECK(options_out_of_range_are_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("policies", tests)
