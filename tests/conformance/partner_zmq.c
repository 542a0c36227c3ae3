// partner_zmq.c - a DEALER of libzmq's own that is bound, for one peer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "partner.h"

// LIMIT: so few that whoever does not read makes the other wait.
enum { LIMIT = 16, LINGER_MS = 2000 };

struct partner {
    struct stage *stage;
    struct ear ear;
    struct ear said; // what is still to be sent, from next on
    size_t next;
    void *context;
    void *socket;
    void *monitor;
    uv_poll_t poll, monitor_poll;
    uv_prepare_t prepare; // looks, in each turn of the loop
    unsigned handles;
    bool deaf;
    bool leaving; // once all is said
    bool ended;   // the connection did
};

static void
must(bool done)
{
    if (!done) {
        (void)fprintf(stderr, "zmq: %s\n", zmq_strerror(zmq_errno()));
        abort();
    }
}

static struct ear *
ear(struct partner *partner)
{
    return &partner->ear;
}

static size_t
unsaid(struct partner *partner)
{
    return partner->said.count - partner->next;
}

// ---- the socket ----

static void
set_number(struct partner *partner, int option, int number)
{
    must(zmq_setsockopt(partner->socket, option, &number, sizeof number) == 0);
}

static void
let_go(struct partner *partner, int linger_ms)
{
    if (partner->socket == NULL) {
        return;
    }
    uv_close((uv_handle_t *)&partner->poll, NULL);
    uv_close((uv_handle_t *)&partner->monitor_poll, NULL);
    must(zmq_socket_monitor(partner->socket, NULL, 0) == 0);
    must(zmq_close(partner->monitor) == 0);
    set_number(partner, ZMQ_LINGER, linger_ms);
    must(zmq_close(partner->socket) == 0);
    partner->socket = NULL;
}

