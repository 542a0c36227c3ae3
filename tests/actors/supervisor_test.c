// supervisor_test.c - the life of a link, from opening to closing.
#include "actors/super_desk.h"
#include "check.h"

static struct hw_meter *const meter = &super_desk.meters[0];

static const hawser_state all_states[] = {
    HAWSER_DIALING,  HAWSER_GREETING, HAWSER_UP,     HAWSER_WAITING,
    HAWSER_DRAINING, HAWSER_FAILED,   HAWSER_CLOSED,
};

enum { STATES = sizeof all_states / sizeof all_states[0] };

static bool
has_wire(hawser_state state)
{
    return state == HAWSER_DIALING || state == HAWSER_GREETING ||
           state == HAWSER_UP || state == HAWSER_DRAINING;
}

static bool
is_served(hawser_state state)
{
    return has_wire(state) && state != HAWSER_DIALING;
}

static bool
says(unsigned to, unsigned kind)
{
    return desk_read(&super_desk, to, kind, NULL);
}

static bool
says_next(unsigned to, unsigned kind)
{
    return desk_read_next(&super_desk, to, kind, NULL);
}

// ---- from opening to up ----

static void
a_link_that_is_opened_is_made_known_and_dialled(void)
{
    struct super_event event;

    super_open("", "ws://one");
    CU_ASSERT_TRUE(says_next(HW_PORT, HW_LETTER_LINK_OPEN));
    CU_ASSERT_TRUE(says_next(HW_SENDER, HW_LETTER_LINK_OPEN));
    CU_ASSERT_TRUE(says_next(HW_BACKOFF, HW_LETTER_LINK_OPEN));
    CU_ASSERT_TRUE(says_next(HW_HEARTBEAT, HW_LETTER_LINK_OPEN));
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.state, HAWSER_DIALING);
    CU_ASSERT_EQUAL(event.wire, 1);
    CU_ASSERT_EQUAL(event.attempt, 0);
    CU_ASSERT_TRUE(super_dials(1, 0));
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dials), 1);
}

static bool
serves(unsigned who, uint32_t wire, bool barriers)
{
    struct hw_letter letter;

    return desk_read_next(&super_desk, who, HW_LETTER_WIRE_UP, &letter) &&
           letter.wire == wire && letter.note == barriers;
}

static void
an_open_wire_is_told_before_it_is_served(void)
{
    for (int barriers = 0; barriers < 2; barriers++) {
        super_bring("", HAWSER_DIALING);
        super_opened(1, barriers);
        CU_ASSERT_TRUE(says_next(HW_DOOR, HW_LETTER_NEWS));
        CU_ASSERT_TRUE(says_next(HW_RECEIVER, HW_LETTER_EVENT));
        CU_ASSERT_TRUE(serves(HW_SENDER, 1, barriers));
        CU_ASSERT_TRUE(serves(HW_RECEIVER, 1, barriers));
        CU_ASSERT_TRUE(serves(HW_HEARTBEAT, 1, barriers));
        CU_ASSERT_TRUE(super_gates(1, HW_GATE_REPLAY));
        CU_ASSERT_TRUE(desk_is_silent(&super_desk));
        CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
        if (barriers == 0) {
            super_close();
        }
    }
}

static void
a_link_that_was_greeted_is_up(void)
{
    super_bring("", HAWSER_GREETING);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    CU_ASSERT_TRUE(says_next(HW_BACKOFF, HW_LETTER_WIRE_UP));
    CU_ASSERT_TRUE(super_tells(HAWSER_UP));
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_FLOW));
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->connects), 1);
    CU_ASSERT_TRUE(HW_METER_GET(meter->up_since_ms) > 0);
    CU_ASSERT_EQUAL(super_desk.seat.wake_at_ms, UINT64_MAX);
}

// ---- losing a wire ----

