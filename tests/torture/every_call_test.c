// every_call_test.c - acts: values, links of one bus, policies, ends, ws, wss.
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

#include "script.h"

// ---- values: options and messages ----

static void
set_each_option(struct script *script, hawser_options *options)
{
    hawser_option_row row;
    const char *value;

    for (size_t i = 0; hawser_options_row(i, &row) == HAWSER_OK; i++) {
        MUST(script, hawser_options_set(options, row.name, row.value));
        MUST(script, hawser_options_get(options, row.name, &value));
        if (strcmp(row.type, "list") != 0 && strcmp(value, row.value) != 0) {
            wrong(script, "%s: %s was set, and %s is got", row.name, row.value,
                  value);
        }
    }
}

static void
play_values(struct script *script)
{
    hawser_options *options = NULL;
    hawser_message *message = NULL;
    const char *value;
    size_t size;

    MUST(script, hawser_options_new(&options));
    set_each_option(script, options);
    MUST(script, hawser_options_set(options, "ws.header", "A: one"));
    MUST(script, hawser_options_set(options, "ws.header", "B: two"));
    MUST(script, hawser_options_get(options, "ws.header", &value));
    if (strcmp(value, "A: one\nB: two") != 0) {
        wrong(script, "ws.header is %s", value);
    }
    EXPECT(script, HAWSER_UNKNOWN,
           hawser_options_set(options, "backof.min", "1ms"));
    EXPECT(script, HAWSER_INVALID,
           hawser_options_set(options, "backoff.factor", "a lot"));
    MUST(script, hawser_options_set(options, "backoff.factor", "1.5"));
    if (hawser_options_error(options)[0] != '\0') {
        wrong(script, "an error is told of what went well");
    }
    hawser_options_free(options);
    MUST(script, hawser_message_new_topic(HAWSER_BINARY, "topic", 5, "bytes", 5,
                                          &message));
    (void)hawser_message_topic(hawser_message_hold(message), &size);
    hawser_message_drop(message);
    hawser_message_drop(message);
}

// ---- talk: two links that are each other's peer ----

static void
ask(struct script *script, struct ledger *ledger)
{
    hawser_link_stats stats = { .size = sizeof stats };
    hawser_link_info info = { .size = sizeof info };
    hawser_state state;

    MUST(script, hawser_link_get_stats(script->bus, ledger->link, &stats));
    MUST(script, hawser_link_get_info(script->bus, ledger->link, &info));
    MUST(script, hawser_link_state(script->bus, ledger->link, &state));
    if (stats.accepted != stats.settled + stats.dropped + stats.expired +
                              stats.waiting + stats.in_flight) {
        wrong(script, "the figures do not add up");
    }
}

static void
talk(struct script *script, struct ledger *ledger)
{
    const hawser_send_options urgent = {
        .priority = HAWSER_HIGH, .ttl_ms = 60000, .key = "a", .key_size = 1
    };
    hawser_phase phase;

    for (unsigned number = 1; number < 12; number++) {
        send_tagged(script, ledger, number, number * 10);
    }
    send_with(script, ledger, 12, urgent);
    send_tagged(script, ledger, 13, 200000);
    MUST(script, hawser_send_text(script->bus, ledger->link, "0014"));
    ledger->accepted[14] = 1;
    MUST(script, hawser_send(script->bus, ledger->link, "0015", 4));
    ledger->accepted[15] = 1;
    MUST(script, hawser_message_phase(script->bus, ledger->link, 13, &phase));
    pump(script, has_receipts, ledger, "receipts");
    pump(script, has_arrived, ledger, "arrivals");
    MUST(script, hawser_flush(script->bus, ledger->link, PATIENCE_MS));
    EXPECT(script, HAWSER_UNKNOWN,
           hawser_cancel(script->bus, ledger->link, 13));
    ask(script, ledger);
}

