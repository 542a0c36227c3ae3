// settings.c - the options that a transport asks for: their defaults, or what
// the stage sets.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"
#include "values/option_table.h"

struct option {
    const char *name;
    const char *type;
    const char *value;
    const char *range;
};

#define ROW(scope, field, name, type, value, range, sentence)                  \
    { name, #type, value, range },
static const struct option options[] = { HW_OPTION_TABLE(ROW) };
#undef ROW

static const struct option *
find(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    (void)fprintf(stderr, "there is no option \"%s\"\n", name);
    abort(); // as transport.h promises
}

const char *
hawser_setting_text(const hawser_settings *settings, const char *name)
{
    const struct option *option = find(name);

    for (const struct setting *set = settings->stage->set; set->name != NULL;
         set++) {
        if (strcmp(set->name, name) == 0) {
            return set->value;
        }
    }
    return option->value;
}

// The place of the value among "a|b|c".
static int64_t
choice(const char *range, const char *value)
{
    int64_t place = 0;
    size_t size = strlen(value);

    for (;;) {
        size_t each = strcspn(range, "|");

        if (each == size && memcmp(range, value, size) == 0) {
            return place;
        }
        if (range[each] == '\0') {
            (void)fprintf(stderr, "\"%s\" is not a choice\n", value);
            abort();
        }
        range += each + 1;
        place++;
    }
}

static int64_t
measure(const char *value)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        { "", 1 },          { "ms", 1 },        { "s", 1000 },
        { "m", 60000 },     { "h", 3600000 },   { "KiB", 1 << 10 },
        { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
    };
    char *end;
    int64_t number = strtoll(value, &end, 10);

    if (!isdigit((unsigned char)value[0])) {
        return -1; // "off", "unlimited"
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].unit, end) == 0) {
            return number * units[i].factor;
        }
    }
    (void)fprintf(stderr, "\"%s\" is no number\n", value);
    abort();
}

int64_t
hawser_setting_number(const hawser_settings *settings, const char *name)
{
    const struct option *option = find(name);
    const char *value = hawser_setting_text(settings, name);

    if (strcmp(option->type, "toggle") == 0) {
        return strcmp(value, "on") == 0;
    }
    if (strcmp(option->type, "choice") == 0) {
        return choice(option->range, value);
    }
    return measure(value);
}
