// token.c - fresh headers for each attempt to connect.
//
// A token that was good yesterday is refused today, and a link lives for longer
// than a token. With dial.ask=on every attempt begins with an ASK event and
// waits for hawser_link_answer, within dial.timeout. The application may take
// its time (fetch the token over the network, say) without blocking anything:
// it is an event, not a callback. An answer for an attempt that is over by then
// is ignored.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>

enum { CONNECTIONS = 2, PATIENCE_MS = 5000 };

struct bearer {
    hawser_bus *bus;
    hawser_link link;
    int tokens; // given out so far
    int connections;
    int failed;
};

static void
answer(struct bearer *bearer, uint32_t wire)
{
    char headers[128];

    bearer->tokens++;
    (void)snprintf(headers, sizeof headers,
                   "Authorization: Bearer token-%d\nX-Attempt: %d",
                   bearer->tokens, bearer->tokens); // it fits
    printf("attempt %u asks: token-%d\n", wire, bearer->tokens);
    // NULL instead of headers would give the attempt up.
    if (hawser_link_answer(bearer->bus, bearer->link, wire, headers) !=
        HAWSER_OK) {
        fprintf(stderr, "token: the headers were not taken\n");
    }
}

static void
on_event(struct bearer *bearer, const hawser_event *event)
{
    if (event->kind == HAWSER_EVENT_ASK) {
        answer(bearer, event->wire);
        return;
    }
    printf("%s %s\n", hawser_state_name(event->state), event->error);
    if (event->state == HAWSER_UP) {
        bearer->connections++;
        if (bearer->connections < CONNECTIONS) {
            // The next connection asks for the next token.
            (void)hawser_link_reconnect(bearer->bus, bearer->link);
        }
    }
    // A server that answers 401 comes here, unless on.http_401=retry.
    bearer->failed = event->state == HAWSER_FAILED;
}

static void
run(struct bearer *bearer)
{
    hawser_item item;

    while (bearer->connections < CONNECTIONS && !bearer->failed &&
           hawser_receive(bearer->bus, &item, PATIENCE_MS) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_EVENT) {
            on_event(bearer, item.event);
        }
        hawser_item_drop(&item);
    }
}

static int
open_link(struct bearer *bearer, const char *url)
{
    hawser_options *options;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    ok =
        hawser_options_set(options, "dial.ask", "on") == HAWSER_OK &&
        hawser_bus_open(NULL, &bearer->bus) == HAWSER_OK &&
        hawser_link_open(bearer->bus, url, options, &bearer->link) == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct bearer bearer = { 0 };

    if (strcmp(url, "--help") == 0) {
        puts("usage: token [URL]\n\nConnects twice, each time with a token of "
             "its own.\nTry it with: hawser serve ws://127.0.0.1:9000");
        return 0;
    }
    if (!open_link(&bearer, url)) {
        fprintf(stderr, "token: %s\n", hawser_last_error());
        return 1;
    }
    run(&bearer);
    return hawser_bus_close(bearer.bus, 1000) == HAWSER_OK &&
                   bearer.connections == CONNECTIONS
               ? 0
               : 1;
}
