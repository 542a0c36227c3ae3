// option_parse_test.c - values of options, from text to numbers.
#include "values/option_parse.h"

#include <locale.h>

#include "check.h"

#define WIDE "0..9223372036854775807"

static bool
parse(enum hw_option_type type, const char *range, const char *text,
      int64_t *number)
{
    struct hw_option_value value;
    char sentence[160] = "";
    bool parsed =
        hw_option_parse(type, range, text, &value, sentence, sizeof sentence);

    *number = value.number;
    CU_ASSERT_EQUAL(sentence[0] == '\0', parsed);
    return parsed;
}

static void
numbers_are_read_with_their_unit(void)
{
    static const struct {
        enum hw_option_type type;
        const char *text;
        int64_t number;
    } cases[] = {
        { HW_TYPE_duration, "0", 0 },
        { HW_TYPE_duration, "10", 10 },
        { HW_TYPE_duration, "250ms", 250 },
        { HW_TYPE_duration, "30s", 30000 },
        { HW_TYPE_duration, "1.5s", 1500 },
        { HW_TYPE_duration, "0.25s", 250 },
        { HW_TYPE_duration, "5m", 300000 },
        { HW_TYPE_duration, "1h", 3600000 },
        { HW_TYPE_duration, "0.5h", 1800000 },
        { HW_TYPE_duration, "007s", 7000 },
        { HW_TYPE_size, "512", 512 },
        { HW_TYPE_size, "512B", 512 },
        { HW_TYPE_size, "64KiB", 65536 },
        { HW_TYPE_size, "1.5KiB", 1536 },
        { HW_TYPE_size, "4MiB", 4194304 },
        { HW_TYPE_size, "1GiB", 1073741824 },
        { HW_TYPE_size, "2TiB", INT64_C(2199023255552) },
        { HW_TYPE_integer, "65536", 65536 },
        { HW_TYPE_integer, "9223372036854775807", INT64_MAX },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t number = -2;

        CU_ASSERT_TRUE(parse(cases[i].type, WIDE, cases[i].text, &number));
        CU_ASSERT_EQUAL(number, cases[i].number);
    }
}

static void
what_is_no_number_is_refused(void)
{
    static const char *const texts[] = {
        "",     " ",     " 1s",  "1s ",   "1 s",
        "-1",   "+1",    "s",    "1sec",  "1S",
        "1kib", "1KB",   "0x10", "1e3",   "1.s",
        ".5s",  "1..5s", "1,5s", "1.5.5", "1.5x",
        "nan",  "inf",   "1\n",  "1s2",   "9223372036854775808",
    };
    static const enum hw_option_type types[] = { HW_TYPE_integer,
                                                 HW_TYPE_duration,
                                                 HW_TYPE_size };
    int64_t number;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            CU_ASSERT_FALSE(parse(types[j], WIDE, texts[i], &number));
        }
    }
}

static void
a_unit_belongs_to_its_type(void)
{
    int64_t number;

    CU_ASSERT_FALSE(parse(HW_TYPE_integer, WIDE, "1s", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_integer, WIDE, "1KiB", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_integer, WIDE, "1.5", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_duration, WIDE, "1KiB", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_duration, WIDE, "1B", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_size, WIDE, "1s", &number));
}

static void
a_number_too_large_for_its_unit_does_not_wrap(void)
{
    int64_t number;

    CU_ASSERT_FALSE(
        parse(HW_TYPE_duration, WIDE, "9223372036854775807h", &number));
    CU_ASSERT_FALSE(
        parse(HW_TYPE_duration, WIDE, "9223372036854775807.5h", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_size, WIDE, "16777216TiB", &number));
    CU_ASSERT_TRUE(parse(HW_TYPE_size, WIDE, "8388607TiB", &number));
}

static void
a_range_may_begin_with_words(void)
{
    static const char range[] = "off|never, 1ms..10ms";
    int64_t number;

    CU_ASSERT_TRUE(parse(HW_TYPE_duration, range, "off", &number));
    CU_ASSERT_EQUAL(number, -1);
    CU_ASSERT_TRUE(parse(HW_TYPE_duration, range, "never", &number));
    CU_ASSERT_EQUAL(number, -1);
    CU_ASSERT_FALSE(parse(HW_TYPE_duration, range, "off|never", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_duration, range, "of", &number));
    CU_ASSERT_TRUE(parse(HW_TYPE_duration, range, "10ms", &number));
    CU_ASSERT_EQUAL(number, 10);
    CU_ASSERT_FALSE(parse(HW_TYPE_duration, range, "11ms", &number));
    CU_ASSERT_FALSE(parse(HW_TYPE_duration, range, "0", &number));
}

