// frames_in.h - a peer's bytes become messages.
//
// A reader is what one wire remembers between two reads: next to nothing while
// it is idle, since the parser (4 KiB, wslay's) is borrowed from the site's
// pool as long as a frame is half read, and given back at its end.
#ifndef HW_WS_FRAMES_IN_H
#define HW_WS_FRAMES_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hw_ws_verdict {
    HW_WS_READ_ON,   // all was read
    HW_WS_STOPPED,   // a callback wants no more
    HW_WS_BROKEN,    // the peer broke the protocol: close with 1002
    HW_WS_NOT_UTF8,  // text that is none: close with 1007
    HW_WS_TOO_LARGE, // a message above the limit: close with 1009
    HW_WS_NO_ROOM,   // out of memory
};

// What a reader says. The bytes are valid during the call. Each answers whether
// to read on.
struct hw_ws_listener {
    bool (*message)(void *user, bool text, const uint8_t *bytes, size_t size);
    bool (*ping)(void *user, const uint8_t *bytes, size_t size);
    bool (*pong)(void *user, const uint8_t *bytes, size_t size);
    // code is 1005 where the frame had none. Nothing is read after it.
    void (*goodbye)(void *user, unsigned code, const uint8_t *reason,
                    size_t size);
};

struct hw_ws_parser;

// The parsers that wait for the next half frame, and one message buffer. Shared
// by the wires of a site. Begins as zeros.
struct hw_ws_pool {
    struct hw_ws_parser *spare;
    unsigned spares;
    uint8_t *block; // a message buffer at rest
    size_t block_room;
};

// Begins as zeros, with max set.
struct hw_ws_reader {
    struct hw_ws_parser *parser; // NULL between frames, and amid a long one
    uint64_t max;                // largest message
    uint8_t *message;            // collected so far
    size_t size, room;
    uint64_t frame_left;  // payload of this frame still to come
    uint8_t opcode;       // of the message under way; 0: none
    uint8_t frame_opcode; // of the frame under way
    bool in_frame;        // a header was read, its payload not wholly
    bool final;           // the frame under way ends its message
    uint8_t head_size;    // of the header under way
    uint8_t head[16];
    uint8_t control_size;
    uint8_t control[125];
};

// Reads bytes. On anything but READ_ON and STOPPED, sentence says what is wrong
// and the reader must be cleared.
enum hw_ws_verdict
hw_ws_read(struct hw_ws_reader *reader, struct hw_ws_pool *pool,
           const uint8_t *bytes, size_t size,
           const struct hw_ws_listener *listener, void *user, char *sentence,
           size_t sentence_size);

// Is it in the middle of a frame, or of a message?
bool
hw_ws_reader_is_amid(const struct hw_ws_reader *reader);

// Frees what the reader holds.
void
hw_ws_reader_clear(struct hw_ws_reader *reader, struct hw_ws_pool *pool);

void
hw_ws_pool_clear(struct hw_ws_pool *pool);

#endif
