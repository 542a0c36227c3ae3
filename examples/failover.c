// failover.c - several endpoints of one link, and what its events tell.
//
// The endpoints are tried in order, each once, without a wait in between; only
// when all have failed does the backoff rule. They may have different schemes.
// Each event tells which endpoint it is about and, in words, what went wrong.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>

enum { PATIENCE_MS = 5000, URLS_MAX = 2048 };

// Nobody listens on port 1 of most machines.
static const char dead_end[] = "ws://127.0.0.1:1/";
static const char default_url[] = "ws://127.0.0.1:9000/echo";

static void
print_event(const hawser_event *event)
{
    printf("%-9s %s", hawser_state_name(event->state), event->endpoint);
    if (event->error[0] != '\0') {
        printf(": %s", event->error);
    }
    if (event->http_status != 0 && event->http_status != 101) {
        printf(" (HTTP %d)", event->http_status);
    }
    if (event->close_code != 0) {
        printf(" (close code %d)", event->close_code);
    }
    if (event->state == HAWSER_WAITING && event->delay_ms > 0) {
        printf("; again in %u ms", event->delay_ms);
    }
    putchar('\n');
}

// 1 once the link is up, on the endpoint wanted; 0: it will not be.
static int
wait_until_up(hawser_bus *bus, const char *wanted)
{
    hawser_item item;
    hawser_state state = HAWSER_IDLE;
    int where = 0;

    while (state != HAWSER_UP && state != HAWSER_FAILED &&
           hawser_receive(bus, &item, PATIENCE_MS) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_EVENT) {
            print_event(item.event);
            state = item.event->state;
            where = strcmp(item.event->endpoint, wanted) == 0;
        }
        hawser_item_drop(&item);
    }
    return state == HAWSER_UP && where;
}

// All of them, separated by spaces. 0: they are too long.
static int
join(int argc, char **argv, char urls[URLS_MAX])
{
    int size = snprintf(urls, URLS_MAX, "%s", dead_end);

    for (int i = 1; i < argc && size < URLS_MAX; i++) {
        size +=
            snprintf(urls + size, (size_t)(URLS_MAX - size), " %s", argv[i]);
    }
    if (argc < 2) {
        size += snprintf(urls + size, (size_t)(URLS_MAX - size), " %s",
                         default_url);
    }
    return size < URLS_MAX;
}

static int
open_link(hawser_bus *bus, const char *urls)
{
    hawser_options *options;
    hawser_link link;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    // By default a link never gives up; this one is FAILED after five rounds.
    ok = hawser_options_set(options, "attempts.max", "5") == HAWSER_OK &&
         hawser_link_open(bus, urls, options, &link) == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

int
main(int argc, char **argv)
{
    const char *last = argc > 1 ? argv[argc - 1] : default_url;
    char urls[URLS_MAX];
    hawser_bus *bus;
    int up;

    if (strcmp(last, "--help") == 0) {
        puts("usage: failover [URL...]\n\nTries an endpoint where nobody "
             "listens, then each URL, and ends once the last is up.\nTry it "
             "with: hawser serve ws://127.0.0.1:9000");
        return 0;
    }
    if (!join(argc, argv, urls) || hawser_bus_open(NULL, &bus) != HAWSER_OK) {
        fprintf(stderr, "failover: the URLs are too long, or there is no "
                        "bus\n");
        return 1;
    }
    up = open_link(bus, urls);
    if (!up) {
        fprintf(stderr, "failover: %s\n", hawser_last_error());
    }
    up = up && wait_until_up(bus, last);
    return hawser_bus_close(bus, 1000) == HAWSER_OK && up ? 0 : 1;
}
