// wire.c - a wire of the world: the transport's verbs, and how it ends.
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORDINARY = 1000, UNKNOWN_DIAL_US = 500 };

// ---- under way ----

const struct sim_script *
sim_wire_script(const struct sim_wire *wire)
{
    return &wire->server->script;
}

uint64_t
sim_wire_arrival_us(const struct sim_wire *wire)
{
    const struct sim_script *script = sim_wire_script(wire);

    return wire->world->now_us + script->latency_us +
           sim_world_chance(wire->world, script->jitter_us);
}

// Puts under way what the capacity has room for.
void
sim_wire_pump(struct sim_wire *wire)
{
    const struct sim_script *script = sim_wire_script(wire);
    struct sim_lane *lane = &wire->out;
    struct sim_parcel *parcel;

    while (!wire->cut &&
           (parcel = sim_lane_next_waiting(lane, script->capacity)) != NULL) {
        uint64_t at_us = sim_wire_arrival_us(wire);

        if (script->bytes_per_ms > 0) {
            at_us = at_us < lane->last_at_us ? lane->last_at_us : at_us;
            at_us += sim_parcel_cost(parcel) * 1000 / script->bytes_per_ms;
        }
        sim_lane_launch(lane, at_us);
    }
}

// ---- the end ----

// The port is gone; what is under way goes on for a while.
static void
become_ghost(struct sim_wire *wire)
{
    wire->port = NULL;
    wire->lost_at_us = SIM_NEVER;
    wire->pong_count = 0;
    wire->end_at_us = wire->world->now_us + SIM_GHOST_US;
    wire->over = !wire->opened;
    sim_lane_cut(&wire->in, 0);
}

void
sim_wire_lose(struct sim_wire *wire, const hawser_lost *why)
{
    hawser_port *port = wire->port;

    become_ghost(wire);
    hawser_port_lost(port, why);
}

void
sim_wire_lose_simply(struct sim_wire *wire, hawser_cause cause,
                     const char *error)
{
    const hawser_lost why = { .cause = cause,
                              .error = error,
                              .headers = "",
                              .reason = "",
                              .retry_after_ms = -1 };

    sim_wire_lose(wire, &why);
}

void
sim_wire_cut(struct sim_wire *wire, size_t keep)
{
    size_t coming = sim_lane_count_under_way(&wire->in);

    sim_lane_cut(&wire->out, keep);
    sim_lane_cut(&wire->in, sim_world_chance(wire->world, coming));
    wire->cut = true;
    wire->pong_count = 0;
    if (wire->port != NULL && wire->lost_at_us == SIM_NEVER) {
        wire->lost_at_us =
            wire->world->now_us + sim_wire_script(wire)->latency_us;
    }
}

void
sim_wire_forget_stack(struct sim_wire *wire)
{
    while (wire->stack != NULL) {
        struct sim_parcel *next = wire->stack->next;

        free(wire->stack);
        wire->stack = next;
    }
    wire->stack_last = NULL;
    wire->stacked = 0;
}

void
sim_wire_free(struct sim_wire *wire)
{
    sim_wire_forget_stack(wire);
    sim_lane_cut(&wire->out, 0);
    sim_lane_cut(&wire->in, 0);
    free(wire);
}

// ---- the verbs ----

hawser_status
sim_wire_dial(void *site, const hawser_dial *dial, hawser_port *port,
              void **result, char *sentence, size_t sentence_size)
{
    struct sim_world *world = site;
    struct sim_wire *wire = calloc(1, sizeof *wire);

    if (wire == NULL || world->wire_count == SIM_WIRES_MAX) {
        free(wire);
        (void)snprintf(sentence, sentence_size, "sim: too many wires"); // cut
        return HAWSER_FULL;
    }
    wire->world = world;
    wire->server = sim_world_find(world, strstr(dial->url, "://") + 3);
    wire->port = port;
    wire->number = dial->number;
    wire->listening = true;
    wire->lost_at_us = SIM_NEVER;
    wire->end_at_us = SIM_NEVER;
    wire->buffer_max =
        (size_t)hawser_setting_number(dial->settings, "wire.buffer");
    wire->message_max =
        (size_t)hawser_setting_number(dial->settings, "message.max");
    wire->dial_at_us =
        world->now_us + (wire->server == NULL ? UNKNOWN_DIAL_US
                                              : sim_wire_script(wire)->dial_us);
    sim_world_add_wire(world, wire);
    *result = wire;
    return HAWSER_OK;
}

