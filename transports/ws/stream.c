// stream.c - an open wire: bytes of the peer become calls of the port.
//
// Once the upgrade is agreed on, a wire without TLS is watched by this file
// instead of libwebsockets, through the same handle: libwebsockets takes four
// system calls and another turn of the loop to read once, and the latency of
// small messages is made of just that. With TLS it stays in charge.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum {
    READS_AT_ONCE = 4, // then other wires have their turn
    RECORDS_AT_ONCE = 32,
};

// ---- what a peer says ----

static bool
goes_on(const struct hw_ws_wire *wire)
{
    return wire->phase == HW_WS_OPEN;
}

static bool
on_message(void *user, bool text, const uint8_t *bytes, size_t size)
{
    struct hw_ws_wire *wire = user;

    // Without memory for it no ping behind it may be answered.
    if (hawser_port_received(wire->port, text ? HAWSER_TEXT : HAWSER_BINARY,
                             NULL, 0, bytes, size) != HAWSER_OK) {
        hw_ws_wire_fail(wire, HAWSER_CAUSE_LOCAL, "out of memory");
    }
    return goes_on(wire);
}

static bool
on_ping(void *user, const uint8_t *bytes, size_t size)
{
    struct hw_ws_wire *wire = user;

    hw_ws_out_pong(wire, bytes, size);
    return goes_on(wire);
}

// Only the exact echo of a barrier that was asked for counts; peers may send
// other pongs as they like.
static bool
on_pong(void *user, const uint8_t *bytes, size_t size)
{
    struct hw_ws_wire *wire = user;
    struct hw_ws_barrier barrier;

    if (!hw_ws_barrier_read(&barrier, bytes, size) ||
        barrier.wire != wire->number || barrier.number < wire->unpassed ||
        barrier.number >= wire->unasked) {
        return true;
    }
    wire->unpassed = barrier.number + 1;
    hawser_port_passed(wire->port, barrier.number);
    return goes_on(wire);
}

static void
on_goodbye(void *user, unsigned code, const uint8_t *reason, size_t size)
{
    struct hw_ws_wire *wire = user;
    char text[HW_WS_CONTROL_MAX + 1], sentence[192];
    hawser_lost why = { .cause = HAWSER_CAUSE_CLOSED,
                        .error = sentence,
                        .headers = "",
                        .reason = text,
                        .close_code = (int)code,
                        .retry_after_ms = -1 };

    memcpy(text, reason, size);
    text[size] = '\0';
    if (code == 1005) {
        (void)snprintf(sentence, sizeof sentence,
                       "the peer closed the connection without a code");
    } else {
        (void)snprintf(sentence, sizeof sentence,
                       "the peer closed the connection with %u%s%s", code,
                       size > 0 ? ": " : "", text);
    }
    hw_ws_wire_lose(wire, &why);
    hw_ws_wire_leave(wire, code == 1005 ? 0 : code, "", 0);
}

static void
break_off(struct hw_ws_wire *wire, enum hw_ws_verdict verdict,
          const char *sentence)
{
    static const struct {
        hawser_cause cause;
        unsigned code;
    } ends[] = {
        [HW_WS_BROKEN] = { HAWSER_CAUSE_PROTOCOL, 1002 },
        [HW_WS_NOT_UTF8] = { HAWSER_CAUSE_PROTOCOL, 1007 },
        [HW_WS_TOO_LARGE] = { HAWSER_CAUSE_TOO_BIG, 1009 },
        [HW_WS_NO_ROOM] = { HAWSER_CAUSE_LOCAL, 1011 },
    };
    hawser_lost why = { .cause = ends[verdict].cause,
                        .error = sentence,
                        .headers = "",
                        .reason = "",
                        .retry_after_ms = -1 };

    hw_ws_wire_lose(wire, &why);
    hw_ws_wire_leave(wire, ends[verdict].code, "", 0);
}

void
hw_ws_stream_received(struct hw_ws_wire *wire, const uint8_t *bytes,
                      size_t size)
{
    static const struct hw_ws_listener listener = { .message = on_message,
                                                    .ping = on_ping,
                                                    .pong = on_pong,
                                                    .goodbye = on_goodbye };
    char sentence[192];
    enum hw_ws_verdict verdict;

    wire->heard = true;
    if (!goes_on(wire)) {
        return; // what comes after a goodbye is of no interest
    }
    hawser_port_alive(wire->port);
    if (!goes_on(wire)) {
        return;
    }
    verdict = hw_ws_read(&wire->reader, &wire->site->pool, bytes, size,
                         &listener, wire, sentence, sizeof sentence);
    if (verdict != HW_WS_READ_ON && verdict != HW_WS_STOPPED) {
        break_off(wire, verdict, sentence);
    }
}

void
hw_ws_stream_ended(struct hw_ws_wire *wire, int error)
{
    char sentence[160];

    if (!goes_on(wire)) {
        hw_ws_wire_soon(wire, HW_WS_KILL);
        return;
    }
    if (error != 0) {
        (void)snprintf(sentence, sizeof sentence, "read: %s", strerror(error));
    } else if (wire->mute) {
        // The system tells an error once, and writing was told.
        (void)snprintf(sentence, sizeof sentence, "write: %s",
                       strerror(wire->write_error));
    } else {
        (void)snprintf(sentence, sizeof sentence, "the peer hung up %s",
                       hw_ws_reader_is_amid(&wire->reader)
                           ? "in the middle of a message"
                           : "without a goodbye");
    }
    hw_ws_wire_fail(wire, HAWSER_CAUSE_RESET, sentence);
}

// ---- the socket ----

