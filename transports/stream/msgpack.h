// msgpack.h - where a MessagePack object ends.
//
// The scanner counts what is still to come and builds nothing, so it takes the
// same few bytes however deep an object is nested and however large it claims
// to be. It may be fed in pieces of any size.
#ifndef HW_STREAM_MSGPACK_H
#define HW_STREAM_MSGPACK_H

#include <stddef.h>
#include <stdint.h>

// Begins as zeros, and is to be cleared to zeros behind each object.
struct hw_msgpack_scan {
    uint64_t size;   // bytes of the object so far
    uint64_t skip;   // bytes of a text, a number … still to come
    uint64_t within; // values still to come
    uint8_t head[5]; // the beginning of a value that came in pieces
    uint8_t head_size;
};

enum hw_msgpack_answer {
    HW_MSGPACK_MORE,      // all was eaten, and more belongs to the object
    HW_MSGPACK_DONE,      // the object ends behind the bytes eaten
    HW_MSGPACK_WRONG,     // 0xc1, which is no value
    HW_MSGPACK_TOO_LARGE, // it claims more than max bytes
};

// Reads on; *eaten says how many of the bytes belong to the object.
enum hw_msgpack_answer
hw_msgpack_scan(struct hw_msgpack_scan *scan, uint64_t max,
                const uint8_t *bytes, size_t size, size_t *eaten);

#endif
