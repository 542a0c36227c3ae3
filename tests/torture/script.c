// script.c - what acts are made of.
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { GOODBYE_MS = 900 }; // a little less than hawser_bus_close gives them

uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// ---- what is wrong ----

void
wrong(struct script *script, const char *format, ...)
{
    char *sentence = script->outcome->sentence;
    va_list list;

    if (sentence[0] != '\0') {
        return;
    }
    va_start(list, format);
    (void)vsnprintf(sentence, sizeof script->outcome->sentence, format, list);
    va_end(list); // may be cut
}

bool
is_right(const struct script *script)
{
    return script->outcome->sentence[0] == '\0';
}

bool
refused(struct script *script, hawser_status status)
{
    script->last = status;
    if ((status != HAWSER_NO_MEMORY && status != HAWSER_SYSTEM) ||
        !faults_fired()) {
        return false;
    }
    if (++script->refusals > 1) {
        wrong(script, "one call failed, and two were refused");
    }
    return true;
}

void
answered(struct script *script, hawser_status wanted, hawser_status status,
         const char *call, int line)
{
    if (status != wanted) {
        wrong(script, "line %d: %s answered %s, not %s", line, call,
              hawser_status_name(status), hawser_status_name(wanted));
    }
}

// ---- opening ----

static void
set(struct script *script, hawser_options *options, char *setting)
{
    char *value = strchr(setting, '=');

    *value++ = '\0';
    MUST(script, hawser_options_set(options, setting, value));
}

hawser_options *
options_of(struct script *script, const char *settings)
{
    char copy[512], *rest, *setting;
    hawser_options *options = NULL;

    (void)snprintf(copy, sizeof copy, "%s", settings); // ours are shorter
    MUST(script, hawser_options_new(&options));
    setting = strtok_r(copy, " ", &rest);
    while (setting != NULL && is_right(script)) {
        set(script, options, setting);
        setting = strtok_r(NULL, " ", &rest);
    }
    return options;
}

void
open_bus(struct script *script, const char *settings)
{
    hawser_options *options = options_of(
        script, "bus.links_max=16 backoff.min=1ms backoff.max=4ms "
                "random.seed=1 confirm.timeout=200ms dial.timeout=3s "
                "greeting.timeout=3s");
    char copy[512], *rest, *setting;

    (void)snprintf(copy, sizeof copy, "%u", script->threads); // it fits
    MUST(script, hawser_options_set(options, "threads", copy));
    (void)snprintf(copy, sizeof copy, "%s", settings); // ours are shorter
    setting = strtok_r(copy, " ", &rest);
    while (setting != NULL && is_right(script)) {
        set(script, options, setting);
        setting = strtok_r(NULL, " ", &rest);
    }
    if (script->context == NULL) {
        MUST(script, hawser_bus_open(options, &script->bus));
    } else {
        MUST(script,
             hawser_bus_open_in_zmq(script->context, options, &script->bus));
    }
    hawser_options_free(options);
}

// Made once: it never leaves a bus behind. Goodbyes that are under way after a
// second, which loops share, are left to end by themselves, with what they
// hold.
void
close_bus(struct script *script, int timeout_ms, hawser_status wanted)
{
    uint64_t began_ms = now_ms();
    hawser_status status = hawser_bus_close(script->bus, timeout_ms);

    if (status != wanted) {
        wrong(script, "hawser_bus_close answered %s, not %s",
              hawser_status_name(status), hawser_status_name(wanted));
    }
    script->late = now_ms() - began_ms >=
                   GOODBYE_MS / (script->threads > 1 ? script->threads : 1);
    script->bus = NULL;
}

struct ledger *
open_link(struct script *script, hawser_inbox *inbox, const char *urls,
          const char *settings)
{
    struct ledger *ledger = &script->ledgers[script->links++];
    hawser_options *options = options_of(script, settings);

    if (inbox == NULL) {
        MUST(script,
             hawser_link_open(script->bus, urls, options, &ledger->link));
    } else {
        MUST(script, hawser_link_open_in(inbox, urls, options, &ledger->link));
    }
    ledger->open = is_right(script);
    hawser_options_free(options);
    return ledger;
}

void
join(struct script *script, const char *name, const char *settings)
{
    struct ledger *left, *right;

    left = open_link(script, NULL, name, settings);
    right = open_link(script, script->inbox, name, settings);
    left->sender = right;
    right->sender = left;
    pump(script, is_up, left, "the left link to be up");
    pump(script, is_up, right, "the right link to be up");
}

// ---- sending ----

