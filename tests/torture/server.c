// server.c - a WebSocket server of a few connections, with poll.
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { GUESTS = 64, ROOM = 256 * 1024 };

struct guest {
    int fd; // -1: nobody
    bool upgraded;
    unsigned lane;
    uint32_t run;
    size_t in_size;
    size_t out_size;
    uint8_t in[ROOM];
    uint8_t out[ROOM];
};

static struct guest guests[GUESTS];

static void
show_out(struct guest *guest)
{
    (void)close(guest->fd); // its peer sees it
    guest->fd = -1;
}

static bool
put(struct guest *guest, const void *bytes, size_t size)
{
    if (size > ROOM - guest->out_size) {
        return false;
    }
    memcpy(guest->out + guest->out_size, bytes, size);
    guest->out_size += size;
    return true;
}

// ---- the upgrade ----

static bool
answer(struct guest *guest, const char *request)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    unsigned char digest[EVP_MAX_MD_SIZE], coded[64];
    char both[64], text[256];
    unsigned size;
    int n;

    if (key == NULL ||
        sscanf(request, "GET /%u/%u ", &guest->lane, &guest->run) != 2 ||
        guest->lane >= SERVER_LANES) {
        return false;
    }
    n = snprintf(both, sizeof both, "%.24s%s", key + 19, guid);
    if (EVP_Digest(both, (size_t)n, digest, &size, EVP_sha1(), NULL) != 1) {
        return false;
    }
    (void)EVP_EncodeBlock(coded, digest, (int)size);
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                 coded);
    guest->upgraded = true;
    return put(guest, text, (size_t)n);
}

static bool
read_request(struct guest *guest)
{
    uint8_t *end = memmem(guest->in, guest->in_size, "\r\n\r\n", 4);
    size_t size;

    if (end == NULL) {
        return true;
    }
    size = (size_t)(end - guest->in) + 4;
    *end = '\0';
    if (!answer(guest, (const char *)guest->in)) {
        return false;
    }
    guest->in_size -= size;
    memmove(guest->in, guest->in + size, guest->in_size);
    return true;
}

// ---- frames ----

struct frame {
    uint8_t *bytes;
    size_t size; // of the bytes
    size_t all;  // of the frame
    uint8_t opcode;
};

// false: it is not all there.
static bool
find_frame(struct guest *guest, size_t from, struct frame *frame)
{
    uint8_t *at = guest->in + from;
    size_t left = guest->in_size - from, head = 2;
    uint64_t size;

    if (left < 2) {
        return false;
    }
    size = at[1] & 0x7f;
    head += size == 126 ? 2 : size == 127 ? 8 : 0;
    if (left < head + 4) {
        return false;
    }
    if (head > 2) {
        size = 0;
        for (size_t i = 2; i < head; i++) {
            size = size << 8 | at[i];
        }
    }
    if (left - head - 4 < size) {
        return false;
    }
    frame->opcode = at[0] & 0x0f;
    frame->bytes = at + head + 4;
    frame->size = (size_t)size;
    frame->all = head + 4 + (size_t)size;
    for (size_t i = 0; i < frame->size; i++) {
        frame->bytes[i] ^= at[head + i % 4];
    }
    return true;
}

static bool
put_frame(struct guest *guest, uint8_t opcode, const struct frame *frame)
{
    uint8_t head[10] = { 0x80 | opcode };
    size_t size = 2;

    if (frame->size < 126) {
        head[1] = (uint8_t)frame->size;
    } else {
        head[1] = 127;
        for (size_t i = 0; i < 8; i++) {
            head[2 + i] = (uint8_t)((uint64_t)frame->size >> (56 - 8 * i));
        }
        size = 10;
    }
    return put(guest, head, size) && put(guest, frame->bytes, frame->size);
}

static void
note(struct guest *guest, struct server_lane *lanes, const struct frame *frame)
{
    struct server_lane *lane = &lanes[guest->lane];
    char digits[5] = { 0 };
    long number;

    if (frame->size >= 4 && lane->run == guest->run) {
        memcpy(digits, frame->bytes, 4);
        number = strtol(digits, NULL, 10);
        if (number > 0 && number < SERVER_NUMBERS) {
            lane->got[number]++;
        }
    }
}

