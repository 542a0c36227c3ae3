// link.c - how the application opens a link, and what it says on it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storm.h"
#include "values/batch.h"
#include "values/settings.h"

enum { BATCH_ROOM = 2048 };

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "storm: %s\n", what);
        abort();
    }
}

// ---- options ----

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
set_limits(struct storm *storm, hawser_options *options)
{
    set_number(options, "spool.max_messages", 1 + storm_chance(storm, 60));
    if (storm_once_in(storm, 2)) {
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

static void
set_policy(struct storm *storm, struct link *link, hawser_options *options)
{
    static const char *const overflows[] = { "refuse", "block", "drop-oldest" };
    uint64_t overflow = storm_chance(storm, 2);

    link->says = storm_once_in(storm, 4);
    link->confirms = !link->says && !storm_once_in(storm, 3);
    link->drops = overflow == 2;
    link->greets = storm_once_in(storm, 4);
    link->tagged = link->says || storm_once_in(storm, 2);
    link->reads_slowly = storm_once_in(storm, 3);
    set(options, "confirm",
        link->says       ? "application"
        : link->confirms ? "peer"
                         : "none");
    set(options, "overflow", overflows[overflow]);
    set(options, "greeting", link->greets ? "application" : "none");
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

static struct hw_plan *
make_plan(struct storm *storm, struct link *link)
{
    struct hw_endpoint endpoints[SERVERS + 1] = { 0 };
    uint32_t count = (uint32_t)storm_chance(storm, SERVERS - 1) + 1;
    struct hawser_settings *settings;
    hawser_options *options;
    char urls[SERVERS + 1][16];
    struct hw_plan *plan;

    must(hawser_options_new(&options) == HAWSER_OK, "no options");
    set_limits(storm, options);
    set_times(storm, options);
    set_policy(storm, link, options);
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

// ---- opening ----

static unsigned
free_row(const struct storm *storm)
{
    unsigned row = 0;

    while (row < ROWS && storm->rows[row] != NULL) {
        row++;
    }
    return row;
}

struct link *
link_open(struct storm *storm)
{
    struct link *link = &storm->links[storm->link_count];
    unsigned row = free_row(storm);
    struct hw_letter letter = { .kind = HW_LETTER_LINK_OPEN, .link = row };

    if (row == ROWS || storm->link_count == LINKS_MAX) {
        return NULL;
    }
    memset(link, 0, sizeof *link);
    link->id = storm->link_count++;
    link->row = row;
    link->open = true;
    link->answer_at_us = STORM_NEVER;
    link->unread_slack = 2 * CAPACITY_MAX;
    link->fates = calloc(MESSAGES_MAX, sizeof *link->fates);
    must(link->fates != NULL, "out of memory");
    link->plan = make_plan(storm, link);
    link->plan->meter = &link->meter;
    storm->rows[row] = link;
    storm_tell(storm,
               "link %" PRIu32 " opens: confirms %d says %d drops %d greets %d",
               link->id, link->confirms, link->says, link->drops, link->greets);
    letter.thing = hw_plan_hold(link->plan);
    storm_say(storm, HW_RECEIVER, &letter);
    letter.thing = hw_plan_hold(link->plan);
    storm_say(storm, HW_QUEUE, &letter);
    letter.thing = hw_plan_hold(link->plan);
    storm_say(storm, HW_SUPERVISOR, &letter);
    return link;
}

void
link_free(struct link *link)
{
    hw_plan_drop(link->plan);
    free(link->fates);
}

// ---- messages ----

static hawser_message
labelled(uint8_t *bytes, uint32_t sort, const struct link *link,
         uint64_t number, size_t size)
{
    const struct label label = { sort, link->id, number };

    memcpy(bytes, &label, sizeof label);
    return (hawser_message){
        .bytes = bytes,
        .size = (uint32_t)(sizeof label + size),
        .kind = HAWSER_BINARY,
    };
}

// As the front counts it.
static bool
fits(const struct link *link, size_t size)
{
    const struct hawser_settings *settings = link->plan->settings;
    uint64_t held =
        link->accepted - HW_METER_GET(link->meter.released_messages);
    uint64_t bytes =
        link->accepted_bytes - HW_METER_GET(link->meter.released_bytes);

    uint64_t factor = link->drops ? 2 : 1;

    return held == 0 ||
           (held < (uint64_t)settings->spool_max_messages * factor &&
            bytes + size <= (uint64_t)settings->spool_max_bytes * factor);
}

static struct hw_batch *
batch_for(struct hw_batch *last, size_t size)
{
    size_t room = hw_batch_room(size);
    struct hw_batch *batch =
        hw_batch_new(room < BATCH_ROOM ? BATCH_ROOM : room);

    must(batch != NULL, "out of memory");
    if (last != NULL) {
        last->next = batch;
    }
    return batch;
}

static bool
add_one(struct storm *storm, struct link *link, struct hw_batch **first,
        struct hw_batch **last)
{
    static uint8_t bytes[sizeof(struct label) + 9000];
    size_t size = storm_chance(storm, storm_once_in(storm, 30) ? 9000 : 200);
    hawser_message message =
        labelled(bytes, LABEL_MESSAGE, link, link->accepted, size);

    if (link->accepted == MESSAGES_MAX || !fits(link, message.size)) {
        return false;
    }
    message.private_tag = link->tagged ? link->accepted + 1 : 0;
    if (*last == NULL || storm_once_in(storm, 10) ||
        !hw_batch_add(*last, &message)) {
        *last = batch_for(*last, message.size);
        *first = *first == NULL ? *last : *first;
        (void)hw_batch_add(*last, &message); // made to measure: it fits
    }
    link->accepted++;
    link->accepted_bytes += message.size;
    return true;
}

static void
begin_to_wait(struct link *link)
{
    if (link->plan->settings->overflow == HW_OVERFLOW_BLOCK && !link->blocked &&
        link->accepted < MESSAGES_MAX) {
        link->blocked = true;
        link->room_heard = false;
        link->released_then = HW_METER_GET(link->meter.released_messages);
        atomic_fetch_add(&link->meter.blocked, 1);
    }
}

void
link_send(struct storm *storm, struct link *link, uint32_t count)
{
    struct hw_letter letter = { .kind = HW_LETTER_SEND, .link = link->row };
    struct hw_batch *first = NULL, *last = NULL;

    while (count > 0 && add_one(storm, link, &first, &last)) {
        count--;
    }
    if (count > 0) {
        begin_to_wait(link);
    }
    letter.thing = first;
    if (first != NULL) {
        storm_tell(storm, "link %" PRIu32 " sends up to message %" PRIu64,
                   link->id, link->accepted - 1);
        storm_say(storm, HW_QUEUE, &letter);
    }
}

// ---- standing messages and greetings ----

static struct hw_batch *
batch_of(uint32_t sort, const struct link *link, uint64_t number, uint8_t flags)
{
    uint8_t bytes[sizeof(struct label) + 64] = { 0 };
    hawser_message message = labelled(bytes, sort, link, number, 64);
    struct hw_batch *batch = hw_batch_new(hw_batch_room(sizeof bytes));

    must(batch != NULL, "out of memory");
    message.private_flags = flags;
    (void)hw_batch_add(batch, &message); // made to measure: it fits
    return batch;
}

void
link_standing_add(struct storm *storm, struct link *link)
{
    struct standing_message *standing = &link->standing[link->standing_count];
    struct hw_letter letter = { .kind = HW_LETTER_STANDING_ADD,
                                .link = link->row };
    unsigned state = HW_METER_GET(link->meter.state);
    struct hw_batch *batch;

    if (link->standing_count == STANDING_MAX) {
        return;
    }
    link->standing_count++;
    standing->id = ++link->last_standing;
    standing->added_before_wire = (uint64_t)link->wire + 1;
    if (state == HAWSER_UP || state == HAWSER_DRAINING) {
        link->copies_sent = true;
    }
    batch = batch_of(LABEL_STANDING, link, standing->id, 0);
    batch->next =
        batch_of(LABEL_STANDING, link, standing->id, HW_MESSAGE_STANDING);
    letter.number = standing->id;
    letter.thing = batch;
    storm_say(storm, HW_QUEUE, &letter);
}

void
link_standing_remove(struct storm *storm, struct link *link)
{
    struct hw_letter letter = { .kind = HW_LETTER_STANDING_REMOVE,
                                .link = link->row };
    uint32_t at;

    if (link->standing_count == 0) {
        return;
    }
    at = (uint32_t)storm_chance(storm, link->standing_count - 1);
    letter.number = link->standing[at].id;
    if (storm_once_in(storm, 2)) {
        link->copies_sent = true; // a farewell is such a copy too
        letter.thing =
            batch_of(LABEL_FAREWELL, link, letter.number, HW_MESSAGE_STANDING);
    }
    link->standing_count--;
    memmove(&link->standing[at], &link->standing[at + 1],
            (link->standing_count - at) * sizeof link->standing[0]);
    storm_say(storm, HW_QUEUE, &letter);
}

void
link_greet(struct storm *storm, const struct link *link)
{
    struct hw_letter letter = { .kind = HW_LETTER_GREET,
                                .link = link->row,
                                .wire = link->answer_wire };

    letter.thing = batch_of(LABEL_GREETING, link, 0, 0);
    storm_say(storm, HW_QUEUE, &letter);
}