static void
a_lost_wire_is_let_go_by_all_and_tried_again(void)
{
    struct super_event event;

    super_bring("", HAWSER_UP);
    super_lost(1, HAWSER_CAUSE_RESET, 0, 0);
    CU_ASSERT_TRUE(says_next(HW_DOOR, HW_LETTER_NEWS));
    CU_ASSERT_TRUE(says(HW_PORT, HW_LETTER_WIRE_CLOSE));
    CU_ASSERT_TRUE(says(HW_SENDER, HW_LETTER_WIRE_DOWN));
    CU_ASSERT_TRUE(says(HW_RECEIVER, HW_LETTER_WIRE_DOWN));
    CU_ASSERT_TRUE(says(HW_HEARTBEAT, HW_LETTER_WIRE_DOWN));
    CU_ASSERT_TRUE(says(HW_BACKOFF, HW_LETTER_WIRE_DOWN));
    CU_ASSERT_TRUE(super_gates(1, HW_GATE_SHUT));
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    super_retry(HW_LETTER_RETRY_SET, 3, 1234, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.state, HAWSER_WAITING);
    CU_ASSERT_EQUAL(event.attempt, 3);
    CU_ASSERT_EQUAL(event.delay_ms, 1234);
    CU_ASSERT_STRING_EQUAL(event.error, "lost for a reason");
    CU_ASSERT_EQUAL(HW_METER_GET(meter->losses), 1);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->attempt), 3);
    CU_ASSERT_TRUE(HW_METER_GET(meter->lost_since_ms) > 0);
    super_retry(HW_LETTER_RETRY_DUE, 3, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
    CU_ASSERT_TRUE(super_dials(2, 0));
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
}

static void
a_dial_that_fails_is_no_loss_of_a_connection(void)
{
    super_bring("", HAWSER_DIALING);
    super_lost(1, HAWSER_CAUSE_UNREACHABLE, 0, 0);
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->losses), 0);
    CU_ASSERT_FALSE(says(HW_SENDER, HW_LETTER_WIRE_DOWN));
    CU_ASSERT_FALSE(says(HW_QUEUE, HW_LETTER_GATE));
}

static void
a_dial_has_its_time_and_no_more(void)
{
    struct super_event event;

    super_bring("dial.timeout=700ms", HAWSER_DIALING);
    super_pass(699);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DIALING);
    super_pass(1);
    CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
    CU_ASSERT_TRUE(super_closes(1, 0));
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_STRING_EQUAL(event.error, "dial.timeout: the dial took too long");
}

static void
a_wire_that_opened_in_time_is_not_timed_as_a_dial(void)
{
    super_bring("dial.timeout=700ms greeting.timeout=2s", HAWSER_DIALING);
    super_pass(600);
    super_opened(1, true);
    super_pass(1999);
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    super_pass(100000);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

// ---- a sick wire ----

static void
a_sick_wire_is_dropped_without_an_ordinary_goodbye(void)
{
    static const struct {
        unsigned from, kind;
        uint16_t note;
        const char *error;
    } cases[] = {
        { HW_SENDER, HW_LETTER_STALLED, 0,
          "write.timeout: the peer takes nothing any more" },
        { HW_HEARTBEAT, HW_LETTER_SILENT, 0,
          "heartbeat.timeout: the peer is silent" },
        { HW_HEARTBEAT, HW_LETTER_SILENT, 1,
          "idle.timeout: nothing came from the peer" },
    };
    static const hawser_state states[] = { HAWSER_GREETING, HAWSER_UP,
                                           HAWSER_DRAINING };

    for (size_t i = 0; i < 9; i++) {
        const struct hw_letter letter = { .kind = (uint16_t)cases[i / 3].kind,
                                          .note = cases[i / 3].note,
                                          .wire = 1 };
        struct super_event event;

        super_bring("", states[i % 3]);
        super_write(cases[i / 3].from, &letter);
        CU_ASSERT_EQUAL(super_state(), HAWSER_WAITING);
        CU_ASSERT_TRUE(super_closes(1, HAWSER_CLOSE_CUT));
        CU_ASSERT_TRUE(super_wants_retry(0, false));
        super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_STRING_EQUAL(event.error, cases[i / 3].error);
        if (i < 8) {
            super_close();
        }
    }
}

static void
the_wire_after_a_sick_one_is_closed_as_any_other(void)
{
    super_bring("", HAWSER_UP);
    super_hear(HW_HEARTBEAT, HW_LETTER_SILENT, 1);
    CU_ASSERT_TRUE(super_closes(1, HAWSER_CLOSE_CUT));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    super_opened(2, true);
    super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
    CU_ASSERT_TRUE(super_closes(2, 0));
}

// ---- wishes in every state ----

static void
every_wait_can_be_cut_short_by_reconnect(void)
{
    for (size_t i = 0; i < STATES; i++) {
        hawser_state state = all_states[i];
        bool closed = state == HAWSER_CLOSED;
        struct super_event event;

        super_bring("", state);
        super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
        CU_ASSERT_EQUAL(super_closes(1, 0), has_wire(state));
        CU_ASSERT_EQUAL(says(HW_SENDER, HW_LETTER_WIRE_DOWN), is_served(state));
        CU_ASSERT_EQUAL(says(HW_BACKOFF, HW_LETTER_RETRY_FORGET), !closed);
        CU_ASSERT_EQUAL(super_dials(2, 0), !closed);
        CU_ASSERT_EQUAL(super_event(&event), !closed);
        if (!closed) {
            CU_ASSERT_EQUAL(event.state, HAWSER_DIALING);
            CU_ASSERT_EQUAL(event.attempt, 0);
            CU_ASSERT_EQUAL(event.wire, 2);
        }
        desk_clear(&super_desk);
        super_opened(1, true); // late
        CU_ASSERT_TRUE(desk_is_silent(&super_desk));
        if (i < STATES - 1) {
            super_close();
        }
    }
}

static void
check_close_from(hawser_state state)
{
    struct hw_letter letter;

    super_bring("", state);
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 4001, "bye");
    CU_ASSERT_EQUAL(super_state(), HAWSER_CLOSED);
    if (desk_read(&super_desk, HW_PORT, HW_LETTER_WIRE_CLOSE, &letter)) {
        CU_ASSERT_TRUE(has_wire(state));
        CU_ASSERT_EQUAL(letter.note, 4001);
        CU_ASSERT_STRING_EQUAL(letter.thing, "bye");
        desk_give_back(&letter);
    } else {
        CU_ASSERT_FALSE(has_wire(state));
    }
    CU_ASSERT_TRUE(says(HW_PORT, HW_LETTER_LINK_FORGET));
    CU_ASSERT_TRUE(says(HW_SENDER, HW_LETTER_LINK_FORGET));
    CU_ASSERT_TRUE(says(HW_QUEUE, HW_LETTER_LINK_FORGET));
    CU_ASSERT_TRUE(says(HW_BACKOFF, HW_LETTER_LINK_FORGET));
    CU_ASSERT_TRUE(says(HW_HEARTBEAT, HW_LETTER_LINK_FORGET));
    CU_ASSERT_FALSE(says(HW_RECEIVER, HW_LETTER_LINK_FORGET));
    CU_ASSERT_FALSE(says(HW_RECEIVER, HW_LETTER_EVENT));
    super_close();
}

