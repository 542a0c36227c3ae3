// partner_sim.c - a server of the sim world, whose clock runs as fast as the
// stage's loop turns.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partner.h"
#include "sim/sim.h"

enum { SEED = 1, TURNS_AT_ONCE = 16 };

struct partner {
    struct partner *next; // of those that are open
    struct sim_server *server;
    struct ear ear;
    struct ear said; // what is still to be said, from said_next on
    size_t said_next;
    bool leaving; // goodbye once all is said
    int code;
    char reason[128];
    char name[32];
};

static struct sim_world *world;
static struct partner *partners;
static uv_idle_t pump;

// ---- what a server says ----

static void
say_more(struct partner *partner)
{
    while (partner->said_next < partner->said.count) {
        const struct note *note = &partner->said.notes[partner->said_next];
        const hawser_message message = {
            .bytes = note->bytes,
            .size = (uint32_t)note->size,
            .topic = note->topic_size > 0 ? note->topic : NULL,
            .topic_size = (uint16_t)note->topic_size,
            .kind = (uint8_t)note->kind,
        };

        if (sim_server_say(partner->server, &message) == 0) {
            return; // there is no room
        }
        partner->said_next++;
    }
    if (partner->leaving) {
        partner->leaving = false;
        sim_server_goodbye(partner->server, partner->code, partner->reason);
    }
}

static void
on_idle(uv_idle_t *idle)
{
    (void)idle; // there is one
    for (struct partner *at = partners; at != NULL; at = at->next) {
        say_more(at);
    }
    for (unsigned i = 0; i < TURNS_AT_ONCE; i++) {
        uint64_t next_us = sim_world_next_us(world);

        if (next_us == UINT64_MAX) {
            return;
        }
        if (next_us > sim_world_now_us(world)) {
            sim_world_set_us(world, next_us);
        }
        sim_world_turn(world);
    }
}

// ---- what it hears ----

static struct ear *
ear_of(const struct sim_seen *seen)
{
    for (struct partner *at = partners; at != NULL; at = at->next) {
        if (strcmp(at->name, seen->server) == 0) {
            return &at->ear;
        }
    }
    return NULL; // closed
}

static void
on_arrived(void *user, const struct sim_seen *seen)
{
    struct ear *ear = ear_of(seen);

    (void)user; // partners are found by name
    if (ear != NULL) {
        ear_note(ear, seen->kind, seen->topic, seen->topic_size, seen->bytes,
                 seen->size);
    }
}

static void
on_goodbye(void *user, const struct sim_seen *seen, int code,
           const char *reason)
{
    struct ear *ear = ear_of(seen);

    (void)user; // partners are found by name
    if (ear != NULL) {
        ear->gone = true;
        ear->code = code;
        (void)snprintf(ear->reason, sizeof ear->reason, "%s", reason); // cut
    }
}

// ---- the world, which lasts from start to stop ----

static hawser_status
start(void *uv_loop, void **site)
{
    const struct sim_watch watch = { .arrived = on_arrived,
                                     .goodbye = on_goodbye };

    world = sim_world_open(SEED);
    sim_world_watch(world, &watch);
    (void)uv_idle_init(uv_loop, &pump); // it can't fail
    (void)uv_idle_start(&pump, on_idle);
    uv_unref((uv_handle_t *)&pump);
    return hawser_transport_sim.start(uv_loop, site);
}

static void
stop(void *site)
{
    hawser_transport_sim.stop(site);
    uv_close((uv_handle_t *)&pump, NULL);
    sim_world_close(world);
    world = NULL;
}

const hawser_transport *
sim_that_turns(void)
{
    static hawser_transport transport;

    transport = hawser_transport_sim;
    transport.start = start;
    transport.stop = stop;
    return &transport;
}

// ---- what the suite has it do ----

static struct partner *
open_server(struct stage *stage, const hawser_transport *honest,
            char url[static PARTNER_URL_SIZE])
{
    static unsigned names;
    struct partner *partner = calloc(1, sizeof *partner);

    (void)stage;  // its loop turns the world
    (void)honest; // the server is the world's own
    if (partner == NULL) {
        abort();
    }
    (void)snprintf(partner->name, sizeof partner->name, "server-%u",
                   names++); // a number fits
    (void)snprintf(url, PARTNER_URL_SIZE, "sim://%s", partner->name); // fits
    partner->server = sim_server_add(world, partner->name);
    partner->next = partners;
    partners = partner;
    return partner;
}

static struct ear *
ear(struct partner *partner)
{
    if (sim_server_wires(partner->server) > 0) {
        partner->ear.opened = true;
    }
    return &partner->ear;
}

static void
say(struct partner *partner, const hawser_message *message)
{
    ear_note(&partner->said, (hawser_kind)message->kind, message->topic,
             message->topic_size, message->bytes, message->size);
}

static size_t
unsaid(struct partner *partner)
{
    return partner->said.count - partner->said_next;
}

static void
hear_or_not(struct partner *partner, bool on)
{
    struct sim_script script = *sim_server_scripted(partner->server);

    script.stack_max = on ? sim_script_kind.stack_max : 0;
    sim_server_script(partner->server, &script);
}

static void
goodbye(struct partner *partner, int code, const char *reason)
{
    partner->leaving = true;
    partner->code = code;
    (void)snprintf(partner->reason, sizeof partner->reason, "%s",
                   reason); // cut
}

static void
cut(struct partner *partner)
{
    sim_server_cut(partner->server);
}

static void
close_server(struct partner *partner)
{
    struct partner **at = &partners;

    while (*at != partner) {
        at = &(*at)->next;
    }
    *at = partner->next;
    ear_clear(&partner->ear);
    ear_clear(&partner->said);
    free(partner);
}

const struct partner_kind partner_sim = {
    .open = open_server,
    .ear = ear,
    .say = say,
    .unsaid = unsaid,
    .listen = hear_or_not,
    .goodbye = goodbye,
    .cut = cut,
    .close = close_server,
};
