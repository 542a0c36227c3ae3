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

#include "packet.h"

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
wire_end(struct wire *wire)
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

void
wire_lose_with(struct wire *wire, const hawser_lost *why)
{
    hawser_port *port = wire->port;

    wire_end(wire);
    if (port != NULL) { // else it was only saying goodbye
        hawser_port_lost(port, why);
    }
}

void
wire_lose(struct wire *wire, hawser_cause cause, const char *error)
{
    const hawser_lost why = { .cause = cause,
                              .error = error,
                              .headers = "",
                              .reason = "",
                              .retry_after_ms = -1 };

    wire_lose_with(wire, &why);
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

// ---- on the loop ----

// A goodbye is over when the peer has closed its end, for what is unread when
// we close ours would take back what the peer has not read either.
static void
go_on(struct wire *wire)
{
    if (!out_flush(wire)) {
        wire_lose(wire, HAWSER_CAUSE_RESET, strerror(errno));
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
    in_read(wire);
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
        wire_lose(wire, HAWSER_CAUSE_LOCAL, "out of memory");
    }
}

// What a verb may not say is said here.
static void
on_turn(uv_timer_t *timer)
{
    struct wire *wire = timer->data;

    if (wire->trouble != 0) {
        char sentence[128];

        (void)snprintf(sentence, sizeof sentence, "%s: %s",
                       wire->binds ? "bind" : "connect",
                       strerror(wire->trouble)); // cut
        wire_lose(wire, HAWSER_CAUSE_UNREACHABLE, sentence);
    } else if (!wire->opened && !wire->binds) {
        open_up(wire);
    } else if (wire->opened) {
        go_on(wire);
    }
}

static void
on_last_moment(uv_timer_t *timer)
{
    wire_end(timer->data);
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

            good = out_flush(wire);
            if (wire->backlog == before) {
                break; // the peer does not read
            }
        } else if (out_message(wire, &messages[taken])) {
            taken++;
        } else {
            break;
        }
    }
    good = good && out_flush(wire);
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

    if (out_number(wire, '?', number)) { // else Hawser asks anew
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
        wire_end(wire);
        return;
    }
    to = out_packet(wire, 'G', sizeof said + size);
    if (to == NULL) {
        wire_end(wire);
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