static void
every_wait_can_be_cut_short_by_close(void)
{
    for (size_t i = 0; i < STATES - 1; i++) {
        check_close_from(all_states[i]);
    }
    super_bring("", HAWSER_CLOSED);
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 4001, "again");
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
}

static void
the_last_word_comes_once_all_others_have_forgotten(void)
{
    struct super_event event;

    super_bring("", HAWSER_CLOSED);
    super_forget(7);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.state, HAWSER_CLOSED);
    CU_ASSERT_EQUAL(event.number, 7);
    CU_ASSERT_TRUE(says_next(HW_RECEIVER, HW_LETTER_LINK_FORGET));
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->leftover), 7);
    super_hear(HW_RECEIVER, HW_LETTER_LINK_FORGOTTEN, 0);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
}

static void
a_row_serves_the_next_link_from_the_start(void)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .thing = desk_plan(&super_desk, 0, "", "ws://two"),
    };

    super_bring("", HAWSER_UP);
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 0, NULL);
    super_forget(0);
    super_hear(HW_RECEIVER, HW_LETTER_LINK_FORGOTTEN, 0);
    desk_clear(&super_desk);
    super_write(HW_DOOR, &open);
    CU_ASSERT_TRUE(super_dials(1, 0));
    CU_ASSERT_EQUAL(super_state(), HAWSER_DIALING);
}

// super_event looks at all of a report.
static void
an_events_payload_always_has_the_events_type(void)
{
    static const unsigned states[] = {
        HAWSER_DIALING, HAWSER_DIALING, HAWSER_GREETING,
        HAWSER_UP,      HAWSER_UP,      HAWSER_DRAINING,
        HAWSER_WAITING, HAWSER_FAILED,  HAWSER_CLOSED,
    };
    struct super_event event;

    super_open("dial.ask=on confirm=peer", "ws://one");
    super_wish(HW_LETTER_LINK_ANSWER, 1, 0, 0, "Token: 1");
    super_opened(1, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    super_hear(HW_SENDER, HW_LETTER_DOWNGRADE, 1);
    super_wish(HW_LETTER_LINK_DRAIN, 0, 60000, 0, NULL);
    super_lost(1, HAWSER_CAUSE_RESET, 0, 0);
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    super_retry(HW_LETTER_RETRY_OVER, 1, 0, 0);
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 0, NULL);
    super_forget(0);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.state, states[i]);
    }
    CU_ASSERT_FALSE(super_event(&event));
}

