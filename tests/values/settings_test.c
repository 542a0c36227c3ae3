// settings_test.c - options with every value resolved.
#include "values/settings.h"

#include <stdlib.h>

#include "base/dies.h"
#include "check.h"

static hawser_options *under, *over;

static void
start(void)
{
    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&under), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&over), HAWSER_OK);
}

static void
stop(void)
{
    hawser_options_free(under);
    hawser_options_free(over);
}

static struct hawser_settings *
resolve(const hawser_options *one, const hawser_options *other)
{
    struct hawser_settings *settings = hw_settings_new(one, other);

    CU_ASSERT_PTR_NOT_NULL_FATAL(settings);
    return settings;
}

// A field of a type, and what the option of its name says, are the same.
#define SAME_number(settings, field, name)                                     \
    CU_ASSERT_EQUAL((settings)->field, hawser_setting_number(settings, name))
#define SAME_words(settings, field, name)                                      \
    CU_ASSERT_STRING_EQUAL((settings)->field,                                  \
                           hawser_setting_text(settings, name))
#define SAME_fraction(settings, field, name)                                   \
    CU_ASSERT_EQUAL((settings)->field,                                         \
                    strtod(hawser_setting_text(settings, name), NULL))
#define SAME_integer SAME_number
#define SAME_duration SAME_number
#define SAME_size SAME_number
#define SAME_toggle SAME_number
#define SAME_choice SAME_number
#define SAME_real SAME_fraction
#define SAME_text SAME_words
#define SAME_list SAME_words

static void
check_fields(struct hawser_settings *settings)
{
#define CHECK_FIELD(scope, field, name, type, value, range, sentence)          \
    SAME_##type(settings, field, name);
    HW_OPTION_TABLE(CHECK_FIELD)
#undef CHECK_FIELD
}

static void
without_options_the_defaults_are_in_force(void)
{
    struct hawser_settings *settings = resolve(NULL, NULL);
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        CU_ASSERT_STRING_EQUAL(hawser_setting_text(settings, row.name),
                               row.value);
    }
    check_fields(settings);
    CU_ASSERT_EQUAL(settings->backoff_min, 100);
    CU_ASSERT_EQUAL(settings->backoff_max, 30000);
    CU_ASSERT_EQUAL(settings->attempts_max, -1);
    CU_ASSERT_EQUAL(settings->idle_timeout, -1);
    CU_ASSERT_EQUAL(settings->spool_max_bytes, 64 << 20);
    hw_settings_drop(settings);
}

static void
what_a_link_sets_goes_over_what_its_bus_sets(void)
{
    struct hawser_settings *settings;

    (void)hawser_options_set(under, "backoff.min", "1s");
    (void)hawser_options_set(under, "backoff.max", "2s");
    (void)hawser_options_set(over, "backoff.max", "3s");
    (void)hawser_options_set(over, "backoff.factor", "1.5");
    (void)hawser_options_set(over, "ws.origin", "http://here");
    settings = resolve(under, over);
    CU_ASSERT_EQUAL(settings->backoff_min, 1000);
    CU_ASSERT_EQUAL(settings->backoff_max, 3000);
    CU_ASSERT_EQUAL(settings->backoff_factor, 1.5);
    CU_ASSERT_STRING_EQUAL(settings->ws_origin, "http://here");
    CU_ASSERT_EQUAL(settings->stable_after, 10000);
    check_fields(settings);
    hw_settings_drop(settings);
}

static void
one_set_of_options_is_enough(void)
{
    struct hawser_settings *one, *other;

    (void)hawser_options_set(under, "confirm", "peer");
    one = resolve(under, NULL);
    other = resolve(NULL, under);
    CU_ASSERT_EQUAL(one->confirm, HW_CONFIRM_PEER);
    CU_ASSERT_EQUAL(other->confirm, HW_CONFIRM_PEER);
    hw_settings_drop(one);
    hw_settings_drop(other);
}

static void
settings_outlive_the_options_that_they_came_from(void)
{
    struct hawser_settings *settings;

    (void)hawser_options_set(over, "ws.header", "One: 1");
    (void)hawser_options_set(over, "ws.header", "Two: 2");
    (void)hawser_options_set(over, "tls.ca", "ca.pem");
    settings = resolve(NULL, over);
    (void)hawser_options_set(over, "ws.header", "");
    (void)hawser_options_set(over, "tls.ca", "another.pem");
    CU_ASSERT_STRING_EQUAL(settings->ws_header, "One: 1\nTwo: 2");
    CU_ASSERT_STRING_EQUAL(hawser_setting_text(settings, "tls.ca"), "ca.pem");
    hw_settings_drop(settings);
}

