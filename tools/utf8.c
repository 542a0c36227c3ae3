// utf8.c - tells UTF-8 from other bytes (RFC 3629).
#include "utf8.h"

#include <stdint.h>

// How many bytes the character that starts with lead has; 0: none does.
static size_t
utf8_length(uint8_t lead)
{
    if (lead < 0x80) {
        return 1;
    }
    return lead >= 0xc2 && lead < 0xe0   ? 2
           : lead >= 0xe0 && lead < 0xf0 ? 3
           : lead >= 0xf0 && lead < 0xf5 ? 4
                                         : 0;
}

// The second byte rules out long forms, surrogates and what is past U+10FFFF.
static bool
is_second(uint8_t lead, uint8_t second)
{
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

    return second >= low && second <= high;
}

bool
utf8_is_valid(const void *text, size_t size)
{
    const uint8_t *bytes = text;
    size_t i = 0;

    while (i < size) {
        size_t length = utf8_length(bytes[i]);
        if (length == 0 || length > size - i ||
            (length > 1 && !is_second(bytes[i], bytes[i + 1]))) {
            return false;
        }
        for (size_t k = 2; k < length; k++) {
            if ((bytes[i + k] & 0xc0) != 0x80) {
                return false;
            }
        }
        i += length;
    }
    return true;
}
