// option_table_test.c - each option at each limit, and one past it.
//
// The limits are read from the table itself, by a reader of the test's own, so
// that an option that is new is tested as it stands there.
#include <inttypes.h>
#include <stdlib.h>

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
}

// The number in force for an option, resolved.
static int64_t
resolved(const char *name)
{
    struct hawser_settings *settings = hw_settings_new(NULL, options);
    int64_t number;

    CU_ASSERT_PTR_NOT_NULL_FATAL(settings);
    number = hawser_setting_number(settings, name);
    hw_settings_drop(settings);
    return number;
}

static bool
is_type(const hawser_option_row *row, const char *type)
{
    return strcmp(row->type, type) == 0;
}

static bool
is_numeric(const hawser_option_row *row)
{
    return is_type(row, "integer") || is_type(row, "duration") ||
           is_type(row, "size");
}

// "24h" as milliseconds, "1TiB" as bytes.
static int64_t
in_base_units(const char *text)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        { "ms", 1 },
        { "s", 1000 },
        { "m", 60000 },
        { "h", 3600000 },
        { "KiB", 1024 },
        { "MiB", 1048576 },
        { "GiB", 1073741824 },
        { "TiB", INT64_C(1099511627776) },
        { "", 1 },
    };
    char *end;
    int64_t number = strtoll(text, &end, 10);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].unit, end) == 0) {
            return number * units[i].factor;
        }
    }
    CU_FAIL("a limit has a unit that is known");
    return 0;
}

// The two ends behind an optional word and its comma.
static void
limits(const hawser_option_row *row, char low[32], char high[32])
{
    const char *comma = strstr(row->range, ", ");
    const char *from = comma == NULL ? row->range : comma + 2;
    const char *dots = strstr(from, "..");

    CU_ASSERT_PTR_NOT_NULL_FATAL(dots);
    (void)snprintf(low, 32, "%.*s", (int)(dots - from), from);
    (void)snprintf(high, 32, "%s", dots + 2);
}

static void
check_value(const hawser_option_row *row, const char *value, bool allowed)
{
    hawser_status status = hawser_options_set(options, row->name, value);

    if ((status == HAWSER_OK) != allowed) {
        fprintf(stderr, "%s: %s\n", row->name, value);
    }
    CU_ASSERT_EQUAL(status, allowed ? HAWSER_OK : HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_options_error(options)[0] == '\0', allowed);
}

static void
check_number(const hawser_option_row *row, int64_t number, bool allowed)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, number);
    check_value(row, text, allowed);
    if (allowed) {
        CU_ASSERT_EQUAL(resolved(row->name), number);
    }
}

static void
numbers_are_taken_up_to_their_limits_and_not_past_them(void)
{
    hawser_option_row row;
    int checked = 0;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        char low[32], high[32];

        if (!is_numeric(&row)) {
            continue;
        }
        limits(&row, low, high);
        check_value(&row, low, true);
        CU_ASSERT_EQUAL(resolved(row.name), in_base_units(low));
        check_value(&row, high, true);
        CU_ASSERT_EQUAL(resolved(row.name), in_base_units(high));
        check_number(&row, in_base_units(low), true);
        check_number(&row, in_base_units(low) - 1, false);
        check_number(&row, in_base_units(high), true);
        check_number(&row, in_base_units(high) + 1, false);
        CU_ASSERT_EQUAL(resolved(row.name), in_base_units(high));
        checked++;
    }
    CU_ASSERT_TRUE(checked > 20);
}

static void
words_before_a_range_read_as_minus_one(void)
{
    hawser_option_row row;
    int checked = 0;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        const char *comma = strchr(row.range, ',');
        char word[32];

        if (!is_numeric(&row) || comma == NULL) {
            continue;
        }
        (void)snprintf(word, sizeof word, "%.*s", (int)(comma - row.range),
                       row.range);
        check_value(&row, word, true);
        CU_ASSERT_EQUAL(resolved(row.name), -1);
        check_value(&row, "never", false);
        check_value(&row, "-1", false);
        check_value(&row, row.range, false);
        checked++;
    }
    CU_ASSERT_TRUE(checked >= 4);
}

static void
numbers_without_such_a_word_take_none(void)
{
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        if (is_numeric(&row) && strchr(row.range, ',') == NULL) {
            check_value(&row, "off", false);
            check_value(&row, "unlimited", false);
            check_value(&row, "", false);
        }
    }
}

