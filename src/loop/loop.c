// loop.c - the loop that turns a table: libuv, with or without a thread.
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/check.h"
#include "base/log.h"
#include "base/refusal.h"
#include "loop/loop_private.h"

enum { AGAIN_MS = 10 }; // chosen: what has no memory is not to take all time

static void
note_suspension(struct hw_loop *loop)
{
    uint64_t ms = hw_loop_take_suspended_ms(loop);

    if (ms > 0) {
        loop->watch.resumed(loop->watch.user, ms);
    }
}

static bool
turn(struct hw_loop *loop)
{
    bool came;

    if (loop->table == NULL) {
        return false;
    }
    loop->again_at_ms = UINT64_MAX;
    loop->watch.gather(loop->watch.user);
    if (hw_table_turn(loop->table)) {
        loop->moved = true;
    }
    came = loop->watch.turned(loop->watch.user);
    loop->came = loop->came || came;
    return came;
}

// The timer exists to end the poll; what is due is found by the turn.
static void
on_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void
set_timer(struct hw_loop *loop)
{
    uint64_t next = hw_table_next_wake(loop->table);
    uint64_t now;
    int failed;

    if (loop->again_at_ms < next) {
        next = loop->again_at_ms;
    }
    if (next == loop->timer_at_ms &&
        uv_is_active((uv_handle_t *)&loop->timer)) {
        return;
    }
    loop->timer_at_ms = next;
    if (next == UINT64_MAX) {
        failed = uv_timer_stop(&loop->timer);
    } else {
        now = hw_loop_clock_us(NULL) / 1000;
        uv_update_time(&loop->uv);
        failed = uv_timer_start(&loop->timer, on_timer,
                                next > now ? next - now : 0, 0);
    }
    HW_CHECK(failed == 0, "a timer of ours can be set");
}

static void
on_prepare(uv_prepare_t *prepare)
{
    struct hw_loop *loop = prepare->data;

    atomic_store(&loop->asleep, !loop->spins);
    if (turn(loop) && !loop->threaded) {
        uv_stop(&loop->uv); // the poll that follows does not wait
    }
    if (loop->table != NULL) {
        set_timer(loop);
    }
}

static void
on_check(uv_check_t *check)
{
    struct hw_loop *loop = check->data;

    atomic_store(&loop->asleep, false);
    if (loop->table != NULL) {
        note_suspension(loop); // behind what may have slept
    }
    (void)turn(loop); // whoever waits looks for itself after a poll
}

static void
on_knock(uv_async_t *knock)
{
    struct hw_loop *loop = knock->data;

    if (atomic_load(&loop->stopping)) {
        uv_stop(&loop->uv);
    }
}

// What uv_… has answered.
static hawser_status
refused(const char *call, int error)
{
    hw_refusal_note(call, -error);
    return error == UV_ENOMEM ? HAWSER_NO_MEMORY : HAWSER_SYSTEM;
}

// The loop may run for nobody but the application: of all its own handles only
// the knock keeps it alive.
static hawser_status
open_handles(struct hw_loop *loop)
{
    int error = uv_async_init(&loop->uv, &loop->knock, on_knock);

    if (error != 0) {
        return refused("uv_async_init", error);
    }
    (void)uv_prepare_init(&loop->uv, &loop->prepare); // these cannot fail
    (void)uv_check_init(&loop->uv, &loop->check);
    (void)uv_timer_init(&loop->uv, &loop->timer);
    (void)uv_timer_init(&loop->uv, &loop->limit);
    loop->knock.data = loop;
    loop->prepare.data = loop;
    loop->check.data = loop;
    (void)uv_prepare_start(&loop->prepare, on_prepare);
    (void)uv_check_start(&loop->check, on_check);
    return HAWSER_OK;
}

hawser_status
hw_loop_open(struct hw_loop **loop)
{
    struct hw_loop *made = calloc(1, sizeof *made);
    hawser_status status;
    int error;

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->watch_fd = -1;
    made->timer_fd = -1;
    made->alarm_fd = -1;
    made->timer_at_ms = UINT64_MAX;
    made->again_at_ms = UINT64_MAX;
    error = uv_loop_init(&made->uv);
    if (error != 0) {
        free(made);
        return refused("uv_loop_init", error);
    }
    status = open_handles(made);
    if (status != HAWSER_OK) {
        (void)uv_loop_close(&made->uv); // nothing is open on it
        free(made);
        return status;
    }
    hw_loop_open_alarm(made);
    *loop = made;
    return HAWSER_OK;
}

