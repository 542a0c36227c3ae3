// answer.c - looks at the first bytes of an answer before libwebsockets reads
// them.
//
// Of a proxy's answer libwebsockets says no more than that it was not 200, and
// it takes what it got in one read for the whole. Of a server that speaks no
// HTTP it says nothing until 16 KiB are full. Bytes that are only peeked at
// stay where they are for it; SO_RCVLOWAT keeps the loop from turning
// meanwhile.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum { PEEK_MAX = 8 * 1024 }; // the longest answer of a proxy

// libwebsockets has a handle of libuv's for each socket, and does not show it;
// libuv's loop knows who watches which descriptor. A walk over all handles
// would find it too, but a thousand dials would make that a million steps.
bool
hw_ws_wire_find_poll(struct hw_ws_wire *wire)
{
    const uv_loop_t *loop = wire->site->loop;
    int fd = lws_get_socket_fd(wire->wsi);
    uv_poll_t *poll;

    if (wire->poll == NULL && fd >= 0 && (unsigned)fd < loop->nwatchers &&
        loop->watchers[fd] != NULL) {
        poll = (uv_poll_t *)((char *)loop->watchers[fd] -
                             offsetof(uv_poll_t, io_watcher));
        if (poll->type == UV_POLL && poll->data == wire->wsi) {
            wire->poll = poll;
        }
    }
    return wire->poll != NULL;
}

static void
set_low_water(struct hw_ws_wire *wire, int bytes)
{
    // Where it can't be set, the loop turns more often than it must.
    (void)setsockopt(lws_get_socket_fd(wire->wsi), SOL_SOCKET, SO_RCVLOWAT,
                     &bytes, sizeof bytes);
}

// What is to be done with an answer of which so much is there.
enum view {
    WAIT,    // more is needed to tell
    PASS,    // libwebsockets may read it
    REFUSED, // the wire has failed
};

static bool
is_http(const char *bytes, size_t size)
{
    return memcmp(bytes, "HTTP/1.", size < 7 ? size : 7) == 0;
}

static enum view
fail(struct hw_ws_wire *wire, hawser_cause cause, int status,
     const char *sentence)
{
    hawser_lost why = { .cause = cause,
                        .error = sentence,
                        .headers = "",
                        .reason = "",
                        .http_status = status,
                        .retry_after_ms = -1 };

    hw_ws_wire_lose(wire, &why);
    hw_ws_wire_soon(wire, HW_WS_KILL);
    return REFUSED;
}

// As much of some bytes as can be printed.
static void
quote(const char *bytes, size_t size, char *to, size_t room)
{
    size_t n = size < room - 1 ? size : room - 1;

    for (size_t i = 0; i < n; i++) {
        to[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.';
    }
    to[n] = '\0';
}

static enum view
not_http(struct hw_ws_wire *wire, const char *who, const char *bytes,
         size_t size)
{
    char begin[25], sentence[128];

    quote(bytes, size, begin, sizeof begin);
    (void)snprintf(sentence, sizeof sentence,
                   "not HTTP: the %s's answer begins with \"%s\"", who, begin);
    return fail(wire, HAWSER_CAUSE_PROTOCOL, 0, sentence);
}

static enum view
view_proxy(struct hw_ws_wire *wire, const char *bytes, size_t size)
{
    char line[100], sentence[140];
    int status;

    if (!is_http(bytes, size)) {
        return not_http(wire, "proxy", bytes, size);
    }
    if (memmem(bytes, size, "\r\n\r\n", 4) == NULL) {
        return size < PEEK_MAX ? WAIT
                               : fail(wire, HAWSER_CAUSE_PROTOCOL, 0,
                                      "proxy: its answer has no end");
    }
    size = (size_t)((char *)memchr(bytes, '\r', size) - bytes);
    quote(bytes, size, line, sizeof line);
    status = size > 9 ? (int)strtol(line + 9, NULL, 10) : 0;
    if (status == 200) {
        return PASS;
    }
    (void)snprintf(sentence, sizeof sentence, "proxy: HTTP %s",
                   size > 9 ? line + 9 : "without a status");
    // Its 5xx say that it did not get through to the server.
    return fail(wire,
                status < 100   ? HAWSER_CAUSE_PROTOCOL
                : status < 500 ? HAWSER_CAUSE_HTTP
                               : HAWSER_CAUSE_UNREACHABLE,
                status, sentence);
}

static enum view
view_server(struct hw_ws_wire *wire, const char *bytes, size_t size)
{
    if (!is_http(bytes, size)) {
        return not_http(wire, "server", bytes, size);
    }
    return size < 7 ? WAIT : PASS;
}

// What to do with what can be peeked at now.
static enum view
view_socket(struct hw_ws_wire *wire, int events, size_t *seen)
{
    char *bytes = (char *)wire->site->in;
    bool proxy = wire->dialling->awaits_proxy;
    ssize_t n = recv(lws_get_socket_fd(wire->wsi), bytes, PEEK_MAX,
                     MSG_PEEK | MSG_DONTWAIT);
    enum view view;

    *seen = n > 0 ? (size_t)n : 0;
    if (n <= 0) {
        // An end or an error is libwebsockets' to tell.
        return n < 0 && errno == EAGAIN ? WAIT : PASS;
    }
    view = proxy ? view_proxy(wire, bytes, (size_t)n)
                 : view_server(wire, bytes, (size_t)n);
    if (view != WAIT || (events & UV_DISCONNECT) == 0) {
        return view;
    }
    // It hung up, so no more will come; the socket stays readable for ever.
    return proxy ? fail(wire, HAWSER_CAUSE_UNREACHABLE, 0,
                        "proxy: it hung up amid its answer")
                 : PASS;
}

static void
on_answer(uv_poll_t *handle, int status, int events)
{
    struct hw_ws_wire *wire = lws_wsi_user(handle->data);
    enum view view = PASS;
    size_t seen = 0;

    if (status >= 0) {
        view = view_socket(wire, events, &seen);
    }
    if (view == WAIT) {
        set_low_water(wire, (int)seen + 1);
    } else if (view == PASS) {
        set_low_water(wire, 1);
        wire->dialling->awaits_proxy = false;
        (void)uv_poll_start(handle, UV_READABLE, wire->dialling->theirs);
        wire->dialling->theirs(handle, status, events & ~UV_DISCONNECT);
    }
}

// Hawser limits the time of a dial. libwebsockets keeps its own limits in one
// list, in order, and walks it for each that it adds: with thousands of dials
// at once that is all that it would do.
static void
forget_timeout(struct lws *wsi)
{
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
}

void
hw_ws_answer_watch(struct hw_ws_wire *wire)
{
    if (wire->phase != HW_WS_DIALING || wire->wsi == NULL ||
        !hw_ws_wire_find_poll(wire) || wire->poll->poll_cb == on_answer) {
        return;
    }
    forget_timeout(wire->wsi);
    wire->dialling->theirs = wire->poll->poll_cb;
    (void)uv_poll_start(wire->poll, UV_READABLE | UV_DISCONNECT, on_answer);
}
