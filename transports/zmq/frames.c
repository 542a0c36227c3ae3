// frames.c - how a message is made of frames, and frames of a message.
#include "frames.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t nothing[1];

// ---- going out ----

static size_t
length_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
           (size_t)bytes[2] << 8 | bytes[3];
}

static bool
is_packed_well(const hawser_message *message)
{
    size_t at = 0;

    while (message->size - at >= HW_ZMQ_LENGTH_SIZE) {
        size_t length = length_at(message->bytes + at);

        at += HW_ZMQ_LENGTH_SIZE;
        if (length > message->size - at) {
            return false;
        }
        at += length;
    }
    return at == message->size;
}

static bool
has_place_for_topic(const struct hw_zmq_shape *shape)
{
    return shape->addressed || shape->topics ||
           shape->multipart == HW_ZMQ_TOPIC;
}

bool
hw_zmq_shape_is_picky(const struct hw_zmq_shape *shape)
{
    return shape->addressed || shape->multipart == HW_ZMQ_PACKED ||
           !has_place_for_topic(shape);
}

const char *
hw_zmq_shape_fault(const struct hw_zmq_shape *shape,
                   const hawser_message *message)
{
    bool packed = shape->multipart == HW_ZMQ_PACKED;

    if (shape->addressed &&
        (message->topic_size == 0 || message->topic_size > UINT8_MAX)) {
        return "a router's message needs its peer's routing id as topic";
    }
    if (message->topic != NULL && !has_place_for_topic(shape)) {
        return "with this zmq.multipart there is no place for a topic";
    }
    if (packed && !is_packed_well(message)) {
        return "zmq.multipart=packed: a length does not go with the bytes";
    }
    if (packed && message->size == 0 &&
        (shape->addressed || message->topic == NULL)) {
        return "zmq.multipart=packed: a message without frames";
    }
    return NULL;
}

const char *
hw_zmq_cut_begin(struct hw_zmq_cut *cut, const hawser_message *message,
                 const struct hw_zmq_shape *shape)
{
    const char *fault = hw_zmq_shape_fault(shape, message);

    cut->message = message;
    cut->head = message->topic != NULL;
    cut->delimiter = shape->multipart == HW_ZMQ_DELIMITED;
    cut->packed = shape->multipart == HW_ZMQ_PACKED;
    cut->at = 0;
    cut->more = true;
    return fault;
}

static struct hw_zmq_frame
cut_packed(struct hw_zmq_cut *cut)
{
    const uint8_t *at = cut->message->bytes + cut->at;
    struct hw_zmq_frame frame = { at + HW_ZMQ_LENGTH_SIZE, length_at(at) };

    cut->at += HW_ZMQ_LENGTH_SIZE + frame.size;
    cut->more = cut->at < cut->message->size;
    return frame;
}

struct hw_zmq_frame
hw_zmq_cut_next(struct hw_zmq_cut *cut)
{
    const hawser_message *message = cut->message;

    if (cut->head) {
        cut->head = false;
        cut->more = !cut->packed || message->size > 0;
        return (struct hw_zmq_frame){ message->topic, message->topic_size };
    }
    if (cut->delimiter) {
        cut->delimiter = false;
        return (struct hw_zmq_frame){ nothing, 0 };
    }
    if (cut->packed) {
        return cut_packed(cut);
    }
    cut->more = false;
    return (struct hw_zmq_frame){ message->bytes, message->size };
}

// ---- coming in ----

void
hw_zmq_gather_begin(struct hw_zmq_gathering *gathering)
{
    gathering->count = 0;
    gathering->packed_size = 0;
    gathering->too_big = false;
    gathering->out_of_memory = false;
}

static bool
has_head(const struct hw_zmq_shape *shape)
{
    return shape->addressed || shape->topics;
}

static uint8_t *
make_room(struct hw_zmq_gathering *gathering, size_t size)
{
    size_t wanted = gathering->packed_size + size;
    uint8_t *packed;

    if (wanted > gathering->packed_room) {
        size_t room = wanted + wanted / 2;

        packed = realloc(gathering->packed, room);
        if (packed == NULL) {
            gathering->out_of_memory = true;
            return NULL;
        }
        gathering->packed = packed;
        gathering->packed_room = room;
    }
    packed = gathering->packed + gathering->packed_size;
    gathering->packed_size = wanted;
    return packed;
}

static void
pack(struct hw_zmq_gathering *gathering, struct hw_zmq_frame frame)
{
    uint8_t *to = make_room(gathering, HW_ZMQ_LENGTH_SIZE + frame.size);

    if (to != NULL) {
        to[0] = (uint8_t)(frame.size >> 24);
        to[1] = (uint8_t)(frame.size >> 16);
        to[2] = (uint8_t)(frame.size >> 8);
        to[3] = (uint8_t)frame.size;
        memcpy(to + HW_ZMQ_LENGTH_SIZE, frame.bytes, frame.size);
    }
}

void
hw_zmq_gather(struct hw_zmq_gathering *gathering,
              const struct hw_zmq_shape *shape, struct hw_zmq_frame frame,
              size_t packed_max)
{
    size_t number = gathering->count++;
    size_t room = packed_max - gathering->packed_size;

    if (number < HW_ZMQ_KEPT) {
        gathering->kept[number] = frame;
    }
    if (shape->multipart != HW_ZMQ_PACKED || gathering->too_big ||
        (number == 0 && has_head(shape))) {
        return;
    }
    if (room < HW_ZMQ_LENGTH_SIZE || frame.size > room - HW_ZMQ_LENGTH_SIZE) {
        gathering->too_big = true;
    } else {
        pack(gathering, frame);
    }
}

static const char *
end_packed(const struct hw_zmq_gathering *gathering, bool head,
           struct hw_zmq_frame *topic, struct hw_zmq_frame *bytes)
{
    if (head) {
        *topic = gathering->kept[0];
    }
    *bytes =
        (struct hw_zmq_frame){ gathering->packed_size > 0 ? gathering->packed
                                                          : nothing,
                               gathering->packed_size };
    return NULL;
}

const char *
hw_zmq_gather_end(const struct hw_zmq_gathering *gathering,
                  const struct hw_zmq_shape *shape, struct hw_zmq_frame *topic,
                  struct hw_zmq_frame *bytes)
{
    const struct hw_zmq_frame *kept = gathering->kept;
    size_t head = shape->addressed ? 1 : 0;
    size_t rest = gathering->count - head;

    *topic = (struct hw_zmq_frame){ NULL, 0 };
    if (shape->multipart == HW_ZMQ_PACKED) {
        return end_packed(gathering, has_head(shape), topic, bytes);
    }
    if (shape->addressed) {
        *topic = kept[0];
    }
    if (shape->multipart == HW_ZMQ_DELIMITED) {
        if (rest != 2 || kept[head].size != 0) {
            return "a message without its empty frame, or with more than one "
                   "behind it, which zmq.multipart=delimited does not take";
        }
        *bytes = kept[head + 1];
        return NULL;
    }
    if (rest == 2 && !shape->addressed) {
        *topic = kept[0];
    } else if (rest != 1) {
        return "a message of more frames than zmq.multipart=topic takes; "
               "packed takes any";
    }
    *bytes = kept[gathering->count - 1];
    return topic->size > UINT16_MAX ? "a topic of more than 65535 bytes" : NULL;
}

void
hw_zmq_gather_free(struct hw_zmq_gathering *gathering)
{
    free(gathering->packed);
    gathering->packed = NULL;
    gathering->packed_room = 0;
}
