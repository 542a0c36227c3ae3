// settings.c - options with every value resolved: what the actors read.
#include "values/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "values/options_private.h"

static const char *
text_in_force(const hawser_options *under, const hawser_options *over, size_t i)
{
    if (over != NULL && over->texts[i] != NULL) {
        return over->texts[i];
    }
    if (under != NULL && under->texts[i] != NULL) {
        return under->texts[i];
    }
    return hw_option_rows[i].value;
}

static void
resolve(struct hawser_settings *settings, const struct hw_option_row *row,
        const char *text)
{
    void *field = (char *)settings + row->offset;
    struct hw_option_value value;
    char wrong[160];
    bool parsed;

    // Each line of a list was checked when it was set; together they are no
    // line any more.
    if (row->type == HW_TYPE_text || row->type == HW_TYPE_list) {
        memcpy(field, &text, sizeof text);
        return;
    }
    parsed = hw_option_parse(row->type, row->range, text, &value, wrong,
                             sizeof wrong);
    HW_CHECK(parsed, "what was set was checked, and defaults are in range");
    if (row->type == HW_TYPE_real) {
        memcpy(field, &value.real, sizeof value.real);
    } else {
        memcpy(field, &value.number, sizeof value.number);
    }
}

// One block: the settings, then the texts that are not the table's own.
struct hawser_settings *
hw_settings_new(const hawser_options *under, const hawser_options *over)
{
    size_t all = sizeof(struct hawser_settings);
    struct hawser_settings *settings;
    char *at;

    for (size_t i = 0; i < HW_OPTIONS; i++) {
        const char *text = text_in_force(under, over, i);

        all += text == hw_option_rows[i].value ? 0 : strlen(text) + 1;
    }
    settings = calloc(1, all);
    if (settings == NULL) {
        return NULL;
    }
    atomic_init(&settings->holds, 1);
    at = (char *)(settings + 1);
    for (size_t i = 0; i < HW_OPTIONS; i++) {
        const char *text = text_in_force(under, over, i);

        if (text != hw_option_rows[i].value) {
            size_t size = strlen(text) + 1;

            text = memcpy(at, text, size);
            at += size;
        }
        settings->texts[i] = text;
        resolve(settings, &hw_option_rows[i], text);
    }
    return settings;
}

struct hawser_settings *
hw_settings_hold(struct hawser_settings *settings)
{
    atomic_fetch_add_explicit(&settings->holds, 1, memory_order_relaxed);
    return settings;
}

void
hw_settings_drop(struct hawser_settings *settings)
{
    if (settings != NULL &&
        atomic_fetch_sub_explicit(&settings->holds, 1, memory_order_acq_rel) ==
            1) {
        free(settings);
    }
}

static const struct hw_option_row *
find(const char *name)
{
    const struct hw_option_row *row = hw_option_find(name);

    HW_CHECK(row != NULL, "a transport asks for options that there are");
    return row;
}

const char *
hawser_setting_text(const hawser_settings *settings, const char *name)
{
    return settings->texts[hw_option_index(find(name))];
}

int64_t
hawser_setting_number(const hawser_settings *settings, const char *name)
{
    const struct hw_option_row *row = find(name);
    int64_t number;

    HW_CHECK(row->type != HW_TYPE_text && row->type != HW_TYPE_list &&
                 row->type != HW_TYPE_real,
             "a transport asks for numbers of what are numbers");
    memcpy(&number, (const char *)settings + row->offset, sizeof number);
    return number;
}
