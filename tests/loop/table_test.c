// table_test.c - the table that the actors of a bus sit around.
#include "loop/table.h"

#include <stdlib.h>

#include "base/dies.h"
#include "check.h"

enum { HEARD_MAX = 64 };

// What every role of this test keeps. They write down what they hear, in one
// book for the whole table.
struct guest {
    struct hw_seat *seat;
};

struct heard {
    unsigned who;
    struct hw_letter letter;
    uint64_t now_ms;
};

static struct heard book[HEARD_MAX];
static size_t heard_count;
static unsigned left[16];
static size_t left_count;
static unsigned woken[16];
static size_t woken_count;
static uint64_t clock_us;
static unsigned refuses_to_sit; // a name, or HW_NAMES

static struct hw_post *post;
static struct hw_table *table;

static void
start(void)
{
    heard_count = 0;
    left_count = 0;
    woken_count = 0;
    clock_us = 5000000;
    refuses_to_sit = HW_NAMES;
    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &post), HAWSER_OK);
    table = NULL;
}

static void
stop(void)
{
    hw_table_close(table);
    hw_post_close(post);
}

// ---- a role for each name ----

static uint64_t
read_clock(void *clock)
{
    return *(uint64_t *)clock;
}

static hawser_status
sit(void *self, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct guest *guest = self;

    (void)settings;
    guest->seat = seat;
    return seat->name == refuses_to_sit ? HAWSER_NO_MEMORY : HAWSER_OK;
}

static void
leave(void *self)
{
    left[left_count++ % 16] = ((struct guest *)self)->seat->name;
}

static void
hear(void *self, const struct hw_letter *letter)
{
    struct guest *guest = self;

    CU_ASSERT_FATAL(heard_count < HEARD_MAX);
    book[heard_count].who = guest->seat->name;
    book[heard_count].letter = *letter;
    book[heard_count].now_ms = guest->seat->now_ms;
    heard_count++;
}

// WANT is answered to the queue with MAIL, which is not answered.
static void
hear_and_answer(void *self, const struct hw_letter *letter)
{
    struct guest *guest = self;
    const struct hw_letter answer = { .kind = HW_LETTER_MAIL,
                                      .number = letter->number + 1 };

    hear(self, letter);
    hw_say(guest->seat, HW_SENDER, &answer);
}

static void
wake(void *self)
{
    const struct guest *guest = self;

    CU_ASSERT_EQUAL(guest->seat->wake_at_ms, UINT64_MAX);
    woken[woken_count++ % 16] = guest->seat->name;
}

#define GUEST(who)                                                             \
    {                                                                          \
        .name = who, .size = sizeof(struct guest), .sit = sit, .leave = leave, \
        .on_wake = wake, .on[HW_LETTER_TAKEN] = hear,                          \
        .on[HW_LETTER_MAIL] = hear, .on[HW_LETTER_WANT] = hear_and_answer      \
    }

static const struct hw_role guests[] = {
    GUEST(HW_PORT),       GUEST(HW_RECEIVER), GUEST(HW_SENDER),
    GUEST(HW_QUEUE),      GUEST(HW_BACKOFF),  GUEST(HW_HEARTBEAT),
    GUEST(HW_SUPERVISOR), GUEST(HW_DOOR),
};

enum { GUESTS = sizeof guests / sizeof guests[0] };

static hawser_status
open_for(unsigned count)
{
    const struct hw_role *roles[GUESTS];

    for (unsigned i = 0; i < count; i++) {
        roles[i] = &guests[i];
    }
    return hw_table_open(post, roles, count, NULL, read_clock, &clock_us, NULL,
                         &table);
}

static void
open_table(void)
{
    CU_ASSERT_EQUAL_FATAL(open_for(GUESTS), HAWSER_OK);
}

static void
say(unsigned from, unsigned to, unsigned kind, uint64_t number)
{
    const struct hw_letter letter = { .kind = (uint16_t)kind,
                                      .number = number };

    hw_say(hw_table_seat(table, from), to, &letter);
}

// ---- letters ----

static void
a_letter_is_carried_to_whom_it_was_said(void)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_TAKEN,
        .note = 1,
        .link = 2,
        .wire = 3,
        .count = 4,
        .number = 5,
        .thing = &clock_us,
    };

    open_table();
    hw_say(hw_table_seat(table, HW_SENDER), HW_QUEUE, &letter);
    CU_ASSERT_EQUAL(heard_count, 0);
    hw_table_turn(table);
    CU_ASSERT_EQUAL_FATAL(heard_count, 1);
    CU_ASSERT_EQUAL(book[0].who, HW_QUEUE);
    CU_ASSERT_EQUAL(memcmp(&book[0].letter, &letter, sizeof letter), 0);
    CU_ASSERT_EQUAL(book[0].now_ms, 5000);
    hw_table_turn(table);
    CU_ASSERT_EQUAL(heard_count, 1);
}

