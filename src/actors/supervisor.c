// supervisor.c - decides over the life of each link.
//
// Hears  the application's wishes from the door; what became of wires from the
//        port; GREETED, DRAINED from the queue; what the others noticed.
// Says   what each is to do, to all; EVENT to the receiver, for the inbox.
// Keeps  one row for each link: its state, its wire, its endpoint, deadlines.
// Never  touches a message, a socket or a clock of its own.
#include <stdlib.h>
#include <string.h>

#include <hawser/inbox.h>

#include "actors/link_state.h"
#include "actors/roles.h"
#include "actors/verdict.h"
#include "base/check.h"
#include "base/deadlines.h"
#include "base/log.h"
#include "base/pages.h"
#include "values/plan.h"
#include "values/report.h"

// Those who forget a link before the receiver does; it comes last, since it
// has the last word to the application.
enum { FORGETFUL = 5 };

struct row {
    struct hw_plan *plan;     // NULL: no such link
    struct hw_report *report; // of the last opening or loss
    struct hw_report *opened; // of the wire; NULL: none is open
    char *reason;             // to say goodbye with
    uint64_t leftover;
    uint64_t drain_at_ms; // 0: not draining
    uint32_t wire;
    uint32_t attempt;
    uint32_t endpoint;
    uint32_t tried;    // endpoints tried since the last wait
    uint32_t began;    // the endpoint that this round of tries began with
    uint16_t code;     // to say goodbye with
    uint16_t farewell; // the same, while the link lives on
    uint8_t state;     // hawser_state
    uint8_t forgotten;
    bool live;      // there is a wire, or a dial under way
    bool resting;   // the greeting failed, and waits to be said again
    bool replaying; // the standing messages are being said
    bool serving;   // sender, receiver and heartbeat know the wire
    bool asked;     // the application was asked for headers
    bool turning;   // a dial is wanted: what is said of a retry is late
};

struct supervisor {
    struct hw_seat *seat;
    struct row *rows;
    uint32_t links_max;
    uint32_t rows_reached;
    struct hw_deadlines steps;  // of a dial, of a greeting, of a second choice
    struct hw_deadlines drains; // of draining
};

static void
step(struct supervisor *self, uint32_t link, enum hw_link_event event);

// ---- saying ----

static void
say(struct supervisor *self, unsigned to, unsigned kind, uint32_t link)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .link = link,
        .wire = self->rows[link].wire,
    };

    hw_say(self->seat, to, &letter);
}

static void
say_gate(struct supervisor *self, uint32_t link, enum hw_gate gate)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_GATE,
        .note = (uint16_t)gate,
        .link = link,
        .wire = self->rows[link].wire,
    };

    hw_say(self->seat, HW_QUEUE, &letter);
}

// Takes over the hold on the report.
static void
tell_of(struct supervisor *self, uint32_t link, hawser_event_kind kind,
        uint64_t number, struct hw_report *report)
{
    const struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = HW_LETTER_EVENT,
        .note = (uint16_t)(row->state | kind << HW_EVENT_KIND_SHIFT),
        .link = link,
        .wire = row->wire,
        .count = row->attempt,
        .number = number,
        .thing = report,
    };

    hw_say(self->seat, HW_RECEIVER, &letter);
}

static void
tell(struct supervisor *self, uint32_t link, hawser_event_kind kind,
     uint64_t number)
{
    tell_of(self, link, kind, number, hw_report_hold(self->rows[link].report));
}

static void
tell_state(struct supervisor *self, uint32_t link, uint32_t delay_ms)
{
    const struct row *row = &self->rows[link];

    tell(self, link, HAWSER_EVENT_STATE,
         (uint64_t)row->endpoint << 32 | delay_ms);
}

// ---- deadlines ----

static void
arm(struct supervisor *self)
{
    uint64_t one = hw_deadlines_next(&self->steps);
    uint64_t other = hw_deadlines_next(&self->drains);

    self->seat->wake_at_ms = one < other ? one : other;
}

