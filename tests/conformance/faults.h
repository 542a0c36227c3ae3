// faults.h - transports with a fault, which the suite must see.
//
// A faulty transport passes verbs to a good one and what that says to the
// recorder, and gets one thing wrong on the way.
#ifndef HAWSER_CONFORMANCE_FAULTS_H
#define HAWSER_CONFORMANCE_FAULTS_H

#include "stage.h"

#define FAULTS(X)                                                              \
    X(NONE, "none")                                                            \
    X(REORDERS, "hands on every second message before the first")              \
    X(DROPS, "loses each hundredth message")                                   \
    X(REPEATS, "hands each hundredth message on twice")                        \
    X(FORGETS_KINDS, "makes binary of all")                                    \
    X(CUTS, "cuts messages at 65535 bytes")                                    \
    X(GARBLES, "changes one byte of a large message")                          \
    X(OPENS_TWICE, "says opened twice")                                        \
    X(OPENS_LATE, "hands on a message before opened")                          \
    X(OPENS_INSIDE, "says opened from inside dial")                            \
    X(TAKES_TOO_MANY, "takes one message more than there are")                 \
    X(TAKES_NOTHING, "an empty wire takes no large message")                   \
    X(TAKES_ALL, "takes whatever it is given")                                 \
    X(FORGETS_WRITABLE, "never says writable")                                 \
    X(ALWAYS_WRITABLE, "says writable without need")                           \
    X(PASSES_EARLY, "passes a barrier at once")                                \
    X(PASSES_NEVER, "passes no barrier")                                       \
    X(PASSES_OTHERS, "passes a number that was not asked")                     \
    X(NEVER_DEAF, "does not obey listen off")                                  \
    X(STAYS_DEAF, "does not obey listen on")                                   \
    X(FORGETS_CODE, "closes with the ordinary code")                           \
    X(CUTS_POLITELY, "says goodbye where it is to cut")                        \
    X(FORGETS_LOST_CODE, "tells another code than the peer's")                 \
    X(LOSES_TWICE, "says lost twice")                                          \
    X(LOSES_EARLY, "hands on the last message after lost")                     \
    X(LOSES_DUMB, "says lost without a sentence")                              \
    X(NEVER_LOST, "does not say lost")                                         \
    X(SEEMS_DEAD, "says of no sign of life")                                   \
    X(SPEAKS_AFTER_CLOSE, "says alive after close")                            \
    X(ACCEPTS_ANY_URL, "check accepts anything")                               \
    X(REFUSES_DUMB, "check refuses without a sentence")                        \
    X(LEAVES_A_HANDLE, "stop leaves a timer on the loop")                      \
    X(IGNORES_LIMIT, "hands on messages above message.max")

enum fault {
#define FAULT_ENUM(name, sentence) FAULT_##name,
    FAULTS(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

const char *
fault_name(enum fault fault);

const char *
fault_sentence(enum fault fault);

// From now on the transport returned has this fault.
const hawser_transport *
fault_plant(enum fault fault, const hawser_transport *good_one);

#endif
