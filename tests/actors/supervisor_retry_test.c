// supervisor_retry_test.c - where and when a lost link tries again, or not.
#include "actors/super_desk.h"
#include "check.h"

#define THREE "ws://one ws://two ws://three"

static const hawser_state wired[] = { HAWSER_DIALING, HAWSER_GREETING,
                                      HAWSER_UP, HAWSER_DRAINING };

static bool
says(unsigned to, unsigned kind)
{
    return desk_read(&super_desk, to, kind, NULL);
}

static void
fail_to_reach(uint32_t wire)
{
    super_lost(wire, HAWSER_CAUSE_UNREACHABLE, 0, 0);
}

// ---- endpoints ----

static void
endpoints_are_tried_in_order_at_once_and_then_the_backoff_rules(void)
{
    struct super_event event;

    super_open("", THREE);
    CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
    CU_ASSERT_TRUE(super_dials(1, 0));
    for (uint32_t i = 1; i < 3; i++) {
        fail_to_reach(i);
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.state, HAWSER_WAITING);
        CU_ASSERT_EQUAL(event.delay_ms, 0);
        CU_ASSERT_EQUAL(event.endpoint, i - 1);
        CU_ASSERT_STRING_EQUAL(event.error, "lost for a reason");
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.state, HAWSER_DIALING);
        CU_ASSERT_EQUAL(event.endpoint, i);
        CU_ASSERT_TRUE(super_dials(i + 1, i));
        CU_ASSERT_EQUAL(atomic_load(&super_desk.meters[0].endpoint), i);
        CU_ASSERT_FALSE(super_wants_retry(0, false));
    }
    fail_to_reach(3);
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
}

static void
after_the_wait_all_endpoints_are_tried_once_more(void)
{
    struct super_event event;

    super_open("", "ws://one ws://two");
    fail_to_reach(1);
    fail_to_reach(2);
    desk_clear(&super_desk);
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.endpoint, 1);
    CU_ASSERT_EQUAL(event.delay_ms, 100);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(super_dials(3, 0));
    fail_to_reach(3);
    CU_ASSERT_TRUE(super_dials(4, 1));
    fail_to_reach(4);
    CU_ASSERT_TRUE(super_wants_retry(0, false));
}

static void
a_link_that_was_up_tries_the_others_too(void)
{
    super_open("", "ws://one ws://two");
    super_opened(1, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
    desk_clear(&super_desk);
    super_lost(1, HAWSER_CAUSE_RESET, 0, 0);
    CU_ASSERT_TRUE(super_tells(HAWSER_WAITING));
    CU_ASSERT_TRUE(super_tells(HAWSER_DIALING));
    CU_ASSERT_TRUE(super_dials(2, 1));
}

static void
endpoints_that_open_and_lose_at_once_are_not_dialled_without_a_pause(void)
{
    super_open("", "ws://one ws://two");
    for (uint32_t wire = 1; wire <= 2; wire++) {
        super_opened(wire, true);
        super_hear(HW_QUEUE, HW_LETTER_GREETED, wire);
        desk_clear(&super_desk);
        super_lost(wire, HAWSER_CAUSE_RESET, 0, 0);
    }
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
}

static void
a_stable_link_starts_its_round_of_endpoints_anew(void)
{
    super_open("", "ws://one ws://two");
    fail_to_reach(1);
    super_opened(2, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 2);
    super_retry(HW_LETTER_STABLE, 0, 0, 0);
    CU_ASSERT_EQUAL(atomic_load(&super_desk.meters[0].attempt), 0);
    desk_clear(&super_desk);
    super_lost(2, HAWSER_CAUSE_RESET, 0, 0);
    CU_ASSERT_TRUE(super_dials(3, 0));
}

// ---- endpoints.prefer ----

#define PREFER "endpoints.prefer=first endpoints.prefer_after=1m"

static void
bring_up(uint32_t wire)
{
    super_opened(wire, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, wire);
    desk_clear(&super_desk);
}

static void
the_preferred_endpoint_is_tried_first_after_a_loss(void)
{
    super_open(PREFER, THREE);
    fail_to_reach(1);
    bring_up(2); // on the second
    super_retry(HW_LETTER_STABLE, 0, 0, 0);
    super_lost(2, HAWSER_CAUSE_RESET, 0, 0);
    CU_ASSERT_TRUE(super_dials(3, 0));
    fail_to_reach(3);
    CU_ASSERT_TRUE(super_dials(4, 2)); // not the one that was just lost
    fail_to_reach(4);
    CU_ASSERT_TRUE(super_wants_retry(0, false));
    super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    super_retry(HW_LETTER_RETRY_DUE, 1, 0, 0);
    CU_ASSERT_TRUE(super_dials(5, 0));
}

static void
a_link_goes_back_to_the_preferred_endpoint(void)
{
    super_open(PREFER, THREE);
    fail_to_reach(1);
    bring_up(2);
    super_pass(59999);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
    super_pass(1);
    CU_ASSERT_TRUE(super_closes(2, 0));
    CU_ASSERT_TRUE(super_dials(3, 0));
    CU_ASSERT_EQUAL(super_state(), HAWSER_DIALING);
    bring_up(3);
    super_pass(600000);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP); // where it wants to be
}

