// site.c - what the wires of one loop share, its beginning and its end.
#include "site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "wire.h"

// libzmq stops the process where it can't have the descriptors of a context's
// threads, so it is seen to before that they are there.
enum { DESCRIPTORS_OF_CONTEXT = 16, SOCKETS_MAX = 65535 };

static bool
has_descriptors(void)
{
    int held[DESCRIPTORS_OF_CONTEXT];
    int count = 0;

    while (count < DESCRIPTORS_OF_CONTEXT) {
        held[count] = eventfd(0, EFD_CLOEXEC);
        if (held[count] < 0) {
            break;
        }
        count++;
    }
    for (int i = 0; i < count; i++) {
        (void)close(held[i]); // nothing was written
    }
    return count == DESCRIPTORS_OF_CONTEXT;
}

// The threads of a context are made with its first socket.
static void *
make_context(void)
{
    void *context, *socket = NULL;

    if (!has_descriptors()) {
        return NULL;
    }
    context = zmq_ctx_new();
    if (context != NULL) {
        (void)zmq_ctx_set(context, ZMQ_MAX_SOCKETS, SOCKETS_MAX); // in range
        socket = zmq_socket(context, ZMQ_PAIR);
    }
    if (socket == NULL) {
        if (context != NULL) {
            (void)zmq_ctx_term(context); // it has no sockets
        }
        return NULL;
    }
    (void)zmq_close(socket); // it is one
    return context;
}

// ---- turns ----

// Who becomes due meanwhile waits for the loop's next turn.
static void
on_idle(uv_idle_t *idle)
{
    struct hw_zmq_site *site = idle->data;
    struct hw_zmq_wire *wire = site->due, *next;

    site->due = NULL;
    for (; wire != NULL; wire = next) {
        next = wire->next_due;
        wire->due = false;
        hw_zmq_wire_turn(wire);
    }
    if (site->due == NULL) {
        (void)uv_idle_stop(idle); // it can't fail
    }
}

void
hw_zmq_wire_soon(struct hw_zmq_wire *wire)
{
    struct hw_zmq_site *site = wire->site;

    if (wire->due) {
        return;
    }
    wire->due = true;
    wire->next_due = NULL;
    *(site->due == NULL ? &site->due : &site->last_due->next_due) = wire;
    site->last_due = wire;
    (void)uv_idle_start(&site->idle, on_idle); // it has a callback
}

static void
on_bell(uv_async_t *async)
{
    struct hw_zmq_site *site = async->data;

    for (struct hw_zmq_wire *wire = site->wires; wire != NULL;
         wire = wire->next) {
        if (wire->awaits_bytes) {
            hw_zmq_wire_soon(wire);
        }
    }
}

// ---- beginning ----

hawser_status
hw_zmq_site_start(void *uv_loop, void **result)
{
    struct hw_zmq_site *site = calloc(1, sizeof *site);

    if (site == NULL) {
        return HAWSER_NO_MEMORY;
    }
    site->loop = uv_loop;
    site->bell = hw_zmq_bell_new(&site->async);
    if (site->bell == NULL) {
        free(site);
        return HAWSER_NO_MEMORY;
    }
    site->context = make_context();
    if (site->context == NULL ||
        uv_async_init(site->loop, &site->async, on_bell) != 0) {
        hw_zmq_bell_drop(site->bell);
        if (site->context != NULL) {
            (void)zmq_ctx_term(site->context); // it has no sockets
        }
        free(site);
        return HAWSER_SYSTEM;
    }
    (void)uv_idle_init(site->loop, &site->idle); // it can't fail
    site->async.data = site;
    site->idle.data = site;
    site->work.data = site;
    site->handles = 2;
    *result = site;
    return HAWSER_OK;
}

// ---- end ----

static void
free_site(uv_handle_t *handle)
{
    struct hw_zmq_site *site = handle->data;

    if (--site->handles == 0) {
        hw_zmq_gather_free(&site->gathering);
        free(site);
    }
}

static void
close_handles(uv_work_t *work, int status)
{
    struct hw_zmq_site *site = work->data;

    (void)status; // it is not cancelled
    uv_close((uv_handle_t *)&site->idle, free_site);
    uv_close((uv_handle_t *)&site->async, free_site);
}

// Waits for what sockets that are closed have still to say: on a thread of
// libuv's, since it may take as long as they linger.
static void
end_context(uv_work_t *work)
{
    struct hw_zmq_site *site = work->data;

    while (zmq_ctx_term(site->context) != 0 && zmq_errno() == EINTR) {
    }
}

void
hw_zmq_site_look(struct hw_zmq_site *site)
{
    if (!site->stopping || site->wires != NULL) {
        return;
    }
    hw_zmq_bell_drop(site->bell);
    if (uv_queue_work(site->loop, &site->work, end_context, close_handles) !=
        0) { // only without a callback, as it is now
        end_context(&site->work);
        close_handles(&site->work, 0);
    }
}

void
hw_zmq_site_stop(void *user)
{
    struct hw_zmq_site *site = user;

    site->stopping = true;
    hw_zmq_site_look(site);
}
