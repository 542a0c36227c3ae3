// storm.c - how a storm is begun, turned, and brought to its end.
#include "storm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/roles.h"
#include "values/batch.h"
#include "values/report.h"
#include "values/settings.h"
#include "wire/schemes.h"

enum {
    BEGIN_US = 1000000,    // a clock at 0 would hide some mistakes
    STORM_MS = 8000,       // at least
    STORM_MORE_MS = 17000, // and up to so much more
    JUMP_MAX_MS = 20000,   // of the clock
    SLEEP_MAX_MS = 600000, // of a suspended laptop
    STEPS_MAX = 400000,    // in all: more is a storm that never ends
    STEPS_AT_ONCE = 20000, // at one moment
};

// ---- what all use ----

void
storm_fault(struct storm *storm, const char *format, ...)
{
    va_list values;
    int length;

    if (storm->fault[0] != '\0') {
        return;
    }
    length = snprintf(storm->fault, sizeof storm->fault,
                      "at %" PRIu64 " ms: ", storm_now_ms(storm));
    va_start(values, format);
    (void)vsnprintf(storm->fault + length, sizeof storm->fault - (size_t)length,
                    format,
                    values); // cut
    va_end(values);
    storm_tell(storm, "FAULT %s", storm->fault);
}

void
storm_tell(const struct storm *storm, const char *format, ...)
{
    va_list values;

    if (storm->talks) {
        (void)printf("%9.3f ", (double)storm_now_us(storm) / 1000);
        va_start(values, format);
        (void)vprintf(format, values);
        va_end(values);
        (void)printf("\n");
    }
}

// FNV-1a, over eight bytes at once.
void
storm_note(struct storm *storm, uint64_t what)
{
    storm->hash = (storm->hash ^ what) * UINT64_C(0x100000001b3);
}

uint64_t
storm_now_us(const struct storm *storm)
{
    return sim_world_now_us(storm->world);
}

uint64_t
storm_now_ms(const struct storm *storm)
{
    return storm_now_us(storm) / 1000;
}

uint64_t
storm_chance(struct storm *storm, uint64_t limit)
{
    return hw_random_up_to(&storm->random, limit);
}

bool
storm_once_in(struct storm *storm, uint64_t times)
{
    return storm_chance(storm, times - 1) == 0;
}

void
storm_say(struct storm *storm, unsigned to, const struct hw_letter *letter)
{
    hw_say(storm->door, to, letter);
}

// ---- the door, where the test sits ----

struct door {
    struct storm *storm;
};

static void
on_room(void *actor, const struct hw_letter *letter)
{
    struct link *link = ((struct door *)actor)->storm->rows[letter->link];

    if (link != NULL) {
        link->room_heard = true;
    }
}

static void
on_found(void *actor, const struct hw_letter *letter)
{
    ask_hear(((struct door *)actor)->storm, letter);
}

static void
on_spool_gone(void *actor, const struct hw_letter *letter)
{
    disk_hear_gone(((struct door *)actor)->storm, letter);
}

static void
on_spool_close(void *actor, const struct hw_letter *letter)
{
    disk_hear_close(((struct door *)actor)->storm, letter);
}

static void
on_news(void *actor, const struct hw_letter *letter)
{
    (void)actor; // events tell the same
    hw_report_drop(letter->thing);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    (void)actor; // open_table tells it of the storm
    (void)seat;
    (void)settings;
    return HAWSER_OK;
}

static void
leave(void *actor)
{
    (void)actor; // it keeps nothing of its own
}

static const struct hw_role role_door = {
    .name = HW_DOOR,
    .size = sizeof(struct door),
    .sit = sit,
    .leave = leave,
    .on[HW_LETTER_ROOM] = on_room,
    .on[HW_LETTER_FOUND] = on_found,
    .on[HW_LETTER_SPOOL_GONE] = on_spool_gone,
    .on[HW_LETTER_SPOOL_CLOSE] = on_spool_close,
    .on[HW_LETTER_NEWS] = on_news,
};

// ---- the beginning ----

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "storm: %s\n", what);
        abort();
    }
}

static uint64_t
clock_us(void *clock)
{
    return sim_world_now_us(clock);
}

static void
set_number(hawser_options *options, const char *name, uint64_t number)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRIu64, number); // fits
    must(hawser_options_set(options, name, text) == HAWSER_OK, name);
}

