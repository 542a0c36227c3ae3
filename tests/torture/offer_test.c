// offer_test.c - acts: inside an application of ZeroMQ's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "app.h"
#include "script.h"

enum { MESSAGES = 8, LARGE = 5000 }; // what is large is not copied

// What the application has, beside the script.
static struct {
    void *context;
    void *socket;
    void *news;
    struct ledger *offered; // what its socket is given; heard by other
    struct ledger *other;   // what comes out of its socket
    char last[16];          // name of the last event
    bool echoes;
} app;

// ---- its sockets ----

static void
open_in_context(struct script *script, const char *settings)
{
    app.context = app_context();
    script->context = app.context;
    open_bus(script, settings);
}

static void
close_all(struct script *script)
{
    if (app.socket != NULL) {
        app_close(app.socket);
    }
    if (app.news != NULL) {
        app_close(app.news);
    }
    if (is_right(script)) {
        close_bus(script, 0, HAWSER_OK);
        app_end(app.context);
    }
}

static unsigned
number_of(const char *bytes)
{
    char digits[5] = { 0 };

    memcpy(digits, bytes, 4);
    return (unsigned)strtoul(digits, NULL, 10);
}

static void
hear_socket(struct script *script)
{
    static char bytes[2 * LARGE];
    int size;

    while (app.socket != NULL &&
           (size = app_receive(app.socket, bytes, sizeof bytes)) >= 0) {
        unsigned number = size >= 4 ? number_of(bytes) : NUMBERS;

        if (number >= NUMBERS) {
            wrong(script, "the application got what nobody sent");
            return;
        }
        if (app.echoes) {
            (void)app_send(app.socket, bytes, (size_t)size); // or it is sent
                                                             // once more
        } else {
            app.other->arrived[number] = 1;
        }
    }
}

static void
hear_news(void)
{
    char bytes[1024];
    int size;

    while (app.news != NULL &&
           (size = app_receive(app.news, app.last, sizeof app.last - 1)) >= 0) {
        app.last[size] = '\0';
        (void)app_receive(app.news, bytes, sizeof bytes); // what it says
    }
}

// ---- offer ----

static bool
has_crossed(struct script *script, struct ledger *ledger)
{
    (void)ledger;
    hear_socket(script);
    return has_receipts(script, app.other) && has_arrived(script, app.other) &&
           has_arrived(script, app.offered);
}

static bool
is_told_up(struct script *script, struct ledger *ledger)
{
    (void)script;
    (void)ledger;
    hear_news();
    return strcmp(app.last, "up") == 0;
}

static bool
is_stale(struct script *script, struct ledger *ledger)
{
    hawser_state state;

    hear_news();
    return hawser_link_state(script->bus, ledger->link, &state) == HAWSER_STALE;
}

static bool
is_told_closed(struct script *script, struct ledger *ledger)
{
    (void)script;
    (void)ledger;
    hear_news();
    return strcmp(app.last, "closed") == 0;
}

static void
offer(struct script *script, const char *type)
{
    hawser_options *options = options_of(script, type);

    app.other = open_link(script, NULL, "inproc://other", "");
    app.offered = &script->ledgers[script->links++];
    app.other->sender = app.offered;
    if (is_right(script)) {
        MUST(script,
             hawser_link_offer(script->bus, "inproc://offer", "inproc://other",
                               options, &app.offered->link));
    }
    hawser_options_free(options);
    if (is_right(script)) {
        app.news =
            app_socket(app.context, ZMQ_SUB, "inproc://offer.events", false);
    }
}

static void
say_all(struct script *script)
{
    static char bytes[LARGE];

    memset(bytes, 'x', sizeof bytes);
    for (unsigned number = 1; number <= MESSAGES && is_right(script);
         number++) {
        char digits[16];

        (void)snprintf(digits, sizeof digits, "%04u", number % 10000);
        memcpy(bytes, digits, 4);
        if (!app_send(app.socket, bytes, number == MESSAGES ? LARGE : 4)) {
            wrong(script, "the socket takes nothing");
        }
        app.offered->accepted[number] = 1;
    }
}

static void
end_offer(struct script *script)
{
    if (is_right(script)) {
        MUST(script, hawser_link_close(script->bus, app.offered->link, 0, ""));
        pump(script, is_told_closed, app.offered, "the news of the end");
        pump(script, is_stale, app.offered, "the offer to end");
    }
}

