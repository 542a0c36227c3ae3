// gateway.h - passes on what comes from one link to another, both ways.
#ifndef HAWSER_TOOL_GATEWAY_H
#define HAWSER_TOOL_GATEWAY_H

#include <hawser/hawser.h>
#include <stdbool.h>

#include "command.h"
#include "session.h"

struct gateway {
    struct link_flags link; // of both sides
    bool close_with_peer;   // end when a peer says goodbye
    int timeout_ms; // for first connections, and to settle at the end; 0: none

    struct gateway_side {
        struct session session;
        const char *urls;
        hawser_inbox *inbox;
        hawser_message *pending; // heard here; the other side is full
        uint64_t heard;
        uint64_t skipped; // heard here, and nothing that the other can carry
        uint64_t lost;    // heard here when the other had ended
    } sides[2];
    bool leaving;
    int64_t deadline_ms; // 0: none
    enum tool_exit verdict;
};

// Runs until a signal, or until a side fails. The caller has filled the flags,
// and frees nothing. Returns the exit status.
enum tool_exit
gateway_run(struct gateway *gateway, const char *one, const char *two);

#endif
