// scarce.h - a moment without memory.
//
// Between scarce_begin and scarce_end large allocations fail; small ones may
// still be served from what the process has. Not where a sanitizer allocates:
// it stops the process instead of answering NULL.
#ifndef HAWSER_TESTS_SCARCE_H
#define HAWSER_TESTS_SCARCE_H

#include <sys/resource.h>

#include "check.h"

enum { SCARCE_SIZE = 8 << 20 }; // large enough to fail

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCARCE_IS_POSSIBLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SCARCE_IS_POSSIBLE 0
#endif
#endif
#ifndef SCARCE_IS_POSSIBLE
#define SCARCE_IS_POSSIBLE 1
#endif

#if SCARCE_IS_POSSIBLE
static struct rlimit scarce_before;

static inline void
scarce_begin(void)
{
    struct rlimit none;

    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_AS, &scarce_before), 0);
    none = scarce_before;
    none.rlim_cur = 1;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_AS, &none), 0);
}

static inline void
scarce_end(void)
{
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_AS, &scarce_before), 0);
}
#endif

#endif
