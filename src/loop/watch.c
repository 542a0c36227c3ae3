// watch.c - file descriptors that are watched beside the wires.
#include <stdlib.h>
#include <uv.h>

#include "loop/loop_private.h"

struct hw_fd_watch {
    uv_poll_t poll; // first: a watch's address is its handle's
    void (*readable)(void *user);
    void *user;
};

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct hw_fd_watch *watch = (struct hw_fd_watch *)poll;

    (void)status; // whoever watches looks, and finds the same
    (void)events;
    watch->readable(watch->user);
}

static void
on_closed(uv_handle_t *handle)
{
    free(handle);
}

hawser_status
hw_loop_watch_fd(struct hw_loop *loop, int fd, void (*readable)(void *user),
                 void *user, struct hw_fd_watch **watch)
{
    struct hw_fd_watch *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->readable = readable;
    made->user = user;
    if (uv_poll_init(&loop->uv, &made->poll, fd) != 0) {
        free(made);
        return HAWSER_SYSTEM;
    }
    if (uv_poll_start(&made->poll, UV_READABLE, on_poll) != 0) {
        uv_close((uv_handle_t *)&made->poll, on_closed);
        return HAWSER_SYSTEM;
    }
    *watch = made;
    return HAWSER_OK;
}

void
hw_loop_unwatch_fd(struct hw_fd_watch *watch)
{
    if (watch != NULL) {
        uv_close((uv_handle_t *)&watch->poll, on_closed);
    }
}
