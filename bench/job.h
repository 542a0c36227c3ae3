// job.h - what a peer of the benchmark is asked, and how it answers.
//
// Every peer is called as "PEER rtt|pub|sub URL --size S --count N", as
// "hawser bench" is, and prints one JSON object:
//   rtt  count round trips, one after the other, each timed
//   pub  count messages out; the clock stops when the server has counted them
//   sub  "go count size" to a sink; the clock stops at the last message
#ifndef HAWSER_BENCH_JOB_H
#define HAWSER_BENCH_JOB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum job_work { JOB_RTT, JOB_PUB, JOB_SUB };

struct job {
    enum job_work work;
    const char *url;
    char host[128];
    char port[8];
    char path[128]; // with its "/"
    size_t size;    // bytes of a message
    uint64_t count; // messages, or round trips
    uint64_t began_ns;
    uint64_t ended_ns;
    uint64_t *laps_ns; // rtt: one for each round trip
    uint64_t lap_count;
};

// Reads the command line; on a mistake says what is expected and exits with 1.
void
job_read(struct job *job, int argc, char **argv);

// CLOCK_MONOTONIC in nanoseconds.
uint64_t
job_now_ns(void);

void
job_begin(struct job *job);

// A round trip that began at began_ns has ended.
void
job_lap(struct job *job, uint64_t began_ns);

void
job_end(struct job *job);

// The server's answer to "?" must be the count; anything else exits with 1.
void
job_check_count(const struct job *job, const char *text, size_t size);

// Prints the JSON object and frees the laps; what main returns.
int
job_report(struct job *job);

// ---- blocking sockets; whatever fails exits with 1 ----

// To the job's host and port, with TCP_NODELAY.
int
job_connect(const struct job *job);

void
job_write(const struct job *job, int fd, const void *bytes, size_t size);

// Says why on stderr and exits with 1.
void
job_fail(const char *what, const char *why);

#ifdef __cplusplus
}
#endif

#endif
