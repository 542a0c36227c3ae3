// stands.h - the transports that are tried, each with what goes with it.
#ifndef HAWSER_CONFORMANCE_STANDS_H
#define HAWSER_CONFORMANCE_STANDS_H

#include "promises.h"

extern const struct stand stand_inproc;
extern const struct stand stand_ws;
extern const struct stand stand_tcp;
extern const struct stand stand_tls;
extern const struct stand stand_unix;
extern const struct stand stand_wss;
extern const struct stand stand_zmq;

struct stand
stand_sim(void);

// The stand of a transport that is built in, by its scheme. False: it is none.
bool
stand_of(const char *scheme, struct stand *stand);

#endif
