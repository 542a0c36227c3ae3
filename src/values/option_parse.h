// option_parse.h - values of options, from text to numbers.
#ifndef HW_VALUES_OPTION_PARSE_H
#define HW_VALUES_OPTION_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hw_option_type {
    HW_TYPE_integer,
    HW_TYPE_duration,
    HW_TYPE_size,
    HW_TYPE_toggle,
    HW_TYPE_choice,
    HW_TYPE_real,
    HW_TYPE_text,
    HW_TYPE_list,
};

// A value as a number, and as a fraction where the type is real.
struct hw_option_value {
    int64_t number;
    double real;
};

// "duration"; never NULL. Switches are called by that name outside.
const char *
hw_option_type_name(enum hw_option_type type);

// Reads text as a value of that type within range. On false, sentence says what
// is wrong with it.
bool
hw_option_parse(enum hw_option_type type, const char *range, const char *text,
                struct hw_option_value *value, char *sentence,
                size_t sentence_size);

#endif
