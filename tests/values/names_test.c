// names_test.c - the words of states and fates.
#include <hawser/hawser.h>

#include "check.h"

static void
states_have_names(void)
{
    static const char *const names[] = {
        "idle",    "dialing",  "greeting", "up",
        "waiting", "draining", "closed",   "failed",
    };

    for (int i = 0; i < 8; i++) {
        CU_ASSERT_STRING_EQUAL(hawser_state_name((hawser_state)i), names[i]);
    }
    CU_ASSERT_STRING_EQUAL(hawser_state_name((hawser_state)8), "none");
    CU_ASSERT_STRING_EQUAL(hawser_state_name((hawser_state)-1), "none");
}

static void
fates_have_names(void)
{
    static const char *const names[] = { "settled", "expired", "dropped",
                                         "refused" };

    for (int i = 0; i < 4; i++) {
        CU_ASSERT_STRING_EQUAL(hawser_fate_name((hawser_fate)i), names[i]);
    }
    CU_ASSERT_STRING_EQUAL(hawser_fate_name((hawser_fate)4), "none");
    CU_ASSERT_STRING_EQUAL(hawser_fate_name((hawser_fate)-1), "none");
}

static void
every_phase_has_its_word(void)
{
    static const char *const names[] = { "waiting", "in flight", "gone" };

    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_STRING_EQUAL(hawser_phase_name((hawser_phase)i), names[i]);
    }
    CU_ASSERT_STRING_EQUAL(hawser_phase_name((hawser_phase)3), "none");
}

static CU_TestInfo tests[] = {
    CHECK(states_have_names),
    CHECK(fates_have_names),
    CHECK(every_phase_has_its_word),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("names", tests)
