// loop.h - the loop that turns a table: libuv, with or without a thread.
//
// This room alone knows libuv. Everything that waits, waits here: files, time,
// names being resolved, knocks from other threads.
#ifndef HW_LOOP_LOOP_H
#define HW_LOOP_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hawser/status.h>

#include "loop/table.h"

struct hw_loop;

// Who watches the table turn, on the loop's thread.
struct hw_loop_watch {
    void *user;
    // Right before each turn, to bring in what came from outside.
    void (*gather)(void *user);
    // Right after it. true: there is something for the one who waits in
    // hw_loop_wait.
    bool (*turned)(void *user);
    // Before gather: the machine was suspended for so long.
    void (*resumed)(void *user, uint64_t suspended_ms);
};

// NO_MEMORY, SYSTEM.
hawser_status
hw_loop_open(struct hw_loop **loop);

// Seats a table; it stays the caller's, and outlives its use here.
void
hw_loop_seat(struct hw_loop *loop, struct hw_table *table,
             const struct hw_loop_watch *watch);

// Microseconds on the monotonic clock. clock is not looked at.
uint64_t
hw_loop_clock_us(void *clock);

// How long it looks for more, without a pause, before it sleeps; 0 at first.
// Before the loop is run.
void
hw_loop_set_spin(struct hw_loop *loop, uint32_t spin_us);

// The uv_loop_t, for transports.
void *
hw_loop_uv(struct hw_loop *loop);

// Has readable called on the loop's thread whenever the descriptor, which stays
// the caller's, is readable. Only there. NO_MEMORY, SYSTEM.
struct hw_fd_watch;

hawser_status
hw_loop_watch_fd(struct hw_loop *loop, int fd, void (*readable)(void *user),
                 void *user, struct hw_fd_watch **watch);

// Before the descriptor is closed. NULL is allowed.
void
hw_loop_unwatch_fd(struct hw_fd_watch *watch);

// From now on whose has the thread that runs the loop (pthread_self), before
// anything is called there. NULL: no more.
void
hw_loop_tell_thread(struct hw_loop *loop, atomic_uintptr_t *whose);

// Runs the loop on a thread of its own from now on. SYSTEM.
hawser_status
hw_loop_start_thread(struct hw_loop *loop);

// Ends that thread; from now on the loop is the caller's. No effect without;
// NULL is allowed.
void
hw_loop_stop_thread(struct hw_loop *loop);

// Makes the loop turn soon, if it sleeps or is about to: one that is awake
// turns by itself before it sleeps. Any thread. What the turn is to find must
// have been put there under a lock that gather takes too.
void
hw_loop_knock(struct hw_loop *loop);

// Has the loop turn once more within some milliseconds, for one who had no
// memory for what a turn was to do. In a turn only.
void
hw_loop_turn_again(struct hw_loop *loop);

// On the caller's thread: does what is due, without waiting.
void
hw_loop_step(struct hw_loop *loop);

// On the caller's thread: waits until something happened, at most until
// deadline_ms of hw_loop_clock_us / 1000, and does it. Does not wait once
// turned says that there is something.
void
hw_loop_wait(struct hw_loop *loop, uint64_t deadline_ms);

// A file descriptor that is readable while hw_loop_step has something to do.
// SYSTEM.
hawser_status
hw_loop_fd(struct hw_loop *loop, int *fd);

// Runs until every handle on it is closed, at most until deadline_ms, and frees
// it. The thread was stopped before. NULL is allowed.
void
hw_loop_close(struct hw_loop *loop, uint64_t deadline_ms);

// ---- names ----

enum { HW_ADDRESSES_MAX = 16, HW_ADDRESS_SIZE = 48 };

// Numeric addresses of a name, in the order to try them.
struct hw_addresses {
    unsigned count;
    char text[HW_ADDRESSES_MAX][HW_ADDRESS_SIZE];
};

// error is NULL, or a sentence; then there are no addresses.
typedef void (*hw_resolved)(void *user, uint64_t ticket,
                            const struct hw_addresses *addresses,
                            const char *error);

// Is it a numeric address already? Then there is nothing to resolve.
bool
hw_address_is_numeric(const char *host);

// Resolves host off the loop and answers on it, later, with the ticket.
// NO_MEMORY, SYSTEM: it will not answer.
hawser_status
hw_loop_resolve(struct hw_loop *loop, const char *host, hw_resolved answer,
                void *user, uint64_t ticket);

#endif
