// ledger.c - what wires took and what arrived, and what must hold of it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storm.h"
#include "values/settings.h"

hawser_message
ledger_message(uint8_t *bytes, uint32_t sort, const struct link *link,
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

bool
ledger_label(const void *bytes, size_t size, struct label *label)
{
    if (size < sizeof *label) {
        return false;
    }
    memcpy(label, bytes, sizeof *label);
    return label->sort >= LABEL_MESSAGE && label->sort <= LABEL_CHAT;
}

struct link *
ledger_link(struct storm *storm, uint32_t id)
{
    return id < storm->link_count ? &storm->links[id] : NULL;
}

// ---- what wires take ----

// Without tags: the first message that a wire takes is the first that is not
// settled; none is left out, and none is sent again that was settled. What has
// tags is looked at one by one at the turn's end.
static void
check_next(struct storm *storm, const struct link *link, uint64_t number)
{
    uint64_t released = HW_METER_GET(link->meter.released_messages);
    uint64_t next = link->begun ? link->next_taken[HAWSER_NORMAL] : released;

    if (!link->tagged && !link->drops && number != next) {
        storm_fault(storm,
                    "link %" PRIu32 " wire %" PRIu32 " takes message %" PRIu64
                    " where %" PRIu64 " is next",
                    link->id, link->wire, number, next);
    }
}

// What is standing is said before the first message, all of it.
static void
check_standing(struct storm *storm, const struct link *link, uint32_t wire)
{
    for (uint32_t i = 0; i < link->standing_count; i++) {
        const struct standing_message *standing = &link->standing[i];

        if (standing->added_before_wire <= wire &&
            standing->id > link->standing_said) {
            storm_fault(storm,
                        "link %" PRIu32 " wire %" PRIu32
                        " takes messages before standing message %" PRIu64,
                        link->id, wire, standing->id);
        }
    }
}

static void
check_gate(struct storm *storm, const struct link *link)
{
    unsigned state = HW_METER_GET(link->meter.state);

    if (state != HAWSER_UP && state != HAWSER_DRAINING) {
        storm_fault(storm, "link %" PRIu32 " sends a message while it is %s",
                    link->id, hawser_state_name((hawser_state)state));
    }
}

// Within a lane the order is that of acceptance; a message with a key may stand
// where an older one of it stood, and only follows that.
static void
check_order(struct storm *storm, struct link *link, uint64_t number)
{
    const struct fate *fate = &link->fates[number];
    uint64_t *next = fate->key == 0 ? &link->next_taken[fate->lane]
                                    : &link->key_taken[fate->key][fate->lane];

    if (number < *next) {
        storm_fault(storm,
                    "link %" PRIu32 " wire %" PRIu32 " takes message %" PRIu64
                    " after %" PRIu64,
                    link->id, link->wire, number, *next - 1);
    }
    *next = number + 1;
}

// Sent again is only what was not settled when its wire was lost. With
// confirm=none what a wire took is settled at once, if no letter takes its
// time.
static void
check_again(struct storm *storm, struct link *link, uint64_t number)
{
    const struct fate *fate = &link->fates[number];

    if (fate->receipts > 0 && !link->says) {
        // With confirm=application what is with the sender already goes out,
        // though its answer is said meanwhile.
        storm_fault(storm,
                    "link %" PRIu32 " sends message %" PRIu64
                    " after its receipt",
                    link->id, number);
    }
    if (!fate->taken) {
        return;
    }
    if (fate->serial == link->serial) {
        storm_fault(storm,
                    "link %" PRIu32 " sends message %" PRIu64
                    " twice on one wire",
                    link->id, number);
    }
    if (!link->confirms && !link->says && !storm->late) {
        storm_fault(storm,
                    "link %" PRIu32 " sends message %" PRIu64
                    " twice, and nobody confirms",
                    link->id, number);
    }
    link->retaken++;
}

static void
take_message(struct storm *storm, struct link *link, uint64_t number,
             uint32_t wire)
{
    struct fate *fate = &link->fates[number];

    check_gate(storm, link);
    if (!link->begun) {
        check_standing(storm, link, wire);
    }
    check_next(storm, link, number);
    check_order(storm, link, number);
    check_again(storm, link, number);
    link->begun = true;
    fate->taken = true;
    fate->serial = link->serial;
    fate->place = ++storm->takings;
}

static void
take_standing(struct storm *storm, struct link *link, uint64_t id,
              uint32_t wire)
{
    if (id <= link->standing_said) {
        storm_fault(storm,
                    "link %" PRIu32 " wire %" PRIu32
                    " takes standing message %" PRIu64 " after %" PRIu64,
                    link->id, wire, id, link->standing_said);
    }
    link->standing_said = id;
}

static void
begin_wire(struct link *link, uint64_t serial)
{
    link->serial = serial;
    link->standing_said = 0;
    link->begun = false;
    memset(link->next_taken, 0, sizeof link->next_taken);
    memset(link->looked_at, 0, sizeof link->looked_at);
    memset(link->key_taken, 0, sizeof link->key_taken);
}

static void
on_taken(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;
    struct label label;
    struct link *link;

    if (storm->dead || !ledger_label(seen->bytes, seen->size, &label)) {
        return; // the application's own ping
    }
    link = ledger_link(storm, label.link);
    storm_note(storm, label.number ^ (uint64_t)label.link << 40);
    storm_note(storm, seen->serial ^ storm_now_us(storm) << 12);
    if (link == NULL || !link->open ||
        (label.sort == LABEL_MESSAGE && label.number >= link->accepted)) {
        storm_fault(storm, "a wire takes what nobody sent");
        return;
    }
    if (seen->serial < link->serial) {
        storm_fault(storm, "link %" PRIu32 " sends on an earlier wire",
                    link->id);
    }
    if (seen->serial > link->serial) {
        begin_wire(link, seen->serial);
    }
    if (label.sort == LABEL_MESSAGE) {
        take_message(storm, link, label.number, seen->wire);
    } else if (label.sort == LABEL_STANDING) {
        take_standing(storm, link, label.number, seen->wire);
    }
}

// It counts as taken, but for where it goes.
static bool
refuses(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;
    struct label label;
    const struct link *link;

    if (storm->dead || !ledger_label(seen->bytes, seen->size, &label) ||
        label.sort != LABEL_MESSAGE) {
        return false;
    }
    link = ledger_link(storm, label.link);
    if (link == NULL || !link->picky || label.number >= link->accepted ||
        label.number % REFUSED_OF != 0) {
        return false;
    }
    on_taken(storm, seen);
    link->fates[label.number].refused = true;
    return true;
}

// ---- what arrives ----

static void
on_arrived(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;
    struct label label;
    struct fate *fate;
    struct link *link;

    if (!ledger_label(seen->bytes, seen->size, &label) ||
        label.sort != LABEL_MESSAGE) {
        return;
    }
    link = ledger_link(storm, label.link);
    if (seen->serial >= SERIALS_MAX) {
        storm_fault(storm, "there were %d wires", SERIALS_MAX);
        return;
    }
    fate = &link->fates[label.number];
    if (fate->serial == seen->serial) { // else it was sent again meanwhile
        if (fate->place <= storm->arrived[seen->serial]) {
            storm_fault(storm,
                        "message %" PRIu64 " of link %" PRIu32
                        " arrives out of order",
                        label.number, label.link);
        }
        storm->arrived[seen->serial] = fate->place;
    }
    fate->arrived = true;
    if (link->says && link->answer_count < ANSWERS_MAX) {
        link->answers[link->answer_count++] = label.number;
    }
    storm_note(storm, label.number + storm_now_us(storm));
}

// "link 3 wire 2", as the port calls itself.
static void
on_heard(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;
    unsigned row, wire;
    struct label label;
    struct link *link;

    if (storm->dead) {
        return;
    }
    if (sscanf(seen->port, "link %u wire %u", &row, &wire) != 2 ||
        row >= ROWS || storm->rows[row] == NULL) {
        storm_fault(storm, "\"%s\" hears something", seen->port);
        return;
    }
    link = storm->rows[row];
    if (link->port_wire != wire) {
        link->port_wire = wire;
        link->port_heard = 0;
        memset(link->port_first, 0, sizeof link->port_first);
    }
    link->port_heard++;
    if (ledger_label(seen->bytes, seen->size, &label) &&
        label.sort == LABEL_CHAT && link->port_first[label.link] == 0) {
        link->port_first[label.link] = label.number;
    }
}

void
ledger_watch(struct storm *storm)
{
    const struct sim_watch watch = {
        .user = storm,
        .refuses = refuses,
        .taken = on_taken,
        .arrived = on_arrived,
        .heard = on_heard,
    };

    sim_world_watch(storm->world, &watch);
}

// ---- what holds at any time ----

// Without tags it is only known how many are settled: where none is dropped,
// they are the first ones.
static void
check_settled(struct storm *storm, const struct link *link)
{
    uint64_t settled = HW_METER_GET(link->meter.settled);

    if (settled > link->accepted) {
        storm_fault(storm, "link %" PRIu32 " settles more than was accepted",
                    link->id);
        return;
    }
    if (link->tagged || link->drops) {
        return; // each has its receipt, or nobody knows which they are
    }
    for (uint64_t n = link->settled_then; n < settled; n++) {
        const struct fate *fate = &link->fates[n];

        if (!fate->taken) {
            storm_fault(storm,
                        "link %" PRIu32 " settles message %" PRIu64
                        ", which no wire took",
                        link->id, n);
        }
        if (link->confirms && !fate->arrived &&
            link->downgraded < link->wire_checked) {
            storm_fault(storm,
                        "link %" PRIu32 " settles message %" PRIu64
                        ", which never arrived",
                        link->id, n);
        }
    }
}

static uint64_t
gone_of(const struct hw_meter *meter)
{
    return HW_METER_GET(meter->settled) + HW_METER_GET(meter->dropped) +
           HW_METER_GET(meter->expired) + HW_METER_GET(meter->refused);
}

static void
check_limits(struct storm *storm, const struct link *link)
{
    const struct hawser_settings *settings = link->plan->settings;
    const struct hw_meter *meter = &link->meter;
    uint64_t held = link_held(link);
    uint64_t max = (uint64_t)settings->spool_max_messages;

    if (link->drops && link->copies_sent) {
        max *= 2; // a copy of a standing message may be in the way
    }
    if (max < link->loaded) {
        max = link->loaded; // what was gone may be there once more
    }
    if (held > max) {
        storm_fault(storm,
                    "link %" PRIu32 " holds %" PRIu64 " messages of %" PRIu64,
                    link->id, held, max);
    }
    if (HW_METER_GET(meter->in_flight) > held) {
        storm_fault(storm, "link %" PRIu32 " has more in flight than it holds",
                    link->id);
    }
    if (HW_METER_GET(meter->released_messages) != gone_of(meter) &&
        !(link->durable && link->forgotten)) { // its file keeps the rest
        storm_fault(storm,
                    "link %" PRIu32 " released what is neither settled nor "
                    "given up",
                    link->id);
    }
    if (link->retaken > HW_METER_GET(meter->resent)) {
        storm_fault(storm, "link %" PRIu32 " sent more again than it says",
                    link->id);
    }
    if (HW_METER_GET(meter->reached) > link->arrived) {
        storm_fault(storm, "link %" PRIu32 " reached what nobody sent",
                    link->id);
    }
}

static void
check_reading(struct storm *storm, const struct link *link)
{
    const struct hawser_settings *settings = link->plan->settings;

    // What was under way when the limit was reached comes on top.
    if (!storm->late &&
        link->unread_bytes >
            (uint64_t)settings->receive_max_bytes + link->unread_slack) {
        storm_fault(storm, "link %" PRIu32 " has %" PRIu64 " bytes unread",
                    link->id, link->unread_bytes);
    }
}

static void
check_room(struct storm *storm, const struct link *link)
{
    if (link->blocked && !link->room_heard &&
        HW_METER_GET(link->meter.released_messages) != link->released_then) {
        storm_fault(storm, "link %" PRIu32 " has room, and nobody was told",
                    link->id);
    }
}

static void
check_drain(struct storm *storm, const struct link *link)
{
    uint64_t slack_ms = storm->late ? LATE_MAX_MS : 0;

    if (link->drain_due_ms != 0 &&
        storm_now_ms(storm) > link->drain_due_ms + slack_ms) {
        storm_fault(storm, "link %" PRIu32 " drains beyond its time", link->id);
    }
}

void
ledger_check(struct storm *storm)
{
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link == NULL) {
            continue;
        }
        check_settled(storm, link);
        check_limits(storm, link);
        check_reading(storm, link);
        check_room(storm, link);
        check_drain(storm, link);
        link->wire_checked = link->wire;
        link->settled_then = HW_METER_GET(link->meter.settled);
    }
}
