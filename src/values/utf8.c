// utf8.c - is a text what it says it is?
#include "values/utf8.h"

#include <stdint.h>
#include <string.h>

// Most texts are ASCII: eight of those are passed at once.
static size_t
skip_ascii(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    while (size - at >= 8) {
        uint64_t eight;

        memcpy(&eight, bytes + at, 8);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += 8;
    }
    while (at < size && bytes[at] < 0x80) {
        at++;
    }
    return at;
}

// How many bytes follow the first, and what the second may be; the table of
// RFC 3629 §4.
static size_t
followers(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        return 1;
    }
    if (first >= 0xe0 && first <= 0xef) {
        return 2;
    }
    return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

bool
hw_utf8_valid(const void *bytes, size_t size)
{
    const uint8_t *text = bytes;
    size_t at = 0;

    while (size > 0 && (at += skip_ascii(text + at, size - at)) < size) {
        uint8_t low, high;
        size_t more = followers(text[at++], &low, &high);

        if (more == 0 || size - at < more || text[at] < low ||
            text[at] > high) {
            return false;
        }
        for (size_t i = 1; i < more; i++) {
            if ((text[at + i] & 0xc0) != 0x80) {
                return false;
            }
        }
        at += more;
    }
    return true;
}
