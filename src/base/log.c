// log.c - the gate that log lines pass.
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include <hawser/bus.h>

enum { LINE_SIZE = 1024 };

atomic_int hw_log_level;

// Set before the first bus is opened, and only read from then on.
static hawser_log_sink to_sink;
static void *sink_user;

void
hawser_log_set(int level, hawser_log_sink sink, void *user)
{
    to_sink = sink;
    sink_user = user;
    atomic_store(&hw_log_level, level);
}

void
hw_log(int level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments); // may be cut
    va_end(arguments);
    if (to_sink != NULL) {
        to_sink(level, line, sink_user);
    } else {
        (void)fprintf(stderr, "hawser: %s\n", line); // nobody else to tell
    }
}
