// queue_test.c - what waits, what is in flight, and their order.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];

static void
start(void)
{
    queue_open("");
}

static void
start_confirming(void)
{
    queue_close();
    queue_open("confirm=peer");
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

static void
bring_up(uint32_t wire)
{
    queue_bring_up(wire);
}

// ---- handing on ----

static void
mail_needs_a_message_an_open_gate_and_a_sender_that_wants_it(void)
{
    // In every order of the three.
    static const char orders[][4] = {
        "sgw", "swg", "gsw", "gws", "wsg", "wgs"
    };

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        uint32_t wire = (uint32_t)i + 1;

        for (const char *step = orders[i]; *step != '\0'; step++) {
            CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SENDER, HW_LETTER_MAIL),
                            0);
            if (*step == 's') {
                queue_send("hello", 0);
            } else if (*step == 'g') {
                queue_gate(wire, HW_GATE_FLOW);
            } else {
                queue_hear(HW_LETTER_WANT, wire, 0);
            }
        }
        CU_ASSERT_TRUE(mails(wire, "hello"));
        queue_hear(HW_LETTER_TAKEN, wire, i + 1);
        queue_gate(wire, HW_GATE_SHUT);
    }
}

static void
nothing_passes_a_gate_that_is_not_open_for_traffic(void)
{
    static const enum hw_gate gates[] = { HW_GATE_SHUT, HW_GATE_TALK,
                                          HW_GATE_REPLAY };

    queue_send("hello", 0);
    for (size_t i = 0; i < 3; i++) {
        queue_gate(1, gates[i]);
        queue_hear(HW_LETTER_WANT, 1, 0);
        queue_send("more", 0);
        CU_ASSERT_TRUE(mails(1, ""));
    }
}

static void
there_is_one_mail_for_each_want(void)
{
    bring_up(1);
    queue_send("a b", 0);
    queue_send("c", 0);
    CU_ASSERT_TRUE(mails(1, "a b"));
    CU_ASSERT_TRUE(mails(1, ""));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "c"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, ""));
    queue_send("d", 0);
    CU_ASSERT_TRUE(mails(1, "d"));
}

static void
mail_says_where_it_stands_in_the_order_of_acceptance(void)
{
    bring_up(1);
    queue_send("a b", 0);
    CU_ASSERT_TRUE(queue_mails_at(0, 1, "a b"));
    queue_send("c", 0);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(queue_mails_at(2, 1, "c"));
}

static void
a_list_of_batches_is_taken_whole_and_in_order(void)
{
    // The door chains what was sent since it was last heard.
    bring_up(1);
    queue_send("a", 0);
    queue_send("b c", 0);
    queue_send("d", 0);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "b c"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "d"));
}

static void
nothing_overtakes_a_queue_that_is_not_empty(void)
{
    queue_send("a", 0);
    queue_send("b", 0);
    bring_up(1);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_gate(1, HW_GATE_SHUT);
    queue_send("c", 0);
    bring_up(2);
    queue_send("d", 0);
    CU_ASSERT_TRUE(mails(2, "a"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "b"));
    queue_send("e", 0);
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "c"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "d"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "e"));
}

// From the sender, which can take more.
static void
hear_taken(unsigned kind, uint32_t wire, uint64_t number)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind, .note = 1, .wire = wire, .number = number
    };

    desk_write(&queue_desk, HW_SENDER, &letter);
}

static void
what_was_taken_whole_is_followed_by_the_next(void)
{
    bring_up(1);
    queue_send("a", 7);
    queue_send("b", 8);
    queue_send("c", 9);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_hear(HW_LETTER_TAKEN, 1, 1); // but there is no room
    CU_ASSERT_TRUE(mails(1, ""));
    hear_taken(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_TRUE(mails(1, "b"));
    CU_ASSERT_TRUE(mails(1, ""));
    hear_taken(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_TRUE(mails(1, "c"));
}

static void
what_was_taken_whole_is_followed_by_the_next_while_confirming(void)
{
    start_confirming();
    bring_up(1);
    queue_send("a", 7);
    queue_send("b", 8);
    CU_ASSERT_TRUE(mails(1, "a"));
    hear_taken(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_TRUE(mails(1, "b"));
    CU_ASSERT_FALSE(queue_receipts(7, HAWSER_SETTLED));
}

static void
what_an_earlier_wire_took_is_followed_by_nothing(void)
{
    queue_send("a", 0);
    queue_send("b", 0);
    bring_up(1);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_gate(1, HW_GATE_SHUT);
    bring_up(2);
    CU_ASSERT_TRUE(mails(2, "a"));
    hear_taken(HW_LETTER_TAKEN, 1, 1);
    hear_taken(HW_LETTER_GREETING_TAKEN, 1, 0);
    CU_ASSERT_TRUE(mails(2, ""));
}

static void
a_failed_send_goes_back_to_the_head(void)
{
    bring_up(1);
    queue_send("a b c", 1);
    CU_ASSERT_TRUE(queue_mails_at(0, 1, "a b c"));
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    queue_send("d", 0);
    queue_gate(1, HW_GATE_SHUT);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->resent), 1);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 0);
    bring_up(2);
    CU_ASSERT_TRUE(queue_mails_at(2, 2, "c"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(queue_mails_at(3, 2, "d"));
}

static void
a_wire_that_is_gone_wants_nothing(void)
{
    bring_up(1);
    queue_gate(1, HW_GATE_SHUT);
    queue_send("a", 0);
    queue_gate(2, HW_GATE_FLOW);
    CU_ASSERT_TRUE(mails(2, ""));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "a"));
}