hawser_message *
message_of(struct script *script, unsigned number, size_t more)
{
    static char bytes[256 * 1024];
    hawser_message *message = NULL;

    (void)snprintf(bytes, sizeof bytes, "%04u", number % 10000);
    memset(bytes + 4, 'x', more);
    MUST(script, hawser_message_new(HAWSER_TEXT, bytes, 4 + more, &message));
    return message;
}

void
send_tagged(struct script *script, struct ledger *ledger, unsigned number,
            size_t more)
{
    hawser_message *message = message_of(script, number, more);

    if (!is_right(script)) {
        return;
    }
    MUST(script,
         hawser_send_message(script->bus, ledger->link, message, number));
    ledger->accepted[number] = 1;
    ledger->tagged[number] = 1;
    hawser_message_drop(message);
}

void
send_with(struct script *script, struct ledger *ledger, unsigned number,
          hawser_send_options options)
{
    hawser_message *message = message_of(script, number, 0);

    if (!is_right(script)) {
        return;
    }
    options.size = sizeof options;
    options.tag = number;
    MUST(script,
         hawser_send_with(script->bus, ledger->link, message, &options));
    ledger->accepted[number] = 1;
    ledger->tagged[number] = 1;
    hawser_message_drop(message);
}

// ---- hearing ----

static struct ledger *
ledger_of(struct script *script, hawser_link link)
{
    for (unsigned i = 0; i < script->links; i++) {
        if (script->ledgers[i].link.id == link.id) {
            return &script->ledgers[i];
        }
    }
    return NULL;
}

static void
settle(struct script *script, struct ledger *ledger, unsigned number)
{
    if (number % 3 == 0) {
        MUST(script, hawser_settle_up_to(script->bus, ledger->link, number));
    } else {
        MUST(script, hawser_settle(script->bus, ledger->link, number));
    }
}

static void
on_message(void *user, hawser_link link, hawser_message *message)
{
    struct script *script = user;
    struct ledger *ledger = ledger_of(script, link);
    const char *bytes = hawser_message_bytes(message);
    unsigned number = 0;

    if (ledger == NULL || hawser_message_size(message) < 4) {
        wrong(script, "a message of nobody");
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        number = number * 10 + (unsigned)(bytes[i] - '0');
    }
    if (ledger->sender == NULL || number >= NUMBERS) {
        return;
    }
    ledger->sender->arrived[number] = 1;
    if (ledger->settles && ledger->sender->tagged[number] &&
        ledger->sender->open) {
        settle(script, ledger->sender, number);
    }
}

static void
on_greeting(struct script *script, struct ledger *ledger)
{
    hawser_message *hello = message_of(script, NUMBERS + 1, 0);

    if (!is_right(script)) {
        return;
    }
    ledger->greetings++;
    MUST(script,
         hawser_link_greet(script->bus, ledger->link, ledger->wire, hello));
    hawser_message_drop(hello);
    if (ledger->greetings == 1) {
        MUST(script, hawser_link_refuse(script->bus, ledger->link, ledger->wire,
                                        "not yet"));
    } else {
        MUST(script,
             hawser_link_ready(script->bus, ledger->link, ledger->wire));
    }
}

static void
on_event(void *user, hawser_link link, const hawser_event *event)
{
    struct script *script = user;
    struct ledger *ledger = ledger_of(script, link);

    if (ledger == NULL) {
        wrong(script, "an event of nobody");
        return;
    }
    ledger->wire = event->wire;
    if (event->kind == HAWSER_EVENT_ASK) {
        MUST(script, hawser_link_answer(script->bus, link, event->wire,
                                        "X-Torture: yes\nX-More: also"));
        return;
    }
    if (event->kind == HAWSER_EVENT_DOWNGRADE) {
        wrong(script, "a downgrade: %s", event->error);
        return;
    }
    ledger->state = event->state;
    ledger->ups += event->state == HAWSER_UP;
    if (event->state == HAWSER_GREETING && ledger->greets) {
        on_greeting(script, ledger);
    }
    if (event->state == HAWSER_CLOSED) {
        ledger->open = false;
        ledger->leftover = event->leftover;
    }
}

static void
on_receipt(void *user, hawser_link link, uint64_t tag, hawser_fate fate)
{
    struct script *script = user;
    struct ledger *ledger = ledger_of(script, link);

    if (ledger == NULL || tag >= NUMBERS || !ledger->tagged[tag]) {
        wrong(script, "a receipt of nobody, with tag %u", (unsigned)tag);
        return;
    }
    ledger->fates[tag] = (uint8_t)fate;
    if (++ledger->receipts[tag] > 1) {
        wrong(script, "two receipts of number %u", (unsigned)tag);
    }
}

const hawser_handlers handlers = {
    .on_message = on_message,
    .on_event = on_event,
    .on_receipt = on_receipt,
};

