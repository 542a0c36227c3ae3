// queue_refused_test.c - messages that a wire can send to nobody: each leaves
// at once, out of turn, and none of the others does.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];
static struct hw_letter mail;

static void
start(const char *options)
{
    queue_open(options);
}

static void
stop(void)
{
    queue_close();
}

// Up, with the first mail at the sender.
static void
send_on_wire(const char *texts)
{
    queue_send(texts, 1);
    queue_bring_up(1);
    mail = queue_mail();
}

static uint64_t
refused(void)
{
    return HW_METER_GET(meter->refused);
}

static uint64_t
settled(void)
{
    return HW_METER_GET(meter->settled);
}

static bool
is_silent(void)
{
    return desk_count(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT) == 0;
}

static void
the_first_the_last_and_those_in_the_midst_are_refused(void)
{
    start("");
    send_on_wire("a b c d e f");
    queue_refuse(&mail, 0, 1);
    queue_refuse(&mail, 2, 2);
    queue_refuse(&mail, 5, 1);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_REFUSED));
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_REFUSED));
    CU_ASSERT_TRUE(queue_receipts(4, HAWSER_REFUSED));
    CU_ASSERT_TRUE(queue_receipts(6, HAWSER_REFUSED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 1);
    queue_hear(HW_LETTER_TAKEN, 1, 6);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(5, HAWSER_SETTLED));
    CU_ASSERT_TRUE(is_silent());
    CU_ASSERT_EQUAL(settled(), 2);
    CU_ASSERT_EQUAL(refused(), 4);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 6);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_bytes), 6);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 0);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 6);
    desk_give_back(&mail);
    stop();
}

static void
a_batch_that_is_refused_whole_leaves_the_others(void)
{
    start("");
    send_on_wire("a b");
    queue_send("c", 3);
    queue_refuse(&mail, 0, 2);
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_EQUAL(refused(), 2);
    CU_ASSERT_EQUAL(settled(), 0);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 1, "c"));
    desk_give_back(&mail);
    stop();
}

static void
untagged_ones_are_counted(void)
{
    start("");
    queue_send("a b c", 0);
    queue_bring_up(1);
    mail = queue_mail();
    queue_refuse(&mail, 1, 1);
    queue_hear(HW_LETTER_TAKEN, 1, 3);
    CU_ASSERT_EQUAL(refused(), 1);
    CU_ASSERT_EQUAL(settled(), 2);
    CU_ASSERT_TRUE(is_silent());
    desk_give_back(&mail);
    stop();
}

// What is not confirmed fills the window; what is refused does not.
static void
a_hole_in_what_is_not_confirmed_makes_room_in_the_window(void)
{
    start("confirm=peer confirm.window=3");
    send_on_wire("a b c d");
    CU_ASSERT_EQUAL(mail.count, 3);
    queue_refuse(&mail, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_REFUSED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 2);
    queue_hear(HW_LETTER_TAKEN, 1, 3);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 1, "d"));
    queue_hear(HW_LETTER_PASSED, 1, 3);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_SETTLED));
    CU_ASSERT_TRUE(is_silent());
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 1);
    desk_give_back(&mail);
    stop();
}

static void
a_hole_is_not_sent_again_after_a_loss(void)
{
    start("confirm=peer");
    send_on_wire("a b c");
    queue_refuse(&mail, 1, 1);
    queue_hear(HW_LETTER_TAKEN, 1, 3);
    queue_gate(1, HW_GATE_SHUT);
    queue_bring_up(2);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 2, "a"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 2, "c"));
    desk_give_back(&mail);
    stop();
}

// Another wire may know its peer.
static void
what_an_earlier_wire_refused_goes_to_the_next_if_it_was_told_late(void)
{
    start("");
    send_on_wire("a b");
    queue_gate(1, HW_GATE_SHUT);
    queue_refuse(&mail, 0, 1);
    queue_bring_up(2);
    queue_refuse(&mail, 0, 1);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_MAIL, 2, "a b"));
    CU_ASSERT_EQUAL(refused(), 0);
    CU_ASSERT_TRUE(is_silent());
    desk_give_back(&mail);
    stop();
}