static void
letters_of_one_to_another_keep_their_order(void)
{
    open_table();
    for (uint64_t i = 0; i < 20; i++) {
        say(HW_SENDER, HW_QUEUE, HW_LETTER_TAKEN, i);
    }
    hw_table_turn(table);
    CU_ASSERT_EQUAL_FATAL(heard_count, 20);
    for (uint64_t i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(book[i].letter.number, i);
    }
}

static void
what_is_said_while_hearing_is_carried_in_the_same_turn(void)
{
    open_table();
    say(HW_SENDER, HW_QUEUE, HW_LETTER_WANT, 41);
    hw_table_turn(table);
    CU_ASSERT_EQUAL_FATAL(heard_count, 2);
    CU_ASSERT_EQUAL(book[1].who, HW_SENDER);
    CU_ASSERT_EQUAL(book[1].letter.number, 42);
}

// Who is heard first of those who said something, for each who hears: the door
// before the supervisor, so that a link is known before it is used; the port
// before all, so that what came before a loss is heard before the loss; events
// after what they follow from.
static void
letters_that_wait_are_heard_in_the_order_of_their_rank(void)
{
    static const struct {
        unsigned who;
        unsigned from[8];
        unsigned count;
    } cases[] = {
        { HW_PORT, { HW_SENDER, HW_RECEIVER, HW_SUPERVISOR }, 3 },
        { HW_RECEIVER,
          { HW_PORT, HW_DOOR, HW_HEARTBEAT, HW_QUEUE, HW_SUPERVISOR },
          5 },
        { HW_SENDER, { HW_PORT, HW_SUPERVISOR, HW_HEARTBEAT, HW_QUEUE }, 4 },
        { HW_QUEUE, { HW_DOOR, HW_SENDER, HW_RECEIVER, HW_SUPERVISOR }, 4 },
        { HW_BACKOFF, { HW_SUPERVISOR }, 1 },
        { HW_HEARTBEAT, { HW_SENDER, HW_RECEIVER, HW_SUPERVISOR }, 3 },
        { HW_SUPERVISOR,
          { HW_PORT, HW_DOOR, HW_SENDER, HW_RECEIVER, HW_BACKOFF, HW_HEARTBEAT,
            HW_QUEUE },
          7 },
    };

    open_table();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        heard_count = 0;
        for (unsigned j = cases[i].count; j-- > 0;) {
            say(cases[i].from[j], cases[i].who, HW_LETTER_TAKEN,
                cases[i].from[j]);
        }
        hw_table_turn(table);
        CU_ASSERT_EQUAL_FATAL(heard_count, cases[i].count);
        for (unsigned j = 0; j < cases[i].count; j++) {
            CU_ASSERT_EQUAL(book[j].who, cases[i].who);
            CU_ASSERT_EQUAL(book[j].letter.number, cases[i].from[j]);
        }
    }
}

static void
those_nearer_to_the_wire_hear_first(void)
{
    open_table();
    say(HW_SENDER, HW_SUPERVISOR, HW_LETTER_TAKEN, 0);
    say(HW_SENDER, HW_HEARTBEAT, HW_LETTER_TAKEN, 0);
    say(HW_SUPERVISOR, HW_BACKOFF, HW_LETTER_TAKEN, 0);
    say(HW_SENDER, HW_QUEUE, HW_LETTER_TAKEN, 0);
    say(HW_SUPERVISOR, HW_SENDER, HW_LETTER_TAKEN, 0);
    say(HW_SUPERVISOR, HW_RECEIVER, HW_LETTER_TAKEN, 0);
    say(HW_SUPERVISOR, HW_PORT, HW_LETTER_TAKEN, 0);
    hw_table_turn(table);
    CU_ASSERT_EQUAL_FATAL(heard_count, 7);
    for (size_t i = 0; i < 7; i++) {
        CU_ASSERT_EQUAL(book[i].who, i);
    }
}

// ---- time ----

static void
who_wants_to_be_woken_is_woken_then_and_not_before(void)
{
    open_table();
    CU_ASSERT_EQUAL(hw_table_next_wake(table), UINT64_MAX);
    hw_table_seat(table, HW_BACKOFF)->wake_at_ms = 5100;
    CU_ASSERT_EQUAL(hw_table_next_wake(table), 5100);
    clock_us = 5099999;
    hw_table_turn(table);
    CU_ASSERT_EQUAL(woken_count, 0);
    clock_us = 5100000;
    hw_table_turn(table);
    CU_ASSERT_EQUAL(woken_count, 1);
    CU_ASSERT_EQUAL(woken[0], HW_BACKOFF);
    CU_ASSERT_EQUAL(hw_table_seat(table, HW_BACKOFF)->now_ms, 5100);
    CU_ASSERT_EQUAL(hw_table_next_wake(table), UINT64_MAX);
    clock_us = 9000000;
    hw_table_turn(table);
    CU_ASSERT_EQUAL(woken_count, 1);
}

