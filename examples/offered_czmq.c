// offered_czmq.c - a czmq application on a link that heals.
//
// A zloop with a timer and readers, as czmq applications are built: the offered
// link is a socket in it like any other. The bus lives in czmq's own context.
#include <czmq.h>

#include <hawser/hawser.h>

enum { TICKS = 20, PAUSE_MS = 100, TICKS_MAX = 300 };

struct app {
    zsock_t *upstream;
    zsock_t *events;
    int sent;
    int answers;
};

// ---- what only knows czmq ----

static int
on_timer(zloop_t *loop, int timer, void *user)
{
    struct app *app = user;

    (void)loop;
    (void)timer;
    app->sent++;
    return app->sent > TICKS_MAX
               ? -1
               : zstr_sendf(app->upstream, "tick %d", app->sent);
}

static int
on_answer(zloop_t *loop, zsock_t *socket, void *user)
{
    struct app *app = user;
    char *text = zstr_recv(socket);

    (void)loop;
    if (text == NULL) {
        return -1;
    }
    printf("answer: %s\n", text);
    fflush(stdout);
    zstr_free(&text);
    app->answers++;
    return app->answers < TICKS ? 0 : -1;
}

static int
on_event(zloop_t *loop, zsock_t *socket, void *user)
{
    char *name = NULL, *details = NULL;

    (void)loop;
    (void)user;
    if (zstr_recvx(socket, &name, &details, NULL) == 2) {
        printf("event: %s\n", name);
        fflush(stdout);
    }
    zstr_free(&name);
    zstr_free(&details);
    return 0;
}

static int
work(struct app *app)
{
    zloop_t *loop = zloop_new();

    zloop_timer(loop, PAUSE_MS, 0, on_timer, app);
    zloop_reader(loop, app->upstream, on_answer, app);
    zloop_reader(loop, app->events, on_event, app);
    zloop_start(loop);
    zloop_destroy(&loop);
    return app->answers >= TICKS;
}

// ---- what knows Hawser ----

static hawser_status
offer(const char *url, hawser_bus **bus)
{
    hawser_options *options = NULL;
    hawser_link link;
    hawser_status status = hawser_options_new(&options);

    if (status == HAWSER_OK) {
        status = hawser_options_set(options, "confirm", "peer");
    }
    if (status == HAWSER_OK) {
        status = hawser_bus_open_in_zmq(zsys_init(), options, bus);
    }
    if (status == HAWSER_OK) {
        status = hawser_link_offer(*bus, "inproc://upstream", url, NULL, &link);
    }
    hawser_options_free(options);
    return status;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct app app = { 0 };
    hawser_bus *bus = NULL;
    int ok;

    if (strcmp(url, "--help") == 0) {
        puts("usage: offered_czmq [URL]\n\nSends ticks through a czmq socket "
             "to a link offered there, and ends with the\n20th answer. Try it "
             "with: hawser serve ws://127.0.0.1:9000, and restart that.");
        return 0;
    }
    if (offer(url, &bus) != HAWSER_OK) {
        fprintf(stderr, "offered_czmq: %s\n", hawser_last_error());
        (void)hawser_bus_close(bus, 0); // it has nothing to lose yet
        return 1;
    }
    app.upstream = zsock_new_dealer(">inproc://upstream");
    app.events = zsock_new_sub(">inproc://upstream.events", "");
    ok = app.upstream != NULL && app.events != NULL && work(&app);
    zsock_destroy(&app.upstream);
    zsock_destroy(&app.events);
    (void)hawser_bus_close(bus, 1000); // ticks that nobody waits for are left
    return ok ? 0 : 1;
}
