// wire.c - the life of a wire: what is said about it, and when it ends.
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "vhost.h"

enum {
    // The longest goodbye. Hawser gives it a second in all, and what is closed
    // then takes a moment of its own.
    LINGER_MS = 800,
    // Of thousands of dials, so many are under way at once: each holds buffers
    // of 16 KiB until it is through, and libwebsockets keeps those that connect
    // in one list, in order, and walks it for each that it adds. So that peers
    // which never answer do not keep the others waiting, a few more begin
    // every millisecond all the same.
    CONNECTING_MAX = 64,
    PUSHES_PER_MS = 4,
};

void
hw_ws_wire_soon(struct hw_ws_wire *wire, enum hw_ws_deed deed)
{
    struct hw_ws_site *site = wire->site;

    if (deed == HW_WS_WATCH && wire->deed != HW_WS_NOTHING) {
        return; // whatever else waits is of more weight
    }
    wire->deed = deed;
    hw_ws_wire_list(wire, deed == HW_WS_CONNECT ? &site->dials : &site->soon);
    // It fails only if it has no callback.
    (void)uv_timer_start(&site->timer, hw_ws_wire_do_due, 0, 0);
}

void
hw_ws_dialling_free(struct hw_ws_site *site, struct hw_ws_dialling *dialling)
{
    if (dialling == NULL) {
        return;
    }
    site->connecting -= dialling->connecting;
    free(dialling->request);
    free(dialling->headers);
    free(dialling);
}

void
hw_ws_note(struct hw_ws_dialling *dialling, hawser_cause cause,
           const char *sentence)
{
    dialling->note_cause = cause;
    (void)snprintf(dialling->note, sizeof dialling->note, "%s", sentence);
}

void
hw_ws_wire_free(struct hw_ws_wire *wire)
{
    struct hw_ws_site *site = wire->site;

    hw_ws_wire_list(wire, NULL);
    hw_ws_dialling_free(site, wire->dialling);
    hw_ws_reader_clear(&wire->reader, &site->pool);
    hw_ws_out_clear(wire);
    if (wire->vhost != NULL) {
        hw_ws_vhost_drop(site, wire->vhost);
    }
    free(wire);
    site->wires--;
    if (site->stopping && site->wires == 0) {
        (void)uv_timer_start(&site->timer, hw_ws_wire_do_due, 0, 0);
    }
}

void
hw_ws_wire_gone(struct hw_ws_wire *wire)
{
    wire->wsi = NULL;
    wire->poll = NULL;
    if (wire->port == NULL) {
        hw_ws_wire_free(wire);
    } else {
        wire->phase = HW_WS_DEAD; // the deed that waits will tell
    }
}

void
hw_ws_wire_lose(struct hw_ws_wire *wire, const hawser_lost *why)
{
    hawser_port *port = wire->port;

    wire->port = NULL;
    if (wire->phase != HW_WS_DEAD) {
        wire->phase = HW_WS_LEAVING;
    }
    if (port != NULL) {
        hawser_port_lost(port, why);
    }
}

void
hw_ws_wire_fail(struct hw_ws_wire *wire, hawser_cause cause, const char *error)
{
    hawser_lost why = { .cause = cause,
                        .error = error,
                        .headers = "",
                        .reason = "",
                        .retry_after_ms = -1 };

    hw_ws_wire_lose(wire, &why);
    hw_ws_wire_soon(wire, HW_WS_KILL);
}

void
hw_ws_wire_leave(struct hw_ws_wire *wire, unsigned code, const void *reason,
                 size_t reason_size)
{
    struct hw_ws_site *site = wire->site;
    uint8_t payload[HW_WS_CONTROL_MAX];
    size_t size = 0;

    wire->port = NULL;
    wire->phase = HW_WS_LEAVING; // nobody is told of what still comes
    if (wire->mute) {
        hw_ws_wire_soon(wire, HW_WS_KILL);
        return;
    }
    if (code != 0) {
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        memcpy(payload + 2, reason, reason_size);
        size = 2 + reason_size;
    }
    wire->deed = HW_WS_NOTHING;
    wire->deadline = uv_now(site->loop) + LINGER_MS;
    hw_ws_wire_list(wire, &site->later);
    // Where it runs already, it is for something that is due no later.
    if (!uv_is_active((uv_handle_t *)&site->timer)) {
        (void)uv_timer_start(&site->timer, hw_ws_wire_do_due, LINGER_MS, 0);
    }
    hw_ws_out_control(wire, HW_WS_CLOSE, payload, size);
    if (wire->tls && wire->deaf && wire->wsi != NULL) {
        (void)lws_rx_flow_control(wire->wsi, 1); // to hear the peer's end
    }
    hw_ws_stream_watch(wire);
}

