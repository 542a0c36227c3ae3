// status_test.c - the words of statuses, and the version.
#include <hawser/hawser.h>

#include "check.h"

static const struct {
    hawser_status status;
    int number;
    const char *name;
} list[] = {
    { HAWSER_OK, 0, "OK" },
    { HAWSER_AGAIN, 1, "AGAIN" },
    { HAWSER_TIMEOUT, 2, "TIMEOUT" },
    { HAWSER_FULL, 3, "FULL" },
    { HAWSER_INVALID, 4, "INVALID" },
    { HAWSER_UNKNOWN, 5, "UNKNOWN" },
    { HAWSER_STALE, 6, "STALE" },
    { HAWSER_ENDED, 7, "ENDED" },
    { HAWSER_NO_MEMORY, 8, "NO_MEMORY" },
    { HAWSER_TOO_BIG, 9, "TOO_BIG" },
    { HAWSER_UNSUPPORTED, 10, "UNSUPPORTED" },
    { HAWSER_SYSTEM, 11, "SYSTEM" },
    { HAWSER_LEFTOVER, 12, "LEFTOVER" },
};

enum { STATUSES = sizeof list / sizeof list[0] };

// A program that was built last year knows these numbers.
static void
statuses_keep_their_numbers_and_names(void)
{
    for (size_t i = 0; i < STATUSES; i++) {
        CU_ASSERT_EQUAL((int)list[i].status, list[i].number);
        CU_ASSERT_STRING_EQUAL(hawser_status_name(list[i].status),
                               list[i].name);
    }
}

static void
every_status_has_a_sentence_of_its_own(void)
{
    for (size_t i = 0; i < STATUSES; i++) {
        CU_ASSERT_TRUE(hawser_status_text(list[i].status)[0] != '\0');
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(hawser_status_text(list[i].status),
                                       hawser_status_text(list[j].status));
        }
    }
    CU_ASSERT_STRING_EQUAL(hawser_status_text(HAWSER_OK), "ok");
    CU_ASSERT_STRING_EQUAL(hawser_status_text(HAWSER_TIMEOUT),
                           "the time given ran out");
}

static void
a_number_that_is_no_status_is_told_as_such(void)
{
    static const int numbers[] = { -1, STATUSES, 1000 };

    for (size_t i = 0; i < 3; i++) {
        hawser_status none = (hawser_status)numbers[i];

        CU_ASSERT_STRING_EQUAL(hawser_status_name(none), "NONE");
        CU_ASSERT_STRING_EQUAL(hawser_status_text(none),
                               "a number that is no status of Hawser");
    }
}

static void
a_version_is_three_numbers(void)
{
    unsigned one, two, three;
    char more;

    CU_ASSERT_EQUAL(
        sscanf(hawser_version(), "%u.%u.%u%c", &one, &two, &three, &more), 3);
}

static CU_TestInfo tests[] = {
    CHECK(statuses_keep_their_numbers_and_names),
    CHECK(every_status_has_a_sentence_of_its_own),
    CHECK(a_number_that_is_no_status_is_told_as_such),
    CHECK(a_version_is_three_numbers),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("status", tests)
