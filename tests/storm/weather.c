// weather.c - what servers and the net do to those who depend on them.
#include "storm.h"

#include <inttypes.h>
#include <stdio.h>

enum { FAIR_MAX_MS = 3000 }; // the longest time without a change

static const uint32_t any_latency_us[] = { 50, 200, 1000, 20000, 150000 };
static const int any_status[] = { 401, 403, 404, 429, 500, 503 };
static const int any_code[] = { 1000, 1001, 1008, 1011, 1012, 1013, 4000 };

#define ANY(storm, list)                                                       \
    (list)[storm_chance((storm), sizeof(list) / sizeof((list)[0]) - 1)]

static enum sim_dial
any_dial(struct storm *storm)
{
    return storm_once_in(storm, 2)
               ? SIM_DIAL_OPENS
               : (enum sim_dial)storm_chance(storm, SIM_DIAL_HANGS);
}

static enum sim_barriers
any_barriers(struct storm *storm)
{
    return storm_once_in(storm, 2)
               ? SIM_BARRIERS_ANSWERED
               : (enum sim_barriers)storm_chance(storm, SIM_BARRIERS_LACKED);
}

static struct sim_script
any_script(struct storm *storm)
{
    struct sim_script script = {
        .dial = any_dial(storm),
        .barriers = any_barriers(storm),
        .http_status = ANY(storm, any_status),
        .close_code = ANY(storm, any_code),
        .retry_after_ms = -1,
        .dial_us = ANY(storm, any_latency_us),
        .latency_us = ANY(storm, any_latency_us),
        .capacity = (uint32_t)(256 << storm_chance(storm, 6)),
        .stack_max = (uint32_t)(1 << storm_chance(storm, 7)),
        .handle_us = (uint32_t)storm_chance(storm, 1000),
        .barrier_late_us = (uint32_t)storm_chance(storm, 3000000),
        .echo = storm_once_in(storm, 3),
        .silent = storm_once_in(storm, 8),
    };

    script.jitter_us = (uint32_t)storm_chance(storm, script.latency_us);
    if (storm_once_in(storm, 3)) {
        script.retry_after_ms = (int)storm_chance(storm, RETRY_AFTER_MAX_MS);
    }
    if (storm_once_in(storm, 4)) {
        script.bytes_per_ms = (uint32_t)storm_chance(storm, 200);
    }
    if (storm_once_in(storm, 3)) {
        script.cut_ppm = (uint32_t)storm_chance(storm, 50000);
    }
    if (storm_once_in(storm, 4)) {
        script.cut_inside_ppm = (uint32_t)storm_chance(storm, 100000);
    }
    return script;
}

static void
change_script(struct storm *storm, unsigned i)
{
    struct sim_script script = any_script(storm);

    if (storm_once_in(storm, 3)) {
        script = sim_script_kind;
        script.capacity = CAPACITY_MAX;
    }
    storm_tell(storm,
               "server %u: dial %d barriers %d latency %" PRIu32
               " us capacity %" PRIu32 " silent %d",
               i, script.dial, script.barriers, script.latency_us,
               script.capacity, script.silent);
    sim_server_script(storm->servers[i], &script);
}

static void
chat(struct storm *storm, unsigned i)
{
    uint64_t count = storm_chance(storm, 60);
    uint8_t bytes[sizeof(struct label) + 400] = { 0 };

    while (count-- > 0) {
        struct label *label = (struct label *)(void *)bytes;
        const hawser_message message = {
            .bytes = bytes,
            .size = (uint32_t)(sizeof *label + storm_chance(storm, 400)),
            .kind = HAWSER_BINARY,
        };

        label->sort = LABEL_CHAT;
        label->link = i;
        label->number = ++storm->chats[i];
        (void)sim_server_say(storm->servers[i], &message); // whom it reaches
    }
}

static void
strike(struct storm *storm, unsigned i)
{
    struct sim_server *server = storm->servers[i];

    switch (storm_chance(storm, 9)) {
    case 0:
        storm_tell(storm, "server %u is cut off", i);
        sim_server_cut(server);
        break;
    case 1:
        storm_tell(storm, "server %u is killed", i);
        sim_server_kill(server);
        break;
    case 2:
        storm_tell(storm, "server %u says goodbye", i);
        sim_server_goodbye(server, ANY(storm, any_code), "storm");
        break;
    case 3:
        if (storm->forgets) {
            storm_tell(storm, "the net forgets the wires of server %u", i);
            sim_server_lose_wires(server);
        }
        break;
    case 4:
    case 5:
    case 6:
        chat(storm, i);
        break;
    default:
        change_script(storm, i);
        break;
    }
}

void
weather_begin(struct storm *storm)
{
    char name[16];

    storm->forgets = storm_once_in(storm, 2);
    for (unsigned i = 0; i < SERVERS; i++) {
        (void)snprintf(name, sizeof name, "%u", i); // fits
        storm->servers[i] = sim_server_add(storm->world, name);
        change_script(storm, i);
        storm->weather_at_us[i] =
            storm_now_us(storm) + storm_chance(storm, FAIR_MAX_MS * 1000);
    }
}

uint64_t
weather_next_us(const struct storm *storm)
{
    uint64_t next = STORM_NEVER;

    for (unsigned i = 0; i < SERVERS && !storm->kind; i++) {
        next = storm->weather_at_us[i] < next ? storm->weather_at_us[i] : next;
    }
    return next;
}

void
weather_turn(struct storm *storm)
{
    for (unsigned i = 0; i < SERVERS && !storm->kind; i++) {
        if (storm->weather_at_us[i] <= storm_now_us(storm)) {
            strike(storm, i);
            storm->weather_at_us[i] =
                storm_now_us(storm) + 1 +
                storm_chance(storm, storm_once_in(storm, 3)
                                        ? 20000
                                        : FAIR_MAX_MS * 1000);
        }
    }
}

void
weather_end(struct storm *storm)
{
    struct sim_script script = sim_script_kind;

    script.capacity = CAPACITY_MAX;
    for (unsigned i = 0; i < SERVERS; i++) {
        sim_server_script(storm->servers[i], &script);
    }
}