static void
read_socket(struct hw_ws_wire *wire)
{
    uint8_t *to = wire->site->in + LWS_PRE;
    int fd = lws_get_socket_fd(wire->wsi);

    for (int i = 0; i < READS_AT_ONCE; i++) {
        ssize_t n = recv(fd, to, HW_WS_READ_SIZE, MSG_DONTWAIT);

        if (n > 0) {
            hw_ws_stream_received(wire, to, (size_t)n);
        } else if (n == 0) {
            hw_ws_stream_ended(wire, 0);
        } else if (errno != EAGAIN && errno != EINTR) {
            hw_ws_stream_ended(wire, errno);
        }
        if (n < HW_WS_READ_SIZE || wire->deaf || wire->phase == HW_WS_DEAD) {
            return;
        }
    }
}

static void
tell_room(struct hw_ws_wire *wire)
{
    if (wire->wants_room && goes_on(wire) && !wire->mute &&
        hw_ws_out_backlog(wire) <= wire->out_limit / 2) {
        wire->wants_room = false;
        hawser_port_writable(wire->port);
    }
}

void
hw_ws_stream_writable(struct hw_ws_wire *wire)
{
    hw_ws_out_flush(wire);
    tell_room(wire);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
    struct hw_ws_wire *wire = lws_wsi_user(handle->data);

    // An error says no more than that there is one: writing and reading tell
    // which, and a deaf wire is read again once it listens.
    if (status < 0 || (events & UV_WRITABLE) != 0) {
        hw_ws_stream_writable(wire);
    }
    if (wire->phase != HW_WS_DEAD && !(wire->deaf && goes_on(wire)) &&
        (status < 0 || (events & UV_READABLE) != 0)) {
        read_socket(wire);
    }
    // libuv has stopped to watch, though data may still stand before the error.
    if (status < 0) {
        wire->watched = HW_WS_UNWATCHED;
        hw_ws_stream_watch(wire);
    }
}

void
hw_ws_stream_watch(struct hw_ws_wire *wire)
{
    bool writes = hw_ws_out_backlog(wire) > 0 && !wire->mute;
    int events;

    if (wire->wsi == NULL || wire->phase == HW_WS_DEAD) {
        return;
    }
    if (wire->tls) {
        if (writes) {
            (void)lws_callback_on_writable(wire->wsi); // 1, or it closes
        }
        return;
    }
    if (wire->poll == NULL) {
        return; // take_over will come here again
    }
    events = (wire->deaf && goes_on(wire) ? 0 : UV_READABLE) |
             (writes ? UV_WRITABLE : 0);
    if (events == wire->watched) {
        return;
    }
    wire->watched = (uint8_t)events;
    // Neither fails with a handle that libwebsockets has opened.
    if (events == 0) {
        (void)uv_poll_stop(wire->poll);
    } else {
        (void)uv_poll_start(wire->poll, events, on_poll);
    }
}

void
hw_ws_stream_look(struct hw_ws_wire *wire)
{
    char sentence[160];

    if (!wire->tls && wire->wsi != NULL) {
        read_socket(wire);
    }
    if (goes_on(wire)) {
        (void)snprintf(sentence, sizeof sentence, "write: %s",
                       strerror(wire->write_error));
        hw_ws_wire_fail(wire,
                        wire->write_error == ENOMEM ? HAWSER_CAUSE_LOCAL
                                                    : HAWSER_CAUSE_RESET,
                        sentence);
    }
}

// ---- from libwebsockets to here ----

// Reads until nothing more comes: first what libwebsockets read along with the
// response or in a TLS record. false: the stream ended.
static bool
read_through(struct hw_ws_wire *wire)
{
    for (int i = 0; i < RECORDS_AT_ONCE; i++) {
        char *to = (char *)wire->site->in + LWS_PRE;
        int room = HW_WS_READ_SIZE;

        wire->heard = false;
        if (lws_http_client_read(wire->wsi, &to, &room) < 0) {
            return false;
        }
        if (!wire->heard) {
            break;
        }
    }
    return true;
}

int
hw_ws_stream_read_tls(struct hw_ws_wire *wire)
{
    if (!read_through(wire)) {
        hw_ws_stream_ended(wire, 0);
        return -1;
    }
    return 0;
}

static void
say_opened(struct hw_ws_wire *wire)
{
    struct hw_ws_dialling *dialling = wire->dialling;
    char peer[80];
    hawser_opened info = { .peer = peer,
                           .protocol = dialling->protocol,
                           .headers = dialling->headers == NULL
                                          ? ""
                                          : dialling->headers,
                           .http_status = dialling->status,
                           .barriers = 1 };

    (void)snprintf(peer, sizeof peer,
                   strchr(dialling->address, ':') ? "[%s]:%u" : "%s:%u",
                   dialling->address, (unsigned)dialling->port);
    wire->phase = HW_WS_OPEN;
    wire->dialling = NULL;
    hawser_port_opened(wire->port, &info);
    hw_ws_dialling_free(wire->site, dialling);
}

void
hw_ws_take_over(struct hw_ws_wire *wire)
{
    say_opened(wire);
    if (!read_through(wire)) {
        hw_ws_stream_ended(wire, 0);
        return;
    }
    if (!goes_on(wire) && wire->phase != HW_WS_LEAVING) {
        return;
    }
    // 16 KiB less for each wire.
    (void)lws_http_headers_detach(wire->wsi);
    if (wire->tls) {
        hw_ws_stream_watch(wire);
        return;
    }
    if (!hw_ws_wire_find_poll(wire)) {
        hw_ws_wire_fail(wire, HAWSER_CAUSE_LOCAL,
                        "libwebsockets has no handle for this socket");
        return;
    }
    wire->watched = HW_WS_UNWATCHED; // by this file, until now
    hw_ws_stream_watch(wire);
}
