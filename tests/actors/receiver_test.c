// receiver_test.c - the read half of a wire.
#include <hawser/inbox.h>

#include "actors/receiver_desk.h"
#include "check.h"

// ---- messages ----

static void
messages_are_delivered_in_order_and_counted(void)
{
    receiver_open("");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "a bb");
    receiver_gets(1, "c");
    CU_ASSERT_TRUE(inbox_is_given(0, "a bb"));
    CU_ASSERT_TRUE(inbox_is_given(0, "c"));
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    CU_ASSERT_EQUAL(HW_METER_GET(receiver_desk.meters[0].received), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(receiver_desk.meters[0].received_bytes), 4);
    CU_ASSERT_EQUAL(receiver_port.listens, 0);
}

static void
what_comes_before_the_wire_is_known_waits_for_it(void)
{
    receiver_open("");
    receiver_gets(1, "a");
    receiver_gets(1, "b");
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    receiver_tell_event(HAWSER_GREETING);
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "c");
    CU_ASSERT_TRUE(inbox_is_told(HAWSER_GREETING));
    CU_ASSERT_TRUE(inbox_is_given(0, "a"));
    CU_ASSERT_TRUE(inbox_is_given(0, "b"));
    CU_ASSERT_TRUE(inbox_is_given(0, "c"));
}

static void
what_came_before_a_loss_is_delivered_after_it(void)
{
    receiver_open("");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1);
    receiver_gets(1, "last words");
    CU_ASSERT_TRUE(inbox_is_given(0, "last words"));
}

static void
late_letters_of_an_earlier_wire_change_nothing(void)
{
    receiver_open("");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1);
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 2);
    receiver_gets(1, "late");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    CU_ASSERT_EQUAL(HW_METER_GET(receiver_desk.meters[0].received), 0);
    receiver_gets(2, "on time");
    CU_ASSERT_TRUE(inbox_is_given(0, "on time"));
}

static void
what_came_early_of_a_wire_that_never_was_is_late(void)
{
    receiver_open("");
    receiver_gets(1, "early");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 2);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
}

// ---- listening ----

static void
a_slow_application_stops_the_peer_at_the_limit_and_not_before(void)
{
    receiver_open("receive.max_messages=4");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "a b c");
    CU_ASSERT_TRUE(receiver_port.listening);
    receiver_gets(1, "d");
    CU_ASSERT_FALSE(receiver_port.listening);
    receiver_gets(1, "e"); // was read already
    CU_ASSERT_EQUAL(receiver_port.listens, 1);
    receiver_credit(2, 2, 0);
    CU_ASSERT_FALSE(receiver_port.listening);
    receiver_credit(1, 1, 0);
    CU_ASSERT_TRUE(receiver_port.listening);
    CU_ASSERT_EQUAL(receiver_port.listens, 2);
}

static void
bytes_have_a_limit_too(void)
{
    receiver_open("receive.max_bytes=10");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "123456789");
    CU_ASSERT_TRUE(receiver_port.listening);
    receiver_gets(1, "0");
    CU_ASSERT_FALSE(receiver_port.listening);
    receiver_credit(1, 4, 0);
    CU_ASSERT_FALSE(receiver_port.listening);
    receiver_credit(1, 1, 0);
    CU_ASSERT_TRUE(receiver_port.listening);
}

static void
a_new_wire_of_a_slow_application_is_stopped_at_once(void)
{
    receiver_open("receive.max_messages=2");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "a b");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1);
    receiver_port.listening = true;
    receiver_port.listens = 0;
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 2);
    CU_ASSERT_FALSE(receiver_port.listening);
    CU_ASSERT_EQUAL(receiver_port.listens, 1);
    receiver_credit(2, 2, 0);
    CU_ASSERT_TRUE(receiver_port.listening);
}

static void
without_a_wire_nobody_is_listened_to(void)
{
    receiver_open("receive.max_messages=2");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "a b");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1);
    receiver_port.listens = 0;
    receiver_credit(2, 2, 0);
    CU_ASSERT_EQUAL(receiver_port.listens, 0);
}

static void
more_credit_than_was_given_is_as_much_as_was_given(void)
{
    receiver_open("receive.max_messages=2");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_gets(1, "a");
    receiver_credit(1000, 1000, 1000);
    receiver_gets(1, "b");
    CU_ASSERT_TRUE(receiver_port.listening);
    receiver_gets(1, "c");
    CU_ASSERT_FALSE(receiver_port.listening);
}

// ---- for the heartbeat ----

static bool
hears_at(uint64_t ms)
{
    struct hw_letter letter;

    receiver_tell(HW_HEARTBEAT, HW_LETTER_HEARD_WANTED, 1);
    return desk_read_next(&receiver_desk, HW_HEARTBEAT, HW_LETTER_HEARD,
                          &letter) &&
           letter.wire == 1 && letter.number == ms;
}

static void
when_the_peer_was_heard_is_what_the_wire_says(void)
{
    receiver_open("");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_port.heard_at_ms = 4321;
    CU_ASSERT_TRUE(hears_at(4321));
    receiver_port.wire = 2; // gone
    CU_ASSERT_TRUE(hears_at(0));
}

