// check.h - what every CUnit program of these tests begins and ends with.
//
// A test is a sentence about behaviour:
//
//   static void
//   a_forgotten_link_is_never_called_back(void)
//   {
//       CU_ASSERT_EQUAL(…);
//   }
//
//   static CU_TestInfo tests[] = {
//       CHECK(a_forgotten_link_is_never_called_back),
//       CU_TEST_INFO_NULL,
//   };
//
//   CHECK_MAIN("backoff", tests)
//
// A program with several suites, or with something to set up, has a main of its
// own that calls check_suite for each and returns check_run. Given a test's
// name, a program runs that test only.
#ifndef HAWSER_TESTS_CHECK_H
#define HAWSER_TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>

// clang-format off
#define CHECK(test) { #test, test }
// clang-format on

static bool check_broken;

// Adds a suite; set_up and tear_down (NULL: none) run around each test.
static inline void
check_suite_with(const char *name, CU_TestInfo *tests, CU_SetUpFunc set_up,
                 CU_TearDownFunc tear_down)
{
    CU_SuiteInfo suites[] = {
        { .pName = name,
          .pSetUpFunc = set_up,
          .pTearDownFunc = tear_down,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if ((CU_get_registry() == NULL &&
         CU_initialize_registry() != CUE_SUCCESS) ||
        CU_register_suites(suites) != CUE_SUCCESS) {
        fprintf(stderr, "suite %s: %s\n", name, CU_get_error_msg());
        check_broken = true;
    }
}

static inline void
check_suite(const char *name, CU_TestInfo *tests)
{
    check_suite_with(name, tests, NULL, NULL);
}

static inline void
check_run_one(const char *test)
{
    CU_pSuite suite = CU_get_registry()->pSuite;

    for (; suite != NULL; suite = suite->pNext) {
        CU_pTest found = CU_get_test_by_name(test, suite);

        if (found != NULL) {
            (void)CU_basic_run_test(suite, found); // the counts below tell
        }
    }
}

// Runs what was added, or the one test that the command line names. 0: there
// were tests, and none failed. The counts are read before the clean-up, which
// forgets them.
static inline int
check_run(int argc, char **argv)
{
    unsigned ran, failed;

    if (check_broken || CU_get_registry() == NULL) {
        fprintf(stderr, "no tests were registered\n");
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    if (argc > 1) {
        check_run_one(argv[1]);
    } else {
        (void)CU_basic_run_tests(); // the counts below tell
    }
    ran = CU_get_number_of_tests_run();
    failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    if (ran == 0) {
        fprintf(stderr, "no test ran\n");
        return 1;
    }
    return failed == 0 ? 0 : 1;
}

#define CHECK_MAIN(name, tests)                                                \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        check_suite(name, tests);                                              \
        return check_run(argc, argv);                                          \
    }

#endif
