// bench_rtt.c - round trips: one message out, the same one back.
#include <stdlib.h>

#include "bench.h"

enum { DEFAULT_COUNT = 20000, WARM_UP = 200 };

// One round trip in nanoseconds; 0: it failed.
static uint32_t
round_trip(struct bench *bench)
{
    double start = bench_now();
    hawser_message *answer = NULL;
    double taken;

    if (hawser_send(bench->session.bus, bench->session.link, bench->payload,
                    (size_t)bench->size) != HAWSER_OK) {
        return 0;
    }
    answer = bench_next(bench);
    taken = (bench_now() - start) * 1e9;
    if (answer == NULL || hawser_message_size(answer) != bench->size) {
        hawser_message_drop(answer);
        return 0;
    }
    hawser_message_drop(answer);
    return taken < 1 ? 1 : taken > UINT32_MAX ? UINT32_MAX : (uint32_t)taken;
}

static enum tool_exit
measure(struct bench *bench, uint32_t *times)
{
    double start;

    for (int i = 0; i < WARM_UP; i++) {
        if (round_trip(bench) == 0) {
            return bench_fail(bench);
        }
    }
    start = bench_now();
    for (uint64_t i = 0; i < bench->count; i++) {
        times[i] = round_trip(bench);
        if (times[i] == 0) {
            return bench_fail(bench);
        }
    }
    bench->secs = bench_now() - start;
    bench->rate = (double)bench->count / bench->secs;
    bench_percentiles(bench, times, bench->count);
    return TOOL_OK;
}

enum tool_exit
bench_rtt(struct bench *bench)
{
    enum tool_exit status = bench_open(bench);
    uint32_t *times;

    if (status != TOOL_OK) {
        return status;
    }
    if (bench->count == 0) {
        bench->count = DEFAULT_COUNT;
    }
    times = calloc((size_t)bench->count, sizeof *times);
    if (times == NULL) {
        return TOOL_USAGE;
    }
    status = measure(bench, times);
    free(times);
    return status;
}
