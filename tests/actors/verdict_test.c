// verdict_test.c - what a loss means for a link.
#include "actors/verdict.h"

#include "actors/desk.h"
#include "check.h"

// The option that decides over each cause, HTTP status and close code; "" where
// it is always tried again.
static const struct {
    hawser_cause cause;
    int http_status;
    int close_code;
    const char *option;
} cases[] = {
    { HAWSER_CAUSE_UNREACHABLE, 0, 0, "on.unreachable" },
    { HAWSER_CAUSE_TIMEOUT, 0, 0, "on.unreachable" },
    { HAWSER_CAUSE_TLS, 0, 0, "on.tls" },
    { HAWSER_CAUSE_HTTP, 401, 0, "on.http_401" },
    { HAWSER_CAUSE_HTTP, 407, 0, "on.http_401" },
    { HAWSER_CAUSE_HTTP, 403, 0, "on.http_403" },
    { HAWSER_CAUSE_HTTP, 404, 0, "on.http_404" },
    { HAWSER_CAUSE_HTTP, 410, 0, "on.http_404" },
    { HAWSER_CAUSE_HTTP, 200, 0, "on.http" },
    { HAWSER_CAUSE_HTTP, 301, 0, "on.http" },
    { HAWSER_CAUSE_HTTP, 400, 0, "on.http" },
    { HAWSER_CAUSE_HTTP, 402, 0, "on.http" },
    { HAWSER_CAUSE_HTTP, 429, 0, "on.http" },
    { HAWSER_CAUSE_HTTP, 500, 0, "on.http" },
    { HAWSER_CAUSE_HTTP, 503, 0, "on.http" },
    { HAWSER_CAUSE_PROTOCOL, 0, 0, "on.protocol" },
    { HAWSER_CAUSE_PROTOCOL, 0, 1002, "on.protocol" },
    { HAWSER_CAUSE_CLOSED, 0, 0, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1000, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1001, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1002, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1003, "on.close_1003" },
    { HAWSER_CAUSE_CLOSED, 0, 1005, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1007, "on.close_1003" },
    { HAWSER_CAUSE_CLOSED, 0, 1008, "on.close_1008" },
    { HAWSER_CAUSE_CLOSED, 0, 1009, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1010, "on.close_1003" },
    { HAWSER_CAUSE_CLOSED, 0, 1011, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1012, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 1013, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 3000, "on.close" },
    { HAWSER_CAUSE_CLOSED, 0, 4999, "on.close" },
    { HAWSER_CAUSE_CLOSED, 401, 1000, "on.close" },
    { HAWSER_CAUSE_RESET, 0, 0, "" },
    { HAWSER_CAUSE_RESET, 401, 1008, "" },
    { HAWSER_CAUSE_TOO_BIG, 0, 0, "on.too_big" },
    { HAWSER_CAUSE_LOCAL, 0, 0, "" },
    { HAWSER_CAUSE_CONFIG, 0, 0, "on.config" },
};

enum { CASES = sizeof cases / sizeof cases[0] };

static int64_t
verdict_of(const struct hawser_settings *settings, size_t i)
{
    const struct hw_report report = {
        .cause = cases[i].cause,
        .http_status = cases[i].http_status,
        .close_code = cases[i].close_code,
        .retry_after_ms = -1,
    };

    return hw_verdict(settings, &report);
}

// Sets one of the options apart from all others, and asks which losses notice.
static void
check_option(const char *option, const char *word, int64_t number)
{
    static const char *const others[] = {
        "on.unreachable", "on.tls",        "on.http_401", "on.http_403",
        "on.http_404",    "on.http",       "on.protocol", "on.too_big",
        "on.close_1003",  "on.close_1008", "on.close",    "on.config",
    };
    struct hawser_settings *settings;
    char options[512] = "";

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t size = strlen(options);

        (void)snprintf(options + size, sizeof options - size, "%s=%s ",
                       others[i],
                       strcmp(others[i], option) == 0 ? word : "retry");
    }
    settings = desk_settings(options);
    for (size_t i = 0; i < CASES; i++) {
        bool its = strcmp(cases[i].option, option) == 0;

        CU_ASSERT_EQUAL(verdict_of(settings, i), its ? number : HW_ON_RETRY);
    }
    hw_settings_drop(settings);
}

static void
each_loss_is_judged_by_its_own_option_and_by_no_other(void)
{
    for (size_t i = 0; i < CASES; i++) {
        if (cases[i].option[0] != '\0') {
            check_option(cases[i].option, "fail", HW_ON_FAIL);
            check_option(cases[i].option, "next", HW_ON_NEXT);
        }
    }
}

// The design, §3: HTTP 401, 403, 404, a certificate refused, 1008 … are fatal;
// the rest is tried again.
static void
by_default_only_what_retrying_cannot_mend_is_fatal(void)
{
    static const char *const fatal[] = { "on.tls",        "on.http_401",
                                         "on.http_403",   "on.http_404",
                                         "on.close_1003", "on.close_1008",
                                         "on.config" };
    struct hawser_settings *settings = desk_settings("");

    for (size_t i = 0; i < CASES; i++) {
        bool is_fatal = false;

        for (size_t j = 0; j < sizeof fatal / sizeof fatal[0]; j++) {
            is_fatal = is_fatal || strcmp(fatal[j], cases[i].option) == 0;
        }
        CU_ASSERT_EQUAL(verdict_of(settings, i),
                        is_fatal ? HW_ON_FAIL : HW_ON_RETRY);
    }
    hw_settings_drop(settings);
}

static void
what_the_peer_asked_for_is_waited_for(void)
{
    static const struct {
        int retry_after_ms;
        int close_code;
        uint64_t not_before_ms;
    } waits[] = {
        { -1, 0, 0 },
        { 0, 0, 0 },
        { 1, 0, 1 },
        { 7000, 0, 7000 },
        { -1, 1000, 0 },
        { -1, 1011, 0 },
        { -1, 1012, 5000 },
        { -1, 1013, 5000 },
        { -1, 1014, 0 },
        { 100, 1012, 100 },
        { 90000, 1013, 90000 },
        { 0, 1012, 5000 },
    };

    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        const struct hw_report report = {
            .close_code = waits[i].close_code,
            .retry_after_ms = waits[i].retry_after_ms,
        };

        CU_ASSERT_EQUAL(hw_verdict_not_before_ms(&report),
                        waits[i].not_before_ms);
    }
}

static CU_TestInfo tests[] = {
    CHECK(each_loss_is_judged_by_its_own_option_and_by_no_other),
    CHECK(by_default_only_what_retrying_cannot_mend_is_fatal),
    CHECK(what_the_peer_asked_for_is_waited_for),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("verdict", tests)