static void
fractions_are_read_as_they_are(void)
{
    struct hw_option_value value;
    char sentence[160];

    CU_ASSERT_TRUE(hw_option_parse(HW_TYPE_real, "1..100", "2.75", &value,
                                   sentence, sizeof sentence));
    CU_ASSERT_EQUAL(value.real, 2.75);
    CU_ASSERT_TRUE(hw_option_parse(HW_TYPE_real, "1..100", "3", &value,
                                   sentence, sizeof sentence));
    CU_ASSERT_EQUAL(value.real, 3.0);
    CU_ASSERT_FALSE(hw_option_parse(HW_TYPE_real, "1..100", "0x10", &value,
                                    sentence, sizeof sentence));
    CU_ASSERT_FALSE(hw_option_parse(HW_TYPE_real, "1..100", "1e999", &value,
                                    sentence, sizeof sentence));
    CU_ASSERT_FALSE(hw_option_parse(HW_TYPE_real, "1..100", "2.75s", &value,
                                    sentence, sizeof sentence));
    CU_ASSERT_STRING_EQUAL(sentence, "is not a number in the range: 1..100");
}

// Where a comma parts a fraction, options have a point all the same. Says
// nothing on a machine that has no such language.
static void
fractions_are_read_alike_in_every_language(void)
{
    static const char *const languages[] = { "de_DE.UTF-8", "fr_FR.UTF-8",
                                             "de_DE", "nl_NL.UTF-8" };
    struct hw_option_value value;
    char sentence[160];
    int64_t number = 0;

    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        if (setlocale(LC_NUMERIC, languages[i]) == NULL) {
            continue;
        }
        CU_ASSERT_TRUE(parse(HW_TYPE_duration, WIDE, "1.5s", &number));
        CU_ASSERT_EQUAL(number, 1500);
        CU_ASSERT_FALSE(parse(HW_TYPE_duration, WIDE, "1,5s", &number));
        CU_ASSERT_TRUE(hw_option_parse(HW_TYPE_real, "1..100", "2.5", &value,
                                       sentence, sizeof sentence));
        CU_ASSERT_EQUAL(value.real, 2.5);
    }
    (void)setlocale(LC_NUMERIC, "C"); // it is there, always
}

static void
a_sentence_that_does_not_fit_is_cut(void)
{
    struct hw_option_value value;
    char sentence[8];

    CU_ASSERT_FALSE(hw_option_parse(HW_TYPE_choice, "a|b", "c", &value,
                                    sentence, sizeof sentence));
    CU_ASSERT_STRING_EQUAL(sentence, "is not ");
}

static void
types_are_called_what_the_header_calls_them(void)
{
    static const char *const names[] = {
        [HW_TYPE_integer] = "integer", [HW_TYPE_duration] = "duration",
        [HW_TYPE_size] = "size",       [HW_TYPE_toggle] = "switch",
        [HW_TYPE_choice] = "choice",   [HW_TYPE_real] = "real",
        [HW_TYPE_text] = "text",       [HW_TYPE_list] = "list",
    };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        CU_ASSERT_STRING_EQUAL(hw_option_type_name((enum hw_option_type)i),
                               names[i]);
    }
}

static CU_TestInfo tests[] = {
    CHECK(numbers_are_read_with_their_unit),
    CHECK(what_is_no_number_is_refused),
    CHECK(a_unit_belongs_to_its_type),
    CHECK(a_number_too_large_for_its_unit_does_not_wrap),
    CHECK(a_range_may_begin_with_words),
    CHECK(fractions_are_read_as_they_are),
    CHECK(fractions_are_read_alike_in_every_language),
    CHECK(a_sentence_that_does_not_fit_is_cut),
    CHECK(types_are_called_what_the_header_calls_them),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("option parse", tests)