struct sim_seen
sim_wire_seen(const struct sim_wire *wire, const struct sim_parcel *parcel)
{
    return (struct sim_seen){
        .server = wire->server->name,
        .life = wire->life,
        .wire = wire->number,
        .serial = wire->serial,
        .port = wire->port == NULL ? "" : hawser_port_name(wire->port),
        .kind = (hawser_kind)parcel->kind,
        .topic = parcel->bytes,
        .topic_size = parcel->topic_size,
        .bytes = parcel->bytes + parcel->topic_size,
        .size = parcel->size,
    };
}

size_t
sim_wire_backlog(const struct sim_wire *wire)
{
    return wire->out.bytes - wire->out.under_way;
}

bool
sim_wire_fits(const struct sim_wire *wire, size_t cost)
{
    return sim_wire_backlog(wire) == 0 ||
           sim_wire_backlog(wire) + cost <= wire->buffer_max;
}

static bool
is_refused(const struct sim_wire *wire, const struct sim_parcel *parcel)
{
    const struct sim_watch *watch = &wire->world->watch;
    const struct sim_seen what = sim_wire_seen(wire, parcel);

    return watch->refuses != NULL && watch->refuses(watch->user, &what);
}

static void
tell_taken(const struct sim_wire *wire, const struct sim_parcel *parcel)
{
    const struct sim_watch *watch = &wire->world->watch;
    const struct sim_seen what = sim_wire_seen(wire, parcel);

    if (watch->taken != NULL) {
        watch->taken(watch->user, &what);
    }
}

size_t
sim_wire_send(void *handle, const hawser_message *messages, size_t count)
{
    struct sim_wire *wire = handle;
    size_t taken = 0;

    if (sim_world_happens(wire->world, sim_wire_script(wire)->cut_inside_ppm)) {
        sim_wire_cut(wire,
                     sim_world_chance(wire->world,
                                      sim_lane_count_under_way(&wire->out)));
        sim_wire_lose_simply(wire, HAWSER_CAUSE_RESET, "write: Broken pipe");
        return 0;
    }
    while (taken < count) {
        struct sim_parcel *parcel = sim_parcel_of_message(&messages[taken]);
        size_t cost = parcel == NULL ? 0 : sim_parcel_cost(parcel);

        if (parcel == NULL || !sim_wire_fits(wire, cost)) {
            free(parcel);
            wire->refused = cost + 1; // 1 where there was no memory
            break;
        }
        if (is_refused(wire, parcel)) {
            hawser_port_refused(wire->port, taken++,
                                "sim: nobody is to have it");
            free(parcel);
            continue;
        }
        tell_taken(wire, parcel);
        sim_lane_add(&wire->out, parcel);
        sim_wire_pump(wire);
        taken++;
    }
    return taken;
}

void
sim_wire_barrier(void *handle, uint64_t number)
{
    struct sim_wire *wire = handle;
    struct sim_parcel *parcel = sim_parcel_of_barrier(number);

    wire->asked = number;
    if (parcel != NULL) { // Hawser asks anew
        sim_lane_add(&wire->out, parcel);
        sim_wire_pump(wire);
    }
}

void
sim_wire_listen(void *handle, int on)
{
    ((struct sim_wire *)handle)->listening = on != 0;
}

// Behind what is under way, and past the limits.
static void
say_goodbye(struct sim_wire *wire, int code, const char *reason)
{
    struct sim_parcel *goodbye = sim_parcel_of_goodbye(code, reason);

    if (goodbye != NULL) { // or it goes without a word
        sim_lane_add(&wire->out, goodbye);
        sim_wire_pump(wire);
    }
}

void
sim_wire_close(void *handle, int code, const char *reason)
{
    struct sim_wire *wire = handle;
    size_t count = sim_lane_count_under_way(&wire->out);

    if (wire->opened && !wire->cut && code == HAWSER_CLOSE_CUT) {
        sim_lane_cut(&wire->out, sim_world_chance(wire->world, count));
        say_goodbye(wire, 0, "");
    } else if (wire->opened && !wire->cut) {
        say_goodbye(wire, code == 0 ? ORDINARY : code, reason);
    }
    become_ghost(wire);
}

void
sim_wire_gauge(void *handle, hawser_gauge *gauge)
{
    const struct sim_wire *wire = handle;

    gauge->written = wire->out.written;
    gauge->backlog = sim_wire_backlog(wire);
}
