// deadlines_test.c - which deadline is the first, whatever was set and cleared.
#include "base/deadlines.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"

enum { ROWS = 200, STEPS = 4000, SEEDS = 12, MANY = 5000 };

static struct hw_deadlines deadlines;

static int
set_up(void)
{
    return hw_deadlines_init(&deadlines, MANY) ? 0 : 1;
}

static int
tear_down(void)
{
    hw_deadlines_free(&deadlines);
    return 0;
}

static void
check_first(uint32_t row, uint64_t when)
{
    uint32_t first = UINT32_MAX;
    uint64_t its = 0;

    CU_ASSERT_TRUE(hw_deadlines_first(&deadlines, &first, &its));
    CU_ASSERT_EQUAL(first, row);
    CU_ASSERT_EQUAL(its, when);
    CU_ASSERT_EQUAL(hw_deadlines_next(&deadlines), when);
}

static void
check_none(void)
{
    uint32_t row;
    uint64_t when;

    CU_ASSERT_FALSE(hw_deadlines_first(&deadlines, &row, &when));
    CU_ASSERT_FALSE(hw_deadlines_take(&deadlines, UINT64_MAX, &row));
    CU_ASSERT_EQUAL(hw_deadlines_next(&deadlines), UINT64_MAX);
}

static void
where_none_is_set_none_comes(void)
{
    check_none();
}

static void
the_earliest_is_first_in_whatever_order_they_are_set(void)
{
    hw_deadlines_set(&deadlines, 3, 30);
    check_first(3, 30);
    hw_deadlines_set(&deadlines, 1, 10);
    check_first(1, 10);
    hw_deadlines_set(&deadlines, 2, 20);
    check_first(1, 10);
}

static void
a_deadline_is_moved_by_setting_it_again(void)
{
    hw_deadlines_set(&deadlines, 0, 10);
    hw_deadlines_set(&deadlines, 1, 20);
    hw_deadlines_set(&deadlines, 0, 30);
    check_first(1, 20);
    hw_deadlines_set(&deadlines, 0, 5);
    check_first(0, 5);
    hw_deadlines_clear(&deadlines, 0);
    check_first(1, 20);
    hw_deadlines_clear(&deadlines, 1);
    check_none();
}

static void
a_cleared_deadline_never_comes(void)
{
    uint32_t row;

    hw_deadlines_set(&deadlines, 7, 70);
    hw_deadlines_set(&deadlines, 8, 80);
    hw_deadlines_clear(&deadlines, 7);
    hw_deadlines_clear(&deadlines, 7);
    hw_deadlines_clear(&deadlines, 9);
    CU_ASSERT_TRUE(hw_deadlines_take(&deadlines, 1000, &row));
    CU_ASSERT_EQUAL(row, 8);
    check_none();
}

static void
a_deadline_is_taken_when_it_has_come_and_not_before(void)
{
    uint32_t row = 0;

    hw_deadlines_set(&deadlines, 5, 50);
    CU_ASSERT_FALSE(hw_deadlines_take(&deadlines, 49, &row));
    CU_ASSERT_TRUE(hw_deadlines_take(&deadlines, 50, &row));
    CU_ASSERT_EQUAL(row, 5);
    CU_ASSERT_FALSE(hw_deadlines_take(&deadlines, 50, &row));
}

static void
the_ends_of_time_are_deadlines_too(void)
{
    uint32_t row;

    hw_deadlines_set(&deadlines, 0, UINT64_MAX);
    hw_deadlines_set(&deadlines, MANY - 1, 0);
    check_first(MANY - 1, 0);
    CU_ASSERT_TRUE(hw_deadlines_take(&deadlines, 0, &row));
    check_first(0, UINT64_MAX);
    CU_ASSERT_TRUE(hw_deadlines_take(&deadlines, UINT64_MAX, &row));
    check_none();
}

