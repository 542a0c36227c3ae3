// bench_busy.c - a link that is never idle: round trips on a thread and an
// inbox of their own, noted for each part of a run.
#include <stdlib.h>

#include "bench.h"
#include "bench_busy.h"
#include "tell.h"

enum { TRIPS_MAX = 4 << 20 };

static bool
round_trip(struct bench_busy *busy)
{
    struct bench *bench = busy->bench;
    double end = bench_now() + bench->timeout_ms / 1000.0;
    hawser_item item;
    bool answered = false;

    if (hawser_send(bench->session.bus, busy->link, bench->payload,
                    (size_t)bench->size) != HAWSER_OK) {
        return false;
    }
    while (!answered && bench_now() < end &&
           hawser_inbox_receive(busy->inbox, &item, bench->timeout_ms) ==
               HAWSER_OK) {
        answered = item.kind == HAWSER_ITEM_MESSAGE;
        hawser_item_drop(&item);
    }
    return answered;
}

// One that reaches from one part into the next is noted in the latter.
static void
note(struct bench_busy *busy, double taken, double cpu_taken)
{
    struct bench_trips *trips = &busy->trips[atomic_load(&busy->part)];

    if (trips->count < TRIPS_MAX) {
        trips->times[trips->count] = (uint32_t)(taken * 1e7);
        trips->cpu_times[trips->count++] = (uint32_t)(cpu_taken * 1e7);
    }
}

static void *
keep_busy(void *context)
{
    struct bench_busy *busy = context;

    while (!atomic_load(&busy->stop)) {
        double start = bench_now();
        double cpu_start = bench_cpu_secs();
        if (!round_trip(busy)) {
            atomic_store(&busy->failed, true);
            break;
        }
        note(busy, bench_now() - start, bench_cpu_secs() - cpu_start);
    }
    return NULL;
}

static bool
make_room(struct bench_trips *trips)
{
    trips->times = malloc(TRIPS_MAX * sizeof *trips->times);
    trips->cpu_times = malloc(TRIPS_MAX * sizeof *trips->cpu_times);
    return trips->times != NULL && trips->cpu_times != NULL;
}

bool
bench_busy_start(struct bench_busy *busy, struct bench *bench, const char *url)
{
    *busy = (struct bench_busy){ .bench = bench };
    for (int i = 0; i < BENCH_PARTS; i++) {
        if (!make_room(&busy->trips[i])) {
            tell_failure(&bench->link, "out of memory");
            return false;
        }
    }
    if (hawser_inbox_open(bench->session.bus, &busy->inbox) != HAWSER_OK ||
        hawser_link_open_in(busy->inbox, url, NULL, &busy->link) != HAWSER_OK ||
        hawser_link_wait_up(bench->session.bus, busy->link,
                            bench->timeout_ms) != HAWSER_OK) {
        tell_failure(&bench->link, "no connection for the busy link");
        return false;
    }
    busy->runs = pthread_create(&busy->thread, NULL, keep_busy, busy) == 0;
    if (!busy->runs) {
        tell_failure(&bench->link, "no thread for the busy link");
    }
    return busy->runs;
}

void
bench_busy_next(struct bench_busy *busy)
{
    (void)atomic_fetch_add(&busy->part, 1); // what it was does not matter
}

bool
bench_busy_stop(struct bench_busy *busy)
{
    atomic_store(&busy->stop, true);
    if (busy->runs) {
        (void)pthread_join(busy->thread, NULL); // it runs
    }
    busy->runs = false;
    return !atomic_load(&busy->failed);
}

void
bench_busy_free(struct bench_busy *busy)
{
    for (int i = 0; i < BENCH_PARTS; i++) {
        free(busy->trips[i].times);
        free(busy->trips[i].cpu_times);
    }
}
