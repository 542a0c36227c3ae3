// job.c - reads what a peer is asked, and prints how it went.
#include "job.h"

#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *const works[] = { "rtt", "pub", "sub" };

void
job_fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void
usage(const char *program)
{
    job_fail(program, "rtt|pub|sub URL --size S --count N [--json]");
}

// "ws://HOST:PORT/PATH" or "tcp://HOST:PORT"; a unix:// URL stays whole.
static int
split_url(struct job *job)
{
    const char *host = strstr(job->url, "://");
    size_t host_size;
    size_t port_size;

    if (host == NULL) {
        return 0;
    }
    if (strncmp(job->url, "unix://", 7) == 0) {
        return 1;
    }
    host += 3;
    host_size = strcspn(host, ":/");
    if (host[host_size] != ':' || host_size >= sizeof job->host) {
        return 0;
    }
    memcpy(job->host, host, host_size);
    host += host_size + 1;
    port_size = strcspn(host, "/");
    if (port_size == 0 || port_size >= sizeof job->port) {
        return 0;
    }
    memcpy(job->port, host, port_size);
    host += port_size;
    return snprintf(job->path, sizeof job->path, "%s",
                    *host == '\0' ? "/" : host) < (int)sizeof job->path;
}

void
job_read(struct job *job, int argc, char **argv)
{
    memset(job, 0, sizeof *job);
    job->size = 64;
    job->count = 100000;
    if (argc < 3) {
        usage(argv[0]);
    }
    while (strcmp(argv[1], works[job->work]) != 0) {
        if (job->work == JOB_SUB) {
            usage(argv[0]);
        }
        job->work = (enum job_work)(job->work + 1);
    }
    job->url = argv[2];
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--size") == 0 && i + 1 < argc) {
            job->size = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) {
            job->count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--json") != 0) {
            usage(argv[0]);
        }
    }
    if (job->count == 0 || !split_url(job)) {
        usage(argv[0]);
    }
    if (job->work == JOB_RTT) {
        job->laps_ns = calloc(job->count, sizeof *job->laps_ns);
        if (job->laps_ns == NULL) {
            job_fail(argv[0], "out of memory");
        }
    }
}

uint64_t
job_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); // this clock always exists
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
job_begin(struct job *job)
{
    job->began_ns = job_now_ns();
}

void
job_lap(struct job *job, uint64_t began_ns)
{
    if (job->lap_count < job->count) {
        job->laps_ns[job->lap_count++] = job_now_ns() - began_ns;
    }
}

void
job_end(struct job *job)
{
    job->ended_ns = job_now_ns();
}

void
job_check_count(const struct job *job, const char *text, size_t size)
{
    char digits[32];
    char why[96];

    (void)snprintf(digits, sizeof digits, "%.*s", (int)size, text);
    if (strtoull(digits, NULL, 10) != job->count) {
        (void)snprintf(why, sizeof why,
                       "the server counted %s messages, not %" PRIu64, digits,
                       job->count);
        job_fail(job->url, why);
    }
}

static int
compare_laps(const void *one, const void *two)
{
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)two;

    return (a > b) - (a < b);
}

// The lap below which part of a hundred of them are.
static double
percentile_us(const struct job *job, unsigned part)
{
    if (job->lap_count == 0) {
        return 0;
    }
    return (double)job->laps_ns[(job->lap_count - 1) * part / 100] / 1e3;
}

int
job_report(struct job *job)
{
    double secs = (double)(job->ended_ns - job->began_ns) / 1e9;

    qsort(job->laps_ns, job->lap_count, sizeof *job->laps_ns, compare_laps);
    printf("{\"work\": \"%s\", \"size\": %zu, \"count\": %" PRIu64
           ", \"rate\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f, "
           "\"secs\": %.6f}\n",
           works[job->work], job->size, job->count, (double)job->count / secs,
           percentile_us(job, 50), percentile_us(job, 99), secs);
    free(job->laps_ns);
    return fflush(stdout) == 0 ? 0 : 1;
}

int
job_connect(const struct job *job)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    int on = 1;
    int fd;

    if (getaddrinfo(job->host, job->port, &hints, &found) != 0) {
        job_fail(job->url, "no such host");
    }
    fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        job_fail(job->url, "could not connect");
    }
    freeaddrinfo(found);
    return fd;
}

void
job_write(const struct job *job, int fd, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t part = write(fd, from, size);

        if (part <= 0) {
            job_fail(job->url, "write failed");
        }
        from += part;
        size -= (size_t)part;
    }
}
