// proxy_pair.h - one connection through the chaos proxy: two ends, two flows.
#ifndef CHAOS_PROXY_PAIR_H
#define CHAOS_PROXY_PAIR_H

#include <poll.h>
#include <sys/socket.h>

#include "proxy_flow.h"
#include "proxy_plan.h"

enum phase {
    CONNECTING,
    OPEN,
    DEAF,    // half-open: nothing is read or written, no end is noticed
    PARTING, // cut: goodbyes are said, what still comes is thrown away
    OVER,
};

enum { CLIENT, SERVER, ENDS };

struct pair {
    unsigned long number;
    enum phase phase;
    int end[ENDS];
    struct flow flow[ENDS]; // flow[CLIENT] comes from the client
    bool told[ENDS];        // that end has been told goodbye
    int64_t tell_us[ENDS];  // PARTING: when
    int64_t until_us;       // it ends here, whatever happens
    uint64_t passed;        // bytes, of both directions
    struct plan plan;
    struct chance chance;
    const char *why; // it ended
};

// Takes client over, and connects to where address says. NULL: no memory, or
// no socket; client is closed.
struct pair *
pair_open(int client, const struct sockaddr *address, socklen_t size,
          const struct plan *plan, struct chance chance);

// What poll is to watch, one for each end.
void
pair_watch(const struct pair *pair, struct pollfd watched[ENDS]);

// When pair_step is due at the latest; INT64_MAX: only when poll says so.
int64_t
pair_due_us(const struct pair *pair);

// Does what is due. Once phase is OVER, pair_close is left to do.
void
pair_step(struct pair *pair, const struct pollfd watched[ENDS], int64_t now_us);

// No more trouble: what has begun is ended by a reset.
void
pair_calm(struct pair *pair);

void
pair_close(struct pair *pair);

#endif
