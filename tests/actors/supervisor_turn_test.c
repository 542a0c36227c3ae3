// supervisor_turn_test.c - a dial that the bus holds back.
#include "actors/super_desk.h"
#include "check.h"

static bool
wants_dial(void)
{
    return desk_read(&super_desk, HW_BACKOFF, HW_LETTER_DIAL_WANTED, NULL);
}

static bool
dials_any(void)
{
    return desk_read(&super_desk, HW_PORT, HW_LETTER_WIRE_DIAL, NULL);
}

static void
expect_held(uint32_t endpoint)
{
    struct super_event event;

    super_retry(HW_LETTER_DIAL_HELD, 0, 340, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.kind, HAWSER_EVENT_STATE);
    CU_ASSERT_EQUAL(event.state, HAWSER_WAITING);
    CU_ASSERT_EQUAL(event.delay_ms, 340);
    CU_ASSERT_EQUAL(event.endpoint, endpoint);
    CU_ASSERT_STRING_EQUAL(event.error, "bus.dials_per_second: other dials of "
                                        "the bus come first");
}

static void
the_first_dial_waits_for_its_turn_and_says_so(void)
{
    super_dials_held = true;
    super_open("dial.timeout=100ms", "ws://one");
    CU_ASSERT_TRUE(wants_dial());
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    expect_held(0);
    super_pass(10000); // the wait is no part of the dial
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_FALSE(dials_any());
    super_retry(HW_LETTER_RETRY_DUE, 0, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
    CU_ASSERT_TRUE(super_dials(1, 0));
}

static void
a_retry_that_is_held_back_keeps_its_endpoint_and_its_last_news(void)
{
    super_open("", "ws://one ws://two");
    super_dials_held = true;
    super_lost(1, HAWSER_CAUSE_UNREACHABLE, 0, 0);
    CU_ASSERT_TRUE(wants_dial()); // the other endpoint
    desk_clear(&super_desk);
    expect_held(1);
    CU_ASSERT_FALSE(desk_read(&super_desk, HW_DOOR, HW_LETTER_NEWS, NULL));
    super_retry(HW_LETTER_RETRY_DUE, 0, 0, 0);
    CU_ASSERT_TRUE(super_dials(2, 1));
    super_lost(2, HAWSER_CAUSE_UNREACHABLE, 0, 0);
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    desk_clear(&super_desk);
    expect_held(0);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(super_dials(3, 0));
}

static void
a_reconnect_waits_for_its_turn_too(void)
{
    static const hawser_state states[] = { HAWSER_DIALING,  HAWSER_GREETING,
                                           HAWSER_UP,       HAWSER_WAITING,
                                           HAWSER_DRAINING, HAWSER_FAILED };

    for (size_t i = 0; i < 6; i++) {
        super_bring("", states[i]);
        super_dials_held = true;
        super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
        CU_ASSERT_TRUE(
            desk_read(&super_desk, HW_BACKOFF, HW_LETTER_RETRY_FORGET, NULL));
        CU_ASSERT_TRUE(wants_dial());
        CU_ASSERT_FALSE(dials_any());
        CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
        // The retry of the loss before, set when the wish came, is no more.
        super_retry(HW_LETTER_RETRY_SET, 7, 9000, 0);
        super_retry(HW_LETTER_RETRY_OVER, 7, 0, 0);
        CU_ASSERT_FALSE(super_tells(HAWSER_WAITING));
        CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
        super_retry(HW_LETTER_RETRY_DUE, 0, 0, 0);
        CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
        CU_ASSERT_TRUE(super_dials(2, 0));
        if (i < 5) {
            super_close();
        }
    }
}

static void
a_link_that_is_held_back_can_be_closed(void)
{
    super_dials_held = true;
    super_open("", "ws://one");
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 0, NULL);
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
    super_retry(HW_LETTER_DIAL_HELD, 0, 340, 0); // both late
    super_retry(HW_LETTER_RETRY_DUE, 0, 0, 0);
    CU_ASSERT_FALSE(dials_any());
    CU_ASSERT_FALSE(super_tells(HAWSER_WAITING));
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
}

static CU_TestInfo tests[] = {
    CHECK(the_first_dial_waits_for_its_turn_and_says_so),
    CHECK(a_retry_that_is_held_back_keeps_its_endpoint_and_its_last_news),
    CHECK(a_reconnect_waits_for_its_turn_too),
    CHECK(a_link_that_is_held_back_can_be_closed),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("supervisor turn", tests, NULL, super_close);
    return check_run(argc, argv);
}