// Every fourth storm has few dials, so that links wait for each other.
static struct hawser_settings *
bus_settings(uint64_t seed)
{
    struct hawser_settings *settings;
    hawser_options *options;

    must(hawser_options_new(&options) == HAWSER_OK, "no options");
    set_number(options, "bus.links_max", 4);
    set_number(options, "random.seed", seed & 0xffffffff);
    if (seed % 4 == 0) {
        set_number(options, "bus.dials_per_second", 1 + seed / 4 % 10);
        set_number(options, "bus.dials_burst", 1 + seed / 40 % 3);
    }
    settings = hw_settings_new(options, NULL);
    must(settings != NULL, "no settings");
    hawser_options_free(options);
    return settings;
}

static void
open_inbox(struct storm *storm)
{
    struct hw_mailbox *theirs;
    struct hw_letter letter = { .kind = HW_LETTER_INBOX_OPEN };

    must(hw_pipe_open(storm->post, &storm->inbox, &theirs) == HAWSER_OK,
         "no pipe");
    letter.thing = theirs;
    storm_say(storm, HW_RECEIVER, &letter);
}

static void
open_table(struct storm *storm)
{
    static const struct hw_role *const roles[] = {
        &hw_role_port,       &hw_role_receiver, &hw_role_sender,
        &hw_role_queue,      &hw_role_backoff,  &hw_role_heartbeat,
        &hw_role_supervisor, &role_door,
    };
    struct door *door;

    must(hw_ports_open(NULL, ROWS, &storm->ports) == HAWSER_OK, "no ports");
    must(hw_table_open(storm->post, roles, sizeof roles / sizeof roles[0],
                       storm->settings, clock_us, storm->world, storm->ports,
                       &storm->table) == HAWSER_OK,
         "no table");
    door = hw_table_self(storm->table, HW_DOOR);
    door->storm = storm;
    storm->door = hw_table_seat(storm->table, HW_DOOR);
}

static void
open_bus(struct storm *storm)
{
    open_table(storm);
    storm->dial_credit = (uint64_t)storm->settings->dials_burst * DIAL;
    storm->dial_credit_us = storm_now_ms(storm) * 1000;
    open_inbox(storm);
    overhear_begin(storm);
}

static void
begin(struct storm *storm, struct hw_post *post, uint64_t seed, bool talks)
{
    memset(storm, 0, sizeof *storm);
    storm->seed = seed;
    storm->talks = talks;
    storm->hash = UINT64_C(0xcbf29ce484222325);
    hw_random_init(&storm->random, seed);
    storm->world = sim_world_open(seed + 1);
    sim_world_set_us(storm->world, BEGIN_US);
    hw_scheme_add_for_tests(&hawser_transport_sim);
    storm->post = post;
    storm->settings = bus_settings(seed);
    open_bus(storm);
    ledger_watch(storm);
    late_begin(storm);
    disk_begin(storm);
    weather_begin(storm);
    app_begin(storm);
}

// ---- turns ----

static uint64_t
earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t
next_us(const struct storm *storm)
{
    uint64_t wake_ms = hw_table_next_wake(storm->table);
    uint64_t wake_us =
        wake_ms > STORM_NEVER / 1000 ? STORM_NEVER : wake_ms * 1000;

    wake_us = earlier(wake_us, late_next_us(storm));
    wake_us = earlier(wake_us, disk_next_us(storm));
    return earlier(earlier(wake_us, sim_world_next_us(storm->world)),
                   earlier(weather_next_us(storm), app_next_us(storm)));
}

// In a jump the echoes of what was under way come at once, and a drain's time
// may be over before anybody looks.
static void
allow_for_jump(struct storm *storm, uint64_t to_us)
{
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link == NULL) {
            continue;
        }
        link->unread_slack = 6 * CAPACITY_MAX;
        if (link->drain_due_ms != 0 && link->drain_due_ms < to_us / 1000) {
            link->drain_due_ms = to_us / 1000;
        }
    }
}

// A process may be stopped for a while, and then everything comes at once.
static void
move_clock(struct storm *storm, uint64_t limit_us)
{
    uint64_t us = earlier(next_us(storm), limit_us);
    uint64_t now_us = storm_now_us(storm);

    if (!storm->kind && !storm->meddled && storm_once_in(storm, 2000)) {
        us = now_us + storm_chance(storm, storm_once_in(storm, 5)
                                              ? SLEEP_MAX_MS
                                              : JUMP_MAX_MS) *
                          1000;
        allow_for_jump(storm, us);
        storm_tell(storm, "the clock jumps to %.3f", (double)us / 1000);
    }
    if (us > now_us) {
        sim_world_set_us(storm->world, us);
        storm->steps = 0;
    } else if (++storm->steps > STEPS_AT_ONCE) {
        storm_fault(storm, "time stands still");
    }
}

// ---- the end of a process ----

// Whatever the actors still say is nobody's any more.
static void
close_bus(struct storm *storm)
{
    late_end(storm);
    hw_table_turn(storm->table);
    hear_all(storm);
    hw_table_close(storm->table);
    hw_ports_close(storm->ports);
    hw_mailbox_close(storm->inbox);
    disk_end(storm);
}

