// supervisor_greeting_test.c - greetings, fresh headers, wires that can't
// confirm.
#include "actors/super_desk.h"
#include "check.h"

#define GREETS "greeting=application"

static bool
says(unsigned to, unsigned kind)
{
    return desk_read(&super_desk, to, kind, NULL);
}

// ---- the application greets ----

static void
the_application_is_asked_to_greet_before_anything_else(void)
{
    super_bring(GREETS, HAWSER_DIALING);
    super_opened(1, true);
    CU_ASSERT_TRUE(super_tells(HAWSER_GREETING));
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_TALK));
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_REPLAY));
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    CU_ASSERT_TRUE(super_tells(HAWSER_UP));
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_FLOW));
}

static void
an_answer_for_another_wire_changes_nothing(void)
{
    super_bring(GREETS, HAWSER_GREETING);
    super_wish(HW_LETTER_LINK_READY, 0, 0, 0, NULL);
    super_wish(HW_LETTER_LINK_READY, 2, 0, 0, NULL);
    super_wish(HW_LETTER_LINK_REFUSE, 2, 0, 0, "of another wire");
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
}

static void
a_refused_greeting_is_said_again_on_the_same_wire_after_the_backoff(void)
{
    struct super_event event;

    super_bring(GREETS, HAWSER_GREETING);
    super_wish(HW_LETTER_LINK_REFUSE, 1, 0, 0, "wrong password");
    CU_ASSERT_TRUE(super_wants_retry(0, true));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_CLOSE));
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.state, HAWSER_GREETING);
    CU_ASSERT_EQUAL(event.wire, 1);
    CU_ASSERT_EQUAL(event.attempt, 1);
    CU_ASSERT_STRING_EQUAL(event.error, "wrong password");
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_TALK));
    CU_ASSERT_FALSE(says(HW_SENDER, HW_LETTER_WIRE_UP));
}

// What was refused and is ready after all, before the backoff has answered.
static void
the_last_attempt_is_not_over_once_the_application_is_ready(void)
{
    super_bring(GREETS " attempts.max=1", HAWSER_GREETING);
    super_wish(HW_LETTER_LINK_REFUSE, 1, 0, 0, "not yet");
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    super_retry(HW_LETTER_RETRY_OVER, 1, 0, 0);
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
    super_retry(HW_LETTER_RETRY_OVER, 1, 0, 0);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

static void
at_the_ceiling_a_refused_wire_is_dropped_and_dialled_anew(void)
{
    struct super_event event;

    super_bring(GREETS, HAWSER_GREETING);
    super_wish(HW_LETTER_LINK_REFUSE, 1, 0, 0, "wrong password");
    CU_ASSERT_TRUE(super_wants_retry(0, true));
    super_retry(HW_LETTER_RETRY_SET, 9, 30000, 1);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_TRUE(super_closes(1, 0));
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_SHUT));
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    super_retry(HW_LETTER_RETRY_SET, 10, 30000, 1);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.state, HAWSER_WAITING);
    CU_ASSERT_STRING_EQUAL(event.error, "wrong password");
    super_retry(HW_LETTER_RETRY_DUE, 10, 0, 0);
    CU_ASSERT_TRUE(super_dials(2, 0));
}

static void
a_refusal_without_a_reason_is_told_with_a_sentence(void)
{
    struct super_event event;

    super_bring(GREETS, HAWSER_GREETING);
    super_wish(HW_LETTER_LINK_REFUSE, 1, 0, 0, NULL);
    super_retry(HW_LETTER_RETRY_SET, 9, 30000, 1);
    super_retry(HW_LETTER_RETRY_SET, 10, 30000, 1);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_STRING_EQUAL(event.error, "greeting refused by the application");
}

static void
a_greeting_that_takes_too_long_is_said_again(void)
{
    super_bring(GREETS " greeting.timeout=300ms", HAWSER_GREETING);
    super_pass(299);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    super_pass(1);
    CU_ASSERT_TRUE(super_wants_retry(0, true));
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    // While it waits for the backoff no clock runs.
    super_retry(HW_LETTER_RETRY_SET, 1, 5000, 0);
    super_pass(5000);
    CU_ASSERT_FALSE(says(HW_BACKOFF, HW_LETTER_RETRY_WANTED));
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_GREETING));
    super_pass(300);
    CU_ASSERT_TRUE(super_wants_retry(0, true));
}

