// bench_growth.c - what each of many links costs: idle, and with one message a
// second to an echo and back.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "tell.h"

// As long as from one heartbeat to the next, so that each link has one.
enum { DEFAULT_COUNT = 1000, DEFAULT_SECONDS = 15 };
enum { SETTLE_SECS = 1 };

struct growth {
    struct bench *bench;
    hawser_link *links;
    uint64_t total; // links, the first ones too
    uint64_t ticks;
    uint64_t echoes;
    bool lost; // a link was
};

// Takes what is there, waiting for the first for at most timeout_ms.
static void
hear(struct growth *growth, int timeout_ms)
{
    hawser_item item;

    while (hawser_receive(growth->bench->session.bus, &item, timeout_ms) ==
           HAWSER_OK) {
        growth->echoes += item.kind == HAWSER_ITEM_MESSAGE;
        if (item.kind == HAWSER_ITEM_EVENT &&
            item.event->kind == HAWSER_EVENT_STATE &&
            item.event->state != HAWSER_UP && !growth->lost) {
            session_note(&growth->bench->session, item.event);
            growth->lost = true;
        }
        hawser_item_drop(&item);
        timeout_ms = 0;
    }
}

static int
ms_until(double then)
{
    double secs = then - bench_now();

    return secs <= 0.001 ? 1 : (int)(secs * 1000);
}

static void
stay_idle(struct growth *growth, double secs)
{
    double end = bench_now() + secs;

    while (bench_now() < end) {
        hear(growth, ms_until(end));
    }
}

// Each link once a second, evenly spread.
static bool
tick(struct growth *growth, double secs)
{
    struct bench *bench = growth->bench;
    uint64_t wanted = (uint64_t)(secs * (double)growth->total);
    double start = bench_now();

    while (growth->ticks < wanted) {
        double next = start + (double)growth->ticks / (double)growth->total;
        if (bench_now() < next) {
            hear(growth, ms_until(next));
        } else if (hawser_send(bench->session.bus,
                               growth->links[growth->ticks % growth->total],
                               bench->payload,
                               (size_t)bench->size) != HAWSER_OK) {
            return false;
        } else {
            growth->ticks++;
        }
    }
    return true;
}

static bool
hear_all(struct growth *growth)
{
    double end = bench_now() + growth->bench->timeout_ms / 1000.0;

    while (growth->echoes < growth->ticks && bench_now() < end) {
        hear(growth, ms_until(end));
    }
    return growth->echoes == growth->ticks;
}

// Microseconds a second for each link.
static double
cpu_per_link(const struct growth *growth, double cpu_secs, double secs)
{
    return cpu_secs * 1e6 / secs / (double)growth->total;
}

static enum tool_exit
measure(struct growth *growth, long kib_before)
{
    struct bench *bench = growth->bench;
    double links = (double)bench->count;
    double secs = (double)bench->seconds;
    double cpu, start;

    stay_idle(growth, SETTLE_SECS);
    start = bench_now();
    cpu = bench_cpu_secs();
    stay_idle(growth, secs);
    bench_note(
        bench, "idle_us_per_link",
        cpu_per_link(growth, bench_cpu_secs() - cpu, bench_now() - start), 3,
        "us of CPU a second for each idle link");
    bench_note(bench, "kib_per_link",
               (double)(bench_own_kib() - kib_before) / links, 1,
               "KiB of user memory for each");

    start = bench_now();
    cpu = bench_cpu_secs();
    if (!tick(growth, secs) || !hear_all(growth) || growth->lost) {
        tell_failure(&bench->link, growth->lost
                                       ? "a link was lost"
                                       : "not every message came back");
        return TOOL_LEFTOVER;
    }
    bench_note(
        bench, "ticking_us_per_link",
        cpu_per_link(growth, bench_cpu_secs() - cpu, bench_now() - start), 3,
        "us of CPU a second for each ticking link");
    bench_note(bench, "ticking_kib_per_link",
               (double)(bench_own_kib() - kib_before) / links, 1,
               "KiB of user memory for each");
    bench_note(bench, "ticks", (double)growth->ticks, 0,
               "messages there and back");
    return TOOL_OK;
}

static enum tool_exit
open_all(struct growth *growth)
{
    struct bench *bench = growth->bench;
    enum tool_exit status = bench_open_first_links(bench, growth->links);
    long kib_before = bench_own_kib();
    double start = bench_now();

    if (status == TOOL_OK) {
        status = bench_open_links(bench, bench->count,
                                  growth->links + BENCH_FIRST_LINKS);
    }
    if (status != TOOL_OK) {
        return status;
    }
    bench_note(bench, "secs", bench_now() - start, 6, "s until all were up");
    bench_note(bench, "threads", (double)bench_threads(), 0, "threads");
    bench_note(bench, "fds", (double)bench_descriptors(), 0,
               "file descriptors");
    return measure(growth, kib_before);
}

enum tool_exit
bench_growth(struct bench *bench)
{
    struct growth growth = { .bench = bench };
    enum tool_exit status = TOOL_USAGE;

    bench->count = bench->count == 0 ? DEFAULT_COUNT : bench->count;
    bench->seconds = bench->seconds == 0 ? DEFAULT_SECONDS : bench->seconds;
    growth.total = bench->count + BENCH_FIRST_LINKS;
    growth.links = calloc((size_t)growth.total, sizeof *growth.links);
    if (growth.links == NULL) {
        tell_failure(&bench->link, "out of memory");
    } else {
        status = open_all(&growth);
    }
    free(growth.links);
    return status;
}
