// bench_storm.c - many links lost at once, since their server is killed; how
// long until all are back, and what a busy link beside them felt of it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_busy.h"
#include "demo.h"
#include "tell.h"

enum { DEFAULT_COUNT = 1000, DEFAULT_SECONDS = 3, LOOK_EVERY_MS = 20 };

struct storm {
    struct bench *bench;
    struct demo_server server; // the one that is killed
    struct demo_server other;  // the busy link's
    struct bench_busy busy;
    hawser_link *links;
    uint64_t total;
    uint64_t dials; // before it began
    uint64_t back;  // of links, the first so many are UP again
    double killed_at;
    double returned_at;
    int64_t returned_ms; // the same, in Unix time
    double cpu_secs;
    uint32_t *healed_ms; // of each link, after the server's return
};

static int64_t
unix_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); // can't fail for this clock
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static hawser_link_stats
stats_of(const struct storm *storm, uint64_t i)
{
    hawser_link_stats stats = { .size = sizeof stats };

    // It is open; and if not, it is not UP.
    (void)hawser_link_get_stats(storm->bench->session.bus, storm->links[i],
                                &stats);
    return stats;
}

static uint64_t
all_dials(const struct storm *storm)
{
    uint64_t dials = 0;

    for (uint64_t i = 0; i < storm->total; i++) {
        dials += stats_of(storm, i).dials;
    }
    return dials;
}

// Takes events for so long; what they say does not matter.
static void
hear(const struct storm *storm, int ms)
{
    double end = bench_now() + ms / 1000.0;
    hawser_item item;

    while (ms > 0) {
        if (hawser_receive(storm->bench->session.bus, &item, ms) == HAWSER_OK) {
            hawser_item_drop(&item);
        }
        ms = (int)((end - bench_now()) * 1000);
    }
}

static bool
are_back(struct storm *storm)
{
    for (; storm->back < storm->total; storm->back++) {
        hawser_link_stats stats = stats_of(storm, storm->back);
        if (stats.state != HAWSER_UP || stats.losses == 0) {
            return false;
        }
    }
    return true;
}

// All at the same time: one may have been lost again meanwhile.
static bool
are_still_back(struct storm *storm)
{
    storm->back = 0;
    return are_back(storm);
}

// ---- the acts ----

static enum tool_exit
open_all(struct storm *storm)
{
    struct bench *bench = storm->bench;
    enum tool_exit status;

    if (!bench_allow_files(bench, storm->total) ||
        !demo_server_start(&storm->server) ||
        !demo_server_start(&storm->other)) {
        return TOOL_USAGE;
    }
    bench->url = storm->server.url;
    status = bench_open_first_links(bench, storm->links);
    if (status == TOOL_OK) {
        status = bench_open_links(bench, bench->count,
                                  storm->links + BENCH_FIRST_LINKS);
    }
    if (status == TOOL_OK && hawser_bus_step(bench->session.bus) == HAWSER_OK) {
        tell_failure(&bench->link,
                     "storm wants a bus with a thread of its own");
        status = TOOL_USAGE;
    }
    return status;
}

static bool
kill_and_start(struct storm *storm)
{
    bench_busy_next(&storm->busy);
    storm->cpu_secs = -bench_cpu_secs();
    storm->killed_at = bench_now();
    demo_server_kill(&storm->server);
    hear(storm, storm->bench->down_ms);
    if (!demo_server_start(&storm->server)) {
        return false;
    }
    storm->returned_at = bench_now();
    storm->returned_ms = unix_ms();
    return true;
}

static bool
heal(struct storm *storm)
{
    double end = storm->returned_at + storm->bench->timeout_ms / 1000.0;

    while (!are_back(storm) || !are_still_back(storm)) {
        if (bench_now() > end) {
            return false;
        }
        hear(storm, LOOK_EVERY_MS);
    }
    storm->cpu_secs += bench_cpu_secs();
    return true;
}

// ---- what came of it ----

// In microseconds; -1: there was none.
static double
part_of(const uint32_t *times, uint64_t count, double part)
{
    return count == 0 ? -1
                      : times[(uint64_t)((double)(count - 1) * part)] / 10.0;
}

static int
compare(const void *one, const void *two)
{
    uint32_t a = *(const uint32_t *)one;
    uint32_t b = *(const uint32_t *)two;

    return a < b ? -1 : a > b;
}

// Sorts the times and notes three of them, and how many there were.
static void
note_times(struct bench *bench, uint32_t *times, uint64_t count,
           const char *const names[3], const char *words)
{
    static const double parts[] = { 0.5, 0.99, 1 };

    qsort(times, (size_t)count, sizeof *times, compare);
    for (int i = 0; i < 3; i++) {
        bench_note(bench, names[i], part_of(times, count, parts[i]), 1, words);
    }
}