static void
stand(struct script *script, struct ledger *ledger)
{
    hawser_message *login = message_of(script, 20, 0);
    hawser_message *farewell = message_of(script, 21, 0);
    uint64_t id = 0;
    unsigned ups;

    if (!is_right(script)) {
        return;
    }
    ledger->accepted[20] = 1; // untagged, and said again on each wire
    MUST(script,
         hawser_link_standing_add(script->bus, ledger->link, login, &id));
    pump(script, has_arrived, ledger, "the standing message");
    ledger->arrived[20] = 0;
    ups = ledger->ups;
    MUST(script, hawser_link_reconnect(script->bus, ledger->link));
    pump(script, has_arrived, ledger, "the standing message once more");
    pump(script, is_up, ledger, "the link to be up again");
    if (ledger->ups == ups && is_right(script)) {
        wrong(script, "the standing message came on the same wire");
    }
    MUST(script, hawser_link_wait_up(script->bus, ledger->link, PATIENCE_MS));
    MUST(script,
         hawser_link_standing_remove(script->bus, ledger->link, id, farewell));
    EXPECT(script, HAWSER_UNKNOWN,
           hawser_link_standing_remove(script->bus, ledger->link, id, NULL));
    ledger->accepted[21] = 0; // said only if the link is up then
    hawser_message_drop(login);
    hawser_message_drop(farewell);
}

static void
play_talk(struct script *script)
{
    open_bus(script, "confirm=peer confirm.interval=0ms");
    MUST(script, hawser_inbox_open(script->bus, &script->inbox));
    join(script, "inproc://talk", "message.max=1MiB");
    talk(script, &script->ledgers[0]);
    stand(script, &script->ledgers[0]);
    MUST(script, hawser_link_drain(script->bus, script->ledgers[0].link,
                                   PATIENCE_MS, 1000, "done"));
    pump(script, is_closed, &script->ledgers[0], "the drained link to close");
    end_link(script, &script->ledgers[1]);
    hawser_inbox_close(script->inbox);
    script->inbox = NULL;
    close_bus(script, 100, HAWSER_OK);
    check_ledger(script, &script->ledgers[0]);
    if (script->ledgers[0].leftover != 0) {
        wrong(script, "a drained link left something");
    }
}

// ---- wait: what waits for a peer that never comes ----

static bool
has_given_up(struct script *script, struct ledger *ledger)
{
    (void)script;
    return ledger->receipts[2] && ledger->receipts[3] && ledger->receipts[4];
}

static void
play_wait(struct script *script)
{
    const hawser_send_options brief = { .ttl_ms = 1 };
    const hawser_send_options keyed = { .key = "key", .key_size = 3 };
    hawser_phase phase = HAWSER_PHASE_GONE;
    struct ledger *ledger;

    open_bus(script, "");
    ledger = open_link(script, NULL, "inproc://wait",
                       "spool.max_messages=6 heartbeat.interval=off");
    send_tagged(script, ledger, 1, 0);
    send_tagged(script, ledger, 2, 0);
    send_with(script, ledger, 3, brief);
    send_with(script, ledger, 4, keyed);
    send_with(script, ledger, 5, keyed);
    MUST(script, hawser_message_phase(script->bus, ledger->link, 1, &phase));
    if (phase != HAWSER_PHASE_WAITING) {
        wrong(script, "number 1 is %s", hawser_phase_name(phase));
    }
    MUST(script, hawser_cancel(script->bus, ledger->link, 2));
    pump(script, has_given_up, ledger, "receipts of what is given up");
    for (unsigned number = 6; number < 10; number++) {
        send_tagged(script, ledger, number, 0);
    }
    EXPECT(script, HAWSER_FULL,
           hawser_send_text(script->bus, ledger->link, "0010"));
    EXPECT(script, HAWSER_TIMEOUT, hawser_flush(script->bus, ledger->link, 0));
    ask(script, ledger);
    end_link(script, ledger);
    check_ledger(script, ledger);
    check_fate(script, ledger, 2, HAWSER_DROPPED);
    check_fate(script, ledger, 3, HAWSER_EXPIRED);
    check_fate(script, ledger, 4, HAWSER_DROPPED);
    check_fate(script, ledger, 9, HAWSER_DROPPED);
    if (is_right(script) && ledger->leftover != 6) {
        wrong(script, "%u messages are counted as left of 6",
              (unsigned)ledger->leftover);
    }
    close_bus(script, 0, HAWSER_OK);
}

// ---- left: a bus that is closed over links that are open ----

