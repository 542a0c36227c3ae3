// packet.c - packet://PATH: messages over a Unix socket that keeps packets.
//
// A transport outside of Hawser's tree: it stands on <hawser/transport.h> and
// libuv. packet:///run/x.sock connects; with ?bind=1 behind it the wire waits
// there for one peer. The kernel keeps packets whole and in order
// (SOCK_SEQPACKET), so what is left to do is small:
//
//   'B' 'T' bytes      the last packet of a binary or a text message
//   'b' 't' bytes      one before it
//   '?' number         a barrier; the peer answers behind what it read before
//   '!' number         the answer
//   'G' code, reason   goodbye
//
// Numbers are as this machine has them: both ends are on it.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <hawser/transport.h>

enum {
    PIECE = 32768, // of a message, in a packet
    AT_ONCE = 64,  // packets for one system call, or one turn of the loop
    REASON_MAX = 123,
    GOODBYE_MS = 1000,
};

struct packet {
    struct packet *next;
    size_t size;
    unsigned char bytes[];
};

// A descriptor that is watched.
struct watch {
    uv_poll_t poll;
    struct wire *wire;
    int fd;
};

struct wire {
    uv_timer_t timer;  // the next turn; once it is closed, the last moment
    hawser_port *port; // NULL: closed or lost, nothing is said any more
    struct watch *watch;
    char *path;
    int trouble; // errno of connecting
    struct packet *first, **last;
    size_t backlog; // bytes of them
    uint64_t written;
    uint64_t pong; // to be sent; 0: none
    uint64_t asked, passed;
    size_t buffer, message_max;
    unsigned char *message; // that began to arrive
    size_t size, room;
    int binds, opened, deaf, short_of_room, farewell;
};

// ---- the end ----

static void
free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static void
stop_watching(struct wire *wire)
{
    struct watch *watch = wire->watch;

    if (watch != NULL) {
        wire->watch = NULL;
        uv_close((uv_handle_t *)&watch->poll, free_watch);
        (void)close(watch->fd);
    }
}

static void
free_wire(uv_handle_t *handle)
{
    struct wire *wire = handle->data;

    while (wire->first != NULL) {
        struct packet *packet = wire->first;

        wire->first = packet->next;
        free(packet);
    }
    free(wire->message);
    free(wire->path);
    free(wire);
}

static void
end(struct wire *wire)
{
    wire->port = NULL;
    if (wire->binds && !wire->opened && wire->watch != NULL) {
        (void)unlink(wire->path); // nobody came
    }
    stop_watching(wire);
    if (!uv_is_closing((uv_handle_t *)&wire->timer)) {
        uv_close((uv_handle_t *)&wire->timer, free_wire);
    }
}

static void
lose_with(struct wire *wire, const hawser_lost *why)
{
    hawser_port *port = wire->port;

    end(wire);
    if (port != NULL) { // else it was only saying goodbye
        hawser_port_lost(port, why);
    }
}

static void
lose(struct wire *wire, hawser_cause cause, const char *error)
{
    const hawser_lost why = { .cause = cause,
                              .error = error,
                              .headers = "",
                              .reason = "",
                              .retry_after_ms = -1 };

    lose_with(wire, &why);
}

// ---- packets out ----

// A packet of room bytes behind its mark, which is the last on its way out.
static unsigned char *
add_packet(struct wire *wire, char mark, size_t room)
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

static int
add_number(struct wire *wire, char mark, uint64_t number)
{
    unsigned char *to = add_packet(wire, mark, sizeof number);

    if (to != NULL) {
        memcpy(to, &number, sizeof number);
    }
    return to != NULL;
}

