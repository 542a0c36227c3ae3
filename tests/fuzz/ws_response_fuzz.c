// ws_response_fuzz.c - a server's or a proxy's whole answer, as it comes out of
// a socket: through libwebsockets, into the wire, to its end.
//
// The first byte says whether it is a proxy that answers, the second where the
// answer is cut in two. "@ACCEPT" stands for the right Sec-WebSocket-Accept.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include <hawser/transport.h>

#include "ws/upgrade.h"
#include "ws/ws.h"

enum { ANSWER_MAX = 64 * 1024, PATIENCE_MS = 5000 };

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

// ---- what stands in for Hawser ----

struct hawser_settings {
    char proxy[64];
};

struct hawser_port {
    bool opened, lost;
    uint64_t passed;
};

const char *
hawser_setting_text(const hawser_settings *settings, const char *name)
{
    return strcmp(name, "proxy") == 0         ? settings->proxy
           : strcmp(name, "ws.protocol") == 0 ? "v1, v2"
                                              : "";
}

int64_t
hawser_setting_number(const hawser_settings *settings, const char *name)
{
    (void)settings;
    return strncmp(name, "tls", 3) == 0 ? 0 : 65536;
}

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    demand(!port->opened && !port->lost && info->http_status == 101);
    demand(strlen(info->peer) > 0 && info->headers != NULL);
    port->opened = true;
}

void
hawser_port_writable(hawser_port *port)
{
    demand(port->opened && !port->lost);
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    demand(port->opened && !port->lost && number == 0); // never asked for more
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    (void)kind;
    demand(port->opened && !port->lost && size <= 65536);
    demand(topic == NULL && topic_size == 0 && bytes != NULL);
    return HAWSER_OK;
}

void
hawser_port_alive(hawser_port *port)
{
    demand(port->opened && !port->lost);
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    demand(!port->lost && why->error[0] != '\0');
    demand(why->headers != NULL && why->reason != NULL);
    demand(why->retry_after_ms >= -1);
    port->lost = true;
}

const char *
hawser_port_name(const hawser_port *port)
{
    (void)port;
    return "fuzz";
}

// ---- the server, on the same loop ----

struct guest;

struct server {
    uv_loop_t loop;
    uv_tcp_t listener;
    unsigned port;
    void *site;
    uv_timer_t limit;
    bool late;
    uv_idle_t idle;
    struct guest *guest; // who waits for the other half of its answer
    unsigned turns;
    char text[ANSWER_MAX + 4096];
    size_t text_size;
    // the answer of this run
    const uint8_t *bytes;
    size_t size, cut;
};

struct guest {
    uv_tcp_t tcp;
    char request[HW_WS_REQUEST_MAX];
    size_t size;
    bool answered;
};

static struct server server;

static void
free_guest(uv_handle_t *handle)
{
    free(handle->data);
}

static void
put(struct guest *guest, const char *bytes, size_t size)
{
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)size);

    if (size > 0) {
        (void)uv_try_write((uv_stream_t *)&guest->tcp, &buffer, 1);
    }
}

// The answer, as it is to be sent to this guest.
static void
compose(const struct guest *guest)
{
    static const char field[] = "Sec-WebSocket-Key: ";
    const char *at = strstr(guest->request, field);
    char accept[HW_WS_ACCEPT_SIZE] = "", key[HW_WS_KEY_SIZE] = "";
    size_t size = 0;

    if (at != NULL) {
        memcpy(key, at + sizeof field - 1, HW_WS_KEY_SIZE - 1);
        hw_ws_accept_make(key, accept);
    }
    for (size_t i = 0; i < server.size && size < ANSWER_MAX; i++) {
        if (server.size - i >= 7 &&
            memcmp(server.bytes + i, "@ACCEPT", 7) == 0) {
            memcpy(server.text + size, accept, strlen(accept));
            size += strlen(accept);
            i += 6;
        } else {
            server.text[size++] = (char)server.bytes[i];
        }
    }
    server.text_size = size;
}

static void
leave(struct guest *guest)
{
    if (!uv_is_closing((uv_handle_t *)&guest->tcp)) {
        uv_close((uv_handle_t *)&guest->tcp, free_guest);
    }
}

