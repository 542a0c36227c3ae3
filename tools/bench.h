// bench.h - what the benchmarks share.
//
//   bench.c       the command: flags, and the line of JSON at the end
//   bench_rtt.c   round trips against /echo
//   bench_pub.c   one way out, until /sink has confirmed the count
//   bench_sub.c   one way in, from /sink told to "go"
//   bench_idle.c  what a link costs that does nothing
#ifndef HAWSER_TOOL_BENCH_H
#define HAWSER_TOOL_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "link_flags.h"
#include "session.h"

struct bench {
    struct link_flags link;
    const char *url;
    const char *confirm; // of pub: where the count is asked for; NULL: at url
    uint64_t size;
    uint64_t count; // 0: the measure's own default
    int timeout_ms;
    struct session session;
    void *payload; // size bytes

    // What came of it; negative: not measured.
    double secs;
    double rate;
    double p50_us;
    double p99_us;
    long threads;
    long fds;
    double kib_per_link;
};

enum tool_exit
bench_rtt(struct bench *bench);

enum tool_exit
bench_pub(struct bench *bench);

enum tool_exit
bench_sub(struct bench *bench);

enum tool_exit
bench_idle(struct bench *bench);

// Seconds on a clock that nobody sets.
double
bench_now(void);

// Opens the session and waits until it is up; TOOL_OK, or after a sentence.
enum tool_exit
bench_open(struct bench *bench);

// The next message, at most timeout_ms away; NULL: none came, or the link was
// lost, which a benchmark does not survive. The caller drops it.
hawser_message *
bench_next(struct bench *bench);

// Says why it ended early, and the class of it.
enum tool_exit
bench_fail(struct bench *bench);

// Sets p50 and p99 from count times in nanoseconds, which are sorted.
void
bench_percentiles(struct bench *bench, uint32_t *times_ns, uint64_t count);

#endif