static void
the_time_of_a_greeting_is_for_the_whole_of_it(void)
{
    super_bring(GREETS " greeting.timeout=300ms", HAWSER_GREETING);
    super_pass(200);
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_REPLAY));
    // Some of the standing messages may have been taken: a new wire is needed.
    super_pass(100);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_TRUE(super_closes(1, 0));
    CU_ASSERT_TRUE(super_wants_retry(0, false));
}

// Its greeting took too long, and waits for the backoff to be said again; that
// it went well after all is what counts.
static void
an_application_that_is_ready_late_is_not_asked_to_greet_again(void)
{
    super_bring(GREETS " greeting.timeout=300ms", HAWSER_GREETING);
    super_pass(300);
    CU_ASSERT_TRUE(super_wants_retry(0, true));
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_REPLAY));
    desk_clear(&super_desk);
    super_retry(HW_LETTER_RETRY_SET, 9, 100, 1);
    super_pass(100);
    super_retry(HW_LETTER_RETRY_DUE, 9, 0, 0);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

static void
what_is_said_after_a_late_ready_has_its_time_too(void)
{
    super_bring(GREETS " greeting.timeout=300ms", HAWSER_GREETING);
    super_pass(300);
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    super_pass(299);
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    super_pass(1);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
}

// Ready after its time was over, the application need not greet again: the wait
// for that is over too.
static void
an_application_that_is_ready_late_does_not_greet_again(void)
{
    super_bring(GREETS " greeting.timeout=300ms", HAWSER_GREETING);
    super_pass(300);
    CU_ASSERT_TRUE(super_wants_retry(0, true));
    super_retry(HW_LETTER_RETRY_SET, 1, 5000, 0);
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_REPLAY));
    desk_clear(&super_desk);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    // What is left of it has a time of its own.
    super_pass(300);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_TRUE(super_closes(1, 0));
}

// Standing messages that a wire does not take are said on a new one.
static void
a_greeting_of_standing_messages_that_takes_too_long_needs_a_new_wire(void)
{
    struct super_event event;

    super_bring("greeting.timeout=300ms", HAWSER_GREETING);
    super_pass(300);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_TRUE(super_closes(1, 0));
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_STRING_EQUAL(event.error,
                           "greeting.timeout: the greeting took too long");
}

static void
no_attempts_left_while_greeting_ends_in_failed(void)
{
    super_bring(GREETS, HAWSER_GREETING);
    super_wish(HW_LETTER_LINK_REFUSE, 1, 0, 0, "no");
    super_retry(HW_LETTER_RETRY_OVER, 3, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_FAILED));
    CU_ASSERT_TRUE(super_closes(1, 0));
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_SHUT));
}

static void
a_word_about_a_greeting_that_is_over_changes_nothing(void)
{
    super_bring(GREETS, HAWSER_UP);
    super_wish(HW_LETTER_LINK_READY, 1, 0, 0, NULL);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

// ---- fresh headers ----

static void
each_attempt_asks_for_fresh_headers_and_dials_with_them(void)
{
    struct super_event event;
    struct hw_letter letter;

    super_open("dial.ask=on", "ws://one");
    CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.kind, HAWSER_EVENT_ASK);
    CU_ASSERT_EQUAL(event.state, HAWSER_DIALING);
    CU_ASSERT_EQUAL(event.wire, 1);
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, "Token: 1");
    CU_ASSERT_TRUE(
        desk_read(&super_desk, HW_PORT, HW_LETTER_WIRE_DIAL, &letter));
    CU_ASSERT_STRING_EQUAL(letter.thing, "Token: 1");
    desk_give_back(&letter);
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, "Token: 2");
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
    super_lost(1, HAWSER_CAUSE_RESET, 0, 0);
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_WAITING));
    CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.kind, HAWSER_EVENT_ASK);
    CU_ASSERT_EQUAL(event.wire, 2);
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, "Token: late");
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
}

static void
an_attempt_without_headers_is_given_up_and_tried_again(void)
{
    struct super_event event;

    super_open("dial.ask=on", "ws://one");
    desk_clear(&super_desk);
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, NULL);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_CLOSE));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_STRING_EQUAL(event.error, "the application gave the attempt up");
}

