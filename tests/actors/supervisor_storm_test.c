// supervisor_storm_test.c - one supervisor, and all that can happen to it.
//
// The others are played by the test, as they behave and in the order in which a
// table would carry their letters: what wires do and what the application wants
// is drawn by seed. After each turn nothing may be stuck, and nothing two-fold.
#include <hawser/inbox.h>

#include "actors/desk.h"
#include "actors/roles.h"
#include "base/random.h"
#include "check.h"
#include "values/report.h"

enum { SEEDS = 400, TURNS = 120 };

static struct desk desk;
static struct hw_random chance;
static int wrong_at; // line of the first that did not hold; 0: none so far

// What the others know of the link.
static uint32_t port_wire;   // dialled or open; 0: none
static bool port_open;       // it is open
static uint32_t sender_wire; // served; 0: none
static uint32_t served_wire; // the last that was
static uint32_t last_wire;   // that was told of
static unsigned gate;
static bool greeted_said, draining, retry_pending, asked, closed_told;
static unsigned forgets; // LINK_FORGET heard, not counting the receiver
static bool link_open;

static void
expect_at(bool holds, int line)
{
    wrong_at = wrong_at == 0 && !holds ? line : wrong_at;
}

#define expect(holds) expect_at((holds), __LINE__)

static bool
one_in(uint64_t count)
{
    return hw_random_up_to(&chance, count - 1) == 0;
}

static void
write_letter(unsigned from, unsigned kind, uint32_t wire, uint16_t note,
             uint64_t number, void *thing)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .note = note,
        .wire = wire,
        .count = 1,
        .number = number,
        .thing = thing,
    };

    desk_write(&desk, from, &letter);
}

static void
open_link(void)
{
    static const char *const options[] = {
        "",
        "greeting=application",
        "dial.ask=on",
        "confirm=peer",
        "confirm=peer confirm.strict=on",
        "on.close=next",
        "greeting=application dial.ask=on greeting.timeout=100ms",
    };
    static const char *const urls[] = { "ws://a", "ws://a ws://b" };
    struct hw_plan *plan =
        desk_plan(&desk, 0, options[hw_random_up_to(&chance, 6)],
                  urls[hw_random_up_to(&chance, 1)]);

    port_wire = sender_wire = served_wire = last_wire = 0;
    port_open = greeted_said = draining = retry_pending = false;
    asked = closed_told = false;
    gate = HW_GATE_SHUT;
    forgets = 0;
    link_open = true;
    write_letter(HW_DOOR, HW_LETTER_LINK_OPEN, 0, 0, 0, plan);
}

// ---- the others hear ----

static void
hear_at_port(const struct hw_letter *letter)
{
    if (letter->kind == HW_LETTER_WIRE_DIAL) {
        expect(port_wire == 0 && letter->wire == last_wire);
        port_wire = letter->wire;
        port_open = false;
        asked = false;
    } else if (letter->kind == HW_LETTER_WIRE_CLOSE) {
        port_wire = letter->wire == port_wire ? 0 : port_wire;
    } else if (letter->kind == HW_LETTER_LINK_FORGET) {
        expect(port_wire == 0);
    }
}

static void
hear_at_sender(const struct hw_letter *letter)
{
    if (letter->kind == HW_LETTER_WIRE_UP) {
        expect(sender_wire == 0 && letter->wire <= last_wire);
        sender_wire = served_wire = letter->wire;
    } else if (letter->kind == HW_LETTER_WIRE_DOWN) {
        expect(sender_wire == letter->wire);
        sender_wire = 0;
    }
}

static void
hear_at_queue(const struct hw_letter *letter)
{
    if (letter->kind == HW_LETTER_GATE) {
        greeted_said = greeted_said && letter->note != HW_GATE_SHUT;
        gate = letter->note;
    } else if (letter->kind == HW_LETTER_DRAIN) {
        draining = true;
    }
}

static bool retry_wanted, dial_wanted;

static void
hear_at_backoff(const struct hw_letter *letter)
{
    retry_wanted = letter->kind == HW_LETTER_RETRY_WANTED ||
                   (retry_wanted && letter->kind == HW_LETTER_LINK_OPEN);
    dial_wanted = letter->kind == HW_LETTER_DIAL_WANTED;
    if (letter->kind != HW_LETTER_LINK_OPEN) {
        retry_pending = false;
    }
}

static void
hear_event(const struct hw_letter *letter)
{
    const struct hw_report *report = letter->thing;

    // The payload of an event is always that of an event.
    expect(report != NULL && report->at_ms > INT64_C(1500000000000));
    expect(strlen(report->error) + strlen(report->peer) < 200);
    // Wires are counted one by one, and each is told before it is dialled.
    expect(!closed_told && letter->wire - last_wire <= 1);
    last_wire = letter->wire;
    asked = asked || letter->note >> HW_EVENT_KIND_SHIFT == HAWSER_EVENT_ASK;
    closed_told = letter->note == HAWSER_CLOSED;
}

