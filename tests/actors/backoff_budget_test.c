// backoff_budget_test.c - bus.dials_per_second: who dials when.
#include "actors/backoff_desk.h"
#include "check.h"

enum { ALL = DESK_LINKS };

// Opens ALL links; 10 dials a second, each of them 100 ms after the one before.
static void
open_all(const char *seat_options, const char *options)
{
    backoff_open(seat_options, options);
    for (uint32_t link = 1; link < ALL; link++) {
        backoff_open_link(link, options);
    }
    desk_clear(&backoff_desk);
}

static bool
is_due(uint32_t link)
{
    struct hw_letter letter;

    return desk_read_next(&backoff_desk, HW_SUPERVISOR, HW_LETTER_RETRY_DUE,
                          &letter) &&
           letter.link == link;
}

// For how long the link is held back; -1: it is not.
static int
held_ms(uint32_t link)
{
    struct hw_letter letter;

    return desk_read_next(&backoff_desk, HW_SUPERVISOR, HW_LETTER_DIAL_HELD,
                          &letter) &&
                   letter.link == link
               ? (int)letter.number
               : -1;
}

static void
without_a_budget_every_dial_may_begin(void)
{
    open_all("bus.dials_per_second=off", "");
    for (uint32_t i = 0; i < 1000; i++) {
        backoff_tell(HW_LETTER_DIAL_WANTED, i % ALL);
        CU_ASSERT_TRUE(is_due(i % ALL));
    }
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    CU_ASSERT_EQUAL(backoff_desk.seat.wake_at_ms, UINT64_MAX);
}

static void
a_burst_may_dial_at_once_and_the_rest_one_by_one(void)
{
    open_all("bus.dials_per_second=10 bus.dials_burst=3", "");
    for (uint32_t link = 0; link < ALL; link++) {
        backoff_tell(HW_LETTER_DIAL_WANTED, link);
    }
    for (uint32_t link = 0; link < 3; link++) {
        CU_ASSERT_TRUE(is_due(link));
    }
    // Each is told for how long.
    for (uint32_t link = 3; link < ALL; link++) {
        CU_ASSERT_EQUAL(held_ms(link), ((int)link - 2) * 100);
    }
    for (uint32_t link = 3; link < ALL; link++) {
        desk_pass(&backoff_desk, 99);
        CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
        desk_pass(&backoff_desk, 1);
        CU_ASSERT_TRUE(is_due(link));
    }
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    CU_ASSERT_EQUAL(backoff_desk.seat.wake_at_ms, UINT64_MAX);
}

static void
retries_and_first_dials_stand_in_one_line(void)
{
    open_all("bus.dials_per_second=10 bus.dials_burst=1",
             "backoff.jitter=none backoff.min=50ms");
    backoff_tell(HW_LETTER_DIAL_WANTED, 0);
    CU_ASSERT_TRUE(is_due(0));
    backoff_tell(HW_LETTER_RETRY_WANTED, 1);
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 50); // the wait of 1 is over
    CU_ASSERT_EQUAL(held_ms(1), 50);
    backoff_tell(HW_LETTER_DIAL_WANTED, 2);
    CU_ASSERT_EQUAL(held_ms(2), 150);
    desk_pass(&backoff_desk, 50);
    CU_ASSERT_TRUE(is_due(1));
    desk_pass(&backoff_desk, 100);
    CU_ASSERT_TRUE(is_due(2));
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
}

// One that comes back again and again goes behind those who wait.
static void
nobody_is_passed_over(void)
{
    unsigned turns[ALL] = { 0 };
    struct hw_letter letter;

    open_all("bus.dials_per_second=10 bus.dials_burst=1", "");
    for (uint32_t link = 0; link < ALL; link++) {
        backoff_tell(HW_LETTER_DIAL_WANTED, link);
    }
    for (int i = 0; i < 10 * ALL; i++) {
        while (desk_read(&backoff_desk, HW_SUPERVISOR, HW_LETTER_RETRY_DUE,
                         &letter)) {
            turns[letter.link]++;
            backoff_tell(HW_LETTER_DIAL_WANTED, letter.link);
        }
        desk_pass(&backoff_desk, 100);
    }
    for (uint32_t link = 0; link < ALL; link++) {
        CU_ASSERT_TRUE(turns[link] == 10 || turns[link] == 11);
    }
}

static void
whoever_leaves_the_line_costs_no_dial(void)
{
    static const unsigned leaving[] = { HW_LETTER_RETRY_FORGET,
                                        HW_LETTER_LINK_FORGET,
                                        HW_LETTER_WIRE_DOWN };

    open_all("bus.dials_per_second=10 bus.dials_burst=1", "");
    for (uint32_t link = 0; link < 6; link++) {
        backoff_tell(HW_LETTER_DIAL_WANTED, link);
    }
    for (uint32_t i = 0; i < 3; i++) {
        backoff_tell(leaving[i], 1 + i);
    }
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 100);
    CU_ASSERT_TRUE(is_due(4));
    desk_pass(&backoff_desk, 100);
    CU_ASSERT_TRUE(is_due(5));
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
}

static void
a_second_wish_keeps_no_second_place(void)
{
    open_all("bus.dials_per_second=10 bus.dials_burst=1", "");
    for (uint32_t link = 0; link < 3; link++) {
        backoff_tell(HW_LETTER_DIAL_WANTED, link);
    }
    backoff_tell(HW_LETTER_RETRY_FORGET, 1); // a reconnect: behind 2 now
    backoff_tell(HW_LETTER_DIAL_WANTED, 1);
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 100);
    CU_ASSERT_TRUE(is_due(2));
    desk_pass(&backoff_desk, 100);
    CU_ASSERT_TRUE(is_due(1));
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
}

static void
a_greeting_that_is_said_again_is_no_dial(void)
{
    const struct hw_letter wanted = { .kind = HW_LETTER_RETRY_WANTED,
                                      .link = 1,
                                      .note = 1 };

    open_all("bus.dials_per_second=1 bus.dials_burst=1",
             "backoff.jitter=none backoff.min=50ms");
    backoff_tell(HW_LETTER_DIAL_WANTED, 0);
    desk_write(&backoff_desk, HW_SUPERVISOR, &wanted);
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 50);
    CU_ASSERT_TRUE(is_due(1));
}

static void
waiting_in_line_is_no_attempt(void)
{
    struct hw_letter letter = { 0 };

    open_all("bus.dials_per_second=10 bus.dials_burst=1",
             "backoff.jitter=none backoff.min=1ms attempts.max=2");
    backoff_tell(HW_LETTER_DIAL_WANTED, 0);
    backoff_tell(HW_LETTER_RETRY_WANTED, 1);
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 1);
    CU_ASSERT_TRUE(desk_read_next(&backoff_desk, HW_SUPERVISOR,
                                  HW_LETTER_DIAL_HELD, &letter));
    CU_ASSERT_EQUAL(letter.count, 1);
    desk_pass(&backoff_desk, 99);
    CU_ASSERT_TRUE(is_due(1));
}

static CU_TestInfo tests[] = {
    CHECK(without_a_budget_every_dial_may_begin),
    CHECK(a_burst_may_dial_at_once_and_the_rest_one_by_one),
    CHECK(retries_and_first_dials_stand_in_one_line),
    CHECK(nobody_is_passed_over),
    CHECK(whoever_leaves_the_line_costs_no_dial),
    CHECK(a_second_wish_keeps_no_second_place),
    CHECK(a_greeting_that_is_said_again_is_no_dial),
    CHECK(waiting_in_line_is_no_attempt),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("backoff budget", tests, NULL, backoff_close);
    return check_run(argc, argv);
}
