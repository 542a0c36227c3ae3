// check_test.c - a broken promise stops the process, and says which.
#include "base/check.h"

#include "base/dies.h"
#include "check.h"

static void
keep_a_promise(void)
{
    HW_CHECK(1 + 1 == 2, "one and one is two");
}

static void
break_a_promise(void)
{
    HW_CHECK(1 + 1 == 3, "one and one is three");
}

static void
a_broken_promise_aborts_with_its_sentence(void)
{
    CU_ASSERT_TRUE(dies_saying(break_a_promise, "one and one is three"));
}

static void
a_broken_promise_says_where_it_was_made(void)
{
    CU_ASSERT_TRUE(dies_saying(break_a_promise, "check_test.c:"));
}

static void
a_kept_promise_changes_nothing(void)
{
    CU_ASSERT_FALSE(dies_saying(keep_a_promise, ""));
    keep_a_promise();
}

static void
a_promise_is_looked_at_once(void)
{
    int looked = 0;

    HW_CHECK(++looked == 1, "it is looked at once");
    CU_ASSERT_EQUAL(looked, 1);
}

static CU_TestInfo tests[] = {
    CHECK(a_broken_promise_aborts_with_its_sentence),
    CHECK(a_broken_promise_says_where_it_was_made),
    CHECK(a_kept_promise_changes_nothing),
    CHECK(a_promise_is_looked_at_once),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("check", tests)