// Before the poll of the turn in which the first half is read, and of the one
// after it.
static void
on_turn(uv_idle_t *idle)
{
    struct guest *guest = server.guest;

    if (--server.turns > 0) {
        return;
    }
    (void)uv_idle_stop(idle);
    server.guest = NULL;
    put(guest, server.text + server.cut, server.text_size - server.cut);
    leave(guest);
}

static void
write_answer(struct guest *guest)
{
    compose(guest);
    if (server.cut >= server.text_size || server.guest != NULL) {
        put(guest, server.text, server.text_size);
        leave(guest);
        return;
    }
    put(guest, server.text, server.cut);
    server.guest = guest;
    server.turns = 2;
    (void)uv_idle_start(&server.idle, on_turn);
}

static void
on_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct guest *guest = handle->data;

    (void)size;
    *buffer = uv_buf_init(guest->request + guest->size,
                          (unsigned)(sizeof guest->request - 1 - guest->size));
}

static void
on_request(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct guest *guest = stream->data;

    (void)buffer;
    if (n > 0 && !guest->answered) {
        guest->size += (size_t)n;
        guest->request[guest->size] = '\0';
        if (strstr(guest->request, "\r\n\r\n") != NULL) {
            guest->answered = true;
            (void)uv_read_stop(stream);
            write_answer(guest);
        }
    } else if (n < 0) {
        leave(guest);
    }
}

static void
on_guest(uv_stream_t *listener, int status)
{
    struct guest *guest = calloc(1, sizeof *guest);

    demand(guest != NULL && status == 0);
    (void)uv_tcp_init(&server.loop, &guest->tcp);
    guest->tcp.data = guest;
    demand(uv_accept(listener, (uv_stream_t *)&guest->tcp) == 0);
    (void)uv_read_start((uv_stream_t *)&guest->tcp, on_room, on_request);
}

static void
start(void)
{
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int size = sizeof bound;

    demand(uv_loop_init(&server.loop) == 0);
    (void)uv_timer_init(&server.loop, &server.limit);
    (void)uv_idle_init(&server.loop, &server.idle);
    (void)uv_tcp_init(&server.loop, &server.listener);
    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    (void)uv_tcp_bind(&server.listener, (struct sockaddr *)&address, 0);
    demand(uv_listen((uv_stream_t *)&server.listener, 10, on_guest) == 0);
    (void)uv_tcp_getsockname(&server.listener, (struct sockaddr *)&bound,
                             &size);
    server.port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
    demand(hawser_transport_ws.start(&server.loop, &server.site) == HAWSER_OK);
}

static void
on_late(uv_timer_t *timer)
{
    (void)timer;
    server.late = true;
}

static void
run_dial(bool proxied)
{
    hawser_settings settings = { "" };
    hawser_port port = { .opened = false };
    char url[64], sentence[200];
    hawser_dial dial = { .url = url,
                         .address = "127.0.0.1",
                         .port = (uint16_t)server.port,
                         .number = 1,
                         .headers = "",
                         .settings = &settings };
    void *wire;

    if (proxied) {
        (void)snprintf(settings.proxy, sizeof settings.proxy,
                       "http://127.0.0.1:%u", server.port);
    }
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/", server.port);
    demand(hawser_transport_ws.dial(server.site, &dial, &port, &wire, sentence,
                                    sizeof sentence) == HAWSER_OK);
    server.late = false;
    (void)uv_timer_start(&server.limit, on_late, PATIENCE_MS, 0);
    while (!port.lost) {
        (void)uv_run(&server.loop, UV_RUN_ONCE);
        demand(!server.late); // the server hung up: it must be lost
    }
    (void)uv_timer_stop(&server.limit);
    while (server.guest != NULL) {
        (void)uv_run(&server.loop, UV_RUN_NOWAIT);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (server.site == NULL) {
        start();
    }
    if (size < 2 || size > ANSWER_MAX) {
        return 0;
    }
    server.bytes = bytes + 2;
    server.size = size - 2;
    server.cut = bytes[1] == 0 ? SIZE_MAX : bytes[1] * 4u;
    run_dial((bytes[0] & 1) != 0);
    return 0;
}
