// link.c - how the application opens a link, and what it sends on it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storm.h"
#include "values/batch.h"
#include "values/settings.h"

enum { BATCH_ROOM = 2048, FLOOD = 400 };

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "storm: %s\n", what);
        abort();
    }
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

static const char *
text(const struct link *link, unsigned option)
{
    return link->plan->settings->texts[option];
}

static void
tell_actors(struct storm *storm, struct link *link, struct hw_batch *loaded)
{
    struct hw_letter letter = { .kind = HW_LETTER_LINK_OPEN,
                                .link = link->row };

    link->open = true;
    storm->rows[link->row] = link;
    letter.thing = hw_plan_hold(link->plan);
    storm_say(storm, HW_RECEIVER, &letter);
    letter.thing = hw_plan_hold(link->plan);
    storm_say(storm, HW_QUEUE, &letter);
    letter.thing = hw_plan_hold(link->plan);
    storm_say(storm, HW_SUPERVISOR, &letter);
    if (loaded != NULL) {
        letter.kind = HW_LETTER_SEND;
        letter.thing = loaded;
        storm_say(storm, HW_QUEUE, &letter);
    }
}

void
link_open_again(struct storm *storm, struct link *link)
{
    struct hw_batch *loaded = life_begin(storm, link);

    link->loaded = link->arrived;
    storm_tell(storm, "link %" PRIu32 " opens again with %" PRIu64 " messages",
               link->id, link->loaded);
    tell_actors(storm, link, loaded);
}

// One whose file waits for it, as often as not.
static bool
open_one_again(struct storm *storm, unsigned row)
{
    uint32_t i = 0;

    while (i < storm->link_count &&
           (!storm->links[i].durable || storm->links[i].open)) {
        i++;
    }
    if (i == storm->link_count || storm_once_in(storm, 2)) {
        return false;
    }
    storm->links[i].row = row;
    link_open_again(storm, &storm->links[i]);
    return true;
}

void
link_open(struct storm *storm)
{
    struct link *link = &storm->links[storm->link_count];
    unsigned row = free_row(storm);

    if (row == ROWS || open_one_again(storm, row) ||
        storm->link_count == LINKS_MAX) {
        return;
    }
    memset(link, 0, sizeof *link);
    link->id = storm->link_count++;
    link->row = row;
    link->answer_at_us = STORM_NEVER;
    link->unread_slack = 2 * CAPACITY_MAX;
    link->plan = options_plan(storm, link);
    link->plan->meter = &link->meter;
    link->plan->durable = link->durable;
    storm_tell(storm,
               "link %" PRIu32 " opens: confirm %s overflow %s greets %d "
               "lanes %d keyed %d timed %d rate %s durable %d",
               link->id, text(link, HW_OPTION_confirm),
               text(link, HW_OPTION_overflow), link->greets, link->lanes,
               link->keyed, link->timed, text(link, HW_OPTION_rate_messages),
               link->durable);
    // Its file is new, so it holds nothing.
    tell_actors(storm, link, link->durable ? disk_open(storm, link) : NULL);
}

void
link_free(struct link *link)
{
    disk_remove(link);
    hw_plan_drop(link->plan);
    free(link->fates);
}

// ---- messages ----

// As the front counts it.
static bool
fits(const struct link *link, size_t size)
{
    const struct hawser_settings *settings = link->plan->settings;
    uint64_t held = link_held(link);
    uint64_t bytes = link_held_bytes(link);

    uint64_t factor = link->drops ? 2 : 1;

    return held == 0 ||
           (held < (uint64_t)settings->spool_max_messages * factor &&
            bytes + size <= (uint64_t)settings->spool_max_bytes * factor);
}

static struct fate *
add_fate(struct link *link)
{
    uint64_t room = link->fate_room == 0 ? 64 : link->fate_room * 2;

    if (link->accepted == link->fate_room) {
        link->fates = realloc(link->fates, room * sizeof *link->fates);
        must(link->fates != NULL, "out of memory");
        link->fate_room = room;
    }
    memset(&link->fates[link->accepted], 0, sizeof *link->fates);
    return &link->fates[link->accepted++];
}

// ---- policies ----

static int64_t
any_ttl_ms(struct storm *storm)
{
    return storm_once_in(storm, 3)   ? 0
           : storm_once_in(storm, 5) ? -1
                                     : 20 + (int64_t)storm_chance(storm, 3000);
}

// A flood is of one kind, so that others wait beside it.
static struct hw_policy
any_policy(struct storm *storm, const struct link *link, uint32_t lane)
{
    static const uint8_t keys[KEYS] = "-abcd";
    struct hw_policy policy = { .lane = HAWSER_NORMAL };

    if (link->lanes) {
        policy.lane =
            (uint8_t)(lane < LANES ? lane : storm_chance(storm, HAWSER_LOW));
    }
    if (link->timed) {
        policy.ttl_ms = any_ttl_ms(storm);
    }
    if (link->keyed && storm_once_in(storm, 2)) {
        policy.key = &keys[1 + storm_chance(storm, KEYS - 2)];
        policy.key_size = 1;
    }
    return policy;
}

static uint64_t
expires_at_ms(struct storm *storm, const struct link *link, int64_t ttl_ms)
{
    int64_t ms = ttl_ms == 0 ? link->plan->settings->message_ttl : ttl_ms;

    return ms > 0 ? storm_now_ms(storm) + (uint64_t)ms : 0;
}

