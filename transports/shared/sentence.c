// sentence.c - says why something is refused.
#include "shared/sentence.h"

#include <stdarg.h>
#include <stdio.h>

bool
hw_shared_refuse(char *sentence, size_t size, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(sentence, size, format, list); // may be cut
    va_end(list);
    return false;
}
