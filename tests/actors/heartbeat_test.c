// heartbeat_test.c - whether a quiet peer still lives.
#include "actors/desk.h"
#include "actors/roles.h"
#include "check.h"

#define ASKING "heartbeat.interval=1s heartbeat.timeout=300ms"

static struct desk desk;

static void
open_link(uint32_t link, const char *options)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .link = link,
        .thing = desk_plan(&desk, link, options, "ws://one"),
    };

    desk_write(&desk, HW_SUPERVISOR, &open);
}

static void
wire_up(uint32_t wire, bool barriers)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_UP,
        .note = barriers,
        .wire = wire,
    };

    desk_write(&desk, HW_SUPERVISOR, &letter);
}

static void
start(const char *options, bool barriers)
{
    desk_open(&desk, &hw_role_heartbeat, "", NULL);
    open_link(0, options);
    wire_up(1, barriers);
}

static void
stop(void)
{
    desk_close(&desk);
}

static void
hear(unsigned from, unsigned kind, uint32_t wire, uint64_t number)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .wire = wire,
        .number = number,
    };

    desk_write(&desk, from, &letter);
}

static bool
asks(void)
{
    return desk_read(&desk, HW_SENDER, HW_LETTER_BARRIER_WANTED, NULL);
}

static bool
pings(void)
{
    return desk_read(&desk, HW_SENDER, HW_LETTER_PING_WANTED, NULL);
}

// Answers the question when the peer was last heard, if it was asked.
static bool
answer(uint64_t heard_at_ms)
{
    if (!desk_read(&desk, HW_RECEIVER, HW_LETTER_HEARD_WANTED, NULL)) {
        return false;
    }
    hear(HW_RECEIVER, HW_LETTER_HEARD, 1, heard_at_ms);
    return true;
}

static bool
is_silent(unsigned note)
{
    struct hw_letter letter;

    return desk_read(&desk, HW_SUPERVISOR, HW_LETTER_SILENT, &letter) &&
           letter.wire == 1 && letter.note == note;
}

// Lets time pass in steps of a millisecond, while the peer was last heard then;
// returns when it was called silent, or 0.
static uint64_t
silent_at(uint64_t heard_at_ms, uint64_t within_ms, unsigned note)
{
    for (uint64_t i = 0; i <= within_ms; i++) {
        while (answer(heard_at_ms)) {
            if (is_silent(note)) {
                return desk_now(&desk);
            }
        }
        desk_clear(&desk);
        desk_pass(&desk, 1);
    }
    return 0;
}

// ---- asking ----

static void
a_peer_is_asked_every_interval_and_not_before(void)
{
    start(ASKING, true);
    for (int i = 0; i < 5; i++) {
        desk_pass(&desk, 999);
        CU_ASSERT_FALSE(asks());
        desk_pass(&desk, 1);
        CU_ASSERT_TRUE(asks());
        CU_ASSERT_TRUE(answer(desk_now(&desk)));
    }
    CU_ASSERT_FALSE(is_silent(0));
}

static void
a_peer_that_does_not_answer_in_time_is_silent(void)
{
    start(ASKING, true);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 3000, 0), DESK_START_MS + 1300);
    desk_pass(&desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    CU_ASSERT_EQUAL(desk.seat.wake_at_ms, UINT64_MAX);
}

static void
a_barrier_that_passed_is_a_sign_of_life(void)
{
    start(ASKING, true);
    desk_pass(&desk, 1000);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    desk_pass(&desk, 200);
    hear(HW_SENDER, HW_LETTER_BARRIER_PASSED, 1, 200000);
    desk_pass(&desk, 100);
    (void)answer(DESK_START_MS);
    CU_ASSERT_FALSE(is_silent(0));
    desk_pass(&desk, 700);
    CU_ASSERT_TRUE(asks());
}

static void
any_sign_of_life_is_an_answer(void)
{
    start(ASKING, true);
    desk_pass(&desk, 1000);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    desk_pass(&desk, 300);
    CU_ASSERT_TRUE(answer(DESK_START_MS + 1100));
    CU_ASSERT_FALSE(is_silent(0));
}

static void
a_sign_of_life_before_the_question_is_no_answer_to_it(void)
{
    start(ASKING, true);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS + 999, 3000, 0),
                    DESK_START_MS + 1300);
}

static void
a_wire_without_barriers_is_not_asked(void)
{
    start(ASKING, false);
    desk_pass(&desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
}

static void
a_heartbeat_that_is_off_asks_nobody(void)
{
    start("heartbeat.interval=off", true);
    desk_pass(&desk, 1000000);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    CU_ASSERT_EQUAL(desk.seat.wake_at_ms, UINT64_MAX);
}

// ---- one clock ----

static void
an_idle_peer_is_lost_after_idle_timeout(void)
{
    start("heartbeat.interval=off idle.timeout=5s", true);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 9000, 1), DESK_START_MS + 5000);
}

