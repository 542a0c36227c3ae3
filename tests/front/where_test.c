// where_test.c - where is my message, and taking it out.
#include "check.h"
#include "harbour.h"

static bool
is(hawser_bus *bus, hawser_link link, uint64_t tag, hawser_phase wanted)
{
    hawser_phase phase = HAWSER_PHASE_GONE;

    return hawser_message_phase(bus, link, tag, &phase) == HAWSER_OK &&
           phase == wanted;
}

static void
cancel_one_of_three(const char *settings)
{
    hawser_bus *bus = open_bus(settings);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_item item;

    for (uint32_t i = 1; i <= 3; i++) {
        CU_ASSERT_EQUAL(send_tagged(bus, link, i, i), HAWSER_OK);
    }
    CU_ASSERT_TRUE(is(bus, link, 2, HAWSER_PHASE_WAITING));
    CU_ASSERT_EQUAL(hawser_cancel(bus, link, 2), HAWSER_OK);
    CU_ASSERT_TRUE(is(bus, link, 2, HAWSER_PHASE_GONE));
    CU_ASSERT_EQUAL(hawser_cancel(bus, link, 2), HAWSER_UNKNOWN);
    if (hear_receipt(bus, link, &item)) {
        CU_ASSERT_EQUAL(item.tag, 2);
        CU_ASSERT_EQUAL(item.fate, HAWSER_DROPPED);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(sum_of(bus, link).waiting, 2);
    close_bus(bus);
}

static void
what_waits_is_found_and_taken_out_beside_the_loop(void)
{
    cancel_one_of_three("threads=1");
}

static void
what_waits_is_found_and_taken_out_on_the_callers_thread(void)
{
    cancel_one_of_three("threads=0");
}

static void
what_is_in_flight_is_found_and_stays(void)
{
    struct pair pair;

    join(&pair, "confirm=application", NULL);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 1, 1), HAWSER_OK);
    expect_numbers(pair.right_bus, pair.right, 1, 1);
    CU_ASSERT_TRUE(is(pair.left_bus, pair.left, 1, HAWSER_PHASE_IN_FLIGHT));
    CU_ASSERT_EQUAL(hawser_cancel(pair.left_bus, pair.left, 1), HAWSER_AGAIN);
    CU_ASSERT_EQUAL(hawser_settle(pair.left_bus, pair.left, 1), HAWSER_OK);
    (void)until_settled(pair.left_bus, pair.left, 1);
    CU_ASSERT_TRUE(is(pair.left_bus, pair.left, 1, HAWSER_PHASE_GONE));
    part(&pair);
}

static void
what_makes_no_sense_is_refused(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_phase phase;

    CU_ASSERT_EQUAL(hawser_message_phase(bus, link, 0, &phase), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_message_phase(bus, link, 1, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_message_phase(NULL, link, 1, &phase),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_cancel(bus, link, 0), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_cancel(bus, (hawser_link){ 0 }, 1), HAWSER_STALE);
    end_link(bus, link);
    CU_ASSERT_EQUAL(hawser_cancel(bus, link, 1), HAWSER_STALE);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(what_waits_is_found_and_taken_out_beside_the_loop),
    CHECK(what_waits_is_found_and_taken_out_on_the_callers_thread),
    CHECK(what_is_in_flight_is_found_and_stays),
    CHECK(what_makes_no_sense_is_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("where", tests)
