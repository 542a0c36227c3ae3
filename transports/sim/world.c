// world.c - the clock, chance, and who is there.
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

const struct sim_script sim_script_kind = {
    .dial = SIM_DIAL_OPENS,
    .barriers = SIM_BARRIERS_ANSWERED,
    .retry_after_ms = -1,
    .dial_us = 500,
    .latency_us = 100,
    .capacity = 64 * 1024,
    .stack_max = 64,
    .handle_us = 10,
};

static struct sim_world *world_now;

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "sim: %s\n", what);
        abort();
    }
}

struct sim_world *
sim_world_now(void)
{
    return world_now;
}

struct sim_world *
sim_world_open(uint64_t seed)
{
    struct sim_world *world = calloc(1, sizeof *world);

    must(world != NULL, "out of memory");
    must(world_now == NULL, "there is one world at a time");
    world->random = seed;
    world_now = world;
    return world;
}

void
sim_world_close(struct sim_world *world)
{
    while (world->wires != NULL) {
        struct sim_wire *wire = world->wires;

        must(wire->port == NULL, "every wire is closed or lost at the end");
        world->wires = wire->next;
        sim_wire_free(wire);
    }
    free(world);
    world_now = NULL;
}

void
sim_world_watch(struct sim_world *world, const struct sim_watch *watch)
{
    world->watch = *watch;
}

// ---- chance: splitmix64, by Sebastiano Vigna, in the public domain ----

static uint64_t
next_random(struct sim_world *world)
{
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

// What modulo prefers is one in 2^40 and less where limits are small.
uint64_t
sim_world_chance(struct sim_world *world, uint64_t limit)
{
    uint64_t random = next_random(world);

    return limit == UINT64_MAX ? random : random % (limit + 1);
}

bool
sim_world_happens(struct sim_world *world, uint32_t ppm)
{
    return ppm > 0 && sim_world_chance(world, 999999) < ppm;
}

// ---- time ----

uint64_t
sim_world_now_us(const struct sim_world *world)
{
    return world->now_us;
}

void
sim_world_set_us(struct sim_world *world, uint64_t us)
{
    must(us >= world->now_us, "the clock never goes back");
    world->now_us = us;
}

static struct sim_wire *
first_due(const struct sim_world *world, uint64_t *due_us)
{
    struct sim_wire *first = NULL;

    *due_us = SIM_NEVER;
    for (struct sim_wire *wire = world->wires; wire != NULL;
         wire = wire->next) {
        uint64_t at = sim_wire_due_us(wire);

        if (at < *due_us) {
            *due_us = at;
            first = wire;
        }
    }
    return first;
}

uint64_t
sim_world_next_us(const struct sim_world *world)
{
    uint64_t due_us;

    (void)first_due(world, &due_us); // when, not who
    return due_us;
}

static void
free_those_over(struct sim_world *world)
{
    struct sim_wire **at = &world->wires;

    while (*at != NULL) {
        struct sim_wire *wire = *at;

        if (wire->over) {
            *at = wire->next;
            world->wire_count--;
            sim_wire_free(wire);
        } else {
            at = &wire->next;
        }
    }
}

void
sim_world_turn(struct sim_world *world)
{
    uint64_t due_us;
    struct sim_wire *wire = first_due(world, &due_us);

    while (due_us <= world->now_us) {
        sim_wire_turn(wire);
        if (wire->over) {
            free_those_over(world);
        }
        wire = first_due(world, &due_us);
    }
}

void
sim_world_add_wire(struct sim_world *world, struct sim_wire *wire)
{
    struct sim_wire **at = &world->wires;

    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = wire;
    world->wire_count++;
    wire->serial = ++world->serials;
}

// ---- servers ----

struct sim_server *
sim_world_find(struct sim_world *world, const char *name)
{
    for (size_t i = 0; i < world->server_count; i++) {
        if (strcmp(world->servers[i].name, name) == 0) {
            return &world->servers[i];
        }
    }
    return NULL;
}

struct sim_server *
sim_server_add(struct sim_world *world, const char *name)
{
    struct sim_server *server = &world->servers[world->server_count];

    must(world->server_count < SIM_SERVERS_MAX, "too many servers");
    must(strlen(name) <= SIM_NAME_MAX, "a server's name is too long");
    world->server_count++;
    server->world = world;
    server->script = sim_script_kind;
    server->life = 1;
    (void)snprintf(server->name, sizeof server->name, "%s", name); // fits
    return server;
}

void
sim_server_script(struct sim_server *server, const struct sim_script *script)
{
    server->script = *script;
}

const struct sim_script *
sim_server_scripted(const struct sim_server *server)
{
    return &server->script;
}

// The next wire, from this on, that is open there.
static struct sim_wire *
open_there(const struct sim_server *server, struct sim_wire *wire)
{
    while (wire != NULL &&
           (wire->server != server || wire->port == NULL || !wire->opened)) {
        wire = wire->next;
    }
    return wire;
}

size_t
sim_server_wires(const struct sim_server *server)
{
    struct sim_wire *wire = open_there(server, server->world->wires);
    size_t count = 0;

    for (; wire != NULL; wire = open_there(server, wire->next)) {
        count++;
    }
    return count;
}

size_t
sim_server_say(struct sim_server *server, const hawser_message *message)
{
    struct sim_wire *wire = open_there(server, server->world->wires);
    size_t count = 0;

    for (; wire != NULL; wire = open_there(server, wire->next)) {
        count += sim_wire_say(wire, message);
    }
    return count;
}

void
sim_server_goodbye(struct sim_server *server, int code, const char *reason)
{
    struct sim_wire *wire = open_there(server, server->world->wires);

    for (; wire != NULL; wire = open_there(server, wire->next)) {
        sim_wire_goodbye(wire, code, reason);
    }
}

void
sim_server_cut(struct sim_server *server)
{
    struct sim_wire *wire = open_there(server, server->world->wires);

    for (; wire != NULL; wire = open_there(server, wire->next)) {
        size_t count = sim_lane_count_under_way(&wire->out);

        sim_wire_cut(wire, sim_world_chance(server->world, count));
    }
}

void
sim_server_lose_wires(struct sim_server *server)
{
    struct sim_wire *wire = open_there(server, server->world->wires);

    for (; wire != NULL; wire = open_there(server, wire->next)) {
        wire->forgotten = true;
    }
}

// Ghosts die with it.
void
sim_server_kill(struct sim_server *server)
{
    server->life++;
    for (struct sim_wire *wire = server->world->wires; wire != NULL;
         wire = wire->next) {
        if (wire->server == server && wire->life != 0) {
            sim_wire_forget_stack(wire);
            sim_wire_cut(wire, 0);
        }
    }
}
