// random_test.c - chance by seed.
#include "base/random.h"

#include <stdlib.h>

#include "check.h"

enum { DRAWS = 100000 };

static void
the_same_seed_gives_the_same_numbers(void)
{
    struct hw_random one, other;

    hw_random_init(&one, 42);
    hw_random_init(&other, 42);
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(hw_random_next(&one), hw_random_next(&other));
    }
}

// From the authors' own splitmix64.c, seed 0.
static void
the_numbers_are_those_of_splitmix64(void)
{
    static const uint64_t first[] = {
        UINT64_C(0xe220a8397b1dcdaf),
        UINT64_C(0x6e789e6aa1b965f4),
        UINT64_C(0x06c45d188009454f),
    };
    struct hw_random random;

    hw_random_init(&random, 0);
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        CU_ASSERT_EQUAL(hw_random_next(&random), first[i]);
    }
}

static void
another_seed_gives_other_numbers(void)
{
    struct hw_random one, other;
    int same = 0;

    hw_random_init(&one, 1);
    hw_random_init(&other, 2);
    for (int i = 0; i < 1000; i++) {
        same += hw_random_next(&one) == hw_random_next(&other);
    }
    CU_ASSERT_EQUAL(same, 0);
}

static void
seeds_of_the_system_differ(void)
{
    CU_ASSERT_NOT_EQUAL(hw_random_seed(), hw_random_seed());
}

static void
up_to_nothing_is_nothing(void)
{
    struct hw_random random;

    hw_random_init(&random, 3);
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(hw_random_up_to(&random, 0), 0);
    }
}

// Each of limit + 1 numbers is drawn about as often as the others: the square
// of the distance to what is expected, summed, stays below what chance gives
// once in a million for so many.
static void
check_spread(uint64_t limit, double at_most)
{
    unsigned counts[256] = { 0 };
    struct hw_random random;
    double expected = (double)DRAWS / (double)(limit + 1), sum = 0;

    hw_random_init(&random, 1000 + limit);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = hw_random_up_to(&random, limit);

        CU_ASSERT_FATAL(drawn <= limit);
        counts[drawn]++;
    }
    for (uint64_t i = 0; i <= limit; i++) {
        double off = counts[i] - expected;

        sum += off * off / expected;
    }
    CU_ASSERT_TRUE(counts[0] > 0);
    CU_ASSERT_TRUE(counts[limit] > 0);
    CU_ASSERT_TRUE(sum < at_most);
}

static void
up_to_a_limit_both_ends_come_and_each_as_often(void)
{
    check_spread(1, 24);
    check_spread(2, 28);
    check_spread(9, 46);
    check_spread(255, 375);
}

// A plain remainder would give the lowest third half of all draws.
static void
large_limits_do_not_favour_the_small_numbers(void)
{
    const uint64_t quarter = UINT64_C(1) << 62;
    struct hw_random random;
    int low = 0;

    hw_random_init(&random, 4);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = hw_random_up_to(&random, 3 * quarter - 1);

        CU_ASSERT_FATAL(drawn < 3 * quarter);
        low += drawn < quarter;
    }
    CU_ASSERT_TRUE(abs(low - DRAWS / 3) < DRAWS / 100);
}

static void
the_largest_limit_is_one(void)
{
    struct hw_random one, other;

    hw_random_init(&one, 5);
    hw_random_init(&other, 5);
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(hw_random_up_to(&one, UINT64_MAX),
                        hw_random_next(&other));
    }
}

static CU_TestInfo tests[] = {
    CHECK(the_same_seed_gives_the_same_numbers),
    CHECK(the_numbers_are_those_of_splitmix64),
    CHECK(another_seed_gives_other_numbers),
    CHECK(seeds_of_the_system_differ),
    CHECK(up_to_nothing_is_nothing),
    CHECK(up_to_a_limit_both_ends_come_and_each_as_often),
    CHECK(large_limits_do_not_favour_the_small_numbers),
    CHECK(the_largest_limit_is_one),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("random", tests)
