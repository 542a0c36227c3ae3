// socket.c - a ZeroMQ socket that others connect to, with frames for them.
#include "post/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/check.h"

enum {
    SHARED_MIN = 4096, // bytes that are not worth a copy; chosen
    ADDRESS_MAX = 512, // of an offer, and more
};

struct hw_socket {
    void *zmq;
    int fd;
    bool bound;
    bool ended;
    bool says;
    bool hears;
    zmq_msg_t parts[HW_FRAMES_MAX];
};

static const struct {
    int type;
    bool says;
    bool hears;
} kinds[HW_SOCKET_TYPES] = {
    [HW_SOCKET_DEALER] = { ZMQ_DEALER, true, true },
    [HW_SOCKET_PAIR] = { ZMQ_PAIR, true, true },
    [HW_SOCKET_PUSH] = { ZMQ_PUSH, true, false },
    [HW_SOCKET_PULL] = { ZMQ_PULL, false, true },
    [HW_SOCKET_PUB] = { ZMQ_PUB, true, false },
    [HW_SOCKET_NEWS] = { ZMQ_XPUB, true, true },
};

// ---- opening and closing ----

static int
ask(struct hw_socket *socket, int option, void *value, size_t *size)
{
    int answer;

    do {
        answer = zmq_getsockopt(socket->zmq, option, value, size);
    } while (answer != 0 && errno == EINTR);
    return answer;
}

static bool
bind_at(struct hw_socket *socket, const char *address)
{
    size_t size = sizeof socket->fd;
    int every = 1;

    if (ask(socket, ZMQ_FD, &socket->fd, &size) != 0) {
        return false;
    }
    // Whoever subscribes anew is to be told how things stand.
    (void)zmq_setsockopt(socket->zmq, ZMQ_XPUB_VERBOSE, &every, sizeof every);
    if (zmq_bind(socket->zmq, address) != 0) {
        return false;
    }
    socket->bound = true;
    return true;
}

hawser_status
hw_socket_open(void *context, enum hw_socket_type type, const char *address,
               struct hw_socket **socket)
{
    struct hw_socket *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    for (unsigned i = 0; i < HW_FRAMES_MAX; i++) {
        (void)zmq_msg_init(&made->parts[i]); // it can't fail
    }
    made->says = kinds[type].says;
    made->hears = kinds[type].hears;
    made->zmq = zmq_socket(context, kinds[type].type);
    if (made->zmq == NULL || !bind_at(made, address)) {
        int error = errno;

        hw_socket_close(made);
        errno = error;
        return error == ENOMEM ? HAWSER_NO_MEMORY : HAWSER_SYSTEM;
    }
    *socket = made;
    return HAWSER_OK;
}

// Closing leaves the address taken until a thread of libzmq's has come by.
static void
leave_address(struct hw_socket *socket)
{
    char address[ADDRESS_MAX];
    size_t size = sizeof address;

    if (ask(socket, ZMQ_LAST_ENDPOINT, address, &size) == 0) {
        (void)zmq_unbind(socket->zmq, address); // it is bound there
    }
}

void
hw_socket_close(struct hw_socket *socket)
{
    if (socket == NULL) {
        return;
    }
    for (unsigned i = 0; i < HW_FRAMES_MAX; i++) {
        (void)zmq_msg_close(&socket->parts[i]); // it was initialised
    }
    if (socket->bound) {
        leave_address(socket);
    }
    if (socket->zmq != NULL) {
        (void)zmq_close(socket->zmq); // fails only for what is no socket
    }
    free(socket);
}

static void
note_end(struct hw_socket *socket, bool failed)
{
    if (failed && errno == ETERM) {
        socket->ended = true;
    }
}

// ---- hearing ----

