// durable_test.c - acts: links whose spool is a file, in lives that follow.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "script.h"

static char path[64];
static char settings[160];

// ---- a file of this run's ----

static void
begin(struct script *script, const char *more)
{
    (void)snprintf(path, sizeof path, "/tmp/hawser-torture-spool-%d",
                   (int)getpid()); // it fits
    (void)snprintf(settings, sizeof settings, "spool=file:%s %s", path,
                   more); // likewise
    (void)unlink(path);   // of a run that ended otherwise
    open_bus(script, "confirm=peer confirm.interval=0ms "
                     "heartbeat.interval=off");
}

static void
end(struct script *script)
{
    close_bus(script, 0, HAWSER_OK);
    (void)unlink(path); // it is there, or the act went wrong
}

// ---- sending ----

// As long as the file can't be written, which a call that failed may cause,
// sends are refused.
static bool
may_be_refused(hawser_status status)
{
    return faults_fired() &&
           (status == HAWSER_FULL || status == HAWSER_SYSTEM ||
            status == HAWSER_NO_MEMORY);
}

static hawser_status
give(struct script *script, struct ledger *ledger, hawser_message *message,
     unsigned number, bool sync)
{
    return sync ? hawser_send_sync(script->bus, ledger->link, message, number,
                                   PATIENCE_MS)
                : hawser_send_message(script->bus, ledger->link, message,
                                      number);
}

static void
send_kept(struct script *script, struct ledger *ledger, unsigned number,
          bool sync)
{
    hawser_message *message = message_of(script, number, number * 100);
    uint64_t deadline = now_ms() + PATIENCE_MS;
    hawser_status status = HAWSER_FULL;

    while (is_right(script) && status != HAWSER_OK) {
        status = give(script, ledger, message, number, sync);
        if (status == HAWSER_OK) {
            ledger->accepted[number] = 1;
            ledger->tagged[number] = 1;
        } else if (!may_be_refused(status) || now_ms() > deadline) {
            wrong(script, "number %u: %s", number, hawser_status_name(status));
        } else {
            hear_once(script);
        }
    }
    hawser_message_drop(message);
}

// ---- lives ----

// Where there is no room on the disk, it is refused with FULL.
static struct ledger *
open_kept(struct script *script, const char *url)
{
    struct ledger *ledger = &script->ledgers[script->links++];
    hawser_options *options = options_of(script, settings);
    hawser_status status =
        hawser_link_open(script->bus, url, options, &ledger->link);

    if (may_be_refused(status)) {
        status = hawser_link_open(script->bus, url, options, &ledger->link);
    }
    if (status != HAWSER_OK) {
        wrong(script, "hawser_link_open answered %s: %s",
              hawser_status_name(status), hawser_last_error());
    }
    ledger->open = is_right(script);
    hawser_options_free(options);
    return ledger;
}

static void
end_with(struct script *script, struct ledger *ledger, uint64_t leftover)
{
    end_link(script, ledger);
    if (is_right(script) && ledger->leftover != leftover) {
        wrong(script, "%u messages are counted as left of %u",
              (unsigned)ledger->leftover, (unsigned)leftover);
    }
}

// What the file has of the life before, with the tags. Where memory was missing
// to note that one is gone, that is there too.
static void
inherit(struct script *script, struct ledger *heir, const struct ledger *before)
{
    hawser_link_stats stats = { .size = sizeof stats };
    unsigned count = 0, gone = 0;

    for (unsigned number = 0; number < NUMBERS; number++) {
        bool left = before->accepted[number] && before->receipts[number] == 0;

        heir->accepted[number] = left;
        heir->tagged[number] = left;
        count += left;
        gone = before->receipts[number] > 0 ? number : gone;
    }
    MUST(script, hawser_link_get_stats(script->bus, heir->link, &stats));
    if (stats.accepted == count + 1 && gone > 0 && faults_fired()) {
        heir->accepted[gone] = 1;
        heir->tagged[gone] = 1;
        count++;
    }
    if (is_right(script) && stats.accepted != count) {
        wrong(script, "%u messages are in the file, not %u",
              (unsigned)stats.accepted, count);
    }
}

static bool
is_done(struct script *script, struct ledger *ledger)
{
    return has_receipts(script, ledger) && has_arrived(script, ledger);
}

static void
meet_peer(struct script *script, struct ledger *ledger, const char *url)
{
    struct ledger *peer = open_link(script, NULL, url, "");

    peer->sender = ledger;
    pump(script, is_done, ledger, "what was in the file");
    MUST(script, hawser_flush(script->bus, ledger->link, PATIENCE_MS));
    check_ledger(script, ledger);
}

// But for what could not be noted to be gone.
static void
expect_empty(struct script *script, struct ledger *ledger)
{
    hawser_link_stats stats = { .size = sizeof stats };

    MUST(script, hawser_link_get_stats(script->bus, ledger->link, &stats));
    if (is_right(script) && stats.accepted != 0 && !faults_fired()) {
        wrong(script, "%u messages are left in the file",
              (unsigned)stats.accepted);
    }
}

static bool
has_lost_the_second(struct script *script, struct ledger *ledger)
{
    (void)script;
    return ledger->receipts[2] != 0;
}

static void
play_lives(struct script *script)
{
    static const char url[] = "inproc://lives";
    struct ledger *first, *second, *third;

    begin(script, "");
    first = open_kept(script, url);
    for (unsigned number = 1; number < 4; number++) {
        send_kept(script, first, number, false);
    }
    send_kept(script, first, 4, true);
    if (is_right(script)) {
        MUST(script, hawser_cancel(script->bus, first->link, 2));
    }
    pump(script, has_lost_the_second, first,
         "the receipt of what is cancelled");
    send_kept(script, first, 5, false);
    end_with(script, first, 4);
    second = open_kept(script, url);
    inherit(script, second, first);
    send_kept(script, second, 6, true);
    meet_peer(script, second, url);
    end_with(script, second, 0);
    third = open_kept(script, url);
    expect_empty(script, third);
    if (is_right(script)) {
        MUST(script, hawser_link_close(script->bus, third->link, 0, ""));
    }
    pump(script, is_closed, third, "the last life to end");
    end(script);
}

// ---- stream: with a peer that takes it from the first ----

static void
play_stream(struct script *script)
{
    static const char url[] = "inproc://stream";
    struct ledger *ledger;

    begin(script, "spool.commit=0ms");
    ledger = open_kept(script, url);
    for (unsigned number = 1; number < 8; number++) {
        send_kept(script, ledger, number, number % 3 == 0);
    }
    meet_peer(script, ledger, url);
    for (unsigned number = 8; number < 16; number++) {
        send_kept(script, ledger, number, number % 3 == 0);
    }
    pump(script, is_done, ledger, "receipts and arrivals");
    check_ledger(script, ledger);
    end_with(script, ledger, 0);
    end(script);
}

// ---- left: a bus that is closed over it ----

static void
play_left(struct script *script)
{
    static const char url[] = "inproc://left";
    struct ledger *ledger;

    begin(script, "spool.commit=1s");
    ledger = open_kept(script, url);
    send_kept(script, ledger, 1, false);
    send_kept(script, ledger, 2, false);
    close_bus(script, 0, HAWSER_LEFTOVER);
    open_bus(script, "confirm=peer confirm.interval=0ms");
    inherit(script, open_kept(script, url), ledger);
    close_bus(script, 0, HAWSER_LEFTOVER);
    (void)unlink(path); // it is there, or the act went wrong
}

const struct act acts[] = {
    { "lives", play_lives },
    { "stream", play_stream },
    { "left", play_left },
    { NULL, NULL },
};
