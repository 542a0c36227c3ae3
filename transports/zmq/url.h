// url.h - what a zmq+tcp://, zmq+ipc:// or zmq+inproc:// URL says.
#ifndef HW_ZMQ_URL_H
#define HW_ZMQ_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types.h"

enum {
    HW_ZMQ_URL_MAX = 2048,
    HW_ZMQ_HOST_MAX = 253,         // RFC 1035, as text
    HW_ZMQ_PATH_MAX = 107,         // sun_path of unix(7)
    HW_ZMQ_NAME_MAX = 200,         // of inproc; chosen
    HW_ZMQ_PREFIX_MAX = 255,       // of a subscription in a URL; chosen
    HW_ZMQ_SUBSCRIPTIONS_MAX = 16, // in a URL; chosen
};

enum hw_zmq_carrier { HW_ZMQ_TCP, HW_ZMQ_IPC, HW_ZMQ_INPROC };

struct hw_zmq_prefix {
    unsigned char bytes[HW_ZMQ_PREFIX_MAX];
    size_t size;
};

struct hw_zmq_url {
    enum hw_zmq_carrier carrier;
    const struct hw_zmq_type *type;
    bool bind;
    bool v6;                         // host is an IPv6 address
    char host[HW_ZMQ_HOST_MAX + 1];  // tcp; "*" with bind: every interface
    uint16_t port;                   // tcp; 0 with bind: any that is free
    char place[HW_ZMQ_NAME_MAX + 1]; // the path of ipc, the name of inproc
    unsigned subscription_count;
    struct hw_zmq_prefix subscriptions[HW_ZMQ_SUBSCRIPTIONS_MAX];
};

// Takes a URL apart. false: it is malformed, and sentence says why.
bool
hw_zmq_url_parse(const char *url, struct hw_zmq_url *parts, char *sentence,
                 size_t size);

// The type that a URL which can be taken apart says.
const struct hw_zmq_type *
hw_zmq_url_type(const char *url);

#endif