static void
hear(unsigned who, const struct hw_letter *letter)
{
    if (letter->kind == HW_LETTER_LINK_FORGET) {
        forgets++;
        asked = false;
    }
    if (who == HW_PORT) {
        hear_at_port(letter);
    } else if (who == HW_SENDER) {
        hear_at_sender(letter);
    } else if (who == HW_QUEUE) {
        hear_at_queue(letter);
    } else if (who == HW_BACKOFF) {
        hear_at_backoff(letter);
    } else if (who == HW_RECEIVER && letter->kind == HW_LETTER_EVENT) {
        hear_event(letter);
    }
}

static size_t heard;

static bool
hear_all(void)
{
    bool any = false;

    for (; heard < desk.said_count; heard++) {
        struct desk_said *said = &desk.said[heard];

        hear(said->to, &said->letter);
        any = true;
    }
    desk_clear(&desk);
    heard = 0;
    return any;
}

// ---- and answer, in the order of their rank ----

// A dial may be held back; the next turn of time lets it begin.
static void
answer_about_dial(void)
{
    dial_wanted = false;
    if (one_in(4)) {
        retry_pending = true;
        write_letter(HW_BACKOFF, HW_LETTER_DIAL_HELD, 0, 0, 100, NULL);
    } else {
        write_letter(HW_BACKOFF, HW_LETTER_RETRY_DUE, 0, 0, 0, NULL);
    }
}

static void
answer_as_backoff(void)
{
    if (dial_wanted) {
        answer_about_dial();
    }
    if (!retry_wanted) {
        return;
    }
    retry_wanted = false;
    if (one_in(20)) {
        write_letter(HW_BACKOFF, HW_LETTER_RETRY_OVER, 0, 0, 0, NULL);
    } else {
        retry_pending = true;
        write_letter(HW_BACKOFF, HW_LETTER_RETRY_SET, 0, one_in(4), 100, NULL);
    }
}

static void
answer_as_queue(void)
{
    if (gate == HW_GATE_REPLAY && !greeted_said && sender_wire != 0 &&
        !one_in(4)) {
        greeted_said = true;
        write_letter(HW_QUEUE, HW_LETTER_GREETED, sender_wire, 0, 0, NULL);
    }
    if (draining && one_in(3)) {
        draining = false;
        write_letter(HW_QUEUE, HW_LETTER_DRAINED, sender_wire, 0, 0, NULL);
    }
}

static void
answer_forgetting(void)
{
    static const unsigned all[] = { HW_PORT,      HW_SENDER, HW_BACKOFF,
                                    HW_HEARTBEAT, HW_QUEUE,  HW_RECEIVER };

    if (forgets == 5 && !closed_told) {
        for (size_t i = 0; i < 5; i++) {
            write_letter(all[i], HW_LETTER_LINK_FORGOTTEN, 0, 0, 0, NULL);
        }
    } else if (forgets == 6) {
        expect(closed_told);
        write_letter(HW_RECEIVER, HW_LETTER_LINK_FORGOTTEN, 0, 0, 0, NULL);
        link_open = false;
        forgets = 0;
    }
}

static void
carry(void)
{
    for (int i = 0; i < 50 && hear_all(); i++) {
        answer_as_backoff();
        if (forgets == 0) {
            answer_as_queue();
        }
        answer_forgetting();
    }
}

// ---- what happens ----

static void
happen_at_port(void)
{
    uint32_t wire = one_in(5) ? last_wire : port_wire;
    const hawser_lost why = {
        .cause = (hawser_cause)hw_random_up_to(&chance, 8),
        .error = "a loss",
        .http_status = 400 + (int)hw_random_up_to(&chance, 4),
        .close_code = 1000 + (int)hw_random_up_to(&chance, 13),
        .retry_after_ms = -1,
    };
    const hawser_opened info = { .peer = "peer", .barriers = one_in(2) };

    if (wire == 0) {
        return;
    }
    if (wire == port_wire && !port_open && !one_in(3)) {
        port_open = true;
        write_letter(HW_PORT, HW_LETTER_WIRE_OPENED, wire, 0, 0,
                     hw_report_opened(&info));
    } else if (one_in(2)) {
        port_wire = wire == port_wire ? 0 : port_wire;
        write_letter(HW_PORT, HW_LETTER_WIRE_LOST, wire, 0, 0,
                     hw_report_lost(&why));
    }
}

