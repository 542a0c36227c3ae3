// rss_client.c - an application at full speed, beside which the other side is
// slow, or is fast while the application is slow; others watch its memory.
//
// rss_client send URL OPTION=VALUE…     sends as fast as it can, for ever
// rss_client receive URL OPTION=VALUE…  reads some 10 000 messages a second
//
// Prints each second "done N refused N held N dropped N": calls that were taken
// or messages read, calls answered FULL, what the spool holds, and what was
// given up.
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hawser/hawser.h>

enum {
    SIZE_MIN = 16,
    SIZE_STEP = 37, // sizes vary, so that memory is not reused by chance
    SIZE_SPAN = 1000,
    TAGGED = 64, // each so many has a receipt
    READ_BURST = 50,
    PAUSE_NS = 5 * 1000 * 1000,
};

struct app {
    hawser_bus *bus;
    hawser_link link;
    atomic_ullong done;
    atomic_ullong refused;
};

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "rss_client: %s\n", what);
        exit(1);
    }
}

static void
pause_a_little(void)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };

    (void)nanosleep(&pause, NULL);
}

static void
send_one(struct app *app, uint64_t number)
{
    static const uint8_t bytes[SIZE_MIN + SIZE_SPAN];
    size_t size = SIZE_MIN + (size_t)(number * SIZE_STEP % SIZE_SPAN);
    hawser_message *message;
    hawser_status status;

    must(hawser_message_new(HAWSER_BINARY, bytes, size, &message) == HAWSER_OK,
         "no message");
    status = hawser_send_message(app->bus, app->link, message,
                                 number % TAGGED == 0 ? number + 1 : 0);
    hawser_message_drop(message);
    must(status == HAWSER_OK || status == HAWSER_FULL,
         hawser_status_text(status));
    if (status == HAWSER_FULL) {
        app->refused++;
        pause_a_little();
    } else {
        app->done++;
    }
}

static void *
send_for_ever(void *user)
{
    for (uint64_t number = 0;; number++) {
        send_one(user, number);
    }
    return NULL;
}

// Receipts and events; nothing else comes from a sink.
static void *
hear_for_ever(void *user)
{
    struct app *app = user;
    hawser_item item;

    while (hawser_receive(app->bus, &item, -1) == HAWSER_OK) {
        hawser_item_drop(&item);
    }
    return NULL;
}

static void *
read_slowly(void *user)
{
    struct app *app = user;
    hawser_item item;

    while (hawser_receive(app->bus, &item, -1) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_MESSAGE && ++app->done % READ_BURST == 0) {
            pause_a_little();
        }
        hawser_item_drop(&item);
    }
    return NULL;
}

static void
tell_for_ever(struct app *app)
{
    const struct timespec second = { .tv_sec = 1 };
    hawser_link_stats stats = { .size = sizeof stats };

    while (hawser_link_get_stats(app->bus, app->link, &stats) == HAWSER_OK) {
        (void)printf(
            "done %llu refused %llu held %" PRIu64 " dropped %" PRIu64 "\n",
            (unsigned long long)app->done, (unsigned long long)app->refused,
            stats.waiting + stats.in_flight, stats.dropped);
        (void)fflush(stdout);
        (void)nanosleep(&second, NULL);
    }
}

static void
open_link(struct app *app, const char *url, char **words)
{
    hawser_options *options;

    must(hawser_options_new(&options) == HAWSER_OK, "no options");
    for (; *words != NULL; words++) {
        char *value = strchr(*words, '=');

        must(value != NULL, "OPTION=VALUE");
        *value++ = '\0';
        must(hawser_options_set(options, *words, value) == HAWSER_OK,
             hawser_options_error(options));
    }
    must(hawser_bus_open(NULL, &app->bus) == HAWSER_OK, "no bus");
    must(hawser_link_open(app->bus, url, options, &app->link) == HAWSER_OK,
         hawser_last_error());
    hawser_options_free(options);
}

static void
start(void *(*run)(void *), struct app *app)
{
    pthread_t thread;

    must(pthread_create(&thread, NULL, run, app) == 0, "no thread");
}

int
main(int argc, char **argv)
{
    static struct app app;

    must(argc >= 3, "send|receive URL OPTION=VALUE…");
    open_link(&app, argv[2], &argv[3]);
    if (strcmp(argv[1], "send") == 0) {
        start(send_for_ever, &app);
        start(hear_for_ever, &app);
    } else {
        start(read_slowly, &app);
    }
    tell_for_ever(&app);
    return 1;
}
