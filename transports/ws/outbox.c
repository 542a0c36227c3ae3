// outbox.c - writing: many messages in one system call, and a bound on what
// waits.
//
// Without TLS the socket is written to directly: lws_write() would copy what
// the socket did not take, and would not say how much that was. With TLS it is
// lws_write(), one record at a time, since it copies all that is behind the
// first record of a call.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum { RECORD_SIZE = 16 * 1024 }; // of TLS, RFC 8446 section 5.1

size_t
hw_ws_out_backlog(const struct hw_ws_wire *wire)
{
    return hw_shared_outbox_size(&wire->out);
}

void
hw_ws_out_clear(struct hw_ws_wire *wire)
{
    hw_shared_outbox_clear(&wire->out);
}

// The peer may have said why it no longer reads, so the reading side has a last
// look before the wire is lost.
static void
give_up(struct hw_ws_wire *wire, int error)
{
    wire->mute = true;
    wire->write_error = error;
    hw_ws_out_clear(wire);
    hw_ws_wire_soon(wire, wire->phase == HW_WS_OPEN ? HW_WS_LOOK : HW_WS_KILL);
}

static ssize_t
write_plain(struct hw_ws_wire *wire, uint8_t *bytes, size_t size)
{
    int fd = lws_get_socket_fd(wire->wsi);
    ssize_t n;

    do {
        n = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    return n;
}

static ssize_t
write_tls(struct hw_ws_wire *wire, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size && !lws_partial_buffered(wire->wsi)) {
        size_t n = size - done < RECORD_SIZE ? size - done : RECORD_SIZE;

        if (lws_write(wire->wsi, bytes + done, n, LWS_WRITE_HTTP) < 0) {
            errno = EPIPE;
            return -1;
        }
        done += n;
    }
    return (ssize_t)done;
}

// How many of the bytes were written; fewer: the socket is full. -1: it is
// broken, and has been given up.
static ssize_t
put(struct hw_ws_wire *wire, uint8_t *bytes, size_t size)
{
    ssize_t n = wire->tls ? write_tls(wire, bytes, size)
                          : write_plain(wire, bytes, size);

    if (n < 0) {
        give_up(wire, errno);
        return -1;
    }
    wire->written += (uint64_t)n;
    return n;
}

static bool
keep_frame(struct hw_ws_wire *wire, uint8_t opcode, const void *bytes,
           size_t size)
{
    uint8_t *to = hw_shared_outbox_room(&wire->out, hw_ws_frame_size(size));

    if (to == NULL) {
        return false;
    }
    wire->out.end +=
        hw_ws_frame_put(&wire->site->masks, to, opcode, bytes, size);
    return true;
}

static void
write_out(struct hw_ws_wire *wire)
{
    struct hw_shared_outbox *out = &wire->out;

    while (out->start < out->end) {
        ssize_t n = put(wire, out->bytes + out->start, out->end - out->start);

        if (n <= 0) {
            return;
        }
        out->start += (size_t)n;
    }
    hw_ws_out_clear(wire);
}

static uint8_t
opcode_of(const hawser_message *message)
{
    return message->kind == HAWSER_TEXT ? HW_WS_TEXT : HW_WS_BINARY;
}

// Frames what fits into the site's buffer and writes it. What the socket does
// not take is kept. How many messages were taken.
static size_t
send_burst(struct hw_ws_wire *wire, const hawser_message *messages,
           size_t count)
{
    struct hw_ws_site *site = wire->site;
    size_t limit = wire->out_limit < sizeof site->out ? (size_t)wire->out_limit
                                                      : sizeof site->out;
    size_t taken = 0, size = 0;
    ssize_t n;

    while (taken < count &&
           size + hw_ws_frame_size(messages[taken].size) <= limit) {
        size += hw_ws_frame_put(&site->masks, site->out + size,
                                opcode_of(&messages[taken]),
                                messages[taken].bytes, messages[taken].size);
        taken++;
    }
    if (taken == 0) {
        // Larger than the buffer: an empty wire takes it nevertheless.
        if (!keep_frame(wire, opcode_of(messages), messages->bytes,
                        messages->size)) {
            return 0;
        }
        write_out(wire);
        return wire->mute ? 0 : 1;
    }
    n = put(wire, site->out, size);
    if (n < 0) {
        return 0;
    }
    if ((size_t)n < size &&
        !hw_shared_outbox_keep(&wire->out, site->out + n, size - (size_t)n)) {
        give_up(wire, ENOMEM);
        return 0;
    }
    return taken;
}

// While others wait, messages join them as far as wire.buffer allows.
static size_t
keep_burst(struct hw_ws_wire *wire, const hawser_message *messages,
           size_t count)
{
    size_t taken = 0;

    while (taken < count &&
           hw_ws_out_backlog(wire) + hw_ws_frame_size(messages[taken].size) <=
               wire->out_limit &&
           keep_frame(wire, opcode_of(&messages[taken]), messages[taken].bytes,
                      messages[taken].size)) {
        taken++;
    }
    return taken;
}

size_t
hw_ws_out_send(struct hw_ws_wire *wire, const hawser_message *messages,
               size_t count)
{
    size_t taken = 0, n = 1;

    while (taken < count && n > 0 && !wire->mute) {
        n = hw_ws_out_backlog(wire) > 0
                ? keep_burst(wire, messages + taken, count - taken)
                : send_burst(wire, messages + taken, count - taken);
        taken += n;
    }
    if (taken < count) {
        wire->wants_room = true;
        // Without a backlog nothing would tell when memory is there again.
        if (hw_ws_out_backlog(wire) == 0 && !wire->mute) {
            give_up(wire, ENOMEM);
        }
    }
    hw_ws_stream_watch(wire);
    return taken;
}

void
hw_ws_out_control(struct hw_ws_wire *wire, uint8_t opcode, const void *bytes,
                  size_t size)
{
    uint8_t frame[HW_WS_CONTROL_MAX + HW_WS_HEADER_MAX];
    size_t length;
    ssize_t n = 0;

    if (wire->mute) {
        return;
    }
    length = hw_ws_frame_put(&wire->site->masks, frame, opcode, bytes, size);
    if (hw_ws_out_backlog(wire) == 0) {
        n = put(wire, frame, length);
    }
    if (n >= 0 && (size_t)n < length &&
        !hw_shared_outbox_keep(&wire->out, frame + n, length - (size_t)n)) {
        give_up(wire, ENOMEM);
    }
    hw_ws_stream_watch(wire);
}

void
hw_ws_out_pong(struct hw_ws_wire *wire, const uint8_t *bytes, size_t size)
{
    if (hw_ws_out_backlog(wire) == 0) {
        hw_ws_out_control(wire, HW_WS_PONG, bytes, size);
        return;
    }
    // RFC 6455 section 5.5.3 allows to answer the latest ping only, so that a
    // peer that pings and does not read costs no memory.
    memcpy(wire->pong, bytes, size);
    wire->pong_size = (uint8_t)size;
    wire->pong_due = true;
}

void
hw_ws_out_flush(struct hw_ws_wire *wire)
{
    if (wire->mute) {
        return;
    }
    write_out(wire);
    if (wire->pong_due && !wire->mute && wire->phase == HW_WS_OPEN) {
        wire->pong_due = false;
        hw_ws_out_control(wire, HW_WS_PONG, wire->pong, wire->pong_size);
    }
    hw_ws_stream_watch(wire);
}
