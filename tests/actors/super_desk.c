// super_desk.c - what the tests of the supervisor say to it, in short.
#include "actors/super_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/roles.h"
#include "check.h"

struct desk super_desk;
bool super_dials_held;

// As the supervisor hears it, in the same turn.
static void
let_dial(void)
{
    const struct hw_letter due = { .kind = HW_LETTER_RETRY_DUE };

    while (!super_dials_held &&
           desk_read(&super_desk, HW_BACKOFF, HW_LETTER_DIAL_WANTED, NULL)) {
        desk_write(&super_desk, HW_BACKOFF, &due);
    }
}

void
super_write(unsigned from, const struct hw_letter *letter)
{
    desk_write(&super_desk, from, letter);
    let_dial();
}

void
super_pass(uint64_t ms)
{
    desk_pass(&super_desk, ms);
    let_dial();
}

void
super_open(const char *options, const char *urls)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .thing = desk_plan(&super_desk, 0, options, urls),
    };

    desk_open(&super_desk, &hw_role_supervisor, "", NULL);
    super_write(HW_DOOR, &open);
}

void
super_close(void)
{
    desk_close(&super_desk);
    super_dials_held = false;
}

hawser_state
super_state(void)
{
    return (hawser_state)atomic_load(&super_desk.meters[0].state);
}

void
super_bring(const char *options, hawser_state state)
{
    super_open(options, "ws://one");
    if (state == HAWSER_WAITING) {
        super_lost(1, HAWSER_CAUSE_UNREACHABLE, 0, 0);
        super_retry(HW_LETTER_RETRY_SET, 1, 100, 0);
    } else if (state == HAWSER_FAILED) {
        super_lost(1, HAWSER_CAUSE_TLS, 0, 0);
    } else if (state == HAWSER_CLOSED) {
        super_wish(HW_LETTER_LINK_CLOSE, 0, 0, 0, NULL);
    } else if (state != HAWSER_DIALING) {
        super_opened(1, true);
        if (state != HAWSER_GREETING) {
            super_hear(HW_QUEUE, HW_LETTER_GREETED, 1);
        }
        if (state == HAWSER_DRAINING) {
            super_wish(HW_LETTER_LINK_DRAIN, 0, 60000, 1000, NULL);
        }
    }
    CU_ASSERT_EQUAL(super_state(), state);
    desk_clear(&super_desk);
}

// ---- what it hears ----

void
super_wish(unsigned kind, uint32_t wire, uint64_t number, uint16_t note,
           const char *text)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .note = note,
        .wire = wire,
        .number = number,
        .thing = text == NULL ? NULL : strdup(text),
    };

    super_write(HW_DOOR, &letter);
}

void
super_opened(uint32_t wire, bool barriers)
{
    const hawser_opened info = { .peer = "127.0.0.1:80", .barriers = barriers };
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_OPENED,
        .wire = wire,
        .thing = hw_report_opened(&info),
    };

    super_write(HW_PORT, &letter);
}

void
super_lost_because(uint32_t wire, const hawser_lost *why)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_LOST,
        .wire = wire,
        .thing = hw_report_lost(why),
    };

    super_write(HW_PORT, &letter);
}

void
super_lost(uint32_t wire, hawser_cause cause, int http_status, int close_code)
{
    const hawser_lost why = {
        .cause = cause,
        .error = "lost for a reason",
        .http_status = http_status,
        .close_code = close_code,
        .retry_after_ms = -1,
    };

    super_lost_because(wire, &why);
}

void
super_hear(unsigned from, unsigned kind, uint32_t wire)
{
    const struct hw_letter letter = { .kind = (uint16_t)kind, .wire = wire };

    super_write(from, &letter);
}

void
super_retry(unsigned kind, uint32_t attempt, uint64_t number, uint16_t note)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .note = note,
        .count = attempt,
        .number = number,
    };

    super_write(HW_BACKOFF, &letter);
}

void
super_forget(uint64_t left)
{
    static const unsigned all[] = { HW_PORT, HW_SENDER, HW_QUEUE, HW_BACKOFF,
                                    HW_HEARTBEAT };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const struct hw_letter letter = {
            .kind = HW_LETTER_LINK_FORGOTTEN,
            .number = all[i] == HW_QUEUE ? left : 0,
        };

        super_write(all[i], &letter);
    }
}

// ---- what it says ----

// What an event points at is always a report: all of it can be read.
static void
read_report(const struct hw_report *report, struct super_event *event)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_TRUE(report->at_ms > INT64_C(1500000000000));
    CU_ASSERT_TRUE(strlen(report->peer) < 64);
    CU_ASSERT_EQUAL(strlen(report->protocol) + strlen(report->headers), 0);
    event->http_status = report->http_status;
    event->close_code = report->close_code;
    (void)snprintf(event->error, sizeof event->error, "%s", report->error);
}

bool
super_event(struct super_event *event)
{
    struct hw_letter letter;

    if (!desk_read(&super_desk, HW_RECEIVER, HW_LETTER_EVENT, &letter)) {
        return false;
    }
    event->kind = letter.note >> HW_EVENT_KIND_SHIFT;
    event->state = letter.note & HW_EVENT_STATE_MASK;
    event->wire = letter.wire;
    event->attempt = letter.count;
    event->number = letter.number;
    event->delay_ms = (uint32_t)letter.number;
    event->endpoint = (uint32_t)(letter.number >> 32);
    read_report(letter.thing, event);
    desk_give_back(&letter);
    return true;
}

bool
super_tells(hawser_state state)
{
    struct super_event event;

    return super_event(&event) && event.kind == HAWSER_EVENT_STATE &&
           event.state == (unsigned)state;
}

bool
super_dials(uint32_t wire, uint32_t endpoint)
{
    struct hw_letter letter;
    bool same;

    if (!desk_read(&super_desk, HW_PORT, HW_LETTER_WIRE_DIAL, &letter)) {
        return false;
    }
    same = letter.wire == wire && letter.number == endpoint;
    desk_give_back(&letter);
    return same;
}

bool
super_closes(uint32_t wire, unsigned code)
{
    struct hw_letter letter;
    bool same;

    if (!desk_read(&super_desk, HW_PORT, HW_LETTER_WIRE_CLOSE, &letter)) {
        return false;
    }
    same = letter.wire == wire && letter.note == code;
    desk_give_back(&letter);
    return same;
}

bool
super_gates(uint32_t wire, enum hw_gate gate)
{
    struct hw_letter letter;

    return desk_read(&super_desk, HW_QUEUE, HW_LETTER_GATE, &letter) &&
           letter.wire == wire && letter.note == gate;
}

bool
super_wants_retry(uint64_t not_before_ms, bool greeting)
{
    struct hw_letter letter;

    return desk_read(&super_desk, HW_BACKOFF, HW_LETTER_RETRY_WANTED,
                     &letter) &&
           letter.number == not_before_ms && letter.note == greeting;
}
