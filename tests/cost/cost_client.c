// cost_client.c - an application on the loop's own thread, that does exactly
// what it is told, so that its instructions can be counted.
//
// cost_client link|rpc URL [OPTION=VALUE…]   reads lines from its standard
// input. With a link:
//   send COUNT SIZE       sends so many messages, and waits until all are
//                         settled
//   tagged COUNT SIZE     the same, with a receipt for each
//   receive COUNT         waits until so many messages have come
// With msgpack-RPC:
//   call COUNT            so many calls, one after the other
// Answers "up" once the link is up, and "done" to each line.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/hawser.h>
#include <hawser/rpc.h>

enum { SIZE_MAX_HERE = 64 * 1024, PATIENCE_MS = 60 * 1000 };

struct app {
    hawser_bus *bus;
    hawser_link link;
    hawser_rpc *rpc; // NULL: the link is the application's
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
note_up(void *user, const hawser_rpc_event *event)
{
    bool *up = user;

    *up = *up || (event->link != NULL && event->link->state == HAWSER_UP);
}

static void
wait_for_up_of_rpc(struct app *app)
{
    bool up = false;

    hawser_rpc_watch(app->rpc, note_up, &up);
    while (!up) {
        must(hawser_rpc_run(app->rpc, PATIENCE_MS) == HAWSER_OK, "not up");
    }
    hawser_rpc_watch(app->rpc, NULL, NULL);
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
send_many(struct app *app, unsigned count, unsigned size, bool tagged)
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
call_many(struct app *app, unsigned count)
{
    hawser_rpc_request *request;
    hawser_rpc_answer result;

    for (; count > 0; count--) {
        must(hawser_rpc_request_new(app->rpc, "echo", 0, &request) == HAWSER_OK,
             "no request");
        must(hawser_rpc_call(request, NULL, &result) == HAWSER_OK &&
                 result.outcome == HAWSER_RPC_RESULT,
             "no result");
        hawser_rpc_answer_free(&result);
    }
}

static void
obey(struct app *app, const char *line)
{
    unsigned count, size;

    if (app->rpc != NULL) {
        must(sscanf(line, "call %u", &count) == 1, "no such line");
        call_many(app, count);
    } else if (sscanf(line, "send %u %u", &count, &size) == 2) {
        send_many(app, count, size, false);
    } else if (sscanf(line, "tagged %u %u", &count, &size) == 2) {
        send_many(app, count, size, true);
    } else {
        must(sscanf(line, "receive %u", &count) == 1, "no such line");
        take(app, HAWSER_ITEM_MESSAGE, count);
    }
    answer("done");
}

static void
open_app(struct app *app, bool rpc, const char *url, char **words)
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
    must((rpc ? hawser_rpc_open(app->bus, url, NULL, &app->rpc)
              : hawser_link_open(app->bus, url, NULL, &app->link)) == HAWSER_OK,
         "no link");
    hawser_options_free(options);
}

int
main(int argc, char **argv)
{
    struct app app = { .rpc = NULL };
    char line[64];

    must(argc >= 3, "cost_client link|rpc URL [OPTION=VALUE…]");
    open_app(&app, strcmp(argv[1], "rpc") == 0, argv[2], argv + 3);
    if (app.rpc != NULL) {
        wait_for_up_of_rpc(&app);
    } else {
        wait_for_up(&app);
    }
    answer("up");
    while (fgets(line, sizeof line, stdin) != NULL) {
        obey(&app, line);
    }
    hawser_rpc_close(app.rpc);
    (void)hawser_bus_close(app.bus, 0); // all of it was settled
    return 0;
}