static void
handle(struct script *script, hawser_item *item)
{
    switch (item->kind) {
    case HAWSER_ITEM_MESSAGE:
        on_message(script, item->link, item->message);
        break;
    case HAWSER_ITEM_EVENT:
        on_event(script, item->link, item->event);
        break;
    case HAWSER_ITEM_RECEIPT:
        on_receipt(script, item->link, item->tag, item->fate);
        break;
    }
    hawser_item_drop(item);
}

void
hear_once(struct script *script)
{
    hawser_inbox *first = hawser_bus_inbox(script->bus);
    hawser_item item;
    hawser_status status;

    script->heard = script->inbox != NULL && script->heard != script->inbox
                        ? script->inbox
                        : first;
    status = hawser_inbox_receive(script->heard, &item,
                                  script->inbox == NULL ? 20 : 1);
    if (status == HAWSER_OK) {
        handle(script, &item);
    } else if (status != HAWSER_TIMEOUT && !refused(script, status)) {
        wrong(script, "hawser_inbox_receive answered %s",
              hawser_status_name(status));
    }
}

void
pump(struct script *script,
     bool (*done)(struct script *script, struct ledger *ledger),
     struct ledger *ledger, const char *what)
{
    uint64_t deadline = now_ms() + PATIENCE_MS;

    while (is_right(script) && !done(script, ledger)) {
        hear_once(script);
        if (now_ms() > deadline) {
            wrong(script, "waited in vain for %s; it is %s", what,
                  hawser_state_name(ledger->state));
        }
    }
}

bool
is_up(struct script *script, struct ledger *ledger)
{
    (void)script;
    return ledger->state == HAWSER_UP;
}

bool
is_closed(struct script *script, struct ledger *ledger)
{
    (void)script;
    return ledger->state == HAWSER_CLOSED;
}

bool
has_failed(struct script *script, struct ledger *ledger)
{
    (void)script;
    return ledger->state == HAWSER_FAILED;
}

bool
has_receipts(struct script *script, struct ledger *ledger)
{
    (void)script;
    for (unsigned i = 0; i < NUMBERS; i++) {
        if (ledger->tagged[i] && ledger->receipts[i] == 0) {
            return false;
        }
    }
    return true;
}

bool
has_arrived(struct script *script, struct ledger *ledger)
{
    (void)script;
    for (unsigned i = 0; i < NUMBERS; i++) {
        if (ledger->accepted[i] && !ledger->arrived[i]) {
            return false;
        }
    }
    return true;
}

bool
is_echoed(struct script *script, struct ledger *ledger)
{
    return has_receipts(script, ledger) && has_arrived(script, ledger);
}

void
talk_with_echo(struct script *script, struct ledger *ledger)
{
    for (unsigned number = 1; number < TALKED - 1; number++) {
        send_tagged(script, ledger, number, number * 50);
    }
    send_tagged(script, ledger, TALKED - 1, 100000);
    pump(script, is_echoed, ledger, "the echoes");
    MUST(script, hawser_link_reconnect(script->bus, ledger->link));
    send_tagged(script, ledger, TALKED, 0);
    pump(script, is_echoed, ledger, "the echo after a reconnect");
}

// ---- ends ----

void
end_link(struct script *script, struct ledger *ledger)
{
    if (is_right(script)) {
        MUST(script,
             hawser_link_close(script->bus, ledger->link, 0, "that is all"));
        pump(script, is_closed, ledger, "the link to be closed");
    }
}

void
check_fate(struct script *script, struct ledger *ledger, unsigned number,
           hawser_fate fate)
{
    if (is_right(script) &&
        (ledger->receipts[number] != 1 || ledger->fates[number] != fate)) {
        wrong(script, "number %u: %u receipts, %s instead of %s", number,
              ledger->receipts[number],
              hawser_fate_name((hawser_fate)ledger->fates[number]),
              hawser_fate_name(fate));
    }
}

void
check_ledger(struct script *script, struct ledger *ledger)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        if (ledger->tagged[i] && ledger->receipts[i] != 1) {
            wrong(script, "number %u was accepted, and has %u receipts", i,
                  ledger->receipts[i]);
        } else if (ledger->tagged[i] && ledger->fates[i] == HAWSER_SETTLED &&
                   !ledger->arrived[i]) {
            wrong(script, "number %u is settled, and did not arrive", i);
        }
    }
}

void
end_drained(struct script *script, struct ledger *ledger)
{
    MUST(script, hawser_link_drain(script->bus, ledger->link, PATIENCE_MS, 0,
                                   "that is all"));
    pump(script, is_closed, ledger, "the drained link to close");
    check_ledger(script, ledger);
}
