// site.h - what the wires of one loop share: libwebsockets' context, one timer,
// and buffers that are too large to have one per wire.
#ifndef HW_WS_SITE_H
#define HW_WS_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libwebsockets.h>
#include <uv.h>

#include <hawser/status.h>
#include <hawser/transport.h>

#include "frames_in.h"
#include "frames_out.h"
#include "guard.h"

struct hw_ws_wire;
struct hw_ws_vhost;

enum {
    HW_WS_READ_SIZE = 256 * 1024,  // measured: more gains nothing
    HW_WS_BURST_SIZE = 256 * 1024, // framed and written at once
};

struct hw_ws_list {
    struct hw_ws_wire *first, *last;
};

struct hw_ws_site {
    uv_loop_t *loop;
    struct lws_context *context;
    uv_timer_t timer;
    struct hw_ws_list soon;  // wires with a deed that waits for the loop
    struct hw_ws_list dials; // wires that are to connect, in their order
    struct hw_ws_list later; // wires that leave, earliest deadline first
    struct hw_ws_list all;   // the other wires
    struct hw_ws_vhost *vhosts;
    struct hw_ws_pool pool;
    struct hw_ws_masks masks;
    struct hw_ws_guard guard;
    unsigned wires;      // that are not freed yet
    unsigned connecting; // of those, until the upgrade is agreed on
    unsigned pushed;     // connects beyond that limit, at this moment:
    uint64_t pushed_at;
    unsigned turns; // of the loop, since the context is being closed
    unsigned vhosts_made;
    const void *tls_failed; // the SSL whose error is below, or NULL
    unsigned long tls_error;
    bool stopping;
    uint8_t in[LWS_PRE + HW_WS_READ_SIZE];
    uint8_t out[HW_WS_BURST_SIZE];
};

hawser_status
hw_ws_site_start(void *uv_loop, void **result);

void
hw_ws_site_stop(void *user);

// The last wire of a site that stops is gone: ends it.
void
hw_ws_site_end(struct hw_ws_site *site);

// Moves the wire to a list (NULL: none).
void
hw_ws_wire_list(struct hw_ws_wire *wire, struct hw_ws_list *list);

// The size of the buffer that libwebsockets makes the request in.
enum { HW_WS_SERV_BUF_SIZE = 32 * 1024 };

#endif
