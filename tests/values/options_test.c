// options_test.c - a set of options: set, get, refuse, the nearest name.
#include <hawser/options.h>

#include "check.h"
#include "values/settings.h"

static hawser_options *options;

static void
start(void)
{
    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&options), HAWSER_OK);
}

static void
stop(void)
{
    hawser_options_free(options);
    options = NULL;
}

static const char *
get(const char *name)
{
    const char *value = NULL;

    CU_ASSERT_EQUAL(hawser_options_get(options, name, &value), HAWSER_OK);
    return value == NULL ? "" : value;
}

static void
an_option_that_was_not_set_has_its_default(void)
{
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        CU_ASSERT_STRING_EQUAL(get(row.name), row.value);
    }
}

static void
every_default_may_be_set(void)
{
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        CU_ASSERT_EQUAL(hawser_options_set(options, row.name, row.value),
                        HAWSER_OK);
        CU_ASSERT_STRING_EQUAL(get(row.name), row.value);
    }
}

static void
what_was_set_is_in_force_until_it_is_set_again(void)
{
    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.max", "45s"),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(get("backoff.max"), "45s");
    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.max", "1m"),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(get("backoff.max"), "1m");
    CU_ASSERT_STRING_EQUAL(get("backoff.min"), "100ms");
}

static void
a_refused_value_changes_nothing_and_is_told_with_its_range(void)
{
    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.max", "45s"),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.max", "soon"),
                    HAWSER_INVALID);
    CU_ASSERT_STRING_EQUAL(get("backoff.max"), "45s");
    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.max", "25h"),
                    HAWSER_INVALID);
    CU_ASSERT_STRING_EQUAL(
        hawser_options_error(options),
        "backoff.max: \"25h\" is not a duration (250ms, 30s, 5m, 1h) in the "
        "range: 1ms..24h");
}

static void
a_sentence_is_gone_after_a_call_that_went_well(void)
{
    CU_ASSERT_STRING_EQUAL(hawser_options_error(options), "");
    (void)hawser_options_set(options, "confirm", "perhaps");
    CU_ASSERT_STRING_EQUAL(hawser_options_error(options),
                           "confirm: \"perhaps\" is not one of: none|peer|"
                           "application");
    (void)hawser_options_set(options, "confirm", "peer");
    CU_ASSERT_STRING_EQUAL(hawser_options_error(options), "");
}

static void
a_refused_get_is_told_too(void)
{
    const char *value = "untouched";

    CU_ASSERT_EQUAL(hawser_options_get(options, "backof.max", &value),
                    HAWSER_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(value, "untouched");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(hawser_options_error(options), "\"backoff.max\""));
    CU_ASSERT_EQUAL(hawser_options_get(options, "backoff.max", &value),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(hawser_options_error(options), "");
}

// A wrong first letter leaves no doubt which name was meant.
static void
an_unknown_name_is_refused_with_the_nearest(void)
{
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        char wrong[64], expected[128];

        (void)snprintf(wrong, sizeof wrong, "%s", row.name);
        wrong[0] = '#';
        (void)snprintf(expected, sizeof expected,
                       "no option is called \"%s\"; the nearest is \"%s\"",
                       wrong, row.name);
        CU_ASSERT_EQUAL(hawser_options_set(options, wrong, row.value),
                        HAWSER_UNKNOWN);
        CU_ASSERT_STRING_EQUAL(hawser_options_error(options), expected);
    }
}

static void
letters_added_left_out_and_changed_are_forgiven_alike(void)
{
    static const char *const wrong[][2] = {
        { "backoffmax", "backoff.max" },
        { "backoff.maxx", "backoff.max" },
        { "dial_timeout", "dial.timeout" },
        { "hartbeat.intervall", "heartbeat.interval" },
        { "thread", "threads" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char quoted[64];

        (void)snprintf(quoted, sizeof quoted, "nearest is \"%s\"", wrong[i][1]);
        (void)hawser_options_set(options, wrong[i][0], "1");
        CU_ASSERT_PTR_NOT_NULL(strstr(hawser_options_error(options), quoted));
    }
}

static void
a_name_of_any_length_gets_a_sentence(void)
{
    static char name[5000];

    memset(name, 'n', sizeof name - 1);
    CU_ASSERT_EQUAL(hawser_options_set(options, name, "1"), HAWSER_UNKNOWN);
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_options_error(options), "nnn"));
    CU_ASSERT_EQUAL(hawser_options_set(options, "", "1"), HAWSER_UNKNOWN);
    CU_ASSERT_EQUAL(hawser_options_set(options, "confirm", name),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_options_error(options), "none|peer"));
}