static void
fractions_are_taken_up_to_their_limits_and_not_past_them(void)
{
    hawser_option_row row;
    int checked = 0;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        char low[32], high[32], text[64];

        if (!is_type(&row, "real")) {
            continue;
        }
        limits(&row, low, high);
        check_value(&row, low, true);
        check_value(&row, high, true);
        (void)snprintf(text, sizeof text, "%f", strtod(low, NULL) - 0.001);
        check_value(&row, text, false);
        (void)snprintf(text, sizeof text, "%f", strtod(high, NULL) + 0.001);
        check_value(&row, text, false);
        (void)snprintf(text, sizeof text, "%f", strtod(high, NULL) - 0.5);
        check_value(&row, text, true);
        check_value(&row, "1,5", false);
        check_value(&row, "nan", false);
        checked++;
    }
    CU_ASSERT_TRUE(checked > 0);
}

static void
choices_are_those_of_the_range_and_count_from_nought(void)
{
    hawser_option_row row;
    int checked = 0;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        char words[128], *rest = words, *word;
        int64_t place = 0;

        if (!is_type(&row, "choice") && !is_type(&row, "switch")) {
            continue;
        }
        (void)snprintf(words, sizeof words, "%s", row.range);
        while ((word = strsep(&rest, "|")) != NULL) {
            char longer[128];

            check_value(&row, word, true);
            CU_ASSERT_EQUAL(resolved(row.name), place++);
            (void)snprintf(longer, sizeof longer, "%s ", word);
            check_value(&row, longer, false);
            check_value(&row, word + 1, false);
        }
        check_value(&row, row.range, false);
        check_value(&row, "", false);
        check_value(&row, "|", false);
        checked++;
    }
    CU_ASSERT_TRUE(checked > 10);
}

static void
switches_are_off_and_on(void)
{
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        if (is_type(&row, "switch")) {
            CU_ASSERT_STRING_EQUAL(row.range, "off|on");
        }
    }
}

static void
texts_may_be_anything_that_is_text(void)
{
    hawser_option_row row;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        if (is_type(&row, "text") || is_type(&row, "list")) {
            check_value(&row, "", true);
            check_value(&row, "a: \xe2\x82\xac", true);
            check_value(&row, "\xc0\x80", false);
        }
    }
}

static void
every_row_has_a_name_a_scope_and_a_sentence(void)
{
    hawser_option_row row, other;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        CU_ASSERT_TRUE(row.name[0] != '\0' && strlen(row.name) < 48);
        CU_ASSERT_TRUE(row.sentence[0] != '\0');
        CU_ASSERT_TRUE(strcmp(row.scope, "bus") == 0 ||
                       strcmp(row.scope, "link") == 0);
        for (size_t j = 0; j < i; j++) {
            (void)hawser_options_row(j, &other);
            CU_ASSERT_STRING_NOT_EQUAL(row.name, other.name);
        }
    }
}

// Bars that end a cell, and not those that are part of its text.
static int
count_cells(const char *line)
{
    int cells = 0;

    for (const char *at = line; *at != '\0'; at++) {
        cells += *at == '|' && (at == line || at[-1] != '\\');
    }
    return cells;
}

static void
the_printed_page_has_a_row_of_six_cells_for_each(void)
{
    hawser_option_row row;
    char *page = NULL, *rest, *line;
    size_t size = 0, rows = 0;
    FILE *out = open_memstream(&page, &size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    hw_options_markdown(out);
    (void)fclose(out);
    rest = page;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char start_of_row[64];

        if (strncmp(line, "| `", 3) != 0) {
            continue;
        }
        CU_ASSERT_EQUAL_FATAL(hawser_options_row(rows++, &row), HAWSER_OK);
        (void)snprintf(start_of_row, sizeof start_of_row, "| `%s` | %s | %s |",
                       row.name, row.scope, row.type);
        CU_ASSERT_EQUAL(strncmp(line, start_of_row, strlen(start_of_row)), 0);
        CU_ASSERT_EQUAL(count_cells(line), 7);
    }
    CU_ASSERT_EQUAL(rows, HW_OPTIONS);
    free(page);
}

static CU_TestInfo tests[] = {
    CHECK(numbers_are_taken_up_to_their_limits_and_not_past_them),
    CHECK(words_before_a_range_read_as_minus_one),
    CHECK(numbers_without_such_a_word_take_none),
    CHECK(fractions_are_taken_up_to_their_limits_and_not_past_them),
    CHECK(choices_are_those_of_the_range_and_count_from_nought),
    CHECK(switches_are_off_and_on),
    CHECK(texts_may_be_anything_that_is_text),
    CHECK(every_row_has_a_name_a_scope_and_a_sentence),
    CHECK(the_printed_page_has_a_row_of_six_cells_for_each),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("option table", tests, start, stop);
    return check_run(argc, argv);
}
