// queue_greeting_test.c - what must be said before anything else.
#include "actors/queue_desk.h"
#include "check.h"

enum { GREETINGS_MAX = 1024 }; // as the queue has it

static void
start(void)
{
    queue_open("");
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

static bool
greets(uint32_t wire, const char *text)
{
    return queue_mails(HW_LETTER_GREETING_MAIL, wire, text);
}

static bool
is_greeted(void)
{
    return desk_read(&queue_desk, HW_SUPERVISOR, HW_LETTER_GREETED, NULL);
}

// The wire takes the greeting that it was handed, and wants more.
static void
take_greeting(uint32_t wire)
{
    queue_hear(HW_LETTER_GREETING_TAKEN, wire, 0);
    queue_hear(HW_LETTER_WANT, wire, 0);
}

// ---- standing messages ----

static void
a_link_without_standing_messages_is_greeted_at_once(void)
{
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(is_greeted());
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
standing_messages_are_said_on_every_wire_in_their_order(void)
{
    queue_standing_add(1, "one");
    queue_standing_add(2, "two");
    for (uint32_t wire = 1; wire <= 3; wire++) {
        queue_hear(HW_LETTER_WANT, wire, 0);
        queue_gate(wire, HW_GATE_REPLAY);
        CU_ASSERT_TRUE(greets(wire, "one"));
        CU_ASSERT_TRUE(greets(wire, ""));
        take_greeting(wire);
        CU_ASSERT_FALSE(is_greeted());
        CU_ASSERT_TRUE(greets(wire, "two"));
        queue_hear(HW_LETTER_GREETING_TAKEN, wire, 0);
        CU_ASSERT_TRUE(is_greeted());
        queue_gate(wire, HW_GATE_FLOW);
        queue_gate(wire, HW_GATE_SHUT);
        CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    }
}

static void
standing_messages_come_before_what_waits(void)
{
    queue_send("traffic", 0);
    queue_standing_add(1, "login");
    queue_gate(1, HW_GATE_REPLAY);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(greets(1, "login"));
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
    CU_ASSERT_TRUE(mails(1, ""));
    queue_gate(1, HW_GATE_FLOW);
    CU_ASSERT_TRUE(mails(1, "traffic"));
}

static void
a_greeting_that_was_cut_short_is_said_anew(void)
{
    queue_standing_add(1, "one");
    queue_standing_add(2, "two");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(1, "one"));
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "two"));
    queue_gate(1, HW_GATE_SHUT);
    queue_hear(HW_LETTER_WANT, 2, 0);
    queue_gate(2, HW_GATE_REPLAY);
    queue_hear(HW_LETTER_GREETING_TAKEN, 1, 0); // late
    CU_ASSERT_FALSE(is_greeted());
    CU_ASSERT_TRUE(greets(2, "one"));
    take_greeting(2);
    CU_ASSERT_TRUE(greets(2, "two"));
    CU_ASSERT_FALSE(is_greeted());
    queue_hear(HW_LETTER_GREETING_TAKEN, 2, 0);
    CU_ASSERT_TRUE(is_greeted());
}

static void
what_is_added_while_up_is_also_said_at_once_in_its_turn(void)
{
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(is_greeted());
    queue_gate(1, HW_GATE_FLOW);
    queue_send("before", 0);
    queue_standing_add(1, "subscribe");
    queue_send("after", 0);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "before"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "subscribe"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "after"));
    queue_hear(HW_LETTER_TAKEN, 1, 3);
    CU_ASSERT_EQUAL(HW_METER_GET(queue_desk.meters[0].settled), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(queue_desk.meters[0].released_messages), 2);
}

static void
what_is_added_while_down_is_said_once_in_the_greeting(void)
{
    queue_standing_add(1, "login");
    queue_gate(1, HW_GATE_REPLAY);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(greets(1, "login"));
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
    queue_gate(1, HW_GATE_FLOW);
    CU_ASSERT_TRUE(mails(1, ""));
}

