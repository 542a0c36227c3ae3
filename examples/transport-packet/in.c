// in.c - packets that arrive: from the socket to what the port is told.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet.h"

static void
take_piece(struct wire *wire, const unsigned char *bytes, size_t size)
{
    size_t wanted = wire->size + size;

    if (size == 0) {
        return;
    }
    if (wanted > wire->message_max) {
        wire_lose(wire, HAWSER_CAUSE_TOO_BIG, "a message above message.max");
        return;
    }
    if (wanted > wire->room) {
        size_t room = wanted * 2;
        unsigned char *message = realloc(wire->message, room);

        if (message == NULL) {
            wire_lose(wire, HAWSER_CAUSE_LOCAL, "out of memory");
            return;
        }
        wire->message = message;
        wire->room = room;
    }
    memcpy(wire->message + wire->size, bytes, size);
    wire->size = wanted;
}

static void
take_last_piece(struct wire *wire, hawser_kind kind, const unsigned char *bytes,
                size_t size)
{
    if (wire->size == 0 && size <= wire->message_max) { // it is whole
        hawser_port_received(wire->port, kind, NULL, 0, bytes, size);
        return;
    }
    take_piece(wire, bytes, size);
    if (wire->port != NULL) {
        size = wire->size;
        wire->size = 0;
        hawser_port_received(wire->port, kind, NULL, 0, wire->message, size);
    }
}

static void
take_goodbye(struct wire *wire, const unsigned char *bytes, size_t size)
{
    char reason[REASON_MAX + 1] = "";
    uint16_t code;
    hawser_lost why = { .cause = HAWSER_CAUSE_CLOSED,
                        .error = "the peer said goodbye",
                        .headers = "",
                        .reason = reason,
                        .retry_after_ms = -1 };

    if (size < sizeof code || size > sizeof code + REASON_MAX) {
        wire_lose(wire, HAWSER_CAUSE_PROTOCOL, "a malformed goodbye");
        return;
    }
    memcpy(&code, bytes, sizeof code);
    memcpy(reason, bytes + sizeof code, size - sizeof code);
    why.close_code = code;
    wire_lose_with(wire, &why);
}

static void
take_number(struct wire *wire, char mark, const unsigned char *bytes,
            size_t size)
{
    uint64_t number = 0;

    if (size == sizeof number) {
        memcpy(&number, bytes, sizeof number);
    }
    if (number == 0 || (mark == '!' && number > wire->asked)) {
        wire_lose(wire, HAWSER_CAUSE_PROTOCOL, "a barrier that nobody asked");
    } else if (mark == '?') {
        wire->pong = number; // the newest: a flood of them takes no room
    } else if (number > wire->passed) {
        wire->passed = number;
        hawser_port_passed(wire->port, number);
    }
}

static void
take(struct wire *wire, const unsigned char *bytes, size_t size)
{
    char mark = (char)bytes[0];

    bytes++;
    size--;
    hawser_port_alive(wire->port);
    if (wire->port == NULL) {
        return;
    }
    switch (mark) {
    case 'b':
    case 't':
        take_piece(wire, bytes, size);
        break;
    case 'B':
    case 'T':
        take_last_piece(wire, mark == 'T' ? HAWSER_TEXT : HAWSER_BINARY, bytes,
                        size);
        break;
    case '?':
    case '!':
        take_number(wire, mark, bytes, size);
        break;
    case 'G':
        take_goodbye(wire, bytes, size);
        break;
    default:
        wire_lose(wire, HAWSER_CAUSE_PROTOCOL, "a packet of no known sort");
    }
}

// Each call of the port may lead to a close, so the wire is looked at behind
// each. One that only says goodbye reads what comes, and forgets it.
static int
may_read(const struct wire *wire)
{
    return wire->watch != NULL && (!wire->deaf || wire->port == NULL);
}

void
in_read(struct wire *wire)
{
    static _Thread_local unsigned char bytes[PIECE + 2];

    for (int i = 0; i < AT_ONCE && may_read(wire); i++) {
        ssize_t size = recv(wire->watch->fd, bytes, sizeof bytes,
                            MSG_DONTWAIT | MSG_TRUNC);

        if (size < 0 && errno == EAGAIN) {
            return;
        }
        if (size <= 0) {
            wire_lose(wire, HAWSER_CAUSE_RESET,
                      size < 0 ? strerror(errno) : "cut off without a goodbye");
            return;
        }
        if (size > PIECE + 1) {
            wire_lose(wire, HAWSER_CAUSE_PROTOCOL,
                      "a packet that is too large");
        } else if (wire->port != NULL) {
            take(wire, bytes, (size_t)size);
        }
    }
}
