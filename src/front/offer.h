// offer.h - links that are offered at ZeroMQ sockets.
//
// An offer is pumped between the turns of its link's loop, on its thread: what
// comes to its socket is sent on the link, what the link receives goes to the
// socket.
#ifndef HW_FRONT_OFFER_H
#define HW_FRONT_OFFER_H

#include "front/bus.h"

// Right before a turn: what came to the sockets.
void
hw_offers_gather(struct hw_shard *shard);

// Right after it: what the links have for them, and what found no room before.
void
hw_offers_turned(struct hw_shard *shard);

// The bus ends: who does not read is not waited for any more.
void
hw_offers_end(hawser_bus *bus);

// Closes their sockets. The loop is the caller's, and still there.
void
hw_offers_close(struct hw_shard *shard);

#endif
