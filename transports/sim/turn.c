// turn.c - what happens at a wire of the world when it is due.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

enum { NEVER_ASKED = 1 << 30 }; // no wire asks so many barriers

// ---- the server's end ----

static void
say_back(struct sim_wire *wire, struct sim_parcel *parcel)
{
    if (parcel == NULL) {
        abort(); // the world needs memory
    }
    sim_lane_add(&wire->in, parcel);
    sim_lane_launch(&wire->in, sim_wire_arrival_us(wire));
}

static bool
has_room_back(const struct sim_wire *wire, size_t cost)
{
    return wire->in.bytes == 0 ||
           wire->in.bytes + cost <= sim_wire_script(wire)->capacity;
}

bool
sim_wire_say(struct sim_wire *wire, const hawser_message *message)
{
    struct sim_parcel *parcel = sim_parcel_of_message(message);

    if (parcel != NULL && !wire->finished && !wire->cut &&
        has_room_back(wire, sim_parcel_cost(parcel))) {
        say_back(wire, parcel);
        return true;
    }
    free(parcel);
    return false;
}

void
sim_wire_goodbye(struct sim_wire *wire, int code, const char *reason)
{
    if (!wire->finished && !wire->cut) {
        wire->finished = true;
        say_back(wire, sim_parcel_of_goodbye(code, reason));
    }
}

static void
answer(struct sim_wire *wire, uint64_t number)
{
    const struct sim_script *script = sim_wire_script(wire);

    if (wire->port == NULL) {
        return;
    }
    switch (script->barriers) {
    case SIM_BARRIERS_LATE:
        if (wire->pong_count < SIM_PONGS_MAX) { // or it is forgotten
            wire->pongs[wire->pong_count++] =
                (struct sim_pong){ number, wire->world->now_us +
                                               script->barrier_late_us };
        }
        break;
    case SIM_BARRIERS_SOME:
        if (sim_world_chance(wire->world, 1) == 0) {
            say_back(wire, sim_parcel_of_barrier(number));
        }
        break;
    case SIM_BARRIERS_WRONG:
        say_back(wire,
                 sim_parcel_of_barrier(number + NEVER_ASKED +
                                       sim_world_chance(wire->world, 1000)));
        break;
    case SIM_BARRIERS_ANSWERED:
        say_back(wire, sim_parcel_of_barrier(number));
        break;
    default:
        break;
    }
}

static void
answer_late(struct sim_wire *wire)
{
    say_back(wire, sim_parcel_of_barrier(wire->pongs[0].number));
    wire->pong_count--;
    memmove(&wire->pongs[0], &wire->pongs[1],
            wire->pong_count * sizeof wire->pongs[0]);
}

static void
stack_up(struct sim_wire *wire, struct sim_parcel *parcel)
{
    parcel->next = NULL;
    if (wire->stack == NULL) {
        wire->stack = parcel;
        wire->handle_at_us =
            wire->world->now_us + sim_wire_script(wire)->handle_us;
    } else {
        wire->stack_last->next = parcel;
    }
    wire->stack_last = parcel;
    wire->stacked++;
}

static void
arrive(struct sim_wire *wire)
{
    const struct sim_watch *watch = &wire->world->watch;
    struct sim_parcel *parcel = sim_lane_take(&wire->out);
    struct sim_seen what = sim_wire_seen(wire, parcel);

    sim_wire_pump(wire);
    if (parcel->sort == SIM_MESSAGE) {
        if (watch->arrived != NULL) {
            watch->arrived(watch->user, &what);
        }
        stack_up(wire, parcel);
        return;
    }
    if (parcel->sort == SIM_BARRIER) {
        answer(wire, parcel->number);
    } else {
        if (watch->goodbye != NULL) {
            watch->goodbye(watch->user, &what, (int)parcel->number,
                           (const char *)parcel->bytes);
        }
        wire->end_at_us = wire->world->now_us + SIM_GHOST_US; // to be handled
    }
    free(parcel);
}

