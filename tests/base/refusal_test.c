// refusal_test.c - which call the operating system refused.
#include "base/refusal.h"

#include <errno.h>

#include "check.h"

static void
a_refusal_names_the_call_and_why(void)
{
    hw_refusal_note("eventfd", EMFILE);
    CU_ASSERT_STRING_EQUAL(hw_refusal_take(), "eventfd: Too many open files");
}

static void
it_is_told_once(void)
{
    hw_refusal_note("eventfd", EMFILE);
    (void)hw_refusal_take();
    CU_ASSERT_STRING_EQUAL(hw_refusal_take(), "");
}

static void
without_a_reason_the_call_is_told_alone(void)
{
    hw_refusal_note("start", 0);
    CU_ASSERT_STRING_EQUAL(hw_refusal_take(), "start: refused");
}

static CU_TestInfo tests[] = {
    CHECK(a_refusal_names_the_call_and_why),
    CHECK(it_is_told_once),
    CHECK(without_a_reason_the_call_is_told_alone),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("refusal", tests)
