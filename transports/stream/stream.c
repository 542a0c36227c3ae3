// stream.c - the transports for streams of bytes: their verbs.
//
// A socket of its own, watched by libuv (wire.c), in whose bytes framing.c
// finds messages; with TLS, OpenSSL stands between the two and sees no socket
// (tls.c). Whether what was sent has arrived is asked of the kernel
// (barrier.c).
#include <hawser/transport.h>

#include <stdio.h>
#include <string.h>

#include "shared/sentence.h"
#include "site.h"
#include "url.h"
#include "wire.h"

extern const hawser_transport hawser_transport_stream;

static enum hw_stream_framing
framing_of(const hawser_settings *settings)
{
    return (enum hw_stream_framing)hawser_setting_number(settings, "framing");
}

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
    if (strlen(name) > HW_STREAM_HOST_MAX ||
        strpbrk(name, " /@\r\n\t") != NULL) {
        return hw_shared_refuse(sentence, size,
                                "tls.server_name: not a host's name");
    }
    return true;
}

static bool
check_ping(const hawser_settings *settings, char *sentence, size_t size)
{
    const char *ping = hawser_setting_text(settings, "ping.message");
    char why[120];

    if (*ping != '\0' && !hw_stream_fits(framing_of(settings), ping,
                                         strlen(ping), why, sizeof why)) {
        return hw_shared_refuse(sentence, size, "ping.message: %s", why);
    }
    return true;
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t size)
{
    struct hw_stream_url parts;

    if (!hw_stream_url_parse(url, &parts, sentence, size) ||
        !check_ping(settings, sentence, size) ||
        (parts.scheme == HW_STREAM_TLS &&
         !check_tls(settings, sentence, size))) {
        return HAWSER_INVALID;
    }
    if (parts.scheme != HW_STREAM_UNIX &&
        *hawser_setting_text(settings, "proxy") != '\0') {
        hw_shared_refuse(sentence, size,
                         "option proxy is for ws:// and wss:// only");
        return HAWSER_INVALID;
    }
    (void)snprintf(route->host, sizeof route->host, "%s",
                   parts.host); // it fits
    route->port = parts.port;
    return HAWSER_OK;
}

static hawser_status
fits(const char *url, const hawser_settings *settings,
     const hawser_message *message, char *sentence, size_t size)
{
    enum hw_stream_framing framing = framing_of(settings);

    (void)url; // any can
    if (message == NULL) {
        return framing == HW_STREAM_LENGTH32 ? HAWSER_OK : HAWSER_INVALID;
    }
    return hw_stream_fits(framing, message->bytes, message->size, sentence,
                          size)
               ? HAWSER_OK
               : HAWSER_INVALID;
}

static hawser_status
dial(void *site, const hawser_dial *dial, hawser_port *port, void **result,
     char *sentence, size_t size)
{
    *result = hw_stream_wire_new(site, dial, port, sentence, size);
    return *result == NULL ? HAWSER_SYSTEM : HAWSER_OK;
}

static size_t
send_messages(void *user, const hawser_message *messages, size_t count)
{
    struct hw_stream_wire *wire = user;

    return wire->phase == HW_STREAM_OPEN
               ? hw_stream_out_send(wire, messages, count)
               : 0;
}

static void
barrier(void *user, uint64_t number)
{
    struct hw_stream_wire *wire = user;

    if (wire->phase == HW_STREAM_OPEN) {
        hw_stream_barrier_ask(wire, number);
    }
}

static void
listen_to(void *user, int on)
{
    struct hw_stream_wire *wire = user;

    wire->deaf = on == 0;
    hw_stream_wire_watch(wire);
}

// A stream has no words for a code and a reason: its end is the goodbye.
static void
close_wire(void *user, int code, const char *reason)
{
    struct hw_stream_wire *wire = user;

    (void)reason;
    if (wire->phase == HW_STREAM_OPEN && code != HAWSER_CLOSE_CUT) {
        hw_stream_wire_leave(wire);
    } else {
        hw_stream_wire_end(wire, code == HAWSER_CLOSE_CUT);
    }
}

static void
gauge(void *user, hawser_gauge *gauge)
{
    const struct hw_stream_wire *wire = user;

    gauge->written = wire->written;
    gauge->backlog = hw_stream_out_backlog(wire);
}

const hawser_transport hawser_transport_stream = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "tcp tls unix",
    .start = hw_stream_site_start,
    .stop = hw_stream_site_stop,
    .check = check,
    .dial = dial,
    .send = send_messages,
    .barrier = barrier,
    .listen = listen_to,
    .close = close_wire,
    .gauge = gauge,
    .fits = fits,
};
