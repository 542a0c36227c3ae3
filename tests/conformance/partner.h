// partner.h - the other end of a wire, which the suite moves by hand.
#ifndef HAWSER_CONFORMANCE_PARTNER_H
#define HAWSER_CONFORMANCE_PARTNER_H

#include "stage.h"

enum { PARTNER_URL_SIZE = 256 };

struct partner;

// A sort of partner. All of them answer on the stage's own loop, and say and
// goodbye may wait inside for the other end to read.
struct partner_kind {
    // Makes one that can be dialled at url. honest is the transport without
    // the faults that are planted.
    struct partner *(*open)(struct stage *stage, const hawser_transport *honest,
                            char url[static PARTNER_URL_SIZE]);
    struct ear *(*ear)(struct partner *partner);
    void (*say)(struct partner *partner, const hawser_message *message);
    // Messages said that the operating system or the transport has not taken.
    size_t (*unsaid)(struct partner *partner);
    // off: reads no more. Both ends begin with on.
    void (*listen)(struct partner *partner, bool on);
    // Behind what was said.
    void (*goodbye)(struct partner *partner, int code, const char *reason);
    // Gone without a word. NULL: such a partner can't be.
    void (*cut)(struct partner *partner);
    // Lets go of everything; its handles are closed by the time that the loop
    // has run empty, and it is freed then.
    void (*close)(struct partner *partner);
};

// A second wire of the same transport, which dials the same name.
extern const struct partner_kind partner_twin;

// From now on twins meet at URLs made of these two templates (template.h),
// which stay the caller's: the far end is dialled first.
void
partner_twin_meets_at(const char *near_end, const char *far_end);

// A WebSocket server of one connection.
extern const struct partner_kind partner_ws;

// Servers of one connection, with framing=length32.
extern const struct partner_kind partner_tcp;
extern const struct partner_kind partner_tls;
extern const struct partner_kind partner_unix;

// The same below TLS, with a certificate that nobody signed.
extern const struct partner_kind partner_wss;

// A DEALER of libzmq's own, of one connection.
extern const struct partner_kind partner_zmq;

// A server of the sim world. Its transport is the one below: its worlds last
// from start to stop, and turn with the loop.
extern const struct partner_kind partner_sim;

const hawser_transport *
sim_that_turns(void);

#endif
