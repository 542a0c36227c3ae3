// pump.h - moves messages from an input to a link and from the link to stdout,
// until both are done. What "hawser cat" and "hawser send" have in common.
#ifndef HAWSER_TOOL_PUMP_H
#define HAWSER_TOOL_PUMP_H

#include <hawser/hawser.h>
#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "input.h"
#include "session.h"

struct pump {
    // What is asked for.
    struct link_flags link;
    struct input input;
    hawser_kind kind;
    bool print;           // messages received go to stdout
    bool no_close;        // go on when the input has ended
    bool close_with_peer; // end when the peer says goodbye
    bool one;             // end after one message received
    bool must_arrive;     // a peer that confirms nothing is a failure
    char after;           // printed behind each message received; 0: nothing
    int timeout_ms;       // for the first connection, and to settle; 0: none
    int linger_ms;        // for answers, after the last one

    // Where it is.
    struct session session;
    hawser_message *pending; // read, and not yet taken by the link
    enum pump_phase {
        PUMP_FLOWING,
        PUMP_SETTLING,  // the input has ended; the link still holds messages
        PUMP_LINGERING, // all is settled; answers may come
        PUMP_LEAVING,   // draining, or closing
    } phase;
    int64_t deadline_ms; // of the phase; 0: none
    uint64_t received;
    uint64_t skipped; // messages of the input that could not be sent
    bool gone;        // nobody reads our stdout any more
    enum tool_exit verdict;
};

// Runs to the end. The caller has filled what is asked for, and frees nothing:
// the input and the link's flags are done with. Returns the exit status.
enum tool_exit
pump_run(struct pump *pump, const char *urls);

// As a line, or JSON, what came of it, on stderr.
void
pump_tell_outcome(const struct pump *pump, uint64_t accepted, uint64_t left);

#endif
