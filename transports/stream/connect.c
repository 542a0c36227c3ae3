// connect.c - from a URL to a connected socket.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "arrived.h"
#include "shared/sentence.h"
#include "trust.h"
#include "wire.h"

enum { PROBES = 3 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
};

static socklen_t
make_unix_address(const char *path, union address *address)
{
    size_t size = strlen(path);

    address->un.sun_family = AF_UNIX;
    memcpy(address->un.sun_path, path, size + 1);
    if (path[0] == '@') { // an abstract name begins with a zero, and has no end
        address->un.sun_path[0] = '\0';
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
}

// 0: text is no address.
static socklen_t
make_ip_address(const char *text, uint16_t port, union address *address)
{
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return sizeof address->v4;
    }
    if (uv_ip6_addr(text, port, &address->v6) == 0) { // it knows fe80::1%eth0
        return sizeof address->v6;
    }
    return 0;
}

// ---- TCP's own heartbeat ----

static int
seconds(int64_t ms)
{
    int64_t whole = (ms + 999) / 1000;

    return whole < 1 ? 1 : whole > 32767 ? 32767 : (int)whole; // tcp(7)
}

static void
set_number(int fd, int level, int name, int number)
{
    // Refused, it is only not as good: a wire works without any of these.
    (void)setsockopt(fd, level, name, &number, sizeof number);
}

// Where nothing is under way there is nothing to be acknowledged, and barriers
// pass unasked: then it is the kernel who asks whether the peer lives.
static void
set_options(int fd, const hawser_settings *settings)
{
    int64_t interval = hawser_setting_number(settings, "heartbeat.interval");
    int64_t timeout = hawser_setting_number(settings, "heartbeat.timeout");

    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (interval >= 0) {
        set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(interval));
        set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(timeout / PROBES));
        set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    }
}

// ---- connecting ----

// An errno, or 0: it is connected, or will be.
static int
begin(struct hw_stream_wire *wire, const struct hw_stream_url *url,
      const hawser_dial *dial)
{
    union address address;
    socklen_t size;

    memset(&address, 0, sizeof address);
    size = wire->v4_or_v6 ? make_ip_address(dial->address, dial->port, &address)
                          : make_unix_address(url->path, &address);
    if (size == 0) {
        return EINVAL;
    }
    wire->fd = socket(address.any.sa_family,
                      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0) {
        return errno;
    }
    if (uv_poll_init(wire->site->loop, &wire->poll, wire->fd) != 0) {
        (void)close(wire->fd);
        wire->fd = -1;
        return ENOMEM;
    }
    wire->poll.data = wire;
    wire->handles++;
    if (wire->v4_or_v6) {
        set_options(wire->fd, dial->settings);
    }
    if (connect(wire->fd, &address.any, size) != 0 && errno != EINPROGRESS) {
        return errno;
    }
    return 0;
}

static bool
begin_tls(struct hw_stream_wire *wire, const struct hw_stream_url *url,
          const hawser_settings *settings, char *sentence, size_t size)
{
    const char *name = hawser_setting_text(settings, "tls.server_name");
    SSL_CTX *context =
        hw_stream_trust_get(wire->site, settings, sentence, size);

    if (context == NULL) {
        return false;
    }
    wire->tls =
        hw_stream_tls_new(context, *name != '\0' ? name : url->host,
                          hawser_setting_number(settings, "tls.insecure") != 0);
    return wire->tls != NULL ||
           hw_shared_refuse(sentence, size, "out of memory");
}

static void
name_peer(struct hw_stream_wire *wire, const struct hw_stream_url *url,
          const hawser_dial *dial)
{
    if (wire->v4_or_v6) { // an address and a port fit
        (void)snprintf(wire->peer, sizeof wire->peer,
                       strchr(dial->address, ':') ? "[%.64s]:%u" : "%.64s:%u",
                       dial->address, (unsigned)dial->port);
    } else {
        memcpy(wire->peer, url->path, sizeof wire->peer);
    }
}

struct hw_stream_wire *
hw_stream_wire_new(struct hw_stream_site *site, const hawser_dial *dial,
                   hawser_port *port, char *sentence, size_t size)
{
    const hawser_settings *settings = dial->settings;
    struct hw_stream_wire *wire;
    struct hw_stream_url url;
    int error;

    if (!hw_stream_url_parse(dial->url, &url, sentence, size)) {
        return NULL;
    }
    wire = calloc(1, sizeof *wire);
    if (wire == NULL) {
        hw_shared_refuse(sentence, size, "out of memory");
        return NULL;
    }
    wire->site = site;
    wire->v4_or_v6 = url.scheme != HW_STREAM_UNIX;
    if (url.scheme == HW_STREAM_TLS &&
        !begin_tls(wire, &url, settings, sentence, size)) {
        free(wire);
        return NULL;
    }
    wire->port = port;
    wire->fd = -1;
    wire->reader.framing =
        (enum hw_stream_framing)hawser_setting_number(settings, "framing");
    wire->reader.max = (uint64_t)hawser_setting_number(settings, "message.max");
    wire->out_limit = (uint64_t)hawser_setting_number(settings, "wire.buffer");
    name_peer(wire, &url, dial);
    site->wires++;
    (void)uv_timer_init(site->loop, &wire->timer); // always 0
    wire->timer.data = wire;
    wire->handles = 1;
    error = begin(wire, &url, dial);
    if (error != 0) {
        hw_stream_wire_mute(wire, error);
    }
    hw_stream_wire_watch(wire);
    return wire;
}

// ---- connected ----

// The kernel may connect a socket to itself where nobody listens, if it chose
// the very port that is dialled.
static bool
is_own_peer(int fd)
{
    union address own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;

    memset(&own, 0, sizeof own);
    memset(&peer, 0, sizeof peer);
    return getsockname(fd, &own.any, &own_size) == 0 &&
           getpeername(fd, &peer.any, &peer_size) == 0 &&
           own_size == peer_size && memcmp(&own, &peer, own_size) == 0;
}

static int
connect_error(const struct hw_stream_wire *wire)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return errno;
    }
    return error == 0 && wire->v4_or_v6 && is_own_peer(wire->fd) ? ECONNREFUSED
                                                                 : error;
}

void
hw_stream_wire_connected(struct hw_stream_wire *wire)
{
    int error = connect_error(wire);
    int64_t base = 0;

    if (error != 0) {
        hw_stream_wire_mute(wire, error);
        return;
    }
    if (wire->v4_or_v6) {
        base = hw_stream_tcp_base(wire->fd);
    }
    wire->can_confirm = base >= 0;
    wire->base = base < 0 ? 0 : (uint64_t)base;
    hw_stream_reading_begin(wire);
}
