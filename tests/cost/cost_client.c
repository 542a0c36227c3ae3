// cost_client.c - an application on the loop's own thread, that does exactly
// what it is told, so that its instructions can be counted.
//
// cost_client URL [OPTION=VALUE…]   reads lines from its standard input:
//   send COUNT SIZE       sends so many messages, and waits until all are
//                         settled
//   tagged COUNT SIZE     the same, with a receipt for each
//   receive COUNT         waits until so many messages have come
// Answers "up" once the link is up, and "done" to each line.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/hawser.h>

enum { SIZE_MAX_HERE = 64 * 1024, PATIENCE_MS = 60 * 1000 };

struct app {
    hawser_bus *bus;
    hawser_link link;
};

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "cost_client: %s: %s\n", what,
                      hawser_last_error());
        exit(1);
    }
}

static void
answer(const char *word)
{
    (void)puts(word);
    (void)fflush(stdout);
}

static void
wait_for_up(struct app *app)
{
    hawser_item item;
    bool up = false;

    while (!up) {
        must(hawser_receive(app->bus, &item, PATIENCE_MS) == HAWSER_OK,
             "not up");
        up = item.kind == HAWSER_ITEM_EVENT && item.event->state == HAWSER_UP;
        hawser_item_drop(&item);
    }
}

// Items of one kind.
static void
take(struct app *app, hawser_item_kind kind, unsigned count)
{
    hawser_item item;

    while (count > 0) {
        must(hawser_receive(app->bus, &item, PATIENCE_MS) == HAWSER_OK,
             "nothing comes");
        count -= item.kind == kind;
        hawser_item_drop(&item);
    }
}

static hawser_status
send_tagged(struct app *app, const void *bytes, unsigned size, uint64_t tag)
{
    hawser_message *message;
    hawser_status status =
        hawser_message_new(HAWSER_BINARY, bytes, size, &message);

    if (status == HAWSER_OK) {
        status = hawser_send_message(app->bus, app->link, message, tag);
        hawser_message_drop(message);
    }
    return status;
}

static void
send(struct app *app, unsigned count, unsigned size, bool tagged)
{
    static const uint8_t bytes[SIZE_MAX_HERE];

    must(size <= sizeof bytes, "so large a message");
    for (unsigned i = 0; i < count; i++) {
        must((tagged
                  ? send_tagged(app, bytes, size, i + 1)
                  : hawser_send(app->bus, app->link, bytes, size)) == HAWSER_OK,
             "not taken");
    }
    must(hawser_flush(app->bus, app->link, PATIENCE_MS) == HAWSER_OK,
         "not settled");
    if (tagged) {
        take(app, HAWSER_ITEM_RECEIPT, count);
    }
}

static void
obey(struct app *app, const char *line)
{
    unsigned count, size;

    if (sscanf(line, "send %u %u", &count, &size) == 2) {
        send(app, count, size, false);
    } else if (sscanf(line, "tagged %u %u", &count, &size) == 2) {
        send(app, count, size, true);
    } else {
        must(sscanf(line, "receive %u", &count) == 1, "no such line");
        take(app, HAWSER_ITEM_MESSAGE, count);
    }
    answer("done");
}

static void
open_link(struct app *app, const char *url, char **words)
{
    hawser_options *options;

    must(hawser_options_new(&options) == HAWSER_OK &&
             hawser_options_set(options, "threads", "0") == HAWSER_OK,
         "no options");
    for (; *words != NULL; words++) {
        char *value = strchr(*words, '=');

        must(value != NULL, "OPTION=VALUE");
        *value++ = '\0';
        must(hawser_options_set(options, *words, value) == HAWSER_OK,
             "no such option");
    }
    must(hawser_bus_open(options, &app->bus) == HAWSER_OK, "no bus");
    must(hawser_link_open(app->bus, url, NULL, &app->link) == HAWSER_OK,
         "no link");
    hawser_options_free(options);
}

int
main(int argc, char **argv)
{
    struct app app;
    char line[64];

    must(argc >= 2, "cost_client URL [OPTION=VALUE…]");
    open_link(&app, argv[1], argv + 2);
    wait_for_up(&app);
    answer("up");
    while (fgets(line, sizeof line, stdin) != NULL) {
        obey(&app, line);
    }
    (void)hawser_bus_close(app.bus, 0); // all of it was settled
    return 0;
}
