// scan.c - is it one object of msgpack, and within limits?
//
// The formats are those of the msgpack specification.
#include "rpc/scan.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

// What one element is: so many bytes of its own, and so many elements inside.
struct element {
    uint64_t bytes;
    uint64_t inside;
    int nests;
};

static int
take_number(struct cursor *cursor, unsigned size, uint64_t *number)
{
    uint64_t value = 0;

    if ((size_t)(cursor->end - cursor->at) < size) {
        return 0;
    }
    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | *cursor->at++;
    }
    *number = value;
    return 1;
}

static int
take_counted(struct cursor *cursor, unsigned size, uint64_t unit, int nests,
             struct element *element)
{
    uint64_t count;

    if (!take_number(cursor, size, &count)) {
        return 0;
    }
    if (nests) {
        element->nests = 1;
        element->inside = count * unit;
    } else {
        element->bytes = count + unit;
    }
    return 1;
}

// 0xc0..0xdf: those with a byte for their kind.
static int
take_long(struct cursor *cursor, uint8_t kind, struct element *element)
{
    static const uint8_t fixed[] = {
        // float 32, float 64, uint 8..64, int 8..64, fixext 1..16 and its type
        4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17,
    };

    if (kind >= 0xca && kind <= 0xd8) {
        element->bytes = fixed[kind - 0xca];
        return 1;
    }
    switch (kind) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
        return 1;
    case 0xc4: // bin 8
    case 0xd9: // str 8
        return take_counted(cursor, 1, 0, 0, element);
    case 0xc5: // bin 16
    case 0xda: // str 16
        return take_counted(cursor, 2, 0, 0, element);
    case 0xc6: // bin 32
    case 0xdb: // str 32
        return take_counted(cursor, 4, 0, 0, element);
    case 0xc7: // ext 8, and its type
        return take_counted(cursor, 1, 1, 0, element);
    case 0xc8:
        return take_counted(cursor, 2, 1, 0, element);
    case 0xc9:
        return take_counted(cursor, 4, 1, 0, element);
    case 0xdc: // array 16
        return take_counted(cursor, 2, 1, 1, element);
    case 0xdd: // array 32
        return take_counted(cursor, 4, 1, 1, element);
    case 0xde: // map 16
        return take_counted(cursor, 2, 2, 1, element);
    case 0xdf: // map 32
        return take_counted(cursor, 4, 2, 1, element);
    default: // 0xc1 is never used
        return 0;
    }
}

static int
take_element(struct cursor *cursor, struct element *element)
{
    uint8_t kind;

    *element = (struct element){ 0 };
    if (cursor->at == cursor->end) {
        return 0;
    }
    kind = *cursor->at++;
    if (kind < 0x80 || kind >= 0xe0) { // fixint
        return 1;
    }
    if (kind < 0x90) { // fixmap
        element->nests = 1;
        element->inside = (uint64_t)(kind & 0x0f) * 2;
        return 1;
    }
    if (kind < 0xa0) { // fixarray
        element->nests = 1;
        element->inside = kind & 0x0f;
        return 1;
    }
    if (kind < 0xc0) { // fixstr
        element->bytes = kind & 0x1f;
        return 1;
    }
    return take_long(cursor, kind, element);
}

static int
skip_bytes(struct cursor *cursor, uint64_t bytes)
{
    if ((uint64_t)(cursor->end - cursor->at) < bytes) {
        return 0;
    }
    cursor->at += bytes;
    return 1;
}

enum hw_scan
hw_scan(const void *bytes, size_t size, unsigned depth_max,
        uint64_t elements_max)
{
    struct cursor cursor = { bytes, (const uint8_t *)bytes + size };
    uint64_t left[HW_SCAN_DEPTH_MAX + 1]; // elements, at each depth so far
    uint64_t elements = 0;
    unsigned depth = 0;

    left[0] = 1;
    for (;;) {
        struct element element;

        while (left[depth] == 0) {
            if (depth == 0) {
                return cursor.at == cursor.end ? HW_SCAN_OK : HW_SCAN_MALFORMED;
            }
            depth--;
        }
        left[depth]--;
        if (!take_element(&cursor, &element) ||
            !skip_bytes(&cursor, element.bytes)) {
            return HW_SCAN_MALFORMED;
        }
        elements++;
        if (elements > elements_max ||
            element.inside > elements_max - elements) {
            return HW_SCAN_TOO_MANY;
        }
        if (element.nests) {
            if (depth == depth_max) {
                return HW_SCAN_TOO_DEEP;
            }
            left[++depth] = element.inside;
        }
    }
}

// ---- how it begins ----

static bool
takes_four(struct cursor *cursor)
{
    struct element element;

    return take_element(cursor, &element) && element.nests &&
           element.inside == 4;
}

static bool
take_head_number(struct cursor *cursor, uint64_t *number)
{
    uint64_t kind;

    if (!take_number(cursor, 1, &kind)) {
        return false;
    }
    if (kind >= 0xcc && kind <= 0xcf) { // uint 8..64
        return take_number(cursor, 1U << (kind - 0xcc), number);
    }
    *number = kind;
    return kind < 0x80; // fixint
}

bool
hw_scan_head(const void *bytes, size_t size, uint64_t head[static 2])
{
    struct cursor cursor = { bytes, (const uint8_t *)bytes + size };

    return takes_four(&cursor) && take_head_number(&cursor, &head[0]) &&
           take_head_number(&cursor, &head[1]);
}
