// sender_confirm_test.c - barriers: what has arrived, and who can't tell.
#include "actors/roles.h"
#include "actors/sender_desk.h"
#include "check.h"

static void
start(const char *options)
{
    sender_open(options);
    sender_up(1, true);
    desk_clear(&sender_desk);
}

static void
mail(uint64_t position, const char *texts)
{
    sender_mail(HW_LETTER_MAIL, 1, position, texts);
}

static void
pass(uint64_t number)
{
    sender_hear(HW_PORT, HW_LETTER_WIRE_PASSED, 1, number);
}

static bool
is_passed(uint64_t position)
{
    return sender_says(HW_QUEUE, HW_LETTER_PASSED, 1, position);
}

static bool
is_downgraded(void)
{
    return desk_read(&sender_desk, HW_SUPERVISOR, HW_LETTER_DOWNGRADE, NULL);
}

// The number of the last barrier that the wire was asked for; 0: none.
static uint64_t
last_barrier(void)
{
    return sender_port.barrier_count == 0
               ? 0
               : sender_port.barriers[(sender_port.barrier_count - 1) % 64];
}

// ---- barriers ----

static void
the_first_barrier_of_a_wire_probes_the_peer_before_anything_else(void)
{
    start("confirm=peer");
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    CU_ASSERT_EQUAL(sender_port.sent_count, 0);
    pass(last_barrier());
    CU_ASSERT_FALSE(is_passed(0));
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
}

static void
what_a_barrier_passed_has_arrived(void)
{
    start("confirm=peer confirm.interval=0");
    pass(1);
    mail(5, "a b");
    CU_ASSERT_EQUAL(last_barrier(), 2);
    mail(7, "c"); // behind the barrier
    pass(2);
    CU_ASSERT_TRUE(is_passed(7));
    CU_ASSERT_EQUAL(last_barrier(), 3);
    pass(3);
    CU_ASSERT_TRUE(is_passed(8));
    CU_ASSERT_EQUAL(sender_port.barrier_count, 3);
}

static void
at_most_one_barrier_is_out_at_a_time(void)
{
    start("confirm=peer confirm.interval=0");
    mail(0, "a");
    mail(1, "b");
    mail(2, "c");
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    pass(1);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 2);
    pass(2);
    CU_ASSERT_TRUE(is_passed(3));
}

static void
barriers_keep_their_distance(void)
{
    start("confirm=peer confirm.interval=50ms");
    pass(1);
    mail(0, "a");
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    desk_pass(&sender_desk, 49);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    desk_pass(&sender_desk, 1);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 2);
    pass(2);
    CU_ASSERT_TRUE(is_passed(1));
}

static void
the_round_trip_is_told_and_measured(void)
{
    struct hw_letter letter;

    start("confirm=peer");
    sender_desk.clock_us += 12345;
    pass(1);
    CU_ASSERT_TRUE(desk_read(&sender_desk, HW_HEARTBEAT,
                             HW_LETTER_BARRIER_PASSED, &letter));
    CU_ASSERT_EQUAL(letter.number, 12345);
    CU_ASSERT_EQUAL(HW_METER_GET(sender_desk.meters[0].rtt_us), 12345);
}

static void
an_answer_to_no_question_changes_nothing(void)
{
    start("confirm=peer confirm.interval=0");
    pass(0);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    pass(1);
    desk_clear(&sender_desk);
    pass(1);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

// ---- asking anew ----

static void
an_unanswered_barrier_is_asked_anew_with_a_newer_number(void)
{
    start("confirm=peer confirm.timeout=1s");
    mail(0, "a b");
    desk_pass(&sender_desk, 999);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    desk_pass(&sender_desk, 1);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 2);
    CU_ASSERT_EQUAL(last_barrier(), 2);
    pass(2);
    CU_ASSERT_TRUE(is_passed(2));
}

static void
passing_is_cumulative_and_an_older_answer_counts_for_itself(void)
{
    start("confirm=peer confirm.timeout=1s confirm.interval=0");
    pass(1);
    mail(0, "a"); // barrier 2, at position 1
    mail(1, "b");
    desk_pass(&sender_desk, 1000); // barrier 3, at position 2
    mail(2, "c");
    desk_pass(&sender_desk, 1000); // barrier 4, at position 3
    CU_ASSERT_EQUAL(last_barrier(), 4);
    pass(2);
    CU_ASSERT_TRUE(is_passed(1));
    pass(4);
    CU_ASSERT_TRUE(is_passed(3));
    pass(3);
    CU_ASSERT_FALSE(is_passed(2));
}

// Some servers answer the first of several pings only.
static void
a_peer_that_answers_only_the_first_barrier_is_heard(void)
{
    start("confirm=peer confirm.timeout=1s confirm.interval=0");
    pass(1);
    mail(0, "a");
    for (int i = 0; i < 40; i++) {
        desk_pass(&sender_desk, 1000);
    }
    CU_ASSERT_EQUAL(last_barrier(), 42);
    pass(2);
    CU_ASSERT_TRUE(is_passed(1));
    pass(42);
    CU_ASSERT_FALSE(is_passed(1));
}

// ---- peers that can't ----