// All of it or nothing.
static int
add_message(struct wire *wire, const hawser_message *message)
{
    const char *marks = message->kind == HAWSER_TEXT ? "tT" : "bB";
    struct packet **before = wire->last;
    size_t backlog = wire->backlog, done = 0;

    do {
        size_t left = message->size - done;
        size_t size = left < PIECE ? left : PIECE;
        unsigned char *to = add_packet(wire, marks[size == left], size);

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

static void
on_turn(uv_timer_t *timer);
static void
on_ready(uv_poll_t *poll, int status, int events);

static void
turn_soon(struct wire *wire)
{
    (void)uv_timer_start(&wire->timer, on_turn, 0, 0); // can't fail
}

// Reads where it may hear, writes where something waits.
static void
watch_for_more(struct wire *wire)
{
    int events = wire->deaf && wire->port != NULL ? 0 : UV_READABLE;

    events |= wire->first != NULL || wire->pong != 0 ? UV_WRITABLE : 0;
    if (events == 0) {
        (void)uv_poll_stop(&wire->watch->poll); // can't fail
    } else {
        (void)uv_poll_start(&wire->watch->poll, events, on_ready);
    }
}

// Answers go first, for a peer waits for them. Whether the connection is still
// good; what is wrong is told by whoever may.
static int
flush(struct wire *wire)
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

// ---- packets in ----

static void
take_piece(struct wire *wire, const unsigned char *bytes, size_t size)
{
    size_t wanted = wire->size + size;

    if (size == 0) {
        return;
    }
    if (wanted > wire->message_max) {
        lose(wire, HAWSER_CAUSE_TOO_BIG, "a message above message.max");
        return;
    }
    if (wanted > wire->room) {
        size_t room = wanted * 2;
        unsigned char *message = realloc(wire->message, room);

        if (message == NULL) {
            lose(wire, HAWSER_CAUSE_LOCAL, "out of memory");
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
        lose(wire, HAWSER_CAUSE_PROTOCOL, "a malformed goodbye");
        return;
    }
    memcpy(&code, bytes, sizeof code);
    memcpy(reason, bytes + sizeof code, size - sizeof code);
    why.close_code = code;
    lose_with(wire, &why);
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
        lose(wire, HAWSER_CAUSE_PROTOCOL, "a barrier that nobody asked");
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
        lose(wire, HAWSER_CAUSE_PROTOCOL, "a packet of no known sort");
    }
}

// Each call of the port may lead to a close, so the wire is looked at behind
// each. One that only says goodbye reads what comes, and forgets it.
static void
read_some(struct wire *wire)
{
    static _Thread_local unsigned char bytes[PIECE + 2];

    for (int i = 0; i < AT_ONCE && wire->watch != NULL; i++) {
        ssize_t size = recv(wire->watch->fd, bytes, sizeof bytes,
                            MSG_DONTWAIT | MSG_TRUNC);

        if (size < 0 && errno == EAGAIN) {
            return;
        }
        if (size <= 0) {
            lose(wire, HAWSER_CAUSE_RESET,
                 size < 0 ? strerror(errno) : "cut off without a goodbye");
            return;
        }
        if (size > PIECE + 1) {
            lose(wire, HAWSER_CAUSE_PROTOCOL, "a packet that is too large");
        } else if (wire->port != NULL) {
            take(wire, bytes, (size_t)size);
        }
        if (wire->deaf && wire->port != NULL) {
            return;
        }
    }
}

// ---- on the loop ----

// A goodbye is over when the peer has closed its end, for what is unread when
// we close ours would take back what the peer has not read either.
static void
go_on(struct wire *wire)
{
    if (!flush(wire)) {
        lose(wire, HAWSER_CAUSE_RESET, strerror(errno));
        return;
    }
    if (wire->port == NULL && wire->first == NULL && !wire->farewell) {
        wire->farewell = 1;
        (void)shutdown(wire->watch->fd, SHUT_WR); // the peer may be gone
    }
    watch_for_more(wire);
    if (wire->port != NULL && wire->short_of_room &&
        wire->backlog < wire->buffer / 2) {
        wire->short_of_room = 0;
        hawser_port_writable(wire->port);
    }
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct wire *wire = watch->wire;

    (void)status; // reading tells it better
    (void)events; // both are tried
    read_some(wire);
    if (wire->watch != NULL) {
        go_on(wire);
    }
}

static int
watch_fd(struct wire *wire, int fd, uv_poll_cb ready)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL ||
        uv_poll_init(wire->timer.loop, &watch->poll, fd) != 0) {
        free(watch);
        (void)close(fd);
        return 0;
    }
    watch->poll.data = watch;
    watch->wire = wire;
    watch->fd = fd;
    wire->watch = watch;
    (void)uv_poll_start(&watch->poll, UV_READABLE, ready); // can't fail
    return 1;
}

