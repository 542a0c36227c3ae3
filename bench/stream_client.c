// stream_client.c - ready-made messages behind lengths of 32 bits, through a
// bare socket: what the kernel and the server leave possible over tcp:// and
// unix://.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "job.h"

enum { BLOCK = 256 * 1024, SMALL_BLOCK = 16 * 1024, HEAD = 4 };

static void
read_all(const struct job *job, int fd, void *bytes, size_t size)
{
    char *to = bytes;

    while (size > 0) {
        ssize_t part = read(fd, to, size);

        if (part <= 0) {
            job_fail(job->url, "read failed");
        }
        to += part;
        size -= (size_t)part;
    }
}

static int
connect_unix(const struct job *job)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
                   job->url + strlen("unix://"));
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        job_fail(job->url, "could not connect");
    }
    return fd;
}

static void
put_head(unsigned char *to, size_t size)
{
    for (int i = 0; i < HEAD; i++) {
        to[i] = (unsigned char)(size >> (24 - 8 * i));
    }
}

static void
say(const struct job *job, int fd, const char *text)
{
    unsigned char message[HEAD + 64];
    size_t size = strlen(text);

    put_head(message, size);
    memcpy(message + HEAD, text, size);
    job_write(job, fd, message, HEAD + size);
}

static void
publish(struct job *job, int fd)
{
    size_t frame = HEAD + job->size;
    uint64_t fit = (frame < 512 ? SMALL_BLOCK : BLOCK) / frame;
    unsigned char *block = calloc(fit += fit == 0, frame);
    unsigned char head[HEAD];
    char answer[64];
    size_t size;

    if (block == NULL) {
        job_fail(job->url, "out of memory");
    }
    for (uint64_t i = 0; i < fit; i++) {
        put_head(block + i * frame, job->size);
    }
    job_begin(job);
    for (uint64_t left = job->count; left > 0; left -= fit) {
        fit = left < fit ? left : fit;
        job_write(job, fd, block, fit * frame);
    }
    say(job, fd, "?");
    read_all(job, fd, head, HEAD);
    size = head[3] < sizeof answer ? head[3] : 0; // a count is short
    read_all(job, fd, answer, size);
    job_end(job);
    job_check_count(job, answer, size);
    free(block);
}

static void
swallow(const struct job *job, int fd, unsigned char *room, uint64_t bytes)
{
    while (bytes > 0) {
        ssize_t part = read(fd, room, bytes < BLOCK ? bytes : BLOCK);

        if (part <= 0) {
            job_fail(job->url, "read failed");
        }
        bytes -= (uint64_t)part;
    }
}

static void
subscribe(struct job *job, int fd, unsigned char *room)
{
    char text[64];

    (void)snprintf(text, sizeof text, "go %" PRIu64 " %zu", job->count,
                   job->size);
    job_begin(job);
    say(job, fd, text);
    swallow(job, fd, room, job->count * (HEAD + job->size));
    job_end(job);
}

static void
round_trips(struct job *job, int fd, unsigned char *room)
{
    unsigned char *message = calloc(1, HEAD + job->size);

    if (message == NULL) {
        job_fail(job->url, "out of memory");
    }
    put_head(message, job->size);
    job_begin(job);
    for (uint64_t i = 0; i < job->count; i++) {
        uint64_t began_ns = job_now_ns();

        job_write(job, fd, message, HEAD + job->size);
        swallow(job, fd, room, HEAD + job->size);
        job_lap(job, began_ns);
    }
    job_end(job);
    free(message);
}

int
main(int argc, char **argv)
{
    unsigned char *room = malloc(BLOCK);
    struct job job;
    int fd;

    job_read(&job, argc, argv);
    if (room == NULL) {
        job_fail(job.url, "out of memory");
    }
    fd = strncmp(job.url, "unix://", 7) == 0 ? connect_unix(&job)
                                             : job_connect(&job);
    if (job.work == JOB_RTT) {
        round_trips(&job, fd, room);
    } else if (job.work == JOB_PUB) {
        publish(&job, fd);
    } else {
        subscribe(&job, fd, room);
    }
    (void)close(fd); // all was answered
    free(room);
    return job_report(&job);
}
