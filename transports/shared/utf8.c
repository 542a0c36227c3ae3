// utf8.c - is it text?
#include "shared/utf8.h"

#include <string.h>

static size_t
skip_ascii(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    for (; at + 8 <= size; at += 8) {
        uint64_t word;

        memcpy(&word, bytes + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (at < size && bytes[at] < 0x80) {
        at++;
    }
    return at;
}

static bool
in(uint8_t byte, uint8_t low, uint8_t high)
{
    return byte >= low && byte <= high;
}

// Bytes of the sequence that begins with a byte above 0x7f; 0 if it is none.
// The second byte's range is where overlong forms and surrogates are refused:
// table 3-7 of the Unicode standard.
static size_t
sequence(const uint8_t *b, size_t left)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t size, i;

    if (in(b[0], 0xc2, 0xdf)) {
        size = 2;
    } else if (in(b[0], 0xe0, 0xef)) {
        size = 3;
        low = b[0] == 0xe0 ? 0xa0 : 0x80;
        high = b[0] == 0xed ? 0x9f : 0xbf;
    } else if (in(b[0], 0xf0, 0xf4)) {
        size = 4;
        low = b[0] == 0xf0 ? 0x90 : 0x80;
        high = b[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (left < size || !in(b[1], low, high)) {
        return 0;
    }
    for (i = 2; i < size; i++) {
        if (!in(b[i], 0x80, 0xbf)) {
            return 0;
        }
    }
    return size;
}

bool
hw_shared_is_utf8(const uint8_t *bytes, size_t size)
{
    size_t at = skip_ascii(bytes, size);

    while (at < size) {
        size_t n = sequence(bytes + at, size - at);

        if (n == 0) {
            return false;
        }
        at += n;
        at += skip_ascii(bytes + at, size - at);
    }
    return true;
}