static void
arrive_or_cut(struct sim_wire *wire)
{
    if (!wire->cut &&
        sim_world_happens(wire->world, sim_wire_script(wire)->cut_ppm)) {
        sim_wire_cut(wire,
                     sim_world_chance(wire->world,
                                      sim_lane_count_under_way(&wire->out)));
    } else {
        arrive(wire);
    }
}

static void
handle(struct sim_wire *wire)
{
    const struct sim_watch *watch = &wire->world->watch;
    struct sim_parcel *parcel = wire->stack;
    struct sim_seen what = sim_wire_seen(wire, parcel);

    wire->stack = parcel->next;
    wire->stacked--;
    wire->handle_at_us = wire->world->now_us + sim_wire_script(wire)->handle_us;
    if (watch->handled != NULL) {
        watch->handled(watch->user, &what);
    }
    if (sim_wire_script(wire)->echo && wire->port != NULL && !wire->cut &&
        !wire->finished) {
        parcel->next = NULL;
        say_back(wire, parcel);
    } else {
        free(parcel);
    }
}

// ---- the port's end ----

// A number that was not asked is nobody's.
static void
pass(struct sim_wire *wire, uint64_t number, const struct sim_seen *what)
{
    const struct sim_watch *watch = &wire->world->watch;

    if (number > wire->passed && number <= wire->asked) {
        wire->passed = number;
        if (watch->passed != NULL) {
            watch->passed(watch->user, what);
        }
        hawser_port_passed(wire->port, number);
    }
}

static void
hear(struct sim_wire *wire)
{
    struct sim_parcel *parcel = sim_lane_take(&wire->in);
    struct sim_seen what = sim_wire_seen(wire, parcel);
    hawser_lost why = { .cause = HAWSER_CAUSE_CLOSED,
                        .error = "sim: the server said goodbye",
                        .headers = "",
                        .retry_after_ms = -1 };

    hawser_port_alive(wire->port);
    if (parcel->sort == SIM_GOODBYE) {
        why.close_code = (int)parcel->number;
        why.reason = (const char *)parcel->bytes;
        sim_wire_lose(wire, &why);
    } else if (parcel->sort == SIM_BARRIER) {
        pass(wire, parcel->number, &what);
    } else if (parcel->size > wire->message_max) {
        sim_wire_lose_simply(wire, HAWSER_CAUSE_TOO_BIG,
                             "sim: a message above message.max");
    } else {
        if (wire->world->watch.heard != NULL) {
            wire->world->watch.heard(wire->world->watch.user, &what);
        }
        if (hawser_port_received(
                wire->port, what.kind, what.topic_size > 0 ? what.topic : NULL,
                what.topic_size, what.bytes, what.size) != HAWSER_OK) {
            sim_wire_lose_simply(wire, HAWSER_CAUSE_LOCAL,
                                 "sim: out of memory");
        }
    }
    free(parcel);
}

static void
open_wire(struct sim_wire *wire)
{
    char peer[sizeof "sim://" + SIM_NAME_MAX];
    const struct sim_script *script = sim_wire_script(wire);
    const hawser_opened info = {
        .peer = peer,
        .protocol = "",
        .headers = "",
        .barriers = script->barriers != SIM_BARRIERS_LACKED,
    };

    (void)snprintf(peer, sizeof peer, "sim://%s", wire->server->name); // fits
    wire->opened = true;
    wire->life = wire->server->life;
    hawser_port_opened(wire->port, &info);
    if (script->dial == SIM_DIAL_CLOSE) {
        sim_wire_goodbye(wire, script->close_code, "go away");
    }
}

static void
end_dial(struct sim_wire *wire)
{
    hawser_lost why = { .cause = HAWSER_CAUSE_HTTP,
                        .error = "upgrade: refused",
                        .headers = "",
                        .reason = "" };

    switch (wire->server == NULL ? SIM_DIAL_UNREACHABLE
                                 : sim_wire_script(wire)->dial) {
    case SIM_DIAL_UNREACHABLE:
        sim_wire_lose_simply(wire, HAWSER_CAUSE_UNREACHABLE,
                             "connect: Connection refused");
        break;
    case SIM_DIAL_TLS:
        sim_wire_lose_simply(wire, HAWSER_CAUSE_TLS,
                             "TLS: self-signed certificate");
        break;
    case SIM_DIAL_HTTP:
        why.http_status = sim_wire_script(wire)->http_status;
        why.retry_after_ms = sim_wire_script(wire)->retry_after_ms;
        sim_wire_lose(wire, &why);
        break;
    default:
        open_wire(wire);
        break;
    }
}