static void
a_preferred_endpoint_that_is_not_there_costs_no_wait(void)
{
    super_open(PREFER, THREE);
    fail_to_reach(1);
    bring_up(2);
    super_pass(60000);
    CU_ASSERT_TRUE(super_dials(3, 0));
    fail_to_reach(3);
    CU_ASSERT_TRUE(super_dials(4, 1));
    bring_up(4);
    super_pass(60000);
    CU_ASSERT_TRUE(super_dials(5, 0));
}

static void
a_link_that_drains_stays_where_it_is(void)
{
    super_open(PREFER, THREE);
    fail_to_reach(1);
    bring_up(2);
    super_wish(HW_LETTER_LINK_DRAIN, 0, 3600000, 0, NULL);
    super_pass(60000);
    CU_ASSERT_EQUAL(super_state(), HAWSER_DRAINING);
}

static void
without_a_preference_a_link_stays_where_it_is(void)
{
    super_open("", THREE);
    fail_to_reach(1);
    bring_up(2);
    super_pass(3600000);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

// ---- what the peer asked for ----

static void
a_peer_that_asks_for_time_gets_it(void)
{
    static const struct {
        hawser_lost why;
        uint64_t not_before_ms;
    } cases[] = {
        { { .cause = HAWSER_CAUSE_HTTP,
            .error = "429",
            .http_status = 429,
            .retry_after_ms = 7000 },
          7000 },
        { { .cause = HAWSER_CAUSE_HTTP,
            .error = "503",
            .http_status = 503,
            .retry_after_ms = -1 },
          0 },
        { { .cause = HAWSER_CAUSE_CLOSED,
            .error = "closed",
            .close_code = 1012,
            .retry_after_ms = -1 },
          5000 },
        { { .cause = HAWSER_CAUSE_CLOSED,
            .error = "closed",
            .close_code = 1013,
            .retry_after_ms = -1 },
          5000 },
    };

    for (size_t i = 0; i < 4; i++) {
        super_bring("", HAWSER_DIALING);
        super_lost_because(1, &cases[i].why);
        CU_ASSERT_TRUE(super_wants_retry(cases[i].not_before_ms, false));
        if (i < 3) {
            super_close();
        }
    }
}

// ---- what is fatal ----

// One that was draining has nowhere to drain to, and is closed.
static hawser_state
end_of(hawser_state from, hawser_state state)
{
    return from == HAWSER_DRAINING && state == HAWSER_FAILED ? HAWSER_CLOSED
                                                             : state;
}

static void
what_is_fatal_ends_in_failed_from_every_state_with_a_wire(void)
{
    for (size_t i = 0; i < 4; i++) {
        struct super_event event;

        super_bring("", wired[i]);
        super_lost(1, HAWSER_CAUSE_HTTP, 403, 0);
        CU_ASSERT_EQUAL(super_state(), end_of(wired[i], HAWSER_FAILED));
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.state, HAWSER_FAILED);
        CU_ASSERT_EQUAL(event.http_status, 403);
        CU_ASSERT_STRING_EQUAL(event.error, "lost for a reason");
        CU_ASSERT_TRUE(says(HW_BACKOFF, HW_LETTER_RETRY_FORGET));
        CU_ASSERT_FALSE(says(HW_BACKOFF, HW_LETTER_RETRY_WANTED));
        CU_ASSERT_FALSE(says(HW_PORT, HW_LETTER_WIRE_DIAL));
        if (i < 3) {
            super_close();
        }
    }
}

