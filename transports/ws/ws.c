// ws.c - the WebSocket transport: its verbs.
//
// libwebsockets connects, speaks TLS, passes proxies and carries the HTTP
// upgrade (handshake.c); from there on the connection is a byte stream
// (stream.c, outbox.c), in which frames_out.c and frames_in.c find messages.
#include "ws.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/sentence.h"
#include "site.h"
#include "vhost.h"
#include "wire.h"

// ---- check ----

static bool
check_tls(const hawser_settings *settings, char *sentence, size_t size)
{
    const char *cert = hawser_setting_text(settings, "tls.cert");
    const char *key = hawser_setting_text(settings, "tls.key");
    const char *name = hawser_setting_text(settings, "tls.server_name");

    if ((*cert == '\0') != (*key == '\0')) {
        return hw_shared_refuse(sentence, size,
                                "tls.cert and tls.key must be set together");
    }
    // As in url.c.
    if (strlen(name) > 127 || strpbrk(name, " /:@\r\n\t") != NULL) {
        return hw_shared_refuse(sentence, size,
                                "tls.server_name: not a host's name");
    }
    return true;
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t size)
{
    const char *proxy = hawser_setting_text(settings, "proxy");
    struct hw_ws_url parts;
    struct hw_ws_proxy via;

    if (!hw_ws_url_parse(url, &parts, sentence, size) ||
        !hw_ws_upgrade_check(settings, sentence, size) ||
        !check_tls(settings, sentence, size)) {
        return HAWSER_INVALID;
    }
    (void)snprintf(route->host, sizeof route->host, "%s", parts.host);
    route->port = parts.port;
    if (*proxy == '\0') {
        return HAWSER_OK;
    }
    if (!hw_ws_proxy_parse(proxy, &via, sentence, size)) {
        return HAWSER_INVALID;
    }
    // libwebsockets writes its CONNECT request into 256 bytes.
    if (strlen(parts.host) > 80) {
        hw_shared_refuse(sentence, size,
                         "the URL's host is longer than 80 characters, which "
                         "can't be asked of a proxy");
        return HAWSER_INVALID;
    }
    (void)snprintf(route->host, sizeof route->host, "%s", via.host);
    route->port = via.port;
    return HAWSER_OK;
}

// ---- dial ----

// An address that can't be reached from this machine fails at once, and
// libwebsockets 4.1 loses a handle when connect() does. A datagram socket asks
// the same question of the system without sending anything. 0, or an errno.
static int
probe(const char *address, uint16_t port)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                              .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found = NULL;
    char service[8];
    int fd, error = 0;

    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    if (getaddrinfo(address, service, &hints, &found) != 0) {
        return EINVAL;
    }
    fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        error = errno;
    }
    if (fd >= 0) {
        (void)close(fd); // nothing was written
    }
    freeaddrinfo(found);
    return error;
}

static hawser_status
prepare(struct hw_ws_dialling *d, const hawser_dial *dial, char *sentence,
        size_t size)
{
    const hawser_settings *settings = dial->settings;
    const char *name = hawser_setting_text(settings, "tls.server_name");

    if (!hw_ws_url_parse(dial->url, &d->url, sentence, size) ||
        !hw_ws_headers_check("header", dial->headers, sentence, size)) {
        return HAWSER_INVALID;
    }
    hw_ws_key_make(d->key);
    d->request = hw_ws_request_make(&d->url, d->key, settings, dial->headers,
                                    sentence, size);
    d->insecure = hawser_setting_number(settings, "tls.insecure") != 0;
    d->proxied = *hawser_setting_text(settings, "proxy") != '\0';
    d->v6_name = d->url.v6 && *name == '\0';
    d->port = dial->port;
    (void)snprintf(d->address, sizeof d->address, "%s", dial->address);
    (void)snprintf(d->server_name, sizeof d->server_name, "%s",
                   *name != '\0' ? name : d->url.host);
    if (d->request == NULL) {
        return sentence[0] == '\0' ? HAWSER_NO_MEMORY : HAWSER_INVALID;
    }
    return HAWSER_OK;
}

static hawser_status
make_wire(struct hw_ws_site *site, const hawser_dial *dial, hawser_port *port,
          struct hw_ws_wire **result, char *sentence, size_t size)
{
    struct hw_ws_wire *wire = calloc(1, sizeof *wire);
    hawser_status status = HAWSER_NO_MEMORY;

    if (wire == NULL) {
        return HAWSER_NO_MEMORY;
    }
    wire->site = site;
    site->wires++;
    hw_ws_wire_list(wire, &site->all);
    wire->dialling = calloc(1, sizeof *wire->dialling);
    if (wire->dialling != NULL) {
        status = prepare(wire->dialling, dial, sentence, size);
    }
    if (status != HAWSER_OK) {
        hw_ws_wire_free(wire);
        return status;
    }
    wire->port = port;
    wire->settings = dial->settings;
    wire->number = dial->number;
    wire->tls = wire->dialling->url.tls;
    wire->reader.max =
        (uint64_t)hawser_setting_number(dial->settings, "message.max");
    wire->out_limit =
        (uint64_t)hawser_setting_number(dial->settings, "wire.buffer");
    *result = wire;
    return HAWSER_OK;
}

static hawser_status
hold_vhost(struct hw_ws_wire *wire, char *sentence, size_t size)
{
    const hawser_settings *settings = wire->settings;
    struct hw_ws_proxy proxy;
    struct hw_ws_vhost_want want = {
        .tls = wire->tls,
        .ca = hawser_setting_text(settings, "tls.ca"),
        .cert = hawser_setting_text(settings, "tls.cert"),
        .key = hawser_setting_text(settings, "tls.key"),
        .address = wire->dialling->address,
    };

    if (wire->dialling->proxied) {
        if (!hw_ws_proxy_parse(hawser_setting_text(settings, "proxy"), &proxy,
                               sentence, size)) {
            return HAWSER_INVALID;
        }
        proxy.port = wire->dialling->port;
        want.proxy = &proxy;
    }
    return hw_ws_vhost_hold(wire->site, &want, &wire->vhost, sentence, size);
}

