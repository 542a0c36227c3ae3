// zmq.c - the ZeroMQ transport: its verbs.
//
// A wire is a ZeroMQ socket with one endpoint. libzmq connects, shakes hands,
// encrypts and frames on a thread of its own, and tells of it through the
// socket's monitor (monitor.c); it never dials twice, since Hawser decides
// when. The loop watches the socket's descriptor, which tells of news and not
// of what is there: so each turn of a wire (wire.c) goes through all of it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "shared/sentence.h"
#include "wire.h"

extern const hawser_transport hawser_transport_zmq;

// The longest goodbye. Hawser gives it a second in all.
enum { LINGER_MS = 700 };

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t size)
{
    struct hw_zmq_url parts;

    memset(route, 0, sizeof *route);
    if (!hw_zmq_url_parse(url, &parts, sentence, size) ||
        !hw_zmq_setup_check(settings, &parts, sentence, size)) {
        return HAWSER_INVALID;
    }
    if (parts.carrier == HW_ZMQ_TCP && strcmp(parts.host, "*") != 0) {
        (void)snprintf(route->host, sizeof route->host, "%s",
                       parts.host); // it fits
    }
    route->port = parts.port;
    return HAWSER_OK;
}

static struct hw_zmq_shape
shape_of(const struct hw_zmq_type *type, const hawser_settings *settings)
{
    return (struct hw_zmq_shape){
        .multipart = (enum hw_zmq_multipart)hawser_setting_number(
            settings, "zmq.multipart"),
        .addressed = type->number == ZMQ_ROUTER,
        .topics = type->topics,
    };
}

static hawser_status
fits(const char *url, const hawser_settings *settings,
     const hawser_message *message, char *sentence, size_t size)
{
    const struct hw_zmq_type *type = hw_zmq_url_type(url);
    struct hw_zmq_shape shape = shape_of(type, settings);
    const char *fault = NULL;

    if (!type->sends) {
        fault = hw_zmq_no_sender;
    } else if (type->number == ZMQ_SUB) { // subscriptions have no shape
        return HAWSER_OK;
    } else if (message == NULL) {
        return hw_zmq_shape_is_picky(&shape) ? HAWSER_INVALID : HAWSER_OK;
    } else {
        fault = hw_zmq_shape_fault(&shape, message);
    }
    return fault == NULL || hw_shared_refuse(sentence, size, "zmq: %s", fault)
               ? HAWSER_OK
               : HAWSER_INVALID;
}

static void
configure(struct hw_zmq_wire *wire, const struct hw_zmq_url *url,
          const hawser_dial *dial)
{
    const hawser_settings *settings = dial->settings;

    wire->type = url->type;
    wire->carrier = url->carrier;
    wire->bind = url->bind;
    wire->awaits_answer = url->type->number == ZMQ_REP;
    wire->shape = shape_of(url->type, settings);
    wire->dial_ms = (unsigned)hawser_setting_number(settings, "dial.timeout");
    wire->buffer_max = (size_t)hawser_setting_number(settings, "zmq.buffer");
    wire->message_max = (size_t)hawser_setting_number(settings, "message.max");
    wire->port_number = dial->port;
}

static hawser_status
dial_url(void *site, const hawser_dial *dial, hawser_port *port, void **result,
         char *sentence, size_t size)
{
    struct hw_zmq_url url;
    struct hw_zmq_wire *wire;
    int error;

    if (!hw_zmq_url_parse(dial->url, &url, sentence, size)) {
        return HAWSER_INVALID;
    }
    wire = hw_zmq_wire_new(site, port);
    if (wire == NULL) {
        (void)hw_shared_refuse(sentence, size, "zmq: out of memory");
        return HAWSER_NO_MEMORY;
    }
    configure(wire, &url, dial);
    if (!hw_zmq_setup(wire, &url, dial->settings, dial->address, sentence,
                      size)) {
        hw_zmq_wire_let_go(wire, 0);
        return HAWSER_SYSTEM;
    }
    error = hw_zmq_wire_watch(wire);
    if (error != 0) {
        (void)hw_shared_refuse(sentence, size, "zmq: %s", uv_strerror(error));
        hw_zmq_wire_let_go(wire, 0);
        return HAWSER_SYSTEM;
    }
    *result = wire;
    // What is bound is open. Of the others a first look is due: libzmq's
    // descriptors tell of news to those only who have found nothing before.
    wire->monitor_due = wire->monitor != NULL;
    hw_zmq_wire_soon(wire);
    return HAWSER_OK;
}

static void
barrier(void *user, uint64_t number)
{
    struct hw_zmq_wire *wire = user;

    if (wire->type->number == ZMQ_REQ) {
        wire->asked = true;
        wire->answered = !wire->awaits_answer;
        wire->barrier = number;
        hw_zmq_wire_soon(wire);
    }
}

static void
listen_to(void *user, int on)
{
    struct hw_zmq_wire *wire = user;

    wire->deaf = on == 0;
    if (on != 0) {
        hw_zmq_wire_soon(wire);
    }
}

static void
close_wire(void *user, int code, const char *reason)
{
    (void)reason; // ZMTP has no goodbye
    hw_zmq_wire_let_go(user, code == HAWSER_CLOSE_CUT ? 0 : LINGER_MS);
}

const hawser_transport hawser_transport_zmq = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "zmq+tcp zmq+ipc zmq+inproc",
    .start = hw_zmq_site_start,
    .stop = hw_zmq_site_stop,
    .check = check,
    .dial = dial_url,
    .send = hw_zmq_send,
    .barrier = barrier,
    .listen = listen_to,
    .close = close_wire,
    .gauge = hw_zmq_gauge,
    .fits = fits,
};