// false: the guest is to be shown out.
static bool
hear_frame(struct guest *guest, struct server_lane *lanes,
           const struct frame *frame)
{
    switch (frame->opcode) {
    case 8:
        (void)put_frame(guest, 8, frame); // and then it ends
        (void)!send(guest->fd, guest->out, guest->out_size, MSG_NOSIGNAL);
        return false;
    case 9:
        return put_frame(guest, 10, frame);
    case 1:
    case 2:
        note(guest, lanes, frame);
        return put_frame(guest, frame->opcode, frame);
    default:
        return true;
    }
}

static bool
read_frames(struct guest *guest, struct server_lane *lanes)
{
    struct frame frame;
    size_t from = 0;

    while (find_frame(guest, from, &frame)) {
        if (!hear_frame(guest, lanes, &frame)) {
            return false;
        }
        from += frame.all;
    }
    guest->in_size -= from;
    memmove(guest->in, guest->in + from, guest->in_size);
    return true;
}

// ---- guests ----

static bool
serve(struct guest *guest, struct server_lane *lanes)
{
    ssize_t got = recv(guest->fd, guest->in + guest->in_size,
                       ROOM - guest->in_size, MSG_DONTWAIT);

    if (got <= 0) {
        return false;
    }
    guest->in_size += (size_t)got;
    return (guest->upgraded || read_request(guest)) &&
           (!guest->upgraded || read_frames(guest, lanes));
}

static bool
write_out(struct guest *guest)
{
    ssize_t sent = send(guest->fd, guest->out, guest->out_size,
                        MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0) {
        return errno == EAGAIN;
    }
    guest->out_size -= (size_t)sent;
    memmove(guest->out, guest->out + sent, guest->out_size);
    return true;
}

static void
let_in(int listener)
{
    int fd = accept(listener, NULL, NULL);

    for (unsigned i = 0; i < GUESTS && fd >= 0; i++) {
        if (guests[i].fd < 0) {
            guests[i].fd = fd;
            guests[i].upgraded = false;
            guests[i].in_size = 0;
            guests[i].out_size = 0;
            return;
        }
    }
    if (fd >= 0) {
        (void)close(fd); // the house is full
    }
}

static void
keep_house(int listener, struct server_lane *lanes)
{
    struct pollfd fds[GUESTS + 1];

    for (unsigned i = 0; i < GUESTS; i++) {
        guests[i].fd = -1;
    }
    for (;;) {
        fds[GUESTS] = (struct pollfd){ .fd = listener, .events = POLLIN };
        for (unsigned i = 0; i < GUESTS; i++) {
            fds[i].fd = guests[i].fd;
            fds[i].events = guests[i].out_size > 0 ? POLLIN | POLLOUT : POLLIN;
        }
        if (poll(fds, GUESTS + 1, -1) < 0) {
            continue;
        }
        for (unsigned i = 0; i < GUESTS; i++) {
            if (fds[i].fd >= 0 &&
                (((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
                  !serve(&guests[i], lanes)) ||
                 (guests[i].out_size > 0 && !write_out(&guests[i])))) {
                show_out(&guests[i]);
            }
        }
        if (fds[GUESTS].revents != 0) {
            let_in(listener);
        }
    }
}

bool
server_start(struct server *server)
{
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    server->lanes =
        mmap(NULL, SERVER_LANES * sizeof *server->lanes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server->lanes == MAP_FAILED || listener < 0 ||
        bind(listener, (struct sockaddr *)&here, size) != 0 ||
        listen(listener, GUESTS) != 0 ||
        getsockname(listener, (struct sockaddr *)&here, &size) != 0) {
        return false;
    }
    server->port = ntohs(here.sin_port);
    server->process = fork();
    if (server->process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // it ends with who started it
        keep_house(listener, server->lanes);
    }
    (void)close(listener); // the child has it
    return server->process > 0;
}

void
server_stop(struct server *server)
{
    (void)kill(server->process, SIGKILL);
    (void)waitpid(server->process, NULL, 0);
}
