// sender_test.c - the write half of a wire: mail, greetings, pings, stalls.
#include "actors/roles.h"
#include "actors/sender_desk.h"
#include "base/dies.h"
#include "check.h"
#include "values/batch.h"

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
become_writable(size_t room)
{
    sender_port.room = room;
    sender_hear(HW_PORT, HW_LETTER_WIRE_WRITABLE, 1, 0);
}

// Says it that the wire took what is before that position, and whether it can
// take more?
static bool
says_taken(unsigned kind, uint64_t number, bool more)
{
    struct hw_letter letter;

    return desk_read_next(&sender_desk, HW_QUEUE, kind, &letter) &&
           letter.wire == 1 && letter.number == number && letter.note == more;
}

// ---- mail ----

static void
a_wire_that_is_up_wants_mail(void)
{
    sender_open("");
    sender_up(1, true);
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_WANT, 1, 0));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    CU_ASSERT_EQUAL(sender_port.barrier_count, 0);
}

static void
mail_is_handed_to_the_wire_as_one_burst(void)
{
    struct hw_letter taken;

    start("");
    mail(10, "a b c");
    CU_ASSERT_TRUE(sender_wrote("a b c"));
    CU_ASSERT_EQUAL(sender_port.calls, 1);
    CU_ASSERT_TRUE(
        desk_read_next(&sender_desk, HW_QUEUE, HW_LETTER_TAKEN, &taken));
    CU_ASSERT_EQUAL(taken.count, 3);
    CU_ASSERT_EQUAL(taken.number, 13);
    CU_ASSERT_EQUAL(taken.note, 1); // more can come
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(sender_desk.meters[0].sent_bytes), 3);
}

static void
what_a_full_wire_does_not_take_waits_until_it_is_writable(void)
{
    start("");
    sender_port.room = 2;
    mail(0, "aa bb cc dd");
    CU_ASSERT_TRUE(sender_wrote("aa bb"));
    CU_ASSERT_TRUE(says_taken(HW_LETTER_TAKEN, 2, false));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    become_writable(1);
    CU_ASSERT_TRUE(sender_wrote("cc"));
    CU_ASSERT_TRUE(says_taken(HW_LETTER_TAKEN, 3, false));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    become_writable(0);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    become_writable(5);
    CU_ASSERT_TRUE(sender_wrote("dd"));
    CU_ASSERT_TRUE(says_taken(HW_LETTER_TAKEN, 4, true));
    become_writable(5);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(sender_desk.meters[0].sent_bytes), 8);
}

static void
mail_may_begin_in_the_middle_of_a_batch(void)
{
    struct hw_batch *batch = hw_batch_new(1024);
    struct hw_letter letter = { .kind = HW_LETTER_MAIL,
                                .note = 1,
                                .wire = 1,
                                .count = 2,
                                .number = 7,
                                .thing = batch };

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    for (int i = 0; i < 4; i++) {
        const struct hawser_message message = {
            .bytes = (const uint8_t *)&"0123"[i],
            .size = 1,
        };

        CU_ASSERT_TRUE(hw_batch_add(batch, &message));
    }
    start("");
    desk_write(&sender_desk, HW_QUEUE, &letter);
    CU_ASSERT_TRUE(sender_wrote("1 2"));
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_TAKEN, 1, 9));
    CU_ASSERT_EQUAL(HW_METER_GET(sender_desk.meters[0].sent_bytes), 2);
}

// ---- what the wire can send to nobody ----

static bool
says_refused(uint16_t first, uint32_t count, uint32_t wire)
{
    struct hw_letter letter;
    bool said =
        desk_read_next(&sender_desk, HW_QUEUE, HW_LETTER_REFUSED, &letter);

    if (said) {
        desk_give_back(&letter);
    }
    return said && letter.note == first && letter.count == count &&
           letter.wire == wire;
}

static void
what_nobody_is_to_have_is_said_to_be_refused_before_it_is_taken(void)
{
    start("");
    sender_port.refuses = 1 << ('a' - 'a') | 1 << ('c' - 'a') |
                          1 << ('d' - 'a') | 1 << ('f' - 'a');
    mail(10, "a b c d e f");
    CU_ASSERT_TRUE(says_refused(0, 1, 1)); // the first
    CU_ASSERT_TRUE(says_refused(2, 2, 1)); // a run in the midst
    CU_ASSERT_TRUE(says_refused(5, 1, 1)); // the last
    CU_ASSERT_TRUE(says_taken(HW_LETTER_TAKEN, 16, true));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

static void
what_was_not_taken_is_not_refused_yet(void)
{
    start("");
    sender_port.room = 2;
    sender_port.refuses = 1 << ('b' - 'a') | 1 << ('c' - 'a');
    mail(0, "a b c");
    CU_ASSERT_TRUE(says_refused(1, 1, 1));
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_TAKEN, 1, 2));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    become_writable(1);
    CU_ASSERT_TRUE(says_refused(2, 1, 1));
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_TAKEN, 1, 3));
}

