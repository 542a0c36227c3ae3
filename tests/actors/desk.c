// desk.c - one actor alone: a stand-in for the loop that seats it.
#include "actors/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "values/batch.h"
#include "values/report.h"

// ---- the seat ----

static void
say(struct hw_seat *seat, unsigned to, const struct hw_letter *letter)
{
    struct desk *desk = (struct desk *)seat;
    struct desk_said *said;

    if (!hw_route_known(seat->name, to, letter->kind)) {
        fprintf(stderr, "%s is not to say %s to %s\n", hw_name_text(seat->name),
                hw_letter_name(letter->kind), hw_name_text(to));
        CU_FAIL("only letters that the vocabulary knows are said");
    }
    CU_ASSERT_FATAL(desk->said_count < DESK_SAID_MAX);
    said = &desk->said[desk->said_count++];
    said->to = to;
    said->read = false;
    said->letter = *letter;
}

static uint64_t
clock_us(const struct hw_seat *seat)
{
    struct desk *desk = (struct desk *)seat;
    uint64_t now_us = desk->clock_us;

    desk->clock_us += desk->look_us;
    return now_us;
}

void
desk_open(struct desk *desk, const struct hw_role *role, const char *options,
          struct hw_ports *ports)
{
    struct hawser_settings *settings;
    char all[512];

