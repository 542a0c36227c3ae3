// wire.h - a wire of the world: its two lanes, and its end at the server.
//
// When its port has let go, or has lost it, the wire goes on as a ghost for a
// while: what is under way still arrives.
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include "lane.h"
#include "world.h"

// How long a ghost goes on: a goodbye has a second.
enum { SIM_PONGS_MAX = 8, SIM_GHOST_US = 1000000 };

struct sim_pong {
    uint64_t number;
    uint64_t at_us;
};

struct sim_wire {
    struct sim_wire *next; // of the world
    struct sim_world *world;
    struct sim_server *server; // NULL: nobody has that name
    hawser_port *port;         // NULL: a ghost
    uint64_t serial;
    uint64_t dial_at_us;
    uint64_t lost_at_us; // the port is told that it is cut
    uint64_t end_at_us;  // of a ghost
    struct sim_lane out; // to the server
    struct sim_lane in;
    struct sim_parcel *stack; // arrived, not handled; the oldest first
    struct sim_parcel *stack_last;
    uint64_t handle_at_us; // the first of them
    struct sim_pong pongs[SIM_PONGS_MAX];
    uint64_t asked;
    uint64_t passed;
    size_t buffer_max;
    size_t message_max;
    size_t refused; // cost of the message that send did not take; 0: none
    uint32_t stacked;
    uint32_t life;
    uint32_t number;
    uint8_t pong_count;
    bool opened;
    bool listening;
    bool finished;  // the server said goodbye, and reads no more
    bool cut;       // nothing more gets under way
    bool forgotten; // by the net: nothing comes through
    bool over;      // to be freed
};

// The verbs of a wire, as transport.h has them.
hawser_status
sim_wire_dial(void *site, const hawser_dial *dial, hawser_port *port,
              void **result, char *sentence, size_t sentence_size);

size_t
sim_wire_send(void *handle, const hawser_message *messages, size_t count);

void
sim_wire_barrier(void *handle, uint64_t number);

void
sim_wire_listen(void *handle, int on);

void
sim_wire_close(void *handle, int code, const char *reason);

void
sim_wire_gauge(void *handle, hawser_gauge *gauge);

// ---- for its turns ----

const struct sim_script *
sim_wire_script(const struct sim_wire *wire);

// When what leaves now arrives, if nothing is before it.
uint64_t
sim_wire_arrival_us(const struct sim_wire *wire);

// Puts under way what the capacity has room for.
void
sim_wire_pump(struct sim_wire *wire);

// Bytes taken that are not under way.
size_t
sim_wire_backlog(const struct sim_wire *wire);

// What a parcel is of, where it is now.
struct sim_seen
sim_wire_seen(const struct sim_wire *wire, const struct sim_parcel *parcel);

// Is there room for so many more?
bool
sim_wire_fits(const struct sim_wire *wire, size_t cost);

// Tells the port, and lets it go.
void
sim_wire_lose(struct sim_wire *wire, const hawser_lost *why);

void
sim_wire_lose_simply(struct sim_wire *wire, hawser_cause cause,
                     const char *error);

// When it has something to do; SIM_NEVER.
uint64_t
sim_wire_due_us(const struct sim_wire *wire);

// Does the first thing that is due.
void
sim_wire_turn(struct sim_wire *wire);

// Says it as the server; false: there is no room.
bool
sim_wire_say(struct sim_wire *wire, const hawser_message *message);

void
sim_wire_goodbye(struct sim_wire *wire, int code, const char *reason);

// The port hears of it a latency later; keep of what is under way arrives.
void
sim_wire_cut(struct sim_wire *wire, size_t keep);

// What has arrived and is not handled is gone.
void
sim_wire_forget_stack(struct sim_wire *wire);

void
sim_wire_free(struct sim_wire *wire);

#endif
