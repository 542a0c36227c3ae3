// options_private.h - what the files that know a set of options share.
#ifndef HW_VALUES_OPTIONS_PRIVATE_H
#define HW_VALUES_OPTIONS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "values/option_parse.h"
#include "values/settings.h"

enum { HW_OPTIONS_ERROR_SIZE = 256 };

struct hawser_options {
    char *texts[HW_OPTIONS]; // NULL: not set
    char error[HW_OPTIONS_ERROR_SIZE];
};

struct hw_option_row {
    const char *name;
    const char *value; // the default
    const char *range;
    const char *sentence;
    const char *scope;
    size_t offset; // of its field in the settings
    enum hw_option_type type;
};

extern const struct hw_option_row hw_option_rows[HW_OPTIONS];

// The option of that name; NULL: there is none.
const struct hw_option_row *
hw_option_find(const char *name);

static inline size_t
hw_option_index(const struct hw_option_row *row)
{
    return (size_t)(row - hw_option_rows);
}

#endif
