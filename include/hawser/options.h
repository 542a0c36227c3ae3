// hawser/options.h - options of a bus and of its links, by name.
//
// One table holds every option: its name, type, default, range and sentence.
// docs/options.md is printed from it. Values are text: durations as 250ms, 30s,
// 5m, 1h (a bare number is milliseconds); sizes as 512, 64KiB, 4MiB, 1GiB;
// switches as on or off; choices and numbers as they are.
#ifndef HAWSER_OPTIONS_H
#define HAWSER_OPTIONS_H

#include <stddef.h>

#include <hawser/export.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hawser_options hawser_options;

// An empty set: every option has its default. The caller owns it and frees it
// at any time: a bus or a link copies what it needs when it is opened. One
// thread at a time. NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_options_new(hawser_options **options);

HAWSER_API void
hawser_options_free(hawser_options *options);

// A set of its own with the same values, the caller's; from NULL an empty one.
// NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_options_copy(const hawser_options *from, hawser_options **copy);

// Sets one option. A list (ws.header) grows by each value set; an empty value
// empties it. UNKNOWN: no option has that name; INVALID: the value is malformed
// or out of range; in both cases nothing changed and hawser_options_error has
// a sentence that names the nearest option, or the range. NO_MEMORY.
HAWSER_API hawser_status
hawser_options_set(hawser_options *options, const char *name,
                   const char *value);

// The value in force (what was set, or the default), as text. The pointer is
// valid until the option is set again or the set is freed. Lists are joined by
// newlines. UNKNOWN.
HAWSER_API hawser_status
hawser_options_get(const hawser_options *options, const char *name,
                   const char **value);

// Why the last set or get was refused; "" if it was not. Never NULL; valid
// until the next call with these options.
HAWSER_API const char *
hawser_options_error(const hawser_options *options);

// One row of the table, for tools and bindings.
typedef struct hawser_option_row {
    const char *name;
    // switch, integer, real, duration, size, choice, text or list
    const char *type;
    const char *range; // "1ms..1h", "none|peer", "" where anything goes
    const char *value; // the default
    const char *scope; // bus or link
    const char *sentence;
} hawser_option_row;

// Row number index of the table, in its order; UNKNOWN past the last one.
HAWSER_API hawser_status
hawser_options_row(size_t index, hawser_option_row *row);

#ifdef __cplusplus
}
#endif

#endif
