// check.h - stops the process where a promise inside Hawser is broken.
//
// On in every build. It is for what only our own mistake can cause: bad input
// from an application or a peer gets a status and a sentence instead.
#ifndef HW_BASE_CHECK_H
#define HW_BASE_CHECK_H

// Says the promise, and where it was broken, on stderr; then aborts.
_Noreturn void
hw_check_failed(const char *promise, const char *file, int line);

#define HW_CHECK(holds, promise)                                               \
    ((holds) ? (void)0 : hw_check_failed((promise), __FILE__, __LINE__))

#endif