static void
an_application_that_gives_no_headers_has_the_time_of_a_dial(void)
{
    struct super_event event;

    super_open("dial.ask=on dial.timeout=1s", "ws://one");
    desk_clear(&super_desk);
    super_pass(999);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    super_pass(1);
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_STRING_EQUAL(event.error,
                           "dial.timeout: the application gave no headers");
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, "Token: late");
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
}

static void
asking_is_cut_short_by_reconnect_and_close(void)
{
    super_open("dial.ask=on", "ws://one");
    super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
    desk_clear(&super_desk);
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, "Token: late");
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 0, NULL);
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_CLOSE));
    super_wish(HW_LETTER_LINK_ANSWER, 2, 0, 0, "Token: late");
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
}

// ---- wires that can't confirm ----

static void
a_wire_that_cannot_confirm_is_told_and_used_all_the_same(void)
{
    static const hawser_state states[] = { HAWSER_GREETING, HAWSER_UP,
                                           HAWSER_DRAINING };

    for (size_t i = 0; i < 3; i++) {
        struct super_event event;

        super_bring("confirm=peer", states[i]);
        super_hear(HW_SENDER, HW_LETTER_DOWNGRADE, 1);
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.kind, HAWSER_EVENT_DOWNGRADE);
        CU_ASSERT_EQUAL(event.state, states[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(event.error, "nothing tells here"));
        CU_ASSERT_PTR_NOT_NULL(strstr(event.error, "confirm=none is in force"));
        CU_ASSERT_TRUE(desk_is_silent(&super_desk));
        CU_ASSERT_EQUAL(super_state(), states[i]);
        if (i < 2) {
            super_close();
        }
    }
}

static void
a_strict_link_fails_on_a_wire_that_cannot_confirm(void)
{
    static const hawser_state states[] = { HAWSER_GREETING, HAWSER_UP,
                                           HAWSER_DRAINING };

    for (size_t i = 0; i < 3; i++) {
        struct super_event event;

        super_bring("confirm=peer confirm.strict=on", states[i]);
        super_hear(HW_SENDER, HW_LETTER_DOWNGRADE, 1);
        CU_ASSERT_EQUAL(super_state(), i < 2 ? HAWSER_FAILED : HAWSER_CLOSED);
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.kind, HAWSER_EVENT_STATE);
        CU_ASSERT_EQUAL(event.state, HAWSER_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(event.error, "confirm.strict"));
        CU_ASSERT_TRUE(super_closes(1, 0));
        if (i < 2) {
            super_close();
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK(the_application_is_asked_to_greet_before_anything_else),
    CHECK(an_answer_for_another_wire_changes_nothing),
    CHECK(a_refused_greeting_is_said_again_on_the_same_wire_after_the_backoff),
    CHECK(the_last_attempt_is_not_over_once_the_application_is_ready),
    CHECK(at_the_ceiling_a_refused_wire_is_dropped_and_dialled_anew),
    CHECK(a_refusal_without_a_reason_is_told_with_a_sentence),
    CHECK(a_greeting_that_takes_too_long_is_said_again),
    CHECK(the_time_of_a_greeting_is_for_the_whole_of_it),
    CHECK(an_application_that_is_ready_late_does_not_greet_again),
    CHECK(an_application_that_is_ready_late_is_not_asked_to_greet_again),
    CHECK(what_is_said_after_a_late_ready_has_its_time_too),
    CHECK(a_greeting_of_standing_messages_that_takes_too_long_needs_a_new_wire),
    CHECK(no_attempts_left_while_greeting_ends_in_failed),
    CHECK(a_word_about_a_greeting_that_is_over_changes_nothing),
    CHECK(each_attempt_asks_for_fresh_headers_and_dials_with_them),
    CHECK(an_attempt_without_headers_is_given_up_and_tried_again),
    CHECK(an_application_that_gives_no_headers_has_the_time_of_a_dial),
    CHECK(asking_is_cut_short_by_reconnect_and_close),
    CHECK(a_wire_that_cannot_confirm_is_told_and_used_all_the_same),
    CHECK(a_strict_link_fails_on_a_wire_that_cannot_confirm),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("supervisor greeting", tests, NULL, super_close);
    return check_run(argc, argv);
}
