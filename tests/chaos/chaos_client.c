// chaos_client.c - an application that lives through chaos: it sends numbered
// messages, and writes down what became of them before it relies on it.
//
// chaos_client URL HISTORY LIFE RATE SINCE_MS DONE OPTION=VALUE…
//
// It sends at RATE a second, as if it had done so since SINCE_MS (of the
// monotonic clock) and DONE had been offered by earlier lives. A message is
// "LIFE NUMBER " and NUMBER % 64 dots; numbers begin at 1 in each life. To
// HISTORY it appends, each meaning all numbers of that life up to NUMBER:
//
//     offered LIFE NUMBER    before the first hawser_send of it
//     accepted LIFE NUMBER   taken for good: with a file spool, on disk
//     settled LIFE NUMBER    there was a receipt that says so
//
// With confirm=application the peer answers "LIFE NUMBER" for all up to that.
// Prints "begun" once the link is open.
// SIGTERM: sends no more, and ends with 0 once all is settled.
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hawser/hawser.h>

enum {
    BURST = 1024,
    LIFE_SHIFT = 40, // a tag is a life and a number
    DOTS = 64,
    PATIENCE_MS = 120 * 1000,
};

struct app {
    uint64_t life;
    uint64_t rate;
    uint64_t done;
    uint64_t offered; // by this life; the sender's
    int64_t since_ms;
    int history;
    bool settles; // confirm=application
    bool durable;
    hawser_bus *bus;
    hawser_link link;
    atomic_bool finished;
    uint64_t settled_tag; // the newest
    uint64_t written_tag; // … of which the history knows
};

static atomic_int stop_wanted; // a thread reads it, so no sig_atomic_t

static void
on_signal(int number)
{
    (void)number;
    stop_wanted = 1;
}

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "chaos_client: %s\n", what);
        _Exit(1);
    }
}

static void
must_be_ok(hawser_status status, const char *what)
{
    if (status != HAWSER_OK) {
        (void)fprintf(stderr, "chaos_client: %s: %s %s\n", what,
                      hawser_status_text(status), hawser_last_error());
        _Exit(1);
    }
}

static int64_t
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
wait_a_moment(void)
{
    const struct timespec moment = { .tv_nsec = 1000000 };

    (void)nanosleep(&moment, NULL);
}

static uint64_t
tag_of(uint64_t life, uint64_t number)
{
    return life << LIFE_SHIFT | number;
}

// One write for a line: it is there, or it is not.
static void
write_down(const struct app *app, const char *what, uint64_t tag)
{
    char line[64];
    int size =
        snprintf(line, sizeof line, "%s %" PRIu64 " %" PRIu64 "\n", what,
                 tag >> LIFE_SHIFT, tag & (((uint64_t)1 << LIFE_SHIFT) - 1));

    must(write(app->history, line, (size_t)size) == size, "no history");
}

// ---- sending, on a thread of its own ----

static hawser_message *
numbered(uint64_t life, uint64_t number)
{
    char text[64 + DOTS];
    int size = snprintf(text, 64, "%" PRIu64 " %" PRIu64 " ", life, number);
    size_t dots = number % DOTS;
    hawser_message *message;

    memset(text + size, '.', dots);
    must_be_ok(
        hawser_message_new(HAWSER_TEXT, text, (size_t)size + dots, &message),
        "a message");
    return message;
}

// SYNC: returns once it is on disk, and with it all that was sent before.
static hawser_status
send_once(const struct app *app, hawser_message *message, uint64_t tag,
          bool sync)
{
    return sync ? hawser_send_sync(app->bus, app->link, message, tag,
                                   PATIENCE_MS)
                : hawser_send_message(app->bus, app->link, message, tag);
}

// Until there is room; a spool that stays full is a failure.
static void
send_number(const struct app *app, uint64_t number, bool sync)
{
    hawser_message *message = numbered(app->life, number);
    uint64_t tag = tag_of(app->life, number);
    int64_t end_ms = now_ms() + PATIENCE_MS;
    hawser_status status = send_once(app, message, tag, sync);

    while (status == HAWSER_FULL && now_ms() < end_ms) {
        wait_a_moment();
        status = send_once(app, message, tag, sync);
    }
    must_be_ok(status, "a send");
    hawser_message_drop(message);
}

// How many are to be sent now for the rate to be kept.
static uint64_t
due(const struct app *app)
{
    uint64_t elapsed_ms = (uint64_t)(now_ms() - app->since_ms);
    uint64_t offered = app->done + app->offered;
    uint64_t wanted = elapsed_ms * app->rate / 1000;

    if (wanted <= offered) {
        return 0;
    }
    return wanted - offered < BURST ? wanted - offered : BURST;
}

static void *
send_until_stopped(void *user)
{
    struct app *app = user;

    while (stop_wanted == 0) {
        uint64_t count = due(app);

        if (count == 0) {
            wait_a_moment();
            continue;
        }
        write_down(app, "offered", tag_of(app->life, app->offered + count));
        for (uint64_t i = 1; i <= count; i++) {
            send_number(app, ++app->offered, app->durable && i == count);
        }
        write_down(app, "accepted", tag_of(app->life, app->offered));
    }
    must_be_ok(hawser_flush(app->bus, app->link, PATIENCE_MS), "the flush");
    app->finished = true;
    return NULL;
}