static void
what_was_heard_moves_the_idle_timeout(void)
{
    start("heartbeat.interval=off idle.timeout=5s", false);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS + 3000, 20000, 1),
                    DESK_START_MS + 8000);
}

static void
read_deadline_and_pong_timeout_are_one_clock(void)
{
    // The peer answers each question, and so is never idle.
    start(ASKING " idle.timeout=2s", true);
    for (int i = 0; i < 20; i++) {
        desk_pass(&desk, 1000);
        CU_ASSERT_TRUE(asks());
        hear(HW_SENDER, HW_LETTER_BARRIER_PASSED, 1, 100);
        (void)answer(DESK_START_MS);
        CU_ASSERT_FALSE(is_silent(0));
        desk_clear(&desk);
    }
}

static void
asking_does_not_put_off_the_idle_timeout(void)
{
    start("heartbeat.interval=1s heartbeat.timeout=1h idle.timeout=2500ms",
          true);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 9000, 1), DESK_START_MS + 2500);
}

static void
asking_again_does_not_put_off_an_answer_that_is_due(void)
{
    start("heartbeat.interval=100ms heartbeat.timeout=350ms", true);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 3000, 0), DESK_START_MS + 450);
}

static void
an_idle_timeout_that_is_not_reached_leaves_the_answer_its_time(void)
{
    start(ASKING " idle.timeout=1h", true);
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 3000, 0), DESK_START_MS + 1300);
}

// ---- pings of the application's own ----

static void
the_applications_ping_is_said_every_ping_interval(void)
{
    start("heartbeat.interval=off ping.message=p ping.interval=400ms", false);
    for (int i = 0; i < 5; i++) {
        desk_pass(&desk, 399);
        CU_ASSERT_FALSE(pings());
        desk_pass(&desk, 1);
        CU_ASSERT_TRUE(pings());
        CU_ASSERT_TRUE(answer(DESK_START_MS));
    }
    CU_ASSERT_FALSE(is_silent(0));
    CU_ASSERT_FALSE(asks());
}

static void
without_a_message_no_ping_is_said(void)
{
    start("heartbeat.interval=off ping.interval=400ms", false);
    desk_pass(&desk, 10000);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
}

// ---- coming and going ----

static void
a_wire_that_is_gone_is_not_watched(void)
{
    start(ASKING " ping.message=p idle.timeout=2s", true);
    hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    desk_pass(&desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    CU_ASSERT_EQUAL(desk.seat.wake_at_ms, UINT64_MAX);
}

static void
late_letters_of_an_earlier_wire_change_nothing(void)
{
    start(ASKING, true);
    desk_pass(&desk, 1000);
    hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    wire_up(2, true);
    desk_clear(&desk);
    desk_pass(&desk, 1000);
    CU_ASSERT_TRUE(asks());
    desk_clear(&desk);
    // What is told of wire 1 is no sign of life of wire 2, nor of its death.
    hear(HW_RECEIVER, HW_LETTER_HEARD, 1, desk_now(&desk));
    hear(HW_SENDER, HW_LETTER_BARRIER_PASSED, 1, 10);
    hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    hear(HW_RECEIVER, HW_LETTER_HEARD, 2, 0);
    desk_pass(&desk, 300);
    hear(HW_RECEIVER, HW_LETTER_HEARD, 2, 0);
    CU_ASSERT_TRUE(desk_read(&desk, HW_SUPERVISOR, HW_LETTER_SILENT, NULL));
}

static void
each_wire_has_its_whole_time(void)
{
    start(ASKING, true);
    desk_pass(&desk, 900);
    hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    wire_up(2, true);
    desk_pass(&desk, 999);
    CU_ASSERT_FALSE(asks());
    desk_pass(&desk, 1);
    CU_ASSERT_TRUE(asks());
}

// The process was stopped, or the machine slept: what the peer said meanwhile
// was not read yet.
static void
a_look_that_was_slept_through_asks_instead_of_judging(void)
{
    start(ASKING " idle.timeout=5s", true);
    desk_pass(&desk, 1000);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    desk_oversleep(&desk, 3600000);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    CU_ASSERT_FALSE(is_silent(0));
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 3000, 0),
                    DESK_START_MS + 1000 + 3600000 + 300);
}

static void
a_look_that_is_a_little_late_judges_as_ever(void)
{
    start(ASKING, true);
    desk_pass(&desk, 1000);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    desk_oversleep(&desk, 300 + 999);
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    CU_ASSERT_TRUE(is_silent(0));
}

