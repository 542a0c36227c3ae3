// zmq_frames_fuzz.c - frames of a peer in each shape: those that are a message
// are the same frames once it is cut again; and messages of any bytes are cut
// within their bounds.
//
// The first byte chooses the shape and the limit; then each frame stands behind
// its length in one byte.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "zmq/frames.h"

enum { FRAMES_MAX = 64 };

struct frames {
    struct hw_zmq_frame at[FRAMES_MAX];
    size_t count;
};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void
read_frames(struct frames *frames, const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    frames->count = 0;
    do {
        size_t length = at < size ? bytes[at++] : 0;

        length = length < size - at ? length : size - at;
        frames->at[frames->count++] =
            (struct hw_zmq_frame){ bytes + at, length };
        at += length;
    } while (at < size && frames->count < FRAMES_MAX);
}

static bool
is_same(struct hw_zmq_frame one, struct hw_zmq_frame other)
{
    return one.size == other.size &&
           memcmp(one.bytes, other.bytes, one.size) == 0;
}

static void
cut_again(const struct frames *frames, const struct hw_zmq_shape *shape,
          const hawser_message *message)
{
    struct hw_zmq_cut cut;
    size_t count = 0;

    if (hw_zmq_cut_begin(&cut, message, shape) != NULL) {
        // libzmq gives routing ids of 1 to 255 bytes, and more than that.
        demand(shape->addressed &&
               (frames->count == 1 || frames->at[0].size == 0));
        return;
    }
    while (cut.more) {
        struct hw_zmq_frame frame = hw_zmq_cut_next(&cut);

        demand(count < frames->count);
        demand(is_same(frame, frames->at[count++]));
    }
    demand(count == frames->count);
}

static void
gather(const struct frames *frames, const struct hw_zmq_shape *shape,
       size_t max)
{
    struct hw_zmq_gathering gathering = { .count = 0 };
    struct hw_zmq_frame topic, bytes;
    const char *fault;

    hw_zmq_gather_begin(&gathering);
    for (size_t i = 0; i < frames->count; i++) {
        hw_zmq_gather(&gathering, shape, frames->at[i], max);
        demand(gathering.packed_size <= max);
    }
    fault = hw_zmq_gather_end(&gathering, shape, &topic, &bytes);
    if (fault == NULL && !gathering.too_big) {
        const hawser_message message = { .bytes = bytes.bytes,
                                         .topic = topic.bytes,
                                         .size = (uint32_t)bytes.size,
                                         .topic_size = (uint16_t)topic.size };

        demand(bytes.bytes != NULL);
        cut_again(frames, shape, &message);
    }
    hw_zmq_gather_free(&gathering);
}

static void
cut_any(const struct hw_zmq_shape *shape, const uint8_t *bytes, size_t size)
{
    uint16_t topic_size = size > 3 ? 3 : 0;
    const hawser_message message = { .bytes = bytes + topic_size,
                                     .topic = topic_size > 0 ? bytes : NULL,
                                     .size = (uint32_t)(size - topic_size),
                                     .topic_size = topic_size };
    struct hw_zmq_cut cut;
    size_t sum = 0;

    if (hw_zmq_cut_begin(&cut, &message, shape) != NULL) {
        return;
    }
    while (cut.more) {
        struct hw_zmq_frame frame = hw_zmq_cut_next(&cut);

        demand(frame.size == 0 || (frame.bytes >= bytes &&
                                   frame.bytes + frame.size <= bytes + size));
        sum += frame.size;
    }
    demand(sum <= size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const size_t limits[] = { 0, 16, 1000, 1 << 20 };
    struct hw_zmq_shape shape;
    struct frames frames;

    if (size == 0) {
        return 0;
    }
    shape = (struct hw_zmq_shape){ .multipart = bytes[0] % 3,
                                   .addressed = (bytes[0] & 64) != 0,
                                   .topics = (bytes[0] & 128) != 0 };
    shape.topics = shape.topics && !shape.addressed;
    read_frames(&frames, bytes + 1, size - 1);
    gather(&frames, &shape, limits[bytes[0] >> 4 & 3]);
    cut_any(&shape, bytes + 1, size - 1);
    return 0;
}
