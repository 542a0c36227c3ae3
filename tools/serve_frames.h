// serve_frames.h - WebSocket frames as a server sees them (RFC 6455 §5).
//
// The tool reads frames itself because it is the measure of others: a sink
// that counts need not unmask what it throws away, and wslay unmasks byte by
// byte (1.2 GB/s measured), which would be what a benchmark measures.
#ifndef HAWSER_TOOL_SERVE_FRAMES_H
#define HAWSER_TOOL_SERVE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_opcode {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
};

enum { FRAME_HEAD_MAX = 14, FRAME_CONTROL_MAX = 125 };

// Where reading stands between two pieces of a stream. All zero at first.
struct frame_reader {
    uint64_t max;  // longest payload of one frame
    uint64_t left; // payload bytes of this frame still to come
    uint8_t head[FRAME_HEAD_MAX];
    uint8_t head_size; // bytes of an unfinished header
    uint8_t opcode;    // of this frame
    uint8_t message;   // opcode of the message under way; 0: none
    bool fin;
    bool inside; // a header was read, its payload is not complete
    uint8_t mask[4];
};

// Some payload of one frame, as it came: masked. bytes points into the caller's
// buffer.
struct frame_piece {
    uint8_t *bytes;
    size_t size;
    uint8_t mask[4]; // turned, so that mask[0] belongs to bytes[0]
    uint8_t opcode;  // of a continuation: its message's
    bool first;      // nothing of this message came before
    bool frame_done; // the frame ends with this piece
    bool done;       // the message, or the control frame, ends with this piece
};

enum frame_answer {
    FRAME_MORE = 0,  // all was eaten
    FRAME_PIECE = 1, // *piece is filled
    FRAME_WRONG = 2, // the peer broke the protocol: close with 1002
    FRAME_TOO_BIG = 3,
};

// Reads on from *at, which moves behind what was eaten.
enum frame_answer
frames_next(struct frame_reader *reader, uint8_t **at, uint8_t *end,
            struct frame_piece *piece);

void
frames_unmask(struct frame_piece *piece);

// Writes the header of a final, unmasked frame to head; returns its length.
size_t
frames_head(uint8_t head[FRAME_HEAD_MAX], uint8_t opcode, uint64_t size);

#endif
