// plan_test.c - what was asked for when a link was opened.
#include "values/plan.h"

#include "check.h"

static void
a_plan_keeps_copies_of_what_it_was_given(void)
{
    char one[] = "ws://one/", two[] = "inproc://two";
    const hawser_transport transport = { .schemes = "ws" };
    struct hw_endpoint endpoints[] = {
        { .url = one, .host = "one", .transport = &transport, .port = 80 },
        { .url = two, .host = "" },
    };
    struct hawser_settings *settings = hw_settings_new(NULL, NULL);
    struct hw_plan *plan = hw_plan_new(settings, endpoints, 2);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    memset(one, 'x', sizeof one - 1);
    memset(two, 'x', sizeof two - 1);
    memset(endpoints, 0, sizeof endpoints);
    CU_ASSERT_EQUAL(plan->endpoint_count, 2);
    CU_ASSERT_STRING_EQUAL(plan->endpoints[0].url, "ws://one/");
    CU_ASSERT_STRING_EQUAL(plan->endpoints[1].url, "inproc://two");
    CU_ASSERT_PTR_EQUAL(plan->endpoints[0].transport, &transport);
    CU_ASSERT_STRING_EQUAL(plan->endpoints[0].host, "one");
    CU_ASSERT_EQUAL(plan->endpoints[0].port, 80);
    CU_ASSERT_STRING_EQUAL(plan->endpoints[1].host, "");
    CU_ASSERT_PTR_EQUAL(plan->settings, settings);
    CU_ASSERT_PTR_NULL(plan->meter);
    hw_plan_drop(plan);
}

static void
as_many_endpoints_as_the_limit_are_kept_in_order(void)
{
    static char urls[HW_ENDPOINTS_MAX][32];
    struct hw_endpoint endpoints[HW_ENDPOINTS_MAX] = { 0 };
    struct hw_plan *plan;

    for (unsigned i = 0; i < HW_ENDPOINTS_MAX; i++) {
        (void)snprintf(urls[i], sizeof urls[i], "ws://host-%u", i);
        endpoints[i].url = urls[i];
    }
    plan =
        hw_plan_new(hw_settings_new(NULL, NULL), endpoints, HW_ENDPOINTS_MAX);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    for (unsigned i = 0; i < HW_ENDPOINTS_MAX; i++) {
        CU_ASSERT_STRING_EQUAL(plan->endpoints[i].url, urls[i]);
    }
    hw_plan_drop(plan);
}

static void
a_plan_lives_as_long_as_it_is_held_and_its_settings_with_it(void)
{
    const struct hw_endpoint endpoint = { .url = "ws://one/" };
    struct hawser_settings *settings = hw_settings_new(NULL, NULL);
    struct hw_plan *plan;

    CU_ASSERT_PTR_NOT_NULL_FATAL(settings);
    plan = hw_plan_new(hw_settings_hold(settings), &endpoint, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_PTR_EQUAL(hw_plan_hold(plan), plan);
    hw_plan_drop(plan);
    CU_ASSERT_EQUAL(atomic_load(&plan->holds), 1);
    CU_ASSERT_EQUAL(atomic_load(&settings->holds), 2);
    hw_plan_drop(plan);
    CU_ASSERT_EQUAL(atomic_load(&settings->holds), 1);
    hw_settings_drop(settings);
    hw_plan_drop(NULL);
}

static CU_TestInfo tests[] = {
    CHECK(a_plan_keeps_copies_of_what_it_was_given),
    CHECK(as_many_endpoints_as_the_limit_are_kept_in_order),
    CHECK(a_plan_lives_as_long_as_it_is_held_and_its_settings_with_it),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("plan", tests)