static void
set_step_deadline(struct supervisor *self, uint32_t link, int64_t in_ms)
{
    hw_deadlines_set(&self->steps, link, self->seat->now_ms + (uint64_t)in_ms);
}

// ---- wires ----

static void
note_report(struct row *row, struct hw_report *report)
{
    hw_report_drop(row->report);
    row->report = report;
}

static void
note_news(struct supervisor *self, uint32_t link, struct hw_report *report,
          bool opened)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_NEWS,
        .note = opened,
        .link = link,
        .wire = self->rows[link].wire,
        .thing = hw_report_hold(report),
    };

    note_report(&self->rows[link], report);
    hw_say(self->seat, HW_DOOR, &letter);
}

static void
note_error(struct supervisor *self, uint32_t link, hawser_cause cause,
           const char *error)
{
    note_news(self, link, hw_report_error(cause, error), false);
}

static void
serve_wire(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_UP,
        .note = row->opened->barriers,
        .link = link,
        .wire = row->wire,
    };

    if (!row->serving) {
        row->serving = true;
        hw_say(self->seat, HW_SENDER, &letter);
        hw_say(self->seat, HW_RECEIVER, &letter);
        hw_say(self->seat, HW_HEARTBEAT, &letter);
    }
}

static void
close_wire(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_CLOSE,
        .note = row->farewell,
        .link = link,
        .wire = row->wire,
    };

    if (row->state == HAWSER_CLOSED) { // the application's own goodbye
        letter.note = row->code;
        letter.thing = row->reason;
        row->reason = NULL;
    }
    hw_say(self->seat, HW_PORT, &letter);
}

static void
let_go(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    hw_deadlines_clear(&self->steps, link);
    hw_report_drop(row->opened);
    row->opened = NULL;
    row->asked = false;
    row->resting = false;
    if (row->live) {
        row->live = false;
        close_wire(self, link);
    }
    if (row->serving) {
        row->serving = false;
        say(self, HW_SENDER, HW_LETTER_WIRE_DOWN, link);
        say(self, HW_RECEIVER, HW_LETTER_WIRE_DOWN, link);
        say(self, HW_HEARTBEAT, HW_LETTER_WIRE_DOWN, link);
        say(self, HW_BACKOFF, HW_LETTER_WIRE_DOWN, link);
        say_gate(self, link, HW_GATE_SHUT);
    }
}

// ---- deeds ----

static void
call(struct supervisor *self, uint32_t link, char *headers)
{
    struct row *row = &self->rows[link];
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_DIAL,
        .link = link,
        .wire = row->wire,
        .number = row->endpoint,
        .thing = headers,
    };

    row->asked = false;
    row->live = true;
    hw_say(self->seat, HW_PORT, &letter);
}

static void
dial(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hawser_settings *settings = row->plan->settings;

    row->wire++;
    row->farewell = 0;
    row->turning = false;
    HW_METER_ADD(row->plan->meter->dials, 1);
    HW_METER_SET(row->plan->meter->endpoint, row->endpoint);
    set_step_deadline(self, link, settings->dial_timeout);
    note_report(row, hw_report_now());
    tell_state(self, link, 0);
    if (settings->dial_ask) {
        row->asked = true;
        tell(self, link, HAWSER_EVENT_ASK, (uint64_t)row->endpoint << 32);
        return;
    }
    call(self, link, NULL);
}

static void
greet(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const struct hawser_settings *settings = row->plan->settings;

    set_step_deadline(self, link, settings->greeting_timeout);
    row->replaying = settings->greeting != HW_GREETING_APPLICATION;
    row->resting = false;
    // Told before the receiver may hand on what the peer said first.
    tell_state(self, link, 0);
    serve_wire(self, link);
    say_gate(self, link, row->replaying ? HW_GATE_REPLAY : HW_GATE_TALK);
}

static void
want_retry(struct supervisor *self, uint32_t link, uint64_t not_before_ms,
           bool greeting)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_RETRY_WANTED,
        .note = greeting,
        .link = link,
        .number = not_before_ms,
    };

    hw_say(self->seat, HW_BACKOFF, &letter);
}

