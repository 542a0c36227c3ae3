// bench_sub.c - one way in, from a server that was told to go.
#include <inttypes.h>
#include <stdio.h>

#include "bench.h"
#include "tell.h"

enum { DEFAULT_COUNT = 5000000, DEFAULT_BYTES = 2000000000 };

static enum tool_exit
measure(struct bench *bench)
{
    char order[64];
    double start = bench_now();

    (void)snprintf(order, sizeof order, "go %" PRIu64 " %" PRIu64, // fits
                   bench->count, bench->size);
    if (hawser_send_text(bench->session.bus, bench->session.link, order) !=
        HAWSER_OK) {
        return bench_fail(bench);
    }
    for (uint64_t i = 0; i < bench->count; i++) {
        hawser_message *message = bench_next(bench);
        if (message == NULL) {
            return bench_fail(bench);
        }
        if (hawser_message_size(message) != bench->size) {
            hawser_message_drop(message);
            tell_failure(&bench->link, "the server sends other messages");
            return TOOL_REFUSED;
        }
        hawser_message_drop(message);
    }
    bench->secs = bench_now() - start;
    bench->rate = (double)bench->count / bench->secs;
    return TOOL_OK;
}

enum tool_exit
bench_sub(struct bench *bench)
{
    enum tool_exit status = bench_open(bench);

    if (status != TOOL_OK) {
        return status;
    }
    if (bench->count == 0) {
        bench->count = DEFAULT_BYTES / (bench->size + 1) < DEFAULT_COUNT
                           ? DEFAULT_BYTES / (bench->size + 1) + 1
                           : DEFAULT_COUNT;
    }
    return measure(bench);
}
