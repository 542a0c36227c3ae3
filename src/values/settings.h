// settings.h - options with every value resolved: what the actors read.
//
// Made when a bus or a link is opened, never changed, shared by counting holds.
// Links that set nothing of their own share those of their bus.
#ifndef HW_VALUES_SETTINGS_H
#define HW_VALUES_SETTINGS_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include <hawser/options.h>
#include <hawser/transport.h>

#include "values/option_table.h"

enum {
#define HW_OPTION_ENUM(scope, field, name, type, value, range, sentence)       \
    HW_OPTION_##field,
    HW_OPTION_TABLE(HW_OPTION_ENUM)
#undef HW_OPTION_ENUM
        HW_OPTIONS
};

// Choices, in the order of the table's ranges.
enum { HW_CONFIRM_NONE, HW_CONFIRM_PEER, HW_CONFIRM_APPLICATION };
enum { HW_GREETING_NONE, HW_GREETING_APPLICATION };
enum { HW_PREFER_NONE, HW_PREFER_FIRST };
enum { HW_ON_RETRY, HW_ON_NEXT, HW_ON_FAIL };
enum {
    HW_OVERFLOW_REFUSE,
    HW_OVERFLOW_BLOCK,
    HW_OVERFLOW_DROP_OLDEST,
    HW_OVERFLOW_DROP_NEWEST,
};
enum {
    HW_JITTER_NONE,
    HW_JITTER_PROPORTIONAL,
    HW_JITTER_EQUAL,
    HW_JITTER_FULL,
    HW_JITTER_DECORRELATED,
};

// How a value of each type is kept. Durations are in milliseconds, sizes in
// bytes, switches 0 or 1, choices their index, a word before the range -1.
#define HW_FIELD_integer int64_t
#define HW_FIELD_duration int64_t
#define HW_FIELD_size int64_t
#define HW_FIELD_toggle int64_t
#define HW_FIELD_choice int64_t
#define HW_FIELD_real double
#define HW_FIELD_text const char *
#define HW_FIELD_list const char *

struct hawser_settings {
    atomic_uint holds;
#define HW_OPTION_FIELD(scope, field, name, type, value, range, sentence)      \
    HW_FIELD_##type field;
    HW_OPTION_TABLE(HW_OPTION_FIELD)
#undef HW_OPTION_FIELD
    const char *texts[HW_OPTIONS]; // of each option
};

// The values of over where they are set, else those of under, else the
// defaults. Each may be NULL. One hold. NULL: out of memory.
struct hawser_settings *
hw_settings_new(const hawser_options *under, const hawser_options *over);

struct hawser_settings *
hw_settings_hold(struct hawser_settings *settings);

// NULL is allowed.
void
hw_settings_drop(struct hawser_settings *settings);

// A copy of a set of options; NULL copies an empty one. NULL: out of memory.
hawser_options *
hw_options_copy(const hawser_options *options);

// The name of the first option set that belongs to a bus and not to a link;
// NULL: there is none.
const char *
hw_options_of_bus(const hawser_options *options);

// Prints docs/options.md.
void
hw_options_markdown(FILE *out);

#endif
