// socket_client.c - no WebSocket library at all: ready-made frames through bare
// socket calls, in large blocks. What the kernel and the server leave possible;
// nobody who frames, masks and parses for real can be faster.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "job.h"

// Small messages go out faster in small writes: 16 KiB stay in the cache until
// the server has read them. Large ones want large writes. Both as measured.
enum { BLOCK = 256 * 1024, SMALL_BLOCK = 16 * 1024, HEAD_MAX = 14 };

static size_t
read_some(const struct job *job, int fd, void *bytes, size_t size)
{
    ssize_t part = read(fd, bytes, size);

    if (part <= 0) {
        job_fail(job->url, "read failed");
    }
    return (size_t)part;
}

static void
upgrade(const struct job *job, int fd)
{
    char text[512];
    size_t size = 0;

    (void)snprintf(text, sizeof text,
                   "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                   job->path, job->host, job->port);
    job_write(job, fd, text, strlen(text));
    while (size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4) != 0) {
        if (size + 1 == sizeof text) {
            job_fail(job->url, "the answer has no end");
        }
        size += read_some(job, fd, text + size, 1);
    }
    if (memcmp(text, "HTTP/1.1 101", 12) != 0) {
        job_fail(job->url, "no upgrade");
    }
}

// The head of a frame with a mask of zeros, which changes nothing.
static size_t
put_head(unsigned char *to, unsigned char opcode, size_t size)
{
    size_t at = 2;
    int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;

    to[0] = (unsigned char)(0x80 | opcode);
    to[1] = (unsigned char)(0x80 | (bytes == 0   ? size
                                    : bytes == 2 ? 126
                                                 : 127));
    while (bytes-- > 0) {
        to[at++] = (unsigned char)(size >> (8 * bytes));
    }
    memset(to + at, 0, 4);
    return at + 4;
}

static void
say(const struct job *job, int fd, const char *text)
{
    unsigned char frame[HEAD_MAX + 64];
    size_t size = strlen(text);
    size_t head = put_head(frame, 1, size);

    memcpy(frame + head, text, size);
    job_write(job, fd, frame, head + size);
}

static void
publish(struct job *job, int fd)
{
    unsigned char head[HEAD_MAX];
    size_t frame = put_head(head, 2, job->size) + job->size;
    uint64_t fit = (frame < 512 ? SMALL_BLOCK : BLOCK) / frame;
    unsigned char *block = calloc(fit += fit == 0, frame);
    char answer[64];
    size_t size;

    if (block == NULL) {
        job_fail(job->url, "out of memory");
    }
    for (uint64_t i = 0; i < fit; i++) {
        (void)put_head(block + i * frame, 2, job->size); // its size is known
    }
    job_begin(job);
    for (uint64_t left = job->count; left > 0; left -= fit) {
        fit = left < fit ? left : fit;
        job_write(job, fd, block, fit * frame);
    }
    say(job, fd, "?");
    size = read_some(job, fd, answer, sizeof answer);
    job_end(job);
    job_check_count(job, answer + 2, size < 2 ? 0 : size - 2);
    free(block);
}

// Reads so many bytes; what they are is not looked at.
static void
swallow(const struct job *job, int fd, unsigned char *room, uint64_t bytes)
{
    while (bytes > 0) {
        bytes -= read_some(job, fd, room, bytes < BLOCK ? bytes : BLOCK);
    }
}

static uint64_t
answered_frame(const struct job *job)
{
    return job->size + (job->size < 126 ? 2 : job->size < 65536 ? 4 : 10);
}

static void
subscribe(struct job *job, int fd, unsigned char *room)
{
    char text[64];

    (void)snprintf(text, sizeof text, "go %" PRIu64 " %zu", job->count,
                   job->size);
    job_begin(job);
    say(job, fd, text);
    swallow(job, fd, room, job->count * answered_frame(job));
    job_end(job);
}

static void
round_trips(struct job *job, int fd, unsigned char *room)
{
    unsigned char *message = calloc(1, HEAD_MAX + job->size);
    size_t size;

    if (message == NULL) {
        job_fail(job->url, "out of memory");
    }
    size = put_head(message, 2, job->size) + job->size;
    job_begin(job);
    for (uint64_t i = 0; i < job->count; i++) {
        uint64_t began_ns = job_now_ns();

        job_write(job, fd, message, size);
        swallow(job, fd, room, answered_frame(job));
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
    fd = job_connect(&job);
    upgrade(&job, fd);
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