// Only the application can greet again on the same wire; standing messages
// that were not taken in time, also after its greeting went well, are said on a
// new one: some of them may have been taken.
static void
regreet(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    hw_deadlines_clear(&self->steps, link);
    if (row->replaying) {
        step(self, link, HW_LINK_CEILING);
    } else {
        row->resting = true;
        want_retry(self, link, 0, true);
    }
}

static bool
prefers_first(const struct row *row)
{
    return row->plan->settings->endpoints_prefer == HW_PREFER_FIRST;
}

static void
flow(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    hw_deadlines_clear(&self->steps, link);
    // A greeting that was refused before is of no interest any more.
    note_report(row, hw_report_again(row->opened));
    HW_METER_ADD(row->plan->meter->connects, 1);
    HW_METER_SET(row->plan->meter->up_since_ms, row->report->at_ms);
    say(self, HW_BACKOFF, HW_LETTER_WIRE_UP, link);
    tell_state(self, link, 0);
    say_gate(self, link, HW_GATE_FLOW);
    if (row->drain_at_ms != 0) {
        step(self, link, HW_LINK_DRAIN);
    } else if (prefers_first(row) && row->endpoint != 0) {
        set_step_deadline(self, link,
                          row->plan->settings->endpoints_prefer_after);
    }
}

// The bus may hold dials back: every first one, and every one that no wait came
// before, asks for its turn.
static void
want_dial(struct supervisor *self, uint32_t link)
{
    self->rows[link].turning = true;
    say(self, HW_BACKOFF, HW_LETTER_DIAL_WANTED, link);
}

// The one that a round began with has been tried.
static void
next_endpoint(struct row *row)
{
    uint32_t count = row->plan->endpoint_count;
    uint32_t next = (row->endpoint + 1) % count;

    if (prefers_first(row) && row->tried <= 1 && row->endpoint != 0) {
        next = 0;
    }
    if (next == row->began && row->tried > 0) {
        next = (next + 1) % count;
    }
    row->endpoint = next;
}

static bool
has_endpoint_left(const struct row *row)
{
    return row->tried + 1 < row->plan->endpoint_count;
}

// The other endpoints are tried at once, each once; then the backoff rules.
static void
retry(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    let_go(self, link);
    HW_METER_SET(row->plan->meter->lost_since_ms, row->report->at_ms);
    if (has_endpoint_left(row)) {
        tell_state(self, link, 0);
        if (row->tried == 0) {
            row->began = row->endpoint;
        }
        row->tried++;
        next_endpoint(row);
        want_dial(self, link);
        return;
    }
    row->tried = 0;
    want_retry(self, link, hw_verdict_not_before_ms(row->report), false);
}

static void
redial(struct supervisor *self, uint32_t link)
{
    let_go(self, link);
    say(self, HW_BACKOFF, HW_LETTER_RETRY_FORGET, link);
    self->rows[link].tried = 0;
    self->rows[link].attempt = 0;
    want_dial(self, link);
}

// Whether the first endpoint is there is found out by dialling it; if it is
// not, the others follow at once.
static void
go_back(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    let_go(self, link);
    row->tried = 0;
    row->endpoint = 0;
    want_dial(self, link);
}

static void
fail(struct supervisor *self, uint32_t link)
{
    let_go(self, link);
    say(self, HW_BACKOFF, HW_LETTER_RETRY_FORGET, link);
    tell_state(self, link, 0);
    if (self->rows[link].drain_at_ms != 0) { // there is nowhere to drain to
        step(self, link, HW_LINK_DRAIN);
    }
}

static void
drain(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    hw_deadlines_set(&self->drains, link, row->drain_at_ms);
    if (row->state == HAWSER_DRAINING) {
        hw_deadlines_clear(&self->steps, link); // of endpoints.prefer_after
        tell_state(self, link, 0);
    }
    say(self, HW_QUEUE, HW_LETTER_DRAIN, link);
}

