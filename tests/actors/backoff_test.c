// backoff_test.c - when a lost link may try again.
#include "actors/backoff_desk.h"
#include "check.h"

static bool
is_due(uint32_t link)
{
    struct hw_letter letter;

    return desk_read(&backoff_desk, HW_SUPERVISOR, HW_LETTER_RETRY_DUE,
                     &letter) &&
           letter.link == link;
}

// ---- how long ----

static void
waits_grow_by_the_factor_up_to_the_cap(void)
{
    static const uint64_t waits[] = { 100,  200,   400,   800,   1600, 3200,
                                      6400, 12800, 25600, 30000, 30000 };

    backoff_open("", "backoff.jitter=none");
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        struct hw_letter set = backoff_wants_after(0);

        CU_ASSERT_EQUAL(set.number, waits[i]);
        CU_ASSERT_EQUAL(set.count, i + 1);
        CU_ASSERT_EQUAL(set.note, waits[i] == 30000);
    }
}

static void
backoff_at_attempt_0_30_63_and_10000_is_right(void)
{
    static const struct {
        const char *options;
        unsigned attempt;
        uint64_t wait;
    } cases[] = {
        { "", 0, 100 },
        { "", 30, 30000 },
        { "", 63, 30000 },
        { "", 64, 30000 },
        { "", 10000, 30000 },
        { "backoff.factor=1", 10000, 100 },
        { "backoff.factor=100", 0, 100 },
        { "backoff.factor=100", 63, 30000 },
        { "backoff.factor=100", 10000, 30000 },
        { "backoff.factor=1.5 backoff.max=24h", 30, 19175105 },
        { "backoff.factor=1.01 backoff.max=24h", 63, 187 },
        { "backoff.min=1h backoff.max=24h", 10000, 86400000 },
        { "backoff.min=1ms backoff.max=1ms", 30, 1 },
        { "backoff.min=1h backoff.max=1s", 0, 1000 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char options[128];
        uint64_t wait;

        (void)snprintf(options, sizeof options, "backoff.jitter=none %s",
                       cases[i].options);
        backoff_open("", options);
        backoff_fails(cases[i].attempt);
        wait = backoff_wants();
        if (wait != cases[i].wait) {
            fprintf(stderr, "%s at %u: %u\n", cases[i].options,
                    cases[i].attempt, (unsigned)wait);
        }
        CU_ASSERT_EQUAL(wait, cases[i].wait);
        if (i < sizeof cases / sizeof cases[0] - 1) {
            backoff_close();
        }
    }
}

// ---- when ----

static void
a_retry_is_due_when_its_wait_is_over_and_once(void)
{
    backoff_open("", "backoff.jitter=none");
    CU_ASSERT_EQUAL(backoff_wants(), 100);
    desk_pass(&backoff_desk, 99);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    desk_pass(&backoff_desk, 1);
    CU_ASSERT_TRUE(is_due(0));
    desk_pass(&backoff_desk, 1000000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
}

static void
what_the_peer_asked_for_comes_on_top(void)
{
    struct hw_letter set;

    backoff_open("", "backoff.jitter=none");
    set = backoff_wants_after(7000);
    CU_ASSERT_EQUAL(set.number, 7100);
    CU_ASSERT_EQUAL(set.note, 0);
    desk_pass(&backoff_desk, 7099);
    CU_ASSERT_FALSE(is_due(0));
    desk_pass(&backoff_desk, 1);
    CU_ASSERT_TRUE(is_due(0));
    // It may be longer than the longest wait, and does not raise the next.
    set = backoff_wants_after(100000);
    CU_ASSERT_EQUAL(set.number, 100200);
    CU_ASSERT_EQUAL(backoff_wants(), 400);
}

// A greeting that is refused is said again until the backoff is at its ceiling:
// the wait that is told, the wait that is taken, and the ceiling are of one
// attempt.
static void
the_retry_of_a_refused_greeting_compares_the_delay_that_it_will_use(void)
{
    const struct hw_letter wanted = { .kind = HW_LETTER_RETRY_WANTED,
                                      .note = 1 };
    static const uint64_t waits[] = { 1000, 2000, 3000, 3000 };

    backoff_open("", "backoff.jitter=none backoff.min=1s backoff.max=3s");
    for (size_t i = 0; i < 4; i++) {
        struct hw_letter set = { 0 };

        desk_write(&backoff_desk, HW_SUPERVISOR, &wanted);
        CU_ASSERT_TRUE(
            desk_read(&backoff_desk, HW_SUPERVISOR, HW_LETTER_RETRY_SET, &set));
        CU_ASSERT_EQUAL(set.number, waits[i]);
        CU_ASSERT_EQUAL(set.note, waits[i] == 3000);
        CU_ASSERT_EQUAL(backoff_desk.seat.wake_at_ms,
                        desk_now(&backoff_desk) + set.number);
    }
}

static void
a_second_wish_replaces_the_first(void)
{
    backoff_open("", "backoff.jitter=none");
    (void)backoff_wants();
    desk_pass(&backoff_desk, 50);
    CU_ASSERT_EQUAL(backoff_wants(), 200);
    desk_pass(&backoff_desk, 199);
    CU_ASSERT_FALSE(is_due(0));
    desk_pass(&backoff_desk, 1);
    CU_ASSERT_TRUE(is_due(0));
    desk_pass(&backoff_desk, 10000);
    CU_ASSERT_FALSE(is_due(0));
}

// ---- how often ----

static void
attempts_are_counted_up_to_their_limit(void)
{
    backoff_open("", "attempts.max=3 backoff.jitter=none");
    CU_ASSERT_EQUAL(backoff_wants(), 100);
    CU_ASSERT_EQUAL(backoff_wants(), 200);
    backoff_tell(HW_LETTER_RETRY_WANTED, 0);
    CU_ASSERT_TRUE(desk_read_next(&backoff_desk, HW_SUPERVISOR,
                                  HW_LETTER_RETRY_OVER, NULL));
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    backoff_tell(HW_LETTER_RETRY_FORGET, 0);
    CU_ASSERT_EQUAL(backoff_wants(), 100);
}

static void
one_attempt_means_that_none_is_left_after_it(void)
{
    backoff_open("", "attempts.max=1");
    backoff_tell(HW_LETTER_RETRY_WANTED, 0);
    CU_ASSERT_TRUE(desk_read_next(&backoff_desk, HW_SUPERVISOR,
                                  HW_LETTER_RETRY_OVER, NULL));
}

static void
a_link_that_stays_up_forgets_its_attempts(void)
{
    backoff_open("", "backoff.jitter=none stable.after=10s");
    backoff_fails(5);
    backoff_tell(HW_LETTER_WIRE_UP, 0);
    desk_pass(&backoff_desk, 9999);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    desk_pass(&backoff_desk, 1);
    CU_ASSERT_TRUE(
        desk_read_next(&backoff_desk, HW_SUPERVISOR, HW_LETTER_STABLE, NULL));
    CU_ASSERT_EQUAL(backoff_wants(), 100);
}

static void
a_link_that_is_lost_too_early_goes_on_counting(void)
{
    backoff_open("", "backoff.jitter=none stable.after=10s");
    backoff_fails(3);
    backoff_tell(HW_LETTER_WIRE_UP, 0);
    desk_pass(&backoff_desk, 9999);
    backoff_tell(HW_LETTER_WIRE_DOWN, 0);
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    CU_ASSERT_EQUAL(backoff_wants(), 800);
}

static void
stable_at_once_is_stable_at_the_next_look(void)
{
    backoff_open("", "backoff.jitter=none stable.after=0");
    backoff_fails(3);
    backoff_tell(HW_LETTER_WIRE_UP, 0);
    desk_pass(&backoff_desk, 0);
    CU_ASSERT_TRUE(
        desk_read_next(&backoff_desk, HW_SUPERVISOR, HW_LETTER_STABLE, NULL));
}

static void
a_wire_that_is_up_wants_no_retry(void)
{
    backoff_open("", "backoff.jitter=none stable.after=1h");
    (void)backoff_wants();
    backoff_tell(HW_LETTER_WIRE_UP, 0);
    desk_pass(&backoff_desk, 1000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
}

// ---- forgetting ----

static void
what_is_forgotten_is_never_called_back(void)
{
    backoff_open("", "backoff.jitter=none stable.after=1s");
    (void)backoff_wants();
    backoff_tell(HW_LETTER_RETRY_FORGET, 0);
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    CU_ASSERT_EQUAL(backoff_desk.seat.wake_at_ms, UINT64_MAX);
    CU_ASSERT_EQUAL(backoff_wants(), 100);
}

static void
a_forgotten_link_is_never_called_back(void)
{
    backoff_open("", "backoff.jitter=none stable.after=50ms");
    backoff_open_link(1, "backoff.jitter=none");
    (void)backoff_wants();
    backoff_tell(HW_LETTER_WIRE_UP, 1);
    backoff_tell(HW_LETTER_LINK_FORGET, 0);
    backoff_tell(HW_LETTER_LINK_FORGET, 1);
    CU_ASSERT_EQUAL(
        desk_count(&backoff_desk, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN), 2);
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&backoff_desk));
    // The row's next link begins from the start.
    backoff_open_link(0, "backoff.jitter=none");
    CU_ASSERT_EQUAL(backoff_wants(), 100);
}

static void
links_do_not_count_each_others_attempts(void)
{
    backoff_open("", "backoff.jitter=none");
    backoff_open_link(1, "backoff.jitter=none backoff.min=30ms");
    backoff_fails(3);
    CU_ASSERT_EQUAL(backoff_wants(), 800);
    backoff_tell(HW_LETTER_RETRY_WANTED, 1);
    desk_clear(&backoff_desk);
    desk_pass(&backoff_desk, 30);
    CU_ASSERT_TRUE(is_due(1));
    desk_pass(&backoff_desk, 770);
    CU_ASSERT_TRUE(is_due(0));
}

static CU_TestInfo tests[] = {
    CHECK(waits_grow_by_the_factor_up_to_the_cap),
    CHECK(backoff_at_attempt_0_30_63_and_10000_is_right),
    CHECK(a_retry_is_due_when_its_wait_is_over_and_once),
    CHECK(what_the_peer_asked_for_comes_on_top),
    CHECK(the_retry_of_a_refused_greeting_compares_the_delay_that_it_will_use),
    CHECK(a_second_wish_replaces_the_first),
    CHECK(attempts_are_counted_up_to_their_limit),
    CHECK(one_attempt_means_that_none_is_left_after_it),
    CHECK(a_link_that_stays_up_forgets_its_attempts),
    CHECK(a_link_that_is_lost_too_early_goes_on_counting),
    CHECK(stable_at_once_is_stable_at_the_next_look),
    CHECK(a_wire_that_is_up_wants_no_retry),
    CHECK(what_is_forgotten_is_never_called_back),
    CHECK(a_forgotten_link_is_never_called_back),
    CHECK(links_do_not_count_each_others_attempts),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("backoff", tests, NULL, backoff_close);
    return check_run(argc, argv);
}
