// monitor.c - what libzmq says of a wire's connection, and what becomes of it.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "patient.h"
#include "wire.h"

enum { EVENT_SIZE = 6 }; // two bytes of event, four of value

// libzmq says that it would dial again right behind a connection that ended.
// Behind a peer that broke the protocol it does not; it takes microseconds, so
// after this time it does not come any more. Chosen.
enum { VERDICT_MS = 100 };

// ---- words ----

static const char *
protocol_words(uint32_t value)
{
    switch (value) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
        return "the peer wants another security mechanism";
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
        return "the keys do not fit";
    case ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA:
        return "the peer's socket type does not go with this one, or its "
               "metadata are malformed";
    case ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND:
        return "an unexpected command";
    case ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE:
        return "a command out of turn";
    case ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE:
        return "the key exchange failed";
    default:
        return value < ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED
                   ? "a malformed command"
                   : "the authenticator gave a malformed answer";
    }
}

// The statuses of ZAP (RFC 27): 300 comes and goes, 400 stays.
static void
note_refused(struct hw_zmq_wire *wire, uint32_t status)
{
    if (status == 400) {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_TLS,
                         "handshake refused: 400, the peer does not accept "
                         "this key or password");
    } else {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_PROTOCOL,
                         "handshake refused: %u, the peer's authenticator "
                         "can't tell",
                         status);
    }
}

static void
note_broken(struct hw_zmq_wire *wire, uint32_t value)
{
    bool fatal = value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ||
                 value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;

    hw_zmq_wire_note(wire, fatal ? HAWSER_CAUSE_TLS : HAWSER_CAUSE_PROTOCOL,
                     "handshake refused: %s", protocol_words(value));
}

// ---- opening ----

static const char *
after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 ? text + length : text;
}

static void
write_peer(struct hw_zmq_wire *wire, char *peer, size_t size)
{
    if (hw_zmq_ask(wire->socket, ZMQ_LAST_ENDPOINT, peer, &size) != 0) {
        (void)snprintf(peer, size, "%s", wire->type->name); // it fits
    }
}

void
hw_zmq_wire_opened(struct hw_zmq_wire *wire)
{
    char peer[HW_ZMQ_NAME_MAX + 64];
    hawser_opened info = { .protocol = wire->type->name,
                           .headers = "",
                           .barriers = wire->type->number == ZMQ_REQ };

    write_peer(wire, peer, sizeof peer);
    info.peer = after(peer, "tcp://");
    wire->phase = HW_ZMQ_OPEN;
    (void)uv_timer_stop(&wire->timer); // it can't fail
    hawser_port_opened(wire->port, &info);
}

// ---- ending ----

void
hw_zmq_monitor_late(struct hw_zmq_wire *wire)
{
    if (wire->phase == HW_ZMQ_ENDING) {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_TOO_BIG,
                         "zmq: a frame above message.max (%zu), or none of "
                         "ZMTP's",
                         wire->message_max);
        hw_zmq_wire_end(wire);
    } else if (wire->phase == HW_ZMQ_DIALING) {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_PROTOCOL,
                         "handshake: the peer does not speak ZMTP 3");
        hw_zmq_wire_lose(wire);
    }
}

static void
on_timer(uv_timer_t *timer)
{
    hw_zmq_monitor_late(timer->data);
}

static void
wait_for(struct hw_zmq_wire *wire, unsigned ms)
{
    (void)uv_timer_start(&wire->timer, on_timer, ms, 0); // it has a callback
}

// A connection attempt that failed; libzmq keeps to itself why.
static void
on_unreachable(struct hw_zmq_wire *wire)
{
    if (wire->phase == HW_ZMQ_ENDING) {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_RESET,
                         "zmq: the connection ended: cut off, or silent for "
                         "heartbeat.timeout");
        hw_zmq_wire_end(wire);
    } else if (wire->phase == HW_ZMQ_DIALING && !wire->connected &&
               wire->probe == NULL) {
        hw_zmq_probe_begin(wire);
    }
}

// libzmq hangs up without a word of its own where metadata do not please it.
static void
note_hung_up(struct hw_zmq_wire *wire)
{
    if (!wire->hung_up) {
        note_broken(wire, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    } else if (wire->secure) {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_PROTOCOL,
                         "handshake: the peer hung up; it does so where "
                         "zmq.curve_server_key is not its own");
    } else {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_PROTOCOL,
                         "handshake: the peer hung up");
    }
}

static void
on_disconnected(struct hw_zmq_wire *wire)
{
    if (wire->phase == HW_ZMQ_DIALING) {
        note_hung_up(wire);
        hw_zmq_wire_lose(wire);
    } else if (wire->phase == HW_ZMQ_OPEN) {
        wire->phase = HW_ZMQ_ENDING;
        wire->drained = false;
        wait_for(wire, VERDICT_MS);
    }
}

// ---- events ----

static void
on_connecting_event(struct hw_zmq_wire *wire, unsigned event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        wire->connected = true;
        wait_for(wire, wire->dial_ms / 2);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        if (wire->phase == HW_ZMQ_DIALING) {
            hw_zmq_wire_opened(wire);
        }
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        note_refused(wire, value);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        note_broken(wire, value);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        wire->hung_up = true;
        break;
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_CONNECT_RETRIED:
        on_unreachable(wire);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        on_disconnected(wire);
        break;
    default:
        break;
    }
}

// Peers come and go; the wire stays.
static void
on_bound_event(struct hw_zmq_wire *wire, unsigned event, uint32_t value)
{
    char note[128];

    switch (event) {
    case ZMQ_EVENT_ACCEPTED:
        wire->peers++;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        hawser_port_alive(wire->port);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        wire->peers -= wire->peers > 0;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        (void)snprintf(note, sizeof note, "zmq: a peer's handshake failed: %s",
                       protocol_words(value)); // it fits
        hawser_port_note(wire->port, note);
        break;
    default:
        break;
    }
}

// false: there is nothing more.
static bool
next_event(struct hw_zmq_wire *wire, unsigned *event, uint32_t *value)
{
    uint8_t bytes[EVENT_SIZE];
    uint16_t number;
    char endpoint[1];

    if (hw_zmq_take_bytes(wire->monitor, bytes, sizeof bytes) != EVENT_SIZE) {
        return false;
    }
    (void)hw_zmq_take_bytes(wire->monitor, endpoint, 1); // it is there
    memcpy(&number, bytes, sizeof number);
    memcpy(value, bytes + sizeof number, sizeof *value);
    *event = number;
    return true;
}

void
hw_zmq_monitor_read(struct hw_zmq_wire *wire)
{
    unsigned event;
    uint32_t value;

    wire->monitor_due = false;
    while (wire->phase != HW_ZMQ_GONE && next_event(wire, &event, &value)) {
        if (wire->bind) {
            on_bound_event(wire, event, value);
        } else {
            on_connecting_event(wire, event, value);
        }
    }
}