static void
the_earliest_of_all_is_the_next_to_be_woken(void)
{
    open_table();
    hw_table_seat(table, HW_HEARTBEAT)->wake_at_ms = 5300;
    hw_table_seat(table, HW_BACKOFF)->wake_at_ms = 5200;
    hw_table_seat(table, HW_SENDER)->wake_at_ms = 5400;
    CU_ASSERT_EQUAL(hw_table_next_wake(table), 5200);
    clock_us = 5300000;
    hw_table_turn(table);
    CU_ASSERT_EQUAL(woken_count, 2);
    CU_ASSERT_EQUAL(hw_table_next_wake(table), 5400);
}

static void
letters_are_heard_before_anybody_is_woken(void)
{
    open_table();
    hw_table_seat(table, HW_QUEUE)->wake_at_ms = 5000;
    say(HW_SUPERVISOR, HW_QUEUE, HW_LETTER_TAKEN, 0);
    hw_table_turn(table);
    CU_ASSERT_EQUAL(heard_count, 1);
    CU_ASSERT_EQUAL(woken_count, 1);
}

static void
a_seat_reads_the_clock_of_its_table(void)
{
    const struct hw_seat *seat;

    open_table();
    seat = hw_table_seat(table, HW_SENDER);
    clock_us = 1234567;
    CU_ASSERT_EQUAL(seat->clock_us(seat), 1234567);
    CU_ASSERT_EQUAL(seat->now_ms, 5000);
    CU_ASSERT_PTR_EQUAL(((struct guest *)hw_table_self(table, HW_SENDER))->seat,
                        seat);
}

// ---- coming and going ----

static void
they_leave_in_reverse_order(void)
{
    open_table();
    hw_table_close(table);
    table = NULL;
    CU_ASSERT_EQUAL(left_count, GUESTS);
    for (size_t i = 0; i < left_count; i++) {
        CU_ASSERT_EQUAL(left[i], GUESTS - 1 - i);
    }
    hw_table_close(NULL);
}

static void
where_one_cannot_sit_the_others_leave(void)
{
    for (unsigned name = 0; name < GUESTS; name++) {
        left_count = 0;
        refuses_to_sit = name;
        CU_ASSERT_EQUAL(open_for(GUESTS), HAWSER_NO_MEMORY);
        CU_ASSERT_PTR_NULL(table);
        CU_ASSERT_EQUAL(left_count, name);
        for (size_t i = 0; i < left_count; i++) {
            CU_ASSERT_EQUAL(left[i], name - 1 - i);
        }
    }
}

static void
a_table_is_closed_with_letters_unheard(void)
{
    open_table();
    say(HW_SENDER, HW_QUEUE, HW_LETTER_TAKEN, 0);
    hw_table_close(table);
    table = NULL;
    CU_ASSERT_EQUAL(heard_count, 0);
}

// ---- promises ----

static void
say_where_there_is_no_pipe(void)
{
    open_table();
    say(HW_BACKOFF, HW_QUEUE, HW_LETTER_TAKEN, 0);
}

static void
say_to_one_who_is_not_there(void)
{
    CU_ASSERT_EQUAL_FATAL(open_for(2), HAWSER_OK);
    say(HW_RECEIVER, HW_SUPERVISOR, HW_LETTER_TAKEN, 0);
}

static void
say_to_nobody(void)
{
    open_table();
    say(HW_RECEIVER, HW_INBOX, HW_LETTER_TAKEN, 0);
}

static void
say_what_is_not_understood(void)
{
    open_table();
    say(HW_SENDER, HW_QUEUE, HW_LETTER_SILENT, 0);
    hw_table_turn(table);
}

static void
a_letter_that_cannot_be_heard_stops_the_process(void)
{
    CU_ASSERT_TRUE(
        dies_saying(say_where_there_is_no_pipe, "a pipe between the two"));
    CU_ASSERT_TRUE(
        dies_saying(say_to_one_who_is_not_there, "a pipe between the two"));
    CU_ASSERT_TRUE(dies_saying(say_to_nobody, "those who sit at the table"));
    CU_ASSERT_TRUE(dies_saying(say_what_is_not_understood,
                               "nobody is told what it does not understand"));
}

static CU_TestInfo tests[] = {
    CHECK(a_letter_is_carried_to_whom_it_was_said),
    CHECK(letters_of_one_to_another_keep_their_order),
    CHECK(what_is_said_while_hearing_is_carried_in_the_same_turn),
    CHECK(letters_that_wait_are_heard_in_the_order_of_their_rank),
    CHECK(those_nearer_to_the_wire_hear_first),
    CHECK(who_wants_to_be_woken_is_woken_then_and_not_before),
    CHECK(the_earliest_of_all_is_the_next_to_be_woken),
    CHECK(letters_are_heard_before_anybody_is_woken),
    CHECK(a_seat_reads_the_clock_of_its_table),
    CHECK(they_leave_in_reverse_order),
    CHECK(where_one_cannot_sit_the_others_leave),
    CHECK(a_table_is_closed_with_letters_unheard),
    CHECK(a_letter_that_cannot_be_heard_stops_the_process),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("table", tests, start, stop);
    return check_run(argc, argv);
}