// ---- settling ----

static void
without_confirming_what_was_taken_is_settled(void)
{
    bring_up(1);
    queue_send("a b", 7);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 2);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(7, HAWSER_SETTLED));
    CU_ASSERT_FALSE(queue_receipts(8, HAWSER_SETTLED));
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_TRUE(queue_receipts(8, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_bytes), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 0);
}

static void
gathered_receipts_of_a_run_are_one(void)
{
    struct hw_letter letter;

    queue_close();
    queue_open("receipts.gather=10ms");
    bring_up(1);
    queue_send("a b c", 7);
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT, &letter));
    CU_ASSERT_EQUAL(letter.number, 8);
    CU_ASSERT_EQUAL(letter.count, 2);
    queue_hear(HW_LETTER_TAKEN, 1, 3);
    CU_ASSERT_TRUE(queue_receipts(9, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT), 0);
}

static void
confirming_only_what_arrived_is_settled(void)
{
    start_confirming();
    bring_up(1);
    queue_send("a b", 7);
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_FALSE(queue_receipts(7, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 2);
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(7, HAWSER_SETTLED));
    queue_gate(1, HW_GATE_SHUT);
    desk_clear(&queue_desk);
    bring_up(2);
    CU_ASSERT_TRUE(queue_mails_at(1, 2, "b"));
    queue_hear(HW_LETTER_PASSED, 2, 2);
    CU_ASSERT_TRUE(queue_receipts(8, HAWSER_SETTLED));
}

static void
untagged_messages_get_no_receipt(void)
{
    bring_up(1);
    queue_send("a", 0);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT), 0);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 1);
}

static void
a_wire_that_cannot_confirm_settles_what_it_takes(void)
{
    start_confirming();
    bring_up(1);
    queue_send("a b", 7);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    queue_hear(HW_LETTER_DOWNGRADE, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(7, HAWSER_SETTLED));
    CU_ASSERT_FALSE(queue_receipts(8, HAWSER_SETTLED));
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_TRUE(queue_receipts(8, HAWSER_SETTLED));
}

static void
a_downgrade_that_is_heard_before_the_gate_counts(void)
{
    start_confirming();
    queue_send("a", 7);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_hear(HW_LETTER_DOWNGRADE, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    queue_gate(1, HW_GATE_FLOW);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(7, HAWSER_SETTLED));
}

static void
the_next_wire_is_asked_to_confirm_again(void)
{
    start_confirming();
    bring_up(1);
    queue_hear(HW_LETTER_DOWNGRADE, 1, 0);
    queue_gate(1, HW_GATE_SHUT);
    bring_up(2);
    queue_send("a", 7);
    queue_hear(HW_LETTER_TAKEN, 2, 1);
    CU_ASSERT_FALSE(queue_receipts(7, HAWSER_SETTLED));
}

// ---- late letters ----

static void
write_late_letters(uint32_t wire)
{
    queue_hear(HW_LETTER_TAKEN, wire, 1);
    queue_hear(HW_LETTER_PASSED, wire, 1);
    queue_hear(HW_LETTER_GREETING_TAKEN, wire, 0);
    queue_hear(HW_LETTER_DOWNGRADE, wire, 1);
    queue_hear(HW_LETTER_WANT, wire, 0);
    queue_greet(wire, "late");
}

static void
late_letters_of_an_earlier_wire_change_nothing(void)
{
    start_confirming();
    bring_up(1);
    queue_send("a b", 7);
    CU_ASSERT_TRUE(mails(1, "a b"));
    queue_gate(1, HW_GATE_SHUT);
    bring_up(2);
    CU_ASSERT_TRUE(mails(2, "a b"));
    queue_send("c", 0);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    write_late_letters(1);
    queue_gate(1, HW_GATE_SHUT);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 0);
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "c"));
    queue_hear(HW_LETTER_PASSED, 2, 1);
    CU_ASSERT_TRUE(queue_receipts(7, HAWSER_SETTLED));
}

