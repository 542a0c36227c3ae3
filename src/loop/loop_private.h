// loop_private.h - what the files of this room share of a loop.
#ifndef HW_LOOP_LOOP_PRIVATE_H
#define HW_LOOP_LOOP_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "loop/loop.h"

struct hw_loop {
    uv_loop_t uv; // first: a loop's address is its own
    uv_async_t knock;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t timer; // the table's next wake, or the turn that is asked for
    uv_timer_t limit; // how long the caller waits
    uv_poll_t alarm;  // of alarm_fd, if alarmed; see suspend.c
    uint64_t timer_at_ms;
    uint64_t limit_at_ms;
    uint64_t again_at_ms; // a turn that was asked for; UINT64_MAX: none
    uv_thread_t thread;
    atomic_uintptr_t *whose; // told of the thread that runs; may be NULL
    atomic_bool stopping;
    atomic_bool asleep;  // or about to be, before its last turn
    atomic_bool watched; // by a foreign loop, through watch_fd
    bool threaded;
    bool spins; // it will turn again before it sleeps
    bool moved; // a turn had something to do; this and the next: since a look
    bool came;  // there is something for the one who waits
    uint32_t spin_us;
    bool alarmed;
    int watch_fd; // epoll of the backend and the timer, for foreign loops
    int timer_fd;
    int alarm_fd;
    uint64_t suspended_us;               // as of the last look
    uint64_t (*read_suspended_us)(void); // a test may play it
    struct hw_table *table;
    struct hw_loop_watch watch;
};

void
hw_loop_close_fds(struct hw_loop *loop);

// ---- suspend.c ----

// How long the machine has been suspended since it was started.
uint64_t
hw_loop_suspended_us(void);

// How long it was since the last call; 0: it was not.
uint64_t
hw_loop_take_suspended_ms(struct hw_loop *loop);

void
hw_loop_open_alarm(struct hw_loop *loop);

void
hw_loop_close_alarm(struct hw_loop *loop);

#endif