// As the front does: one with a key travels alone.
static bool
suits(const struct hw_batch *batch, const struct hw_policy *policy)
{
    if (policy == NULL || !batch->special) {
        return policy == NULL && !batch->special;
    }
    return policy->key == NULL && batch->policy.key == NULL &&
           policy->lane == batch->policy.lane &&
           policy->ttl_ms == batch->policy.ttl_ms;
}

static struct hw_batch *
batch_for(struct hw_batch *last, size_t size, const struct hw_policy *policy)
{
    size_t key_size = policy == NULL ? 0 : policy->key_size;
    size_t room = hw_batch_room(size + key_size);
    struct hw_batch *batch =
        hw_batch_new(room < BATCH_ROOM && key_size == 0 ? BATCH_ROOM : room);

    must(batch != NULL, "out of memory");
    if (policy != NULL) {
        hw_batch_set_policy(batch, policy);
    }
    if (last != NULL) {
        last->next = batch;
    }
    return batch;
}

// ---- sending ----

// A list of batches that is under way to the queue.
struct list {
    struct hw_batch *first;
    struct hw_batch *last;
};

static void
put(struct storm *storm, struct list *list, const hawser_message *message,
    const struct hw_policy *policy)
{
    if (list->last == NULL || storm_once_in(storm, 10) ||
        !suits(list->last, policy) || !hw_batch_add(list->last, message)) {
        list->last = batch_for(list->last, message->size, policy);
        list->first = list->first == NULL ? list->last : list->first;
        (void)hw_batch_add(list->last, message); // made to measure: it fits
    }
}

static bool
add_one(struct storm *storm, struct link *link, uint32_t lane,
        struct list *list)
{
    static uint8_t bytes[sizeof(struct label) + 9000];
    bool special = link->lanes || link->keyed || link->timed;
    size_t size =
        lane < LANES
            ? storm_chance(storm, 20)
            : storm_chance(storm, storm_once_in(storm, 30) ? 9000 : 200);
    struct hw_policy policy;
    hawser_message message =
        ledger_message(bytes, LABEL_MESSAGE, link, link->accepted, size);
    struct fate *fate;

    if (link->accepted == MESSAGES_MAX || !fits(link, message.size)) {
        return false;
    }
    special = special && (lane < LANES || !storm_once_in(storm, 5));
    policy = special ? any_policy(storm, link, lane)
                     : (struct hw_policy){ .lane = HAWSER_NORMAL };
    message.private_tag = link->tagged ? link->accepted + 1 : 0;
    put(storm, list, &message, special ? &policy : NULL);
    fate = add_fate(link);
    fate->index = link->arrived++;
    fate->size = message.size;
    fate->lane = policy.lane;
    fate->key = policy.key == NULL ? 0 : (uint8_t)(*policy.key - 'a' + 1);
    fate->expires_at_ms = expires_at_ms(storm, link, policy.ttl_ms);
    link->accepted_bytes += message.size;
    link->touched = true;
    if (special) {
        storm_tell(storm,
                   "link %" PRIu32 " message %" PRIu64
                   " has lane %u key %u, expires at %" PRIu64 " ms",
                   link->id, link->accepted - 1, fate->lane, fate->key,
                   fate->expires_at_ms);
    }
    return true;
}

// With overflow=drop-newest it is accepted and given up in one, and gets the
// receipt from the door.
static void
turn_away(struct storm *storm, struct link *link)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_RECEIPT,
        .note = HAWSER_DROPPED,
        .link = link->row,
        .number = TURNED_AWAY + link->turned_away,
    };

    if (link->tagged) { // else nobody is told
        link->turned_away++;
        storm_say(storm, HW_RECEIVER, &letter);
    }
}

static void
find_no_room(struct storm *storm, struct link *link)
{
    int64_t overflow = link->plan->settings->overflow;

    if (link->accepted == MESSAGES_MAX) {
        return;
    }
    if (overflow == HW_OVERFLOW_DROP_NEWEST) {
        turn_away(storm, link);
    } else if (overflow == HW_OVERFLOW_BLOCK && !link->blocked) {
        link->blocked = true;
        link->room_heard = false;
        link->released_then = HW_METER_GET(link->meter.released_messages);
        atomic_fetch_add(&link->meter.blocked, 1);
    }
}

static void
send(struct storm *storm, struct link *link, uint32_t count, uint32_t lane)
{
    struct hw_letter letter = { .kind = HW_LETTER_SEND, .link = link->row };
    struct list list = { 0 };

    if (link->file.trouble) {
        return; // hawser_send answers so
    }
    while (count > 0 && add_one(storm, link, lane, &list)) {
        count--;
    }
    for (struct hw_batch *batch = list.first; batch != NULL && link->durable;
         batch = batch->next) {
        disk_add(storm, link, batch);
    }
    letter.thing = list.first;
    if (list.first != NULL) {
        storm_tell(storm, "link %" PRIu32 " sends up to message %" PRIu64,
                   link->id, link->accepted - 1);
        storm_say(storm, HW_QUEUE, &letter);
    }
    if (count > 0) {
        find_no_room(storm, link);
    }
}

void
link_send(struct storm *storm, struct link *link, uint32_t count)
{
    send(storm, link, count, LANES);
}

// One of the lowest lane, and what could starve it.
void
link_flood(struct storm *storm, struct link *link)
{
    send(storm, link, 1, HAWSER_LOW);
    send(storm, link, FLOOD, HAWSER_HIGH);
    send(storm, link, FLOOD, HAWSER_NORMAL);
}
