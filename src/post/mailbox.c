// mailbox.c - inproc ZeroMQ pipes, and the letters that go through them.
#include "post/mailbox.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/check.h"
#include "base/refusal.h"

struct hw_post {
    void *context;
    atomic_uint pipes; // names them
};

// How many letters were said at each end; both ends share it.
struct tally {
    atomic_uint holds;
    _Atomic uint64_t said[2];
};

struct hw_mailbox {
    void *socket;
    struct tally *tally;
    uint64_t heard;
    int fd;
    unsigned side; // of the tally
};

// What zmq_… has answered just now with errno.
static hawser_status
refused(const char *call)
{
    hw_refusal_note(call, errno);
    return errno == ENOMEM ? HAWSER_NO_MEMORY : HAWSER_SYSTEM;
}

hawser_status
hw_post_open(unsigned tables, struct hw_post **post)
{
    struct hw_post *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->context = zmq_ctx_new();
    if (made->context == NULL) {
        hawser_status status = refused("zmq_ctx_new");

        free(made);
        return status;
    }
    // inproc needs no I/O thread of ZeroMQ's.
    (void)zmq_ctx_set(made->context, ZMQ_IO_THREADS, 0);
    if (tables > 1) {
        (void)zmq_ctx_set(made->context, ZMQ_MAX_SOCKETS,
                          (int)tables * ZMQ_MAX_SOCKETS_DFLT);
    }
    *post = made;
    return HAWSER_OK;
}

void
hw_post_close(struct hw_post *post)
{
    int ended;

    do {
        ended = zmq_ctx_term(post->context);
    } while (ended != 0 && errno == EINTR);
    HW_CHECK(ended == 0, "every mailbox is closed before its post");
    free(post);
}

void *
hw_post_context(const struct hw_post *post)
{
    return post->context;
}

static void *
open_socket(struct hw_post *post)
{
    void *socket = zmq_socket(post->context, ZMQ_PAIR);
    int none = 0;

    if (socket != NULL) {
        // Letters carry ownership: none may be refused or linger.
        (void)zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
        (void)zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
        (void)zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    }
    return socket;
}

static hawser_status
make_mailbox(struct hw_post *post, struct hw_mailbox **mailbox)
{
    struct hw_mailbox *made = calloc(1, sizeof *made);
    size_t size = sizeof made->fd;
    hawser_status status = HAWSER_OK;

    *mailbox = made;
    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->socket = open_socket(post);
    if (made->socket == NULL) {
        status = refused("zmq_socket");
    } else if (zmq_getsockopt(made->socket, ZMQ_FD, &made->fd, &size) != 0) {
        status = refused("zmq_getsockopt");
    }
    return status;
}

static hawser_status
share_tally(struct hw_mailbox *one, struct hw_mailbox *other)
{
    struct tally *tally = calloc(1, sizeof *tally);

    if (tally == NULL) {
        return HAWSER_NO_MEMORY;
    }
    atomic_init(&tally->holds, 2);
    one->tally = tally;
    other->tally = tally;
    other->side = 1;
    return HAWSER_OK;
}

static hawser_status
join(struct hw_post *post, struct hw_mailbox *left, struct hw_mailbox *right)
{
    char address[32];

    (void)snprintf(address, sizeof address, "inproc://%u",
                   atomic_fetch_add(&post->pipes, 1));
    if (zmq_bind(left->socket, address) != 0) {
        return refused("zmq_bind");
    }
    if (zmq_connect(right->socket, address) != 0) {
        return refused("zmq_connect");
    }
    return share_tally(left, right);
}

hawser_status
hw_pipe_open(struct hw_post *post, struct hw_mailbox **one,
             struct hw_mailbox **other)
{
    struct hw_mailbox *left = NULL, *right = NULL;
    hawser_status status = make_mailbox(post, &left);

    if (status == HAWSER_OK) {
        status = make_mailbox(post, &right);
    }
    if (status == HAWSER_OK) {
        status = join(post, left, right);
    }
    if (status != HAWSER_OK) {
        hw_mailbox_close(left);
        hw_mailbox_close(right);
        return status;
    }
    *one = left;
    *other = right;
    return HAWSER_OK;
}

void
hw_mailbox_close(struct hw_mailbox *mailbox)
{
    if (mailbox == NULL) {
        return;
    }
    if (mailbox->socket != NULL) {
        (void)zmq_close(mailbox->socket); // fails only for what is no socket
    }
    if (mailbox->tally != NULL &&
        atomic_fetch_sub(&mailbox->tally->holds, 1) == 1) {
        free(mailbox->tally);
    }
    free(mailbox);
}

void
hw_mailbox_say(struct hw_mailbox *mailbox, const struct hw_letter *letter)
{
    _Atomic uint64_t *mine = &mailbox->tally->said[mailbox->side];
    int said;

    do {
        said = zmq_send(mailbox->socket, letter, sizeof *letter, ZMQ_DONTWAIT);
    } while (said < 0 && errno == EINTR);
    HW_CHECK(said == (int)sizeof *letter, "a pipe takes every letter");
    // Nobody else writes it.
    atomic_store_explicit(mine,
                          atomic_load_explicit(mine, memory_order_relaxed) + 1,
                          memory_order_release);
}

bool
hw_mailbox_hear(struct hw_mailbox *mailbox, struct hw_letter *letter)
{
    int heard;

    do {
        heard = zmq_recv(mailbox->socket, letter, sizeof *letter, ZMQ_DONTWAIT);
    } while (heard < 0 && errno == EINTR);
    if (heard < 0 && errno == EAGAIN) {
        return false;
    }
    HW_CHECK(heard == (int)sizeof *letter, "only letters go through a pipe");
    mailbox->heard++;
    return true;
}

bool
hw_mailbox_has(const struct hw_mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->tally->said[1 - mailbox->side],
                                memory_order_acquire) != mailbox->heard;
}

void
hw_mailbox_let_finish(const struct hw_mailbox *mailbox)
{
    while (hw_mailbox_has(mailbox)) {
        (void)sched_yield(); // always 0
    }
}

void *
hw_mailbox_socket(const struct hw_mailbox *mailbox)
{
    return mailbox->socket;
}

int
hw_mailbox_fd(const struct hw_mailbox *mailbox)
{
    return mailbox->fd;
}
