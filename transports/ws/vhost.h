// vhost.h - libwebsockets' settings for TLS and proxies, shared by the wires
// that want the same.
#ifndef HW_WS_VHOST_H
#define HW_WS_VHOST_H

#include <hawser/transport.h>

#include "site.h"
#include "url.h"

struct hw_ws_vhost;

// What a wire needs. Texts may be "" and belong to the caller; address and
// proxy are those of the proxy, if there is one.
struct hw_ws_vhost_want {
    bool tls;
    const char *ca, *cert, *key;
    const struct hw_ws_proxy *proxy; // NULL: none
    const char *address;
};

// Holds a vhost that is as wanted, making one if there is none. INVALID: a file
// is not what it should be, as sentence says; SYSTEM, NO_MEMORY.
hawser_status
hw_ws_vhost_hold(struct hw_ws_site *site, const struct hw_ws_vhost_want *want,
                 struct hw_ws_vhost **result, char *sentence,
                 size_t sentence_size);

void
hw_ws_vhost_drop(struct hw_ws_site *site, struct hw_ws_vhost *vhost);

struct lws_vhost *
hw_ws_vhost_lws(const struct hw_ws_vhost *vhost);

// Frees the list; libwebsockets frees what is its own with the context.
void
hw_ws_vhosts_clear(struct hw_ws_site *site);

#endif
