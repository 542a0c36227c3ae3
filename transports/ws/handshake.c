// handshake.c - libwebsockets' callbacks, which lead to an open wire or to the
// reason why there is none.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "response.h"
#include "tls.h"
#include "wire.h"

// ---- the request ----

// libwebsockets has just written its own request, all but the empty line, with
// limits on what it holds and "connection: close". Ours takes its place: it
// begins where the buffer begins, which is as far before the end of the room
// (less 12 bytes, that it keeps) as the buffer is long.
static int
write_request(struct hw_ws_wire *wire, char **at, size_t room)
{
    struct hw_ws_dialling *dialling = wire->dialling;
    char *begin = *at + room + 12 - HW_WS_SERV_BUF_SIZE;
    size_t size = strlen(dialling->request);

    if (memcmp(begin, "GET ", 4) != 0) {
        hw_ws_note(
            dialling, HAWSER_CAUSE_LOCAL,
            "this libwebsockets makes its request otherwise than 4.1 does");
        return -1;
    }
    memcpy(begin, dialling->request, size);
    *at = begin + size;
    free(dialling->request);
    dialling->request = NULL;
    if (!wire->tls) {
        hw_ws_wire_soon(wire, HW_WS_WATCH);
    }
    return 0;
}

// ---- why there is no wire ----

static int
socket_error(struct lws *wsi)
{
    int fd = lws_get_socket_fd(wsi), error = 0;
    socklen_t size = sizeof error;

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return 0;
    }
    return error;
}

// libwebsockets' own words, by their beginning, and ours.
static const struct {
    const char *theirs;
    hawser_cause cause;
    const char *ours;
} failures[] = {
    { "proxy", HAWSER_CAUSE_UNREACHABLE,
      "proxy: it hung up before it answered" },
    { "Peer hung up", HAWSER_CAUSE_RESET,
      "the server hung up before it answered" },
    { "read failed", HAWSER_CAUSE_RESET,
      "the server hung up before it answered" },
    { "problems parsing header", HAWSER_CAUSE_PROTOCOL,
      "not HTTP: the server's answer has no headers that can be read, or too "
      "long ones" },
    { "HS: URI missing", HAWSER_CAUSE_PROTOCOL,
      "not HTTP: the server's answer has no status line" },
    { "Unable to connect", HAWSER_CAUSE_UNREACHABLE, "connect: it failed" },
};

static void
note_failure(struct hw_ws_wire *wire, const char *theirs)
{
    struct hw_ws_dialling *dialling = wire->dialling;
    int error = wire->wsi == NULL ? 0 : socket_error(wire->wsi);
    char sentence[200];

    if (!dialling->connected && error != 0) {
        (void)snprintf(sentence, sizeof sentence, "connect: %s",
                       strerror(error));
        hw_ws_note(dialling, HAWSER_CAUSE_UNREACHABLE, sentence);
        return;
    }
    if (wire->tls && dialling->connected && strncmp(theirs, "proxy", 5) != 0 &&
        hw_ws_tls_note(wire, error)) {
        return;
    }
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (strncmp(theirs, failures[i].theirs, strlen(failures[i].theirs)) ==
            0) {
            hw_ws_note(dialling, failures[i].cause, failures[i].ours);
            return;
        }
    }
    (void)snprintf(sentence, sizeof sentence, "%s: %s",
                   dialling->connected ? "upgrade" : "connect",
                   error != 0 ? strerror(error) : theirs);
    hw_ws_note(dialling,
               dialling->connected ? HAWSER_CAUSE_RESET
                                   : HAWSER_CAUSE_UNREACHABLE,
               sentence);
}

static void
lose_noted(struct hw_ws_wire *wire)
{
    hawser_lost why = { .cause = wire->dialling->note_cause,
                        .error = wire->dialling->note,
                        .headers = wire->dialling->headers == NULL
                                       ? ""
                                       : wire->dialling->headers,
                        .reason = "",
                        .http_status = wire->dialling->status,
                        .retry_after_ms = -1 };

    wire->phase = HW_WS_DEAD;
    hw_ws_wire_lose(wire, &why);
}

static void
on_failure(struct hw_ws_wire *wire, const char *theirs)
{
    if (wire->port == NULL || wire->dialling == NULL ||
        wire->deed == HW_WS_TELL) {
        wire->phase = HW_WS_DEAD;
        return;
    }
    if (wire->dialling->note[0] == '\0') {
        note_failure(wire, theirs);
    }
    lose_noted(wire);
}

// ---- the response ----