static void
happen_at_wires(void)
{
    uint32_t wire = one_in(5) ? served_wire : sender_wire; // or a late word

    if (wire == 0) {
        return;
    }
    switch (hw_random_up_to(&chance, 12)) {
    case 0:
        write_letter(HW_SENDER, HW_LETTER_STALLED, wire, 0, 0, NULL);
        break;
    case 1:
        write_letter(HW_SENDER, HW_LETTER_DOWNGRADE, wire, 0, 0, NULL);
        break;
    case 2:
        write_letter(HW_HEARTBEAT, HW_LETTER_SILENT, wire, 0, 0, NULL);
        break;
    default:
        break;
    }
}

static void
happen_at_door(void)
{
    static const uint16_t wishes[] = {
        HW_LETTER_LINK_READY,     HW_LETTER_LINK_READY,  HW_LETTER_LINK_READY,
        HW_LETTER_LINK_REFUSE,    HW_LETTER_LINK_REFUSE, HW_LETTER_LINK_ANSWER,
        HW_LETTER_LINK_ANSWER,    HW_LETTER_LINK_ANSWER, HW_LETTER_LINK_ANSWER,
        HW_LETTER_LINK_RECONNECT, HW_LETTER_LINK_DRAIN,  HW_LETTER_LINK_CLOSE,
    };
    unsigned kind = wishes[hw_random_up_to(&chance, 11)];
    uint32_t wire = last_wire - (one_in(6) ? 1 : 0);
    bool rare = kind == HW_LETTER_LINK_DRAIN || kind == HW_LETTER_LINK_CLOSE;
    bool texted = kind != HW_LETTER_LINK_READY &&
                  kind != HW_LETTER_LINK_RECONNECT && !one_in(3);

    if (!rare || one_in(4)) {
        write_letter(HW_DOOR, kind, wire, 0, hw_random_up_to(&chance, 500),
                     texted ? strdup("text") : NULL);
    }
}

static void
happen_in_time(void)
{
    desk_pass(&desk, hw_random_up_to(&chance, one_in(8) ? 20000 : 300));
    carry();
    if (retry_pending && one_in(2)) {
        retry_pending = false;
        write_letter(HW_BACKOFF, HW_LETTER_RETRY_DUE, 0, 0, 0, NULL);
        carry();
    }
    if (gate == HW_GATE_FLOW && one_in(5)) {
        write_letter(HW_BACKOFF, HW_LETTER_STABLE, 0, 0, 0, NULL);
    }
}

// ---- what holds after each turn ----

static void
check_state(void)
{
    unsigned state = atomic_load(&desk.meters[0].state);
    bool timed = desk.seat.wake_at_ms != UINT64_MAX;

    if (state == HAWSER_DIALING) {
        expect((port_wire != 0 || asked) && sender_wire == 0 && timed);
    } else if (state == HAWSER_GREETING) {
        expect(sender_wire != 0 &&
               (timed || retry_pending || gate == HW_GATE_REPLAY));
    } else if (state == HAWSER_UP || state == HAWSER_DRAINING) {
        expect(sender_wire != 0 && gate == HW_GATE_FLOW);
        expect(state == HAWSER_UP || timed);
    } else {
        expect(port_wire == 0 && sender_wire == 0 && gate == HW_GATE_SHUT);
        expect(state != HAWSER_WAITING || retry_pending);
    }
}

static void
take_a_turn(void)
{
    if (!link_open) {
        open_link();
        carry();
    }
    for (uint64_t i = hw_random_up_to(&chance, 2); i > 0; i--) {
        happen_at_port();
    }
    for (uint64_t i = hw_random_up_to(&chance, 2); i > 0; i--) {
        happen_at_door();
    }
    happen_at_wires();
    carry();
    if (link_open) {
        check_state();
        happen_in_time();
        carry();
    }
    if (link_open) {
        check_state();
    }
}

static void
nothing_that_can_happen_is_unforeseen_and_nothing_gets_stuck(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        int turn = 0;

        hw_random_init(&chance, seed);
        desk_open(&desk, &hw_role_supervisor, "", NULL);
        link_open = retry_wanted = dial_wanted = false;
        wrong_at = 0;
        heard = 0;
        while (turn < TURNS && wrong_at == 0) {
            take_a_turn();
            turn++;
        }
        CU_ASSERT_EQUAL(wrong_at, 0);
        if (wrong_at != 0) {
            fprintf(stderr, "seed %u, turn %d: line %d\n", (unsigned)seed, turn,
                    wrong_at);
        }
        desk_close(&desk);
    }
}

static CU_TestInfo tests[] = {
    CHECK(nothing_that_can_happen_is_unforeseen_and_nothing_gets_stuck),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("supervisor storm", tests)
