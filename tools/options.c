// options.c - "hawser options": every option there is.
#include <hawser/hawser.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "flags.h"

enum { FLAG_JSON = 256, FLAG_MARKDOWN };

static const struct flag flags_of_options[] = {
    { FLAG_JSON, "json", NULL, "print one JSON array" },
    { FLAG_MARKDOWN, "markdown", NULL, "print a table in Markdown" },
    { 0, NULL, NULL, NULL },
};

struct view {
    int format; // FLAG_JSON, FLAG_MARKDOWN, or 0: for people
    const char *words[8];
    int count;
};

// With words, only the options whose name begins with one of them.
static bool
is_wanted(const struct view *view, const char *name)
{
    for (int i = 0; i < view->count; i++) {
        if (strncmp(name, view->words[i], strlen(view->words[i])) == 0) {
            return true;
        }
    }
    return view->count == 0;
}

static void
print_row(const hawser_option_row *row)
{
    (void)printf("%s = %s\n", row->name, row->value);
    (void)printf("    %s\n", row->sentence);
    (void)printf("    %s of a %s%s%s\n\n", row->type, row->scope,
                 row->range[0] != '\0' ? ": " : "", row->range);
}

// A bar would end the cell.
static void
print_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        (void)printf(*text == '|' ? "\\|" : "%c", *text);
    }
}

static void
print_markdown(const hawser_option_row *row)
{
    (void)printf("| `%s` | %s | ", row->name, row->type);
    (void)printf(row->value[0] != '\0' ? "`%s`" : "%s", row->value);
    (void)printf(" | ");
    print_cell(row->range);
    (void)printf(" | %s | ", row->scope);
    print_cell(row->sentence);
    (void)printf(" |\n");
}

static json_t *
row_as_json(const hawser_option_row *row)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", row->name,
                     "type", row->type, "default", row->value, "range",
                     row->range, "scope", row->scope, "sentence",
                     row->sentence);
}

static int
print_table(const struct view *view)
{
    hawser_option_row row;
    json_t *list = json_array();
    size_t shown = 0;

    if (view->format == FLAG_MARKDOWN) {
        (void)printf("| option | type | default | range | of a | |\n"
                     "|---|---|---|---|---|---|\n");
    }
    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        if (!is_wanted(view, row.name)) {
            continue;
        }
        shown++;
        if (view->format == FLAG_JSON) {
            (void)json_array_append_new(list, row_as_json(&row)); // see below
        } else if (view->format == FLAG_MARKDOWN) {
            print_markdown(&row);
        } else {
            print_row(&row);
        }
    }
    if (view->format == FLAG_JSON) {
        (void)json_dumpf(list, stdout, JSON_INDENT(2)); // the check is below
        (void)putchar('\n');
    }
    json_decref(list);
    if (shown == 0) {
        (void)fprintf(stderr, "hawser options: no option begins like that\n");
    }
    return shown > 0 ? TOOL_OK : TOOL_USAGE;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct flag_reader flags;
    struct view view = { 0 };
    int id;

    flags_begin(&flags, command, argc, argv);
    while ((id = flags_next(&flags)) != FLAG_END) {
        if (id == FLAG_HELP) {
            return TOOL_OK;
        }
        if (id == FLAG_WRONG) {
            return TOOL_USAGE;
        }
        if (id != FLAG_OPERAND) {
            view.format = id;
        } else if (view.count < 8) {
            view.words[view.count++] = flags.value;
        }
    }
    return print_table(&view);
}

const struct command command_options = {
    .name = "options",
    .operands = "[NAME…]",
    .summary = "every option that -o NAME=VALUE takes",
    .story = "Prints each option with its default, its range and what it is\n"
             "for; with names, those that begin like one of them.\n",
    .flags = flags_of_options,
    .examples = "  hawser options\n"
                "  hawser options backoff. heartbeat.\n"
                "  hawser options --json | jq '.[].name'\n",
    .run = run,
};
