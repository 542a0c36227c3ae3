// tsan_clock.h - tells ThreadSanitizer of a lock that it does not know.
//
// gcc 12's ThreadSanitizer has no notion of pthread_mutex_clocklock, and takes
// the unlock for one of an unlocked mutex. In TSan builds this header is
// included ahead of src/front.
#ifndef HAWSER_TESTS_TSAN_CLOCK_H
#define HAWSER_TESTS_TSAN_CLOCK_H

#include <pthread.h>
#include <time.h>

#include <sanitizer/tsan_interface.h>

static inline int
tsan_clocklock(pthread_mutex_t *mutex, clockid_t clock,
               const struct timespec *until)
{
    int failed = pthread_mutex_clocklock(mutex, clock, until);

    if (failed == 0) {
        __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
        __tsan_mutex_post_lock(mutex, __tsan_mutex_try_lock, 0);
    }
    return failed;
}

#define pthread_mutex_clocklock tsan_clocklock

#endif
