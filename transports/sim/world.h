// world.h - what the world is made of.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim.h"

enum { SIM_SERVERS_MAX = 16, SIM_NAME_MAX = 64, SIM_WIRES_MAX = 4096 };

struct sim_wire;

struct sim_server {
    struct sim_world *world;
    struct sim_script script;
    uint32_t life;
    char name[SIM_NAME_MAX + 1];
};

struct sim_world {
    struct sim_server servers[SIM_SERVERS_MAX];
    size_t server_count;
    struct sim_wire *wires; // the oldest first
    size_t wire_count;
    uint64_t serials;
    uint64_t now_us;
    uint64_t random;
    struct sim_watch watch;
};

// The one there is; NULL: none.
struct sim_world *
sim_world_now(void);

struct sim_server *
sim_world_find(struct sim_world *world, const char *name);

// True once in a million / ppm, by chance.
bool
sim_world_happens(struct sim_world *world, uint32_t ppm);

void
sim_world_add_wire(struct sim_world *world, struct sim_wire *wire);

#endif
