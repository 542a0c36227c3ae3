// port.h - where wires are tied up: the only caller of a transport.
//
// The port dials and closes what the supervisor says, makes letters of what
// transports say, and lends the sender and the receiver a hand each: the write
// half and the read half of the wire of a link. A hand asks for a wire by its
// number, and gets nothing once that wire is gone.
#ifndef HW_WIRE_PORT_H
#define HW_WIRE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/status.h>
#include <hawser/transport.h>

#include "loop/actor.h"
#include "loop/loop.h"

struct hw_ports;

// The port of one loop. loop may be NULL where only transports without names
// and without a uv loop are dialled. NO_MEMORY.
hawser_status
hw_ports_open(struct hw_loop *loop, uint32_t links_max,
              struct hw_ports **ports);

// Closes what is open and ends the transports. NULL is allowed.
void
hw_ports_close(struct hw_ports *ports);

// Makes letters of the messages received since the last call.
void
hw_ports_gather(struct hw_ports *ports);

// ---- the write half ----

// How many of the messages the wire took; 0 if it is gone.
size_t
hw_port_send(struct hw_ports *ports, uint32_t link, uint32_t wire,
             const struct hawser_message *messages, size_t count);

// Of what the last send took, the wire can send some to nobody: the length of
// the first run of those at *from or behind it, whose first *from is then. 0:
// there is none.
uint32_t
hw_port_refused(const struct hw_ports *ports, uint32_t *from);

// false: this wire can't, or is gone.
bool
hw_port_barrier(struct hw_ports *ports, uint32_t link, uint32_t wire,
                uint64_t number);

// false: this wire can't tell, or is gone.
bool
hw_port_gauge(struct hw_ports *ports, uint32_t link, uint32_t wire,
              hawser_gauge *gauge);

// ---- the read half ----

void
hw_port_listen(struct hw_ports *ports, uint32_t link, bool on);

// When the wire last showed a sign of life, in ms; 0 if it is gone.
uint64_t
hw_port_heard_at(struct hw_ports *ports, uint32_t link, uint32_t wire);

// How often the wire showed one; it has none of that when it opens. 0 if it is
// gone.
uint64_t
hw_port_heard_times(struct hw_ports *ports, uint32_t link, uint32_t wire);

// The role that hears the supervisor.
extern const struct hw_role hw_role_port;

#endif
