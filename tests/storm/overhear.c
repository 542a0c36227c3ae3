// overhear.c - what the actors say to each other, and what must hold of it.
//
// Every letter of every actor passes here, which is the whole history of a
// storm; and what the queue hands to the sender is looked at where it is said:
// by then nothing has expired, no rate is exceeded, and each lane has its turn.
#include <inttypes.h>

#include "storm.h"
#include "values/batch.h"
#include "values/settings.h"

enum {
    // Of 336 messages each lane has its part; one that begins to wait in the
    // midst of a round of turns has the rest of that before it as well.
    OVERTAKEN_MAX = 2 * 336,
};

static struct storm *storm_now; // a seat knows of no storm
static void (*say_at_once)(struct hw_seat *seat, unsigned to,
                           const struct hw_letter *letter);

// ---- turns of lanes ----

// The first message of the lane that waits since then; overtaken_from: none.
static uint64_t
first_since_then(const struct link *link, unsigned lane, uint32_t wire)
{
    uint64_t n = link->first_held;

    while (n < link->overtaken_from[lane] &&
           (link->fates[n].lane != lane || link->fates[n].receipts > 0 ||
            link->fates[n].handed_wire == wire)) {
        n++;
    }
    return n;
}

static void
begin_to_count(struct link *link, unsigned lane)
{
    link->overtaken[lane] = 0;
    link->overtaken_from[lane] = link->accepted;
}

// What has left in this turn has no receipt yet, so whether it starves is seen
// at the turn's end.
static void
count_turns(struct link *link, unsigned of, uint32_t wire)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (lane == of) {
            begin_to_count(link, lane);
        } else if (++link->overtaken[lane] > OVERTAKEN_MAX) {
            uint64_t n = first_since_then(link, lane, wire);

            link->starves = n < link->overtaken_from[lane] ? n + 1 : 0;
            begin_to_count(link, lane);
        }
    }
}

// ---- what is handed on ----

static void
hand(struct storm *storm, struct link *link, uint64_t number, uint32_t wire)
{
    struct fate *fate = &link->fates[number];

    if (link->tagged && fate->receipts > 0) {
        storm_fault(storm,
                    "link %" PRIu32 " hands on message %" PRIu64
                    " after its receipt",
                    link->id, number);
    }
    if (fate->expires_at_ms != 0 &&
        fate->expires_at_ms <= storm_now_ms(storm)) {
        storm_fault(storm,
                    "link %" PRIu32 " hands on message %" PRIu64
                    ", which has expired",
                    link->id, number);
    }
    if (fate->handed_wire == wire) {
        storm_fault(storm,
                    "link %" PRIu32 " hands on message %" PRIu64
                    " twice for wire %" PRIu32,
                    link->id, number, wire);
    }
    if (link->handed_wire != wire) { // all wait again
        link->handed_wire = wire;
        for (unsigned lane = 0; lane < LANES; lane++) {
            begin_to_count(link, lane);
        }
    }
    fate->handed_wire = wire;
    fate->handed_turn = storm->turns;
    count_turns(link, fate->lane, wire);
}

// In any time of t seconds no more than burst + rate * t: what was taken of the
// bucket, and is not back yet, is never more than it holds.
static void
check_rate(struct storm *storm, struct link *link, uint32_t count)
{
    const struct hawser_settings *settings = link->plan->settings;
    double rate = (double)settings->rate_messages;
    double burst = (double)settings->rate_burst;
    double back = (double)(storm_now_us(storm) - link->rate_at_us) * rate / 1e6;

    if (settings->rate_messages <= 0) {
        return;
    }
    burst = burst < rate / 100 ? rate / 100 : burst;
    link->rate_at_us = storm_now_us(storm);
    link->rate_level = back < link->rate_level ? link->rate_level - back : 0;
    link->rate_level += count;
    if (link->rate_level > burst + 0.5) {
        storm_fault(storm, "link %" PRIu32 " sends faster than %g a second",
                    link->id, rate);
    }
}

static void
look_at_mail(struct storm *storm, const struct hw_letter *letter)
{
    struct link *link = storm->rows[letter->link];
    const struct hw_batch *batch = letter->thing;
    struct label label;

    if (link == NULL) {
        storm_fault(storm, "mail of a link that is closed");
        return;
    }
    link->touched = true;
    check_rate(storm, link, letter->count);
    for (uint32_t i = 0; i < letter->count; i++) {
        const hawser_message *message = &batch->messages[letter->note + i];

        if (ledger_label(message->bytes, message->size, &label) &&
            label.sort == LABEL_MESSAGE && label.link == link->id &&
            label.number < link->accepted) { // else the wire's taker tells
            hand(storm, link, label.number, letter->wire);
        }
    }
}