// While the machine is suspended the clock stands still: no look is late.
static void
a_machine_that_wakes_asks_its_peers_at_once(void)
{
    start(ASKING " ping.message=hi ping.interval=1h", true);
    open_link(1, "heartbeat.interval=off"); // has no wire
    desk_pass(&desk, 400);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    hear(HW_DOOR, HW_LETTER_RESUMED, 0, 3600000);
    desk_pass(&desk, 0);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(pings());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    // Who does not answer is lost in the ordinary time.
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 3000, 0),
                    DESK_START_MS + 400 + 300);
}

static void
what_was_asked_before_a_suspension_is_asked_anew(void)
{
    start(ASKING, true);
    desk_pass(&desk, 1000);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    desk_pass(&desk, 290);
    hear(HW_DOOR, HW_LETTER_RESUMED, 0, 3600000);
    desk_pass(&desk, 0);
    CU_ASSERT_TRUE(asks());
    CU_ASSERT_TRUE(answer(DESK_START_MS));
    CU_ASSERT_EQUAL(silent_at(DESK_START_MS, 3000, 0),
                    DESK_START_MS + 1000 + 290 + 300);
}

static void
a_suspension_makes_nobody_ask_who_is_not_to(void)
{
    start("heartbeat.interval=off idle.timeout=5s", true);
    desk_pass(&desk, 1000);
    hear(HW_DOOR, HW_LETTER_RESUMED, 0, 3600000);
    desk_pass(&desk, 0);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
    hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    hear(HW_DOOR, HW_LETTER_RESUMED, 0, 3600000);
    CU_ASSERT_EQUAL(desk.seat.wake_at_ms, UINT64_MAX);
}

static void
links_are_watched_apart(void)
{
    const struct hw_letter other_up = {
        .kind = HW_LETTER_WIRE_UP, .note = 1, .link = 1, .wire = 1
    };
    struct hw_letter letter;

    start(ASKING, true);
    open_link(1, "heartbeat.interval=700ms");
    desk_write(&desk, HW_SUPERVISOR, &other_up);
    desk_pass(&desk, 700);
    CU_ASSERT_TRUE(
        desk_read(&desk, HW_SENDER, HW_LETTER_BARRIER_WANTED, &letter));
    CU_ASSERT_EQUAL(letter.link, 1);
    desk_pass(&desk, 300);
    CU_ASSERT_TRUE(
        desk_read(&desk, HW_SENDER, HW_LETTER_BARRIER_WANTED, &letter));
    CU_ASSERT_EQUAL(letter.link, 0);
}

static void
a_forgotten_link_is_never_looked_at(void)
{
    start(ASKING, true);
    hear(HW_SUPERVISOR, HW_LETTER_LINK_FORGET, 0, 0);
    CU_ASSERT_TRUE(
        desk_read_next(&desk, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, NULL));
    desk_pass(&desk, 100000);
    hear(HW_RECEIVER, HW_LETTER_HEARD, 1, 0);
    hear(HW_SENDER, HW_LETTER_BARRIER_PASSED, 1, 0);
    CU_ASSERT_TRUE(desk_is_silent(&desk));
}

static CU_TestInfo tests[] = {
    CHECK(a_peer_is_asked_every_interval_and_not_before),
    CHECK(a_peer_that_does_not_answer_in_time_is_silent),
    CHECK(a_barrier_that_passed_is_a_sign_of_life),
    CHECK(any_sign_of_life_is_an_answer),
    CHECK(a_sign_of_life_before_the_question_is_no_answer_to_it),
    CHECK(a_wire_without_barriers_is_not_asked),
    CHECK(a_heartbeat_that_is_off_asks_nobody),
    CHECK(an_idle_peer_is_lost_after_idle_timeout),
    CHECK(what_was_heard_moves_the_idle_timeout),
    CHECK(read_deadline_and_pong_timeout_are_one_clock),
    CHECK(asking_does_not_put_off_the_idle_timeout),
    CHECK(asking_again_does_not_put_off_an_answer_that_is_due),
    CHECK(an_idle_timeout_that_is_not_reached_leaves_the_answer_its_time),
    CHECK(the_applications_ping_is_said_every_ping_interval),
    CHECK(without_a_message_no_ping_is_said),
    CHECK(a_wire_that_is_gone_is_not_watched),
    CHECK(late_letters_of_an_earlier_wire_change_nothing),
    CHECK(each_wire_has_its_whole_time),
    CHECK(a_look_that_was_slept_through_asks_instead_of_judging),
    CHECK(a_look_that_is_a_little_late_judges_as_ever),
    CHECK(a_machine_that_wakes_asks_its_peers_at_once),
    CHECK(what_was_asked_before_a_suspension_is_asked_anew),
    CHECK(a_suspension_makes_nobody_ask_who_is_not_to),
    CHECK(links_are_watched_apart),
    CHECK(a_forgotten_link_is_never_looked_at),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("heartbeat", tests, NULL, stop);
    return check_run(argc, argv);
}
