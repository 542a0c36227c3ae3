// guard.c - keeps libwebsockets from closing what is not its own.
#include "guard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void
note_last(uv_handle_t *handle, void *user)
{
    uv_os_fd_t number;

    if (handle->type == UV_POLL && uv_fileno(handle, &number) == 0) {
        *(int *)user = number;
    }
}

// The number of the youngest poll handle: the loop lists them in the order in
// which they came.
static int
last_number(uv_loop_t *loop)
{
    int number = -1;

    uv_walk(loop, note_last, &number);
    return number;
}

void
hw_ws_guard_before(struct hw_ws_guard *guard, uv_loop_t *loop)
{
    guard->number = last_number(loop);
    guard->inode = 0;
}

void
hw_ws_guard_after(struct hw_ws_guard *guard, uv_loop_t *loop)
{
    int number = last_number(loop);

    // The same as before: it has made no pipe.
    guard->number = number == guard->number ? -1 : number;
}

void
hw_ws_guard_hold(struct hw_ws_guard *guard)
{
    struct stat about;
    int placeholder, held;

    if (guard->number < 0 || fcntl(guard->number, F_GETFD) >= 0) {
        return; // still open, or another's already
    }
    // A socket, since each has an inode of its own to be known by.
    placeholder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (placeholder < 0) {
        return; // no number is free, so none will be given away either
    }
    held = placeholder;
    if (placeholder != guard->number) {
        held = fcntl(placeholder, F_DUPFD_CLOEXEC, guard->number);
        (void)close(placeholder); // nothing was written
    }
    if (held == guard->number && fstat(held, &about) == 0) {
        guard->inode = about.st_ino;
    } else if (held >= 0) {
        (void)close(held); // someone was faster
    }
}

void
hw_ws_guard_drop(struct hw_ws_guard *guard)
{
    struct stat about;

    if (guard->inode != 0 && fstat(guard->number, &about) == 0 &&
        about.st_ino == guard->inode) {
        (void)close(guard->number); // it was not closed a second time
    }
}
