// framing.c - where a message ends in a stream of bytes, both ways.
#include "framing.h"

#include <stdlib.h>
#include <string.h>

#include "shared/sentence.h"
#include "shared/utf8.h"

enum { ROOM_MIN = 512 };

// Where the search for the message's end stands.
enum answer { MORE, DONE, WRONG, TOO_LARGE };

static enum answer
search_length32(struct hw_stream_reader *reader, size_t size,
                const uint8_t *bytes, size_t *eaten)
{
    size_t at = 0;

    while (reader->head_size < 4) {
        if (at == size) {
            *eaten = at;
            return MORE;
        }
        reader->length = reader->length << 8 | bytes[at++];
        if (++reader->head_size == 4) {
            if (reader->length > reader->max) {
                return TOO_LARGE;
            }
            reader->left = reader->length;
        }
    }
    if (reader->left > size - at) {
        reader->left -= size - at;
        *eaten = size;
        return MORE;
    }
    *eaten = at + (size_t)reader->left;
    reader->left = 0;
    return DONE;
}

static enum answer
search_line(struct hw_stream_reader *reader, size_t size, const uint8_t *bytes,
            size_t *eaten)
{
    const uint8_t *feed = memchr(bytes, '\n', size);
    size_t length = feed == NULL ? size : (size_t)(feed - bytes);

    reader->searched += length;
    *eaten = feed == NULL ? size : length + 1;
    if (reader->searched > reader->max) {
        return TOO_LARGE;
    }
    return feed == NULL ? MORE : DONE;
}

static enum answer
search_msgpack(struct hw_stream_reader *reader, size_t size,
               const uint8_t *bytes, size_t *eaten)
{
    static const enum answer answers[] = {
        [HW_MSGPACK_MORE] = MORE,
        [HW_MSGPACK_DONE] = DONE,
        [HW_MSGPACK_WRONG] = WRONG,
        [HW_MSGPACK_TOO_LARGE] = TOO_LARGE,
    };

    return answers[hw_msgpack_scan(&reader->scan, reader->max, bytes, size,
                                   eaten)];
}

static enum answer
search(struct hw_stream_reader *reader, size_t size, const uint8_t *bytes,
       size_t *eaten)
{
    switch (reader->framing) {
    case HW_STREAM_LENGTH32:
        return search_length32(reader, size, bytes, eaten);
    case HW_STREAM_LINE:
        return search_line(reader, size, bytes, eaten);
    case HW_STREAM_MSGPACK:
        return search_msgpack(reader, size, bytes, eaten);
    case HW_STREAM_RAW:
        break;
    }
    *eaten = reader->max < size ? (size_t)reader->max : size;
    return DONE;
}

static bool
keep(struct hw_stream_reader *reader, const uint8_t *bytes, size_t size)
{
    size_t room = reader->room == 0 ? ROOM_MIN : reader->room;
    uint8_t *larger;

    while (room < reader->size + size) {
        room *= 2;
    }
    if (room != reader->room) {
        larger = realloc(reader->kept, room);
        if (larger == NULL) {
            return false;
        }
        reader->kept = larger;
        reader->room = room;
    }
    memcpy(reader->kept + reader->size, bytes, size);
    reader->size += size;
    return true;
}

static bool
hand_on(const struct hw_stream_reader *reader, const uint8_t *bytes,
        size_t size, hw_stream_hear hear, void *user)
{
    hawser_kind kind = HAWSER_BINARY;

    if (reader->framing == HW_STREAM_LENGTH32) {
        bytes += 4;
        size -= 4;
    } else if (reader->framing == HW_STREAM_LINE) {
        size--;
        kind = hw_shared_is_utf8(bytes, size) ? HAWSER_TEXT : HAWSER_BINARY;
    }
    return hear(user, kind, bytes, size);
}

