// reading.c - the peer's bytes become calls of the port.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum { READS_AT_ONCE = 4 }; // then other wires have their turn

static bool
hear(void *user, hawser_kind kind, const uint8_t *bytes, size_t size)
{
    struct hw_stream_wire *wire = user;

    hawser_port_received(wire->port, kind, NULL, 0, bytes, size);
    return wire->phase == HW_STREAM_OPEN;
}

static void
take_plain(struct hw_stream_wire *wire, const uint8_t *bytes, size_t size)
{
    static const hawser_cause causes[] = {
        [HW_STREAM_BROKEN] = HAWSER_CAUSE_PROTOCOL,
        [HW_STREAM_TOO_LARGE] = HAWSER_CAUSE_TOO_BIG,
        [HW_STREAM_NO_ROOM] = HAWSER_CAUSE_LOCAL,
    };
    char sentence[160];
    enum hw_stream_verdict verdict;

    if (wire->phase != HW_STREAM_OPEN) {
        return; // behind our goodbye it is of no interest
    }
    verdict = hw_stream_read(&wire->reader, bytes, size, hear, wire, sentence,
                             sizeof sentence);
    if (verdict != HW_STREAM_READ_ON && verdict != HW_STREAM_STOPPED) {
        hw_stream_wire_lose(wire, causes[verdict], sentence);
    }
}

// The peer's end. It is an ordinary one between two messages, and with TLS
// behind a goodbye.
static void
end(struct hw_stream_wire *wire, bool said)
{
    bool amid = hw_stream_reader_is_amid(&wire->reader);

    if (wire->phase == HW_STREAM_LEAVING) {
        hw_stream_wire_end(wire, false);
    } else if (wire->phase == HW_STREAM_SHAKING) {
        hw_stream_wire_lose(wire, HAWSER_CAUSE_TLS,
                            "TLS: the peer broke off the handshake");
    } else if (said && !amid) {
        hw_stream_wire_lose(wire, HAWSER_CAUSE_CLOSED,
                            "the peer closed the connection");
    } else {
        hw_stream_wire_lose(wire, HAWSER_CAUSE_RESET,
                            amid ? "the peer hung up in the middle of a message"
                                 : "the peer hung up without a goodbye");
    }
}

static void
end_by_error(struct hw_stream_wire *wire, int error)
{
    char sentence[120];

    if (wire->phase == HW_STREAM_LEAVING) {
        hw_stream_wire_end(wire, false);
        return;
    }
    (void)snprintf(sentence, sizeof sentence, "%s: %s",
                   wire->phase == HW_STREAM_SHAKING ? "TLS" : "read",
                   strerror(error));
    hw_stream_wire_lose(wire,
                        wire->phase == HW_STREAM_SHAKING ? HAWSER_CAUSE_TLS
                                                         : HAWSER_CAUSE_RESET,
                        sentence);
}

// ---- TLS ----

// false: there is nothing more to be read of what came.
static bool
decrypt(struct hw_stream_wire *wire)
{
    struct hw_stream_tls_why why;
    size_t size = 0;
    uint8_t *to = wire->site->plain;

    switch (
        hw_stream_tls_read(wire->tls, to, HW_STREAM_PLAIN_SIZE, &size, &why)) {
    case HW_STREAM_TLS_DONE:
        take_plain(wire, to, size);
        return wire->phase == HW_STREAM_OPEN ||
               wire->phase == HW_STREAM_LEAVING;
    case HW_STREAM_TLS_MORE:
        break;
    case HW_STREAM_TLS_ENDED:
        hw_stream_tls_leave(wire->tls); // it may have said so already
        hw_stream_out_flush(wire);
        end(wire, true);
        break;
    case HW_STREAM_TLS_FAILED:
        if (wire->phase == HW_STREAM_LEAVING) {
            hw_stream_wire_end(wire, false);
        } else {
            hw_stream_out_flush(wire); // the alert that says so
            hw_stream_wire_lose(wire, why.cause, why.sentence);
        }
        break;
    }
    return false;
}

static void
say_opened(struct hw_stream_wire *wire)
{
    const hawser_opened info = { .peer = wire->peer,
                                 .protocol = "",
                                 .headers = "",
                                 .barriers = wire->can_confirm };

    wire->phase = HW_STREAM_OPEN;
    hawser_port_opened(wire->port, &info);
}

static void
shake(struct hw_stream_wire *wire)
{
    struct hw_stream_tls_why why;
    enum hw_stream_tls_answer answer = hw_stream_tls_shake(wire->tls, &why);

    hw_stream_out_flush(wire);
    if (answer == HW_STREAM_TLS_DONE) {
        say_opened(wire);
    } else if (answer == HW_STREAM_TLS_ENDED) {
        end(wire, true);
    } else if (answer == HW_STREAM_TLS_FAILED) {
        hw_stream_wire_lose(wire, why.cause, why.sentence);
    }
}

static void
take_tls(struct hw_stream_wire *wire, const uint8_t *bytes, size_t size)
{
    if (!hw_stream_tls_feed(wire->tls, bytes, size)) {
        hw_stream_wire_lose(wire, HAWSER_CAUSE_LOCAL, "out of memory");
        return;
    }
    if (wire->phase == HW_STREAM_SHAKING) {
        shake(wire);
    }
    if (wire->phase == HW_STREAM_OPEN || wire->phase == HW_STREAM_LEAVING) {
        while (decrypt(wire)) {
        }
    }
    if (wire->phase != HW_STREAM_DEAD) {
        hw_stream_out_flush(wire); // what TLS itself has to answer
    }
}

void
hw_stream_reading_begin(struct hw_stream_wire *wire)
{
    if (wire->tls == NULL) {
        say_opened(wire);
    } else {
        wire->phase = HW_STREAM_SHAKING;
        shake(wire);
    }
}

// ---- the socket ----

void
hw_stream_reading(struct hw_stream_wire *wire)
{
    size_t room = wire->tls == NULL ? HW_STREAM_READ_SIZE : 64 * 1024;
    uint8_t *to = wire->site->in;

    for (int i = 0; i < READS_AT_ONCE; i++) {
        ssize_t n = recv(wire->fd, to, room, MSG_DONTWAIT);

        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                end_by_error(wire, errno);
            }
            return;
        }
        if (n == 0) {
            end(wire, wire->tls == NULL);
            return;
        }
        if (wire->port != NULL && wire->phase == HW_STREAM_OPEN) {
            hawser_port_alive(wire->port);
        }
        if (wire->tls == NULL) {
            take_plain(wire, to, (size_t)n);
        } else {
            take_tls(wire, to, (size_t)n);
        }
        if ((size_t)n < room || wire->deaf || wire->phase == HW_STREAM_DEAD) {
            return;
        }
    }
}