// It waited behind other messages when the wire went: the next wire is told it
// in its greeting, and not once more behind them.
static void
what_was_added_while_up_is_not_said_twice_on_the_next_wire(void)
{
    queue_gate(1, HW_GATE_REPLAY);
    queue_gate(1, HW_GATE_FLOW);
    queue_send("before", 0);
    queue_standing_add(1, "subscribe");
    queue_gate(1, HW_GATE_SHUT);
    queue_hear(HW_LETTER_WANT, 2, 0);
    queue_gate(2, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(2, "subscribe"));
    take_greeting(2);
    queue_gate(2, HW_GATE_FLOW);
    CU_ASSERT_TRUE(mails(2, "before"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, ""));
}

static void
what_is_added_during_the_greeting_is_part_of_it(void)
{
    queue_standing_add(1, "one");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(1, "one"));
    queue_standing_add(2, "two");
    take_greeting(1);
    CU_ASSERT_FALSE(is_greeted());
    CU_ASSERT_TRUE(greets(1, "two"));
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
many_standing_messages_are_kept_in_order(void)
{
    char text[16];

    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "s%u", i);
        queue_standing_add(i + 1, text);
    }
    queue_gate(1, HW_GATE_REPLAY);
    queue_hear(HW_LETTER_WANT, 1, 0);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "s%u", i);
        CU_ASSERT_FALSE(is_greeted());
        CU_ASSERT_TRUE(greets(1, text));
        take_greeting(1);
    }
    CU_ASSERT_TRUE(is_greeted());
}

// ---- taking them back ----

static void
what_was_taken_back_is_not_said_any_more(void)
{
    queue_standing_add(1, "one");
    queue_standing_add(2, "two");
    queue_standing_add(3, "three");
    queue_standing_remove(2, "bye");
    queue_standing_remove(9, "bye");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(1, "one"));
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "three"));
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
a_farewell_is_said_while_up_and_only_then(void)
{
    queue_standing_add(1, "one");
    queue_standing_remove(1, "unheard");
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(is_greeted());
    queue_gate(1, HW_GATE_FLOW);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    queue_standing_remove(1, "unsubscribe");
    CU_ASSERT_TRUE(mails(1, "unsubscribe"));
    queue_standing_remove(1, NULL);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
a_farewell_does_not_outlive_its_wire(void)
{
    queue_gate(1, HW_GATE_REPLAY);
    queue_gate(1, HW_GATE_FLOW);
    queue_standing_remove(1, "unsubscribe");
    queue_gate(1, HW_GATE_SHUT);
    queue_gate(2, HW_GATE_REPLAY);
    queue_gate(2, HW_GATE_FLOW);
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, ""));
}

static void
taking_back_what_was_said_already_skips_nothing(void)
{
    queue_standing_add(1, "one");
    queue_standing_add(2, "two");
    queue_standing_add(3, "three");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(1, "one"));
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "two"));
    queue_standing_remove(1, NULL);
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "three"));
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
}

// The wire is full, and does not want what is now not to be said any more.
static void
a_greeting_whose_last_message_was_taken_back_is_over(void)
{
    queue_standing_add(1, "one");
    queue_standing_add(2, "two");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(1, "one"));
    queue_hear(HW_LETTER_GREETING_TAKEN, 1, 0);
    CU_ASSERT_FALSE(is_greeted());
    queue_standing_remove(2, NULL);
    CU_ASSERT_TRUE(is_greeted());
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
a_greeting_whose_only_message_was_taken_back_is_over(void)
{
    queue_standing_add(1, "one");
    queue_gate(1, HW_GATE_REPLAY);
    queue_standing_remove(1, "bye");
    CU_ASSERT_TRUE(is_greeted());
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
a_message_on_its_way_is_waited_for_though_it_was_taken_back(void)
{
    queue_standing_add(1, "one");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(greets(1, "one"));
    queue_standing_remove(1, NULL);
    CU_ASSERT_FALSE(is_greeted());
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
    CU_ASSERT_FALSE(is_greeted());
}

// ---- the application greets ----

static void
the_applications_greetings_go_past_the_spool(void)
{
    queue_send("traffic", 0);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_TALK);
    queue_greet(1, "hello");
    CU_ASSERT_TRUE(greets(1, "hello"));
    queue_greet(1, "how");
    queue_greet(1, "are");
    CU_ASSERT_TRUE(greets(1, ""));
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "how"));
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "are"));
    take_greeting(1);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
