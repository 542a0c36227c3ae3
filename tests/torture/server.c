// server.c - a server of a few connections, with poll.
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

enum { GUESTS = 64, ROOM = 256 * 1024 };

struct guest {
    int fd;      // -1: nobody
    SSL *ssl;    // NULL: without
    bool echoes; // bytes, whatever they are
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
    SSL_free(guest->ssl);
    guest->ssl = NULL;
    (void)close(guest->fd); // its peer sees it
    guest->fd = -1;
}

// ---- bytes ----

// As recv: 0 at the end, -1 with EAGAIN where nothing is there.
static ssize_t
read_some(struct guest *guest, void *to, size_t size)
{
    int got, why;

    if (guest->ssl == NULL) {
        return recv(guest->fd, to, size, MSG_DONTWAIT);
    }
    ERR_clear_error(); // another guest's would be taken for this one's
    got = SSL_read(guest->ssl, to, (int)size);
    why = got > 0 ? 0 : SSL_get_error(guest->ssl, got);
    errno = EAGAIN;
    return got > 0                                                     ? got
           : why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1
                                                                       : 0;
}

// As send.
static ssize_t
write_some(struct guest *guest, const void *from, size_t size)
{
    int sent, why;

    if (guest->ssl == NULL) {
        return send(guest->fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    ERR_clear_error(); // as above
    sent = SSL_write(guest->ssl, from, (int)size);
    why = sent > 0 ? 0 : SSL_get_error(guest->ssl, sent);
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN
                                                                      : EPIPE;
    return sent > 0 ? sent : -1;
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
    size_t more = frame->size < 126 ? 0 : frame->size <= UINT16_MAX ? 2 : 8;

    head[1] = (uint8_t)(more == 0 ? frame->size : more == 2 ? 126 : 127);
    for (size_t i = 0; i < more; i++) {
        head[1 + more - i] = (uint8_t)((uint64_t)frame->size >> (8 * i));
    }
    return put(guest, head, 2 + more) && put(guest, frame->bytes, frame->size);
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
        (void)write_some(guest, guest->out, guest->out_size);
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
    for (;;) {
        ssize_t got =
            read_some(guest, guest->in + guest->in_size, ROOM - guest->in_size);

        if (got <= 0) {
            return got < 0 && errno == EAGAIN;
        }
        guest->in_size += (size_t)got;
        if (guest->echoes) {
            if (!put(guest, guest->in, guest->in_size)) {
                return false;
            }
            guest->in_size = 0;
        } else if ((!guest->upgraded && !read_request(guest)) ||
                   (guest->upgraded && !read_frames(guest, lanes))) {
            return false;
        }
    }
}

static bool
write_out(struct guest *guest)
{
    ssize_t sent = write_some(guest, guest->out, guest->out_size);

    if (sent < 0) {
        return errno == EAGAIN;
    }
    guest->out_size -= (size_t)sent;
    memmove(guest->out, guest->out + sent, guest->out_size);
    return true;
}

enum { DOORS = 5 };

struct door {
    int listener;
    bool secure;
    bool echoes;
};

struct house {
    struct door doors[DOORS];
    SSL_CTX *tls;
    struct server_lane *lanes;
};

static void
let_in(const struct door *door, SSL_CTX *tls)
{
    int fd = accept4(door->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    for (unsigned i = 0; i < GUESTS && fd >= 0; i++) {
        struct guest *guest = &guests[i];

        if (guest->fd < 0) {
            guest->fd = fd;
            guest->echoes = door->echoes;
            guest->upgraded = false;
            guest->in_size = 0;
            guest->out_size = 0;
            guest->ssl = door->secure ? SSL_new(tls) : NULL;
            if (guest->ssl != NULL) {
                (void)SSL_set_fd(guest->ssl, fd);
                SSL_set_accept_state(guest->ssl);
            }
            return;
        }
    }
    if (fd >= 0) {
        (void)close(fd); // the house is full
    }
}

static void
serve_guests(const struct pollfd *fds, struct server_lane *lanes)
{
    for (unsigned i = 0; i < GUESTS; i++) {
        const short readable = POLLIN | POLLHUP | POLLERR;

        if (fds[i].fd >= 0 &&
            (((fds[i].revents & readable) != 0 && !serve(&guests[i], lanes)) ||
             (guests[i].out_size > 0 && !write_out(&guests[i])))) {
            show_out(&guests[i]);
        }
    }
}

_Noreturn static void
keep_house(const struct house *house)
{
    struct pollfd fds[GUESTS + DOORS];

    for (unsigned i = 0; i < GUESTS; i++) {
        guests[i].fd = -1;
    }
    for (;;) {
        for (unsigned i = 0; i < DOORS; i++) {
            fds[GUESTS + i] = (struct pollfd){ .fd = house->doors[i].listener,
                                               .events = POLLIN };
        }
        for (unsigned i = 0; i < GUESTS; i++) {
            fds[i].fd = guests[i].fd;
            fds[i].events = guests[i].out_size > 0 ? POLLIN | POLLOUT : POLLIN;
        }
        if (poll(fds, GUESTS + DOORS, -1) < 0) {
            continue;
        }
        serve_guests(fds, house->lanes);
        for (unsigned i = 0; i < DOORS; i++) {
            if (fds[GUESTS + i].revents != 0) {
                let_in(&house->doors[i], house->tls);
            }
        }
    }
}

static int
listen_at(uint16_t *port)
{
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&here, size) != 0 ||
        listen(listener, GUESTS) != 0 ||
        getsockname(listener, (struct sockaddr *)&here, &size) != 0) {
        return -1;
    }
    *port = ntohs(here.sin_port);
    return listener;
}

// At an abstract name, which goes with the process.
static int
listen_at_name(char *name, size_t room)
{
    struct sockaddr_un here = { .sun_family = AF_UNIX };
    int size = snprintf(name, room, "@hawser-torture-%d", (int)getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(here.sun_path, name, (size_t)size);
    here.sun_path[0] = '\0';
    if (listener < 0 ||
        bind(listener, (struct sockaddr *)&here,
             (socklen_t)(sizeof here.sun_family + (size_t)size)) != 0 ||
        listen(listener, GUESTS) != 0) {
        return -1;
    }
    return listener;
}

static SSL_CTX *
tls_of(const struct certificate *certificate)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (tls != NULL &&
        SSL_CTX_use_certificate_file(tls, certificate->cert,
                                     SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_use_PrivateKey_file(tls, certificate->key, SSL_FILETYPE_PEM) ==
            1) {
        (void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        return tls;
    }
    SSL_CTX_free(tls);
    return NULL;
}

static bool
open_doors(struct server *server, struct door doors[static DOORS])
{
    bool open = true;

    doors[0] = (struct door){ listen_at(&server->port), false, false };
    doors[1] = (struct door){ listen_at(&server->tls_port), true, false };
    doors[2] = (struct door){ listen_at(&server->echo_port), false, true };
    doors[3] = (struct door){ listen_at(&server->tls_echo_port), true, true };
    doors[4] = (struct door){
        listen_at_name(server->echo_name, sizeof server->echo_name), false, true
    };
    for (unsigned i = 0; i < DOORS; i++) {
        open = open && doors[i].listener >= 0;
    }
    return open;
}

bool
server_start(struct server *server)
{
    struct house house = { .tls = NULL };

    server->lanes =
        mmap(NULL, SERVER_LANES * sizeof *server->lanes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server->lanes == MAP_FAILED || !open_doors(server, house.doors) ||
        !certificate_make(&server->certificate, "torture")) {
        return false;
    }
    server->process = fork();
    if (server->process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // it ends with who started it
        (void)signal(SIGPIPE, SIG_IGN);         // writing tells as well
        house.lanes = server->lanes;
        house.tls = tls_of(&server->certificate);
        if (house.tls == NULL) {
            _exit(2);
        }
        keep_house(&house);
    }
    for (unsigned i = 0; i < DOORS; i++) {
        (void)close(house.doors[i].listener); // the child has them
    }
    return server->process > 0;
}

void
server_stop(struct server *server)
{
    (void)kill(server->process, SIGKILL);
    (void)waitpid(server->process, NULL, 0);
    certificate_remove(&server->certificate);
}
