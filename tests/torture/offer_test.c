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
    unsigned refusals;      // events of that name
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
close_sockets(void)
{
    if (app.socket != NULL) {
        app_close(app.socket);
    }
    if (app.news != NULL) {
        app_close(app.news);
    }
    app.socket = NULL;
    app.news = NULL;
}

static void
close_all(struct script *script)
{
    close_sockets();
    if (is_right(script)) {
        close_bus(script, 0, HAWSER_OK);
        if (script->context != NULL) {
            app_end(script->context);
        }
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
        app.other->arrived[number] = 1;
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
        app.refusals += strcmp(app.last, "refused") == 0;
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

// Whoever subscribes is told the last event.
static void
subscribe_again(struct script *script)
{
    if (is_right(script)) {
        app_close(app.news);
        app.last[0] = '\0';
        app.news =
            app_socket(app.context, ZMQ_SUB, "inproc://offer.events", false);
        pump(script, is_told_up, app.offered, "the news once more");
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
    subscribe_again(script);
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

// ---- refuse: what can't be sent, by a bus with a context of its own ----

static bool
is_told_refused(struct script *script, struct ledger *ledger)
{
    (void)script;
    (void)ledger;
    hear_news();
    return app.refusals > 0;
}

static void
play_refuse(struct script *script)
{
    open_bus(script, "confirm=peer confirm.interval=0ms");
    app.context = hawser_bus_zmq_context(script->bus);
    offer(script, "offer.type=pull offer.kind=text");
    pump(script, is_told_up, app.offered, "the news");
    if (is_right(script)) {
        app.socket = app_socket(app.context, ZMQ_PUSH, "inproc://offer", false);
        (void)app_send(app.socket, "\xff", 1); // or no news come of it
        say_all(script);
    }
    pump(script, is_told_refused, app.offered, "the refusal");
    pump(script, has_crossed, app.other, "what crosses");
    if (app.refusals != 1) {
        wrong(script, "%u refusals are told of one", app.refusals);
    }
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
    close_sockets();
    pump(script, is_stale, app.offered, "the offer to end");
    end_link(script, app.other);
    close_all(script);
}

// ---- inproc: a link in the application's context ----

static bool
is_answered(struct script *script, struct ledger *ledger)
{
    app_echo(app.socket);
    return is_echoed(script, ledger);
}

static void
play_inproc(struct script *script)
{
    struct ledger *ledger;

    open_in_context(script, "confirm=application");
    app.socket = app_socket(app.context, ZMQ_ROUTER, "inproc://torture", true);
    ledger = open_link(script, NULL, "zmq+inproc://torture", "");
    ledger->sender = ledger;
    ledger->settles = true;
    for (unsigned number = 1; number < 6; number++) {
        send_tagged(script, ledger, number, number * 20);
    }
    pump(script, is_answered, ledger, "the echoes");
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
    } while (status == HAWSER_OK || refused(script, status));
    if (status != HAWSER_AGAIN) {
        wrong(script, "hawser_dispatch answered %s",
              hawser_status_name(status));
    }
}

// Whoever polls the socket is told of all that comes.
static void
pump_polled(struct script *script, void *socket, struct ledger *ledger)
{
    unsigned patience = PATIENCE_MS / 20;

    while (is_right(script) && !is_echoed(script, ledger)) {
        if (app_poll(socket)) {
            take_all(script);
        } else if (--patience == 0) {
            wrong(script, "the socket does not show what comes");
        }
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
    if (socket != NULL) {
        pump_polled(script, socket, left);
    } else {
        pump(script, is_echoed, left, "what crosses");
    }
    end_link(script, left);
    end_link(script, right);
    check_ledger(script, left);
    close_bus(script, 0, HAWSER_OK);
}

const struct act acts[] = {
    { "dealer", play_dealer },
    { "pull", play_pull },
    { "refuse", play_refuse },
    { "shut", play_shut },
    { "inproc", play_inproc },
    { "inbox", play_inbox },
    { NULL, NULL },
};
