// nng_pair.c - NNG over TCP with its defaults: pair0 to pair0.
//
//   nng_pair serve                 prints "tcp://… tcp://…" and serves
//   nng_pair pub URL --size …      to the first, which counts; "?" is answered
//   nng_pair rtt URL --size …      to the second, which echoes
#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

static void
must(int error)
{
    if (error != 0) {
        job_fail("nng", nng_strerror(error));
    }
}

// ---- the server ----

// Counts for one client after the other: a count begins anew behind "?".
static void *
count_messages(void *user)
{
    nng_socket socket = *(nng_socket *)user;
    uint64_t count = 0;

    for (;;) {
        nng_msg *message;

        must(nng_recvmsg(socket, &message, 0));
        if (nng_msg_len(message) == 1 &&
            *(const char *)nng_msg_body(message) == '?') {
            char text[32];
            int size = snprintf(text, sizeof text, "%" PRIu64, count);

            must(nng_send(socket, text, (size_t)size, 0));
            count = 0;
        } else {
            count++;
        }
        nng_msg_free(message);
    }
    return NULL;
}

static void
echo_messages(nng_socket socket)
{
    for (;;) {
        nng_msg *message;

        must(nng_recvmsg(socket, &message, 0));
        must(nng_sendmsg(socket, message, 0)); // it is NNG's now
    }
}

static void
open_door(nng_socket *socket, const char *end)
{
    nng_listener listener;
    int port;

    must(nng_pair0_open(socket));
    must(nng_listen(*socket, "tcp://127.0.0.1:0", &listener, 0));
    must(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port));
    printf("tcp://127.0.0.1:%d%s", port, end);
}

static void
serve(void)
{
    nng_socket counts, echoes;
    pthread_t thread;

    open_door(&counts, " ");
    open_door(&echoes, "\n");
    (void)fflush(stdout); // who waits for it finds out
    must(pthread_create(&thread, NULL, count_messages, &counts));
    echo_messages(echoes);
}

// ---- the client ----

static void
publish(struct job *job, nng_socket socket, void *bytes)
{
    char text[32];
    size_t size = sizeof text;

    job_begin(job);
    for (uint64_t i = 0; i < job->count; i++) {
        must(nng_send(socket, bytes, job->size, 0));
    }
    must(nng_send(socket, "?", 1, 0));
    must(nng_recv(socket, text, &size, 0));
    job_end(job);
    job_check_count(job, text, size);
}

static void
round_trips(struct job *job, nng_socket socket, void *bytes)
{
    job_begin(job);
    for (uint64_t i = 0; i < job->count; i++) {
        uint64_t began_ns = job_now_ns();
        nng_msg *answer;

        must(nng_send(socket, bytes, job->size, 0));
        must(nng_recvmsg(socket, &answer, 0));
        nng_msg_free(answer);
        job_lap(job, began_ns);
    }
    job_end(job);
}

int
main(int argc, char **argv)
{
    struct job job;
    nng_socket socket;
    void *bytes;

    if (argc == 2 && strcmp(argv[1], "serve") == 0) {
        serve();
    }
    job_read(&job, argc, argv);
    bytes = calloc(1, job.size + 1);
    if (bytes == NULL) {
        job_fail(job.url, "out of memory");
    }
    must(nng_pair0_open(&socket));
    must(nng_dial(socket, job.url, NULL, 0));
    if (job.work == JOB_RTT) {
        round_trips(&job, socket, bytes);
    } else if (job.work == JOB_PUB) {
        publish(&job, socket, bytes);
    } else {
        job_fail(job.url, "there is no sub here");
    }
    must(nng_close(socket));
    free(bytes);
    return job_report(&job);
}