    (void)snprintf(all, sizeof all, "bus.links_max=%d random.seed=1 %s",
                   DESK_LINKS, options);
    settings = desk_settings(all);
    memset(desk, 0, sizeof *desk);
    desk->role = role;
    desk->clock_us = (uint64_t)DESK_START_MS * 1000;
    desk->seat.say = say;
    desk->seat.clock_us = clock_us;
    desk->seat.now_ms = DESK_START_MS;
    desk->seat.wake_at_ms = UINT64_MAX;
    desk->seat.ports = ports;
    desk->seat.name = role->name;
    desk->self = calloc(1, role->size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(desk->self);
    CU_ASSERT_EQUAL_FATAL(role->sit(desk->self, &desk->seat, settings),
                          HAWSER_OK);
    hw_settings_drop(settings);
}

void
desk_close(struct desk *desk)
{
    desk->role->leave(desk->self);
    free(desk->self);
    desk->self = NULL;
    desk_clear(desk);
}

// ---- writing ----

void
desk_write(struct desk *desk, unsigned from, const struct hw_letter *letter)
{
    if (!hw_route_known(from, desk->role->name, letter->kind)) {
        fprintf(stderr, "%s does not say %s to %s\n", hw_name_text(from),
                hw_letter_name(letter->kind), hw_name_text(desk->role->name));
        CU_FAIL("a test writes letters that the vocabulary knows");
    }
    CU_ASSERT_FATAL(desk->role->on[letter->kind] != NULL);
    desk->seat.now_ms = desk_now(desk);
    desk->role->on[letter->kind](desk->self, letter);
}

static void
wake_if_due(struct desk *desk)
{
    while (desk->seat.wake_at_ms <= desk_now(desk)) {
        desk->seat.wake_at_ms = UINT64_MAX;
        desk->seat.now_ms = desk_now(desk);
        desk->role->on_wake(desk->self);
    }
}

void
desk_pass(struct desk *desk, uint64_t ms)
{
    uint64_t end_us = desk->clock_us + ms * 1000;

    while (desk->seat.wake_at_ms <= end_us / 1000) {
        if (desk->seat.wake_at_ms * 1000 > desk->clock_us) {
            desk->clock_us = desk->seat.wake_at_ms * 1000;
        }
        wake_if_due(desk);
    }
    desk->clock_us = end_us;
    desk->seat.now_ms = desk_now(desk);
}

void
desk_oversleep(struct desk *desk, uint64_t ms)
{
    desk->clock_us += ms * 1000;
    wake_if_due(desk);
    desk->seat.now_ms = desk_now(desk);
}

uint64_t
desk_now(const struct desk *desk)
{
    return desk->clock_us / 1000;
}

// ---- reading ----

static bool
take(struct desk_said *said, struct hw_letter *letter)
{
    said->read = true;
    if (letter != NULL) {
        *letter = said->letter;
    } else {
        desk_give_back(&said->letter);
    }
    return true;
}

bool
desk_read(struct desk *desk, unsigned to, unsigned kind,
          struct hw_letter *letter)
{
    for (size_t i = 0; i < desk->said_count; i++) {
        struct desk_said *said = &desk->said[i];

        if (!said->read && said->to == to && said->letter.kind == kind) {
            return take(said, letter);
        }
    }
    return false;
}

bool
desk_read_next(struct desk *desk, unsigned to, unsigned kind,
               struct hw_letter *letter)
{
    for (size_t i = 0; i < desk->said_count; i++) {
        struct desk_said *said = &desk->said[i];

        if (!said->read) {
            return said->to == to && said->letter.kind == kind &&
                   take(said, letter);
        }
    }
    return false;
}

size_t
desk_count(const struct desk *desk, unsigned to, unsigned kind)
{
    size_t count = 0;

    for (size_t i = 0; i < desk->said_count; i++) {
        const struct desk_said *said = &desk->said[i];

        count += !said->read && said->to == to && said->letter.kind == kind;
    }
    return count;
}

bool
desk_is_silent(const struct desk *desk)
{
    for (size_t i = 0; i < desk->said_count; i++) {
        if (!desk->said[i].read) {
            desk_print(desk);
            return false;
        }
    }
    return true;
}

void
desk_clear(struct desk *desk)
{
    for (size_t i = 0; i < desk->said_count; i++) {
        if (!desk->said[i].read) {
            desk_give_back(&desk->said[i].letter);
        }
    }
    desk->said_count = 0;
}

void
desk_print(const struct desk *desk)
{
    for (size_t i = 0; i < desk->said_count; i++) {
        const struct hw_letter *letter = &desk->said[i].letter;

        if (!desk->said[i].read) {
            fprintf(stderr,
                    "\n    to %s: %s, note %u, link %u, wire %u, "
                    "count %u, number %llu",
                    hw_name_text(desk->said[i].to),
                    hw_letter_name(letter->kind), letter->note, letter->link,
                    letter->wire, letter->count,
                    (unsigned long long)letter->number);
        }
    }
    fprintf(stderr, "\n");
}

void
desk_give_back(const struct hw_letter *letter)
{
    switch (letter->kind) {
    case HW_LETTER_LINK_OPEN:
        hw_plan_drop(letter->thing);
        break;
    case HW_LETTER_EVENT:
    case HW_LETTER_NEWS:
    case HW_LETTER_WIRE_OPENED:
    case HW_LETTER_WIRE_LOST:
        hw_report_drop(letter->thing);
        break;
    case HW_LETTER_MAIL:
    case HW_LETTER_GREETING_MAIL:
    case HW_LETTER_REFUSED:
    case HW_LETTER_WIRE_RECEIVED:
    case HW_LETTER_DELIVER:
        if (letter->thing != NULL) {
            hw_batch_drop(letter->thing);
        }
        break;
    default: // the rest hold malloc'd text, or nothing
        free(letter->thing);
        break;
    }
}

// ---- what letters hold ----

struct hawser_settings *
desk_settings(const char *options)
{
    struct hawser_settings *settings;
    hawser_options *set;
    char all[512], *rest = all, *word;

    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&set), HAWSER_OK);
    (void)snprintf(all, sizeof all, "%s", options);
    while ((word = strsep(&rest, " ")) != NULL) {
        char *value = strchr(word, '=');

        if (value != NULL) {
            *value++ = '\0';
            if (hawser_options_set(set, word, value) != HAWSER_OK) {
                fprintf(stderr, "%s\n", hawser_options_error(set));
                CU_FAIL_FATAL("a test sets options that there are");
            }
        }
    }
    settings = hw_settings_new(NULL, set);
    hawser_options_free(set);
    CU_ASSERT_PTR_NOT_NULL_FATAL(settings);
    return settings;
}

struct hw_plan *
desk_plan(struct desk *desk, uint32_t link, const char *options,
          const char *urls)
{
    struct hw_endpoint endpoints[HW_ENDPOINTS_MAX] = { 0 };
    char all[512], *rest = all, *word;
    struct hw_plan *plan;
    uint32_t count = 0;

    (void)snprintf(all, sizeof all, "%s", urls);
    while ((word = strsep(&rest, " ")) != NULL) {
        endpoints[count++].url = word;
    }
    plan = hw_plan_new(desk_settings(options), endpoints, count);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    memset(&desk->meters[link], 0, sizeof desk->meters[link]);
    plan->meter = &desk->meters[link];
    return plan;
}
