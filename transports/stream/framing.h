// framing.h - where a message ends in a stream of bytes, both ways.
//
//   length32  four bytes before each message say its length, big-endian
//   line      a line feed ends each message, and none contains one
//   msgpack   each message is one MessagePack object
//   raw       whatever arrives together is a message
#ifndef HW_STREAM_FRAMING_H
#define HW_STREAM_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/message.h>

#include "msgpack.h"

// As the choices of option framing stand in its range.
enum hw_stream_framing {
    HW_STREAM_LENGTH32,
    HW_STREAM_LINE,
    HW_STREAM_MSGPACK,
    HW_STREAM_RAW,
};

enum hw_stream_verdict {
    HW_STREAM_READ_ON,   // all was read
    HW_STREAM_STOPPED,   // the listener wants no more
    HW_STREAM_BROKEN,    // the peer broke the framing
    HW_STREAM_TOO_LARGE, // a message above the limit
    HW_STREAM_NO_ROOM,   // out of memory
};

// What one stream remembers between two reads; begins as zeros, with framing
// and max set. What a peer claims costs no memory: only what came is kept.
struct hw_stream_reader {
    enum hw_stream_framing framing;
    uint64_t max;  // largest message
    uint8_t *kept; // the message under way, its frame's head with it
    size_t size, room;
    size_t searched; // line: bytes of it in which no line feed is
    uint32_t length; // length32: of the message, once its head was read
    uint8_t head_size;
    uint64_t left; // length32: bytes of the message still to come
    struct hw_msgpack_scan scan;
};

// Hears a message; the bytes are valid during the call. Answers whether to read
// on.
typedef bool (*hw_stream_hear)(void *user, hawser_kind kind,
                               const uint8_t *bytes, size_t size);

// Reads bytes. On anything but READ_ON and STOPPED, sentence says what is wrong
// and the reader must be cleared.
enum hw_stream_verdict
hw_stream_read(struct hw_stream_reader *reader, const uint8_t *bytes,
               size_t size, hw_stream_hear hear, void *user, char *sentence,
               size_t sentence_size);

// Is it in the middle of a message?
bool
hw_stream_reader_is_amid(const struct hw_stream_reader *reader);

// Frees what the reader holds.
void
hw_stream_reader_clear(struct hw_stream_reader *reader);

// What stands around a message when it is sent.
struct hw_stream_frame {
    uint8_t head[4];
    uint8_t head_size;
    uint8_t tail[1];
    uint8_t tail_size;
};

struct hw_stream_frame
hw_stream_frame(enum hw_stream_framing framing, uint32_t size);

// Can the message be told from its neighbours? false: sentence says why not.
bool
hw_stream_fits(enum hw_stream_framing framing, const void *bytes, size_t size,
               char *sentence, size_t sentence_size);

#endif
