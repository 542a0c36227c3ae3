// bench_pub.c - one way out, until the server has confirmed the count.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "tell.h"

enum {
    DEFAULT_COUNT = 5000000,
    DEFAULT_BYTES = 2000000000, // at most, by default
    TIMED_EVERY = 64,
    STEP_EVERY = 64, // messages between steps of a bus on this thread
    TIMES_MAX = 1 << 20,
};

static const uint64_t NO_NUMBER = UINT64_MAX;

static uint32_t
in_ns(double secs)
{
    return secs >= 4.29 ? UINT32_MAX : (uint32_t)(secs * 1e9);
}

// Sends one; the spool is made to block, so that full is no answer.
static bool
publish(struct bench *bench)
{
    return hawser_send(bench->session.bus, bench->session.link, bench->payload,
                       (size_t)bench->size) == HAWSER_OK;
}

static bool
publish_all(struct bench *bench, uint32_t *times, uint64_t *timed)
{
    bool steps = hawser_bus_step(bench->session.bus) == HAWSER_OK;

    for (uint64_t i = 0; i < bench->count; i++) {
        bool time_it = i % TIMED_EVERY == 0 && *timed < TIMES_MAX;
        double start = time_it ? bench_now() : 0;
        if (!publish(bench)) {
            return false;
        }
        if (time_it) {
            times[(*timed)++] = in_ns(bench_now() - start);
        }
        if (steps && i % STEP_EVERY == 0) {
            (void)hawser_bus_step(bench->session.bus); // it can't refuse here
        }
    }
    return true;
}

// Asks how many the server has counted; false: no answer, or none that counts.
static bool
ask_count(struct bench *bench, uint64_t *count)
{
    char text[32] = "", *end;
    hawser_message *answer;
    size_t size;

    if (hawser_send_text(bench->session.bus, bench->session.link, "?") !=
        HAWSER_OK) {
        return false;
    }
    answer = bench_next(bench);
    if (answer == NULL) {
        return false;
    }
    size = hawser_message_size(answer);
    memcpy(text, hawser_message_bytes(answer),
           size < sizeof text ? size : sizeof text - 1);
    hawser_message_drop(answer);
    *count = strtoull(text, &end, 10);
    if (end == text) {
        tell_failure(bench->session.flags,
                     "the server answers \"?\" with no number: pub needs one "
                     "that counts, such as /sink");
        *count = NO_NUMBER;
        return false;
    }
    return true;
}

// Asks until the server has counted all; false: no answer, or lost.
static bool
is_confirmed(struct bench *bench, uint64_t before)
{
    uint64_t count = before;

    while (count < before + bench->count) {
        if (!ask_count(bench, &count)) {
            return false;
        }
    }
    return true;
}

// As a peer that can't answer has it: the answer to "?N", at another address,
// comes once N were counted.
static bool
is_confirmed_there(struct bench *bench, hawser_link there)
{
    char question[32];
    hawser_message *answer;

    (void)snprintf(question, sizeof question, "?%" PRIu64, bench->count);
    if (hawser_send_text(bench->session.bus, there, question) != HAWSER_OK) {
        return false;
    }
    answer = bench_next(bench);
    hawser_message_drop(answer);
    return answer != NULL;
}

static enum tool_exit
measure_there(struct bench *bench, uint32_t *times)
{
    hawser_link there;
    uint64_t timed = 0;
    double start;

    if (hawser_link_open(bench->session.bus, bench->confirm, NULL, &there) !=
        HAWSER_OK) {
        tell_failure(&bench->link, hawser_last_error());
        return TOOL_USAGE;
    }
    if (hawser_link_wait_up(bench->session.bus, there, bench->timeout_ms) !=
        HAWSER_OK) {
        tell_failure(&bench->link, "no connection to the --confirm address");
        return TOOL_UNREACHABLE;
    }
    start = bench_now();
    if (!publish_all(bench, times, &timed) ||
        !is_confirmed_there(bench, there)) {
        return bench_fail(bench);
    }
    bench->secs = bench_now() - start;
    bench->rate = (double)bench->count / bench->secs;
    bench_percentiles(bench, times, timed);
    return TOOL_OK;
}

static enum tool_exit
measure(struct bench *bench, uint32_t *times)
{
    uint64_t timed = 0, before = 0;
    double start;

    if (bench->confirm != NULL) {
        return measure_there(bench, times);
    }

    // A server that answers what it is sent would fill the inbox meanwhile.
    if (!ask_count(bench, &before)) {
        return before == NO_NUMBER ? TOOL_REFUSED : bench_fail(bench);
    }
    start = bench_now();
    if (!publish_all(bench, times, &timed) || !is_confirmed(bench, before)) {
        return bench_fail(bench);
    }
    bench->secs = bench_now() - start;
    bench->rate = (double)bench->count / bench->secs;
    bench_percentiles(bench, times, timed);
    return TOOL_OK;
}

// A sender that runs 64 MiB ahead has each message leave the cache before it is
// written. Whoever names a size gets that.
static void
keep_spool_small(struct bench *bench)
{
    const char *size = "";

    // The option is there.
    (void)hawser_options_get(bench->link.options, "spool.max_bytes", &size);
    if (strcmp(size, "64MiB") == 0) {
        link_flags_set(&bench->link, "spool.max_bytes", "4MiB");
    }
}

enum tool_exit
bench_pub(struct bench *bench)
{
    enum tool_exit status;
    uint32_t *times;

    link_flags_set(&bench->link, "overflow", "block");
    keep_spool_small(bench);
    status = bench_open(bench);
    if (status != TOOL_OK) {
        return status;
    }
    if (bench->count == 0) {
        bench->count = DEFAULT_BYTES / (bench->size + 1) < DEFAULT_COUNT
                           ? DEFAULT_BYTES / (bench->size + 1) + 1
                           : DEFAULT_COUNT;
    }
    times = calloc(TIMES_MAX, sizeof *times);
    if (times == NULL) {
        return TOOL_USAGE;
    }
    status = measure(bench, times);
    free(times);
    return status;
}