// ---- late letters ----

// Everything that may still be under way about a wire that was let go.
static void
write_late_letters(uint32_t wire)
{
    super_opened(wire, true);
    super_lost(wire, HAWSER_CAUSE_TLS, 0, 0);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, wire);
    super_hear(HW_SENDER, HW_LETTER_STALLED, wire);
    super_hear(HW_SENDER, HW_LETTER_DOWNGRADE, wire);
    super_hear(HW_HEARTBEAT, HW_LETTER_SILENT, wire);
    super_wish(HW_LETTER_LINK_READY, wire, 0, 0, NULL);
    super_wish(HW_LETTER_LINK_REFUSE, wire, 0, 0, "late");
    super_wish(HW_LETTER_LINK_ANSWER, wire, 0, 0, "Late: yes");
    super_wish(HW_LETTER_LINK_ANSWER, wire, 0, 0, NULL);
}

static void
late_letters_of_an_earlier_wire_change_nothing(void)
{
    super_bring("", HAWSER_UP);
    super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
    desk_clear(&super_desk);
    write_late_letters(1);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_DIALING);
    super_opened(2, true);
    desk_clear(&super_desk);
    write_late_letters(1);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_GREETING);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 2);
    desk_clear(&super_desk);
    write_late_letters(1);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

static void
late_letters_of_the_wire_that_was_just_let_go_change_nothing(void)
{
    static const hawser_state states[] = { HAWSER_WAITING, HAWSER_FAILED,
                                           HAWSER_CLOSED };

    for (size_t i = 0; i < 3; i++) {
        super_bring("", states[i]);
        write_late_letters(1);
        CU_ASSERT_TRUE(desk_is_silent(&super_desk));
        CU_ASSERT_EQUAL(super_state(), states[i]);
        if (i < 2) {
            super_close();
        }
    }
}

static void
a_late_word_of_the_backoff_changes_nothing(void)
{
    static const hawser_state states[] = { HAWSER_DIALING, HAWSER_UP,
                                           HAWSER_FAILED, HAWSER_CLOSED };

    for (size_t i = 0; i < 4; i++) {
        super_bring("", states[i]);
        super_retry(HW_LETTER_RETRY_SET, 1, 100, 1);
        super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
        super_retry(HW_LETTER_STABLE, 0, 0, 0);
        CU_ASSERT_TRUE(desk_is_silent(&super_desk));
        CU_ASSERT_EQUAL(super_state(), states[i]);
        if (i < 3) {
            super_close();
        }
    }
}

static void
letters_for_a_link_that_is_gone_change_nothing(void)
{
    super_bring("", HAWSER_CLOSED);
    super_forget(0);
    super_hear(HW_RECEIVER, HW_LETTER_LINK_FORGOTTEN, 0);
    desk_clear(&super_desk);
    write_late_letters(1);
    super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
    super_wish(HW_LETTER_LINK_DRAIN, 0, 100, 0, "late");
    super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 0, "late");
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    super_hear(HW_QUEUE, HW_LETTER_DRAINED, 0);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
}

static CU_TestInfo tests[] = {
    CHECK(a_link_that_is_opened_is_made_known_and_dialled),
    CHECK(an_open_wire_is_told_before_it_is_served),
    CHECK(a_link_that_was_greeted_is_up),
    CHECK(a_lost_wire_is_let_go_by_all_and_tried_again),
    CHECK(a_dial_that_fails_is_no_loss_of_a_connection),
    CHECK(a_dial_has_its_time_and_no_more),
    CHECK(a_wire_that_opened_in_time_is_not_timed_as_a_dial),
    CHECK(a_sick_wire_is_dropped_without_an_ordinary_goodbye),
    CHECK(the_wire_after_a_sick_one_is_closed_as_any_other),
    CHECK(every_wait_can_be_cut_short_by_reconnect),
    CHECK(every_wait_can_be_cut_short_by_close),
    CHECK(the_last_word_comes_once_all_others_have_forgotten),
    CHECK(a_row_serves_the_next_link_from_the_start),
    CHECK(an_events_payload_always_has_the_events_type),
    CHECK(late_letters_of_an_earlier_wire_change_nothing),
    CHECK(late_letters_of_the_wire_that_was_just_let_go_change_nothing),
    CHECK(a_late_word_of_the_backoff_changes_nothing),
    CHECK(letters_for_a_link_that_is_gone_change_nothing),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("supervisor", tests, NULL, super_close);
    return check_run(argc, argv);
}