static bool
take_part(struct hw_socket *socket, zmq_msg_t *part)
{
    int size;

    do {
        size = zmq_msg_recv(part, socket->zmq, ZMQ_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    note_end(socket, size < 0);
    return size >= 0;
}

static unsigned
skip_parts(struct hw_socket *socket)
{
    unsigned skipped = 0;
    zmq_msg_t part;
    bool more = true;

    (void)zmq_msg_init(&part); // it can't fail
    while (more && take_part(socket, &part)) {
        more = zmq_msg_more(&part) != 0;
        skipped++;
    }
    (void)zmq_msg_close(&part); // it was initialised
    return skipped;
}

// A message comes whole: behind its first part the others are there.
unsigned
hw_socket_hear(struct hw_socket *socket,
               struct hw_frame frames[static HW_FRAMES_MAX])
{
    unsigned count = 0;
    bool more = socket->hears;

    while (more && count < HW_FRAMES_MAX) {
        zmq_msg_t *part = &socket->parts[count];

        if (!take_part(socket, part)) {
            return 0;
        }
        frames[count].bytes = zmq_msg_data(part);
        frames[count].size = zmq_msg_size(part);
        frames[count].owner = NULL;
        more = zmq_msg_more(part) != 0;
        count++;
    }
    return more && socket->hears ? count + skip_parts(socket) : count;
}

// ---- saying ----

static void
drop_owner(void *bytes, void *owner)
{
    (void)bytes;
    hawser_message_drop(owner);
}

static bool
make_part(zmq_msg_t *part, const struct hw_frame *frame)
{
    if (frame->owner != NULL && frame->size >= SHARED_MIN) {
        // From then on another thread may drop it.
        (void)hawser_message_hold(frame->owner);
        if (zmq_msg_init_data(part, (void *)frame->bytes, frame->size,
                              drop_owner, frame->owner) != 0) {
            hawser_message_drop(frame->owner);
            return false;
        }
        return true;
    }
    if (zmq_msg_init_size(part, frame->size) != 0) {
        return false;
    }
    if (frame->size > 0) {
        memcpy(zmq_msg_data(part), frame->bytes, frame->size);
    }
    return true;
}

// Either all parts of a message are taken or none: only the first may be
// refused.
hawser_status
hw_socket_say(struct hw_socket *socket, const struct hw_frame *frames,
              unsigned count)
{
    zmq_msg_t parts[HW_FRAMES_MAX];
    unsigned made = 0, said = 0;
    hawser_status status;
    bool taken = true;

    HW_CHECK(count > 0 && count <= HW_FRAMES_MAX, "a message has frames");
    if (!socket->says) {
        return HAWSER_OK; // to nobody, now and ever
    }
    while (made < count && make_part(&parts[made], &frames[made])) {
        made++;
    }
    while (taken && made == count && said < count) {
        int more = said + 1 < count ? ZMQ_SNDMORE : 0;
        int size;

        do {
            size = zmq_msg_send(&parts[said], socket->zmq, ZMQ_DONTWAIT | more);
        } while (size < 0 && errno == EINTR);
        note_end(socket, size < 0);
        taken = size >= 0;
        said += taken;
    }
    HW_CHECK(said == 0 || said == count, "a message is taken whole");
    status = said == count  ? HAWSER_OK
             : made < count ? HAWSER_NO_MEMORY
                            : HAWSER_AGAIN;
    while (made > said) {
        (void)zmq_msg_close(&parts[--made]); // it was initialised
    }
    return status;
}

unsigned
hw_socket_can(struct hw_socket *socket)
{
    int events = 0;
    size_t size = sizeof events;

    if (ask(socket, ZMQ_EVENTS, &events, &size) != 0) {
        note_end(socket, true);
        return 0;
    }
    return ((events & ZMQ_POLLIN) != 0 ? HW_SOCKET_CAN_HEAR : 0u) |
           ((events & ZMQ_POLLOUT) != 0 ? HW_SOCKET_CAN_SAY : 0u);
}

bool
hw_socket_has_ended(const struct hw_socket *socket)
{
    return socket->ended;
}

int
hw_socket_fd(const struct hw_socket *socket)
{
    return socket->fd;
}
