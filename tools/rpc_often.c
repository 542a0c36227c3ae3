// rpc_often.c - "hawser rpc --repeat": calls again and again, and a summary.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rpc.h"

struct series {
    struct rpc *rpc;
    uint64_t *began_ns; // of each call
    uint32_t *times_ns; // of those that ended, in that order
    uint64_t started;
    uint64_t ended;
    uint64_t outcomes[HAWSER_RPC_REFUSED + 1];
};

static uint64_t
now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); // can't fail for this clock
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int
compare(const void *one, const void *other)
{
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;

    return (left > right) - (left < right);
}

static bool
start_one(struct series *series)
{
    hawser_rpc_call_options options = rpc_options_of(series->rpc);
    hawser_rpc_request *request = rpc_new_request(series->rpc);
    hawser_status status;

    if (request == NULL) {
        return false;
    }
    series->began_ns[series->started] = now_ns();
    options.user = &series->began_ns[series->started];
    status = hawser_rpc_start(request, &options, NULL);
    if (status != HAWSER_OK) {
        (void)rpc_fail(series->rpc, series->rpc->method, status);
        return false;
    }
    series->started++;
    return true;
}

static void
note_answer(struct series *series, const hawser_rpc_answer *answer)
{
    const uint64_t *began_ns = answer->user;
    uint64_t took = now_ns() - *began_ns;

    series->outcomes[answer->outcome]++;
    series->times_ns[series->ended++] =
        took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
}

// The time that so many of a hundred calls did not exceed.
static double
percentile_us(const struct series *series, uint64_t percent)
{
    uint64_t place = (series->ended - 1) * percent / 100;

    return series->times_ns[place] / 1000.0;
}

static void
tell_summary(struct series *series, double secs)
{
    qsort(series->times_ns, series->ended, sizeof *series->times_ns, compare);
    if (series->rpc->link.json) {
        (void)printf("{\"calls\": %" PRIu64 ", \"secs\": %.3f, \"rate\": %.0f, "
                     "\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
                     series->ended, secs, (double)series->ended / secs,
                     percentile_us(series, 50), percentile_us(series, 99),
                     percentile_us(series, 100));
        for (int i = 0; i <= HAWSER_RPC_REFUSED; i++) {
            (void)printf(", \"%s\": %" PRIu64,
                         hawser_rpc_outcome_name((hawser_rpc_outcome)i),
                         series->outcomes[i]);
        }
        (void)printf("}\n"); // what fails is found at the end
        return;
    }
    (void)printf("%" PRIu64 " calls in %.3f s: %.0f a second; p50 %.1f us, p99 "
                 "%.1f us, max %.1f us\n",
                 series->ended, secs, (double)series->ended / secs,
                 percentile_us(series, 50), percentile_us(series, 99),
                 percentile_us(series, 100));
    for (int i = 0; i <= HAWSER_RPC_REFUSED; i++) {
        if (series->outcomes[i] > 0) {
            (void)printf("%s: %" PRIu64 "\n",
                         hawser_rpc_outcome_name((hawser_rpc_outcome)i),
                         series->outcomes[i]);
        }
    }
}

static int
exit_of_all(const struct series *series)
{
    if (series->outcomes[HAWSER_RPC_RESULT] == series->rpc->repeat) {
        return TOOL_OK;
    }
    return series->outcomes[HAWSER_RPC_ERROR] > 0  ? TOOL_ERROR
           : series->outcomes[HAWSER_RPC_LOST] > 0 ? TOOL_LEFTOVER
           : series->outcomes[HAWSER_RPC_TIMEOUT] > 0
               ? TOOL_TIMEOUT
               : (int)series->rpc->session.last_exit;
}

static int
call_them(struct series *series)
{
    const struct rpc *rpc = series->rpc;
    uint64_t began = now_ns();
    hawser_rpc_answer answer;

    while (series->ended < rpc->repeat) {
        while (series->started < rpc->repeat &&
               series->started - series->ended < rpc->parallel) {
            if (!start_one(series)) {
                return TOOL_USAGE;
            }
        }
        if (hawser_rpc_next(rpc->rpc, -1, &answer) != HAWSER_OK) {
            return (int)rpc->session.last_exit;
        }
        note_answer(series, &answer);
        hawser_rpc_answer_free(&answer);
    }
    tell_summary(series, (double)(now_ns() - began) / 1e9);
    return exit_of_all(series);
}

int
rpc_call_often(struct rpc *rpc)
{
    struct series series = {
        .rpc = rpc,
        .began_ns = calloc(rpc->repeat, sizeof *series.began_ns),
        .times_ns = calloc(rpc->repeat, sizeof *series.times_ns),
    };
    int status = series.began_ns == NULL || series.times_ns == NULL
                     ? rpc_fail(rpc, "the summary", HAWSER_NO_MEMORY)
                     : call_them(&series);

    free(series.began_ns);
    free(series.times_ns);
    return status;
}