static void
finish(struct supervisor *self, uint32_t link)
{
    let_go(self, link);
    hw_deadlines_clear(&self->drains, link);
    say(self, HW_PORT, HW_LETTER_LINK_FORGET, link);
    say(self, HW_SENDER, HW_LETTER_LINK_FORGET, link);
    say(self, HW_QUEUE, HW_LETTER_LINK_FORGET, link);
    say(self, HW_BACKOFF, HW_LETTER_LINK_FORGET, link);
    say(self, HW_HEARTBEAT, HW_LETTER_LINK_FORGET, link);
}

static void
ignore(struct supervisor *self, uint32_t link)
{
    (void)self;
    (void)link;
}

static void
call_as_answered(struct supervisor *self, uint32_t link)
{
    // The headers are in the letter: on_link_answer calls.
    (void)self;
    (void)link;
}

// The application may be ready late, while the greeting waits to be said again:
// then the backoff's word is not waited for.
static void
replay(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    if (row->resting) {
        row->resting = false;
        set_step_deadline(self, link, row->plan->settings->greeting_timeout);
    }
    row->replaying = true;
    say_gate(self, link, HW_GATE_REPLAY);
}

typedef void (*deed)(struct supervisor *self, uint32_t link);

static const deed deeds[HW_LINK_DEEDS] = {
    [HW_DEED_IGNORE] = ignore,  [HW_DEED_TURN] = want_dial,
    [HW_DEED_DIAL] = dial,      [HW_DEED_CALL] = call_as_answered,
    [HW_DEED_GREET] = greet,    [HW_DEED_REGREET] = regreet,
    [HW_DEED_REPLAY] = replay,  [HW_DEED_FLOW] = flow,
    [HW_DEED_RETRY] = retry,    [HW_DEED_REDIAL] = redial,
    [HW_DEED_RETURN] = go_back, [HW_DEED_FAIL] = fail,
    [HW_DEED_DRAIN] = drain,    [HW_DEED_FINISH] = finish,
};

static void
step(struct supervisor *self, uint32_t link, enum hw_link_event event)
{
    struct row *row = &self->rows[link];
    hawser_state from = (hawser_state)row->state;
    struct hw_link_step next = hw_link_step(from, event);

    HW_CHECK(next.foreseen, "every event of a link is foreseen in its state");
    if (next.deed != HW_DEED_IGNORE) {
        HW_LOG(4, "link %u: %s -(%s)-> %s", link, hawser_state_name(from),
               hw_link_event_word(event),
               hawser_state_name((hawser_state)next.next));
    }
    if (from != next.next && (from == HAWSER_UP || from == HAWSER_DRAINING) &&
        next.next != HAWSER_DRAINING && next.next != HAWSER_CLOSED) {
        HW_METER_ADD(row->plan->meter->losses, 1);
    }
    row->state = next.next;
    HW_METER_SET(row->plan->meter->state, next.next);
    deeds[next.deed](self, link);
    arm(self);
}

// ---- from the door ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    // Queue and receiver know it from the door: what is sent right away may
    // have a receipt before these letters are heard.
    static const uint8_t all[] = { HW_PORT, HW_SENDER, HW_BACKOFF,
                                   HW_HEARTBEAT };
    struct supervisor *self = actor;
    struct row *row = &self->rows[letter->link];

    HW_CHECK(row->plan == NULL, "a row serves one link at a time");
    hw_reach_row(&self->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
    row->report = hw_report_now();
    for (size_t i = 0; i < sizeof all; i++) {
        struct hw_letter copy = *letter;

        copy.thing = hw_plan_hold(row->plan);
        hw_say(self->seat, all[i], &copy);
    }
    step(self, letter->link, HW_LINK_OPEN);
}

static struct row *
known(struct supervisor *self, const struct hw_letter *letter)
{
    struct row *row = &self->rows[letter->link];

    return row->plan == NULL ? NULL : row;
}

static void
on_link_reconnect(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;

    if (known(self, letter) != NULL) {
        step(self, letter->link, HW_LINK_RECONNECT);
        HW_METER_ADD(self->rows[letter->link].plan->meter->mended, 1);
    }
}

