// suspend.c - notices that the machine was suspended.
//
// Meanwhile the monotonic clock stands still, and CLOCK_BOOTTIME goes on: what
// lies between the two grows. The turn behind every poll looks; and so that a
// loop that waits for a minute turns at once, it watches a timer that the
// kernel cancels when it sets the wall clock, as it does at each wake
// (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop_private.h"

// A shorter one is none: all that matter are longer. Chosen.
enum { SUSPENDED_MIN_US = 100000 };

static uint64_t
us_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

// The order of the two makes a thread that is stopped in between see less, and
// never more.
uint64_t
hw_loop_suspended_us(void)
{
    uint64_t with = us_of(CLOCK_BOOTTIME), without = us_of(CLOCK_MONOTONIC);

    return with > without ? with - without : 0;
}

uint64_t
hw_loop_take_suspended_ms(struct hw_loop *loop)
{
    uint64_t suspended_us = loop->read_suspended_us();
    uint64_t more_us = suspended_us > loop->suspended_us
                           ? suspended_us - loop->suspended_us
                           : 0;

    if (more_us < SUSPENDED_MIN_US) {
        return 0;
    }
    loop->suspended_us = suspended_us;
    return more_us / 1000;
}

// The far end of time, which never comes: it is the cancelling that counts.
static int
set_alarm(int fd)
{
    const struct itimerspec never = { .it_value.tv_sec = INT32_MAX };

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                           &never, NULL);
}

static void
on_clock_set(uv_poll_t *poll, int status, int events)
{
    struct hw_loop *loop = poll->data;
    uint64_t count;

    (void)status;
    (void)events;
    // The turn that comes now looks. The answer is ECANCELED, as it should be.
    if (read(loop->alarm_fd, &count, sizeof count) < 0 && errno == EAGAIN) {
        return;
    }
    if (set_alarm(loop->alarm_fd) != 0) {
        (void)uv_poll_stop(poll); // or it would be readable for ever
    }
}

// Without it the loop notices at its next turn.
void
hw_loop_open_alarm(struct hw_loop *loop)
{
    loop->read_suspended_us = hw_loop_suspended_us;
    loop->suspended_us = hw_loop_suspended_us();
    loop->alarm_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->alarm_fd < 0 || set_alarm(loop->alarm_fd) != 0 ||
        uv_poll_init(&loop->uv, &loop->alarm, loop->alarm_fd) != 0) {
        HW_LOG(2, "loop: no alarm for a suspended machine: errno %d", errno);
        hw_loop_close_alarm(loop);
        return;
    }
    loop->alarm.data = loop;
    loop->alarmed = true;
    (void)uv_poll_start(&loop->alarm, UV_READABLE, on_clock_set); // cannot fail
    uv_unref((uv_handle_t *)&loop->alarm);
}

void
hw_loop_close_alarm(struct hw_loop *loop)
{
    if (loop->alarmed) {
        uv_close((uv_handle_t *)&loop->alarm, NULL);
        loop->alarmed = false;
    }
    if (loop->alarm_fd >= 0) {
        (void)close(loop->alarm_fd);
    }
    loop->alarm_fd = -1;
}