static void
play_left(struct script *script)
{
    struct ledger *ledger;

    open_bus(script, "");
    MUST(script, hawser_inbox_open(script->bus, &script->inbox));
    ledger = open_link(script, NULL, "inproc://left", "");
    (void)open_link(script, script->inbox, "inproc://right", "");
    send_tagged(script, ledger, 1, 0);
    send_tagged(script, ledger, 2, 100000);
    close_bus(script, 5, HAWSER_LEFTOVER);
    script->inbox = NULL;
}

// ---- ends: what is closed over links that are open ----

static void
play_ends(struct script *script)
{
    struct ledger *ledger;

    open_bus(script, "");
    MUST(script, hawser_inbox_open(script->bus, &script->inbox));
    ledger = open_link(script, script->inbox, "inproc://one", "");
    send_tagged(script, ledger, 1, 0);
    hawser_inbox_close(script->inbox);
    script->inbox = NULL;
    ledger = open_link(script, NULL, "inproc://two", "");
    send_tagged(script, ledger, 2, 0);
    close_bus(script, 0, HAWSER_LEFTOVER);
}

// ---- greet: the application greets, and settles ----

static void
play_greet(struct script *script)
{
    open_bus(script, "greeting=application confirm=application");
    script->ledgers[0].greets = true;
    script->ledgers[1].greets = true;
    script->ledgers[1].settles = true;
    join(script, "inproc://greet", "");
    for (unsigned number = 1; number < 9; number++) {
        send_tagged(script, &script->ledgers[0], number, 0);
    }
    pump(script, has_receipts, &script->ledgers[0], "receipts");
    MUST(script,
         hawser_flush(script->bus, script->ledgers[0].link, PATIENCE_MS));
    end_link(script, &script->ledgers[0]);
    end_link(script, &script->ledgers[1]);
    check_ledger(script, &script->ledgers[0]);
    close_bus(script, 0, HAWSER_OK);
}

// ---- full: what happens when a spool is ----

static void
play_full(struct script *script)
{
    struct ledger *oldest, *newest;

    open_bus(script, "spool.max_messages=3 heartbeat.interval=off");
    oldest = open_link(script, NULL, "inproc://oldest", "overflow=drop-oldest");
    newest = open_link(script, NULL, "inproc://newest", "overflow=drop-newest");
    for (unsigned number = 1; number < 9; number++) {
        send_tagged(script, oldest, number, 0);
        send_tagged(script, newest, number, 0);
    }
    end_link(script, oldest);
    end_link(script, newest);
    check_ledger(script, oldest);
    check_ledger(script, newest);
    close_bus(script, 0, HAWSER_OK);
}

static void
play_block(struct script *script)
{
    open_bus(script, "spool.max_messages=2 overflow=block rate.messages=2000 "
                     "rate.burst=2 confirm=peer confirm.interval=0ms");
    join(script, "inproc://block", "");
    for (unsigned number = 1; number < 9; number++) {
        send_tagged(script, &script->ledgers[0], number, 0);
    }
    pump(script, has_receipts, &script->ledgers[0], "receipts");
    pump(script, has_arrived, &script->ledgers[0], "arrivals");
    end_link(script, &script->ledgers[0]);
    check_ledger(script, &script->ledgers[0]);
    close_bus(script, 50, HAWSER_OK);
}

// ---- fds: foreign loops, and handlers ----

static void
wait_for(int fd)
{
    struct timeval limit = { .tv_usec = 20000 };
    fd_set fds;

    FD_ZERO(&fds);
    FD_SET(fd, &fds);
    (void)select(fd + 1, &fds, NULL, NULL, &limit); // whoever waits looks
}

static void
dispatch(struct script *script)
{
    hawser_handlers mine = handlers;
    hawser_status status;

    mine.user = script;
    status = hawser_dispatch(script->bus, &mine, 0, NULL);

    if (status != HAWSER_OK && status != HAWSER_AGAIN &&
        !refused(script, status)) {
        wrong(script, "hawser_dispatch answered %s",
              hawser_status_name(status));
    }
}

