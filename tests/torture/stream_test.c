// stream_test.c - acts: links on tcp, unix and tls, with an echo in another
// process.
//
// What the peer's kernel has acknowledged may be lost with the wire, so it is
// the echo that settles.
#include <stdio.h>

#include "script.h"

static void
play_echo(struct script *script, const char *url, const char *settings)
{
    struct ledger *ledger;

    open_bus(script, "confirm=application message.max=1MiB");
    ledger = open_link(script, NULL, url, settings);
    ledger->sender = ledger;
    ledger->settles = true;
    talk_with_echo(script, ledger);
    end_drained(script, ledger);
    close_bus(script, 0, HAWSER_OK);
}

static void
play_tcp(struct script *script)
{
    char url[64];

    (void)snprintf(url, sizeof url, "tcp://%s:%u",
                   script->threads > 0 ? "localhost" : "127.0.0.1",
                   (unsigned)script->server->echo_port); // it fits
    play_echo(script, url, "");
}

static void
play_unix(struct script *script)
{
    char url[96];

    (void)snprintf(url, sizeof url, "unix://%s",
                   script->server->echo_name); // it fits
    play_echo(script, url, "framing=line");
}

static void
play_tls(struct script *script)
{
    const struct certificate *certificate = &script->server->certificate;
    char url[64], settings[512];

    (void)snprintf(url, sizeof url, "tls://127.0.0.1:%u",
                   (unsigned)script->server->tls_echo_port); // it fits
    (void)snprintf(settings, sizeof settings,
                   "tls.ca=%s tls.cert=%s tls.key=%s tls.server_name=torture "
                   "on.config=retry on.tls=retry",
                   certificate->cert, certificate->cert,
                   certificate->key); // they are short
    play_echo(script, url, settings);
}

// What the kernel confirms is settled, whether or not it comes back.
static void
play_confirm(struct script *script)
{
    struct ledger *ledger;
    char url[64];

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u",
                   (unsigned)script->server->echo_port); // it fits
    open_bus(script, "confirm=peer confirm.interval=0ms");
    ledger = open_link(script, NULL, url, "");
    for (unsigned number = 1; number < 5; number++) {
        send_tagged(script, ledger, number, 0);
    }
    pump(script, has_receipts, ledger, "receipts");
    for (unsigned number = 1; number < 5; number++) {
        check_fate(script, ledger, number, HAWSER_SETTLED);
    }
    end_link(script, ledger);
    close_bus(script, 0, HAWSER_OK);
}

const struct act acts[] = {
    { "tcp", play_tcp },         { "unix", play_unix }, { "tls", play_tls },
    { "confirm", play_confirm }, { NULL, NULL },
};
