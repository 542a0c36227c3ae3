// receipts.c - what becomes of each message: tags and receipts.
//
// hawser_send answers OK when the link has taken a message; that it has arrived
// is known later. A message with a tag gets a receipt that says so. With
// confirm=peer "settled" means that the peer's own protocol stack has received
// it; if the connection is lost before that is known, the message goes out
// again on the next one.
//
// The connection is dropped half-way here, so that some go out twice.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>

enum { MESSAGES = 1000, PATIENCE_MS = 5000 };

struct ledger {
    hawser_bus *bus;
    hawser_link link;
    hawser_fate fates[MESSAGES];
    int told[MESSAGES];
    int receipts;
};

static int
send_numbered(struct ledger *ledger, int number)
{
    char text[32];
    hawser_message *message;
    hawser_status status;
    int size = snprintf(text, sizeof text, "%d", number);

    if (hawser_message_new(HAWSER_TEXT, text, (size_t)size, &message) !=
        HAWSER_OK) {
        return 0;
    }
    // 0 would be no tag.
    status = hawser_send_message(ledger->bus, ledger->link, message,
                                 (uint64_t)number + 1);
    hawser_message_drop(message);
    return status == HAWSER_OK;
}

static void
note(struct ledger *ledger, const hawser_item *item)
{
    uint64_t number = item->tag - 1;

    if (item->kind == HAWSER_ITEM_EVENT) {
        printf("%s %s\n", hawser_state_name(item->event->state),
               item->event->error);
        if (item->event->kind == HAWSER_EVENT_DOWNGRADE) {
            puts("settled means less from here on");
        }
    } else if (item->kind == HAWSER_ITEM_RECEIPT && number < MESSAGES &&
               !ledger->told[number]) {
        ledger->told[number] = 1;
        ledger->fates[number] = item->fate;
        ledger->receipts++;
    }
}

static void
wait_for_receipts(struct ledger *ledger)
{
    hawser_item item;

    while (ledger->receipts < MESSAGES &&
           hawser_receive(ledger->bus, &item, PATIENCE_MS) == HAWSER_OK) {
        note(ledger, &item);
        hawser_item_drop(&item);
    }
}

static int
report(struct ledger *ledger)
{
    hawser_link_stats stats = { .size = sizeof stats };
    int settled = 0;

    for (int i = 0; i < MESSAGES; i++) {
        settled += ledger->told[i] && ledger->fates[i] == HAWSER_SETTLED;
    }
    printf("%d of %d settled", settled, MESSAGES);
    if (hawser_link_get_stats(ledger->bus, ledger->link, &stats) == HAWSER_OK) {
        printf(" over %llu connections; %llu sent again",
               (unsigned long long)stats.connects,
               (unsigned long long)stats.resent);
    }
    putchar('\n');
    return settled == MESSAGES;
}

static int
open_link(struct ledger *ledger, const char *url)
{
    hawser_options *options;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    ok =
        hawser_options_set(options, "confirm", "peer") == HAWSER_OK &&
        hawser_bus_open(NULL, &ledger->bus) == HAWSER_OK &&
        hawser_link_open(ledger->bus, url, options, &ledger->link) == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

int
main(int argc, char **argv)
{
    static struct ledger ledger;
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    int sent = 0;

    if (strcmp(url, "--help") == 0) {
        puts("usage: receipts [URL]\n\nSends a thousand messages, drops the "
             "connection half-way, and ends when each is settled.\nTry it "
             "with: hawser serve ws://127.0.0.1:9000");
        return 0;
    }
    if (!open_link(&ledger, url) ||
        hawser_link_wait_up(ledger.bus, ledger.link, PATIENCE_MS) !=
            HAWSER_OK) {
        fprintf(stderr, "receipts: %s\n", hawser_last_error());
        return 1;
    }
    while (sent < MESSAGES && send_numbered(&ledger, sent)) {
        sent++;
        if (sent == MESSAGES / 2) {
            (void)hawser_link_reconnect(ledger.bus, ledger.link);
        }
    }
    wait_for_receipts(&ledger);
    sent = report(&ledger);
    return hawser_bus_close(ledger.bus, 1000) == HAWSER_OK && sent ? 0 : 1;
}
