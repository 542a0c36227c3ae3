// error.c - this thread's last refusal, as a sentence.
#include <stdarg.h>
#include <stdio.h>

#include "base/refusal.h"
#include "front/bus.h"

enum { ERROR_SIZE = 512 };

static _Thread_local char last_error[ERROR_SIZE];

const char *
hawser_last_error(void)
{
    return last_error;
}

void
hw_error_clear(void)
{
    last_error[0] = '\0';
}

void
hw_error_set(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(last_error, sizeof last_error, format, arguments); // cut
    va_end(arguments);
}

void
hw_error_of(hawser_status status)
{
    const char *refusal = hw_refusal_take();

    hw_error_set("%s", status == HAWSER_SYSTEM && refusal[0] != '\0'
                           ? refusal
                           : hawser_status_text(status));
}
