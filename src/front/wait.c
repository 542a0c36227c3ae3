// wait.c - waiting for what the loops do.
//
// With loop threads, whoever waits is told of each turn of each and looks for
// itself.
// With threads=0, whoever waits runs the loop.
#include <time.h>

#include "front/bus.h"
#include "front/offer.h"

uint64_t
hw_now_ms(void)
{
    return hw_loop_clock_us(NULL) / 1000;
}

uint64_t
hw_deadline_ms(int timeout_ms)
{
    return timeout_ms < 0 ? UINT64_MAX : hw_now_ms() + (uint64_t)timeout_ms;
}

// The exchange, and not a load, orders this after what the turn wrote: either
// this sees who waits, or they see what was written.
bool
hw_wait_turned(void *user)
{
    struct hw_shard *shard = user;
    hawser_bus *bus = shard->bus;

    hw_offers_turned(shard);
    if (bus->threaded) {
        if (atomic_fetch_add(&shard->waiters, 0) > 0) {
            pthread_mutex_lock(&bus->lock);
            atomic_fetch_add(&shard->turns, 1);
            bus->turns++;
            pthread_cond_broadcast(&bus->turned);
            pthread_mutex_unlock(&bus->lock);
        }
        return false;
    }
    atomic_fetch_add_explicit(&shard->turns, 1, memory_order_relaxed);
    return (bus->receiving != NULL && hw_inbox_has(bus->receiving)) ||
           (bus->awaited != NULL && bus->awaited(bus->awaited_user));
}

// With the bus locked.
static bool
wait_for_turn(hawser_bus *bus, uint64_t seen, uint64_t deadline_ms)
{
    const struct timespec until = {
        .tv_sec = (time_t)(deadline_ms / 1000),
        .tv_nsec = (long)(deadline_ms % 1000) * 1000000,
    };

    while (bus->turns == seen && hw_now_ms() < deadline_ms) {
        if (deadline_ms == UINT64_MAX) {
            pthread_cond_wait(&bus->turned, &bus->lock);
        } else {
            (void)pthread_cond_clockwait(&bus->turned, &bus->lock,
                                         CLOCK_MONOTONIC, &until);
        }
    }
    return bus->turns != seen;
}

static bool
wait_beside_loop(hawser_bus *bus, uint64_t deadline_ms,
                 bool (*done)(void *user), void *user)
{
    bool came;

    for (unsigned i = 0; i < bus->shard_count; i++) {
        atomic_fetch_add(&bus->shards[i].waiters, 1);
    }
    pthread_mutex_lock(&bus->lock);
    for (;;) {
        uint64_t seen = bus->turns;

        pthread_mutex_unlock(&bus->lock);
        came = done(user);
        pthread_mutex_lock(&bus->lock);
        // A loop that is never at rest has turned again by now; time is up all
        // the same.
        if (came || hw_now_ms() >= deadline_ms ||
            !wait_for_turn(bus, seen, deadline_ms)) {
            break;
        }
    }
    pthread_mutex_unlock(&bus->lock);
    for (unsigned i = 0; i < bus->shard_count; i++) {
        atomic_fetch_sub(&bus->shards[i].waiters, 1);
    }
    return came || done(user);
}

static bool
wait_in_loop(hawser_bus *bus, uint64_t deadline_ms, bool (*done)(void *user),
             void *user)
{
    bool came;

    bus->awaited = done;
    bus->awaited_user = user;
    while (!(came = done(user)) && hw_now_ms() < deadline_ms) {
        hw_loop_wait(bus->shards[0].loop, deadline_ms);
    }
    bus->awaited = NULL;
    return came || done(user);
}

bool
hw_wait(hawser_bus *bus, uint64_t deadline_ms, bool (*done)(void *user),
        void *user)
{
    return (bus->threaded ? wait_beside_loop : wait_in_loop)(bus, deadline_ms,
                                                             done, user);
}