static void
note_goodbye(struct row *row, const struct hw_letter *letter)
{
    free(row->reason);
    row->reason = letter->thing;
    row->code = letter->note;
}

static void
on_link_drain(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row == NULL || row->state == HAWSER_CLOSED) {
        free(letter->thing);
        return;
    }
    note_goodbye(row, letter);
    row->drain_at_ms = self->seat->now_ms + letter->number;
    step(self, letter->link, HW_LINK_DRAIN);
}

static void
on_link_close(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row == NULL || row->state == HAWSER_CLOSED) {
        free(letter->thing);
        return;
    }
    note_goodbye(row, letter);
    step(self, letter->link, HW_LINK_CLOSE);
}

static bool
is_about_wire(struct supervisor *self, const struct hw_letter *letter)
{
    const struct row *row = known(self, letter);

    return row != NULL && row->live && row->wire == letter->wire;
}

static void
on_link_ready(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;

    if (is_about_wire(self, letter)) {
        step(self, letter->link, HW_LINK_READY);
    }
}

static void
on_link_refuse(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;

    if (is_about_wire(self, letter)) {
        const char *why = letter->thing == NULL
                              ? "greeting refused by the application"
                              : letter->thing;

        note_error(self, letter->link, HAWSER_CAUSE_LOCAL, why);
        step(self, letter->link, HW_LINK_REFUSE);
    }
    free(letter->thing);
}

static void
on_link_answer(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row == NULL || !row->asked || row->wire != letter->wire) {
        free(letter->thing);
        return;
    }
    row->asked = false;
    if (letter->thing == NULL) {
        note_error(self, letter->link, HAWSER_CAUSE_LOCAL,
                   "the application gave the attempt up");
        step(self, letter->link, HW_LINK_LOST);
        return;
    }
    step(self, letter->link, HW_LINK_ANSWER);
    call(self, letter->link, letter->thing);
}

// ---- from the port ----

static void
on_wire_opened(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;

    if (!is_about_wire(self, letter)) {
        hw_report_drop(letter->thing);
        return;
    }
    self->rows[letter->link].opened = hw_report_hold(letter->thing);
    note_news(self, letter->link, letter->thing, true);
    step(self, letter->link, HW_LINK_OPENED);
}

static void
on_wire_lost(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = &self->rows[letter->link];
    int64_t verdict;

    if (!is_about_wire(self, letter)) {
        hw_report_drop(letter->thing);
        return;
    }
    note_news(self, letter->link, letter->thing, false);
    verdict = hw_verdict(row->plan->settings, row->report);
    if (verdict == HW_ON_FAIL ||
        (verdict == HW_ON_NEXT && !has_endpoint_left(row))) {
        step(self, letter->link, HW_LINK_FATAL);
    } else {
        step(self, letter->link, HW_LINK_LOST);
    }
}

// ---- from the others ----

static void
on_greeted(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;

    if (is_about_wire(self, letter)) {
        step(self, letter->link, HW_LINK_GREETED);
    }
}

static void
on_drained(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row != NULL && row->drain_at_ms != 0) {
        step(self, letter->link, HW_LINK_DRAINED);
    }
}

// A sick wire is cut: an ordinary goodbye would tell a peer that hears it late
// that all is well.
static void
lose(struct supervisor *self, uint32_t link, const char *error)
{
    note_error(self, link, HAWSER_CAUSE_TIMEOUT, error);
    self->rows[link].farewell = HAWSER_CLOSE_CUT;
    step(self, link, HW_LINK_DEAD);
}

static void
on_stalled(void *actor, const struct hw_letter *letter)
{
    if (is_about_wire(actor, letter)) {
        lose(actor, letter->link,
             "write.timeout: the peer takes nothing any more");
    }
}

static void
on_silent(void *actor, const struct hw_letter *letter)
{
    if (is_about_wire(actor, letter)) {
        lose(actor, letter->link,
             letter->note != 0 ? "idle.timeout: nothing came from the peer"
                               : "heartbeat.timeout: the peer is silent");
    }
}