static void
settings_live_as_long_as_they_are_held(void)
{
    struct hawser_settings *settings = resolve(NULL, NULL);

    CU_ASSERT_PTR_EQUAL(hw_settings_hold(settings), settings);
    hw_settings_drop(settings);
    CU_ASSERT_EQUAL(settings->threads, 1);
    CU_ASSERT_EQUAL(atomic_load(&settings->holds), 1);
    hw_settings_drop(settings);
    hw_settings_drop(NULL);
}

// The numbers that the actors know choices by are the places in the range.
static void
choices_have_the_numbers_that_the_actors_know(void)
{
    static const struct {
        const char *name;
        const char *word;
        int64_t number;
    } cases[] = {
        { "confirm", "none", HW_CONFIRM_NONE },
        { "confirm", "peer", HW_CONFIRM_PEER },
        { "greeting", "none", HW_GREETING_NONE },
        { "greeting", "application", HW_GREETING_APPLICATION },
        { "overflow", "refuse", HW_OVERFLOW_REFUSE },
        { "overflow", "block", HW_OVERFLOW_BLOCK },
        { "overflow", "drop-oldest", HW_OVERFLOW_DROP_OLDEST },
        { "overflow", "drop-newest", HW_OVERFLOW_DROP_NEWEST },
        { "backoff.jitter", "none", HW_JITTER_NONE },
        { "backoff.jitter", "proportional", HW_JITTER_PROPORTIONAL },
        { "backoff.jitter", "equal", HW_JITTER_EQUAL },
        { "backoff.jitter", "full", HW_JITTER_FULL },
        { "backoff.jitter", "decorrelated", HW_JITTER_DECORRELATED },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hawser_settings *settings;

        CU_ASSERT_EQUAL(hawser_options_set(over, cases[i].name, cases[i].word),
                        HAWSER_OK);
        settings = resolve(NULL, over);
        CU_ASSERT_EQUAL(hawser_setting_number(settings, cases[i].name),
                        cases[i].number);
        CU_ASSERT_STRING_EQUAL(hawser_setting_text(settings, cases[i].name),
                               cases[i].word);
        check_fields(settings);
        hw_settings_drop(settings);
    }
}

static void
every_verdict_has_the_numbers_that_the_actors_know(void)
{
    static const char *const words[] = {
        [HW_ON_RETRY] = "retry",
        [HW_ON_NEXT] = "next",
        [HW_ON_FAIL] = "fail",
    };
    hawser_option_row row;
    int checked = 0;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        if (strncmp(row.name, "on.", 3) != 0) {
            continue;
        }
        for (int word = 0; word < 3; word++) {
            struct hawser_settings *settings;

            (void)hawser_options_set(over, row.name, words[word]);
            settings = resolve(NULL, over);
            CU_ASSERT_EQUAL(hawser_setting_number(settings, row.name), word);
            hw_settings_drop(settings);
        }
        checked++;
    }
    CU_ASSERT_TRUE(checked > 5);
}

static void
ask_for_a_number_that_is_text(void)
{
    (void)hawser_setting_number(hw_settings_new(NULL, NULL), "tls.ca");
}

static void
ask_for_an_unknown_number(void)
{
    (void)hawser_setting_number(hw_settings_new(NULL, NULL), "tls.ka");
}

static void
ask_for_an_unknown_text(void)
{
    (void)hawser_setting_text(hw_settings_new(NULL, NULL), "tls.ka");
}

static void
a_transport_that_asks_for_what_there_is_not_is_stopped(void)
{
    CU_ASSERT_TRUE(dies_saying(ask_for_a_number_that_is_text,
                               "numbers of what are numbers"));
    CU_ASSERT_TRUE(
        dies_saying(ask_for_an_unknown_number, "options that there are"));
    CU_ASSERT_TRUE(
        dies_saying(ask_for_an_unknown_text, "options that there are"));
}

static CU_TestInfo tests[] = {
    CHECK(without_options_the_defaults_are_in_force),
    CHECK(what_a_link_sets_goes_over_what_its_bus_sets),
    CHECK(one_set_of_options_is_enough),
    CHECK(settings_outlive_the_options_that_they_came_from),
    CHECK(settings_live_as_long_as_they_are_held),
    CHECK(choices_have_the_numbers_that_the_actors_know),
    CHECK(every_verdict_has_the_numbers_that_the_actors_know),
    CHECK(a_transport_that_asks_for_what_there_is_not_is_stopped),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("settings", tests, start, stop);
    return check_run(argc, argv);
}