static enum hw_stream_verdict
refuse(const struct hw_stream_reader *reader, enum answer answer,
       char *sentence, size_t sentence_size)
{
    if (answer == WRONG) {
        hw_shared_refuse(
            sentence, sentence_size,
            "framing: the peer sent 0xc1, which is no MessagePack");
        return HW_STREAM_BROKEN;
    }
    if (reader->framing == HW_STREAM_LENGTH32) {
        hw_shared_refuse(sentence, sentence_size,
                         "the peer announced a message of %lu bytes, which is "
                         "above message.max",
                         (unsigned long)reader->length);
    } else {
        hw_shared_refuse(sentence, sentence_size,
                         "the peer sent a message above message.max (%llu)",
                         (unsigned long long)reader->max);
    }
    return HW_STREAM_TOO_LARGE;
}

void
hw_stream_reader_clear(struct hw_stream_reader *reader)
{
    free(reader->kept);
    reader->kept = NULL;
    reader->size = reader->room = reader->searched = 0;
    reader->head_size = 0;
    reader->length = 0;
    reader->left = 0;
    memset(&reader->scan, 0, sizeof reader->scan);
}

enum hw_stream_verdict
hw_stream_read(struct hw_stream_reader *reader, const uint8_t *bytes,
               size_t size, hw_stream_hear hear, void *user, char *sentence,
               size_t sentence_size)
{
    while (size > 0) {
        size_t eaten = 0;
        enum answer answer = search(reader, size, bytes, &eaten);
        bool on;

        if (answer == WRONG || answer == TOO_LARGE) {
            return refuse(reader, answer, sentence, sentence_size);
        }
        if ((answer == MORE || reader->size > 0) &&
            !keep(reader, bytes, eaten)) {
            hw_shared_refuse(sentence, sentence_size, "out of memory");
            return HW_STREAM_NO_ROOM;
        }
        if (answer == MORE) {
            return HW_STREAM_READ_ON;
        }
        on = reader->size > 0
                 ? hand_on(reader, reader->kept, reader->size, hear, user)
                 : hand_on(reader, bytes, eaten, hear, user);
        hw_stream_reader_clear(reader);
        if (!on) {
            return HW_STREAM_STOPPED;
        }
        bytes += eaten;
        size -= eaten;
    }
    return HW_STREAM_READ_ON;
}

bool
hw_stream_reader_is_amid(const struct hw_stream_reader *reader)
{
    return reader->size > 0;
}

struct hw_stream_frame
hw_stream_frame(enum hw_stream_framing framing, uint32_t size)
{
    struct hw_stream_frame frame = { .head_size = 0 };

    if (framing == HW_STREAM_LENGTH32) {
        frame.head_size = 4;
        for (unsigned i = 0; i < 4; i++) {
            frame.head[i] = (uint8_t)(size >> (24 - 8 * i));
        }
    } else if (framing == HW_STREAM_LINE) {
        frame.tail_size = 1;
        frame.tail[0] = '\n';
    }
    return frame;
}

static bool
is_one_object(const void *bytes, size_t size)
{
    struct hw_msgpack_scan scan = { .size = 0 };
    size_t eaten = 0;

    return hw_msgpack_scan(&scan, size, bytes, size, &eaten) ==
               HW_MSGPACK_DONE &&
           eaten == size;
}

bool
hw_stream_fits(enum hw_stream_framing framing, const void *bytes, size_t size,
               char *sentence, size_t sentence_size)
{
    if (framing == HW_STREAM_LINE && memchr(bytes, '\n', size) != NULL) {
        return hw_shared_refuse(sentence, sentence_size,
                                "framing=line: a message can't contain a line "
                                "feed");
    }
    if (framing == HW_STREAM_MSGPACK && !is_one_object(bytes, size)) {
        return hw_shared_refuse(sentence, sentence_size,
                                "framing=msgpack: a message must be one whole "
                                "MessagePack object");
    }
    if (framing == HW_STREAM_RAW && size == 0) {
        return hw_shared_refuse(sentence, sentence_size,
                                "framing=raw: a message of no bytes can't be "
                                "sent");
    }
    return true;
}
