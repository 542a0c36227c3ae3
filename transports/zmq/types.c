// types.c - the socket types of ZeroMQ, and what each can do.
#include "types.h"

#include <string.h>
#include <zmq.h>

// SUB sends too: what it is given are its subscriptions.
static const struct hw_zmq_type types[] = {
    { "dealer", ZMQ_DEALER, true, true, false },
    { "router", ZMQ_ROUTER, true, true, false },
    { "req", ZMQ_REQ, true, true, false },
    { "rep", ZMQ_REP, true, true, false },
    { "push", ZMQ_PUSH, true, false, false },
    { "pull", ZMQ_PULL, false, true, false },
    { "pub", ZMQ_PUB, true, false, true },
    { "sub", ZMQ_SUB, true, true, true },
    { "xpub", ZMQ_XPUB, true, true, true },
    { "xsub", ZMQ_XSUB, true, true, true },
    { "pair", ZMQ_PAIR, true, true, false },
};

const struct hw_zmq_type *
hw_zmq_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

const char *
hw_zmq_type_names(void)
{
    return "dealer, router, req, rep, push, pull, pub, sub, xpub, xsub, pair";
}
