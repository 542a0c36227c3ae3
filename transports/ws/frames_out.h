// frames_out.h - messages become masked frames in a buffer.
#ifndef HW_WS_FRAMES_OUT_H
#define HW_WS_FRAMES_OUT_H

#include <stddef.h>
#include <stdint.h>

// RFC 6455 section 11.8.
enum {
    HW_WS_CONTINUATION = 0x0,
    HW_WS_TEXT = 0x1,
    HW_WS_BINARY = 0x2,
    HW_WS_CLOSE = 0x8,
    HW_WS_PING = 0x9,
    HW_WS_PONG = 0xa,
};

enum {
    HW_WS_CONTROL_MAX = 125, // payload of a control frame, section 5.5
    HW_WS_HEADER_MAX = 14,
};

// Masks must be unpredictable (section 10.3), so a generator for cryptography
// makes them; in blocks, since a call for each would cost more than the frame.
struct hw_ws_masks {
    size_t left; // bytes not yet used, at the end of bytes
    uint8_t bytes[8192];
};

// Bytes that a frame with this payload takes.
size_t
hw_ws_frame_size(size_t size);

// Writes one whole frame to to, which has room for hw_ws_frame_size(size)
// bytes, and returns its size.
size_t
hw_ws_frame_put(struct hw_ws_masks *masks, uint8_t *to, uint8_t opcode,
                const void *bytes, size_t size);

#endif
