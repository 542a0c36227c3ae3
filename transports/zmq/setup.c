// setup.c - a wire's socket: its options, its monitor, and its endpoint.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zmq.h>

#include "shared/sentence.h"
#include "wire.h"

enum { Z85_KEY_SIZE = 40, KEY_SIZE = 32, IDENTITY_MAX = 255 };

enum { CONTEXT_SIZE = 512 }; // of the memory that is looked at; it has more

// Never is not to be had; this is 11 days, and no wire waits for it: Hawser
// dials. (With reconnecting switched off, -1, libzmq throws away what it has
// received when a connection ends.)
enum { RECONNECT_NEVER_MS = 1000000000 };

// What libzmq takes at most, ZMTP 3.1 having 16 bits for tenths of a second.
enum { HEARTBEAT_TTL_MAX_MS = 6553599 };

static const char *
text(const hawser_settings *settings, const char *name)
{
    return hawser_setting_text(settings, name);
}

// ---- check ----

static bool
check_key(const hawser_settings *settings, const char *name, char *sentence,
          size_t size)
{
    const char *key = text(settings, name);
    uint8_t bytes[KEY_SIZE];

    return *key == '\0' ||
           (strlen(key) == Z85_KEY_SIZE &&
            zmq_z85_decode(bytes, key) != NULL) ||
           hw_shared_refuse(sentence, size,
                            "%s is not a key of %d Z85 characters", name,
                            Z85_KEY_SIZE);
}

static bool
check_curve(const hawser_settings *settings, const struct hw_zmq_url *url,
            char *sentence, size_t size)
{
    bool server = *text(settings, "zmq.curve_server_key") != '\0';
    bool public = *text(settings, "zmq.curve_public_key") != '\0';
    bool secret = *text(settings, "zmq.curve_secret_key") != '\0';

    if (!check_key(settings, "zmq.curve_server_key", sentence, size) ||
        !check_key(settings, "zmq.curve_public_key", sentence, size) ||
        !check_key(settings, "zmq.curve_secret_key", sentence, size)) {
        return false;
    }
    if (public != secret) {
        return hw_shared_refuse(sentence, size,
                                "zmq.curve_public_key and zmq.curve_secret_key "
                                "must be set together");
    }
    if (!url->bind && server != secret) {
        return hw_shared_refuse(sentence, size,
                                "CURVE needs zmq.curve_server_key, the peer's "
                                "public key, and both keys of this side");
    }
    if (url->bind && server) {
        return hw_shared_refuse(sentence, size,
                                "zmq.curve_server_key names a peer that is "
                                "connected to; with bind=1 this side is the "
                                "server, and clients need its public key");
    }
    return !secret || zmq_has("curve") != 0 ||
           hw_shared_refuse(sentence, size, "this libzmq has no CURVE");
}

static bool
check_plain(const hawser_settings *settings, const struct hw_zmq_url *url,
            char *sentence, size_t size)
{
    const char *user = text(settings, "zmq.plain_username");
    const char *password = text(settings, "zmq.plain_password");

    if (*user == '\0' && *password == '\0') {
        return true;
    }
    if (*user == '\0' || *password == '\0') {
        return hw_shared_refuse(
            sentence, size,
            "zmq.plain_username and zmq.plain_password must "
            "be set together");
    }
    if (strlen(user) > UINT8_MAX || strlen(password) > UINT8_MAX) {
        return hw_shared_refuse(
            sentence, size,
            "zmq.plain_username and zmq.plain_password have "
            "at most 255 bytes");
    }
    if (url->bind) {
        return hw_shared_refuse(
            sentence, size,
            "PLAIN is for connecting: a link with bind=1 has "
            "nobody who would check passwords");
    }
    return *text(settings, "zmq.curve_secret_key") == '\0' ||
           hw_shared_refuse(sentence, size,
                            "zmq.curve_… and zmq.plain_… exclude each other");
}

static bool
check_shape(const hawser_settings *settings, const struct hw_zmq_url *url,
            char *sentence, size_t size)
{
    int number = url->type->number;

    return hawser_setting_number(settings, "zmq.multipart") !=
               HW_ZMQ_DELIMITED ||
           number == ZMQ_DEALER || number == ZMQ_ROUTER ||
           hw_shared_refuse(sentence, size,
                            "zmq.multipart=delimited goes with type=dealer and "
                            "type=router");
}

// What can't be confirmed is said now, and not when a message was lost.
static bool
check_confirm(const hawser_settings *settings, const struct hw_zmq_url *url,
              char *sentence, size_t size)
{
    return strcmp(text(settings, "confirm"), "peer") != 0 ||
           hawser_setting_number(settings, "confirm.strict") == 0 ||
           url->type->number == ZMQ_REQ ||
           hw_shared_refuse(
               sentence, size,
               "confirm=peer can't be had with type=%s: nothing in "
               "ZeroMQ tells what has arrived; type=req can, and "
               "confirm=application",
               url->type->name);
}