static void
play_fds(struct script *script)
{
    struct ledger *left, *right;
    int bus_fd = -1, inbox_fd = -1;

    open_bus(script, "confirm=peer confirm.interval=0ms");
    MUST(script, hawser_inbox_fd(hawser_bus_inbox(script->bus), &inbox_fd));
    EXPECT(script, script->threads > 0 ? HAWSER_UNSUPPORTED : HAWSER_OK,
           hawser_bus_fd(script->bus, &bus_fd));
    left = open_link(script, NULL, "inproc://fds", "");
    right = open_link(script, NULL, "inproc://fds", "");
    left->sender = right;
    right->sender = left;
    send_tagged(script, left, 1, 0);
    send_tagged(script, left, 2, 0);
    for (int i = 0; i < 400 && is_right(script) &&
                    !(has_receipts(script, left) && has_arrived(script, left));
         i++) {
        wait_for(script->threads > 0 ? inbox_fd : bus_fd);
        if (script->threads == 0) {
            MUST(script, hawser_bus_step(script->bus));
        }
        dispatch(script);
    }
    check_ledger(script, left);
    close_bus(script, 100, HAWSER_OK);
}

// ---- fail: what retrying can't mend ----

static void
play_fail(struct script *script)
{
    hawser_link none = { 0 };
    struct ledger *ledger;

    open_bus(script, "");
    EXPECT(script, HAWSER_UNKNOWN,
           hawser_link_open(script->bus, "gopher://a", NULL, &none));
    EXPECT(script, HAWSER_INVALID,
           hawser_link_open(script->bus, "ws://", NULL, &none));
    ledger = open_link(script, NULL, "ws://127.0.0.1:1/ ws://localhost:1/",
                       "attempts.max=2");
    send_tagged(script, ledger, 1, 0);
    pump(script, has_failed, ledger, "the link to fail");
    ledger->state = HAWSER_WAITING;
    MUST(script, hawser_link_reconnect(script->bus, ledger->link));
    pump(script, has_failed, ledger, "the link to fail again");
    EXPECT(script, HAWSER_ENDED,
           hawser_link_wait_up(script->bus, ledger->link, PATIENCE_MS));
    end_link(script, ledger);
    check_ledger(script, ledger);
    check_fate(script, ledger, 1, HAWSER_DROPPED);
    close_bus(script, 0, HAWSER_OK);
}

// ---- ws: a server in another process ----

static void
play_server(struct script *script, const char *url, const char *settings)
{
    const struct server_lane *lane = &script->server->lanes[script->lane];
    struct ledger *ledger;

    open_bus(script, "confirm=peer confirm.interval=0ms message.max=1MiB");
    ledger = open_link(script, NULL, url, settings);
    ledger->sender = ledger; // it echoes
    talk_with_echo(script, ledger);
    ask(script, ledger);
    end_drained(script, ledger);
    for (unsigned number = 1; number <= TALKED; number++) {
        if (is_right(script) && lane->got[number] == 0) {
            wrong(script, "the server never got number %u", number);
        }
    }
    close_bus(script, 0, HAWSER_OK);
}

static void
play_ws(struct script *script)
{
    char url[128];

    (void)snprintf(url, sizeof url, "ws://%s:%u/%u/%u",
                   script->threads > 0 ? "localhost" : "127.0.0.1",
                   (unsigned)script->server->port, script->lane, script->run);
    play_server(script, url,
                "dial.ask=on auth.user=me auth.password=secret "
                "ws.header=X-One:1 ws.protocol=one,two "
                "ping.message=0000 ping.interval=5ms");
}

static void
play_wss(struct script *script)
{
    const struct certificate *certificate = &script->server->certificate;
    char url[128], settings[512];

    (void)snprintf(url, sizeof url, "wss://127.0.0.1:%u/%u/%u",
                   (unsigned)script->server->tls_port, script->lane,
                   script->run);
    (void)snprintf(settings, sizeof settings,
                   "tls.ca=%s tls.cert=%s tls.key=%s tls.server_name=torture "
                   "on.config=retry",
                   certificate->cert, certificate->cert,
                   certificate->key); // they are short
    play_server(script, url, settings);
}

const struct act acts[] = {
    { "values", play_values },
    { "talk", play_talk },
    { "wait", play_wait },
    { "left", play_left },
    { "greet", play_greet },
    { "full", play_full },
    { "block", play_block },
    { "fds", play_fds },
    { "fail", play_fail },
    { "ws", play_ws },
    { "wss", play_wss },
    { "ends", play_ends },
    { NULL, NULL },
};
