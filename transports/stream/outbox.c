// outbox.c - writing: many messages in one system call, and a bound on what
// waits.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

size_t
hw_stream_out_backlog(const struct hw_stream_wire *wire)
{
    return hw_shared_outbox_size(&wire->out);
}

void
hw_stream_out_clear(struct hw_stream_wire *wire)
{
    hw_shared_outbox_clear(&wire->out);
}

// How many of the bytes were written; fewer: the socket is full. -1: it is
// broken, and the wire is mute.
static ssize_t
put(struct hw_stream_wire *wire, const uint8_t *bytes, size_t size)
{
    ssize_t n;

    do {
        n = send(wire->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
        hw_stream_wire_mute(wire, errno);
        return -1;
    }
    n = n < 0 ? 0 : n;
    wire->written += (uint64_t)n;
    return n;
}

// Writes as much as the socket takes, if nothing waits, and keeps the rest.
// false: the wire is mute.
static bool
put_or_keep(struct hw_stream_wire *wire, const uint8_t *bytes, size_t size)
{
    ssize_t n = 0;

    if (hw_stream_out_backlog(wire) == 0) {
        n = put(wire, bytes, size);
        if (n < 0) {
            return false;
        }
    }
    if ((size_t)n < size &&
        !hw_shared_outbox_keep(&wire->out, bytes + n, size - (size_t)n)) {
        hw_stream_wire_mute(wire, ENOMEM);
        return false;
    }
    return true;
}

static bool
put_pending(struct hw_stream_wire *wire)
{
    const uint8_t *bytes;
    size_t size = hw_stream_tls_pending(wire->tls, &bytes);

    if (size > 0) {
        bool written = put_or_keep(wire, bytes, size);

        hw_stream_tls_taken(wire->tls);
        return written;
    }
    return true;
}

static bool
put_plain_or_tls(struct hw_stream_wire *wire, const uint8_t *bytes, size_t size)
{
    if (wire->tls == NULL) {
        return put_or_keep(wire, bytes, size);
    }
    if (!hw_stream_tls_write(wire->tls, bytes, size)) {
        hw_stream_wire_mute(wire, EPROTO);
        return false;
    }
    return put_pending(wire);
}

static void
write_out(struct hw_stream_wire *wire)
{
    struct hw_shared_outbox *out = &wire->out;

    while (out->start < out->end) {
        ssize_t n = put(wire, out->bytes + out->start, out->end - out->start);

        if (n <= 0) {
            return;
        }
        out->start += (size_t)n;
    }
    hw_stream_out_clear(wire);
}

void
hw_stream_out_flush(struct hw_stream_wire *wire)
{
    if (wire->mute) {
        return;
    }
    write_out(wire);
    if (wire->tls != NULL && !wire->mute) {
        (void)put_pending(wire); // what fails is heard of by the loop
    }
}

// ---- messages ----

static size_t
framed_size(const struct hw_stream_frame *frame, const hawser_message *message)
{
    return (size_t)frame->head_size + message->size + frame->tail_size;
}

static uint8_t *
add(uint8_t *to, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy(to, bytes, size);
    }
    return to + size;
}

// Larger than the buffer: an empty wire takes it nevertheless.
static size_t
send_large(struct hw_stream_wire *wire, const hawser_message *message)
{
    struct hw_stream_frame frame =
        hw_stream_frame(wire->reader.framing, message->size);

    return put_plain_or_tls(wire, frame.head, frame.head_size) &&
                   put_plain_or_tls(wire, message->bytes, message->size) &&
                   put_plain_or_tls(wire, frame.tail, frame.tail_size)
               ? 1
               : 0;
}

// Frames what fits into limit bytes of the site's buffer, and writes or keeps
// it. How many messages were taken.
static size_t
send_burst(struct hw_stream_wire *wire, const hawser_message *messages,
           size_t count, size_t limit)
{
    uint8_t *begin = wire->site->out, *to = begin;
    size_t taken = 0;

    limit = limit < HW_STREAM_BURST_SIZE ? limit : HW_STREAM_BURST_SIZE;
    while (taken < count) {
        const hawser_message *message = &messages[taken];
        struct hw_stream_frame frame =
            hw_stream_frame(wire->reader.framing, message->size);

        if ((size_t)(to - begin) + framed_size(&frame, message) > limit) {
            break;
        }
        to = add(to, frame.head, frame.head_size);
        to = add(to, message->bytes, message->size);
        to = add(to, frame.tail, frame.tail_size);
        taken++;
    }
    return taken > 0 && put_plain_or_tls(wire, begin, (size_t)(to - begin))
               ? taken
               : 0;
}

static size_t
send_some(struct hw_stream_wire *wire, const hawser_message *messages,
          size_t count)
{
    size_t backlog = hw_stream_out_backlog(wire);
    size_t limit =
        backlog >= wire->out_limit ? 0 : (size_t)wire->out_limit - backlog;
    size_t taken = send_burst(wire, messages, count, limit);

    if (taken == 0 && backlog == 0 && !wire->mute) {
        taken = send_large(wire, messages);
    }
    return taken;
}

size_t
hw_stream_out_send(struct hw_stream_wire *wire, const hawser_message *messages,
                   size_t count)
{
    size_t taken = 0, n = 1;

    while (taken < count && n > 0 && !wire->mute) {
        n = send_some(wire, messages + taken, count - taken);
        taken += n;
    }
    wire->wants_room = taken < count;
    hw_stream_wire_watch(wire);
    return taken;
}
