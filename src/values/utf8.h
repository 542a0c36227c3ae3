// utf8.h - is a text what it says it is?
#ifndef HW_VALUES_UTF8_H
#define HW_VALUES_UTF8_H

#include <stdbool.h>
#include <stddef.h>

// Well-formed UTF-8: nothing overlong, no surrogates, nothing above U+10FFFF
// (RFC 3629 §4).
bool
hw_utf8_valid(const void *bytes, size_t size);

#endif