static void
a_list_grows_by_each_value_and_an_empty_one_empties_it(void)
{
    CU_ASSERT_STRING_EQUAL(get("ws.header"), "");
    (void)hawser_options_set(options, "ws.header", "One: 1");
    CU_ASSERT_STRING_EQUAL(get("ws.header"), "One: 1");
    (void)hawser_options_set(options, "ws.header", "Two: 2");
    (void)hawser_options_set(options, "ws.header", "Three: 3");
    CU_ASSERT_STRING_EQUAL(get("ws.header"), "One: 1\nTwo: 2\nThree: 3");
    CU_ASSERT_EQUAL(hawser_options_set(options, "ws.header", ""), HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(get("ws.header"), "");
    (void)hawser_options_set(options, "ws.header", "Four: 4");
    CU_ASSERT_STRING_EQUAL(get("ws.header"), "Four: 4");
}

static void
a_line_of_a_list_is_one_line(void)
{
    (void)hawser_options_set(options, "ws.header", "One: 1");
    CU_ASSERT_EQUAL(hawser_options_set(options, "ws.header", "A: b\r\nC: d"),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_set(options, "ws.header", "A: b\nC: d"),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_options_error(options), "line break"));
    CU_ASSERT_STRING_EQUAL(get("ws.header"), "One: 1");
}

static void
text_that_is_not_utf8_is_refused(void)
{
    CU_ASSERT_EQUAL(hawser_options_set(options, "ws.origin", "\xff"),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_options_error(options), "UTF-8"));
    CU_ASSERT_EQUAL(hawser_options_set(options, "ws.origin", "h\xc3\xa4"),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(get("ws.origin"), "h\xc3\xa4");
}

static void
what_is_missing_is_invalid(void)
{
    const char *value;
    hawser_option_row row;

    CU_ASSERT_EQUAL(hawser_options_new(NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_set(NULL, "confirm", "peer"),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_set(options, NULL, "peer"), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_set(options, "confirm", NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_get(NULL, "confirm", &value),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_get(options, NULL, &value), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_get(options, "confirm", NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_row(0, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_row(HW_OPTIONS, &row), HAWSER_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(hawser_options_error(NULL), "");
    hawser_options_free(NULL);
}

static void
a_copy_goes_its_own_way(void)
{
    hawser_options *copy, *empty = hw_options_copy(NULL);
    const char *value;

    (void)hawser_options_set(options, "tls.ca", "one.pem");
    copy = hw_options_copy(options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(empty);
    (void)hawser_options_set(options, "tls.ca", "two.pem");
    CU_ASSERT_EQUAL(hawser_options_get(copy, "tls.ca", &value), HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(value, "one.pem");
    CU_ASSERT_EQUAL(hawser_options_get(empty, "tls.ca", &value), HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(value, "");
    hawser_options_free(copy);
    hawser_options_free(empty);
}

static void
options_of_a_bus_are_found_among_those_of_links(void)
{
    CU_ASSERT_PTR_NULL(hw_options_of_bus(NULL));
    CU_ASSERT_PTR_NULL(hw_options_of_bus(options));
    (void)hawser_options_set(options, "confirm", "peer");
    CU_ASSERT_PTR_NULL(hw_options_of_bus(options));
    (void)hawser_options_set(options, "threads", "0");
    CU_ASSERT_STRING_EQUAL(hw_options_of_bus(options), "threads");
}

static CU_TestInfo tests[] = {
    CHECK(an_option_that_was_not_set_has_its_default),
    CHECK(every_default_may_be_set),
    CHECK(what_was_set_is_in_force_until_it_is_set_again),
    CHECK(a_refused_value_changes_nothing_and_is_told_with_its_range),
    CHECK(a_sentence_is_gone_after_a_call_that_went_well),
    CHECK(a_refused_get_is_told_too),
    CHECK(an_unknown_name_is_refused_with_the_nearest),
    CHECK(letters_added_left_out_and_changed_are_forgiven_alike),
    CHECK(a_name_of_any_length_gets_a_sentence),
    CHECK(a_list_grows_by_each_value_and_an_empty_one_empties_it),
    CHECK(a_line_of_a_list_is_one_line),
    CHECK(text_that_is_not_utf8_is_refused),
    CHECK(what_is_missing_is_invalid),
    CHECK(a_copy_goes_its_own_way),
    CHECK(options_of_a_bus_are_found_among_those_of_links),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("options", tests, start, stop);
    return check_run(argc, argv);
}