// The application's context, or NULL. It has been looked at by check: whoever
// is handed a number for an address had better look before he follows it.
static void *
context_of(const hawser_settings *settings)
{
    int64_t address = hawser_setting_number(settings, "zmq.context");

    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is told as a number
    return address <= 0 ? NULL : (void *)(uintptr_t)address;
}

// The system copies from there, and says so where nothing is. One that will not
// copy is no reason to refuse.
static bool
is_readable(void *address)
{
    char copy[CONTEXT_SIZE];
    const struct iovec to = { copy, sizeof copy };
    const struct iovec from = { address, sizeof copy };
    ssize_t size = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

    return size == CONTEXT_SIZE ||
           (size < 0 && (errno == EPERM || errno == ENOSYS));
}

static bool
check_context(const hawser_settings *settings, char *sentence, size_t size)
{
    void *context = context_of(settings);

    return context == NULL ||
           (is_readable(context) &&
            zmq_ctx_get(context, ZMQ_IO_THREADS) >= 0) ||
           hw_shared_refuse(sentence, size,
                            "zmq.context: no context of ZeroMQ is there");
}

bool
hw_zmq_setup_check(const hawser_settings *settings,
                   const struct hw_zmq_url *url, char *sentence, size_t size)
{
    const char *identity = text(settings, "zmq.identity");

    if (strlen(identity) > IDENTITY_MAX) {
        return hw_shared_refuse(
            sentence, size, "zmq.identity has at most %d bytes", IDENTITY_MAX);
    }
    return check_curve(settings, url, sentence, size) &&
           check_plain(settings, url, sentence, size) &&
           check_shape(settings, url, sentence, size) &&
           check_confirm(settings, url, sentence, size) &&
           check_context(settings, sentence, size);
}

// ---- options ----

static bool
set_int(struct hw_zmq_wire *wire, int option, int64_t value)
{
    int number = value > INT32_MAX ? INT32_MAX : (int)value;

    return zmq_setsockopt(wire->socket, option, &number, sizeof number) == 0;
}

static bool
set_text(struct hw_zmq_wire *wire, int option, const char *value)
{
    return *value == '\0' ||
           zmq_setsockopt(wire->socket, option, value, strlen(value)) == 0;
}

static bool
set_heartbeat(struct hw_zmq_wire *wire, const hawser_settings *settings)
{
    int64_t interval = hawser_setting_number(settings, "heartbeat.interval");
    int64_t timeout = hawser_setting_number(settings, "heartbeat.timeout");
    int64_t ttl = interval + timeout;

    if (interval < 0) { // off
        return true;
    }
    return set_int(wire, ZMQ_HEARTBEAT_IVL, interval) &&
           set_int(wire, ZMQ_HEARTBEAT_TIMEOUT, timeout) &&
           set_int(wire, ZMQ_HEARTBEAT_TTL,
                   ttl < HEARTBEAT_TTL_MAX_MS ? ttl : HEARTBEAT_TTL_MAX_MS);
}

static bool
set_security(struct hw_zmq_wire *wire, const hawser_settings *settings)
{
    const char *secret = text(settings, "zmq.curve_secret_key");

    wire->secure = *secret != '\0';
    return (!wire->secure || !wire->bind ||
            set_int(wire, ZMQ_CURVE_SERVER, 1)) &&
           set_text(wire, ZMQ_CURVE_SERVERKEY,
                    text(settings, "zmq.curve_server_key")) &&
           set_text(wire, ZMQ_CURVE_PUBLICKEY,
                    text(settings, "zmq.curve_public_key")) &&
           set_text(wire, ZMQ_CURVE_SECRETKEY, secret) &&
           set_text(wire, ZMQ_PLAIN_USERNAME,
                    text(settings, "zmq.plain_username")) &&
           set_text(wire, ZMQ_PLAIN_PASSWORD,
                    text(settings, "zmq.plain_password"));
}

// Upstream go subscriptions only, which libzmq would drop at a limit.
static bool
set_limits(struct hw_zmq_wire *wire, const hawser_settings *settings)
{
    int number = wire->type->number;
    bool unlimited = number == ZMQ_SUB || number == ZMQ_XSUB;

    return set_int(wire, ZMQ_SNDHWM,
                   unlimited ? 0
                             : hawser_setting_number(settings, "zmq.sndhwm")) &&
           set_int(wire, ZMQ_RCVHWM,
                   hawser_setting_number(settings, "zmq.rcvhwm")) &&
           zmq_setsockopt(wire->socket, ZMQ_MAXMSGSIZE,
                          &(int64_t){ (int64_t)wire->message_max },
                          sizeof(int64_t)) == 0;
}

