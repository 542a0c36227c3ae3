// frames.h - how a message is made of frames, and frames of a message.
//
// zmq.multipart says which frames there are:
//   topic      the bytes; or the topic, if there is one, and the bytes
//   delimited  an empty frame, and the bytes: what REQ and REP expect
//   packed     any number; the bytes have all of them, each behind its length
//              in four bytes, the highest first
// A ROUTER's messages have the peer's routing id before all that, which is the
// topic; packed messages of pub, sub, xpub and xsub the topic.
#ifndef HW_ZMQ_FRAMES_H
#define HW_ZMQ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/message.h>
#include <hawser/transport.h>

// As the choices of zmq.multipart are listed.
enum hw_zmq_multipart { HW_ZMQ_TOPIC, HW_ZMQ_DELIMITED, HW_ZMQ_PACKED };

enum { HW_ZMQ_LENGTH_SIZE = 4 }; // of a packed frame's length

struct hw_zmq_shape {
    enum hw_zmq_multipart multipart;
    bool addressed; // a ROUTER's
    bool topics;    // of the pub and sub family
};

struct hw_zmq_frame {
    const uint8_t *bytes;
    size_t size;
};

// ---- going out ----

// Cuts a message into frames, one after the other.
struct hw_zmq_cut {
    const hawser_message *message;
    bool head;      // the topic is next
    bool delimiter; // an empty frame is next
    bool packed;
    size_t at; // in the message's bytes
    bool more; // there is another frame
};

// Are there messages that can't be sent in that shape?
bool
hw_zmq_shape_is_picky(const struct hw_zmq_shape *shape);

// NULL, or why this message can't be sent in that shape.
const char *
hw_zmq_shape_fault(const struct hw_zmq_shape *shape,
                   const hawser_message *message);

// NULL, or the same.
const char *
hw_zmq_cut_begin(struct hw_zmq_cut *cut, const hawser_message *message,
                 const struct hw_zmq_shape *shape);

// The next frame, while more says that there is one. It lies in the message.
struct hw_zmq_frame
hw_zmq_cut_next(struct hw_zmq_cut *cut);

// ---- coming in ----

enum { HW_ZMQ_KEPT = 3 }; // no shape but packed has more frames

// Frames of one message, as they come.
struct hw_zmq_gathering {
    size_t count;                          // frames so far
    struct hw_zmq_frame kept[HW_ZMQ_KEPT]; // the first of them, not copied
    uint8_t *packed;                       // kept from message to message
    size_t packed_size, packed_room;
    bool too_big, out_of_memory;
};

void
hw_zmq_gather_begin(struct hw_zmq_gathering *gathering);

// Adds the next frame. Its bytes must stay where they are for the first
// HW_ZMQ_KEPT. What is packed beyond packed_max is left out: too_big.
void
hw_zmq_gather(struct hw_zmq_gathering *gathering,
              const struct hw_zmq_shape *shape, struct hw_zmq_frame frame,
              size_t packed_max);

// What the message is, once all its frames were added; topic.bytes is NULL if
// it has none. NULL, or why these frames are no message of that shape.
const char *
hw_zmq_gather_end(const struct hw_zmq_gathering *gathering,
                  const struct hw_zmq_shape *shape, struct hw_zmq_frame *topic,
                  struct hw_zmq_frame *bytes);

void
hw_zmq_gather_free(struct hw_zmq_gathering *gathering);

#endif