static void
open_up(struct wire *wire)
{
    const hawser_opened info = {
        .peer = wire->path, .protocol = "", .headers = "", .barriers = 1
    };

    wire->opened = 1;
    hawser_port_opened(wire->port, &info);
}

static void
on_knock(uv_poll_t *poll, int status, int events)
{
    struct wire *wire = ((struct watch *)poll->data)->wire;
    int fd = accept4(wire->watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)status;
    (void)events;
    if (fd < 0) {
        return; // it went away again
    }
    stop_watching(wire);
    (void)unlink(wire->path); // one peer is all there is room for
    if (watch_fd(wire, fd, on_ready)) {
        open_up(wire);
    } else {
        lose(wire, HAWSER_CAUSE_LOCAL, "out of memory");
    }
}

// What a verb may not say is said here.
static void
on_turn(uv_timer_t *timer)
{
    struct wire *wire = timer->data;

    if (wire->trouble != 0) {
        lose(wire, HAWSER_CAUSE_UNREACHABLE, strerror(wire->trouble));
    } else if (!wire->opened && !wire->binds) {
        open_up(wire);
    } else if (wire->opened) {
        go_on(wire);
    }
}

static void
on_last_moment(uv_timer_t *timer)
{
    end(timer->data);
}

// ---- the verbs ----

static hawser_status
packet_start(void *uv_loop, void **site)
{
    *site = uv_loop; // all that a wire needs of it
    return HAWSER_OK;
}

static void
packet_stop(void *site)
{
    (void)site; // every wire closes its own handles
}

// The path of a URL, and whether it binds. The size of the path, 0: malformed.
static size_t
path_of(const char *url, int *binds)
{
    const char *path = url + strlen("packet://");
    size_t size;

    if (strncmp(url, "packet://", strlen("packet://")) != 0) {
        return 0;
    }
    size = strcspn(path, "?");
    *binds = strcmp(path + size, "?bind=1") == 0;
    if (path[0] != '/' || strpbrk(path, " \t\r\n") != NULL ||
        size >= sizeof((struct sockaddr_un *)NULL)->sun_path ||
        (path[size] != '\0' && !*binds)) {
        return 0;
    }
    return size;
}

static hawser_status
packet_check(const char *url, const hawser_settings *settings,
             hawser_route *route, char *sentence, size_t size)
{
    int binds;

    (void)settings;
    memset(route, 0, sizeof *route); // no host: there is nothing to resolve
    if (path_of(url, &binds) < 2) {
        (void)snprintf(sentence, size,
                       "write it as packet:///PATH of at most 107 bytes, or "
                       "with ?bind=1 behind it");
        return HAWSER_INVALID;
    }
    return HAWSER_OK;
}

// A socket that a process left behind is in the way of the next one.
static int
bind_anew(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *plain = (const struct sockaddr *)address;
    int bound = bind(fd, plain, sizeof *address);

    if (bound != 0 && errno == EADDRINUSE) {
        int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        if (connect(probe, plain, sizeof *address) != 0 &&
            errno == ECONNREFUSED) {
            (void)unlink(address->sun_path); // bind says what is wrong
        }
        (void)close(probe);
        bound = bind(fd, plain, sizeof *address);
    }
    return bound == 0 ? listen(fd, 1) : bound;
}

// Binds or connects, which takes no time. The error, as errno has it.
static int
reach(struct wire *wire)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int done = -1, error;

    memcpy(address.sun_path, wire->path, strlen(wire->path)); // check: it fits
    if (fd >= 0 && wire->binds) {
        done = bind_anew(fd, &address);
    } else if (fd >= 0) {
        done = connect(fd, (struct sockaddr *)&address, sizeof address);
    }
    if (done == 0) {
        return watch_fd(wire, fd, wire->binds ? on_knock : on_ready) ? 0
                                                                     : ENOMEM;
    }
    error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    return error;
}

