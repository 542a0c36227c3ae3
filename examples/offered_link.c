// offered_link.c - code that only knows ZeroMQ, on a link that heals.
//
// work() is such code: it connects a DEALER and a SUB socket, and nothing in it
// knows Hawser, or that there is a WebSocket server behind inproc://upstream.
// Kill and restart the server while it runs: it hears of it as events, if it
// cares, and goes on.
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include <hawser/hawser.h>

enum { TICKS = 20, PAUSE_MS = 100, TICKS_MAX = 300, ROOM = 512 };

// ---- what only knows ZeroMQ ----

static int
hear(void *socket, char text[static ROOM])
{
    int size = zmq_recv(socket, text, ROOM - 1, ZMQ_DONTWAIT);

    if (size < 0) {
        return 0;
    }
    text[size < ROOM ? size : ROOM - 1] = '\0';
    return 1;
}

struct worker {
    void *upstream;
    void *events;
    int answers;
};

static void
hear_all(struct worker *worker)
{
    char text[ROOM];

    while (hear(worker->upstream, text)) {
        printf("answer: %s\n", text);
        worker->answers++;
    }
    while (hear(worker->events, text)) {
        printf("event: %s\n", text);
        (void)hear(worker->events, text); // its second frame has the details
    }
    fflush(stdout);
}

static int
say_tick(struct worker *worker, int number)
{
    char text[ROOM];
    int size = snprintf(text, sizeof text, "tick %d", number);

    return zmq_send(worker->upstream, text, (size_t)size, 0) == size;
}

static int
work(struct worker *worker)
{
    zmq_pollitem_t wait[] = {
        { .socket = worker->upstream, .events = ZMQ_POLLIN },
        { .socket = worker->events, .events = ZMQ_POLLIN },
    };
    int ticks = 0, heard = 0;

    while (worker->answers < TICKS && ticks < TICKS_MAX) {
        // Nothing came for so long: time for another.
        if (heard == 0 && !say_tick(worker, ++ticks)) {
            return 0;
        }
        heard = zmq_poll(wait, 2, PAUSE_MS);
        if (heard < 0) {
            return 0;
        }
        hear_all(worker);
    }
    return worker->answers >= TICKS;
}

// ---- what knows Hawser ----

static hawser_bus *
offer(void *context, const char *url)
{
    hawser_options *options = NULL;
    hawser_bus *bus = NULL;
    hawser_link link;
    hawser_status status = hawser_options_new(&options);

    if (status == HAWSER_OK) {
        status = hawser_options_set(options, "confirm", "peer");
    }
    if (status == HAWSER_OK) {
        status = hawser_bus_open_in_zmq(context, options, &bus);
    }
    if (status == HAWSER_OK) {
        status = hawser_link_offer(bus, "inproc://upstream", url, NULL, &link);
    }
    hawser_options_free(options);
    if (status != HAWSER_OK) {
        fprintf(stderr, "offered_link: %s\n", hawser_last_error());
        (void)hawser_bus_close(bus, 0); // it has nothing to lose yet
        return NULL;
    }
    return bus;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct worker worker = { 0 };
    void *context;
    hawser_bus *bus;
    int ok;

    if (strcmp(url, "--help") == 0) {
        puts("usage: offered_link [URL]\n\nSends ticks through a ZeroMQ socket "
             "to a link offered there, and ends with the\n20th answer. Try it "
             "with: hawser serve ws://127.0.0.1:9000, and restart that.");
        return 0;
    }
    context = zmq_ctx_new();
    bus = offer(context, url);
    if (bus == NULL) {
        return 1;
    }
    worker.upstream = zmq_socket(context, ZMQ_DEALER);
    worker.events = zmq_socket(context, ZMQ_SUB);
    ok = worker.upstream != NULL && worker.events != NULL &&
         zmq_connect(worker.upstream, "inproc://upstream") == 0 &&
         zmq_setsockopt(worker.events, ZMQ_SUBSCRIBE, "", 0) == 0 &&
         zmq_connect(worker.events, "inproc://upstream.events") == 0 &&
         work(&worker);
    (void)zmq_close(worker.upstream); // neither can fail for a socket
    (void)zmq_close(worker.events);
    (void)hawser_bus_close(bus, 1000); // ticks that nobody waits for are left
    (void)zmq_ctx_term(context);
    return ok ? 0 : 1;
}
