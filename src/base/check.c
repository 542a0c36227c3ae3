// check.c - stops the process where a promise inside Hawser is broken.
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void
hw_check_failed(const char *promise, const char *file, int line)
{
    (void)fprintf(stderr, "hawser: broken promise: %s (%s:%d)\n", promise, file,
                  line);
    abort();
}
