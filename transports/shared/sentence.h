// sentence.h - says why something is refused.
#ifndef HW_SHARED_SENTENCE_H
#define HW_SHARED_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>

// Writes the sentence, cut where it is too long, and returns false, so that a
// check can end with it.
bool
hw_shared_refuse(char *sentence, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
