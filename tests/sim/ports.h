// ports.h - ports and settings for wires of the sim world, driven by hand.
#ifndef TESTS_SIM_PORTS_H
#define TESTS_SIM_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/sim.h"

// What became of one wire.
struct hawser_port {
    void *wire;
    unsigned opened, writable, alive, lost, received, refused;
    int barriers;
    uint64_t passed;
    size_t refused_last; // index
    uint64_t last;       // number of the last message received
    hawser_cause cause;
    int code;
    int http_status;
    int retry_after_ms;
};

// Begins a world with a server "a"; closes both.
struct sim_world *
world_begin(uint64_t seed, struct sim_server **server);

// The wires are to be closed or lost by then.
void
world_end(struct sim_world *world);

// Turns the world until so much later.
void
world_pass(struct sim_world *world, uint64_t us);

void
port_dial(struct sim_world *world, hawser_port *port, const char *url);

// Dials "a" and passes the time that it takes.
void
port_open(struct sim_world *world, hawser_port *port);

// Sends numbers from..from+count-1, each in size bytes; how many are taken.
size_t
port_send(hawser_port *port, uint64_t from, size_t count, size_t size);

void
port_barrier(hawser_port *port, uint64_t number);

void
port_listen(hawser_port *port, bool on);

void
port_close(hawser_port *port, int code, const char *reason);

// What the server has seen.
extern struct seen {
    uint64_t taken, arrived, handled;
    uint64_t out_of_order;
    uint64_t hash; // of what arrived, and when
    uint32_t life;
    unsigned goodbyes;
    int code;
} seen;

#endif