// Who does not listen can't tell silence from death.
static void
a_peer_that_is_not_listened_to_is_not_held_silent(void)
{
    receiver_open("receive.max_messages=2");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    receiver_port.heard_at_ms = desk_now(&receiver_desk);
    receiver_gets(1, "a b");
    desk_pass(&receiver_desk, 100000);
    CU_ASSERT_TRUE(hears_at(DESK_START_MS + 100000));
    receiver_credit(2, 2, 0);
    desk_pass(&receiver_desk, 50);
    CU_ASSERT_TRUE(hears_at(DESK_START_MS + 100000));
    receiver_port.heard_at_ms = DESK_START_MS + 100020;
    CU_ASSERT_TRUE(hears_at(DESK_START_MS + 100020));
}

// ---- receipts ----

static void
tell_receipt(uint64_t tag, hawser_fate fate)
{
    const struct hw_letter receipt = {
        .kind = HW_LETTER_RECEIPT,
        .note = (uint16_t)fate,
        .count = 1,
        .number = tag,
    };

    desk_write(&receiver_desk, HW_QUEUE, &receipt);
}

static bool
inbox_has_receipt(uint64_t tag, uint32_t count, hawser_fate fate)
{
    struct hw_letter letter;

    return inbox_hears(0, HW_LETTER_RECEIPT, &letter) && letter.number == tag &&
           letter.count == count && letter.note == (uint16_t)fate;
}

static void
receipts_are_told_at_once(void)
{
    receiver_open("");
    tell_receipt(7, HAWSER_SETTLED);
    CU_ASSERT_TRUE(inbox_has_receipt(7, 1, HAWSER_SETTLED));
}

static void
gathered_receipts_are_told_by_the_last_in_time(void)
{
    receiver_open("receipts.gather=10ms");
    tell_receipt(7, HAWSER_SETTLED);
    desk_pass(&receiver_desk, 9);
    tell_receipt(8, HAWSER_SETTLED);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    desk_pass(&receiver_desk, 1);
    CU_ASSERT_TRUE(inbox_has_receipt(8, 2, HAWSER_SETTLED));
    desk_pass(&receiver_desk, 1000);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
}

static void
gathered_receipts_come_before_what_follows_from_them(void)
{
    receiver_open("receipts.gather=1h");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_WIRE_UP, 1);
    tell_receipt(7, HAWSER_SETTLED);
    receiver_gets(1, "answer");
    receiver_tell_event(HAWSER_WAITING);
    CU_ASSERT_TRUE(inbox_is_given(0, "answer"));
    CU_ASSERT_TRUE(inbox_has_receipt(7, 1, HAWSER_SETTLED));
    CU_ASSERT_TRUE(inbox_is_told(HAWSER_WAITING));
    tell_receipt(8, HAWSER_SETTLED);
    tell_receipt(9, HAWSER_EXPIRED);
    CU_ASSERT_TRUE(inbox_has_receipt(8, 1, HAWSER_SETTLED));
    CU_ASSERT_TRUE(inbox_has_receipt(9, 1, HAWSER_EXPIRED));
}

static void
a_quarter_of_the_receipts_that_may_be_unread_is_told_at_once(void)
{
    receiver_open("receipts.gather=1h receipts.max=8");
    tell_receipt(7, HAWSER_SETTLED);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    tell_receipt(8, HAWSER_SETTLED);
    CU_ASSERT_TRUE(inbox_has_receipt(8, 2, HAWSER_SETTLED));
}

// ---- forgetting ----

static void
a_link_that_is_gone_changes_nothing(void)
{
    const struct hw_letter receipt = { .kind = HW_LETTER_RECEIPT };

    receiver_open("");
    receiver_gets(1, "early");
    receiver_tell(HW_SUPERVISOR, HW_LETTER_LINK_FORGET, 0);
    CU_ASSERT_TRUE(desk_read_next(&receiver_desk, HW_SUPERVISOR,
                                  HW_LETTER_LINK_FORGOTTEN, NULL));
    receiver_gets(1, "late");
    receiver_tell_event(HAWSER_UP);
    receiver_credit(1, 1, 1);
    desk_write(&receiver_desk, HW_QUEUE, &receipt);
    receiver_tell(HW_HEARTBEAT, HW_LETTER_HEARD_WANTED, 1);
    CU_ASSERT_TRUE(desk_is_silent(&receiver_desk));
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
}

static CU_TestInfo tests[] = {
    CHECK(messages_are_delivered_in_order_and_counted),
    CHECK(what_comes_before_the_wire_is_known_waits_for_it),
    CHECK(what_came_before_a_loss_is_delivered_after_it),
    CHECK(late_letters_of_an_earlier_wire_change_nothing),
    CHECK(what_came_early_of_a_wire_that_never_was_is_late),
    CHECK(a_slow_application_stops_the_peer_at_the_limit_and_not_before),
    CHECK(bytes_have_a_limit_too),
    CHECK(a_new_wire_of_a_slow_application_is_stopped_at_once),
    CHECK(without_a_wire_nobody_is_listened_to),
    CHECK(more_credit_than_was_given_is_as_much_as_was_given),
    CHECK(when_the_peer_was_heard_is_what_the_wire_says),
    CHECK(a_peer_that_is_not_listened_to_is_not_held_silent),
    CHECK(receipts_are_told_at_once),
    CHECK(gathered_receipts_are_told_by_the_last_in_time),
    CHECK(gathered_receipts_come_before_what_follows_from_them),
    CHECK(a_quarter_of_the_receipts_that_may_be_unread_is_told_at_once),
    CHECK(a_link_that_is_gone_changes_nothing),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("receiver", tests, NULL, receiver_close);
    return check_run(argc, argv);
}
