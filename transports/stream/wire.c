// wire.c - the life of a wire: watching, failing, leaving.
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MS = 1000 };

// ---- the end ----

static void
on_closed(uv_handle_t *handle)
{
    struct hw_stream_wire *wire = handle->data;
    struct hw_stream_site *site = wire->site;

    if (--wire->handles == 0) {
        hw_stream_tls_free(wire->tls);
        hw_stream_out_clear(wire);
        hw_stream_reader_clear(&wire->reader);
        free(wire);
        hw_stream_site_forget_wire(site);
    }
}

void
hw_stream_wire_end(struct hw_stream_wire *wire, bool reset)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };

    wire->phase = HW_STREAM_DEAD;
    wire->port = NULL;
    if (wire->fd >= 0) {
        uv_close((uv_handle_t *)&wire->poll, on_closed);
        if (reset && wire->v4_or_v6) { // at worst it is an ordinary end
            (void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &none,
                             sizeof none);
        }
        (void)close(wire->fd); // what was not written is lost in any case
    }
    uv_close((uv_handle_t *)&wire->timer, on_closed);
}

void
hw_stream_wire_lose(struct hw_stream_wire *wire, hawser_cause cause,
                    const char *error)
{
    const hawser_lost why = { .cause = cause,
                              .error = error,
                              .headers = "",
                              .reason = "",
                              .retry_after_ms = -1 };
    hawser_port *port = wire->port;

    hw_stream_wire_end(wire, false);
    hawser_port_lost(port, &why);
}

static void
on_linger_over(uv_timer_t *timer)
{
    hw_stream_wire_end(timer->data, false);
}

// Behind all that was to be written, our half ends.
static void
shut_if_written(struct hw_stream_wire *wire)
{
    if (wire->phase == HW_STREAM_LEAVING && !wire->shut &&
        hw_stream_out_backlog(wire) == 0) {
        wire->shut = true;
        (void)shutdown(wire->fd, SHUT_WR); // the peer may be gone already
    }
}

void
hw_stream_wire_leave(struct hw_stream_wire *wire)
{
    wire->phase = HW_STREAM_LEAVING;
    wire->port = NULL;
    (void)uv_timer_start(&wire->timer, on_linger_over, LINGER_MS, 0);
    if (wire->tls != NULL) {
        hw_stream_tls_leave(wire->tls);
        hw_stream_out_flush(wire);
    }
    shut_if_written(wire);
    hw_stream_wire_watch(wire);
}

// ---- what fails and is told later ----

static void
on_broken(uv_timer_t *timer)
{
    struct hw_stream_wire *wire = timer->data;
    char sentence[120];

    if (wire->phase == HW_STREAM_CONNECTING) {
        (void)snprintf(sentence, sizeof sentence, "connect: %s",
                       strerror(wire->error));
        hw_stream_wire_lose(wire, HAWSER_CAUSE_UNREACHABLE, sentence);
        return;
    }
    if (wire->phase == HW_STREAM_LEAVING) {
        hw_stream_wire_end(wire, false);
        return;
    }
    // The peer may have said why it no longer reads.
    hw_stream_reading(wire);
    if (wire->phase != HW_STREAM_DEAD) {
        (void)snprintf(sentence, sizeof sentence, "write: %s",
                       strerror(wire->error));
        hw_stream_wire_lose(wire,
                            wire->error == ENOMEM ? HAWSER_CAUSE_LOCAL
                                                  : HAWSER_CAUSE_RESET,
                            sentence);
    }
}

void
hw_stream_wire_mute(struct hw_stream_wire *wire, int error)
{
    wire->mute = true;
    wire->error = error;
    wire->barrier_count = 0;
    hw_stream_out_clear(wire);
    (void)uv_timer_start(&wire->timer, on_broken, 0, 0); // it is not closing
}

// ---- watching ----

static void
tell_room(struct hw_stream_wire *wire)
{
    if (wire->wants_room && wire->phase == HW_STREAM_OPEN && !wire->mute &&
        hw_stream_out_backlog(wire) <= wire->out_limit / 2) {
        wire->wants_room = false;
        hawser_port_writable(wire->port);
    }
}

// An error says no more than that there is one: writing and reading tell which.
static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct hw_stream_wire *wire = poll->data;

    if (wire->phase == HW_STREAM_CONNECTING) {
        hw_stream_wire_connected(wire);
    } else {
        if (status < 0 || (events & UV_WRITABLE) != 0) {
            hw_stream_out_flush(wire);
        }
        if (wire->phase != HW_STREAM_DEAD &&
            !(wire->deaf && wire->phase == HW_STREAM_OPEN) &&
            (status < 0 || (events & UV_READABLE) != 0)) {
            hw_stream_reading(wire);
        }
        // Reading writes as well: TLS answers behind what waits.
        shut_if_written(wire);
        tell_room(wire);
    }
    if (status < 0) { // libuv has stopped to watch
        wire->events = 0;
    }
    hw_stream_wire_watch(wire);
}

void
hw_stream_wire_watch(struct hw_stream_wire *wire)
{
    int events = UV_READABLE;

    if (wire->phase == HW_STREAM_DEAD || wire->fd < 0) {
        return;
    }
    if (wire->phase == HW_STREAM_CONNECTING) {
        events = wire->mute ? 0 : UV_WRITABLE;
    } else {
        if (wire->deaf && wire->phase == HW_STREAM_OPEN) {
            events = 0;
        }
        if (hw_stream_out_backlog(wire) > 0) {
            events |= UV_WRITABLE;
        }
    }
    if (events == wire->events) {
        return;
    }
    wire->events = (uint8_t)events;
    if (events == 0) {
        (void)uv_poll_stop(&wire->poll); // always 0
    } else if (uv_poll_start(&wire->poll, events, on_poll) != 0) {
        hw_stream_wire_mute(wire, ENOMEM);
    }
}
