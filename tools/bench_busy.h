// bench_busy.h - a link that is never idle, for benchmarks of what is beside.
#ifndef HAWSER_TOOL_BENCH_BUSY_H
#define HAWSER_TOOL_BENCH_BUSY_H

#include <hawser/hawser.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct bench;

enum { BENCH_PARTS = 2 };

// How long each took, and how much CPU the whole process took meanwhile: that
// is what the bus did, however busy the machine is with something else. In
// tenths of a microsecond.
struct bench_trips {
    uint32_t *times;
    uint32_t *cpu_times;
    uint64_t count;
};

struct bench_busy {
    struct bench *bench;
    hawser_inbox *inbox; // the bus's
    hawser_link link;
    pthread_t thread;
    bool runs;
    atomic_int part;
    atomic_bool stop;
    atomic_bool failed;
    struct bench_trips trips[BENCH_PARTS]; // the thread's, until it stopped
};

// Opens the link on the benchmark's bus, waits until it is up, and begins with
// round trips of bench->payload in part 0. False after a sentence. In any case
// the caller stops and frees it.
bool
bench_busy_start(struct bench_busy *busy, struct bench *bench, const char *url);

// From now on round trips are noted in the next part. At most BENCH_PARTS - 1
// times.
void
bench_busy_next(struct bench_busy *busy);

// Waits for the last one. False: one got no answer.
bool
bench_busy_stop(struct bench_busy *busy);

void
bench_busy_free(struct bench_busy *busy);

#endif