// A publisher with one subscriber waits for it; one that many have connected to
// does not have all of them wait for the slowest.
static bool
set_manners(struct hw_zmq_wire *wire)
{
    int number = wire->type->number;

    if (number == ZMQ_ROUTER) {
        return set_int(wire, ZMQ_ROUTER_MANDATORY, 1) &&
               set_int(wire, ZMQ_ROUTER_HANDOVER, 1);
    }
    return (number != ZMQ_PUB && number != ZMQ_XPUB) || wire->bind ||
           set_int(wire, ZMQ_XPUB_NODROP, 1);
}

static bool
subscribe(struct hw_zmq_wire *wire, const struct hw_zmq_url *url)
{
    for (unsigned i = 0; i < url->subscription_count; i++) {
        if (zmq_setsockopt(wire->socket, ZMQ_SUBSCRIBE,
                           url->subscriptions[i].bytes,
                           url->subscriptions[i].size) != 0) {
            return false;
        }
    }
    return true;
}

static bool
set_options(struct hw_zmq_wire *wire, const struct hw_zmq_url *url,
            const hawser_settings *settings)
{
    return set_int(wire, ZMQ_LINGER, 0) &&
           set_int(wire, ZMQ_IPV6, strpbrk(wire->address, ":*") != NULL) &&
           set_int(wire, ZMQ_RECONNECT_IVL, RECONNECT_NEVER_MS) &&
           set_int(wire, ZMQ_HANDSHAKE_IVL,
                   hawser_setting_number(settings, "dial.timeout")) &&
           set_text(wire, ZMQ_ROUTING_ID, text(settings, "zmq.identity")) &&
           set_heartbeat(wire, settings) && set_security(wire, settings) &&
           set_limits(wire, settings) && set_manners(wire) &&
           subscribe(wire, url);
}

// ---- the monitor ----

// libzmq's thread waits for a monitor that is full, with a lock held that
// closing the socket takes. So this one is never full.
static bool
open_monitor(struct hw_zmq_wire *wire, void *context)
{
    int events =
        ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CLOSED |
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    int none = 0;
    char name[64];

    (void)snprintf(name, sizeof name, "inproc://hawser-monitor-%p-%u",
                   (void *)wire->site, wire->site->sockets++); // it fits
    wire->monitor = zmq_socket(context, ZMQ_PAIR);
    return wire->monitor != NULL &&
           zmq_setsockopt(wire->monitor, ZMQ_RCVHWM, &none, sizeof none) == 0 &&
           zmq_setsockopt(wire->monitor, ZMQ_LINGER, &none, sizeof none) == 0 &&
           zmq_socket_monitor(wire->socket, name, events) == 0 &&
           zmq_connect(wire->monitor, name) == 0;
}

// ---- the endpoint ----

static void
write_endpoint(const struct hw_zmq_wire *wire, char *to, size_t size)
{
    bool v6 = strchr(wire->address, ':') != NULL;

    switch (wire->carrier) {
    case HW_ZMQ_TCP:
        if (wire->port_number == 0) {
            (void)snprintf(to, size, v6 ? "tcp://[%s]:*" : "tcp://%s:*",
                           wire->address);
        } else {
            (void)snprintf(to, size, v6 ? "tcp://[%s]:%u" : "tcp://%s:%u",
                           wire->address, wire->port_number);
        }
        break;
    case HW_ZMQ_IPC:
        (void)snprintf(to, size, "ipc://%s", wire->place);
        break;
    case HW_ZMQ_INPROC:
        (void)snprintf(to, size, "inproc://%s", wire->place);
        break;
    }
}

static bool
attach(struct hw_zmq_wire *wire, char *sentence, size_t size)
{
    char endpoint[HW_ZMQ_NAME_MAX + 64];

    write_endpoint(wire, endpoint, sizeof endpoint); // it fits
    if ((wire->bind ? zmq_bind(wire->socket, endpoint)
                    : zmq_connect(wire->socket, endpoint)) == 0) {
        return true;
    }
    return hw_shared_refuse(sentence, size, "%s: %s",
                            wire->bind ? "bind" : "connect",
                            zmq_strerror(zmq_errno()));
}

bool
hw_zmq_setup(struct hw_zmq_wire *wire, const struct hw_zmq_url *url,
             const hawser_settings *settings, const char *address,
             char *sentence, size_t size)
{
    void *context = context_of(settings);

    context = context == NULL ? wire->site->context : context;
    (void)snprintf(wire->address, sizeof wire->address, "%s",
                   *address == '\0' ? "*" : address); // numeric, so it fits
    (void)snprintf(wire->place, sizeof wire->place, "%s", url->place);
    wire->socket = zmq_socket(context, wire->type->number);
    if (wire->socket == NULL ||
        (wire->carrier != HW_ZMQ_INPROC && !open_monitor(wire, context)) ||
        !set_options(wire, url, settings)) {
        return hw_shared_refuse(sentence, size, "zmq: %s",
                                zmq_strerror(zmq_errno()));
    }
    return attach(wire, sentence, size);
}
