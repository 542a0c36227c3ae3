// out.c - packets on their way out.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet.h"

unsigned char *
out_packet(struct wire *wire, char mark, size_t room)
{
    struct packet *packet = malloc(sizeof *packet + room + 1);

    if (packet == NULL) {
        return NULL;
    }
    packet->next = NULL;
    packet->size = room + 1;
    packet->bytes[0] = (unsigned char)mark;
    *wire->last = packet;
    wire->last = &packet->next;
    wire->backlog += packet->size;
    return packet->bytes + 1;
}

int
out_number(struct wire *wire, char mark, uint64_t number)
{
    unsigned char *to = out_packet(wire, mark, sizeof number);

    if (to != NULL) {
        memcpy(to, &number, sizeof number);
    }
    return to != NULL;
}

int
out_message(struct wire *wire, const hawser_message *message)
{
    const char *marks = message->kind == HAWSER_TEXT ? "tT" : "bB";
    struct packet **before = wire->last;
    size_t backlog = wire->backlog, done = 0;

    do {
        size_t left = message->size - done;
        size_t size = left < PIECE ? left : PIECE;
        unsigned char *to = out_packet(wire, marks[size == left], size);

        if (to == NULL) {
            struct packet *packet = *before;

            *before = NULL;
            wire->last = before;
            wire->backlog = backlog;
            while (packet != NULL) {
                struct packet *next = packet->next;

                free(packet);
                packet = next;
            }
            return 0;
        }
        memcpy(to, message->bytes + done, size);
        done += size;
    } while (done < message->size);
    return 1;
}

static void
drop_first(struct wire *wire)
{
    struct packet *packet = wire->first;

    wire->first = packet->next;
    if (wire->first == NULL) {
        wire->last = &wire->first;
    }
    wire->backlog -= packet->size;
    wire->written += packet->size;
    free(packet);
}

// A burst costs one system call. Returns how many went out; -1: see errno.
static int
write_some(struct wire *wire)
{
    struct mmsghdr headers[AT_ONCE];
    struct iovec parts[AT_ONCE];
    unsigned count = 0;
    int sent;

    memset(headers, 0, sizeof headers);
    for (struct packet *at = wire->first; at != NULL && count < AT_ONCE;
         at = at->next) {
        parts[count] = (struct iovec){ at->bytes, at->size };
        headers[count].msg_hdr.msg_iov = &parts[count];
        headers[count].msg_hdr.msg_iovlen = 1;
        count++;
    }
    sent =
        sendmmsg(wire->watch->fd, headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    for (int i = 0; i < sent; i++) {
        drop_first(wire);
    }
    return sent;
}

// Answers go first, for a peer waits for them.
int
out_flush(struct wire *wire)
{
    int sent = 1;

    if (wire->pong != 0) {
        unsigned char answer[1 + sizeof wire->pong] = { '!' };

        memcpy(answer + 1, &wire->pong, sizeof wire->pong);
        sent = (int)send(wire->watch->fd, answer, sizeof answer,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        wire->pong = sent > 0 ? 0 : wire->pong;
    }
    while (wire->first != NULL && sent > 0) {
        sent = write_some(wire);
    }
    return sent >= 0 || errno == EAGAIN || errno == ENOBUFS;
}
