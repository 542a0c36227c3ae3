// url.h - what a tcp://, tls:// or unix:// URL says.
#ifndef HW_STREAM_URL_H
#define HW_STREAM_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HW_STREAM_HOST_MAX = 253, // RFC 1035, as text
    HW_STREAM_PATH_MAX = 107, // of a Unix socket, unix(7)
};

enum hw_stream_scheme { HW_STREAM_TCP, HW_STREAM_TLS, HW_STREAM_UNIX };

struct hw_stream_url {
    enum hw_stream_scheme scheme;
    bool v6; // host is an IPv6 address, here without its brackets
    uint16_t port;
    char host[HW_STREAM_HOST_MAX + 1]; // "" for unix://
    char path[HW_STREAM_PATH_MAX + 1]; // begins with / or @, or is ""
};

// Takes a URL apart. false: it is malformed, and sentence says why.
bool
hw_stream_url_parse(const char *url, struct hw_stream_url *parts,
                    char *sentence, size_t size);

#endif