static bool
send_next(struct partner *partner)
{
    const struct note *note = &partner->said.notes[partner->next];

    if (note->topic_size > 0 &&
        zmq_send(partner->socket, note->topic, note->topic_size,
                 ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        return false;
    }
    return zmq_send(partner->socket, note->bytes, note->size, ZMQ_DONTWAIT) >=
           0;
}

static bool
hear_next(struct partner *partner)
{
    zmq_msg_t frames[2];
    int count = 0;
    bool more = true;

    while (more) {
        must(zmq_msg_init(&frames[count]) == 0);
        if (zmq_msg_recv(&frames[count], partner->socket, ZMQ_DONTWAIT) < 0) {
            return false; // an empty message needs no closing
        }
        more = zmq_msg_more(&frames[count++]) != 0;
        if (more && count == 2) {
            stage_fault(partner->stage, "a message of more than two frames");
            return false;
        }
    }
    ear_note(&partner->ear, HAWSER_BINARY, zmq_msg_data(&frames[0]),
             count == 2 ? zmq_msg_size(&frames[0]) : 0,
             zmq_msg_data(&frames[count - 1]),
             zmq_msg_size(&frames[count - 1]));
    for (int i = 0; i < count; i++) {
        must(zmq_msg_close(&frames[i]) == 0);
    }
    return true;
}

static void
read_monitor(struct partner *partner)
{
    uint8_t event[8];
    char endpoint[1];
    uint16_t number;

    while (zmq_recv(partner->monitor, event, sizeof event, ZMQ_DONTWAIT) > 0) {
        must(zmq_recv(partner->monitor, endpoint, 1, ZMQ_DONTWAIT) >= 0);
        memcpy(&number, event, sizeof number);
        partner->ear.opened |= number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        partner->ended |= number == ZMQ_EVENT_DISCONNECTED;
    }
}

// Whether libzmq, whose descriptor tells of news only, has something to do.
static bool
has_more(struct partner *partner)
{
    int events;
    size_t size = sizeof events;

    must(zmq_getsockopt(partner->socket, ZMQ_EVENTS, &events, &size) == 0);
    return ((events & ZMQ_POLLIN) != 0 && !partner->deaf) ||
           ((events & ZMQ_POLLOUT) != 0 && unsaid(partner) > 0);
}

static void
send_and_hear(struct partner *partner)
{
    do {
        while (unsaid(partner) > 0 && send_next(partner)) {
            partner->next++;
        }
        while (!partner->deaf && hear_next(partner)) {
        }
    } while (has_more(partner));
}

static void
look(struct partner *partner)
{
    bool ended = partner->ended; // what came before that is there

    if (partner->socket == NULL) {
        return;
    }
    send_and_hear(partner);
    read_monitor(partner);
    partner->ear.gone |= ended;
    if (partner->leaving && unsaid(partner) == 0) {
        let_go(partner, LINGER_MS);
    }
}

// What is heard here is looked at before the loop waits for more.
static void
on_prepare(uv_prepare_t *prepare)
{
    struct partner *partner = prepare->data;
    const struct ear before = partner->ear;

    look(partner);
    if (partner->ear.count > before.count ||
        partner->ear.opened != before.opened ||
        partner->ear.gone != before.gone) {
        uv_stop(prepare->loop);
    }
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; // an event's descriptor does not break
    (void)events;
    look(poll->data);
}

// ---- opening and closing ----

static void
watch(struct partner *partner, uv_poll_t *poll, void *socket)
{
    size_t size = sizeof(int);
    int fd;

    must(zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0);
    must(uv_poll_init(&partner->stage->loop, poll, fd) == 0);
    must(uv_poll_start(poll, UV_READABLE, on_poll) == 0);
    poll->data = partner;
    uv_unref((uv_handle_t *)poll);
}

static void
open_monitor(struct partner *partner)
{
    static unsigned names;
    char name[32];

    (void)snprintf(name, sizeof name, "inproc://partner-%u", names++); // fits
    partner->monitor = zmq_socket(partner->context, ZMQ_PAIR);
    must(partner->monitor != NULL);
    must(zmq_socket_monitor(partner->socket, name, ZMQ_EVENT_ALL) == 0);
    must(zmq_connect(partner->monitor, name) == 0);
}

static struct partner *
open_zmq(struct stage *stage, const hawser_transport *honest,
         char url[static PARTNER_URL_SIZE])
{
    struct partner *partner = calloc(1, sizeof *partner);
    char address[64];
    size_t size = sizeof address;

    (void)honest; // it speaks for itself
    must(partner != NULL);
    partner->stage = stage;
    partner->context = zmq_ctx_new();
    partner->socket = zmq_socket(partner->context, ZMQ_DEALER);
    must(partner->socket != NULL);
    set_number(partner, ZMQ_SNDHWM, LIMIT);
    set_number(partner, ZMQ_RCVHWM, LIMIT);
    // What listens has a copy of it from now on, and where the peer leaves
    // beside a close it is the copy that counts: with libzmq's own, for ever.
    set_number(partner, ZMQ_LINGER, LINGER_MS);
    open_monitor(partner);
    must(zmq_bind(partner->socket, "tcp://127.0.0.1:*") == 0);
    must(zmq_getsockopt(partner->socket, ZMQ_LAST_ENDPOINT, address, &size) ==
         0);
    (void)snprintf(url, PARTNER_URL_SIZE, "zmq+%s", address); // it fits
    watch(partner, &partner->poll, partner->socket);
    watch(partner, &partner->monitor_poll, partner->monitor);
    must(uv_prepare_init(&stage->loop, &partner->prepare) == 0);
    must(uv_prepare_start(&partner->prepare, on_prepare) == 0);
    partner->prepare.data = partner;
    uv_unref((uv_handle_t *)&partner->prepare);
    return partner;
}

static void
say(struct partner *partner, const hawser_message *message)
{
    ear_note(&partner->said, (hawser_kind)message->kind, message->topic,
             message->topic_size, message->bytes, message->size);
    look(partner);
}

static void
hear_or_not(struct partner *partner, bool on)
{
    partner->deaf = !on;
    look(partner);
}

static void
goodbye(struct partner *partner, int code, const char *reason)
{
    (void)code; // ZMTP has no goodbye
    (void)reason;
    partner->leaving = true;
    look(partner);
}

static void
cut(struct partner *partner)
{
    let_go(partner, 0);
}

// Socket and context end when nothing of the stage is left: until then the
// other end may have something to say to it.
static void
free_partner(uv_handle_t *prepare)
{
    struct partner *partner = prepare->data;

    must(zmq_ctx_term(partner->context) == 0);
    ear_clear(&partner->said);
    ear_clear(&partner->ear);
    free(partner);
}

static void
close_zmq(struct partner *partner)
{
    let_go(partner, 0);
    uv_close((uv_handle_t *)&partner->prepare, free_partner);
}

const struct partner_kind partner_zmq = {
    .open = open_zmq,
    .ear = ear,
    .say = say,
    .unsaid = unsaid,
    .listen = hear_or_not,
    .goodbye = goodbye,
    .cut = cut,
    .close = close_zmq,
};
