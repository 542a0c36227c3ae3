// herd.c - many clients of one server that goes away and comes back.
#include "herd.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/roles.h"
#include "loop/table.h"
#include "values/plan.h"
#include "values/report.h"

enum {
    BEGIN_MS = 1000,   // a clock at 0 would hide some mistakes
    SETTLED_MS = 60000 // by then every link is up and stable
};

static const uint64_t NEVER = UINT64_MAX;

// What a dial comes to. All of one kind come in the order of their dials.
struct answer {
    uint64_t at_ms;
    uint32_t link;
    uint32_t wire;
};

struct answers {
    struct answer *list;
    size_t first, count, room;
};

struct herd {
    const struct herd_setup *setup;
    struct herd_result *result;
    struct hw_table *table;
    struct hw_meter meter; // of all, for nobody
    struct hw_plan *plan;
    uint64_t now_ms;
    uint64_t lost_at_ms;     // NEVER: not yet
    uint64_t server_free_us; // when it has taken all that wait
    uint32_t *wires;         // of each client, the newest
    uint32_t up;
    struct answers taken, refused;
};

static struct herd herd;

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "herd: %s\n", what);
        abort();
    }
}

// ---- the server ----

static void
add_answer(struct answers *answers, uint64_t at_ms,
           const struct hw_letter *letter)
{
    if (answers->count == answers->room) {
        answers->room = answers->room == 0 ? 1024 : 2 * answers->room;
        answers->list =
            realloc(answers->list, answers->room * sizeof answers->list[0]);
        must(answers->list != NULL, "no memory");
    }
    answers->list[answers->count++] =
        (struct answer){ at_ms, letter->link, letter->wire };
}

static bool
take_answer(struct answers *answers, struct answer *answer)
{
    if (answers->first == answers->count ||
        answers->list[answers->first].at_ms > herd.now_ms) {
        return false;
    }
    *answer = answers->list[answers->first++];
    if (answers->first == answers->count) {
        answers->first = answers->count = 0;
    }
    return true;
}

static uint64_t
next_answer_ms(const struct answers *answers)
{
    return answers->first == answers->count
               ? NEVER
               : answers->list[answers->first].at_ms;
}

static bool
is_down(void)
{
    return herd.lost_at_ms != NEVER &&
           herd.now_ms < herd.lost_at_ms + herd.setup->down_ms;
}

// Takes the dial, if there is room; then says when it is done.
static bool
server_takes(uint64_t *done_ms)
{
    uint64_t each_us = 1000000 / herd.setup->dials_per_second;
    uint64_t now_us = herd.now_ms * 1000;

    if (herd.lost_at_ms == NEVER) { // until it is lost it takes all
        *done_ms = herd.now_ms + HERD_LATENCY_MS;
        return true;
    }
    if (herd.server_free_us < now_us) {
        herd.server_free_us = now_us;
    }
    if (is_down() ||
        herd.server_free_us - now_us > herd.setup->backlog * each_us) {
        return false;
    }
    herd.server_free_us += each_us;
    *done_ms = herd.server_free_us / 1000 + HERD_LATENCY_MS;
    return true;
}

static void
count_dial(void)
{
    struct herd_result *result = herd.result;
    uint64_t bucket;

    if (herd.lost_at_ms == NEVER) {
        return;
    }
    bucket = (herd.now_ms - herd.lost_at_ms) / HERD_BUCKET_MS;
    must(bucket < HERD_BUCKETS, "a run is at most an hour");
    result->dials++;
    result->bucket_count = (uint32_t)bucket + 1;
    if (++result->buckets[bucket] > result->peak) {
        result->peak = result->buckets[bucket];
    }
    if (!is_down() && result->buckets[bucket] > result->peak_up) {
        result->peak_up = result->buckets[bucket];
    }
}

// ---- the port ----

static void
say_from(unsigned who, unsigned to, const struct hw_letter *letter)
{
    hw_say(hw_table_seat(herd.table, who), to, letter);
}

static void
lose(uint32_t link, uint32_t wire, const hawser_lost *why)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_LOST,
        .link = link,
        .wire = wire,
        .thing = hw_report_lost(why),
    };

    say_from(HW_PORT, HW_SUPERVISOR, &letter);
}

