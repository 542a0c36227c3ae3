// mailbox.c - inproc ZeroMQ pipes, and the letters that go through them.
#include "post/mailbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/check.h"

struct hw_post {
    void *context;
    atomic_uint pipes; // names them
};

struct hw_mailbox {
    void *socket;
    int fd;
};

static hawser_status
status_of_errno(void)
{
    return errno == ENOMEM ? HAWSER_NO_MEMORY : HAWSER_SYSTEM;
}

hawser_status
hw_post_open(struct hw_post **post)
{
    struct hw_post *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->context = zmq_ctx_new();
    if (made->context == NULL) {
        free(made);
        return status_of_errno();
    }
    // inproc needs no I/O thread of ZeroMQ's.
    (void)zmq_ctx_set(made->context, ZMQ_IO_THREADS, 0);
    *post = made;
    return HAWSER_OK;
}

void
hw_post_close(struct hw_post *post)
{
    int ended = zmq_ctx_term(post->context);

    HW_CHECK(ended == 0, "every mailbox is closed before its post");
    free(post);
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

static struct hw_mailbox *
make_mailbox(struct hw_post *post)
{
    struct hw_mailbox *mailbox = calloc(1, sizeof *mailbox);
    size_t size = sizeof mailbox->fd;

    if (mailbox == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    mailbox->socket = open_socket(post);
    if (mailbox->socket == NULL ||
        zmq_getsockopt(mailbox->socket, ZMQ_FD, &mailbox->fd, &size) != 0) {
        hw_mailbox_close(mailbox);
        return NULL;
    }
    return mailbox;
}

hawser_status
hw_pipe_open(struct hw_post *post, struct hw_mailbox **one,
             struct hw_mailbox **other)
{
    char address[32];
    struct hw_mailbox *left = make_mailbox(post);
    struct hw_mailbox *right = left == NULL ? NULL : make_mailbox(post);
    hawser_status status;

    (void)snprintf(address, sizeof address, "inproc://%u",
                   atomic_fetch_add(&post->pipes, 1));
    if (right == NULL || zmq_bind(left->socket, address) != 0 ||
        zmq_connect(right->socket, address) != 0) {
        status = status_of_errno();
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
    free(mailbox);
}

void
hw_mailbox_say(struct hw_mailbox *mailbox, const struct hw_letter *letter)
{
    int said;

    do {
        said = zmq_send(mailbox->socket, letter, sizeof *letter, ZMQ_DONTWAIT);
    } while (said < 0 && errno == EINTR);
    HW_CHECK(said == (int)sizeof *letter, "a pipe takes every letter");
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
    return true;
}

int
hw_mailbox_fd(const struct hw_mailbox *mailbox)
{
    return mailbox->fd;
}
