// options.c - what a link is opened with.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storm.h"
#include "values/settings.h"

enum { DEEP = 800 }; // messages of a spool in which lanes can starve

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "storm: %s\n", what);
        abort();
    }
}

static void
set(hawser_options *options, const char *name, const char *value)
{
    if (hawser_options_set(options, name, value) != HAWSER_OK) {
        (void)fprintf(stderr, "storm: %s=%s: %s\n", name, value,
                      hawser_options_error(options));
        abort();
    }
}

static void
set_number(hawser_options *options, const char *name, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, value); // fits
    set(options, name, text);
}

static void
set_limits(struct storm *storm, const struct link *link,
           hawser_options *options)
{
    set_number(options, "spool.max_messages",
               link->deep ? DEEP + storm_chance(storm, DEEP)
                          : 1 + storm_chance(storm, 60));
    if (!link->deep && storm_once_in(storm, 2)) {
        set_number(options, "spool.max_bytes", 1 + storm_chance(storm, 20000));
    }
    set_number(options, "receive.max_messages", 1 + storm_chance(storm, 50));
    set_number(options, "receive.max_bytes", 1 + storm_chance(storm, 20000));
    set_number(options, "wire.buffer", 4096 << storm_chance(storm, 2));
}

static void
set_times(struct storm *storm, hawser_options *options)
{
    static const char *const jitters[] = { "none", "proportional", "equal",
                                           "full", "decorrelated" };

    set_number(options, "dial.timeout", 50 + storm_chance(storm, 2000));
    set_number(options, "backoff.min", 1 + storm_chance(storm, 200));
    set_number(options, "backoff.max", 50 + storm_chance(storm, 3000));
    set_number(options, "backoff.factor", 1 + storm_chance(storm, 4));
    set(options, "backoff.jitter", jitters[storm_chance(storm, 4)]);
    set_number(options, "stable.after", storm_chance(storm, 3000));
    set_number(options, "greeting.timeout", 20 + storm_chance(storm, 1500));
    set_number(options, "confirm.timeout", 5 + storm_chance(storm, 1000));
    set_number(options, "confirm.interval", storm_chance(storm, 20));
    if (storm->forgets || storm_once_in(storm, 2)) {
        set_number(options, "heartbeat.interval",
                   50 + storm_chance(storm, 2000));
        set_number(options, "heartbeat.timeout",
                   500 + storm_chance(storm, 1500));
        set_number(options, "idle.timeout", 6000);
    } else {
        set(options, "heartbeat.interval", "off");
    }
    if (storm_once_in(storm, 2)) {
        set_number(options, "write.timeout", 500 + storm_chance(storm, 3000));
    }
}

// What each of its messages is sent by, where it is looked at one by one.
static void
choose_policies(struct storm *storm, struct link *link)
{
    link->says = storm_once_in(storm, 4);
    link->confirms = !link->says && !storm_once_in(storm, 3);
    link->greets = storm_once_in(storm, 4);
    link->tagged = link->says || !storm_once_in(storm, 4);
    link->lanes = link->tagged && storm_once_in(storm, 2);
    link->keyed = link->tagged && storm_once_in(storm, 3);
    link->timed = link->tagged && storm_once_in(storm, 3);
    link->deep = link->lanes && storm_once_in(storm, 3);
    link->durable = link->tagged && storm->disks && storm_once_in(storm, 2);
    link->reads_slowly = storm_once_in(storm, 3);
    link->picky = link->tagged && (storm->seed + link->id) % 6 == 0;
}

static void
set_policies(struct storm *storm, struct link *link, hawser_options *options)
{
    static const char *const overflows[] = { "refuse", "block", "drop-oldest",
                                             "drop-newest" };
    uint64_t overflow = storm_chance(storm, 3);

    link->drops = overflow == 2;
    set(options, "confirm",
        link->says       ? "application"
        : link->confirms ? "peer"
                         : "none");
    set(options, "overflow", overflows[overflow]);
    set(options, "greeting", link->greets ? "application" : "none");
    if (link->timed && storm_once_in(storm, 2)) {
        set_number(options, "message.ttl", 20 + storm_chance(storm, 3000));
    }
}

// Greetings take their tokens too, and have their time to wait for them.
static void
set_rate(struct storm *storm, const struct link *link, hawser_options *options)
{
    uint64_t rate = 20 << storm_chance(storm, 6);

    set_number(options, "rate.messages", link->deep ? rate + 200 : rate);
    set_number(options, "rate.burst", 1 + storm_chance(storm, 50));
    set_number(options, "greeting.timeout", 3000);
}

static void
set_rest(struct storm *storm, hawser_options *options)
{
    if (storm_once_in(storm, 6)) {
        set(options, "dial.ask", "on");
    }
    if (storm_once_in(storm, 6)) {
        set_number(options, "attempts.max", 1 + storm_chance(storm, 10));
    }
    if (storm_once_in(storm, 6)) {
        set(options, "confirm.strict", "on");
    }
    if (storm_once_in(storm, 4)) {
        set(options, "ping.message", "ping");
        set_number(options, "ping.interval", 100 + storm_chance(storm, 1000));
    }
    if (storm_once_in(storm, 2)) {
        set(options, "on.tls", "retry");
        set(options, "on.http_401", "next");
        set(options, "on.http_404", "retry");
        set(options, "on.close_1008", "retry");
    }
}

struct hw_plan *
options_plan(struct storm *storm, struct link *link)
{
    struct hw_endpoint endpoints[SERVERS + 1] = { 0 };
    uint32_t count = (uint32_t)storm_chance(storm, SERVERS - 1) + 1;
    struct hawser_settings *settings;
    hawser_options *options;
    char urls[SERVERS + 1][16];
    struct hw_plan *plan;

    must(hawser_options_new(&options) == HAWSER_OK, "no options");
    choose_policies(storm, link);
    set_limits(storm, link, options);
    set_times(storm, options);
    set_policies(storm, link, options);
    set_rest(storm, options);
    if (storm_once_in(storm, 4)) {
        set_rate(storm, link, options);
    }
    settings = hw_settings_new(NULL, options);
    hawser_options_free(options);
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(urls[i], sizeof urls[i], "sim://%u",
                       (unsigned)storm_chance(storm, SERVERS - 1)); // fits
        endpoints[i].url = urls[i];
        endpoints[i].transport = &hawser_transport_sim;
    }
    plan = hw_plan_new(settings, endpoints, count);
    must(settings != NULL && plan != NULL, "no plan");
    return plan;
}