// Either the wire has barriers, and the peer does not answer them, or there are
// none: what is sent there can't be confirmed at all.
static void
on_downgrade(void *actor, const struct hw_letter *letter)
{
    bool has_barriers = letter->number != 0;
    struct supervisor *self = actor;
    struct row *row = &self->rows[letter->link];

    if (!is_about_wire(self, letter)) {
        return;
    }
    if (row->plan->settings->confirm_strict) {
        note_error(self, letter->link, HAWSER_CAUSE_LOCAL,
                   has_barriers
                       ? "confirm.strict: the peer does not echo barriers"
                       : "confirm.strict: nothing tells here what has arrived");
        step(self, letter->link, HW_LINK_FATAL);
        return;
    }
    tell_of(self, letter->link, HAWSER_EVENT_DOWNGRADE,
            (uint64_t)row->endpoint << 32,
            hw_report_error(HAWSER_CAUSE_LOCAL,
                            has_barriers
                                ? "confirm=peer: the peer does not echo "
                                  "barriers; confirm=none is in force"
                                : "confirm=peer: nothing tells here what has "
                                  "arrived; confirm=none is in force"));
}

static void
on_spool_trouble(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    const struct row *row = known(self, letter);
    struct hw_letter event = *letter;

    if (row == NULL || row->state == HAWSER_CLOSED) {
        hw_report_drop(letter->thing);
        return;
    }
    event.kind = HW_LETTER_EVENT;
    event.note =
        (uint16_t)(row->state | HAWSER_EVENT_SPOOL << HW_EVENT_KIND_SHIFT);
    event.wire = row->wire;
    event.count = row->attempt;
    event.number = (uint64_t)row->endpoint << 32;
    hw_say(self->seat, HW_RECEIVER, &event);
}

static void
on_retry_set(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row == NULL || row->turning) {
        return;
    }
    row->attempt = letter->count;
    HW_METER_SET(row->plan->meter->attempt, letter->count);
    if (row->state == HAWSER_WAITING) {
        tell_state(self, letter->link, (uint32_t)letter->number);
        next_endpoint(row);
    } else if (row->resting && letter->note != 0) {
        step(self, letter->link, HW_LINK_CEILING);
    }
}

// The link's last report stays what it is: this is no news of a wire.
static void
on_dial_held(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    const struct row *row = known(self, letter);

    if (row != NULL && row->state == HAWSER_WAITING) {
        tell_of(self, letter->link, HAWSER_EVENT_STATE,
                (uint64_t)row->endpoint << 32 | (uint32_t)letter->number,
                hw_report_error(HAWSER_CAUSE_LOCAL,
                                "bus.dials_per_second: other dials of the bus "
                                "come first"));
    }
}

// Of a greeting that does not wait for it any more it comes late.
static void
on_retry_due(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    const struct row *row = known(self, letter);

    if (row != NULL && (row->state != HAWSER_GREETING || row->resting)) {
        step(self, letter->link, HW_LINK_DUE);
    }
}

// It comes late to a greeting that the application has called good meanwhile.
static void
on_retry_over(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row == NULL || row->turning) {
        return;
    }
    row->attempt = letter->count;
    HW_METER_SET(row->plan->meter->attempt, letter->count);
    if (row->state == HAWSER_WAITING || row->resting) {
        step(self, letter->link, HW_LINK_OVER);
    }
}

static void
on_stable(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = known(self, letter);

    if (row != NULL) {
        row->tried = 0;
        row->attempt = 0;
        HW_METER_SET(row->plan->meter->attempt, 0);
    }
}

static void
forget(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];

    hw_report_drop(row->report);
    hw_report_drop(row->opened);
    hw_plan_drop(row->plan);
    free(row->reason);
    memset(row, 0, sizeof *row);
    (void)self;
}

