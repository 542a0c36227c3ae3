// zmq_poll_loop.c - a bus inside a zmq_poll loop, beside a ZeroMQ socket.
//
// A small gateway on one thread: what comes to a PULL socket goes out on the
// link, and what comes from the link is pushed on. zmq_poll takes file
// descriptors beside sockets, and a bus with threads=0 has one. Both sockets
// are inproc here, and fed by the program itself, so that it runs alone; bind
// them to tcp:// addresses and it is a real one.
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include <hawser/hawser.h>

enum { JOBS = 5, JOB_MAX = 64, PATIENCE_ROUNDS = 100, ROUND_MS = 100 };

struct gateway {
    void *context;
    void *feed; // stands in for the programs that push to us
    void *jobs;
    hawser_bus *bus;
    hawser_link link;
    int bus_fd;
    int answers;
};

static int
open_sockets(struct gateway *gateway)
{
    gateway->context = zmq_ctx_new();
    gateway->jobs = zmq_socket(gateway->context, ZMQ_PULL);
    gateway->feed = zmq_socket(gateway->context, ZMQ_PUSH);
    return gateway->jobs != NULL && gateway->feed != NULL &&
           zmq_bind(gateway->jobs, "inproc://jobs") == 0 &&
           zmq_connect(gateway->feed, "inproc://jobs") == 0;
}

static int
open_bus(struct gateway *gateway, const char *url)
{
    hawser_options *options;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    ok = hawser_options_set(options, "threads", "0") == HAWSER_OK &&
         hawser_options_set(options, "confirm", "peer") == HAWSER_OK &&
         hawser_bus_open(options, &gateway->bus) == HAWSER_OK &&
         hawser_link_open(gateway->bus, url, NULL, &gateway->link) ==
             HAWSER_OK &&
         hawser_bus_fd(gateway->bus, &gateway->bus_fd) == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

static int
feed_jobs(struct gateway *gateway)
{
    for (int i = 1; i <= JOBS; i++) {
        char job[JOB_MAX];
        int size = snprintf(job, sizeof job, "job %d", i);

        if (zmq_send(gateway->feed, job, (size_t)size, 0) != size) {
            return 0;
        }
    }
    return 1;
}

// What the link does not take stays in the socket, which stops those who push:
// so a full spool here is felt at the far end, and nothing is dropped.
static void
on_job(struct gateway *gateway)
{
    char job[JOB_MAX];
    int size = zmq_recv(gateway->jobs, job, sizeof job, ZMQ_DONTWAIT);

    if (size < 0 || size > JOB_MAX) {
        return;
    }
    if (hawser_send(gateway->bus, gateway->link, job, (size_t)size) !=
        HAWSER_OK) {
        fprintf(stderr, "zmq_poll_loop: a job was not taken\n");
    }
}

static void
on_bus(struct gateway *gateway)
{
    hawser_item item;

    (void)hawser_bus_step(gateway->bus); // refused with threads=1 only
    while (hawser_receive(gateway->bus, &item, 0) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            gateway->answers++;
            printf("answer: %.*s\n", (int)hawser_message_size(item.message),
                   (const char *)hawser_message_bytes(item.message));
        } else if (item.kind == HAWSER_ITEM_EVENT) {
            printf("%s %s\n", hawser_state_name(item.event->state),
                   item.event->error);
        }
        hawser_item_drop(&item);
    }
}

static void
run(struct gateway *gateway)
{
    zmq_pollitem_t wait[] = {
        { .socket = gateway->jobs, .events = ZMQ_POLLIN },
        { .fd = gateway->bus_fd, .events = ZMQ_POLLIN },
    };
    int idle = 0;

    while (gateway->answers < JOBS && idle < PATIENCE_ROUNDS) {
        int ready = zmq_poll(wait, 2, ROUND_MS);

        if (ready < 0) {
            return;
        }
        idle = ready == 0 ? idle + 1 : idle;
        if ((wait[0].revents & ZMQ_POLLIN) != 0) {
            on_job(gateway);
        }
        if ((wait[1].revents & ZMQ_POLLIN) != 0) {
            on_bus(gateway);
        }
    }
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct gateway gateway = { 0 };
    int ok;

    if (strcmp(url, "--help") == 0) {
        puts("usage: zmq_poll_loop [URL]\n\nForwards five jobs from a ZeroMQ "
             "socket to a link, and ends with the fifth answer.\nTry it with: "
             "hawser serve ws://127.0.0.1:9000");
        return 0;
    }
    if (!open_sockets(&gateway) || !open_bus(&gateway, url) ||
        !feed_jobs(&gateway)) {
        fprintf(stderr, "zmq_poll_loop: %s\n", hawser_last_error());
        return 1;
    }
    run(&gateway);
    ok = hawser_bus_close(gateway.bus, 1000) == HAWSER_OK &&
         gateway.answers == JOBS;
    (void)zmq_close(gateway.feed); // neither can fail for a socket
    (void)zmq_close(gateway.jobs);
    (void)zmq_ctx_term(gateway.context);
    return ok ? 0 : 1;
}