void
hw_loop_seat(struct hw_loop *loop, struct hw_table *table,
             const struct hw_loop_watch *watch)
{
    loop->table = table;
    loop->watch = *watch;
}

void
hw_loop_set_spin(struct hw_loop *loop, uint32_t spin_us)
{
    loop->spin_us = spin_us;
}

uint64_t
hw_loop_clock_us(void *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void *
hw_loop_uv(struct hw_loop *loop)
{
    return &loop->uv;
}

void
hw_loop_tell_thread(struct hw_loop *loop, atomic_uintptr_t *whose)
{
    loop->whose = whose;
}

static void
tell_thread(struct hw_loop *loop)
{
    if (loop->whose != NULL) {
        atomic_store_explicit(loop->whose, (uintptr_t)pthread_self(),
                              memory_order_relaxed);
    }
}

static void
look_for_more(struct hw_loop *loop)
{
    loop->moved = false;
    loop->came = false;
    loop->spins = true;
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    loop->spins = false;
}

// true: something came for the one who waits. false: there was no news for so
// long, or it is late, or to end.
static bool
spin(struct hw_loop *loop, uint64_t deadline_ms)
{
    uint64_t now_us = hw_loop_clock_us(NULL), end_us = now_us + loop->spin_us;

    while (now_us < end_us && now_us / 1000 < deadline_ms &&
           !atomic_load(&loop->stopping)) {
        look_for_more(loop);
        if (loop->came) {
            return true;
        }
        now_us = hw_loop_clock_us(NULL);
        if (loop->moved) {
            end_us = now_us + loop->spin_us;
        }
    }
    return false;
}

static void
run_thread(void *user)
{
    struct hw_loop *loop = user;

    tell_thread(loop);
    while (!atomic_load(&loop->stopping)) {
        if (loop->spin_us == 0) {
            (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
            continue;
        }
        (void)spin(loop, UINT64_MAX);
        if (!atomic_load(&loop->stopping)) { // the knock may have been heard
            (void)uv_run(&loop->uv, UV_RUN_ONCE);
        }
    }
}

hawser_status
hw_loop_start_thread(struct hw_loop *loop)
{
    int error;

    loop->threaded = true; // the thread reads it
    error = uv_thread_create(&loop->thread, run_thread, loop);
    if (error != 0) {
        loop->threaded = false;
        return refused("uv_thread_create", error);
    }
    return HAWSER_OK;
}

void
hw_loop_stop_thread(struct hw_loop *loop)
{
    if (loop == NULL || !loop->threaded) {
        return;
    }
    atomic_store(&loop->stopping, true);
    (void)uv_async_send(&loop->knock);   // fails only while closing
    (void)uv_thread_join(&loop->thread); // fails only for what is no thread
    loop->threaded = false;
    atomic_store(&loop->stopping, false);
}

void
hw_loop_knock(struct hw_loop *loop)
{
    if (atomic_load(&loop->asleep) || atomic_load(&loop->watched)) {
        (void)uv_async_send(&loop->knock); // fails only while closing
    }
}

void
hw_loop_turn_again(struct hw_loop *loop)
{
    if (loop->again_at_ms == UINT64_MAX) {
        loop->again_at_ms = hw_loop_clock_us(NULL) / 1000 + AGAIN_MS;
    }
}

// libuv tells the kernel of a changed watcher when it polls the next time;
// whoever waits on the backend's descriptor must see to it that it has.
static bool
has_unregistered_watchers(const struct hw_loop *loop)
{
    const void *head = loop->uv.watcher_queue;

    return loop->uv.watcher_queue[0] != head;
}

static void
arm_timer_fd(struct hw_loop *loop)
{
    int timeout = uv_backend_timeout(&loop->uv);
    struct itimerspec when = { 0 };

    if (timeout == 0) {
        when.it_value.tv_nsec = 1; // zero would disarm it
    } else if (timeout > 0) {
        when.it_value.tv_sec = timeout / 1000;
        when.it_value.tv_nsec = (timeout % 1000) * 1000000L;
    }
    if (timerfd_settime(loop->timer_fd, 0, &when, NULL) != 0) {
        HW_LOG(1, "loop: timerfd_settime failed: errno %d", errno);
    }
}

// After any run of the loop, whoever waits on the descriptor is told of all
// that the run left to do.
static void
show_what_is_left(struct hw_loop *loop)
{
    int rounds = 0;

    while (has_unregistered_watchers(loop) && rounds++ < 16) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    // The turn after the poll may have set what is due next.
    if (loop->table != NULL) {
        set_timer(loop);
    }
    uv_update_time(&loop->uv);
    arm_timer_fd(loop);
}

static void
run_once(struct hw_loop *loop, uv_run_mode mode)
{
    tell_thread(loop);
    (void)uv_run(&loop->uv, mode);
    if (loop->watch_fd >= 0) {
        show_what_is_left(loop);
    }
}

void
hw_loop_step(struct hw_loop *loop)
{
    run_once(loop, UV_RUN_NOWAIT);
}

void
hw_loop_wait(struct hw_loop *loop, uint64_t deadline_ms)
{
    uint64_t now;

    if (loop->spin_us > 0 && loop->watch_fd < 0) {
        tell_thread(loop);
        if (spin(loop, deadline_ms)) {
            return;
        }
    }
    now = hw_loop_clock_us(NULL) / 1000;
    if (deadline_ms <= now) {
        run_once(loop, UV_RUN_NOWAIT);
        return;
    }
    // One that is due sooner does no harm: whoever waits, waits again. One that
    // libuv's clock, which may be a coarse one, let ring early is set anew.
    if (deadline_ms != UINT64_MAX &&
        !(uv_is_active((uv_handle_t *)&loop->limit) &&
          loop->limit_at_ms > now && loop->limit_at_ms <= deadline_ms)) {
        uv_update_time(&loop->uv);
        (void)uv_timer_start(&loop->limit, on_timer, deadline_ms - now, 0);
        loop->limit_at_ms = deadline_ms;
    }
    run_once(loop, UV_RUN_ONCE);
}

static bool
open_fds(struct hw_loop *loop)
{
    struct epoll_event in = { .events = EPOLLIN };

    loop->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->watch_fd < 0) {
        hw_refusal_note("epoll_create1", errno);
        return false;
    }
    loop->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->timer_fd < 0) {
        hw_refusal_note("timerfd_create", errno);
        return false;
    }
    if (epoll_ctl(loop->watch_fd, EPOLL_CTL_ADD, uv_backend_fd(&loop->uv),
                  &in) != 0 ||
        epoll_ctl(loop->watch_fd, EPOLL_CTL_ADD, loop->timer_fd, &in) != 0) {
        hw_refusal_note("epoll_ctl", errno);
        return false;
    }
    return true;
}

