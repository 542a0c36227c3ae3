// ledger.c - what wires took and what arrived, and what must hold of it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storm.h"
#include "values/settings.h"

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

// The first message that a wire takes is the first that is not settled; none
// is left out, and none is sent again that was settled.
static void
check_first(struct storm *storm, const struct link *link, uint64_t number)
{
    uint64_t released = HW_METER_GET(link->meter.released_messages);

    if (link->says) {
        return; // what it begins with is looked at as what it leaves out
    }
    if (!link->drops && number != released) {
        storm_fault(storm,
                    "link %" PRIu32 " wire %" PRIu32
                    " begins with message %" PRIu64 ", though %" PRIu64
                    " are settled",
                    link->id, link->wire, number, released);
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

// Where the application says what is settled, only that is left out.
static void
check_left_out(struct storm *storm, const struct link *link, uint64_t number)
{
    for (uint64_t n = link->next_taken; n < number && !link->drops; n++) {
        if (!link->fates[n].said) {
            storm_fault(storm,
                        "link %" PRIu32 " leaves out message %" PRIu64
                        ", which is not said to be settled",
                        link->id, n);
        }
    }
    if (number < link->next_taken) {
        storm_fault(storm, "link %" PRIu32 " sends out of order", link->id);
    }
}

static void
take_message(struct storm *storm, struct link *link, uint64_t number,
             uint32_t wire)
{
    struct fate *fate = &link->fates[number];
    bool first = link->next_taken == 0;

    check_gate(storm, link);
    if (first) {
        check_standing(storm, link, wire);
        check_first(storm, link, number);
    }
    if (link->says) {
        check_left_out(storm, link, number);
    } else if (first) {
        // It was looked at.
    } else if (link->drops ? number < link->next_taken
                           : number != link->next_taken) {
        storm_fault(storm,
                    "link %" PRIu32 " wire %" PRIu32 " takes message %" PRIu64
                    " where %" PRIu64 " is next",
                    link->id, wire, number, link->next_taken);
    }
    // What is with the sender already goes out though its answer, to an earlier
    // wire, is said meanwhile.
    if (fate->receipts > 0 && !link->says) {
        storm_fault(storm,
                    "link %" PRIu32 " sends message %" PRIu64
                    " after its receipt",
                    link->id, number);
    }
    fate->taken = true;
    link->next_taken = number + 1;
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
on_taken(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;
    struct label label;
    struct link *link;

    if (!ledger_label(seen->bytes, seen->size, &label)) {
        return; // the application's own ping
    }
    link = ledger_link(storm, label.link);
    storm_note(storm, label.number ^ (uint64_t)label.link << 40);
    storm_note(storm, seen->serial ^ storm_now_us(storm) << 12);
    if (link == NULL || !link->open || label.number >= MESSAGES_MAX) {
        storm_fault(storm, "a wire takes what nobody sent");
        return;
    }
    if (seen->serial < link->serial) {
        storm_fault(storm, "link %" PRIu32 " sends on an earlier wire",
                    link->id);
    }
    if (seen->serial > link->serial) {
        link->serial = seen->serial;
        link->next_taken = 0;
        link->standing_said = 0;
    }
    if (label.sort == LABEL_MESSAGE) {
        take_message(storm, link, label.number, seen->wire);
    } else if (label.sort == LABEL_STANDING) {
        take_standing(storm, link, label.number, seen->wire);
    }
}

// ---- what arrives ----

static void
on_arrived(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;
    struct label label;
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
    if (label.number < storm->arrived[seen->serial]) {
        storm_fault(storm,
                    "message %" PRIu64 " of link %" PRIu32
                    " arrives behind %" PRIu64 " on one wire",
                    label.number, label.link, storm->arrived[seen->serial] - 1);
    }
    storm->arrived[seen->serial] = label.number + 1;
    link->fates[label.number].arrived = true;
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

static void
on_passed(void *user, const struct sim_seen *seen)
{
    struct storm *storm = user;

    if (seen->serial < SERIALS_MAX) {
        storm->proven[seen->serial] = true;
    }
}

void
ledger_watch(struct storm *storm)
{
    const struct sim_watch watch = {
        .user = storm,
        .taken = on_taken,
        .arrived = on_arrived,
        .heard = on_heard,
        .passed = on_passed,
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
    if (link->says) {
        return; // each has its receipt
    }
    for (uint64_t n = link->last_settled; n < settled && !link->drops; n++) {
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

static void
check_limits(struct storm *storm, const struct link *link)
{
    const struct hawser_settings *settings = link->plan->settings;
    const struct hw_meter *meter = &link->meter;
    uint64_t held = link->accepted - HW_METER_GET(meter->released_messages);
    uint64_t max = (uint64_t)settings->spool_max_messages;

    if (link->drops && link->copies_sent) {
        max *= 2; // a copy of a standing message may be in the way
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
    if (HW_METER_GET(meter->released_messages) !=
        HW_METER_GET(meter->settled) + HW_METER_GET(meter->dropped)) {
        storm_fault(storm,
                    "link %" PRIu32 " released what is neither settled nor "
                    "dropped",
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
        if (!link->drops) {
            link->last_settled = HW_METER_GET(link->meter.settled);
        }
    }
}

void
ledger_check_closed(struct storm *storm, const struct link *link,
                    uint64_t leftover)
{
    uint64_t settled = HW_METER_GET(link->meter.settled);
    uint64_t dropped = HW_METER_GET(link->meter.dropped);

    if (settled + dropped != link->accepted || leftover > dropped) {
        storm_fault(storm,
                    "link %" PRIu32 " closes with %" PRIu64 " settled, %" PRIu64
                    " dropped, %" PRIu64 " left of %" PRIu64,
                    link->id, settled, dropped, leftover, link->accepted);
    }
    if (link->tagged && (link->receipts_settled != settled ||
                         link->receipts_dropped != dropped)) {
        storm_fault(storm,
                    "link %" PRIu32 " has receipts for %" PRIu64 " + %" PRIu64
                    " of %" PRIu64 " + %" PRIu64,
                    link->id, link->receipts_settled, link->receipts_dropped,
                    settled, dropped);
    }
}
