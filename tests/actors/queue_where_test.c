// queue_where_test.c - where is my message, and taking it out.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];

static void
start(void)
{
    queue_open("confirm=peer");
}

static void
stop(void)
{
    queue_close();
}

static bool
is(uint64_t tag, hawser_phase phase)
{
    return queue_answers(HW_LETTER_WHERE, tag, phase, false);
}

static bool
cancels(uint64_t tag, hawser_phase phase)
{
    return queue_answers(HW_LETTER_CANCEL, tag, phase,
                         phase == HAWSER_PHASE_WAITING);
}

static void
a_message_is_found_wherever_it_is(void)
{
    queue_send("a b", 1);
    CU_ASSERT_TRUE(is(1, HAWSER_PHASE_WAITING));
    queue_bring_up(1);
    queue_send("c", 3);
    CU_ASSERT_TRUE(is(2, HAWSER_PHASE_IN_FLIGHT));
    CU_ASSERT_TRUE(is(3, HAWSER_PHASE_WAITING));
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_TRUE(is(1, HAWSER_PHASE_GONE));
    queue_gate(1, HW_GATE_SHUT);
    CU_ASSERT_TRUE(is(2, HAWSER_PHASE_WAITING));
    CU_ASSERT_TRUE(is(9, HAWSER_PHASE_GONE));
}

static void
what_waits_is_taken_out_and_the_rest_goes_on(void)
{
    queue_send("a b c", 1);
    CU_ASSERT_TRUE(cancels(2, HAWSER_PHASE_WAITING));
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 1);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 1);
    CU_ASSERT_TRUE(is(2, HAWSER_PHASE_GONE));
    CU_ASSERT_TRUE(cancels(2, HAWSER_PHASE_GONE));
    queue_bring_up(1);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 1, "a"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 1, "c"));
    queue_hear(HW_LETTER_PASSED, 1, 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 2);
}

static void
what_is_in_flight_is_not_taken_out(void)
{
    queue_bring_up(1);
    queue_send("a", 1);
    CU_ASSERT_TRUE(cancels(1, HAWSER_PHASE_IN_FLIGHT));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 0);
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_SETTLED));
}

// The caller waits for an answer, whatever became of the link.
static void
a_link_that_is_forgotten_answers_too(void)
{
    queue_tell(HW_LETTER_LINK_FORGET);
    CU_ASSERT_TRUE(is(1, HAWSER_PHASE_GONE));
    CU_ASSERT_TRUE(cancels(1, HAWSER_PHASE_GONE));
}

static void
cancelling_the_last_ends_a_drain(void)
{
    queue_send("a", 1);
    queue_tell(HW_LETTER_DRAIN);
    CU_ASSERT_TRUE(cancels(1, HAWSER_PHASE_WAITING));
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED, NULL));
}

static CU_TestInfo tests[] = {
    CHECK(a_message_is_found_wherever_it_is),
    CHECK(what_waits_is_taken_out_and_the_rest_goes_on),
    CHECK(what_is_in_flight_is_not_taken_out),
    CHECK(a_link_that_is_forgotten_answers_too),
    CHECK(cancelling_the_last_ends_a_drain),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue, asked", tests, start, stop);
    return check_run(argc, argv);
}
