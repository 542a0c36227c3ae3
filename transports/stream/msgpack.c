// msgpack.c - where a MessagePack object ends.
#include "msgpack.h"

#include <stdbool.h>

// What the first byte of a value says. The value has head bytes, of which the
// last width are a big-endian number n, and behind them extra bytes more; n
// counts bytes (BYTES) or values: n of them (ARRAY) or 2n (MAP).
enum sort { PLAIN, BYTES, ARRAY, MAP, WRONG };

struct shape {
    uint8_t sort;
    uint8_t width;
    uint8_t extra;
};

// 0xc0 to 0xdf, in their order.
static const struct shape shapes[32] = {
    { PLAIN, 0, 0 },  { WRONG, 0, 0 }, { PLAIN, 0, 0 }, { PLAIN, 0, 0 },
    { BYTES, 1, 0 },  { BYTES, 2, 0 }, { BYTES, 4, 0 }, // bin
    { BYTES, 1, 1 },  { BYTES, 2, 1 }, { BYTES, 4, 1 }, // ext, with its type
    { PLAIN, 0, 4 },  { PLAIN, 0, 8 },                  // float
    { PLAIN, 0, 1 },  { PLAIN, 0, 2 }, { PLAIN, 0, 4 }, { PLAIN, 0, 8 },
    { PLAIN, 0, 1 },  { PLAIN, 0, 2 }, { PLAIN, 0, 4 }, { PLAIN, 0, 8 },
    { PLAIN, 0, 2 },  { PLAIN, 0, 3 }, { PLAIN, 0, 5 }, { PLAIN, 0, 9 },
    { PLAIN, 0, 17 },                                   // fixext
    { BYTES, 1, 0 },  { BYTES, 2, 0 }, { BYTES, 4, 0 }, // str
    { ARRAY, 2, 0 },  { ARRAY, 4, 0 }, { MAP, 2, 0 },   { MAP, 4, 0 },
};

static uint64_t
read_number(const uint8_t *bytes, unsigned width)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < width; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

// A whole head: what it asks for is noted. false: it is none.
static bool
take_head(struct hw_msgpack_scan *scan, const uint8_t *head)
{
    uint8_t first = head[0];

    if (first < 0x80 || first >= 0xe0) { // a small number
        return true;
    }
    if (first < 0x90) {
        scan->within += 2u * (first & 0x0fu);
    } else if (first < 0xa0) {
        scan->within += first & 0x0fu;
    } else if (first < 0xc0) {
        scan->skip = first & 0x1fu;
    } else {
        const struct shape *shape = &shapes[first - 0xc0];
        uint64_t number = read_number(head + 1, shape->width);

        scan->skip = shape->extra;
        if (shape->sort == BYTES) {
            scan->skip += number;
        } else if (shape->sort == ARRAY) {
            scan->within += number;
        } else if (shape->sort == MAP) {
            scan->within += 2 * number;
        }
        return shape->sort != WRONG;
    }
    return true;
}

static size_t
head_size(uint8_t first)
{
    return first >= 0xc0 && first < 0xe0 ? 1u + shapes[first - 0xc0].width : 1;
}

// Gathers a head that comes in pieces. NULL: it is not complete.
static const uint8_t *
gather_head(struct hw_msgpack_scan *scan, const uint8_t *bytes, size_t size,
            size_t *at)
{
    const uint8_t *head = bytes + *at;
    size_t whole = head_size(*head);

    if (scan->head_size == 0 && size - *at >= whole) {
        *at += whole;
        scan->size += whole;
        return head;
    }
    while (*at < size) {
        scan->head[scan->head_size++] = bytes[(*at)++];
        scan->size++;
        if (scan->head_size == head_size(scan->head[0])) {
            scan->head_size = 0;
            return scan->head;
        }
    }
    return NULL;
}

static void
skip(struct hw_msgpack_scan *scan, size_t size, size_t *at)
{
    uint64_t left = size - *at;
    uint64_t step = scan->skip < left ? scan->skip : left;

    scan->skip -= step;
    scan->size += step;
    *at += (size_t)step;
}

// Every value takes a byte at least, so that a count which lies is found out
// by the limit before anything else is read. The sum stays far below 2^64: a
// head adds at most 2^33, and takes bytes that came.
static bool
is_too_large(const struct hw_msgpack_scan *scan, uint64_t max)
{
    return scan->size + scan->skip + scan->within > max;
}

static enum hw_msgpack_answer
scan_on(struct hw_msgpack_scan *scan, uint64_t max, const uint8_t *bytes,
        size_t size, size_t *at)
{
    while (scan->skip > 0 || scan->within > 0) {
        const uint8_t *head;

        if (*at == size) {
            return HW_MSGPACK_MORE;
        }
        if (scan->skip > 0) {
            skip(scan, size, at);
            continue;
        }
        head = gather_head(scan, bytes, size, at);
        if (head == NULL) {
            return is_too_large(scan, max) ? HW_MSGPACK_TOO_LARGE
                                           : HW_MSGPACK_MORE;
        }
        scan->within--;
        if (!take_head(scan, head)) {
            return HW_MSGPACK_WRONG;
        }
        if (is_too_large(scan, max)) {
            return HW_MSGPACK_TOO_LARGE;
        }
    }
    return HW_MSGPACK_DONE;
}

enum hw_msgpack_answer
hw_msgpack_scan(struct hw_msgpack_scan *scan, uint64_t max,
                const uint8_t *bytes, size_t size, size_t *eaten)
{
    struct hw_msgpack_scan state = *scan; // which bytes cannot be a part of
    size_t at = 0;
    enum hw_msgpack_answer answer;

    if (state.size == 0) {
        state.within = 1;
    }
    answer = scan_on(&state, max, bytes, size, &at);
    *scan = state;
    *eaten = at;
    return answer;
}