static void
close_codes_1000_and_1008_from_the_server_end_in_an_event_and_a_state(void)
{
    static const struct {
        int code;
        const char *options;
        hawser_state state;
    } cases[] = {
        { 1000, "", HAWSER_WAITING },
        { 1000, "on.close=fail", HAWSER_FAILED },
        { 1008, "", HAWSER_FAILED },
        { 1008, "on.close_1008=retry", HAWSER_WAITING },
        { 1001, "", HAWSER_WAITING },
        { 1005, "", HAWSER_WAITING },
        { 1003, "", HAWSER_FAILED },
        { 4999, "", HAWSER_WAITING },
    };
    enum { CASES = sizeof cases / sizeof cases[0] };

    for (size_t i = 0; i < CASES * 4; i++) {
        struct super_event event;

        super_bring(cases[i / 4].options, wired[i % 4]);
        super_lost(1, HAWSER_CAUSE_CLOSED, 0, cases[i / 4].code);
        CU_ASSERT_EQUAL(super_state(),
                        end_of(wired[i % 4], cases[i / 4].state));
        if (super_state() == HAWSER_WAITING) {
            CU_ASSERT_TRUE(says(HW_BACKOFF, HW_LETTER_RETRY_WANTED));
            super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
        }
        CU_ASSERT_TRUE(super_event(&event));
        CU_ASSERT_EQUAL(event.state, cases[i / 4].state);
        CU_ASSERT_EQUAL(event.close_code, cases[i / 4].code);
        if (i < CASES * 4 - 1) {
            super_close();
        }
    }
}

// Each option on.… at each of its values, by a loss that it is asked about.
static void
each_option_decides_over_its_own_loss(void)
{
    static const struct {
        const char *option;
        hawser_cause cause;
        int http_status, close_code;
    } cases[] = {
        { "on.unreachable", HAWSER_CAUSE_UNREACHABLE, 0, 0 },
        { "on.tls", HAWSER_CAUSE_TLS, 0, 0 },
        { "on.http_401", HAWSER_CAUSE_HTTP, 401, 0 },
        { "on.http_403", HAWSER_CAUSE_HTTP, 403, 0 },
        { "on.http_404", HAWSER_CAUSE_HTTP, 404, 0 },
        { "on.http", HAWSER_CAUSE_HTTP, 500, 0 },
        { "on.protocol", HAWSER_CAUSE_PROTOCOL, 0, 0 },
        { "on.too_big", HAWSER_CAUSE_TOO_BIG, 0, 0 },
        { "on.close_1003", HAWSER_CAUSE_CLOSED, 0, 1003 },
        { "on.close_1008", HAWSER_CAUSE_CLOSED, 0, 1008 },
        { "on.close", HAWSER_CAUSE_CLOSED, 0, 1011 },
    };
    static const struct {
        const char *word;
        const char *urls;
        hawser_state state;
    } wishes[] = {
        { "retry", "ws://one", HAWSER_WAITING },
        { "retry", "ws://one ws://two", HAWSER_DIALING },
        { "next", "ws://one", HAWSER_FAILED },
        { "next", "ws://one ws://two", HAWSER_DIALING },
        { "fail", "ws://one", HAWSER_FAILED },
        { "fail", "ws://one ws://two", HAWSER_FAILED },
    };
    enum { CASES = sizeof cases / sizeof cases[0] };

    for (size_t i = 0; i < CASES * 6; i++) {
        char options[64];

        (void)snprintf(options, sizeof options, "%s=%s", cases[i / 6].option,
                       wishes[i % 6].word);
        super_open(options, wishes[i % 6].urls);
        super_lost(1, cases[i / 6].cause, cases[i / 6].http_status,
                   cases[i / 6].close_code);
        CU_ASSERT_EQUAL(super_state(), wishes[i % 6].state);
        if (i < CASES * 6 - 1) {
            super_close();
        }
    }
}