greetings_for_another_wire_or_none_are_dropped(void)
{
    queue_hear(HW_LETTER_WANT, 2, 0);
    queue_greet(2, "early");
    queue_gate(2, HW_GATE_TALK);
    queue_greet(1, "late");
    queue_gate(2, HW_GATE_REPLAY);
    queue_greet(2, "late");
    CU_ASSERT_TRUE(is_greeted());
    queue_gate(2, HW_GATE_FLOW);
    queue_greet(2, "late");
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
greetings_are_not_repeated_on_the_next_wire(void)
{
    queue_gate(1, HW_GATE_TALK);
    queue_greet(1, "hello");
    queue_gate(1, HW_GATE_SHUT);
    queue_hear(HW_LETTER_WANT, 2, 0);
    queue_gate(2, HW_GATE_TALK);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
greetings_that_wait_have_a_limit(void)
{
    unsigned said = 0;

    queue_gate(1, HW_GATE_TALK);
    for (unsigned i = 0; i < GREETINGS_MAX + 1; i++) {
        queue_greet(1, "g");
    }
    queue_hear(HW_LETTER_WANT, 1, 0);
    while (desk_read(&queue_desk, HW_SENDER, HW_LETTER_GREETING_MAIL, NULL)) {
        said++;
        take_greeting(1);
    }
    CU_ASSERT_EQUAL(said, GREETINGS_MAX);
    queue_greet(1, "room");
    CU_ASSERT_TRUE(greets(1, "room"));
}

// The application says ready while the wire is still full of what it greeted
// with: that was said first, and comes first.
static void
what_was_greeted_before_ready_comes_before_standing_messages(void)
{
    queue_standing_add(1, "subscribe");
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_TALK);
    queue_greet(1, "login");
    queue_greet(1, "token");
    CU_ASSERT_TRUE(greets(1, "login"));
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_FALSE(is_greeted());
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "token"));
    CU_ASSERT_FALSE(is_greeted());
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "subscribe"));
    CU_ASSERT_FALSE(is_greeted());
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
}

static void
traffic_waits_for_what_was_greeted_before_ready(void)
{
    queue_send("traffic", 0);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_TALK);
    queue_greet(1, "login");
    queue_greet(1, "token");
    CU_ASSERT_TRUE(greets(1, "login"));
    queue_gate(1, HW_GATE_REPLAY);
    CU_ASSERT_FALSE(is_greeted());
    take_greeting(1);
    CU_ASSERT_TRUE(greets(1, "token"));
    take_greeting(1);
    CU_ASSERT_TRUE(is_greeted());
    queue_gate(1, HW_GATE_FLOW);
    CU_ASSERT_TRUE(mails(1, "traffic"));
}

static CU_TestInfo tests[] = {
    CHECK(a_link_without_standing_messages_is_greeted_at_once),
    CHECK(standing_messages_are_said_on_every_wire_in_their_order),
    CHECK(standing_messages_come_before_what_waits),
    CHECK(a_greeting_that_was_cut_short_is_said_anew),
    CHECK(what_is_added_while_up_is_also_said_at_once_in_its_turn),
    CHECK(what_is_added_while_down_is_said_once_in_the_greeting),
    CHECK(what_was_added_while_up_is_not_said_twice_on_the_next_wire),
    CHECK(what_is_added_during_the_greeting_is_part_of_it),
    CHECK(many_standing_messages_are_kept_in_order),
    CHECK(what_was_taken_back_is_not_said_any_more),
    CHECK(a_farewell_is_said_while_up_and_only_then),
    CHECK(a_farewell_does_not_outlive_its_wire),
    CHECK(taking_back_what_was_said_already_skips_nothing),
    CHECK(a_greeting_whose_last_message_was_taken_back_is_over),
    CHECK(a_greeting_whose_only_message_was_taken_back_is_over),
    CHECK(a_message_on_its_way_is_waited_for_though_it_was_taken_back),
    CHECK(the_applications_greetings_go_past_the_spool),
    CHECK(greetings_for_another_wire_or_none_are_dropped),
    CHECK(greetings_are_not_repeated_on_the_next_wire),
    CHECK(greetings_that_wait_have_a_limit),
    CHECK(what_was_greeted_before_ready_comes_before_standing_messages),
    CHECK(traffic_waits_for_what_was_greeted_before_ready),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue greeting", tests, start, stop);
    return check_run(argc, argv);
}