static void
note_unreachable(struct hw_ws_dialling *dialling, const char *why)
{
    char sentence[160];

    (void)snprintf(sentence, sizeof sentence, "%sconnect: %s",
                   dialling->proxied ? "proxy: " : "", why); // it fits
    hw_ws_note(dialling, HAWSER_CAUSE_UNREACHABLE, sentence);
}

void
hw_ws_wire_connect(struct hw_ws_wire *wire)
{
    struct hw_ws_dialling *d = wire->dialling;
    struct lws_client_connect_info info = { .context = wire->site->context };
    char target[HW_WS_HOST_MAX + 3];
    struct lws *wsi;
    int error = probe(d->address, d->port);

    if (error != 0) {
        note_unreachable(d, strerror(error));
        hw_ws_wire_soon(wire, HW_WS_TELL);
        return;
    }
    (void)snprintf(target, sizeof target, d->url.v6 ? "[%s]" : "%s",
                   d->url.host);
    info.vhost = hw_ws_vhost_lws(wire->vhost);
    // Behind a proxy, whose address the vhost knows, it is the proxy that is
    // told a name.
    info.address = d->proxied ? target : d->address;
    info.port = d->proxied ? d->url.port : d->port;
    info.host = d->server_name; // only TLS looks at it: see write_request
    info.path = "/";
    info.method = "GET";
    info.alpn = "http/1.1";
    info.local_protocol_name = "hawser";
    info.userdata = wire;
    info.pwsi = &wire->wsi;
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
    if (wire->tls) {
        info.ssl_connection |= LCCSCF_USE_SSL;
        if (d->insecure || d->v6_name) {
            info.ssl_connection |= LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
        }
    }
    errno = 0;
    wsi = lws_client_connect_via_info(&info);
    if (wsi == NULL) {
        error = errno;
        note_unreachable(d, error == 0 ? "no socket could be had"
                                       : strerror(error));
        // A socket that did connect is closed later, by its own callback.
        if (!d->connected) {
            wire->wsi = NULL;
        }
        hw_ws_wire_soon(wire, HW_WS_TELL);
    }
}

static hawser_status
dial(void *user, const hawser_dial *dial, hawser_port *port, void **result,
     char *sentence, size_t size)
{
    struct hw_ws_wire *wire;
    hawser_status status = make_wire(user, dial, port, &wire, sentence, size);

    if (status != HAWSER_OK) {
        return status;
    }
    status = hold_vhost(wire, sentence, size);
    if (status != HAWSER_OK) {
        wire->port = NULL;
        hw_ws_wire_free(wire);
        return status;
    }
    hw_ws_wire_soon(wire, HW_WS_CONNECT);
    *result = wire;
    return HAWSER_OK;
}

// ---- the rest ----

static size_t
send_messages(void *user, const hawser_message *messages, size_t count)
{
    struct hw_ws_wire *wire = user;

    return wire->phase == HW_WS_OPEN ? hw_ws_out_send(wire, messages, count)
                                     : 0;
}

static void
barrier(void *user, uint64_t number)
{
    struct hw_ws_wire *wire = user;
    struct hw_ws_barrier ask = { .wire = wire->number, .number = number };
    uint8_t payload[HW_WS_BARRIER_SIZE];

    if (wire->phase != HW_WS_OPEN) {
        return;
    }
    if (number >= wire->unasked) {
        wire->unasked = number + 1;
    }
    hw_ws_barrier_write(&ask, payload);
    hw_ws_out_control(wire, HW_WS_PING, payload, sizeof payload);
}

static void
listen_to(void *user, int on)
{
    struct hw_ws_wire *wire = user;

    if (wire->phase != HW_WS_OPEN || wire->deaf == (on == 0)) {
        return;
    }
    wire->deaf = on == 0;
    if (wire->tls) {
        (void)lws_rx_flow_control(wire->wsi, on != 0); // it closes if it can't
    }
    hw_ws_stream_watch(wire);
}

// As much of a reason as a close frame holds, cut between two characters.
static size_t
fit_reason(const char *reason)
{
    size_t size = strlen(reason);

    if (size > HW_WS_CONTROL_MAX - 2) {
        size = HW_WS_CONTROL_MAX - 2;
        while (size > 0 && ((unsigned char)reason[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    return size;
}

static void
close_wire(void *user, int code, const char *reason)
{
    struct hw_ws_wire *wire = user;

    if (wire->phase == HW_WS_OPEN && code != HAWSER_CLOSE_CUT) {
        hw_ws_wire_leave(wire, code == 0 ? 1000 : (unsigned)code, reason,
                         fit_reason(reason));
        return;
    }
    wire->port = NULL;
    if (wire->phase == HW_WS_OPEN) {
        wire->phase = HW_WS_LEAVING; // nobody is told of what still comes
    }
    hw_ws_wire_soon(wire, HW_WS_KILL);
}

static void
gauge(void *user, hawser_gauge *gauge)
{
    const struct hw_ws_wire *wire = user;

    gauge->written = wire->written;
    gauge->backlog = hw_ws_out_backlog(wire);
}

const hawser_transport hawser_transport_ws = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "ws wss",
    .start = hw_ws_site_start,
    .stop = hw_ws_site_stop,
    .check = check,
    .dial = dial,
    .send = send_messages,
    .barrier = barrier,
    .listen = listen_to,
    .close = close_wire,
    .gauge = gauge,
};
