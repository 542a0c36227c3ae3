// supervisor_drain_test.c - sending what waits, then goodbye.
#include "actors/super_desk.h"
#include "check.h"

static bool
says(unsigned to, unsigned kind)
{
    return desk_read(&super_desk, to, kind, NULL);
}

static void
want_drained(uint64_t within_ms)
{
    super_wish(HW_LETTER_LINK_DRAIN, 0, within_ms, 4002, "done");
}

static void
check_goodbye(uint32_t wire)
{
    struct hw_letter letter;

    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
    CU_ASSERT_TRUE_FATAL(
        desk_read(&super_desk, HW_PORT, HW_LETTER_WIRE_CLOSE, &letter));
    CU_ASSERT_EQUAL(letter.wire, wire);
    CU_ASSERT_EQUAL(letter.note, 4002);
    CU_ASSERT_STRING_EQUAL(letter.thing, "done");
    desk_give_back(&letter);
    CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_LINK_FORGET));
}

static void
a_link_that_is_up_drains_and_says_goodbye_when_nothing_is_left(void)
{
    super_bring("", HAWSER_UP);
    want_drained(1000);
    CU_ASSERT_TRUE(super_tells(HAWSER_DRAINING));
    CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_DRAIN));
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    super_hear(HW_QUEUE, HW_LETTER_DRAINED, 1);
    check_goodbye(1);
}

static void
a_link_drains_no_longer_than_it_was_given(void)
{
    super_bring("", HAWSER_UP);
    want_drained(1000);
    super_pass(999);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DRAINING);
    super_pass(1);
    check_goodbye(1);
}

static void
no_time_at_all_is_a_time_too(void)
{
    super_bring("", HAWSER_UP);
    want_drained(0);
    super_pass(0);
    check_goodbye(1);
}

// ---- in the other states ----

static void
in_every_state_an_empty_link_is_closed_at_once(void)
{
    static const hawser_state states[] = { HAWSER_DIALING, HAWSER_GREETING,
                                           HAWSER_WAITING };

    for (size_t i = 0; i < 3; i++) {
        super_bring("", states[i]);
        want_drained(1000);
        CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_DRAIN));
        CU_ASSERT_EQUAL(super_state(), states[i]);
        super_hear(HW_QUEUE, HW_LETTER_DRAINED, 1);
        CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
        CU_ASSERT_EQUAL(super_closes(1, 4002), states[i] != HAWSER_WAITING);
        if (i < 2) {
            super_close();
        }
    }
}

static void
in_every_state_the_time_to_drain_runs_out(void)
{
    static const hawser_state states[] = { HAWSER_DIALING, HAWSER_GREETING,
                                           HAWSER_WAITING, HAWSER_DRAINING };

    for (size_t i = 0; i < 4; i++) {
        super_bring("", states[i]);
        want_drained(1000);
        super_pass(999);
        CU_ASSERT_EQUAL(super_state(), states[i]);
        super_pass(1);
        CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
        if (i < 3) {
            super_close();
        }
    }
}

static void
a_link_that_is_not_up_yet_drains_once_it_is(void)
{
    super_bring("", HAWSER_DIALING);
    want_drained(5000);
    super_opened(1, true);
    desk_clear(&super_desk);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_FLOW));
    CU_ASSERT_TRUE(super_tells(HAWSER_UP));
    CU_ASSERT_TRUE(super_tells(HAWSER_DRAINING));
    CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_DRAIN));
    super_hear(HW_QUEUE, HW_LETTER_DRAINED, 1);
    check_goodbye(1);
}

static void
a_link_that_is_lost_while_draining_drains_on_the_next_wire(void)
{
    super_bring("", HAWSER_UP);
    want_drained(60000);
    super_lost(1, HAWSER_CAUSE_RESET, 0, 0);
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    super_opened(2, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 2);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DRAINING);
    desk_clear(&super_desk);
    super_hear(HW_QUEUE, HW_LETTER_DRAINED, 2);
    check_goodbye(2);
}

static void
a_failed_link_has_nowhere_to_drain_to(void)
{
    super_bring("", HAWSER_FAILED);
    want_drained(60000);
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_CLOSE));
    CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_LINK_FORGET));
}

static void
a_link_that_fails_while_draining_is_closed_at_once(void)
{
    super_bring("", HAWSER_UP);
    want_drained(60000);
    CU_ASSERT_TRUE(super_tells(HAWSER_DRAINING));
    super_lost(1, HAWSER_CAUSE_TLS, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_FAILED));
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
    CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_LINK_FORGET));
}

static void
a_link_that_has_no_attempts_left_while_draining_is_closed_at_once(void)
{
    super_bring("", HAWSER_WAITING);
    want_drained(60000);
    super_retry(HW_LETTER_RETRY_OVER, 5, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_FAILED));
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
}

static void
a_drain_of_a_closed_link_changes_nothing(void)
{
    super_bring("", HAWSER_CLOSED);
    want_drained(1000);
    super_pass(1000);
    super_hear(HW_QUEUE, HW_LETTER_DRAINED, 1);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
}

// ---- other wishes meanwhile ----

static void
a_second_wish_to_drain_is_the_one_that_counts(void)
{
    super_bring("", HAWSER_UP);
    super_wish(HW_LETTER_LINK_DRAIN, 0, 1000, 4444, "never said");
    want_drained(5000);
    super_pass(4999);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DRAINING);
    super_pass(1);
    check_goodbye(1);
}

static void
draining_is_cut_short_by_close_with_its_own_goodbye(void)
{
    super_bring("", HAWSER_UP);
    super_wish(HW_LETTER_LINK_DRAIN, 0, 1000, 4444, "never said");
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 4002, "done");
    check_goodbye(1);
    desk_clear(&super_desk);
    super_pass(5000);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
}

static void
draining_goes_on_over_a_reconnect(void)
{
    super_bring("", HAWSER_UP);
    want_drained(5000);
    super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DIALING);
    CU_ASSERT_TRUE(super_closes(1, 0));
    super_opened(2, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 2);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DRAINING);
}

static void
a_queue_that_is_empty_closes_no_link_that_was_not_asked_to_drain(void)
{
    super_bring("", HAWSER_UP);
    super_hear(HW_QUEUE, HW_LETTER_DRAINED, 1);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

static CU_TestInfo tests[] = {
    CHECK(a_link_that_is_up_drains_and_says_goodbye_when_nothing_is_left),
    CHECK(a_link_drains_no_longer_than_it_was_given),
    CHECK(no_time_at_all_is_a_time_too),
    CHECK(in_every_state_an_empty_link_is_closed_at_once),
    CHECK(in_every_state_the_time_to_drain_runs_out),
    CHECK(a_link_that_is_not_up_yet_drains_once_it_is),
    CHECK(a_link_that_is_lost_while_draining_drains_on_the_next_wire),
    CHECK(a_failed_link_has_nowhere_to_drain_to),
    CHECK(a_link_that_fails_while_draining_is_closed_at_once),
    CHECK(a_link_that_has_no_attempts_left_while_draining_is_closed_at_once),
    CHECK(a_drain_of_a_closed_link_changes_nothing),
    CHECK(a_second_wish_to_drain_is_the_one_that_counts),
    CHECK(draining_is_cut_short_by_close_with_its_own_goodbye),
    CHECK(draining_goes_on_over_a_reconnect),
    CHECK(a_queue_that_is_empty_closes_no_link_that_was_not_asked_to_drain),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("supervisor drain", tests, NULL, super_close);
    return check_run(argc, argv);
}
