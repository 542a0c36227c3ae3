// app.c - an application of ZeroMQ's beside the library.
#include "app.h"

#include <errno.h>
#include <stdlib.h>

#include <zmq.h>

enum { MOMENT_MS = 20 };

// What the linker's --wrap has put its own before.
void *
__real_zmq_ctx_new(void);
int
__real_zmq_ctx_term(void *context);
void *
__real_zmq_socket(void *context, int type);
int
__real_zmq_bind(void *socket, const char *address);
int
__real_zmq_connect(void *socket, const char *address);
int
__real_zmq_send(void *socket, const void *from, size_t size, int flags);
int
__real_zmq_recv(void *socket, void *to, size_t size, int flags);
int
__real_zmq_msg_recv(zmq_msg_t *part, void *socket, int flags);
int
__real_zmq_msg_send(zmq_msg_t *part, void *socket, int flags);

void *
app_context(void)
{
    return __real_zmq_ctx_new();
}

void
app_end(void *context)
{
    while (__real_zmq_ctx_term(context) != 0 && zmq_errno() == EINTR) {
    }
}

void
app_shut(void *context)
{
    (void)zmq_ctx_shutdown(context); // it is one
}

void *
app_socket(void *context, int type, const char *address, bool binds)
{
    void *socket = __real_zmq_socket(context, type);
    int none = 0;

    (void)zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (type == ZMQ_SUB) {
        (void)zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    }
    if ((binds ? __real_zmq_bind(socket, address)
               : __real_zmq_connect(socket, address)) != 0) {
        abort(); // nothing fails here
    }
    return socket;
}

void
app_close(void *socket)
{
    (void)zmq_close(socket); // it is one
}

bool
app_send(void *socket, const void *bytes, size_t size)
{
    return __real_zmq_send(socket, bytes, size, ZMQ_DONTWAIT) == (int)size;
}

int
app_receive(void *socket, void *to, size_t room)
{
    return __real_zmq_recv(socket, to, room, ZMQ_DONTWAIT);
}

void
app_echo(void *socket)
{
    zmq_msg_t part;

    (void)zmq_msg_init(&part); // it can't fail
    while (__real_zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) >= 0) {
        int more = zmq_msg_more(&part) ? ZMQ_SNDMORE : 0;

        if (__real_zmq_msg_send(&part, socket, ZMQ_DONTWAIT | more) < 0) {
            abort(); // nothing fails here
        }
    }
    (void)zmq_msg_close(&part); // it was initialised
}

bool
app_poll(void *socket)
{
    zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };

    return zmq_poll(&item, 1, MOMENT_MS) > 0;
}