static void
with_confirm_application_nothing_need_be_said_of_it(void)
{
    start("confirm=application");
    send_on_wire("a b c");
    queue_refuse(&mail, 2, 1);
    queue_hear(HW_LETTER_TAKEN, 1, 3);
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_REFUSED));
    CU_ASSERT_TRUE(queue_answers(HW_LETTER_WHERE, 3, HAWSER_PHASE_GONE, false));
    CU_ASSERT_TRUE(
        queue_answers(HW_LETTER_WHERE, 2, HAWSER_PHASE_IN_FLIGHT, false));
    queue_settle(3, false);
    CU_ASSERT_TRUE(is_silent());
    desk_give_back(&mail);
    stop();
}

// Positions are counted in each lane, numbers over all of them.
static void
refuse_in_lanes(const char *options)
{
    start(options);
    queue_send("n m", 1);
    queue_send_with("h i", 3, (struct hw_policy){ .lane = HAWSER_HIGH });
    queue_bring_up(1);
    mail = queue_mail();
    queue_refuse(&mail, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(4, HAWSER_REFUSED));
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    queue_hear(HW_LETTER_WANT, 1, 0);
    desk_give_back(&mail);
    mail = queue_mail();
    queue_refuse(&mail, 0, 1);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_REFUSED));
    CU_ASSERT_TRUE(is_silent());
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 2);
    desk_give_back(&mail);
    stop();
}

static void
each_lane_has_its_own(void)
{
    refuse_in_lanes("confirm=peer");
    refuse_in_lanes("confirm=application");
}

static void
receipts_that_are_gathered_stay_in_order(void)
{
    struct hw_letter letter;

    start("receipts.gather=100ms");
    send_on_wire("a b c d");
    queue_refuse(&mail, 2, 1);
    queue_hear(HW_LETTER_TAKEN, 1, 4);
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_REFUSED));
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT, &letter));
    CU_ASSERT_EQUAL(letter.number, 4);
    CU_ASSERT_EQUAL(letter.count, 3);
    CU_ASSERT_TRUE(is_silent());
    desk_give_back(&mail);
    stop();
}

static void
a_link_that_drains_waits_for_nothing_that_was_refused(void)
{
    start("confirm=peer");
    send_on_wire("a b");
    queue_tell(HW_LETTER_DRAIN);
    queue_refuse(&mail, 0, 2);
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED, NULL));
    desk_give_back(&mail);
    stop();
}

// The log has it: nobody counts them.
static void
a_copy_of_a_standing_message_is_as_if_it_were_taken(void)
{
    start("");
    queue_bring_up(1);
    queue_standing_add(7, "s");
    mail = queue_mail();
    queue_refuse(&mail, 0, 1);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_EQUAL(refused(), 0);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->copies_left), 1);
    desk_give_back(&mail);
    stop();
}

static CU_TestInfo tests[] = {
    CHECK(the_first_the_last_and_those_in_the_midst_are_refused),
    CHECK(a_batch_that_is_refused_whole_leaves_the_others),
    CHECK(untagged_ones_are_counted),
    CHECK(a_hole_in_what_is_not_confirmed_makes_room_in_the_window),
    CHECK(a_hole_is_not_sent_again_after_a_loss),
    CHECK(what_an_earlier_wire_refused_goes_to_the_next_if_it_was_told_late),
    CHECK(with_confirm_application_nothing_need_be_said_of_it),
    CHECK(each_lane_has_its_own),
    CHECK(receipts_that_are_gathered_stay_in_order),
    CHECK(a_link_that_drains_waits_for_nothing_that_was_refused),
    CHECK(a_copy_of_a_standing_message_is_as_if_it_were_taken),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("queue refused", tests)
