// subscribe.c - standing messages: said anew on every wire, until taken back.
//
// A subscription is no ordinary message: the server forgets it with the
// connection, so it must be said again on the next one, before anything else
// and as often as the connection is lost. hawser_link_standing_add does that.
// Against an echo server the echo shows what was said on which wire.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>

enum { PATIENCE_MS = 5000 };

struct reader {
    hawser_bus *bus;
    hawser_link link;
    unsigned wire; // the number of the wire that is up
};

static hawser_message *
text(const char *words)
{
    hawser_message *message = NULL;

    // NULL is refused by those who are given it.
    (void)hawser_message_new(HAWSER_TEXT, words, strlen(words), &message);
    return message;
}

// Reads until that text came back; 0: it did not in time.
static int
hear(struct reader *reader, const char *wanted)
{
    hawser_item item;
    int heard = 0;

    while (!heard &&
           hawser_receive(reader->bus, &item, PATIENCE_MS) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_EVENT && item.event->state == HAWSER_UP) {
            reader->wire = item.event->wire;
        } else if (item.kind == HAWSER_ITEM_MESSAGE) {
            size_t size = hawser_message_size(item.message);
            const char *bytes = hawser_message_bytes(item.message);

            printf("heard: %.*s\n", (int)size, bytes);
            heard = size == strlen(wanted) && memcmp(bytes, wanted, size) == 0;
        }
        hawser_item_drop(&item);
    }
    return heard;
}

static int
subscribe(struct reader *reader, const char *words, uint64_t *id)
{
    hawser_message *message = text(words);
    hawser_status status =
        hawser_link_standing_add(reader->bus, reader->link, message, id);

    hawser_message_drop(message); // the link has a reference of its own
    return status == HAWSER_OK && hear(reader, words);
}

// The farewell is sent if the link is up. If it is not, there is nothing to
// take back: the next connection will not know of the subscription.
static int
unsubscribe(struct reader *reader, uint64_t id, const char *words)
{
    hawser_message *farewell = text(words);
    hawser_status status =
        hawser_link_standing_remove(reader->bus, reader->link, id, farewell);

    hawser_message_drop(farewell);
    return status == HAWSER_OK && hear(reader, words);
}

static int
play(struct reader *reader)
{
    uint64_t news, sport;

    // The first is added before there is a connection, the second while it is
    // up: it is said at once, and on every wire from then on.
    if (!subscribe(reader, "subscribe news", &news) ||
        !subscribe(reader, "subscribe sport", &sport)) {
        return 0;
    }
    puts("-- a new connection says both again, in order");
    if (hawser_link_reconnect(reader->bus, reader->link) != HAWSER_OK ||
        !hear(reader, "subscribe news") || !hear(reader, "subscribe sport")) {
        return 0;
    }
    puts("-- one is taken back");
    if (!unsubscribe(reader, news, "unsubscribe news")) {
        return 0;
    }
    puts("-- the next connection says only the other");
    return hawser_link_reconnect(reader->bus, reader->link) == HAWSER_OK &&
           hear(reader, "subscribe sport");
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct reader reader = { 0 };
    int ok;

    if (strcmp(url, "--help") == 0) {
        puts("usage: subscribe [URL]\n\nSubscribes twice, reconnects, takes "
             "one subscription back, and reconnects again.\nTry it with: "
             "hawser serve ws://127.0.0.1:9000");
        return 0;
    }
    if (hawser_bus_open(NULL, &reader.bus) != HAWSER_OK ||
        hawser_link_open(reader.bus, url, NULL, &reader.link) != HAWSER_OK) {
        fprintf(stderr, "subscribe: %s\n", hawser_last_error());
        return 1;
    }
    ok = play(&reader);
    return hawser_bus_close(reader.bus, 1000) == HAWSER_OK && ok ? 0 : 1;
}