static void
a_greeting_that_is_refused_is_taken(void)
{
    start("");
    sender_port.refuses = 1 << ('h' - 'a');
    sender_mail(HW_LETTER_GREETING_MAIL, 1, 0, "hello");
    CU_ASSERT_TRUE(says_taken(HW_LETTER_GREETING_TAKEN, 0, true));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

static void
greetings_are_told_apart_from_what_is_counted(void)
{
    start("");
    sender_mail(HW_LETTER_GREETING_MAIL, 1, 0, "hello");
    CU_ASSERT_TRUE(sender_wrote("hello"));
    CU_ASSERT_TRUE(says_taken(HW_LETTER_GREETING_TAKEN, 0, true));
    mail(5, "a");
    CU_ASSERT_TRUE(sender_says(HW_QUEUE, HW_LETTER_TAKEN, 1, 6));
}

static void
send_twice_without_being_asked(void)
{
    start("");
    sender_port.room = 0;
    mail(0, "a");
    mail(1, "b");
}

static void
mail_comes_when_it_is_wanted(void)
{
    start("");
    CU_ASSERT_TRUE(dies_saying(send_twice_without_being_asked,
                               "mail comes when it is wanted"));
}

// ---- wires that are gone ----

static void
mail_for_another_wire_is_given_back(void)
{
    struct hw_batch *batch = hw_batch_new(1024);
    const struct hawser_message message = { .bytes = (const uint8_t *)"" };
    struct hw_letter letter = {
        .kind = HW_LETTER_MAIL, .wire = 2, .count = 1, .thing = batch
    };

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    CU_ASSERT_TRUE(hw_batch_add(batch, &message));
    hw_batch_hold(batch, 1);
    start("");
    desk_write(&sender_desk, HW_QUEUE, &letter);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    CU_ASSERT_EQUAL(atomic_load(&batch->holds), 1);
    hw_batch_drop(batch);
}

static void
what_a_lost_wire_had_not_taken_is_let_go(void)
{
    start("");
    sender_port.room = 1;
    mail(0, "a b");
    desk_clear(&sender_desk);
    sender_hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    become_writable(5);
    CU_ASSERT_TRUE(sender_wrote("a"));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    CU_ASSERT_EQUAL(sender_desk.seat.wake_at_ms, UINT64_MAX);
}

static void
late_letters_of_an_earlier_wire_change_nothing(void)
{
    start("confirm=peer ping.message=ping");
    sender_hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    sender_up(2, true);
    sender_port.room = 0;
    sender_mail(HW_LETTER_MAIL, 2, 0, "a");
    desk_clear(&sender_desk);
    sender_port.room = 9;
    sender_port.barrier_count = 0;
    sender_hear(HW_PORT, HW_LETTER_WIRE_WRITABLE, 1, 0);
    sender_hear(HW_PORT, HW_LETTER_WIRE_PASSED, 1, 1);
    sender_hear(HW_HEARTBEAT, HW_LETTER_BARRIER_WANTED, 1, 0);
    sender_hear(HW_HEARTBEAT, HW_LETTER_PING_WANTED, 1, 0);
    sender_hear(HW_SUPERVISOR, HW_LETTER_WIRE_DOWN, 1, 0);
    sender_mail(HW_LETTER_MAIL, 1, 0, "late");
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
    CU_ASSERT_TRUE(sender_wrote(""));
    CU_ASSERT_EQUAL(sender_port.barrier_count, 0);
    sender_hear(HW_PORT, HW_LETTER_WIRE_WRITABLE, 2, 0);
    CU_ASSERT_TRUE(sender_wrote("a"));
}

static void
a_wire_that_is_lost_while_it_is_written_to_takes_nothing(void)
{
    start("");
    sender_port.wire = 0; // gone; WIRE_DOWN is under way
    mail(0, "a");
    become_writable(5);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

static void
a_forgotten_link_is_given_back_whole(void)
{
    start("write.timeout=1s");
    sender_port.room = 0;
    mail(0, "a");
    sender_hear(HW_SUPERVISOR, HW_LETTER_LINK_FORGET, 1, 0);
    CU_ASSERT_TRUE(desk_read_next(&sender_desk, HW_SUPERVISOR,
                                  HW_LETTER_LINK_FORGOTTEN, NULL));
    desk_pass(&sender_desk, 10000);
    sender_hear(HW_PORT, HW_LETTER_WIRE_WRITABLE, 1, 0);
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

// ---- pings of the application's own ----

static void
a_ping_is_said_as_it_was_given_and_not_counted(void)
{
    start("ping.message=marco");
    sender_hear(HW_HEARTBEAT, HW_LETTER_PING_WANTED, 1, 0);
    CU_ASSERT_TRUE(sender_wrote("marco"));
    CU_ASSERT_TRUE(desk_is_silent(&sender_desk));
}

static void
behind_mail_that_waits_no_ping_is_said(void)
{
    start("ping.message=marco");
    sender_port.room = 1;
    mail(0, "a b");
    sender_port.room = 5;
    sender_hear(HW_HEARTBEAT, HW_LETTER_PING_WANTED, 1, 0);
    CU_ASSERT_TRUE(sender_wrote("a"));
}

// ---- stalls ----

static bool
is_stalled(void)
{
    return desk_read(&sender_desk, HW_SUPERVISOR, HW_LETTER_STALLED, NULL);
}

static void
a_wire_that_makes_no_progress_is_told_after_write_timeout(void)
{
    start("write.timeout=4s");
    sender_port.room = 1;
    sender_port.gauge.backlog = 1000;
    mail(0, "a b");
    desk_pass(&sender_desk, 3999);
    CU_ASSERT_FALSE(is_stalled());
    desk_pass(&sender_desk, 1500);
    CU_ASSERT_TRUE(is_stalled());
    desk_pass(&sender_desk, 60000);
    CU_ASSERT_FALSE(is_stalled());
}

static void
bytes_that_are_written_are_progress(void)
{
    start("write.timeout=4s");
    sender_port.gauge.backlog = 1000;
    mail(0, "a");
    for (int i = 0; i < 30; i++) {
        sender_port.gauge.written++;
        desk_pass(&sender_desk, 2000);
        CU_ASSERT_FALSE(is_stalled());
    }
    desk_pass(&sender_desk, 6500);
    CU_ASSERT_TRUE(is_stalled());
}

static void
a_wire_with_nothing_to_write_does_not_stall(void)
{
    start("write.timeout=4s");
    mail(0, "a");
    desk_pass(&sender_desk, 60000);
    CU_ASSERT_FALSE(is_stalled());
    CU_ASSERT_EQUAL(sender_desk.seat.wake_at_ms, UINT64_MAX);
    // The clock of the next write starts with that write.
    sender_port.gauge.backlog = 1;
    mail(1, "b");
    desk_pass(&sender_desk, 3999);
    CU_ASSERT_FALSE(is_stalled());
    desk_pass(&sender_desk, 1500);
    CU_ASSERT_TRUE(is_stalled());
}

static void
a_wire_that_takes_nothing_at_all_stalls_too(void)
{
    start("write.timeout=4s");
    sender_port.room = 0;
    mail(0, "a");
    desk_pass(&sender_desk, 5500);
    CU_ASSERT_TRUE(is_stalled());
}

static void
without_a_gauge_or_a_limit_nothing_is_watched(void)
{
    start("write.timeout=4s");
    sender_port.no_gauge = true;
    sender_port.room = 0;
    mail(0, "a");
    desk_pass(&sender_desk, 100000);
    CU_ASSERT_FALSE(is_stalled());
    sender_close();
    start("write.timeout=off");
    sender_port.gauge.backlog = 5;
    sender_port.room = 0;
    mail(0, "a");
    desk_pass(&sender_desk, 100000);
    CU_ASSERT_FALSE(is_stalled());
}

static CU_TestInfo tests[] = {
    CHECK(a_wire_that_is_up_wants_mail),
    CHECK(mail_is_handed_to_the_wire_as_one_burst),
    CHECK(what_a_full_wire_does_not_take_waits_until_it_is_writable),
    CHECK(mail_may_begin_in_the_middle_of_a_batch),
    CHECK(what_nobody_is_to_have_is_said_to_be_refused_before_it_is_taken),
    CHECK(what_was_not_taken_is_not_refused_yet),
    CHECK(a_greeting_that_is_refused_is_taken),
    CHECK(greetings_are_told_apart_from_what_is_counted),
    CHECK(mail_comes_when_it_is_wanted),
    CHECK(mail_for_another_wire_is_given_back),
    CHECK(what_a_lost_wire_had_not_taken_is_let_go),
    CHECK(late_letters_of_an_earlier_wire_change_nothing),
    CHECK(a_wire_that_is_lost_while_it_is_written_to_takes_nothing),
    CHECK(a_forgotten_link_is_given_back_whole),
    CHECK(a_ping_is_said_as_it_was_given_and_not_counted),
    CHECK(behind_mail_that_waits_no_ping_is_said),
    CHECK(a_wire_that_makes_no_progress_is_told_after_write_timeout),
    CHECK(bytes_that_are_written_are_progress),
    CHECK(a_wire_with_nothing_to_write_does_not_stall),
    CHECK(a_wire_that_takes_nothing_at_all_stalls_too),
    CHECK(without_a_gauge_or_a_limit_nothing_is_watched),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("sender", tests, NULL, sender_close);
    return check_run(argc, argv);
}