static void
on_link_forgotten(void *actor, const struct hw_letter *letter)
{
    struct supervisor *self = actor;
    struct row *row = &self->rows[letter->link];

    row->leftover += letter->number;
    row->forgotten++;
    if (row->forgotten == FORGETFUL) {
        HW_METER_SET(row->plan->meter->leftover, row->leftover);
        tell(self, letter->link, HAWSER_EVENT_STATE, row->leftover);
        say(self, HW_RECEIVER, HW_LETTER_LINK_FORGET, letter->link);
    } else if (row->forgotten > FORGETFUL) {
        forget(self, letter->link);
    }
}

// ---- time ----

static void
on_step_deadline(struct supervisor *self, uint32_t link)
{
    struct row *row = &self->rows[link];
    const char *error = "dial.timeout: the dial took too long";

    if (row->state == HAWSER_UP) {
        step(self, link, HW_LINK_PREFER);
        return;
    }
    if (row->state == HAWSER_GREETING) {
        error = "greeting.timeout: the greeting took too long";
    } else if (row->asked) {
        error = "dial.timeout: the application gave no headers";
    }
    note_error(self, link, HAWSER_CAUSE_TIMEOUT, error);
    step(self, link, HW_LINK_TIMEOUT);
}

static void
on_wake(void *actor)
{
    struct supervisor *self = actor;
    uint64_t when;
    uint32_t link;

    while (hw_deadlines_first(&self->steps, &link, &when) &&
           when <= self->seat->now_ms) {
        hw_deadlines_clear(&self->steps, link);
        on_step_deadline(self, link);
    }
    while (hw_deadlines_first(&self->drains, &link, &when) &&
           when <= self->seat->now_ms) {
        hw_deadlines_clear(&self->drains, link);
        step(self, link, HW_LINK_DEADLINE);
    }
    arm(self);
}

static void
leave(void *actor)
{
    struct supervisor *self = actor;

    for (uint32_t link = 0; self->rows != NULL && link < self->rows_reached;
         link++) {
        if (self->rows[link].plan != NULL) {
            forget(self, link);
        }
    }
    hw_deadlines_free(&self->steps);
    hw_deadlines_free(&self->drains);
    hw_pages_give(self->rows, self->links_max, sizeof *self->rows);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct supervisor *self = actor;

    self->seat = seat;
    self->links_max = (uint32_t)settings->links_max;
    self->rows = hw_pages_take(self->links_max, sizeof *self->rows);
    if (self->rows == NULL ||
        !hw_deadlines_init(&self->steps, self->links_max) ||
        !hw_deadlines_init(&self->drains, self->links_max)) {
        leave(self);
        return HAWSER_NO_MEMORY;
    }
    return HAWSER_OK;
}

const struct hw_role hw_role_supervisor = {
    .name = HW_SUPERVISOR,
    .size = sizeof(struct supervisor),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_RECONNECT] = on_link_reconnect,
    .on[HW_LETTER_LINK_DRAIN] = on_link_drain,
    .on[HW_LETTER_LINK_CLOSE] = on_link_close,
    .on[HW_LETTER_LINK_READY] = on_link_ready,
    .on[HW_LETTER_LINK_REFUSE] = on_link_refuse,
    .on[HW_LETTER_LINK_ANSWER] = on_link_answer,
    .on[HW_LETTER_LINK_FORGOTTEN] = on_link_forgotten,
    .on[HW_LETTER_WIRE_OPENED] = on_wire_opened,
    .on[HW_LETTER_WIRE_LOST] = on_wire_lost,
    .on[HW_LETTER_GREETED] = on_greeted,
    .on[HW_LETTER_DRAINED] = on_drained,
    .on[HW_LETTER_STALLED] = on_stalled,
    .on[HW_LETTER_SILENT] = on_silent,
    .on[HW_LETTER_DOWNGRADE] = on_downgrade,
    .on[HW_LETTER_SPOOL_TROUBLE] = on_spool_trouble,
    .on[HW_LETTER_RETRY_SET] = on_retry_set,
    .on[HW_LETTER_RETRY_DUE] = on_retry_due,
    .on[HW_LETTER_RETRY_OVER] = on_retry_over,
    .on[HW_LETTER_DIAL_HELD] = on_dial_held,
    .on[HW_LETTER_STABLE] = on_stable,
};