hawser_status
hw_loop_fd(struct hw_loop *loop, int *fd)
{
    if (loop->watch_fd < 0) {
        if (!open_fds(loop)) {
            hw_loop_close_fds(loop);
            return HAWSER_SYSTEM;
        }
        atomic_store(&loop->watched, true);
        hw_loop_step(loop);
    }
    *fd = loop->watch_fd;
    return HAWSER_OK;
}

void
hw_loop_close_fds(struct hw_loop *loop)
{
    if (loop->watch_fd >= 0) {
        (void)close(loop->watch_fd);
    }
    if (loop->timer_fd >= 0) {
        (void)close(loop->timer_fd);
    }
    loop->watch_fd = -1;
    loop->timer_fd = -1;
}

static void
close_handles(struct hw_loop *loop)
{
    uv_close((uv_handle_t *)&loop->knock, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    hw_loop_close_alarm(loop);
}

void
hw_loop_close(struct hw_loop *loop, uint64_t deadline_ms)
{
    if (loop == NULL) {
        return;
    }
    loop->table = NULL;
    close_handles(loop);
    // The limit timer stays until the end: it bounds the wait.
    uv_unref((uv_handle_t *)&loop->limit);
    while (uv_loop_alive(&loop->uv) &&
           hw_loop_clock_us(NULL) / 1000 < deadline_ms) {
        hw_loop_wait(loop, deadline_ms);
    }
    uv_close((uv_handle_t *)&loop->limit, NULL);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    hw_loop_close_fds(loop);
    if (uv_loop_close(&loop->uv) != 0) {
        // A name that is still being resolved writes into the loop when it is
        // done, and nothing can stop it: the loop is left to it.
        HW_LOG(2, "loop: something is still open on it; its memory is kept");
        return;
    }
    free(loop);
}
