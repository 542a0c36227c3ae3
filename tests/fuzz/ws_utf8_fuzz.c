// ws_utf8_fuzz.c - is text told from other bytes as a plain decoder tells it?
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "shared/utf8.h"

// Decodes one character and judges it by its value, RFC 3629 section 3; the
// checker judges by ranges of bytes. Its size, or 0.
static size_t
decode(const uint8_t *bytes, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t size = bytes[0] < 0x80           ? 1
                  : (bytes[0] >> 5) == 0x06 ? 2
                  : (bytes[0] >> 4) == 0x0e ? 3
                  : (bytes[0] >> 3) == 0x1e ? 4
                                            : 0;
    uint32_t value;

    if (size == 0 || size > left) {
        return 0;
    }
    value = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < least[size] || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    return size;
}

static bool
is_text(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t n = decode(bytes + at, size - at);

        if (n == 0) {
            return false;
        }
        at += n;
    }
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (hw_shared_is_utf8(bytes, size) != is_text(bytes, size)) {
        abort();
    }
    return 0;
}
