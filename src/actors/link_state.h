// link_state.h - the life of a link, as one flat table.
//
// A step is a pure function of state and event: it says what comes next and
// which deed goes with it. The supervisor does the deed.
#ifndef HW_ACTORS_LINK_STATE_H
#define HW_ACTORS_LINK_STATE_H

#include <stdio.h>

#include <hawser/link.h>

// clang-format off
// X(EVENT, word, what happened)
#define HW_LINK_EVENT_LIST(X) \
    X(OPEN,      "open",      "the application opened the link") \
    X(OPENED,    "opened",    "the transport opened the wire") \
    X(LOST,      "lost",      "the wire is lost, or could not be opened") \
    X(FATAL,     "fatal",     "the same, for a reason that retrying can't mend") \
    X(DEAD,      "dead",      "the peer is silent, or takes nothing any more") \
    X(TIMEOUT,   "timeout",   "the dial or the greeting took too long") \
    X(ANSWER,    "answer",    "the application answered with fresh headers") \
    X(READY,     "ready",     "the application's greeting went well") \
    X(REFUSE,    "refuse",    "the application's greeting failed") \
    X(CEILING,   "ceiling",   "greeting failed until the backoff was at its ceiling") \
    X(GREETED,   "greeted",   "the standing messages were said") \
    X(DUE,       "due",       "the backoff says: now") \
    X(OVER,      "over",      "the backoff says: no attempts are left") \
    X(PREFER,    "prefer",    "UP long enough on another endpoint than the first") \
    X(RECONNECT, "reconnect", "the application wants a new wire") \
    X(DRAIN,     "drain",     "the application wants to send what waits, then close") \
    X(DRAINED,   "drained",   "nothing is left to send") \
    X(DEADLINE,  "deadline",  "the time to drain ran out") \
    X(CLOSE,     "close",     "the application closes the link")

// X(DEED, word, what is done)
#define HW_LINK_DEED_LIST(X) \
    X(IGNORE,  "ignore",  "nothing: it comes late, or changes nothing") \
    X(TURN,    "turn",    "ask the backoff when it may dial") \
    X(DIAL,    "dial",    "dial the next endpoint, or ask for fresh headers first") \
    X(CALL,    "call",    "dial with the headers that were given") \
    X(GREET,   "greet",   "let the application greet, or say the standing messages") \
    X(REGREET, "regreet", "ask the backoff when to greet again") \
    X(REPLAY,  "replay",  "say the standing messages") \
    X(FLOW,    "flow",    "open the gate for traffic") \
    X(RETRY,   "retry",   "let go of the wire; the next endpoint, or wait") \
    X(REDIAL,  "redial",  "let go of the wire, forget the attempts, ask when it may dial") \
    X(RETURN,  "return",  "let go of the wire, ask when it may dial the first endpoint") \
    X(FAIL,    "fail",    "let go of the wire, and rest") \
    X(DRAIN,   "drain",   "take no more; close when nothing is left") \
    X(FINISH,  "finish",  "say goodbye, and forget the link")
// clang-format on

enum hw_link_event {
#define HW_LINK_EVENT_ENUM(event, word, sentence) HW_LINK_##event,
    HW_LINK_EVENT_LIST(HW_LINK_EVENT_ENUM)
#undef HW_LINK_EVENT_ENUM
        HW_LINK_EVENTS
};

enum hw_link_deed {
#define HW_LINK_DEED_ENUM(deed, word, sentence) HW_DEED_##deed,
    HW_LINK_DEED_LIST(HW_LINK_DEED_ENUM)
#undef HW_LINK_DEED_ENUM
        HW_LINK_DEEDS
};

enum { HW_LINK_STATES = HAWSER_FAILED + 1 };

struct hw_link_step {
    unsigned char foreseen; // 0: the event can't happen in that state
    unsigned char next;     // hawser_state
    unsigned char deed;     // enum hw_link_deed
};

struct hw_link_step
hw_link_step(hawser_state state, enum hw_link_event event);

const char *
hw_link_event_word(enum hw_link_event event);

// Prints docs/link_life.md.
void
hw_link_life_markdown(FILE *out);

#endif
