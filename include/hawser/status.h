// hawser/status.h - what a call can answer.
//
// HAWSER_OK is 0; everything else is a positive number that never changes its
// meaning. "Not now" (AGAIN, TIMEOUT) and "no room" (FULL) are answers, not
// errors: nothing was taken, and the same call may succeed later.
#ifndef HAWSER_STATUS_H
#define HAWSER_STATUS_H

#include <hawser/export.h>

#ifdef __cplusplus
extern "C" {
#endif

// One list, so that number, name and sentence cannot part.
#define HAWSER_STATUS_LIST(X)                                                  \
    X(OK, 0, "ok")                                                             \
    X(AGAIN, 1, "not now: try again later")                                    \
    X(TIMEOUT, 2, "the time given ran out")                                    \
    X(FULL, 3, "a limit is reached: nothing was taken")                        \
    X(INVALID, 4, "an argument is not valid here")                             \
    X(UNKNOWN, 5, "no such option, transport or address")                      \
    X(STALE, 6, "this link was closed and its number is no longer in use")     \
    X(ENDED, 7, "it has ended: no more is taken")                              \
    X(NO_MEMORY, 8, "out of memory")                                           \
    X(TOO_BIG, 9, "larger than the limit set for it")                          \
    X(UNSUPPORTED, 10, "not supported by this transport or build")             \
    X(SYSTEM, 11, "the operating system refused")                              \
    X(LEFTOVER, 12, "closed, but some messages were not confirmed")

typedef enum hawser_status {
#define HAWSER_STATUS_ENUM(name, number, sentence) HAWSER_##name = number,
    HAWSER_STATUS_LIST(HAWSER_STATUS_ENUM)
#undef HAWSER_STATUS_ENUM
} hawser_status;

// The sentence of a status; for a number that is none, a sentence that says so.
// Never NULL, never freed, any thread.
HAWSER_API const char *
hawser_status_text(hawser_status status);

// The name of a status, such as "FULL". Never NULL, never freed, any thread.
HAWSER_API const char *
hawser_status_name(hawser_status status);

#ifdef __cplusplus
}
#endif

#endif