// ---- hearing, on the main thread ----

static void
hear_answer(const struct app *app, const hawser_message *message)
{
    char text[64];
    char *number;
    uint64_t life;
    uint64_t tag;
    hawser_status status;

    (void)snprintf(text, sizeof text, "%.*s", (int)hawser_message_size(message),
                   (const char *)hawser_message_bytes(message));
    life = strtoull(text, &number, 10);
    tag = tag_of(life, strtoull(number, NULL, 10));
    while ((status = hawser_settle_up_to(app->bus, app->link, tag)) ==
           HAWSER_FULL) {
        wait_a_moment();
    }
    must_be_ok(status, "a settle");
}

static void
hear_receipt(struct app *app, const hawser_item *item)
{
    must(item->fate == HAWSER_SETTLED, hawser_fate_name(item->fate));
    must(item->tag > app->settled_tag, "a receipt is out of order");
    if (item->tag >> LIFE_SHIFT != app->settled_tag >> LIFE_SHIFT &&
        app->settled_tag != app->written_tag) {
        write_down(app, "settled", app->settled_tag);
    }
    app->settled_tag = item->tag;
}

static void
hear_item(struct app *app, const hawser_item *item)
{
    switch (item->kind) {
    case HAWSER_ITEM_MESSAGE:
        if (app->settles) {
            hear_answer(app, item->message);
        }
        break;
    case HAWSER_ITEM_RECEIPT:
        hear_receipt(app, item);
        break;
    case HAWSER_ITEM_EVENT:
        must(item->event->kind != HAWSER_EVENT_DOWNGRADE, "a downgrade");
        must(item->event->state != HAWSER_FAILED, item->event->error);
        break;
    }
}

static void
hear_burst(struct app *app, int timeout_ms)
{
    hawser_item item;
    hawser_status status = hawser_receive(app->bus, &item, timeout_ms);

    for (int i = 1; status == HAWSER_OK; i++) {
        hear_item(app, &item);
        hawser_item_drop(&item);
        status = i < BURST ? hawser_receive(app->bus, &item, 0) : HAWSER_AGAIN;
    }
    must(status == HAWSER_AGAIN || status == HAWSER_TIMEOUT,
         hawser_status_text(status));
    if (app->settled_tag != app->written_tag) {
        write_down(app, "settled", app->settled_tag);
        app->written_tag = app->settled_tag;
    }
}

// ---- a life ----

static void
set(hawser_options *options, const char *name, const char *value)
{
    must(hawser_options_set(options, name, value) == HAWSER_OK,
         hawser_options_error(options));
}

// Chaos is to be noticed, and mended, many times a minute.
static void
set_impatient(hawser_options *options)
{
    set(options, "backoff.min", "5ms");
    set(options, "backoff.max", "200ms");
    set(options, "dial.timeout", "2s");
    set(options, "write.timeout", "2s");
    set(options, "confirm.timeout", "1s");
    set(options, "heartbeat.interval", "300ms");
    set(options, "heartbeat.timeout", "1s");
    set(options, "receipts.max", "1000000");
}

static void
set_word(struct app *app, hawser_options *options, char *word)
{
    char *value = strchr(word, '=');

    must(value != NULL, "OPTION=VALUE");
    *value++ = '\0';
    set(options, word, value);
    app->settles = app->settles || strcmp(value, "application") == 0;
    app->durable = app->durable || strncmp(value, "file:", 5) == 0;
}

static void
open_link(struct app *app, const char *url, char **words)
{
    hawser_options *options;

    must_be_ok(hawser_options_new(&options), "options");
    set_impatient(options);
    while (*words != NULL) {
        set_word(app, options, *words++);
    }
    must_be_ok(hawser_bus_open(NULL, &app->bus), "a bus");
    must_be_ok(hawser_link_open(app->bus, url, options, &app->link), "a link");
    hawser_options_free(options);
}

int
main(int argc, char **argv)
{
    struct app app = { 0 };
    pthread_t sender;

    must(argc >= 7, "URL HISTORY LIFE RATE SINCE_MS DONE OPTION=VALUE…");
    (void)signal(SIGTERM, on_signal);
    app.history =
        open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    app.life = strtoull(argv[3], NULL, 10);
    app.rate = strtoull(argv[4], NULL, 10);
    app.since_ms = strtoll(argv[5], NULL, 10);
    app.done = strtoull(argv[6], NULL, 10);
    open_link(&app, argv[1], &argv[7]);
    (void)printf("begun\n");
    (void)fflush(stdout);
    must(pthread_create(&sender, NULL, send_until_stopped, &app) == 0,
         "a thread");
    while (!app.finished) {
        hear_burst(&app, 50);
    }
    (void)pthread_join(sender, NULL);
    // What is settled has been heard, or is about to be.
    while (app.settled_tag != tag_of(app.life, app.offered)) {
        hear_burst(&app, 50);
    }
    must_be_ok(hawser_bus_close(app.bus, 1000), "the end");
    return 0;
}