static void
lose_refused(struct hw_ws_wire *wire, struct lws *wsi)
{
    struct hw_ws_dialling *dialling = wire->dialling;
    char status[96], retry[64], location[512], sentence[700];
    hawser_lost why = { .cause = HAWSER_CAUSE_HTTP,
                        .error = sentence,
                        .headers =
                            dialling->headers == NULL ? "" : dialling->headers,
                        .reason = "",
                        .http_status = dialling->status };

    hw_ws_response_status(wsi, status, sizeof status);
    hw_ws_response_get(wsi, WSI_TOKEN_HTTP_RETRY_AFTER, retry, sizeof retry);
    hw_ws_response_get(wsi, WSI_TOKEN_HTTP_LOCATION, location, sizeof location);
    why.retry_after_ms = hw_ws_retry_after_ms(retry, time(NULL));
    if (dialling->status / 100 == 3 && location[0] != '\0') {
        (void)snprintf(sentence, sizeof sentence,
                       "HTTP %s to %s, which is not followed", status,
                       location);
    } else if (dialling->status / 100 == 2) {
        (void)snprintf(sentence, sizeof sentence,
                       "HTTP %s: the server does not speak WebSocket there",
                       status);
    } else {
        (void)snprintf(sentence, sizeof sentence, "HTTP %s", status);
    }
    wire->phase = HW_WS_DEAD;
    hw_ws_wire_lose(wire, &why);
}

// 0: go on; -1: the wire is lost.
static int
on_response(struct hw_ws_wire *wire, struct lws *wsi)
{
    struct hw_ws_dialling *dialling = wire->dialling;
    char upgrade[32], connection[64], accept[64], extensions[128];
    struct hw_ws_answer answer = { upgrade,    connection,
                                   accept,     dialling->protocol,
                                   extensions, false };

    if (wire->port == NULL) {
        return -1;
    }
    dialling->status = (int)lws_http_client_http_response(wsi);
    dialling->headers = hw_ws_response_lines(wsi); // "" if there is no memory
    if (dialling->status < 100 || dialling->status > 999) {
        hw_ws_note(dialling, HAWSER_CAUSE_PROTOCOL,
                   "not HTTP: the server's answer has no status");
        dialling->status = 0;
        lose_noted(wire);
        return -1;
    }
    if (dialling->status != 101) {
        lose_refused(wire, wsi);
        return -1;
    }
    hw_ws_response_get(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade);
    hw_ws_response_get(wsi, WSI_TOKEN_CONNECTION, connection,
                       sizeof connection);
    hw_ws_response_get(wsi, WSI_TOKEN_ACCEPT, accept, sizeof accept);
    hw_ws_response_get(wsi, WSI_TOKEN_PROTOCOL, dialling->protocol,
                       sizeof dialling->protocol);
    hw_ws_response_get(wsi, WSI_TOKEN_EXTENSIONS, extensions,
                       sizeof extensions);
    answer.has_body =
        lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 ||
        lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    if (!hw_ws_answer_check(&answer, dialling->key,
                            hawser_setting_text(wire->settings, "ws.protocol"),
                            dialling->note, sizeof dialling->note)) {
        dialling->note_cause = HAWSER_CAUSE_PROTOCOL;
        lose_noted(wire);
        return -1;
    }
    hw_ws_wire_soon(wire, HW_WS_TAKE_OVER);
    return 0;
}

static void
on_closed(struct hw_ws_wire *wire)
{
    if (wire->phase == HW_WS_DIALING) {
        on_failure(wire, "the server hung up during the upgrade");
    } else if (wire->phase == HW_WS_OPEN) {
        hw_ws_stream_ended(wire, 0);
    }
    wire->phase = HW_WS_DEAD;
}

// ---- the callbacks ----

static int
on_wire_event(struct hw_ws_wire *wire, struct lws *wsi,
              enum lws_callback_reasons reason, void *in, size_t size)
{
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE: // connected; not yet TLS
        if (wire->dialling != NULL) {
            wire->dialling->connected = true;
            wire->dialling->awaits_proxy = wire->dialling->proxied;
        }
        if (wire->dialling != NULL && wire->dialling->proxied) {
            hw_ws_wire_soon(wire, HW_WS_WATCH);
        }
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return wire->dialling == NULL ? -1 : write_request(wire, in, size);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return on_response(wire, wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        // Before the wire is open, bytes stay where they are.
        return wire->dialling != NULL ? 0 : hw_ws_stream_read_tls(wire);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        hw_ws_stream_received(wire, in, size);
        return 0;
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        if (wire->dialling == NULL && wire->tls) {
            hw_ws_stream_writable(wire);
        }
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_failure(wire, in == NULL ? "" : in);
        return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        on_closed(wire);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        hw_ws_wire_gone(wire);
        return 0;
    default:
        return 0;
    }
}

int
hw_ws_on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user,
               void *in, size_t size)
{
    struct hw_ws_wire *wire;

    switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        wire = lws_wsi_user(wsi);
        return wire == NULL ? 1
                            : hw_ws_tls_judge(wire->dialling, user, size != 0);
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS:
        hw_ws_tls_listen(user, lws_context_user(lws_get_context(wsi)));
        return 0;
    case LWS_CALLBACK_WSI_CREATE:
    case LWS_CALLBACK_WSI_DESTROY:
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        return user == NULL ? 0 : on_wire_event(user, wsi, reason, in, size);
    default:
        return 0; // of no wire
    }
}
