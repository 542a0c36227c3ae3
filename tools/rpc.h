// rpc.h - what the files of "hawser rpc" share.
#ifndef HAWSER_TOOL_RPC_H
#define HAWSER_TOOL_RPC_H

#include <hawser/rpc.h>
#include <stdbool.h>
#include <stdint.h>

#include "session.h"

struct rpc {
    struct link_flags link;
    const char *url;
    const char *method;
    struct rpc_value **args;
    uint32_t arg_count;
    bool notify;
    int timeout_ms;
    uint64_t repeat; // 0: once, and print what it answers
    uint64_t parallel;
    struct session session; // its link is the rpc's own
    hawser_rpc *rpc;
};

// Says what failed and why; TOOL_USAGE.
int
rpc_fail(struct rpc *rpc, const char *what, hawser_status status);

// A call of the method with its arguments, or a notification; NULL after a
// sentence.
hawser_rpc_request *
rpc_new_request(struct rpc *rpc);

hawser_rpc_call_options
rpc_options_of(const struct rpc *rpc);

// Calls again and again, and prints a summary; the exit status.
int
rpc_call_often(struct rpc *rpc);

#endif
