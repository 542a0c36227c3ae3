// site.h - what the wires of one loop share: ZeroMQ's context, and their turns.
#ifndef HW_ZMQ_SITE_H
#define HW_ZMQ_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include <hawser/status.h>

#include "frames.h"
#include "ledger.h"

struct hw_zmq_wire;

struct hw_zmq_site {
    uv_loop_t *loop;
    void *context;             // of its own, for links that name no other
    struct hw_zmq_wire *wires; // all that are not freed
    struct hw_zmq_wire *due;   // those that are to take a turn, in order
    struct hw_zmq_wire *last_due;
    uv_idle_t idle;   // runs while there are some
    uv_async_t async; // the bell's
    struct hw_zmq_bell *bell;
    struct hw_zmq_gathering gathering;
    uv_work_t work; // ends the context
    unsigned handles;
    unsigned sockets; // for names of monitors
    bool stopping;
};

hawser_status
hw_zmq_site_start(void *uv_loop, void **result);

void
hw_zmq_site_stop(void *user);

// Has the wire take a turn, as soon as the loop does.
void
hw_zmq_wire_soon(struct hw_zmq_wire *wire);

// A wire was freed.
void
hw_zmq_site_look(struct hw_zmq_site *site);

#endif
