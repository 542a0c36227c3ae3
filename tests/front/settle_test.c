// settle_test.c - confirm=application: the application says what is settled.
#include "check.h"
#include "harbour.h"

static void
expect_receipt(const struct pair *pair, uint64_t tag, hawser_fate fate)
{
    hawser_item item;

    if (hear_receipt(pair->left_bus, pair->left, &item)) {
        CU_ASSERT_EQUAL(item.tag, tag);
        CU_ASSERT_EQUAL(item.fate, fate);
        hawser_item_drop(&item);
    }
}

static void
send_tags(const struct pair *pair, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        CU_ASSERT_EQUAL(send_tagged(pair->left_bus, pair->left, i, i),
                        HAWSER_OK);
    }
}

static void
nothing_is_settled_before_the_application_says_so(void)
{
    struct pair pair;

    join(&pair, "confirm=application", NULL);
    send_tags(&pair, 1, 100);
    expect_numbers(pair.right_bus, pair.right, 1, 100);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).settled, 0);
    expect_silence(pair.left_bus);
    for (uint32_t i = 100; i > 50; i--) {
        CU_ASSERT_EQUAL(hawser_settle(pair.left_bus, pair.left, i), HAWSER_OK);
        expect_receipt(&pair, i, HAWSER_SETTLED);
    }
    CU_ASSERT_EQUAL(hawser_settle_up_to(pair.left_bus, pair.left, 50),
                    HAWSER_OK);
    for (uint32_t i = 1; i <= 50; i++) {
        expect_receipt(&pair, i, HAWSER_SETTLED);
    }
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).settled, 100);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).in_flight, 0);
    part(&pair);
}

static void
what_is_not_settled_is_sent_again_after_a_loss(void)
{
    struct pair pair;

    join(&pair, "confirm=application backoff.min=1ms", NULL);
    send_tags(&pair, 1, 4);
    expect_numbers(pair.right_bus, pair.right, 1, 4);
    CU_ASSERT_EQUAL(hawser_settle(pair.left_bus, pair.left, 2), HAWSER_OK);
    expect_receipt(&pair, 2, HAWSER_SETTLED);
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair.left_bus, pair.left), HAWSER_OK);
    expect_numbers(pair.right_bus, pair.right, 1, 1);
    expect_numbers(pair.right_bus, pair.right, 3, 2);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).resent, 3);
    part(&pair);
}

// Said in one breath, what is said comes behind what it is about.
static void
a_message_may_be_settled_as_soon_as_it_is_accepted(void)
{
    hawser_bus *bus = open_bus("threads=0 confirm=application");
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_item item;

    CU_ASSERT_EQUAL(send_tagged(bus, link, 1, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_settle(bus, link, 1), HAWSER_OK);
    if (hear_receipt(bus, link, &item)) {
        CU_ASSERT_EQUAL(item.fate, HAWSER_SETTLED);
        hawser_item_drop(&item);
    }
    close_bus(bus);
}

static void
a_drain_ends_once_the_last_is_said_to_be_settled(void)
{
    struct pair pair;
    hawser_item item;

    join(&pair, "confirm=application", NULL);
    send_tags(&pair, 1, 2);
    expect_numbers(pair.right_bus, pair.right, 1, 2);
    CU_ASSERT_EQUAL(
        hawser_link_drain(pair.left_bus, pair.left, PATIENCE_MS, 0, NULL),
        HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_settle_up_to(pair.left_bus, pair.left, 2),
                    HAWSER_OK);
    if (hear_state(pair.left_bus, pair.left, HAWSER_CLOSED, &item)) {
        CU_ASSERT_EQUAL(item.event->leftover, 0);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(hawser_settle(pair.left_bus, pair.left, 1), HAWSER_STALE);
    part(&pair);
}

static void
what_makes_no_sense_is_refused(void)
{
    hawser_bus *bus = open_bus("receipts.max=2");
    hawser_link plain = open_link(bus, fresh_url(), NULL);
    hawser_link link = open_link(bus, fresh_url(), "confirm=application");

    CU_ASSERT_EQUAL(hawser_settle(NULL, link, 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_settle(bus, link, 0), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_settle_up_to(bus, link, 0), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_settle(bus, plain, 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_settle(bus, (hawser_link){ 0 }, 1), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_settle(bus, link, 77), HAWSER_OK);
    close_bus(bus);
}

// With threads=0 nothing is heard until the loop runs.
static void
no_more_may_be_said_at_once_than_there_may_be_receipts(void)
{
    hawser_bus *bus = open_bus("threads=0 receipts.max=2");
    hawser_link link = open_link(bus, fresh_url(), "confirm=application");

    CU_ASSERT_EQUAL(hawser_settle(bus, link, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_settle(bus, link, 2), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_settle(bus, link, 3), HAWSER_FULL);
    CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_settle(bus, link, 3), HAWSER_OK);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(nothing_is_settled_before_the_application_says_so),
    CHECK(what_is_not_settled_is_sent_again_after_a_loss),
    CHECK(a_message_may_be_settled_as_soon_as_it_is_accepted),
    CHECK(a_drain_ends_once_the_last_is_said_to_be_settled),
    CHECK(what_makes_no_sense_is_refused),
    CHECK(no_more_may_be_said_at_once_than_there_may_be_receipts),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("settled by the application", tests)
