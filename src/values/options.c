// options.c - options of a bus and of its links, by name.
#include <hawser/options.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values/options_private.h"

const struct hw_option_row hw_option_rows[HW_OPTIONS] = {
#define OPTION_ROW(scope, field, name, type, value, range, sentence)           \
    { name,          value,  range,                                            \
      sentence,      #scope, offsetof(struct hawser_settings, field),          \
      HW_TYPE_##type },
    HW_OPTION_TABLE(OPTION_ROW)
#undef OPTION_ROW
};

// Most differ in their first letter.
static bool
is_named(const struct hw_option_row *row, const char *name)
{
    return row->name[0] == name[0] && strcmp(row->name, name) == 0;
}

// A transport asks of each message for the same one.
const struct hw_option_row *
hw_option_find(const char *name)
{
    static _Thread_local size_t found;

    if (is_named(&hw_option_rows[found], name)) {
        return &hw_option_rows[found];
    }
    for (size_t i = 0; i < HW_OPTIONS; i++) {
        if (is_named(&hw_option_rows[i], name)) {
            found = i;
            return &hw_option_rows[i];
        }
    }
    return NULL;
}

// ---- the nearest name ----

enum { NAME_MAX_SIZE = 48 };

static size_t
least(size_t one, size_t two, size_t three)
{
    size_t least = one < two ? one : two;

    return least < three ? least : three;
}

// How many letters must be changed, added or removed to make one of the other.
static size_t
distance(const char *one, const char *other)
{
    size_t row[NAME_MAX_SIZE + 1];
    size_t length = strlen(other);

    if (length > NAME_MAX_SIZE || strlen(one) > NAME_MAX_SIZE) {
        return NAME_MAX_SIZE;
    }
    for (size_t i = 0; i <= length; i++) {
        row[i] = i;
    }
    for (size_t i = 0; one[i] != '\0'; i++) {
        size_t before = row[0]++;

        for (size_t j = 0; j < length; j++) {
            size_t above = row[j + 1];

            row[j + 1] =
                least(row[j] + 1, above + 1, before + (one[i] != other[j]));
            before = above;
        }
    }
    return row[length];
}

static const char *
nearest(const char *name)
{
    size_t best = 0, best_distance = SIZE_MAX;

    for (size_t i = 0; i < HW_OPTIONS; i++) {
        size_t each = distance(name, hw_option_rows[i].name);

        if (each < best_distance) {
            best = i;
            best_distance = each;
        }
    }
    return hw_option_rows[best].name;
}

// ---- a set of options ----

hawser_status
hawser_options_new(hawser_options **options)
{
    if (options == NULL) {
        return HAWSER_INVALID;
    }
    *options = calloc(1, sizeof **options);
    return *options == NULL ? HAWSER_NO_MEMORY : HAWSER_OK;
}

void
hawser_options_free(hawser_options *options)
{
    if (options == NULL) {
        return;
    }
    for (size_t i = 0; i < HW_OPTIONS; i++) {
        free(options->texts[i]);
    }
    free(options);
}

hawser_options *
hw_options_copy(const hawser_options *options)
{
    hawser_options *copy = calloc(1, sizeof *copy);

    for (size_t i = 0; copy != NULL && options != NULL && i < HW_OPTIONS; i++) {
        if (options->texts[i] == NULL) {
            continue;
        }
        copy->texts[i] = strdup(options->texts[i]);
        if (copy->texts[i] == NULL) {
            hawser_options_free(copy);
            copy = NULL;
        }
    }
    return copy;
}

hawser_status
hawser_options_copy(const hawser_options *from, hawser_options **copy)
{
    if (copy == NULL) {
        return HAWSER_INVALID;
    }
    *copy = hw_options_copy(from);
    return *copy == NULL ? HAWSER_NO_MEMORY : HAWSER_OK;
}

const char *
hw_options_of_bus(const hawser_options *options)
{
    for (size_t i = 0; options != NULL && i < HW_OPTIONS; i++) {
        if (options->texts[i] != NULL &&
            strcmp(hw_option_rows[i].scope, "bus") == 0) {
            return hw_option_rows[i].name;
        }
    }
    return NULL;
}

// What a list has becomes one line more; an empty value empties it.
static char *
text_with(const struct hw_option_row *row, const char *had, const char *value)
{
    size_t room;
    char *text;

    if (row->type != HW_TYPE_list || had == NULL || had[0] == '\0' ||
        value[0] == '\0') {
        return strdup(value);
    }
    room = strlen(had) + strlen(value) + 2;
    text = malloc(room);
    if (text != NULL) {
        (void)snprintf(text, room, "%s\n%s", had, value); // it fits
    }
    return text;
}

static hawser_status
refuse_name(hawser_options *options, const char *name)
{
    (void)snprintf(options->error, sizeof options->error,
                   "no option is called \"%.64s\"; the nearest is \"%s\"", name,
                   nearest(name));
    return HAWSER_UNKNOWN;
}

hawser_status
hawser_options_set(hawser_options *options, const char *name, const char *value)
{
    const struct hw_option_row *row;
    struct hw_option_value parsed;
    char wrong[160], *text;
    char **place;

    if (options == NULL || name == NULL || value == NULL) {
        return HAWSER_INVALID;
    }
    options->error[0] = '\0';
    row = hw_option_find(name);
    if (row == NULL) {
        return refuse_name(options, name);
    }
    if (!hw_option_parse(row->type, row->range, value, &parsed, wrong,
                         sizeof wrong)) {
        (void)snprintf(options->error, sizeof options->error,
                       "%s: \"%.48s\" %s", name, value, wrong);
        return HAWSER_INVALID;
    }
    place = &options->texts[hw_option_index(row)];
    text = text_with(row, *place, value);
    if (text == NULL) {
        (void)snprintf(options->error, sizeof options->error, "out of memory");
        return HAWSER_NO_MEMORY;
    }
    free(*place);
    *place = text;
    return HAWSER_OK;
}

hawser_status
hawser_options_get(const hawser_options *options, const char *name,
                   const char **value)
{
    // A set of options is const to who reads it; the sentence is beside it.
    hawser_options *ours = (hawser_options *)options;
    const struct hw_option_row *row;
    const char *text;

    if (options == NULL || name == NULL || value == NULL) {
        return HAWSER_INVALID;
    }
    ours->error[0] = '\0';
    row = hw_option_find(name);
    if (row == NULL) {
        return refuse_name(ours, name);
    }
    text = options->texts[hw_option_index(row)];
    *value = text == NULL ? row->value : text;
    return HAWSER_OK;
}

const char *
hawser_options_error(const hawser_options *options)
{
    return options == NULL ? "" : options->error;
}

hawser_status
hawser_options_row(size_t index, hawser_option_row *row)
{
    const struct hw_option_row *ours;

    if (row == NULL) {
        return HAWSER_INVALID;
    }
    if (index >= HW_OPTIONS) {
        return HAWSER_UNKNOWN;
    }
    ours = &hw_option_rows[index];
    *row = (hawser_option_row){
        .name = ours->name,
        .type = hw_option_type_name(ours->type),
        .range = ours->range,
        .value = ours->value,
        .scope = ours->scope,
        .sentence = ours->sentence,
    };
    return HAWSER_OK;
}

// ---- the printed page ----

// A bar would end the cell.
static void
print_cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            (void)fputc('\\', out); // ferror tells whoever asked for it
        }
        (void)fputc(*text, out);
    }
}

void
hw_options_markdown(FILE *out)
{
    fprintf(out,
            "# Options\n\n"
            "Printed from the table in `src/values/option_table.h`. Values are "
            "text: durations as\n`250ms`, `30s`, `5m`, `1h` (a bare number is "
            "milliseconds); sizes as `512`, `64KiB`,\n`4MiB`, `1GiB`; switches "
            "as `on` or `off`.\n\n"
            "| option | of a | type | default | range | |\n"
            "| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < HW_OPTIONS; i++) {
        const struct hw_option_row *row = &hw_option_rows[i];

        fprintf(out, "| `%s` | %s | %s | %s%s%s | ", row->name, row->scope,
                hw_option_type_name(row->type), row->value[0] ? "`" : "",
                row->value, row->value[0] ? "`" : "");
        print_cell(out, row->range);
        fprintf(out, " | ");
        print_cell(out, row->sentence);
        fprintf(out, " |\n");
    }
}