// ---- turns ----

// What a wire may have to do, in the order in which it is done when both are
// due at one time.
enum deed { END, LOSE, DIAL, WRITABLE, HEAR, ARRIVE, HANDLE, LATE, DEEDS };

static bool
has_room_again(const struct sim_wire *wire)
{
    return wire->refused > 0 && wire->port != NULL && !wire->cut &&
           sim_wire_backlog(wire) <= wire->buffer_max / 2 &&
           sim_wire_fits(wire, wire->refused - 1);
}

static uint64_t
handle_due_us(const struct sim_wire *wire)
{
    if (wire->stack == NULL ||
        (sim_wire_script(wire)->echo && wire->port != NULL && !wire->cut &&
         !has_room_back(wire, sim_parcel_cost(wire->stack)))) {
        return SIM_NEVER;
    }
    return wire->handle_at_us;
}

static uint64_t
open_due_us(const struct sim_wire *wire, enum deed deed)
{
    const struct sim_script *script = sim_wire_script(wire);
    bool silent = script->silent || wire->forgotten;
    bool reads =
        !silent && !wire->finished && wire->stacked < script->stack_max;
    bool hears = !silent && wire->listening && wire->port != NULL;

    switch (deed) {
    case LOSE:
        return silent ? SIM_NEVER : wire->lost_at_us;
    case WRITABLE:
        return has_room_again(wire) ? 0 : SIM_NEVER;
    case HEAR:
        return hears ? sim_lane_due_us(&wire->in) : SIM_NEVER;
    case ARRIVE:
        return reads ? sim_lane_due_us(&wire->out) : SIM_NEVER;
    case HANDLE:
        return handle_due_us(wire);
    case LATE:
        return wire->pong_count > 0 ? wire->pongs[0].at_us : SIM_NEVER;
    default:
        return SIM_NEVER;
    }
}

static uint64_t
deed_due_us(const struct sim_wire *wire, enum deed deed)
{
    bool hangs =
        wire->server != NULL && sim_wire_script(wire)->dial == SIM_DIAL_HANGS;

    if (deed == END) {
        return wire->over ? 0 : wire->end_at_us;
    }
    if (!wire->opened) {
        return deed == DIAL && !hangs && !wire->over ? wire->dial_at_us
                                                     : SIM_NEVER;
    }
    return open_due_us(wire, deed);
}

static enum deed
first_deed(const struct sim_wire *wire, uint64_t *due_us)
{
    enum deed first = END;

    *due_us = SIM_NEVER;
    for (unsigned deed = 0; deed < DEEDS; deed++) {
        uint64_t at = deed_due_us(wire, deed);

        if (at < *due_us) {
            *due_us = at;
            first = deed;
        }
    }
    return first;
}

uint64_t
sim_wire_due_us(const struct sim_wire *wire)
{
    uint64_t due_us;

    (void)first_deed(wire, &due_us); // when, not what
    return due_us;
}

void
sim_wire_turn(struct sim_wire *wire)
{
    uint64_t due_us;

    switch (first_deed(wire, &due_us)) {
    case END:
        wire->over = true;
        break;
    case LOSE:
        sim_wire_lose_simply(wire, HAWSER_CAUSE_RESET,
                             "read: Connection reset by peer");
        break;
    case DIAL:
        end_dial(wire);
        break;
    case WRITABLE:
        wire->refused = 0;
        hawser_port_writable(wire->port);
        break;
    case HEAR:
        hear(wire);
        break;
    case ARRIVE:
        arrive_or_cut(wire);
        break;
    case HANDLE:
        handle(wire);
        break;
    default:
        answer_late(wire);
        break;
    }
}