static void
on_wire_dial(void *actor, const struct hw_letter *letter)
{
    uint64_t done_ms;

    (void)actor;
    count_dial();
    herd.wires[letter->link] = letter->wire;
    if (server_takes(&done_ms)) {
        add_answer(&herd.taken, done_ms, letter);
    } else {
        add_answer(&herd.refused, herd.now_ms + HERD_LATENCY_MS, letter);
    }
}

static void
refuse(const struct answer *answer)
{
    hawser_lost why = { .cause = HAWSER_CAUSE_UNREACHABLE,
                        .error = "connect: Connection refused",
                        .retry_after_ms = -1 };

    if (herd.setup->manners == HERD_RETRY_AFTER && !is_down()) {
        why.cause = HAWSER_CAUSE_HTTP;
        why.error = "503";
        why.http_status = 503;
        why.retry_after_ms = herd.setup->retry_after_ms;
    }
    herd.result->refused++;
    lose(answer->link, answer->wire, &why);
}

static void
open_wire(const struct answer *answer)
{
    const hawser_opened info = { .peer = "server" };
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_OPENED,
        .link = answer->link,
        .wire = answer->wire,
        .thing = hw_report_opened(&info),
    };

    say_from(HW_PORT, HW_SUPERVISOR, &letter);
}

static void
turn_answers(void)
{
    struct answer answer;

    while (take_answer(&herd.refused, &answer)) {
        refuse(&answer);
    }
    while (take_answer(&herd.taken, &answer)) {
        open_wire(&answer);
    }
}

// ---- the others, as far as a link needs them ----

static void
on_link_open(void *actor, const struct hw_letter *letter)
{
    (void)actor;
    hw_plan_drop(letter->thing);
}

static void
on_report(void *actor, const struct hw_letter *letter)
{
    (void)actor;
    hw_report_drop(letter->thing);
}

static void
on_anything(void *actor, const struct hw_letter *letter)
{
    (void)actor;
    (void)letter;
}

static void
note_back(void)
{
    struct herd_result *result = herd.result;
    uint64_t took_ms = herd.now_ms - herd.lost_at_ms;

    result->back++;
    if (result->half_ms == NEVER && result->back >= herd.up / 2) {
        result->half_ms = took_ms;
    }
    if (result->most_ms == NEVER &&
        (uint64_t)result->back * 100 >= (uint64_t)herd.up * 99) {
        result->most_ms = took_ms;
    }
    if (result->back == herd.up) {
        result->all_ms = took_ms;
    }
}

static void
on_gate(void *actor, const struct hw_letter *letter)
{
    const struct hw_letter greeted = {
        .kind = HW_LETTER_GREETED,
        .link = letter->link,
        .wire = letter->wire,
    };

    (void)actor;
    if (letter->note == HW_GATE_REPLAY) {
        say_from(HW_QUEUE, HW_SUPERVISOR, &greeted);
    } else if (letter->note == HW_GATE_FLOW) {
        if (herd.lost_at_ms == NEVER) {
            herd.up++;
        } else {
            note_back();
        }
    }
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    (void)actor;
    (void)seat;
    (void)settings;
    return HAWSER_OK;
}

static void
leave(void *actor)
{
    (void)actor; // what is played keeps nothing
}

#define PLAYED(who) .name = (who), .size = 1, .sit = sit, .leave = leave

static const struct hw_role port = {
    PLAYED(HW_PORT),
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_anything,
    .on[HW_LETTER_WIRE_DIAL] = on_wire_dial,
    .on[HW_LETTER_WIRE_CLOSE] = on_anything,
};

static const struct hw_role sender = {
    PLAYED(HW_SENDER),
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_WIRE_UP] = on_anything,
    .on[HW_LETTER_WIRE_DOWN] = on_anything,
};

static const struct hw_role heartbeat = {
    PLAYED(HW_HEARTBEAT),
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_WIRE_UP] = on_anything,
    .on[HW_LETTER_WIRE_DOWN] = on_anything,
};

static const struct hw_role receiver = {
    PLAYED(HW_RECEIVER),
    .on[HW_LETTER_EVENT] = on_report,
    .on[HW_LETTER_WIRE_UP] = on_anything,
    .on[HW_LETTER_WIRE_DOWN] = on_anything,
};

static const struct hw_role queue = {
    PLAYED(HW_QUEUE),
    .on[HW_LETTER_GATE] = on_gate,
};