static void
play_dealer(struct script *script)
{
    open_in_context(script, "confirm=peer confirm.interval=0ms");
    offer(script, "offer.type=dealer");
    if (is_right(script)) {
        app.socket =
            app_socket(app.context, ZMQ_DEALER, "inproc://offer", false);
        say_all(script);
    }
    pump(script, is_told_up, app.offered, "the news");
    for (unsigned number = 1; number < MESSAGES; number++) {
        send_tagged(script, app.other, number, 0);
    }
    send_tagged(script, app.other, MESSAGES, LARGE);
    pump(script, has_crossed, app.other, "what crosses");
    end_offer(script);
    end_link(script, app.other);
    check_ledger(script, app.other);
    close_all(script);
}

static void
play_pull(struct script *script)
{
    open_in_context(script, "confirm=peer confirm.interval=0ms");
    offer(script, "offer.type=pull");
    if (is_right(script)) {
        app.socket = app_socket(app.context, ZMQ_PUSH, "inproc://offer", false);
        say_all(script);
    }
    pump(script, has_crossed, app.other, "what crosses");
    end_offer(script);
    end_link(script, app.other);
    close_all(script);
}

// ---- shut: the application ends its context first ----

static void
play_shut(struct script *script)
{
    open_in_context(script, "");
    offer(script, "offer.type=dealer");
    if (is_right(script)) {
        app_shut(app.context);
    }
    app_close(app.news);
    app.news = NULL;
    pump(script, is_stale, app.offered, "the offer to end");
    end_link(script, app.other);
    close_all(script);
}

// ---- inproc: a link in the application's context ----

static bool
is_echoed(struct script *script, struct ledger *ledger)
{
    hear_socket(script);
    return has_receipts(script, ledger) && has_arrived(script, ledger);
}

static void
play_inproc(struct script *script)
{
    struct ledger *ledger;

    open_in_context(script, "confirm=application");
    app.echoes = true;
    app.socket = app_socket(app.context, ZMQ_PAIR, "inproc://torture", true);
    ledger = open_link(script, NULL, "zmq+inproc://torture?type=pair", "");
    ledger->sender = ledger;
    ledger->settles = true;
    for (unsigned number = 1; number < 6; number++) {
        send_tagged(script, ledger, number, number * 20);
    }
    pump(script, is_echoed, ledger, "the echoes");
    end_link(script, ledger);
    check_ledger(script, ledger);
    close_all(script);
}

// ---- inbox: as a socket to poll ----

static void
take_all(struct script *script)
{
    hawser_handlers mine = handlers;
    hawser_status status;

    mine.user = script;
    do {
        status = hawser_dispatch(script->bus, &mine, 0, NULL);
    } while (status == HAWSER_OK);
    if (status != HAWSER_AGAIN && !refused(script, status)) {
        wrong(script, "hawser_dispatch answered %s",
              hawser_status_name(status));
    }
}

static void
play_inbox(struct script *script)
{
    struct ledger *left, *right;
    void *socket = NULL;

    open_bus(script, "confirm=peer confirm.interval=0ms");
    EXPECT(script, script->threads == 1 ? HAWSER_OK : HAWSER_UNSUPPORTED,
           hawser_inbox_zmq_socket(hawser_bus_inbox(script->bus), &socket));
    left = open_link(script, NULL, "inproc://inbox", "");
    right = open_link(script, NULL, "inproc://inbox", "");
    left->sender = right;
    right->sender = left;
    for (unsigned number = 1; number < 6; number++) {
        send_tagged(script, left, number, 0);
    }
    for (unsigned i = 0;
         socket != NULL && i < 400 && is_right(script) &&
         !(has_receipts(script, left) && has_arrived(script, left));
         i++) {
        (void)app_poll(socket); // whoever waits looks
        take_all(script);
    }
    if (socket == NULL) {
        pump(script, has_receipts, left, "receipts");
    }
    check_ledger(script, left);
    close_bus(script, 100, HAWSER_OK);
}

const struct act acts[] = {
    { "dealer", play_dealer }, { "pull", play_pull },   { "shut", play_shut },
    { "inproc", play_inproc }, { "inbox", play_inbox }, { NULL, NULL },
};
