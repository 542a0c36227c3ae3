// queue_settle_test.c - confirm=application: settled is what is said to be.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];

static void
start(void)
{
    queue_open("confirm=application spool.max_messages=8");
}

static void
stop(void)
{
    queue_close();
}

static bool
mails(uint32_t wire, const char *texts)
{
    return queue_mails(HW_LETTER_MAIL, wire, texts);
}

static uint64_t
settled(void)
{
    return HW_METER_GET(meter->settled);
}

// Up, with these messages at the peer: taken and arrived.
static void
send_on_wire(uint32_t wire, const char *texts, uint32_t count)
{
    queue_send(texts, 1);
    queue_bring_up(wire);
    CU_ASSERT_TRUE(mails(wire, texts));
    queue_hear(HW_LETTER_TAKEN, wire, count);
    queue_hear(HW_LETTER_WANT, wire, 0);
    queue_hear(HW_LETTER_PASSED, wire, count);
}

static void
neither_taken_nor_arrived_is_settled(void)
{
    send_on_wire(1, "a b c", 3);
    CU_ASSERT_EQUAL(settled(), 0);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 3);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT), 0);
}

static void
messages_are_settled_one_by_one_in_any_order(void)
{
    send_on_wire(1, "a b c", 3);
    queue_settle(2, false);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 2);
    queue_settle(3, false);
    queue_settle(1, false);
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(settled(), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_bytes), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 0);
}

static void
settling_up_to_a_message_settles_all_before_it(void)
{
    send_on_wire(1, "a b c d", 4);
    queue_settle(3, true);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(settled(), 3);
}

static void
what_is_not_settled_goes_out_again_in_order_on_the_next_wire(void)
{
    send_on_wire(1, "a b c d", 4);
    queue_settle(2, false);
    queue_gate(1, HW_GATE_SHUT);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->resent), 3);
    queue_bring_up(2);
    CU_ASSERT_TRUE(mails(2, "a"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "c d"));
}

// It was read after the wire was lost: nothing need be sent again for it.
static void
an_answer_that_comes_late_settles_what_waits_again(void)
{
    send_on_wire(1, "a b c", 3);
    queue_gate(1, HW_GATE_SHUT);
    queue_settle(2, true);
    CU_ASSERT_EQUAL(settled(), 2);
    queue_bring_up(2);
    CU_ASSERT_TRUE(mails(2, "c"));
}

static void
a_tag_that_is_unknown_or_settled_already_is_ignored(void)
{
    send_on_wire(1, "a", 1);
    queue_settle(7, false);
    queue_settle(7, true);
    CU_ASSERT_EQUAL(settled(), 0);
    queue_settle(1, false);
    queue_settle(1, false);
    queue_settle(1, true);
    CU_ASSERT_EQUAL(settled(), 1);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT), 1);
}

static void
as_much_is_in_flight_as_the_spool_may_hold_and_settling_lets_more_out(void)
{
    send_on_wire(1, "a b c d e f g h", 8);
    queue_send("i j", 9);
    CU_ASSERT_TRUE(mails(1, ""));
    queue_settle(5, false);
    CU_ASSERT_TRUE(mails(1, "i"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, ""));
    queue_settle(2, false);
    CU_ASSERT_TRUE(mails(1, "j"));
}

static void
a_drain_waits_until_the_application_has_said_all(void)
{
    send_on_wire(1, "a b", 2);
    queue_tell(HW_LETTER_DRAIN);
    queue_settle(2, false);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    0);
    queue_settle(1, false);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    1);
}

static void
what_is_left_at_the_end_is_dropped_once(void)
{
    struct hw_letter letter;

    send_on_wire(1, "a b c", 3);
    queue_settle(2, false);
    queue_tell(HW_LETTER_LINK_FORGET);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_DROPPED));
    CU_ASSERT_TRUE(desk_read(&queue_desk, HW_SUPERVISOR,
                             HW_LETTER_LINK_FORGOTTEN, &letter));
    CU_ASSERT_EQUAL(letter.number, 2);
    queue_settle(1, false); // too late, and harmless
    CU_ASSERT_EQUAL(settled(), 1);
}

// What is settled out of turn does not count as reached while one before it is
// not; copies of standing messages count for nothing.
static void
what_is_reached_is_what_no_earlier_message_is_missing_of(void)
{
    send_on_wire(1, "a b c", 3);
    queue_settle(2, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 0);
    queue_standing_add(1, "s");
    queue_settle(1, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 2);
    queue_settle(3, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 3);
    queue_send("d", 4);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 3);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_send("e f", 5);
    queue_settle(5, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 3);
    queue_settle(4, true);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 5);
    queue_settle(6, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 6);
    queue_send("g", 7);
    queue_tell(HW_LETTER_LINK_FORGET); // the end reaches nothing
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 6);
}

// The copy is nobody's to settle, and a flush waits for messages.
static void
a_copy_of_a_standing_message_keeps_no_flush(void)
{
    queue_bring_up(1);
    queue_standing_add(1, "hello");
    CU_ASSERT_TRUE(mails(1, "hello"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_send("a b", 1);
    CU_ASSERT_TRUE(mails(1, "a b"));
    queue_settle(1, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 1);
    queue_settle(2, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 2);
}

static void
a_copy_that_waits_keeps_no_flush_either(void)
{
    queue_bring_up(1);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_send("a", 1);
    queue_standing_add(1, "hello");
    queue_send("b", 2);
    CU_ASSERT_TRUE(
        queue_answers(HW_LETTER_CANCEL, 2, HAWSER_PHASE_WAITING, true));
    queue_settle(1, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 2);
}

static CU_TestInfo tests[] = {
    CHECK(neither_taken_nor_arrived_is_settled),
    CHECK(messages_are_settled_one_by_one_in_any_order),
    CHECK(settling_up_to_a_message_settles_all_before_it),
    CHECK(what_is_not_settled_goes_out_again_in_order_on_the_next_wire),
    CHECK(an_answer_that_comes_late_settles_what_waits_again),
    CHECK(a_tag_that_is_unknown_or_settled_already_is_ignored),
    CHECK(
        as_much_is_in_flight_as_the_spool_may_hold_and_settling_lets_more_out),
    CHECK(a_drain_waits_until_the_application_has_said_all),
    CHECK(what_is_left_at_the_end_is_dropped_once),
    CHECK(what_is_reached_is_what_no_earlier_message_is_missing_of),
    CHECK(a_copy_of_a_standing_message_keeps_no_flush),
    CHECK(a_copy_that_waits_keeps_no_flush_either),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue, settled by the application", tests, start, stop);
    return check_run(argc, argv);
}