static const struct hw_role door = {
    PLAYED(HW_DOOR),
    .on[HW_LETTER_NEWS] = on_report,
};

// ---- a run ----

static uint64_t
clock_us(void *clock)
{
    (void)clock;
    return herd.now_ms * 1000;
}

static struct hawser_settings *
settings_of(const char *options)
{
    struct hawser_settings *settings;
    char all[512], *rest = all, *word;
    hawser_options *set;

    must(hawser_options_new(&set) == HAWSER_OK, "no options");
    (void)snprintf(all, sizeof all,
                   "bus.links_max=%u bus.dials_per_second=off random.seed=1 %s",
                   herd.setup->clients, options);
    while ((word = strsep(&rest, " ")) != NULL) {
        char *value = strchr(word, '=');

        if (value != NULL) {
            *value++ = '\0';
            must(hawser_options_set(set, word, value) == HAWSER_OK,
                 hawser_options_error(set));
        }
    }
    settings = hw_settings_new(set, NULL);
    must(settings != NULL, "no settings");
    hawser_options_free(set);
    return settings;
}

static void
open_herd(struct hw_post *post)
{
    static const struct hw_role *const roles[] = {
        &port,      &receiver,           &sender, &queue, &hw_role_backoff,
        &heartbeat, &hw_role_supervisor, &door,
    };
    const struct hw_endpoint endpoint = { .url = "herd://server" };
    struct hawser_settings *settings = settings_of(herd.setup->options);

    must(hw_table_open(post, roles, sizeof roles / sizeof roles[0], settings,
                       clock_us, NULL, NULL, &herd.table) == HAWSER_OK,
         "no table");
    herd.plan = hw_plan_new(settings, &endpoint, 1);
    herd.wires = calloc(herd.setup->clients, sizeof herd.wires[0]);
    must(herd.plan != NULL && herd.wires != NULL, "no memory");
    herd.plan->meter = &herd.meter;
    for (uint32_t link = 0; link < herd.setup->clients; link++) {
        const struct hw_letter letter = {
            .kind = HW_LETTER_LINK_OPEN,
            .link = link,
            .thing = hw_plan_hold(herd.plan),
        };

        say_from(HW_DOOR, HW_SUPERVISOR, &letter);
    }
}

static uint64_t
earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static void
turn_until(uint64_t end_ms)
{
    for (;;) {
        uint64_t next;

        turn_answers();
        hw_table_turn(herd.table);
        next = earlier(hw_table_next_wake(herd.table),
                       earlier(next_answer_ms(&herd.taken),
                               next_answer_ms(&herd.refused)));
        if (next > end_ms || herd.result->back == herd.setup->clients) {
            return;
        }
        herd.now_ms = next > herd.now_ms ? next : herd.now_ms;
    }
}

static void
lose_all(void)
{
    hawser_lost why = { .cause = HAWSER_CAUSE_RESET,
                        .error = "reset",
                        .retry_after_ms = -1 };

    if (herd.setup->manners == HERD_GOODBYE) {
        why.cause = HAWSER_CAUSE_CLOSED;
        why.close_code = 1012;
    }
    herd.lost_at_ms = herd.now_ms;
    for (uint32_t link = 0; link < herd.setup->clients; link++) {
        lose(link, herd.wires[link], &why);
    }
}

static void
close_herd(void)
{
    hw_table_close(herd.table);
    hw_plan_drop(herd.plan);
    free(herd.wires);
    free(herd.taken.list);
    free(herd.refused.list);
}

void
herd_run(struct hw_post *post, const struct herd_setup *setup,
         struct herd_result *result)
{
    memset(&herd, 0, sizeof herd);
    memset(result, 0, sizeof *result);
    result->half_ms = result->most_ms = result->all_ms = NEVER;
    herd.setup = setup;
    herd.result = result;
    herd.now_ms = BEGIN_MS;
    herd.lost_at_ms = NEVER;
    open_herd(post);
    turn_until(BEGIN_MS + SETTLED_MS);
    must(herd.up == setup->clients, "all are up before the server is lost");
    herd.now_ms = BEGIN_MS + SETTLED_MS;
    lose_all();
    turn_until(herd.lost_at_ms + setup->limit_ms);
    close_herd();
}
