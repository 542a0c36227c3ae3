// url.h - what a ws:// or wss:// URL and a proxy's address say.
#ifndef HW_WS_URL_H
#define HW_WS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HW_WS_URL_MAX = 2048,
    HW_WS_HOST_MAX = 253, // RFC 1035, as text
    HW_WS_USER_MAX = 90,  // user:password of a proxy: what libwebsockets takes
};

struct hw_ws_url {
    bool tls;
    bool v6; // host is an IPv6 address, here without its brackets
    uint16_t port;
    char host[HW_WS_HOST_MAX + 1];
    const char *target; // path and query, in the URL; "" or begins with / or ?
};

// Takes a URL apart. false: it is malformed, and sentence says why.
bool
hw_ws_url_parse(const char *url, struct hw_ws_url *parts, char *sentence,
                size_t sentence_size);

struct hw_ws_proxy {
    bool v6;
    uint16_t port;
    char host[HW_WS_HOST_MAX + 1];
    char user[HW_WS_USER_MAX + 1]; // user:password, or ""
};

// The same for http://[USER:PASSWORD@]HOST:PORT.
bool
hw_ws_proxy_parse(const char *url, struct hw_ws_proxy *parts, char *sentence,
                  size_t sentence_size);

#endif