static void
thousands_come_once_each_in_order(void)
{
    static bool came[MANY];
    struct hw_random random;
    uint64_t before = 0, when;
    uint32_t row, count = 0;

    memset(came, 0, sizeof came);
    hw_random_init(&random, 1);
    for (row = 0; row < MANY; row++) {
        hw_deadlines_set(&deadlines, row, hw_random_up_to(&random, 1000));
    }
    while (hw_deadlines_first(&deadlines, &row, &when) && count < MANY) {
        uint32_t taken = UINT32_MAX;

        CU_ASSERT_FATAL(row < MANY);
        CU_ASSERT_FALSE(came[row]);
        CU_ASSERT_TRUE(when >= before);
        CU_ASSERT_TRUE(hw_deadlines_take(&deadlines, when, &taken));
        CU_ASSERT_EQUAL(taken, row);
        came[row] = true;
        before = when;
        count++;
    }
    CU_ASSERT_EQUAL(count, MANY);
    check_none();
}

// The simple way to keep deadlines: UINT64_MAX is none.
static uint64_t
model_next(const uint64_t *model)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t row = 0; row < ROWS; row++) {
        next = model[row] < next ? model[row] : next;
    }
    return next;
}

// Says whether code and model agree after one step.
static bool
step_both(struct hw_random *random, uint64_t *model)
{
    uint32_t row = (uint32_t)hw_random_up_to(random, ROWS - 1), taken;
    uint64_t when = hw_random_up_to(random, 500), next;
    bool due;

    switch (hw_random_up_to(random, 3)) {
    case 0:
        hw_deadlines_clear(&deadlines, row);
        model[row] = UINT64_MAX;
        break;
    case 1:
        next = model_next(model);
        due = next != UINT64_MAX && next <= when;
        if (hw_deadlines_take(&deadlines, when, &taken) != due ||
            (due && model[taken] != next)) {
            return false;
        }
        if (due) {
            model[taken] = UINT64_MAX;
        }
        break;
    default:
        hw_deadlines_set(&deadlines, row, when);
        model[row] = when;
        break;
    }
    return hw_deadlines_next(&deadlines) == model_next(model);
}

static void
they_are_what_a_plain_list_would_be(void)
{
    static uint64_t model[ROWS];

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct hw_random random;
        int agreed = 0;

        hw_random_init(&random, seed);
        memset(model, 0xff, sizeof model);
        for (uint32_t row = 0; row < ROWS; row++) {
            hw_deadlines_clear(&deadlines, row);
        }
        while (agreed < STEPS && step_both(&random, model)) {
            agreed++;
        }
        CU_ASSERT_EQUAL(agreed, STEPS);
        if (agreed < STEPS) {
            fprintf(stderr, "seed %u, step %d\n", (unsigned)seed, agreed);
        }
    }
}

static void
what_was_never_set_up_may_be_freed(void)
{
    struct hw_deadlines none = { 0 };

    hw_deadlines_free(&none);
    CU_ASSERT_PTR_NULL(none.heap);
}

static void
what_was_freed_holds_nothing(void)
{
    struct hw_deadlines some;

    CU_ASSERT_TRUE_FATAL(hw_deadlines_init(&some, 4));
    hw_deadlines_set(&some, 3, 1);
    hw_deadlines_free(&some);
    CU_ASSERT_EQUAL(hw_deadlines_next(&some), UINT64_MAX);
    hw_deadlines_free(&some);
}

static CU_TestInfo tests[] = {
    CHECK(where_none_is_set_none_comes),
    CHECK(the_earliest_is_first_in_whatever_order_they_are_set),
    CHECK(a_deadline_is_moved_by_setting_it_again),
    CHECK(a_cleared_deadline_never_comes),
    CHECK(a_deadline_is_taken_when_it_has_come_and_not_before),
    CHECK(the_ends_of_time_are_deadlines_too),
    CHECK(thousands_come_once_each_in_order),
    CHECK(they_are_what_a_plain_list_would_be),
    CHECK(what_was_never_set_up_may_be_freed),
    CHECK(what_was_freed_holds_nothing),
    CU_TEST_INFO_NULL,
};

// The suite's own set-up and tear-down run once; a fresh set for each test
// comes from clearing it.
static void
start_empty(void)
{
    for (uint32_t row = 0; row < MANY; row++) {
        hw_deadlines_clear(&deadlines, row);
    }
}

int
main(int argc, char **argv)
{
    CU_SuiteInfo suites[] = {
        { .pName = "deadlines",
          .pInitFunc = set_up,
          .pCleanupFunc = tear_down,
          .pSetUpFunc = start_empty,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    return check_run(argc, argv);
}
