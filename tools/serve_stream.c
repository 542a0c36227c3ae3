// serve_stream.c - messages in a stream of bytes: behind a length of 32 bits,
// in lines, or as they arrive.
#include "serve.h"

#include <string.h>

enum { HEAD = 4 };

size_t
stream_head(enum serve_wire wire, uint8_t head[FRAME_HEAD_MAX], uint64_t size,
            size_t *tail)
{
    *tail = wire == WIRE_LINE;
    if (wire != WIRE_LENGTH32) {
        return 0;
    }
    for (int i = 0; i < HEAD; i++) {
        head[i] = (uint8_t)(size >> (8 * (HEAD - 1 - i)));
    }
    return HEAD;
}

void
stream_say(struct peer *peer, const void *bytes, size_t size)
{
    uint8_t head[FRAME_HEAD_MAX];
    size_t tail;
    size_t head_size =
        stream_head(peer->server->options.wire, head, size, &tail);

    if (!bytes_add(&peer->out, head, head_size) ||
        !bytes_add(&peer->out, bytes, size) ||
        !bytes_add(&peer->out, "\n", tail)) {
        peer_drop(peer);
    }
}

void
stream_leave(struct peer *peer)
{
    if (peer->state == PEER_OPEN) {
        peer->state = PEER_CLOSING;
        peer->deadline_ms = uv_now(&peer->server->loop) + SERVE_GOODBYE_MS;
    }
}

static uint64_t
length_of(const uint8_t *head)
{
    return (uint64_t)head[0] << 24 | (uint64_t)head[1] << 16 |
           (uint64_t)head[2] << 8 | head[3];
}

// How many bytes the first message takes, with all that belongs to it; 0: it is
// not complete. Sets where its own begin, and how many they are.
static size_t
first_of(struct peer *peer, const uint8_t *bytes, size_t size,
         const uint8_t **own, size_t *own_size)
{
    const uint8_t *feed;
    uint64_t length;

    *own = bytes;
    *own_size = size;
    switch (peer->server->options.wire) {
    case WIRE_LENGTH32:
        length = size < HEAD ? UINT64_MAX : length_of(bytes);
        if (size < HEAD || size - HEAD < length) {
            return 0;
        }
        *own = bytes + HEAD;
        *own_size = (size_t)length;
        return HEAD + (size_t)length;
    case WIRE_LINE:
        feed = memchr(bytes, '\n', size);
        *own_size = feed == NULL ? 0 : (size_t)(feed - bytes);
        return feed == NULL ? 0 : *own_size + 1;
    case WIRE_RAW:
    case WIRE_WS:
        break;
    }
    return size;
}

// Hears whole messages; returns how many bytes they took.
static size_t
hear_whole(struct peer *peer, const uint8_t *bytes, size_t size)
{
    size_t at = 0, taken = 1;
    bool looks_at_all = !role_only_counts(peer);

    while (at < size && peer->state == PEER_OPEN) {
        const uint8_t *own;
        size_t own_size;

        taken = first_of(peer, bytes + at, size - at, &own, &own_size);
        if (taken == 0) {
            break;
        }
        if (looks_at_all || (own_size > 0 && own_size <= 64 &&
                             (own[0] == '?' || own[0] == 'g'))) {
            role_take(peer, own, own_size);
        } else {
            peer->counted++;
        }
        at += taken;
    }
    return at;
}

// How much the beginning of a message claims that all of it takes.
static uint64_t
claimed(const struct peer *peer)
{
    const struct bytes *message = &peer->message;

    return peer->server->options.wire == WIRE_LENGTH32 && message->size >= HEAD
               ? length_of(message->data)
               : message->size;
}

// What is known to be missing of the message under way; less where that is not
// known.
static size_t
missing(const struct peer *peer, const uint8_t *bytes, size_t size)
{
    const struct bytes *message = &peer->message;
    const uint8_t *feed;
    uint64_t all = HEAD;

    if (peer->server->options.wire == WIRE_LINE) {
        feed = memchr(bytes, '\n', size);
        return feed == NULL ? size : (size_t)(feed - bytes) + 1;
    }
    if (message->size >= HEAD) {
        all += length_of(message->data);
    }
    return all - message->size < size ? (size_t)(all - message->size) : size;
}

static bool
keep(struct peer *peer, const uint8_t *bytes, size_t size)
{
    if (!bytes_add(&peer->message, bytes, size) ||
        claimed(peer) > peer->server->options.max_message) {
        peer_drop(peer);
        return false;
    }
    return true;
}

void
stream_hear(struct peer *peer, const uint8_t *bytes, size_t size)
{
    struct bytes *message = &peer->message;

    while (size > 0 && peer->state == PEER_OPEN) {
        size_t part;

        if (message->size == 0) {
            part = hear_whole(peer, bytes, size);
            if (part == 0) {
                part = missing(peer, bytes, size);
                (void)keep(peer, bytes, part); // what fails drops the peer
            }
        } else {
            part = missing(peer, bytes, size);
            if (keep(peer, bytes, part) &&
                hear_whole(peer, message->data, message->size) > 0) {
                bytes_clear(message);
            }
        }
        bytes += part;
        size -= part;
    }
}
