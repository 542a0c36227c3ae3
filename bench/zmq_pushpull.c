// zmq_pushpull.c - libzmq over TCP with its defaults: PUSH to PULL, and round
// trips from DEALER to ROUTER.
//
//   zmq_pushpull serve                 prints "tcp://… tcp://…" and serves
//   zmq_pushpull pub URL --size …      to the first: PUSH, the count confirmed
//   zmq_pushpull rtt URL --size …      to the second: DEALER to ROUTER
//
// A pub asks for the count at the second address, which it is told by the
// variable CONFIRM: a PULL can't answer.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "job.h"

// A name of the asker, and what it asks.
struct question {
    unsigned char name[256];
    int name_size;
    uint64_t count; // answered when that many were counted; 0: nobody asks
};

static void
must(int result)
{
    if (result < 0) {
        job_fail("zmq", zmq_strerror(zmq_errno()));
    }
}

static void *
open_socket(void *context, int type)
{
    void *socket = zmq_socket(context, type);
    int none = 0;

    if (socket == NULL) {
        must(-1);
    }
    must(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none));
    return socket;
}

static void
print_address(void *socket, const char *end)
{
    char address[128];
    size_t size = sizeof address;

    must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size));
    printf("%s%s", address, end);
}

// ---- the server ----

static void
answer_question(void *router, struct question *question, uint64_t *counted)
{
    char text[32];
    int size;

    if (question->count == 0 || *counted < question->count) {
        return;
    }
    size = snprintf(text, sizeof text, "%" PRIu64, *counted);
    must(zmq_send(router, question->name, (size_t)question->name_size,
                  ZMQ_SNDMORE));
    must(zmq_send(router, text, (size_t)size, 0));
    question->count = 0;
    *counted = 0;
}

// Echoes all that came; "?N" asks for an answer once N were pulled.
static void
serve_router(void *router, struct question *question)
{
    unsigned char name[256];
    zmq_msg_t message;
    int name_size;

    must(zmq_msg_init(&message));
    while ((name_size = zmq_recv(router, name, sizeof name, ZMQ_DONTWAIT)) >=
           0) {
        const char *text;

        must(zmq_msg_recv(&message, router, 0));
        text = zmq_msg_data(&message);
        if (zmq_msg_size(&message) < 32 && text[0] == '?') {
            memcpy(question->name, name, (size_t)name_size);
            question->name_size = name_size;
            question->count = strtoull(text + 1, NULL, 10);
        } else {
            must(zmq_send(router, name, (size_t)name_size, ZMQ_SNDMORE));
            must(zmq_msg_send(&message, router, 0));
        }
    }
    must(zmq_msg_close(&message));
}

static void
serve_pull(void *pull, uint64_t *counted)
{
    zmq_msg_t message;

    must(zmq_msg_init(&message));
    while (zmq_msg_recv(&message, pull, ZMQ_DONTWAIT) >= 0) {
        (*counted)++;
    }
    must(zmq_msg_close(&message));
}

_Noreturn static void
serve(void *context)
{
    void *pull = open_socket(context, ZMQ_PULL);
    void *router = open_socket(context, ZMQ_ROUTER);
    zmq_pollitem_t items[] = { { .socket = pull, .events = ZMQ_POLLIN },
                               { .socket = router, .events = ZMQ_POLLIN } };
    struct question question = { .count = 0 };
    uint64_t counted = 0;

    must(zmq_bind(pull, "tcp://127.0.0.1:*"));
    must(zmq_bind(router, "tcp://127.0.0.1:*"));
    print_address(pull, " ");
    print_address(router, "\n");
    (void)fflush(stdout); // who can't read the address can't ask either
    for (;;) {
        must(zmq_poll(items, 2, -1));
        if (items[0].revents != 0) {
            serve_pull(pull, &counted);
        }
        if (items[1].revents != 0) {
            serve_router(router, &question);
        }
        answer_question(router, &question, &counted);
    }
}

// ---- the client ----

static void
publish(void *context, struct job *job, const void *bytes)
{
    const char *confirm = getenv("CONFIRM");
    void *push = open_socket(context, ZMQ_PUSH);
    void *dealer = open_socket(context, ZMQ_DEALER);
    char text[32];
    int size;

    if (confirm == NULL) {
        job_fail(job->url, "CONFIRM must name the second address");
    }
    must(zmq_connect(push, job->url));
    must(zmq_connect(dealer, confirm));
    job_begin(job);
    for (uint64_t i = 0; i < job->count; i++) {
        must(zmq_send(push, bytes, job->size, 0));
    }
    size = snprintf(text, sizeof text, "?%" PRIu64, job->count);
    must(zmq_send(dealer, text, (size_t)size, 0));
    size = zmq_recv(dealer, text, sizeof text - 1, 0);
    must(size);
    job_end(job);
    job_check_count(job, text, (size_t)size);
    must(zmq_close(push));
    must(zmq_close(dealer));
}

static void
round_trips(void *context, struct job *job, const void *bytes)
{
    void *dealer = open_socket(context, ZMQ_DEALER);
    zmq_msg_t answer;

    must(zmq_msg_init(&answer));
    must(zmq_connect(dealer, job->url));
    job_begin(job);
    for (uint64_t i = 0; i < job->count; i++) {
        uint64_t began_ns = job_now_ns();

        must(zmq_send(dealer, bytes, job->size, 0));
        must(zmq_msg_recv(&answer, dealer, 0));
        job_lap(job, began_ns);
    }
    job_end(job);
    must(zmq_msg_close(&answer));
    must(zmq_close(dealer));
}

int
main(int argc, char **argv)
{
    void *context = zmq_ctx_new();
    struct job job;
    void *bytes;

    if (context == NULL) {
        must(-1);
    }
    if (argc == 2 && strcmp(argv[1], "serve") == 0) {
        serve(context);
    }
    job_read(&job, argc, argv);
    bytes = calloc(1, job.size + 1);
    if (bytes == NULL) {
        job_fail(job.url, "out of memory");
    }
    if (job.work == JOB_RTT) {
        round_trips(context, &job, bytes);
    } else if (job.work == JOB_PUB) {
        publish(context, &job, bytes);
    } else {
        job_fail(job.url, "there is no sub here");
    }
    free(bytes);
    must(zmq_ctx_term(context));
    return job_report(&job);
}