static void
next_is_fatal_once_every_endpoint_was_tried(void)
{
    super_open("on.tls=next", THREE);
    for (uint32_t wire = 1; wire <= 3; wire++) {
        CU_ASSERT_EQUAL(super_state(), HAWSER_DIALING);
        super_lost(wire, HAWSER_CAUSE_TLS, 0, 0);
    }
    CU_ASSERT_EQUAL(super_state(), HAWSER_FAILED);
}

static void
no_attempts_left_ends_in_failed(void)
{
    struct super_event event;

    super_bring("", HAWSER_DIALING);
    fail_to_reach(1);
    super_retry(HW_LETTER_RETRY_OVER, 5, 0, 0);
    CU_ASSERT_EQUAL(super_state(), HAWSER_FAILED);
    CU_ASSERT_TRUE(super_event(&event));
    CU_ASSERT_EQUAL(event.state, HAWSER_FAILED);
    CU_ASSERT_STRING_EQUAL(event.error, "lost for a reason");
}

static void
a_failed_link_rests_until_it_is_told_to_reconnect(void)
{
    super_bring("", HAWSER_FAILED);
    super_pass(1000000);
    CU_ASSERT_TRUE(desk_is_silent(&super_desk));
    super_wish(HW_LETTER_LINK_RECONNECT, 0, 0, 0, NULL);
    CU_ASSERT_TRUE(super_dials(2, 0));
    super_opened(2, true);
    super_hear(HW_QUEUE, HW_LETTER_GREETED, 2);
    CU_ASSERT_EQUAL(super_state(), HAWSER_UP);
}

static CU_TestInfo tests[] = {
    CHECK(endpoints_are_tried_in_order_at_once_and_then_the_backoff_rules),
    CHECK(after_the_wait_all_endpoints_are_tried_once_more),
    CHECK(a_link_that_was_up_tries_the_others_too),
    CHECK(endpoints_that_open_and_lose_at_once_are_not_dialled_without_a_pause),
    CHECK(a_stable_link_starts_its_round_of_endpoints_anew),
    CHECK(the_preferred_endpoint_is_tried_first_after_a_loss),
    CHECK(a_link_goes_back_to_the_preferred_endpoint),
    CHECK(a_preferred_endpoint_that_is_not_there_costs_no_wait),
    CHECK(a_link_that_drains_stays_where_it_is),
    CHECK(without_a_preference_a_link_stays_where_it_is),
    CHECK(a_peer_that_asks_for_time_gets_it),
    CHECK(what_is_fatal_ends_in_failed_from_every_state_with_a_wire),
    CHECK(
        close_codes_1000_and_1008_from_the_server_end_in_an_event_and_a_state),
    CHECK(each_option_decides_over_its_own_loss),
    CHECK(next_is_fatal_once_every_endpoint_was_tried),
    CHECK(no_attempts_left_ends_in_failed),
    CHECK(a_failed_link_rests_until_it_is_told_to_reconnect),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("supervisor retry", tests, NULL, super_close);
    return check_run(argc, argv);
}