static void
note_trips(const struct storm *storm)
{
    static const char *const times[BENCH_PARTS][3] = {
        { "calm_p50_us", "calm_p99_us", "calm_max_us" },
        { "storm_p50_us", "storm_p99_us", "storm_max_us" },
    };
    static const char *const cpu_times[BENCH_PARTS][3] = {
        { "calm_p50_cpu_us", "calm_p99_cpu_us", "calm_max_cpu_us" },
        { "storm_p50_cpu_us", "storm_p99_cpu_us", "storm_max_cpu_us" },
    };
    static const char *const counts[] = { "calm_trips", "storm_trips" };
    struct bench *bench = storm->bench;

    for (int i = 0; i < BENCH_PARTS; i++) {
        const struct bench_trips *trips = &storm->busy.trips[i];
        bench_note(bench, counts[i], (double)trips->count, 0,
                   i == 0 ? "round trips of the busy link before it"
                          : "round trips of the busy link in it");
        note_times(bench, trips->times, trips->count, times[i],
                   "us of one (p50, p99, most)");
        note_times(bench, trips->cpu_times, trips->count, cpu_times[i],
                   "us of CPU meanwhile (p50, p99, most)");
    }
}

static void
note_healing(struct storm *storm)
{
    struct bench *bench = storm->bench;
    uint64_t last = storm->total - 1;
    uint64_t middle = last / 2;

    for (uint64_t i = 0; i < storm->total; i++) {
        int64_t after = stats_of(storm, i).up_since_ms - storm->returned_ms;
        // One may be up before the line that says so is read.
        storm->healed_ms[i] = after < 0 ? 0 : (uint32_t)after;
    }
    qsort(storm->healed_ms, (size_t)storm->total, sizeof *storm->healed_ms,
          compare);
    bench_note(bench, "down_secs", storm->returned_at - storm->killed_at, 3,
               "s without the server");
    bench_note(bench, "half_healed_secs", storm->healed_ms[middle] / 1e3, 3,
               "s after its return half of the links were up");
    bench_note(bench, "healed_secs", storm->healed_ms[last] / 1e3, 3,
               "s after its return all of them were up");
    bench_note(bench, "dials", (double)(all_dials(storm) - storm->dials), 0,
               "dials for it");
    bench_note(bench, "cpu_secs", storm->cpu_secs, 3,
               "s of CPU, from the kill until all were up");
    note_trips(storm);
}

static enum tool_exit
fail(struct storm *storm, const char *why)
{
    tell_failure(&storm->bench->link, why);
    return TOOL_TIMEOUT;
}

static enum tool_exit
perform(struct storm *storm)
{
    struct bench *bench = storm->bench;
    enum tool_exit status = open_all(storm);
    double cpu, start;

    if (status != TOOL_OK) {
        return status;
    }
    if (!bench_busy_start(&storm->busy, bench, storm->other.url)) {
        return TOOL_UNREACHABLE;
    }
    storm->dials = all_dials(storm);
    start = bench_now();
    cpu = bench_cpu_secs();
    hear(storm, (int)bench->seconds * 1000);
    bench_note(bench, "calm_cpu",
               (bench_cpu_secs() - cpu) / (bench_now() - start), 3,
               "s of CPU a second, before it, for the busy link");
    if (!kill_and_start(storm)) {
        return TOOL_USAGE;
    }
    if (!heal(storm)) {
        return fail(storm, "not every link came back in time");
    }
    if (!bench_busy_stop(&storm->busy)) {
        return fail(storm, "the busy link got no answer");
    }
    note_healing(storm);
    return TOOL_OK;
}

enum tool_exit
bench_storm(struct bench *bench)
{
    static struct storm storm; // the URL outlives the measure
    enum tool_exit status = TOOL_USAGE;

    bench->count = bench->count == 0 ? DEFAULT_COUNT : bench->count;
    bench->seconds = bench->seconds == 0 ? DEFAULT_SECONDS : bench->seconds;
    storm.bench = bench;
    storm.total = bench->count + BENCH_FIRST_LINKS;
    storm.links = calloc((size_t)storm.total, sizeof *storm.links);
    storm.healed_ms = calloc((size_t)storm.total, sizeof *storm.healed_ms);
    if (storm.links == NULL || storm.healed_ms == NULL) {
        tell_failure(&bench->link, "out of memory");
    } else {
        status = perform(&storm);
    }
    (void)bench_busy_stop(&storm.busy); // how it went was told
    bench_busy_free(&storm.busy);
    demo_server_stop(&storm.server);
    demo_server_stop(&storm.other);
    free(storm.links);
    free(storm.healed_ms);
    return status;
}
