// report_test.c - what is told of one moment in a link's life.
#include "values/report.h"

#include <time.h>

#include "base/scarce.h"
#include "check.h"

static void
check_texts(const struct hw_report *report, const char *peer,
            const char *protocol, const char *error, const char *reason,
            const char *headers)
{
    CU_ASSERT_STRING_EQUAL(report->peer, peer);
    CU_ASSERT_STRING_EQUAL(report->protocol, protocol);
    CU_ASSERT_STRING_EQUAL(report->error, error);
    CU_ASSERT_STRING_EQUAL(report->reason, reason);
    CU_ASSERT_STRING_EQUAL(report->headers, headers);
}

static void
an_opened_wire_is_reported_with_what_was_agreed_on(void)
{
    char peer[] = "127.0.0.1:80";
    const hawser_opened info = {
        .peer = peer,
        .protocol = "chat",
        .headers = "Server: x\n",
        .http_status = 101,
        .barriers = 2,
    };
    struct hw_report *report = hw_report_opened(&info);

    memset(peer, 'x', sizeof peer - 1);
    check_texts(report, "127.0.0.1:80", "chat", "", "", "Server: x\n");
    CU_ASSERT_EQUAL(report->http_status, 101);
    CU_ASSERT_TRUE(report->barriers);
    CU_ASSERT_EQUAL(report->retry_after_ms, -1);
    CU_ASSERT_EQUAL(report->close_code, 0);
    hw_report_drop(report);
}

static void
a_lost_wire_is_reported_with_its_cause(void)
{
    const hawser_lost why = {
        .cause = HAWSER_CAUSE_HTTP,
        .error = "429 Too Many Requests",
        .headers = "Retry-After: 7\n",
        .reason = "later",
        .http_status = 429,
        .close_code = 1013,
        .retry_after_ms = 7000,
    };
    struct hw_report *report = hw_report_lost(&why);

    check_texts(report, "", "", "429 Too Many Requests", "later",
                "Retry-After: 7\n");
    CU_ASSERT_EQUAL(report->cause, HAWSER_CAUSE_HTTP);
    CU_ASSERT_EQUAL(report->http_status, 429);
    CU_ASSERT_EQUAL(report->close_code, 1013);
    CU_ASSERT_EQUAL(report->retry_after_ms, 7000);
    CU_ASSERT_FALSE(report->barriers);
    hw_report_drop(report);
}

static void
texts_that_were_not_given_are_empty(void)
{
    const hawser_opened info = { 0 };
    const hawser_lost why = { .cause = HAWSER_CAUSE_RESET };
    struct hw_report *opened = hw_report_opened(&info);
    struct hw_report *lost = hw_report_lost(&why);

    check_texts(opened, "", "", "", "", "");
    check_texts(lost, "", "", "", "", "");
    hw_report_drop(opened);
    hw_report_drop(lost);
}

static void
an_error_needs_no_more_than_a_sentence(void)
{
    struct hw_report *report =
        hw_report_error(HAWSER_CAUSE_TIMEOUT, "it took too long");

    check_texts(report, "", "", "it took too long", "", "");
    CU_ASSERT_EQUAL(report->cause, HAWSER_CAUSE_TIMEOUT);
    CU_ASSERT_EQUAL(report->retry_after_ms, -1);
    CU_ASSERT_EQUAL(report->http_status + report->close_code, 0);
    hw_report_drop(report);
}

static void
a_report_knows_when_it_was_made(void)
{
    int64_t before = (int64_t)time(NULL) * 1000;
    struct hw_report *report = hw_report_now();

    CU_ASSERT_TRUE(report->at_ms >= before);
    CU_ASSERT_TRUE(report->at_ms <= ((int64_t)time(NULL) + 1) * 1000);
    check_texts(report, "", "", "", "", "");
    hw_report_drop(report);
}

static void
a_report_lives_as_long_as_it_is_held(void)
{
    struct hw_report *report = hw_report_error(HAWSER_CAUSE_LOCAL, "held");

    CU_ASSERT_PTR_EQUAL(hw_report_hold(report), report);
    hw_report_drop(report);
    CU_ASSERT_STRING_EQUAL(report->error, "held");
    CU_ASSERT_EQUAL(atomic_load(&report->holds), 1);
    hw_report_drop(report);
    hw_report_drop(NULL);
}

#if SCARCE_IS_POSSIBLE
static void
without_memory_there_is_a_report_that_says_so(void)
{
    static char long_error[SCARCE_SIZE];
    struct hw_report *report;

    memset(long_error, 'x', sizeof long_error - 1);
    scarce_begin();
    report = hw_report_error(HAWSER_CAUSE_TIMEOUT, long_error);
    scarce_end();
    check_texts(report, "", "", "out of memory", "", "");
    CU_ASSERT_EQUAL(report->cause, HAWSER_CAUSE_LOCAL);
    CU_ASSERT_EQUAL(report->retry_after_ms, -1);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_PTR_EQUAL(hw_report_hold(report), report);
    }
    for (int i = 0; i < 9; i++) {
        hw_report_drop(report);
    }
    CU_ASSERT_STRING_EQUAL(report->error, "out of memory");
}
#endif

static CU_TestInfo tests[] = {
    CHECK(an_opened_wire_is_reported_with_what_was_agreed_on),
    CHECK(a_lost_wire_is_reported_with_its_cause),
    CHECK(texts_that_were_not_given_are_empty),
    CHECK(an_error_needs_no_more_than_a_sentence),
    CHECK(a_report_knows_when_it_was_made),
    CHECK(a_report_lives_as_long_as_it_is_held),
#if SCARCE_IS_POSSIBLE
    CHECK(without_memory_there_is_a_report_that_says_so),
#endif
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("report", tests)
