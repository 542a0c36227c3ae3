// bench.h - what the benchmarks share.
//
//   bench.c         the command: flags, and the line of JSON at the end
//   bench_rtt.c     round trips against /echo
//   bench_pub.c     one way out, until /sink has confirmed the count
//   bench_sub.c     one way in, from /sink told to "go"
//   bench_links.c   many links on one bus
//   bench_idle.c    what a link costs that does nothing
//   bench_growth.c  what many links cost, idle and ticking
//   bench_storm.c   many links lost at once, and a busy one beside them
#ifndef HAWSER_TOOL_BENCH_H
#define HAWSER_TOOL_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "link_flags.h"
#include "session.h"

enum { BENCH_FIGURES_MAX = 32 };

// What came of a measure of links.
struct bench_figure {
    const char *name; // in JSON
    double value;     // negative: not measured
    int decimals;
    const char *words; // what it is the number of
};

struct bench {
    struct link_flags link;
    const char *url;
    const char *confirm; // of pub: where the count is asked for; NULL: at url
    uint64_t size;
    uint64_t count; // 0: the measure's own default
    int timeout_ms;
    uint64_t seconds; // that each part of growth and storm takes
    int down_ms;      // of storm: how long the server is gone
    struct session session;
    void *payload; // size bytes

    // What came of one that sends or receives; negative: not measured.
    double secs;
    double rate;
    double p50_us;
    double p99_us;

    struct bench_figure figures[BENCH_FIGURES_MAX];
    int figure_count;
};

enum tool_exit
bench_rtt(struct bench *bench);

enum tool_exit
bench_pub(struct bench *bench);

enum tool_exit
bench_sub(struct bench *bench);

enum tool_exit
bench_idle(struct bench *bench);

enum tool_exit
bench_growth(struct bench *bench);

enum tool_exit
bench_storm(struct bench *bench);

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

// Keeps a figure, to be told at the end.
void
bench_note(struct bench *bench, const char *name, double value, int decimals,
           const char *words);

// Sets p50 and p99 from count times in nanoseconds, which are sorted.
void
bench_percentiles(struct bench *bench, uint32_t *times_ns, uint64_t count);

// ---- bench_links.c ----

// The first links pay for what all of them share.
enum { BENCH_FIRST_LINKS = 10 };

// Sees to it that so many links may be open. False after a sentence.
bool
bench_allow_files(struct bench *bench, uint64_t links);

// Opens the session and as many links as pay for what all share; links (may be
// NULL) gets BENCH_FIRST_LINKS of them. TOOL_OK, or after a sentence.
enum tool_exit
bench_open_first_links(struct bench *bench, hawser_link *links);

// Opens count more links to the same URL, and waits until all of them are up;
// links (may be NULL) gets their numbers. TOOL_OK, or after a sentence.
enum tool_exit
bench_open_links(struct bench *bench, uint64_t count, hawser_link *links);

long
bench_threads(void);

long
bench_descriptors(void);

// Memory of the program's own, in KiB: what the kernel keeps for sockets is not
// among it.
long
bench_own_kib(void);

// Seconds of CPU that all threads of the process took so far.
double
bench_cpu_secs(void);

#endif
