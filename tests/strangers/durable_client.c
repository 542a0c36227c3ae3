// durable_client.c - an application about to be killed: it sends numbers
// through a file spool, and prints each once hawser_send has said OK.
//
// durable_client URL SPOOL FIRST sync|async [THREADS]: numbers from FIRST on,
// until it is killed. With several threads each sends its own: FIRST + thread,
// and every THREADS-th behind it. Prints "first NUMBER" when it begins.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hawser/hawser.h>

enum { THREADS_MAX = 64, ASYNC_PAUSE_NS = 200 * 1000 };

struct app {
    hawser_bus *bus;
    hawser_link link;
    unsigned long first;
    unsigned threads;
    bool sync;
    atomic_uint begun;
};

// One write for a line: it is there, or it is not.
static void
tell(const char *what, unsigned long number)
{
    char line[64];
    int size = snprintf(line, sizeof line, "%s%lu\n", what, number);

    if (write(STDOUT_FILENO, line, (size_t)size) != size) {
        _Exit(1);
    }
}

static hawser_status
send_number(struct app *app, unsigned long number)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%lu", number);
    hawser_message *message;
    hawser_status status =
        hawser_message_new(HAWSER_TEXT, text, (size_t)size, &message);

    if (status == HAWSER_OK) {
        status = app->sync
                     ? hawser_send_sync(app->bus, app->link, message, 0, -1)
                     : hawser_send_message(app->bus, app->link, message, 0);
        hawser_message_drop(message);
    }
    return status;
}

static void *
send_for_ever(void *user)
{
    struct app *app = user;
    const struct timespec pause = { .tv_nsec = ASYNC_PAUSE_NS };
    unsigned long number = app->first + atomic_fetch_add(&app->begun, 1);

    for (;; number += app->threads) {
        hawser_status status = send_number(app, number);

        if (status != HAWSER_OK) {
            (void)fprintf(stderr, "send: %s\n", hawser_status_text(status));
            _Exit(1);
        }
        tell("", number);
        if (!app->sync) {
            (void)nanosleep(&pause, NULL); // else it only fills the spool
        }
    }
    return NULL;
}

static void
check(hawser_status status, const char *what)
{
    if (status != HAWSER_OK) {
        (void)fprintf(stderr, "%s: %s %s\n", what, hawser_status_text(status),
                      hawser_last_error());
        exit(1);
    }
}

int
main(int argc, char **argv)
{
    struct app app = { .threads = 1 };
    pthread_t threads[THREADS_MAX];
    hawser_options *options;
    char spool[512];

    if (argc < 5) {
        (void)fprintf(stderr, "durable_client URL SPOOL FIRST sync|async N\n");
        return 1;
    }
    app.first = strtoul(argv[3], NULL, 10);
    app.sync = strcmp(argv[4], "sync") == 0;
    app.threads = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 1;
    app.threads = app.threads <= THREADS_MAX ? app.threads : THREADS_MAX;
    (void)snprintf(spool, sizeof spool, "file:%s", argv[2]);
    check(hawser_options_new(&options), "options");
    check(hawser_options_set(options, "spool", spool), "spool");
    check(hawser_options_set(options, "confirm", "peer"), "confirm");
    check(hawser_options_set(options, "backoff.min", "5ms"), "backoff.min");
    check(hawser_options_set(options, "backoff.max", "50ms"), "backoff.max");
    check(hawser_bus_open(NULL, &app.bus), "bus");
    check(hawser_link_open(app.bus, argv[1], options, &app.link), "link");
    hawser_options_free(options);
    tell("first ", app.first);
    for (unsigned i = 0; i < app.threads; i++) {
        if (pthread_create(&threads[i], NULL, send_for_ever, &app) != 0) {
            return 1;
        }
    }
    (void)pthread_join(threads[0], NULL); // it never comes to that
    return 1;
}
