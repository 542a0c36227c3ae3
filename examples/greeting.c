// greeting.c - talks to the peer before anything else may be sent.
//
// Some servers want a dialogue first: a challenge and its answer, a login that
// may be turned down. With greeting=application a new wire stays in GREETING
// until the application says ready; what hawser_send took waits meanwhile.
// hawser_link_greet sends past that queue, on this wire only. If the dialogue
// fails, hawser_link_refuse has it begun again after the backoff, which grows
// as after a lost connection, so that a server which turns everybody down is
// not hammered.
//
// Every answer names the wire that it is about, so one that comes too late, for
// a wire that is gone, harms nothing.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>

enum { PATIENCE_MS = 5000 };

struct guest {
    hawser_bus *bus;
    hawser_link link;
    uint32_t wire; // the wire that greets
    int greetings;
    int is_up;
    int answered;
    int failed;
};

static void
greet(struct guest *guest, const char *words)
{
    hawser_message *message;

    if (hawser_message_new(HAWSER_TEXT, words, strlen(words), &message) !=
        HAWSER_OK) {
        return;
    }
    printf("-> %s\n", words);
    // If the wire is gone by now, the next one will greet.
    (void)hawser_link_greet(guest->bus, guest->link, guest->wire, message);
    hawser_message_drop(message);
}

static int
is_text(const hawser_message *message, const char *words)
{
    return hawser_message_size(message) == strlen(words) &&
           memcmp(hawser_message_bytes(message), words, strlen(words)) == 0;
}

// The echo of "login guest" stands for a refusal, that of "login admin" for a
// welcome.
static void
on_message(struct guest *guest, const hawser_message *message)
{
    printf("<- %.*s\n", (int)hawser_message_size(message),
           (const char *)hawser_message_bytes(message));
    if (is_text(message, "login guest")) {
        (void)hawser_link_refuse(guest->bus, guest->link, guest->wire,
                                 "guests are not welcome");
    } else if (is_text(message, "login admin")) {
        (void)hawser_link_ready(guest->bus, guest->link, guest->wire);
    } else if (is_text(message, "hello")) {
        // It waited in the queue from the beginning.
        guest->answered = guest->is_up;
    }
}

static void
on_event(struct guest *guest, const hawser_event *event)
{
    printf("%s %s\n", hawser_state_name(event->state), event->error);
    guest->is_up = event->state == HAWSER_UP;
    guest->failed = event->state == HAWSER_FAILED;
    if (event->state == HAWSER_GREETING) {
        guest->wire = event->wire;
        guest->greetings++;
        greet(guest, guest->greetings == 1 ? "login guest" : "login admin");
    }
}

static void
run(struct guest *guest)
{
    hawser_item item;

    while (!guest->answered && !guest->failed &&
           hawser_receive(guest->bus, &item, PATIENCE_MS) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            on_message(guest, item.message);
        } else if (item.kind == HAWSER_ITEM_EVENT) {
            on_event(guest, item.event);
        }
        hawser_item_drop(&item);
    }
}

static int
open_link(struct guest *guest, const char *url)
{
    hawser_options *options;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    ok =
        hawser_options_set(options, "greeting", "application") == HAWSER_OK &&
        hawser_bus_open(NULL, &guest->bus) == HAWSER_OK &&
        hawser_link_open(guest->bus, url, options, &guest->link) == HAWSER_OK &&
        hawser_send_text(guest->bus, guest->link, "hello") == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct guest guest = { 0 };

    if (strcmp(url, "--help") == 0) {
        puts(
            "usage: greeting [URL]\n\nLogs in twice, is refused once, and ends "
            "when the message that waited came back.\nTry it with: hawser "
            "serve ws://127.0.0.1:9000");
        return 0;
    }
    if (!open_link(&guest, url)) {
        fprintf(stderr, "greeting: %s\n", hawser_last_error());
        return 1;
    }
    run(&guest);
    return hawser_bus_close(guest.bus, 1000) == HAWSER_OK && guest.answered ? 0
                                                                            : 1;
}