// libwebsockets waits up to five seconds for what it has buffered; a socket
// that is shut down lets it go at once.
static void
kill_socket(struct hw_ws_wire *wire)
{
    wire->phase = HW_WS_DEAD;
    if (wire->wsi == NULL) {
        hw_ws_wire_free(wire);
        return;
    }
    if (wire->tls && lws_partial_buffered(wire->wsi)) {
        (void)shutdown(lws_get_socket_fd(wire->wsi), SHUT_RDWR);
    }
    if (wire->poll != NULL) {
        (void)uv_poll_stop(wire->poll);
    }
    lws_set_timeout(wire->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void
tell(struct hw_ws_wire *wire)
{
    hawser_lost why = { .cause = wire->dialling->note_cause,
                        .error = wire->dialling->note,
                        .headers = "",
                        .reason = "",
                        .retry_after_ms = -1 };

    hw_ws_wire_lose(wire, &why);
    kill_socket(wire);
}

static void
do_deed(struct hw_ws_wire *wire)
{
    enum hw_ws_deed deed = wire->deed;

    wire->deed = HW_WS_NOTHING;
    switch (deed) {
    case HW_WS_NOTHING:
        break;
    case HW_WS_CONNECT:
        wire->dialling->connecting = true;
        wire->site->connecting++;
        hw_ws_wire_connect(wire);
        break;
    case HW_WS_WATCH:
        hw_ws_answer_watch(wire);
        break;
    case HW_WS_TAKE_OVER:
        hw_ws_take_over(wire);
        break;
    case HW_WS_TELL:
        tell(wire);
        break;
    case HW_WS_LOOK:
        hw_ws_stream_look(wire);
        break;
    case HW_WS_KILL:
        kill_socket(wire);
        break;
    }
}

// The first wire of a list, which it leaves; NULL: there is none.
static struct hw_ws_wire *
take_first(struct hw_ws_site *site, struct hw_ws_list *list)
{
    struct hw_ws_wire *wire = list->first;

    if (wire != NULL) {
        hw_ws_wire_list(wire, &site->all);
    }
    return wire;
}

static bool
may_connect(struct hw_ws_site *site)
{
    uint64_t now = uv_now(site->loop);

    if (site->connecting < CONNECTING_MAX) {
        return true;
    }
    if (site->pushed_at != now) {
        site->pushed_at = now;
        site->pushed = 0;
    }
    return site->pushed++ < PUSHES_PER_MS;
}

static void
connect_some(struct hw_ws_site *site)
{
    while (site->dials.first != NULL && may_connect(site)) {
        do_deed(take_first(site, &site->dials));
    }
    if (site->dials.first != NULL) {
        // With 0 libuv would come here again before it polls.
        (void)uv_timer_start(&site->timer, hw_ws_wire_do_due, 1, 0);
    }
}

void
hw_ws_wire_do_due(uv_timer_t *timer)
{
    struct hw_ws_site *site = timer->data;
    uint64_t now = uv_now(site->loop);
    struct hw_ws_wire *wire;

    while ((wire = take_first(site, &site->soon)) != NULL) {
        do_deed(wire);
    }
    connect_some(site);
    while (site->later.first != NULL && site->later.first->deadline <= now) {
        kill_socket(take_first(site, &site->later));
    }
    if (site->later.first != NULL && !uv_is_active((uv_handle_t *)timer)) {
        (void)uv_timer_start(timer, hw_ws_wire_do_due,
                             site->later.first->deadline - now, 0);
    }
    if (site->stopping && site->wires == 0) {
        hw_ws_site_end(site);
    }
}
