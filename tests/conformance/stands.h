// stands.h - the transports that are tried, each with what goes with it.
#ifndef HAWSER_CONFORMANCE_STANDS_H
#define HAWSER_CONFORMANCE_STANDS_H

#include "promises.h"

extern const struct stand stand_inproc;
extern const struct stand stand_ws;
extern const struct stand stand_zmq;

struct stand
stand_sim(void);

#endif
