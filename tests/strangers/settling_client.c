// settling_client.c - sends numbers with confirm=application, and settles each
// once its answer, the same number, has come.
//
// settling_client URL COUNT prints "settled N resent N twice N" (answers that
// came twice) and exits 0 if every number was settled.
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <hawser/hawser.h>

enum { BURST = 256, PATIENCE_MS = 60000 };

struct client {
    hawser_bus *bus;
    hawser_link link;
    uint64_t count;
    uint64_t sent;
    uint64_t settled; // receipts
    uint64_t answers;
};

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "settling_client: %s\n", what);
        exit(1);
    }
}

static void
open_link(struct client *client, const char *url)
{
    hawser_options *options;

    must(hawser_options_new(&options) == HAWSER_OK, "no options");
    must(hawser_options_set(options, "confirm", "application") == HAWSER_OK &&
             hawser_options_set(options, "backoff.min", "20ms") == HAWSER_OK &&
             hawser_options_set(options, "backoff.max", "200ms") == HAWSER_OK,
         hawser_options_error(options));
    must(hawser_bus_open(NULL, &client->bus) == HAWSER_OK, "no bus");
    must(hawser_link_open(client->bus, url, options, &client->link) ==
             HAWSER_OK,
         hawser_last_error());
    hawser_options_free(options);
}

// False: nothing more is taken now.
static bool
send_one(struct client *client)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, client->sent);
    hawser_message *message;
    hawser_status status;

    must(hawser_message_new(HAWSER_TEXT, text, (size_t)size, &message) ==
             HAWSER_OK,
         "no message");
    status = hawser_send_message(client->bus, client->link, message,
                                 client->sent + 1);
    hawser_message_drop(message);
    must(status == HAWSER_OK || status == HAWSER_FULL,
         hawser_status_text(status));
    client->sent += status == HAWSER_OK;
    return status == HAWSER_OK;
}

static void
hear_answer(struct client *client, const hawser_message *message)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%.*s", (int)hawser_message_size(message),
                   (const char *)hawser_message_bytes(message)); // a number
    client->answers++;
    must(hawser_settle(client->bus, client->link,
                       strtoull(text, NULL, 10) + 1) == HAWSER_OK,
         "an answer can't be said");
}

static void
hear_receipt(struct client *client, const hawser_item *item)
{
    must(item->fate == HAWSER_SETTLED, hawser_fate_name(item->fate));
    // As they were said; the answers come in the order of sending.
    must(item->tag == client->settled + 1, "a receipt is out of order");
    client->settled++;
}

static void
hear(struct client *client, int timeout_ms)
{
    hawser_item item;
    hawser_status status = hawser_receive(client->bus, &item, timeout_ms);

    while (status == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            hear_answer(client, item.message);
        } else if (item.kind == HAWSER_ITEM_RECEIPT) {
            hear_receipt(client, &item);
        }
        hawser_item_drop(&item);
        status = hawser_receive(client->bus, &item, 0);
    }
    must(status == HAWSER_AGAIN, hawser_status_text(status));
}

static void
send_and_settle(struct client *client)
{
    while (client->settled < client->count) {
        bool full = false;

        for (int i = 0; i < BURST && client->sent < client->count && !full;
             i++) {
            full = !send_one(client);
        }
        // Where nothing can be sent, something must come.
        full = full || client->sent == client->count;
        if (client->settled < client->count) {
            hear(client, full ? PATIENCE_MS : 0);
        }
    }
}

static void
tell(struct client *client)
{
    hawser_link_stats stats = { .size = sizeof stats };

    must(hawser_link_get_stats(client->bus, client->link, &stats) == HAWSER_OK,
         "no figures");
    must(stats.settled == client->count && stats.waiting == 0 &&
             stats.in_flight == 0,
         "the figures do not add up");
    (void)printf("settled %" PRIu64 " resent %" PRIu64 " twice %" PRIu64 "\n",
                 client->settled, stats.resent,
                 client->answers - client->settled);
}

int
main(int argc, char **argv)
{
    struct client client = { 0 };

    must(argc == 3, "settling_client URL COUNT");
    client.count = strtoull(argv[2], NULL, 10);
    open_link(&client, argv[1]);
    send_and_settle(&client);
    tell(&client);
    must(hawser_bus_close(client.bus, 1000) == HAWSER_OK, "left over");
    return 0;
}
