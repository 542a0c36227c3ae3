// utf8.h - is it text?
#ifndef HW_SHARED_UTF8_H
#define HW_SHARED_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Is it well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
// above U+10FFFF)?
bool
hw_shared_is_utf8(const uint8_t *bytes, size_t size);

#endif
