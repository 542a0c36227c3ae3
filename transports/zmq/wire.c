// wire.c - the life of a wire: its turns, and its end.
#include "wire.h"

#include "patient.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

// ---- beginning ----

struct hw_zmq_wire *
hw_zmq_wire_new(struct hw_zmq_site *site, hawser_port *port)
{
    struct hw_zmq_wire *wire = calloc(1, sizeof *wire);

    if (wire == NULL) {
        return NULL;
    }
    wire->ledger = hw_zmq_ledger_new(site->bell);
    if (wire->ledger == NULL) {
        free(wire);
        return NULL;
    }
    wire->site = site;
    wire->port = port;
    wire->next = site->wires;
    if (site->wires != NULL) {
        site->wires->previous = wire;
    }
    site->wires = wire;
    return wire;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; // of a broken descriptor, which these never are
    (void)events;
    hw_zmq_wire_turn(poll->data);
}

static void
on_monitor(uv_poll_t *poll, int status, int events)
{
    struct hw_zmq_wire *wire = poll->data;

    (void)status; // likewise
    (void)events;
    wire->monitor_due = true;
    hw_zmq_wire_turn(wire);
}

static int
watch(struct hw_zmq_wire *wire, uv_poll_t *poll, void *socket, uv_poll_cb call)
{
    size_t size = sizeof(int);
    int fd, error;

    if (hw_zmq_ask(socket, ZMQ_FD, &fd, &size) != 0) {
        return UV_EBADF;
    }
    error = uv_poll_init(wire->site->loop, poll, fd);
    if (error == 0) {
        poll->data = wire;
        wire->handles++;
        error = uv_poll_start(poll, UV_READABLE, call);
    }
    return error;
}

int
hw_zmq_wire_watch(struct hw_zmq_wire *wire)
{
    int error = uv_timer_init(wire->site->loop, &wire->timer);

    wire->timer.data = wire;
    wire->handles++;
    if (error == 0) {
        error = watch(wire, &wire->poll, wire->socket, on_poll);
    }
    if (error == 0 && wire->monitor != NULL) {
        error = watch(wire, &wire->monitor_poll, wire->monitor, on_monitor);
    }
    return error;
}

// ---- end ----

void
hw_zmq_wire_note(struct hw_zmq_wire *wire, hawser_cause cause,
                 const char *format, ...)
{
    va_list list;

    if (wire->why.known) {
        return;
    }
    va_start(list, format);
    wire->why.known = true;
    wire->why.cause = cause;
    (void)vsnprintf(wire->why.error, sizeof wire->why.error, format,
                    list); // may be cut
    va_end(list);
}

void
hw_zmq_wire_end(struct hw_zmq_wire *wire)
{
    wire->phase = HW_ZMQ_ENDING;
    wire->end_is_known = true;
    hw_zmq_wire_soon(wire);
}

static void
free_if_done(struct hw_zmq_wire *wire)
{
    struct hw_zmq_site *site = wire->site;

    if (wire->phase != HW_ZMQ_GONE || wire->handles > 0 || wire->due) {
        return;
    }
    *(wire->previous != NULL ? &wire->previous->next : &site->wires) =
        wire->next;
    if (wire->next != NULL) {
        wire->next->previous = wire->previous;
    }
    hw_zmq_ledger_drop(wire->ledger);
    free(wire);
    hw_zmq_site_look(site);
}

static void
on_closed(uv_handle_t *handle)
{
    struct hw_zmq_wire *wire = handle->data;

    wire->handles--;
    free_if_done(wire);
}

static void
close_handle(uv_handle_t *handle)
{
    if (handle->data != NULL) { // it was begun
        uv_close(handle, on_closed);
    }
}

// The monitor ends first: libzmq's thread waits for who does not read it.
static void
close_sockets(struct hw_zmq_wire *wire, int linger_ms)
{
    if (wire->monitor != NULL) {
        (void)zmq_socket_monitor(wire->socket, NULL, 0); // it ends it
        (void)zmq_close(wire->monitor);                  // it is a socket
        wire->monitor = NULL;
    }
    if (wire->socket != NULL) {
        (void)zmq_setsockopt(wire->socket, ZMQ_LINGER, &linger_ms,
                             sizeof linger_ms); // any number will do
        (void)zmq_close(wire->socket);          // it is a socket
        wire->socket = NULL;
    }
}

void
hw_zmq_wire_let_go(struct hw_zmq_wire *wire, int linger_ms)
{
    wire->phase = HW_ZMQ_GONE;
    wire->port = NULL;
    hw_zmq_probe_cancel(wire);
    // libuv forgets the descriptors before libzmq closes them.
    close_handle((uv_handle_t *)&wire->poll);
    close_handle((uv_handle_t *)&wire->monitor_poll);
    close_handle((uv_handle_t *)&wire->timer);
    close_sockets(wire, linger_ms);
    free_if_done(wire);
}

void
hw_zmq_wire_lose(struct hw_zmq_wire *wire)
{
    hawser_port *port = wire->port;
    const hawser_lost why = { .cause = wire->why.cause,
                              .error = wire->why.error,
                              .headers = "",
                              .reason = "",
                              .retry_after_ms = -1 };

    hw_zmq_wire_let_go(wire, 0); // handles are closed later, so why lasts
    hawser_port_lost(port, &why);
}

// ---- turns ----

// A call of the port may close the wire, so each step looks whether it is gone.
void
hw_zmq_wire_turn(struct hw_zmq_wire *wire)
{
    if (wire->phase == HW_ZMQ_GONE) {
        free_if_done(wire); // unless a handle is still to be closed
        return;
    }
    if (wire->monitor_due) {
        hw_zmq_monitor_read(wire);
    }
    if (wire->phase == HW_ZMQ_DIALING &&
        (wire->bind || wire->monitor == NULL)) {
        hw_zmq_wire_opened(wire);
    }
    if (wire->phase != HW_ZMQ_GONE) {
        hw_zmq_receive(wire);
    }
    if (wire->phase == HW_ZMQ_OPEN) {
        hw_zmq_say_writable(wire);
    }
    if (wire->phase == HW_ZMQ_ENDING && wire->end_is_known && wire->drained) {
        hw_zmq_wire_lose(wire);
    }
}
