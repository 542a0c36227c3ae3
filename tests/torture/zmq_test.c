// zmq_test.c - acts: links on zmq+tcp and zmq+ipc.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "script.h"

static struct ledger *
open_echoed(struct script *script, const char *endpoint, const char *query,
            const char *settings)
{
    struct ledger *ledger;
    char url[128];

    (void)snprintf(url, sizeof url, "zmq+%s%s", endpoint, query); // it fits
    ledger = open_link(script, NULL, url, settings);
    ledger->sender = ledger;
    return ledger;
}

// ---- dealer: a ROUTER in another process answers ----

static void
play_dealer(struct script *script, const char *endpoint)
{
    struct ledger *ledger;

    open_bus(script, "confirm=application message.max=1MiB");
    ledger = open_echoed(script, endpoint, "", "zmq.buffer=64KiB");
    ledger->settles = true;
    talk_with_echo(script, ledger);
    end_drained(script, ledger);
    close_bus(script, 0, HAWSER_OK);
}

static void
play_tcp(struct script *script)
{
    play_dealer(script, script->router->tcp);
}

static void
play_ipc(struct script *script)
{
    play_dealer(script, script->router->ipc);
}

// ---- req: the answer confirms ----

static void
play_req(struct script *script)
{
    struct ledger *ledger;

    open_bus(script, "confirm=peer confirm.interval=0ms");
    ledger = open_echoed(script, script->router->tcp, "?type=req", "");
    for (unsigned number = 1; number < 6; number++) {
        send_tagged(script, ledger, number, 50);
    }
    pump(script, is_echoed, ledger, "the answers");
    end_drained(script, ledger);
    close_bus(script, 0, HAWSER_OK);
}

// ---- topics: of two frames ----

static void
send_topic(struct script *script, struct ledger *ledger, unsigned number)
{
    hawser_message *message = NULL;
    char bytes[1004];

    (void)snprintf(bytes, sizeof bytes, "%04u%999s", number, ""); // it fits
    MUST(script, hawser_message_new_topic(HAWSER_BINARY, "topic", 5, bytes,
                                          strlen(bytes), &message));
    if (is_right(script)) {
        MUST(script,
             hawser_send_message(script->bus, ledger->link, message, number));
        ledger->accepted[number] = 1;
        ledger->tagged[number] = 1;
        hawser_message_drop(message);
    }
}

// More than zmq.buffer has room for.
static void
play_topics(struct script *script)
{
    struct ledger *ledger;

    open_bus(script, "confirm=application");
    ledger = open_echoed(script, script->router->ipc, "", "zmq.buffer=4KiB");
    ledger->settles = true;
    for (unsigned number = 1; number < 21; number++) {
        send_topic(script, ledger, number);
    }
    pump(script, is_echoed, ledger, "the echoes");
    if (ledger->ups != 1 && !faults_fired()) {
        wrong(script, "the wire was lost where nothing had failed");
    }
    end_drained(script, ledger);
    close_bus(script, 0, HAWSER_OK);
}

// ---- both ends: one is bound ----

static struct ledger *
open_end(struct script *script, const char *scheme, const char *query,
         const char *settings)
{
    char url[128];

    (void)snprintf(url, sizeof url, "zmq+%s-%d?%s", scheme, (int)getpid(),
                   query); // it fits
    return open_link(script, NULL, url, settings);
}

// What the one that is connected loses it says again; who is bound knows of no
// loss, and so sends nothing here.
static void
play_pipe(struct script *script, const char *scheme)
{
    struct ledger *bound, *other;

    open_bus(script, "confirm=application");
    bound = open_end(script, scheme, "type=pull&bind=1", "");
    other = open_end(script, scheme, "type=push", "");
    bound->sender = other;
    bound->settles = true;
    pump(script, is_up, bound, "the bound link to be up");
    for (unsigned number = 1; number < 6; number++) {
        send_tagged(script, other, number, 40);
    }
    pump(script, is_echoed, other, "arrivals");
    end_link(script, other);
    end_link(script, bound);
    check_ledger(script, other);
    close_bus(script, 0, HAWSER_OK);
}

static void
play_push(struct script *script)
{
    play_pipe(script, "ipc://@hawser-torture-push");
}

// ---- news: subscriptions are standing messages ----

static bool
has_heard(struct script *script, struct ledger *ledger)
{
    (void)script;
    return ledger->arrived[1] != 0;
}

static void
publish(struct script *script, struct ledger *ledger)
{
    (void)hawser_send(script->bus, ledger->link, "0001", 4); // said anew
}

// What is published before a subscription has come is for nobody, so it is
// published until it is heard.
static void
play_news(struct script *script)
{
    struct ledger *pub, *sub;
    hawser_message *prefix = NULL;

    open_bus(script, "");
    pub = open_end(script, "ipc://@hawser-torture-news", "type=pub&bind=1", "");
    sub = open_end(script, "ipc://@hawser-torture-news", "type=sub", "");
    sub->sender = pub;
    MUST(script, hawser_message_new(HAWSER_BINARY, "00", 2, &prefix));
    if (!is_right(script)) {
        return;
    }
    MUST(script,
         hawser_link_standing_add(script->bus, sub->link, prefix, NULL));
    hawser_message_drop(prefix);
    for (unsigned i = 0; i < 1000 && !has_heard(script, pub); i++) {
        publish(script, pub);
        hear_once(script);
    }
    pump(script, has_heard, pub, "news");
    end_link(script, sub);
    end_link(script, pub);
    close_bus(script, 0, HAWSER_OK);
}

const struct act acts[] = {
    { "tcp", play_tcp },   { "ipc", play_ipc },
    { "req", play_req },   { "topics", play_topics },
    { "push", play_push }, { "news", play_news },
    { NULL, NULL },
};
