// backoff_jitter_test.c - waits are spread: clients return one by one.
#include "actors/backoff_desk.h"
#include "check.h"

enum { DRAWS = 400 };

// ---- jitter ----

static const struct {
    const char *jitter;
    double low, high; // of the wait without jitter
} kinds[] = {
    { "proportional", 0.8, 1.0 },
    { "equal", 0.5, 1.0 },
    { "full", 0.0, 1.0 },
    // At the first retry min..3·min; decorrelated_waits_… has the rest.
    { "decorrelated", 1.0, 3.0 },
};

struct spread {
    uint64_t low, high;
    unsigned different;
    bool told_is_taken;
};

// Draws the wait at that attempt again and again.
static struct spread
draw(unsigned attempt)
{
    struct spread spread = { .low = UINT64_MAX, .told_is_taken = true };
    uint64_t before = 0;

    for (int i = 0; i < DRAWS; i++) {
        uint64_t wait;

        backoff_fails(attempt);
        wait = backoff_wants();
        spread.low = wait < spread.low ? wait : spread.low;
        spread.high = wait > spread.high ? wait : spread.high;
        spread.different += wait != before;
        spread.told_is_taken =
            spread.told_is_taken &&
            backoff_desk.seat.wake_at_ms == desk_now(&backoff_desk) + wait;
        before = wait;
        backoff_tell(HW_LETTER_RETRY_FORGET, 0);
    }
    return spread;
}

static void
check_spread(const char *jitter, unsigned attempt, double low, double high)
{
    struct spread spread;
    char options[128];

    (void)snprintf(options, sizeof options,
                   "backoff.min=1s backoff.max=64s backoff.jitter=%s", jitter);
    backoff_open("", options);
    spread = draw(attempt);
    // Inside its limits, and close to both; nearly every draw another one.
    CU_ASSERT_TRUE((double)spread.low >= low);
    CU_ASSERT_TRUE((double)spread.high <= high);
    CU_ASSERT_TRUE((double)spread.low < low + (high - low) / 10);
    CU_ASSERT_TRUE((double)spread.high > high - (high - low) / 10);
    CU_ASSERT_TRUE(spread.different > DRAWS * 9 / 10);
    CU_ASSERT_TRUE(spread.low > 0);
    CU_ASSERT_TRUE(spread.told_is_taken);
    backoff_close();
}

static void
jitter_spreads_at_the_first_retry(void)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        check_spread(kinds[i].jitter, 0, 1000 * kinds[i].low,
                     1000 * kinds[i].high);
    }
    backoff_open("", "");
}

static void
jitter_spreads_at_the_cap(void)
{
    for (size_t i = 0; i < 3; i++) {
        check_spread(kinds[i].jitter, 20, 64000 * kinds[i].low,
                     64000 * kinds[i].high);
    }
    backoff_open("", "");
}

static void
decorrelated_waits_follow_from_the_one_before(void)
{
    uint64_t before, highest = 0, lowest = UINT64_MAX;
    unsigned at_cap = 0;

    backoff_open("",
                 "backoff.min=1s backoff.max=64s backoff.jitter=decorrelated");
    before = 1000;
    for (int i = 0; i < DRAWS * 4; i++) {
        uint64_t wait = backoff_wants(), high = before * 3;

        high = high < 64000 ? high : 64000;
        CU_ASSERT_TRUE(wait >= 1000 && wait <= high);
        highest = wait > highest ? wait : highest;
        lowest = wait < lowest ? wait : lowest;
        at_cap += wait == 64000;
        before = wait;
    }
    CU_ASSERT_TRUE(highest > 60000);
    CU_ASSERT_TRUE(lowest < 5000);
    CU_ASSERT_TRUE(at_cap < DRAWS / 10);
}

static void
without_jitter_waits_are_as_they_are(void)
{
    struct spread spread;

    backoff_open("", "backoff.jitter=none backoff.min=1s");
    spread = draw(1);
    CU_ASSERT_EQUAL(spread.low, 2000);
    CU_ASSERT_EQUAL(spread.high, 2000);
}

static void
the_same_seed_gives_the_same_waits(void)
{
    uint64_t waits[3][20];
    static const char *const seeds[] = { "random.seed=7", "random.seed=7",
                                         "random.seed=8" };
    int same = 0;

    for (int run = 0; run < 3; run++) {
        backoff_open(seeds[run], "backoff.jitter=full backoff.min=1s");
        for (int i = 0; i < 20; i++) {
            waits[run][i] = backoff_wants();
        }
        if (run < 2) {
            backoff_close();
        }
    }
    CU_ASSERT_EQUAL(memcmp(waits[0], waits[1], sizeof waits[0]), 0);
    for (int i = 0; i < 20; i++) {
        same += waits[0][i] == waits[2][i];
    }
    CU_ASSERT_TRUE(same < 5);
}

// After so many attempts, with a peer that asks for so much: from low on, and
// over so wide a span.
static void
check_asked(unsigned attempt, uint64_t asked_ms, uint64_t span_ms)
{
    uint64_t low = UINT64_MAX, high = 0;

    for (int i = 0; i < DRAWS; i++) {
        uint64_t wait;

        backoff_fails(attempt);
        wait = backoff_wants_after(asked_ms).number;
        low = wait < low ? wait : low;
        high = wait > high ? wait : high;
        backoff_tell(HW_LETTER_RETRY_FORGET, 0);
    }
    CU_ASSERT_TRUE(low >= asked_ms && low < asked_ms + span_ms / 10);
    CU_ASSERT_TRUE(high <= asked_ms + span_ms &&
                   high > asked_ms + span_ms - span_ms / 10);
}

static void
those_who_were_asked_for_time_do_not_return_at_one_moment(void)
{
    static const char *const jitters[] = { "proportional", "equal", "full",
                                           "decorrelated" };

    for (size_t i = 0; i < 4; i++) {
        char options[64];

        (void)snprintf(options, sizeof options, "backoff.jitter=%s",
                       jitters[i]);
        backoff_open("", options);
        check_asked(0, 5000, 5000);    // as much again
        check_asked(0, 100000, 30000); // but at most backoff.max
        check_asked(20, 5000, 30000);  // or what the backoff waits anyway
        if (i < 3) {
            backoff_close();
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK(jitter_spreads_at_the_first_retry),
    CHECK(jitter_spreads_at_the_cap),
    CHECK(decorrelated_waits_follow_from_the_one_before),
    CHECK(without_jitter_waits_are_as_they_are),
    CHECK(the_same_seed_gives_the_same_waits),
    CHECK(those_who_were_asked_for_time_do_not_return_at_one_moment),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("backoff jitter", tests, NULL, backoff_close);
    return check_run(argc, argv);
}