static void
a_peer_that_talks_but_never_answers_is_told_of_once(void)
{
    start("confirm=peer confirm.timeout=1s");
    mail(0, "a b");
    desk_clear(&sender_desk);
    desk_pass(&sender_desk, 1500);
    sender_port.heard_times++;
    desk_pass(&sender_desk, 500);
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_DOWNGRADE, 1, 2));
    CU_ASSERT_TRUE(sender_says(HW_SUPERVISOR, HW_LETTER_DOWNGRADE, 1, 1));
    sender_port.barrier_count = 0;
    desk_pass(&sender_desk, 60000);
    mail(2, "c");
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_TAKEN, 1, 3));
    CU_ASSERT_FALSE(is_downgraded());
    CU_ASSERT_EQUAL(sender_port.barrier_count, 0);
}

// Whether it is dead is for the heartbeat to find out.
static void
a_peer_that_says_nothing_at_all_is_asked_on(void)
{
    start("confirm=peer confirm.timeout=1s");
    desk_pass(&sender_desk, 30000);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 31);
    CU_ASSERT_FALSE(is_downgraded());
}

static void
a_peer_that_answered_once_can_and_is_only_slow(void)
{
    start("confirm=peer confirm.timeout=1s confirm.interval=0");
    pass(1);
    mail(0, "a");
    for (int i = 0; i < 30; i++) {
        desk_pass(&sender_desk, 1000);
        sender_port.heard_times++;
    }
    CU_ASSERT_FALSE(is_downgraded());
}

static void
the_next_wire_is_asked_again(void)
{
    start("confirm=peer confirm.timeout=1s");
    sender_port.heard_times = 1;
    desk_pass(&sender_desk, 2000);
    CU_ASSERT_TRUE(is_downgraded());
    sender_hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    sender_port.barrier_count = 0;
    sender_up(2, true);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    CU_ASSERT_FALSE(is_downgraded());
}

static void
a_wire_without_barriers_is_told_at_once(void)
{
    sender_open("confirm=peer");
    sender_up(1, false);
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_WANT, 1, 0));
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_DOWNGRADE, 1, 0));
    CU_ASSERT_TRUE(sender_says(HW_SUPERVISOR, HW_LETTER_DOWNGRADE, 1, 0));
    CU_ASSERT_EQUAL(sender_port.barrier_count, 0);
}

// It fails, and nothing of it is settled that was not confirmed.
static void
a_strict_link_does_not_settle_what_was_not_confirmed(void)
{
    sender_open("confirm=peer confirm.strict=on");
    sender_up(1, false);
    CU_ASSERT_TRUE(is_downgraded());
    CU_ASSERT_FALSE(
        desk_read(&sender_desk, HW_QUEUE, HW_LETTER_DOWNGRADE, NULL));
}

// ---- for the heartbeat ----

static void
without_confirming_only_the_heartbeat_asks(void)
{
    start("confirm=none");
    mail(0, "a");
    desk_pass(&sender_desk, 60000);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 0);
    desk_clear(&sender_desk);
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    pass(1);
    CU_ASSERT_TRUE(desk_read_next(&sender_desk, HW_HEARTBEAT,
                                  HW_LETTER_BARRIER_PASSED, NULL));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

static void
a_barrier_that_is_out_already_asks_the_same(void)
{
    start("confirm=peer confirm.timeout=5s");
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    sender_close();
    start("confirm=none confirm.timeout=5s");
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    desk_pass(&sender_desk, 4999);
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 1);
    desk_pass(&sender_desk, 1);
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 2);
}

static void
a_wire_without_barriers_is_not_asked(void)
{
    sender_open("");
    sender_up(1, false);
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    CU_ASSERT_EQUAL(sender_port.barrier_count, 0);
}

static CU_TestInfo tests[] = {
    CHECK(the_first_barrier_of_a_wire_probes_the_peer_before_anything_else),
    CHECK(what_a_barrier_passed_has_arrived),
    CHECK(at_most_one_barrier_is_out_at_a_time),
    CHECK(barriers_keep_their_distance),
    CHECK(the_round_trip_is_told_and_measured),
    CHECK(an_answer_to_no_question_changes_nothing),
    CHECK(an_unanswered_barrier_is_asked_anew_with_a_newer_number),
    CHECK(passing_is_cumulative_and_an_older_answer_counts_for_itself),
    CHECK(a_peer_that_answers_only_the_first_barrier_is_heard),
    CHECK(a_peer_that_talks_but_never_answers_is_told_of_once),
    CHECK(a_peer_that_says_nothing_at_all_is_asked_on),
    CHECK(a_peer_that_answered_once_can_and_is_only_slow),
    CHECK(the_next_wire_is_asked_again),
    CHECK(a_wire_without_barriers_is_told_at_once),
    CHECK(a_strict_link_does_not_settle_what_was_not_confirmed),
    CHECK(without_confirming_only_the_heartbeat_asks),
    CHECK(a_barrier_that_is_out_already_asks_the_same),
    CHECK(a_wire_without_barriers_is_not_asked),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("sender confirm", tests, NULL, sender_close);
    return check_run(argc, argv);
}
