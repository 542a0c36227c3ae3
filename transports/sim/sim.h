// sim.h - sim://NAME: a world on a virtual clock, which a test scripts.
//
// There is one world at a time. It holds servers by name, the wires that are
// dialled to them, and what is under way between the two. Nothing happens by
// itself: a test moves the clock on, and lets happen what is due. All chance
// comes from the world's seed, so a run is a pure function of that seed and of
// what the test does.
//
// A message goes through these places; each is bounded:
//
//     wire.buffer │ capacity (under way) │ stack_max (arrived) │ handled
//
// What has arrived is known to the peer's stack, and a barrier behind it
// passes; what is handled was read by the peer's application.
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

extern const hawser_transport hawser_transport_sim;

// How a dial ends.
enum sim_dial {
    SIM_DIAL_OPENS,
    SIM_DIAL_UNREACHABLE,
    SIM_DIAL_TLS,   // the certificate is refused
    SIM_DIAL_HTTP,  // with http_status and retry_after_ms
    SIM_DIAL_CLOSE, // opens, and says goodbye at once with close_code
    SIM_DIAL_HANGS, // nothing comes, ever
};

// How barriers are answered.
enum sim_barriers {
    SIM_BARRIERS_ANSWERED,
    SIM_BARRIERS_LATE,   // barrier_late_us later
    SIM_BARRIERS_SOME,   // each is forgotten with even chance
    SIM_BARRIERS_WRONG,  // with a number that was not asked
    SIM_BARRIERS_NEVER,  // not at all, though other things are said
    SIM_BARRIERS_LACKED, // the wire says when it opens that it has none
};

// What a server does, and the net before it.
struct sim_script {
    enum sim_dial dial;
    enum sim_barriers barriers;
    int http_status;
    int close_code;
    int retry_after_ms; // -1: none
    uint32_t dial_us;
    uint32_t latency_us;   // one way
    uint32_t jitter_us;    // up to so much more, for each message
    uint32_t bytes_per_ms; // that the peer reads; 0: as many as come
    uint32_t capacity;     // bytes under way, each way
    uint32_t stack_max;    // messages arrived and not yet handled
    uint32_t handle_us;    // between arrived and handled, and between two
    uint32_t barrier_late_us;
    uint32_t cut_ppm;        // chance that an arrival cuts the wire
    uint32_t cut_inside_ppm; // chance that send finds the wire cut
    bool echo;               // what is handled is said back
    // Half open: what is sent is taken, up to the capacity, and neither
    // arrives nor is answered. Ends when it is set back.
    bool silent;
};

// A kind server: it opens, counts and answers.
extern const struct sim_script sim_script_kind;

struct sim_world;
struct sim_server;

// A message, where it is now.
struct sim_seen {
    const char *server; // its name
    uint32_t life;      // of the server: 1, and one more for each kill
    uint32_t wire;      // the number that the wire was dialled with
    uint64_t serial;    // of the wire, among all of the world
    const char *port;   // its name; "" once it is gone
    hawser_kind kind;
    const uint8_t *topic;
    size_t topic_size;
    const uint8_t *bytes;
    size_t size;
};

// What the checker hears. Any may be NULL.
struct sim_watch {
    void *user;
    // Whether the wire can send it to nobody, whatever its server does.
    bool (*refuses)(void *user, const struct sim_seen *seen);
    // By the wire: it is in its buffer, or under way.
    void (*taken)(void *user, const struct sim_seen *seen);
    void (*arrived)(void *user, const struct sim_seen *seen);
    void (*handled)(void *user, const struct sim_seen *seen);
    // By the port: a server's message is at its end of the wire.
    void (*heard)(void *user, const struct sim_seen *seen);
    // The wire passes a barrier. seen names the wire only.
    void (*passed)(void *user, const struct sim_seen *seen);
    // The other end said goodbye, behind all it sent; code 0: it cut the wire.
    // seen names the wire only.
    void (*goodbye)(void *user, const struct sim_seen *seen, int code,
                    const char *reason);
};

// Aborts without memory, as everything here does that is no verb.
struct sim_world *
sim_world_open(uint64_t seed);

// Every wire was closed or lost, and the site stopped.
void
sim_world_close(struct sim_world *world);

void
sim_world_watch(struct sim_world *world, const struct sim_watch *watch);

// ---- time ----

uint64_t
sim_world_now_us(const struct sim_world *world);

// When the next thing is due, which may be now or before; UINT64_MAX: nothing.
uint64_t
sim_world_next_us(const struct sim_world *world);

// Moves the clock on; nothing happens yet. It never goes back.
void
sim_world_set_us(struct sim_world *world, uint64_t us);

// Lets happen what is due by now, in the order in which it is due.
void
sim_world_turn(struct sim_world *world);

// Chance from the world's seed: 0..limit, both included.
uint64_t
sim_world_chance(struct sim_world *world, uint64_t limit);

// ---- servers ----

// The server of that name, which begins with the kind script.
struct sim_server *
sim_server_add(struct sim_world *world, const char *name);

// From now on, for wires that are open as well.
void
sim_server_script(struct sim_server *server, const struct sim_script *script);

const struct sim_script *
sim_server_scripted(const struct sim_server *server);

// How many wires are open there.
size_t
sim_server_wires(const struct sim_server *server);

// Says a message to each of its wires that has room; to how many.
size_t
sim_server_say(struct sim_server *server, const hawser_message *message);

// Goodbye to each of its wires, behind what was said. It reads no more.
void
sim_server_goodbye(struct sim_server *server, int code, const char *reason);

// Cuts each of its wires in the middle: of what is under way, some arrives.
void
sim_server_cut(struct sim_server *server);

// The net forgets each of its wires: nothing that is sent there arrives any
// more, and nobody is told. New ones are as they should be.
void
sim_server_lose_wires(struct sim_server *server);

// It dies and is there again at once, in its next life: what is under way or
// arrived, and is not handled, is gone.
void
sim_server_kill(struct sim_server *server);

#endif