// Killed, and begun anew: what was not durable is gone.
static void
be_killed(struct storm *storm)
{
    storm_tell(storm, "the process is killed");
    storm->dead = true;
    close_bus(storm);
    storm->dead = false;
    memset(storm->questions, 0, sizeof storm->questions);
    open_bus(storm);
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link != NULL && link->durable) {
            link_open_again(storm, link);
        } else if (link != NULL) {
            link->open = false;
            storm->rows[row] = NULL;
        }
    }
}

static void
turn(struct storm *storm, uint64_t limit_us)
{
    storm->turns++;
    move_clock(storm, limit_us);
    sim_world_turn(storm->world);
    late_turn(storm);
    weather_turn(storm);
    app_turn(storm);
    disk_turn(storm);
    if (disk_is_dead()) {
        be_killed(storm);
    }
    hw_ports_gather(storm->ports);
    hw_table_turn(storm->table);
    hear_all(storm);
    ledger_check(storm);
    held_check(storm);
    ask_check(storm);
}

static void
turn_until(struct storm *storm, uint64_t limit_us,
           bool (*done)(const struct storm *storm))
{
    for (unsigned i = 0; i < STEPS_MAX && storm->fault[0] == '\0'; i++) {
        if (storm_now_us(storm) >= limit_us || (done != NULL && done(storm))) {
            return;
        }
        turn(storm, limit_us);
    }
    storm_fault(storm, "the storm never ends");
}

// ---- the end ----

static void
tell_who_is_not_well(struct storm *storm)
{
    for (unsigned row = 0; row < ROWS; row++) {
        struct link *link = storm->rows[row];

        if (link != NULL) {
            storm_fault(storm,
                        "a kind world does not heal link %" PRIu32
                        " (%s, %" PRIu64 " of %" PRIu64 " released)",
                        link->id, hawser_state_name(link->state),
                        HW_METER_GET(link->meter.released_messages),
                        link->accepted);
        }
    }
}

static bool
all_closed(const struct storm *storm)
{
    for (unsigned row = 0; row < ROWS; row++) {
        if (storm->rows[row] != NULL) {
            return false;
        }
    }
    return true;
}

static bool
inbox_is_closed(const struct storm *storm)
{
    return storm->inbox_closed;
}

static void
calm_down(struct storm *storm)
{
    const struct hw_letter letter = { .kind = HW_LETTER_INBOX_CLOSE };
    uint64_t limit_us;

    storm->kind = true;
    storm_tell(storm, "the weather is over");
    weather_end(storm);
    disk_calm(storm);
    app_calm(storm);
    limit_us = storm_now_us(storm) + (uint64_t)HEAL_MS * 1000;
    turn_until(storm, limit_us, app_is_well);
    if (storm->fault[0] == '\0' && !app_is_well(storm)) {
        tell_who_is_not_well(storm);
    }
    if (storm->fault[0] != '\0') {
        return;
    }
    app_close_all(storm);
    turn_until(storm, limit_us + 1000000, all_closed);
    storm_say(storm, HW_RECEIVER, &letter);
    turn_until(storm, limit_us + 2000000, inbox_is_closed);
    if (!all_closed(storm) || !storm->inbox_closed) {
        storm_fault(storm, "closing is not answered");
    }
}

// Once more, as if there were a process after this one.
static void
look_at_files(struct storm *storm)
{
    for (uint32_t i = 0; i < storm->link_count; i++) {
        if (storm->links[i].durable && storm->fault[0] == '\0') {
            hw_batch_drop_all(life_begin(storm, &storm->links[i]));
            disk_let_go(&storm->links[i]);
        }
    }
}

static void
end(struct storm *storm)
{
    storm->kind = true; // nothing is late any more
    close_bus(storm);
    look_at_files(storm);
    for (uint32_t i = 0; i < storm->link_count; i++) {
        link_free(&storm->links[i]);
    }
    sim_world_close(storm->world);
    hw_settings_drop(storm->settings);
}

// One in eight is broken off in the middle, as when a process gives up: what
// the actors hold is given back then too.
bool
storm_run(struct storm *storm, struct hw_post *post, uint64_t seed, bool talks)
{
    uint64_t length_ms;

    begin(storm, post, seed, talks);
    length_ms = STORM_MS + storm_chance(storm, STORM_MORE_MS);
    turn_until(storm, storm_now_us(storm) + length_ms * 1000, NULL);
    if (storm->fault[0] == '\0' && !storm_once_in(storm, 8)) {
        calm_down(storm);
    }
    end(storm);
    return storm->fault[0] == '\0';
}