// ---- all letters ----

// From a downgrade on taken is settled. The link's event of it may come after
// receipts, or never, if the link ends meanwhile.
static void
note_told_queue(struct link *link, const struct hw_letter *letter)
{
    if (letter->kind == HW_LETTER_LINK_FORGET) {
        link->forgotten = true;
    } else if (letter->kind == HW_LETTER_DOWNGRADE) {
        link->downgraded = letter->wire;
    }
}

// All links together dial no more often than bus.dials_per_second allows, but
// for bus.dials_burst.
static void
look_at_dial(struct storm *storm)
{
    const struct hawser_settings *settings = storm->settings;
    uint64_t now_us = storm_now_ms(storm) * 1000; // as the backoff does
    uint64_t most = (uint64_t)settings->dials_burst * DIAL;
    uint64_t credit =
        storm->dial_credit +
        (now_us - storm->dial_credit_us) * (uint64_t)settings->dials_per_second;

    credit = credit < most ? credit : most;
    if (credit + DIAL / 1000 < DIAL) { // less is due to rounding
        storm_fault(storm, "dials begin faster than %" PRId64 " a second",
                    settings->dials_per_second);
    }
    storm->dial_credit = credit < DIAL ? 0 : credit - DIAL;
    storm->dial_credit_us = now_us;
}

// What the supervisor asks for may be late, so that it is not known then which
// of two things is due.
static void
look_at_retry(struct storm *storm, const struct hw_letter *letter)
{
    struct link *link = storm->rows[letter->link];

    if (letter->kind == HW_LETTER_RETRY_WANTED && link != NULL) {
        link->retries_greeting = letter->note != 0;
    } else if (letter->kind == HW_LETTER_DIAL_WANTED && link != NULL) {
        link->retries_greeting = false;
    } else if (letter->kind == HW_LETTER_RETRY_DUE && !storm->late &&
               !storm->dead && (link == NULL || !link->retries_greeting)) {
        look_at_dial(storm);
    }
}

static void
note_letter(struct storm *storm, unsigned from, unsigned to,
            const struct hw_letter *letter)
{
    storm_note(storm, (uint64_t)from << 56 ^ (uint64_t)to << 48 ^
                          (uint64_t)letter->kind << 32 ^ letter->note);
    storm_note(storm, (uint64_t)letter->link << 32 ^ letter->wire);
    storm_note(storm, (uint64_t)letter->count << 40 ^ letter->number);
}

void
overhear_say(struct hw_seat *seat, unsigned to, const struct hw_letter *letter)
{
    storm_now->inbox_due |= to == HW_RECEIVER;
    say_at_once(seat, to, letter);
}

static void
overhear(struct hw_seat *seat, unsigned to, const struct hw_letter *letter)
{
    struct storm *storm = storm_now;

    note_letter(storm, seat->name, to, letter);
    if (!storm->dead && (letter->kind == HW_LETTER_MAIL ||
                         letter->kind == HW_LETTER_GREETING_MAIL)) {
        look_at_mail(storm, letter);
    }
    look_at_retry(storm, letter);
    storm_tell(storm, "%u -> %u: %s link %u wire %u number %" PRIu64,
               seat->name, to, hw_letter_name(letter->kind), letter->link,
               letter->wire, letter->number);
    if (to == HW_QUEUE && storm->rows[letter->link] != NULL) {
        note_told_queue(storm->rows[letter->link], letter);
    }
    if (!late_keeps(storm, seat, to, letter)) {
        overhear_say(seat, to, letter);
    }
}

void
overhear_begin(struct storm *storm)
{
    static const uint8_t seats[] = { HW_PORT,       HW_RECEIVER, HW_SENDER,
                                     HW_QUEUE,      HW_BACKOFF,  HW_HEARTBEAT,
                                     HW_SUPERVISOR, HW_DOOR };

    storm_now = storm;
    say_at_once = storm->door->say;
    for (size_t i = 0; i < sizeof seats; i++) {
        hw_table_seat(storm->table, seats[i])->say = overhear;
    }
}