static void
late_letters_of_a_wire_that_was_just_lost_change_nothing(void)
{
    bring_up(1);
    queue_send("a", 7);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_gate(1, HW_GATE_SHUT);
    write_late_letters(1);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 0);
    bring_up(2);
    CU_ASSERT_TRUE(mails(2, "a"));
}

static void
letters_for_a_link_that_is_gone_change_nothing(void)
{
    queue_tell(HW_LETTER_LINK_FORGET);
    desk_clear(&queue_desk);
    queue_send("a b", 7);
    queue_standing_add(1, "s");
    queue_standing_remove(1, "bye");
    write_late_letters(1);
    queue_gate(1, HW_GATE_FLOW);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

// ---- draining and forgetting ----

static void
an_empty_queue_is_drained_at_once(void)
{
    queue_tell(HW_LETTER_DRAIN);
    CU_ASSERT_TRUE(
        desk_read_next(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED, NULL));
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
a_queue_is_drained_once_all_is_settled_and_says_so_once(void)
{
    bring_up(1);
    queue_send("a", 0);
    queue_send("b", 0);
    queue_tell(HW_LETTER_DRAIN);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    0);
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    1);
    queue_gate(1, HW_GATE_SHUT);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    1);
}

static void
confirming_a_queue_is_drained_once_all_has_arrived(void)
{
    start_confirming();
    bring_up(1);
    queue_send("a", 0);
    queue_tell(HW_LETTER_DRAIN);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    0);
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED),
                    1);
}

static void
a_forgotten_link_tells_what_was_left(void)
{
    struct hw_letter letter;

    start_confirming();
    bring_up(1);
    queue_send("a b", 7);
    CU_ASSERT_TRUE(mails(1, "a b"));
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(7, HAWSER_SETTLED));
    queue_send("c", 9);
    queue_tell(HW_LETTER_LINK_FORGET);
    CU_ASSERT_TRUE(queue_receipts(8, HAWSER_DROPPED));
    CU_ASSERT_TRUE(queue_receipts(9, HAWSER_DROPPED));
    CU_ASSERT_TRUE(desk_read_next(&queue_desk, HW_SUPERVISOR,
                                  HW_LETTER_LINK_FORGOTTEN, &letter));
    CU_ASSERT_EQUAL(letter.number, 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->in_flight), 0);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_bytes), 3);
}

static void
a_row_serves_the_next_link_from_the_start(void)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .thing = desk_plan(&queue_desk, 0, "", "ws://two"),
    };

    bring_up(3);
    queue_standing_add(1, "s");
    queue_send("a", 0);
    queue_tell(HW_LETTER_LINK_FORGET);
    desk_clear(&queue_desk);
    desk_write(&queue_desk, HW_DOOR, &open);
    bring_up(1);
    queue_send("b", 0);
    CU_ASSERT_TRUE(queue_mails_at(0, 1, "b"));
}

static CU_TestInfo tests[] = {
    CHECK(mail_needs_a_message_an_open_gate_and_a_sender_that_wants_it),
    CHECK(nothing_passes_a_gate_that_is_not_open_for_traffic),
    CHECK(there_is_one_mail_for_each_want),
    CHECK(mail_says_where_it_stands_in_the_order_of_acceptance),
    CHECK(a_list_of_batches_is_taken_whole_and_in_order),
    CHECK(nothing_overtakes_a_queue_that_is_not_empty),
    CHECK(what_was_taken_whole_is_followed_by_the_next),
    CHECK(what_was_taken_whole_is_followed_by_the_next_while_confirming),
    CHECK(what_an_earlier_wire_took_is_followed_by_nothing),
    CHECK(a_failed_send_goes_back_to_the_head),
    CHECK(a_wire_that_is_gone_wants_nothing),
    CHECK(without_confirming_what_was_taken_is_settled),
    CHECK(gathered_receipts_of_a_run_are_one),
    CHECK(confirming_only_what_arrived_is_settled),
    CHECK(untagged_messages_get_no_receipt),
    CHECK(a_wire_that_cannot_confirm_settles_what_it_takes),
    CHECK(a_downgrade_that_is_heard_before_the_gate_counts),
    CHECK(the_next_wire_is_asked_to_confirm_again),
    CHECK(late_letters_of_an_earlier_wire_change_nothing),
    CHECK(late_letters_of_a_wire_that_was_just_lost_change_nothing),
    CHECK(letters_for_a_link_that_is_gone_change_nothing),
    CHECK(an_empty_queue_is_drained_at_once),
    CHECK(a_queue_is_drained_once_all_is_settled_and_says_so_once),
    CHECK(confirming_a_queue_is_drained_once_all_has_arrived),
    CHECK(a_forgotten_link_tells_what_was_left),
    CHECK(a_row_serves_the_next_link_from_the_start),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue", tests, start, stop);
    return check_run(argc, argv);
}
