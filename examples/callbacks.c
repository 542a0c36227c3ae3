// callbacks.c - messages, events and receipts in the manner of callbacks.
//
// hawser_dispatch waits for something to come and calls the handler for it, on
// the thread that called hawser_dispatch: no handler runs on a thread of
// Hawser's, none runs while another one does, and no lock is held meanwhile. So
// every Hawser call is legal inside, closing the link included.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>

enum { ROUNDS = 3, PATIENCE_MS = 5000 };

struct player {
    hawser_bus *bus;
    int settled;
    int answers;
    int closed;
};

static void
send_round(struct player *player, hawser_link link, int round)
{
    char text[32];
    hawser_message *message;
    int size = snprintf(text, sizeof text, "round %d", round);

    if (hawser_message_new(HAWSER_TEXT, text, (size_t)size, &message) !=
        HAWSER_OK) {
        return;
    }
    // The tag asks for a receipt, and comes back with it.
    if (hawser_send_message(player->bus, link, message, (uint64_t)round) !=
        HAWSER_OK) {
        fprintf(stderr, "callbacks: %s was not taken\n", text);
    }
    hawser_message_drop(message);
}

static void
on_message(void *user, hawser_link link, hawser_message *message)
{
    struct player *player = user;

    player->answers++;
    printf("answer: %.*s\n", (int)hawser_message_size(message),
           (const char *)hawser_message_bytes(message));
    if (player->answers < ROUNDS) {
        send_round(player, link, player->answers + 1);
    } else {
        // Waits for what is unconfirmed, and then says goodbye with a reason.
        (void)hawser_link_drain(player->bus, link, 1000, 1000, "game over");
    }
}

static void
on_event(void *user, hawser_link link, const hawser_event *event)
{
    struct player *player = user;

    printf("event: %s %s\n", hawser_state_name(event->state), event->error);
    if (event->kind != HAWSER_EVENT_STATE) {
        return;
    }
    if (event->state == HAWSER_UP && player->answers == 0) {
        send_round(player, link, 1);
    }
    player->closed |=
        event->state == HAWSER_CLOSED || event->state == HAWSER_FAILED;
}

static void
on_receipt(void *user, hawser_link link, uint64_t tag, hawser_fate fate)
{
    struct player *player = user;

    (void)link; // there is one only
    printf("receipt: round %d is %s\n", (int)tag, hawser_fate_name(fate));
    player->settled += fate == HAWSER_SETTLED;
}

static int
open_link(struct player *player, const char *url)
{
    hawser_options *options;
    hawser_link link;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    ok = hawser_options_set(options, "confirm", "peer") == HAWSER_OK &&
         hawser_bus_open(NULL, &player->bus) == HAWSER_OK &&
         hawser_link_open(player->bus, url, options, &link) == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct player player = { 0 };
    const hawser_handlers handlers = {
        .user = &player,
        .on_message = on_message,
        .on_event = on_event,
        .on_receipt = on_receipt,
    };

    if (strcmp(url, "--help") == 0) {
        puts("usage: callbacks [URL]\n\nPlays three rounds against an echo "
             "server, and says goodbye.\nTry it with: hawser serve "
             "ws://127.0.0.1:9000");
        return 0;
    }
    if (!open_link(&player, url)) {
        fprintf(stderr, "callbacks: %s\n", hawser_last_error());
        return 1;
    }
    while (!player.closed && hawser_dispatch(player.bus, &handlers, PATIENCE_MS,
                                             NULL) == HAWSER_OK) {
    }
    return hawser_bus_close(player.bus, 0) == HAWSER_OK && player.closed &&
                   player.answers == ROUNDS && player.settled == ROUNDS
               ? 0
               : 1;
}
