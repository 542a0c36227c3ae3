// site.c - what the wires of one loop share, its beginning and its end.
#include "site.h"

#include <stdlib.h>
#include <string.h>

#include "vhost.h"
#include "wire.h"

// libwebsockets closes its handles over some turns of the loop and does not
// say when it is done: the event pipe in the first, what had waited for that in
// the second. Its context may be freed after that, and not before. (A timer of
// 0 ms would run again within the same turn.)
enum { TURNS_TO_CLOSE = 4 };

void
hw_ws_wire_list(struct hw_ws_wire *wire, struct hw_ws_list *list)
{
    if (wire->list != NULL) {
        *(wire->previous ? &wire->previous->next : &wire->list->first) =
            wire->next;
        *(wire->next ? &wire->next->previous : &wire->list->last) =
            wire->previous;
    }
    wire->list = list;
    wire->next = NULL;
    wire->previous = NULL;
    if (list != NULL) {
        wire->previous = list->last;
        *(list->last ? &list->last->next : &list->first) = wire;
        list->last = wire;
    }
}

static void
free_site(uv_handle_t *timer)
{
    struct hw_ws_site *site = timer->data;

    hw_ws_vhosts_clear(site);
    hw_ws_pool_clear(&site->pool);
    free(site);
}

hawser_status
hw_ws_site_start(void *uv_loop, void **result)
{
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN };
    void *loops[1] = { uv_loop };
    struct hw_ws_site *site = malloc(sizeof *site);

    if (site == NULL) {
        return HAWSER_NO_MEMORY;
    }
    // The large buffers stay untouched, so they cost nothing until they are
    // used.
    memset(site, 0, offsetof(struct hw_ws_site, in));
    site->loop = uv_loop;
    if (uv_timer_init(site->loop, &site->timer) != 0) {
        free(site);
        return HAWSER_SYSTEM;
    }
    site->timer.data = site;
    // Each of its complaints is in the sentence of a lost wire.
    lws_set_log_level(0, NULL);
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.foreign_loops = loops;
    info.user = site;
    info.pt_serv_buf_size = HW_WS_SERV_BUF_SIZE;
    info.max_http_header_data = 16 * 1024;
    info.timeout_secs = 7200;
    hw_ws_guard_before(&site->guard, site->loop);
    site->context = lws_create_context(&info);
    hw_ws_guard_after(&site->guard, site->loop);
    if (site->context == NULL) {
        uv_close((uv_handle_t *)&site->timer, free_site);
        return HAWSER_SYSTEM;
    }
    *result = site;
    return HAWSER_OK;
}

static void
close_on(uv_timer_t *timer)
{
    struct hw_ws_site *site = timer->data;

    if (++site->turns < TURNS_TO_CLOSE) {
        (void)uv_timer_start(timer, close_on, 1, 0); // it has a callback
        return;
    }
    lws_context_destroy(site->context);
    hw_ws_guard_drop(&site->guard);
    uv_close((uv_handle_t *)timer, free_site);
}

void
hw_ws_site_end(struct hw_ws_site *site)
{
    lws_context_destroy(site->context);
    hw_ws_guard_hold(&site->guard);
    (void)uv_timer_start(&site->timer, close_on, 1, 0); // it has a callback
}

void
hw_ws_site_stop(void *user)
{
    struct hw_ws_site *site = user;

    site->stopping = true;
    (void)uv_timer_start(&site->timer, hw_ws_wire_do_due, 0, 0);
}
