// option_parse.c - values of options, from text to numbers.
#include "values/option_parse.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values/utf8.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    { "ms", 1 },          { "s", 1000 }, { "m", 60 * 1000 },
    { "h", 3600 * 1000 }, { "", 1 },     { NULL, 0 },
};

static const struct unit sizes[] = {
    { "", 1 },
    { "B", 1 },
    { "KiB", INT64_C(1) << 10 },
    { "MiB", INT64_C(1) << 20 },
    { "GiB", INT64_C(1) << 30 },
    { "TiB", INT64_C(1) << 40 },
    { NULL, 0 },
};

static const struct unit bare[] = { { "", 1 }, { NULL, 0 } };

const char *
hw_option_type_name(enum hw_option_type type)
{
    static const char *const names[] = {
        [HW_TYPE_integer] = "integer", [HW_TYPE_duration] = "duration",
        [HW_TYPE_size] = "size",       [HW_TYPE_toggle] = "switch",
        [HW_TYPE_choice] = "choice",   [HW_TYPE_real] = "real",
        [HW_TYPE_text] = "text",       [HW_TYPE_list] = "list",
    };

    return names[type];
}

static const struct unit *
units_of(enum hw_option_type type)
{
    return type == HW_TYPE_duration ? durations
           : type == HW_TYPE_size   ? sizes
                                    : bare;
}

static const struct unit *
find_unit(const struct unit *units, const char *name)
{
    while (units->name != NULL && strcmp(units->name, name) != 0) {
        units++;
    }
    return units->name == NULL ? NULL : units;
}

// Options have a point in them wherever the application lives.
static double
read_fraction(const char *text, char **end)
{
    locale_t everywhere = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    double fraction;

    if (everywhere == (locale_t)0) {
        return strtod(text, end);
    }
    fraction = strtod_l(text, end, everywhere);
    freelocale(everywhere);
    return fraction;
}

// "250ms", "1.5s", "64KiB", "10": a number and its unit.
static bool
read_number(enum hw_option_type type, const char *text, int64_t *number)
{
    const struct unit *unit;
    char *end;
    double parsed;

    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (errno != 0) {
        return false;
    }
    unit = find_unit(units_of(type), end);
    if (unit != NULL) {
        return !__builtin_mul_overflow(*number, unit->factor, number);
    }
    if (type == HW_TYPE_integer || *end != '.' ||
        strspn(end + 1, "0123456789") == 0) {
        return false;
    }
    parsed = read_fraction(text, &end);
    unit = find_unit(units_of(type), end);
    if (unit == NULL || parsed * (double)unit->factor > 9e18) {
        return false;
    }
    *number = (int64_t)(parsed * (double)unit->factor);
    return true;
}

static bool
read_real(const char *text, double *real)
{
    char *end;

    if (!isdigit((unsigned char)text[0]) || text[1] == 'x' || text[1] == 'X') {
        return false;
    }
    *real = read_fraction(text, &end);
    return *end == '\0' && isfinite(*real);
}

// The place of word among those separated by between; -1: it is none of them.
static int64_t
place_among(const char *words, size_t size, char between, const char *word)
{
    const char *end = words + size;
    size_t length = strlen(word);
    int64_t place = 0;

    while (words <= end) {
        const char *next = memchr(words, between, (size_t)(end - words));
        size_t each = (size_t)((next == NULL ? end : next) - words);

        if (each == length && memcmp(words, word, length) == 0) {
            return place;
        }
        words += each + 1;
        place++;
    }
    return -1;
}

static bool
refuse(char *sentence, size_t size, const char *what, const char *range)
{
    // Cut if it must be: the beginning tells.
    (void)snprintf(sentence, size, "is not %s: %s", what, range);
    return false;
}

// The two ends of "low..high" behind the words.
static void
split_range(const char *range, char low[32], char high[32])
{
    const char *comma = strchr(range, ',');
    const char *from = comma == NULL ? range : comma + 1;
    const char *dots;

    from += strspn(from, " ");
    dots = strstr(from, "..");
    (void)snprintf(low, 32, "%.*s", (int)(dots - from), from);
    (void)snprintf(high, 32, "%s", dots + 2);
}

static bool
parse_number(enum hw_option_type type, const char *range, const char *text,
             struct hw_option_value *value, char *sentence, size_t size)
{
    static const char *const what[] = {
        [HW_TYPE_integer] = "a number in the range",
        [HW_TYPE_duration] = "a duration (250ms, 30s, 5m, 1h) in the range",
        [HW_TYPE_size] = "a size (512, 64KiB, 4MiB) in the range",
    };
    const char *comma = strchr(range, ',');
    char low[32], high[32];
    int64_t from, to;

    if (comma != NULL &&
        place_among(range, (size_t)(comma - range), '|', text) >= 0) {
        value->number = -1;
        return true;
    }
    split_range(range, low, high);
    if (!read_number(type, text, &value->number) ||
        !read_number(type, low, &from) || !read_number(type, high, &to) ||
        value->number < from || value->number > to) {
        return refuse(sentence, size, what[type], range);
    }
    return true;
}

static bool
parse_real(const char *range, const char *text, struct hw_option_value *value,
           char *sentence, size_t size)
{
    char low[32], high[32];
    double from, to;

    split_range(range, low, high);
    if (!read_real(text, &value->real) || !read_real(low, &from) ||
        !read_real(high, &to) || value->real < from || value->real > to) {
        return refuse(sentence, size, "a number in the range", range);
    }
    return true;
}

static bool
parse_text(enum hw_option_type type, const char *text, char *sentence,
           size_t size)
{
    if (!hw_utf8_valid(text, strlen(text))) {
        (void)snprintf(sentence, size, "is not UTF-8");
        return false;
    }
    // Items of a list are kept a line each, and become lines of HTTP.
    if (type == HW_TYPE_list && strpbrk(text, "\r\n") != NULL) {
        (void)snprintf(sentence, size, "has a line break in it");
        return false;
    }
    return true;
}

bool
hw_option_parse(enum hw_option_type type, const char *range, const char *text,
                struct hw_option_value *value, char *sentence,
                size_t sentence_size)
{
    *value = (struct hw_option_value){ 0 };
    switch (type) {
    case HW_TYPE_integer:
    case HW_TYPE_duration:
    case HW_TYPE_size:
        return parse_number(type, range, text, value, sentence, sentence_size);
    case HW_TYPE_toggle:
    case HW_TYPE_choice:
        value->number = place_among(range, strlen(range), '|', text);
        return value->number >= 0 ||
               refuse(sentence, sentence_size, "one of", range);
    case HW_TYPE_real:
        return parse_real(range, text, value, sentence, sentence_size);
    case HW_TYPE_text:
    case HW_TYPE_list:
        break;
    }
    return parse_text(type, text, sentence, sentence_size);
}