static struct wire *
make_wire(uv_loop_t *loop, const hawser_dial *dial, hawser_port *port)
{
    struct wire *wire = calloc(1, sizeof *wire);
    const char *path = dial->url + strlen("packet://");

    if (wire == NULL) {
        return NULL;
    }
    wire->path = strndup(path, path_of(dial->url, &wire->binds));
    if (wire->path == NULL) {
        free(wire);
        return NULL;
    }
    (void)uv_timer_init(loop, &wire->timer); // can't fail
    wire->timer.data = wire;
    wire->port = port;
    wire->last = &wire->first;
    wire->buffer = (size_t)hawser_setting_number(dial->settings, "wire.buffer");
    wire->message_max =
        (size_t)hawser_setting_number(dial->settings, "message.max");
    return wire;
}

static hawser_status
packet_dial(void *site, const hawser_dial *dial, hawser_port *port, void **made,
            char *sentence, size_t size)
{
    struct wire *wire = make_wire(site, dial, port);

    if (wire == NULL) {
        (void)snprintf(sentence, size, "packet: out of memory");
        return HAWSER_NO_MEMORY;
    }
    wire->trouble = reach(wire);
    turn_soon(wire);
    *made = wire;
    return HAWSER_OK;
}

// No more than the buffer, but an empty wire takes one of any size.
static size_t
packet_send(void *handle, const hawser_message *messages, size_t count)
{
    struct wire *wire = handle;
    size_t taken = 0;
    int good = 1;

    while (taken < count && good) {
        if (wire->first != NULL &&
            wire->backlog + messages[taken].size > wire->buffer) {
            size_t before = wire->backlog;

            good = flush(wire);
            if (wire->backlog == before) {
                break; // the peer does not read
            }
        } else if (add_message(wire, &messages[taken])) {
            taken++;
        } else {
            break;
        }
    }
    good = good && flush(wire);
    wire->short_of_room |= taken < count;
    if (!good || wire->first == NULL) {
        turn_soon(wire); // what is to be said is not said from here
    }
    watch_for_more(wire);
    return taken;
}

static void
packet_barrier(void *handle, uint64_t number)
{
    struct wire *wire = handle;

    if (add_number(wire, '?', number)) { // else Hawser asks anew
        wire->asked = number;
        turn_soon(wire);
    }
}

static void
packet_listen(void *handle, int on)
{
    struct wire *wire = handle;

    wire->deaf = !on;
    watch_for_more(wire);
}

static void
packet_close(void *handle, int code, const char *reason)
{
    struct wire *wire = handle;
    uint16_t said = (uint16_t)(code == 0 ? 1000 : code);
    size_t size = strnlen(reason, REASON_MAX);
    unsigned char *to;

    wire->port = NULL;
    if (code == HAWSER_CLOSE_CUT || !wire->opened) {
        end(wire);
        return;
    }
    to = add_packet(wire, 'G', sizeof said + size);
    if (to == NULL) {
        end(wire);
        return;
    }
    memcpy(to, &said, sizeof said);
    memcpy(to + sizeof said, reason, size);
    (void)uv_timer_start(&wire->timer, on_last_moment, GOODBYE_MS, 0);
    go_on(wire);
}

static void
packet_gauge(void *handle, hawser_gauge *gauge)
{
    const struct wire *wire = handle;

    gauge->written = wire->written;
    gauge->backlog = wire->backlog;
}

// The one symbol that Hawser looks for.
HAWSER_API const hawser_transport hawser_transport_1 = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "packet",
    .start = packet_start,
    .stop = packet_stop,
    .check = packet_check,
    .dial = packet_dial,
    .send = packet_send,
    .barrier = packet_barrier,
    .listen = packet_listen,
    .close = packet_close,
    .gauge = packet_gauge,
};
