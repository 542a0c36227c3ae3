// router.c - a ROUTER that sends everything back.
#include "router.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zmq.h>

// One frame; what can't be sent, to somebody who has left, is dropped.
static void
pass_frame(void *socket)
{
    zmq_msg_t frame;
    int more;

    (void)zmq_msg_init(&frame); // it can't fail
    if (zmq_msg_recv(&frame, socket, 0) >= 0) {
        more = zmq_msg_more(&frame) != 0 ? ZMQ_SNDMORE : 0;
        (void)zmq_msg_send(&frame, socket, more);
    }
    (void)zmq_msg_close(&frame); // it is one
}

static void *
bind_both(struct router *router)
{
    void *context = zmq_ctx_new();
    void *socket = context == NULL ? NULL : zmq_socket(context, ZMQ_ROUTER);
    size_t size = sizeof router->tcp;

    (void)snprintf(router->ipc, sizeof router->ipc, "ipc://@hawser-torture-%d",
                   (int)getpid()); // it fits
    if (socket == NULL || zmq_bind(socket, "tcp://127.0.0.1:*") != 0 ||
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, router->tcp, &size) != 0 ||
        zmq_bind(socket, router->ipc) != 0) {
        return NULL;
    }
    return socket;
}

_Noreturn static void
pass_all(struct router *router, int tell)
{
    void *socket;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // it ends with who started it
    socket = bind_both(router);
    if (socket == NULL || write(tell, router, sizeof *router) < 0) {
        _exit(2);
    }
    for (;;) {
        pass_frame(socket);
    }
}

bool
router_start(struct router *router)
{
    int ends[2];
    pid_t process;
    bool told;

    if (pipe(ends) != 0) {
        return false;
    }
    process = fork();
    if (process == 0) {
        pass_all(router, ends[1]);
    }
    (void)close(ends[1]); // the child has it
    told = process > 0 &&
           read(ends[0], router, sizeof *router) == (ssize_t)sizeof *router;
    (void)close(ends[0]); // it was read
    router->process = process;
    return told;
}

void
router_stop(struct router *router)
{
    (void)kill(router->process, SIGKILL);
    (void)waitpid(router->process, NULL, 0);
}
