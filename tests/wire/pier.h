// pier.h - a port at a desk, with a scripted transport and a scripted resolver.
//
// The transport writes down what it was asked and does as it was told; the
// resolver answers when the test does. No loop, no sockets, no network.
#ifndef HAWSER_TESTS_PIER_H
#define HAWSER_TESTS_PIER_H

#include "actors/desk.h"
#include "wire/port.h"

enum { PIER_WIRES_MAX = 32, PIER_TEXT_SIZE = 64 };

// A wire that was dialled.
struct pier_wire {
    hawser_port *port;
    uint32_t number;
    uint16_t route_port;
    char url[PIER_TEXT_SIZE];
    char address[PIER_TEXT_SIZE];
    char headers[PIER_TEXT_SIZE];
    bool closed;
    int code;
    char reason[PIER_TEXT_SIZE];
    bool listening;
    unsigned sends;
    uint64_t barrier; // the last that was asked for
};

struct pier {
    hawser_status start_status;
    hawser_status dial_status;
    const char *dial_sentence;
    size_t take;              // messages that a send takes
    const hawser_lost *loses; // the next verb loses its wire; NULL: it does not
    hawser_gauge gauge;
    unsigned starts, stops;
    unsigned wire_count;
    struct pier_wire wires[PIER_WIRES_MAX];
    // the resolver
    hawser_status resolve_status;
    unsigned resolves;
    char host[PIER_TEXT_SIZE]; // the last that was asked for
    hw_resolved answer;
    void *user;
    uint64_t ticket;
};

extern struct pier pier;
extern struct desk pier_desk;
extern struct hw_ports *pier_ports;
extern const hawser_transport pier_transport;
extern const hawser_transport pier_plain_transport; // no barrier, no gauge

// Seats a port.
void
pier_open(void);

void
pier_close(void);

// Opens that link on endpoints of that transport: "HOST HOST", each with port
// 8000 and one more for each further; "-" is a host that needs no name.
void
pier_open_link(uint32_t link, const hawser_transport *transport,
               const char *hosts);

// From the supervisor.
void
pier_dial(uint32_t link, uint32_t wire, uint32_t endpoint, const char *headers);

void
pier_close_wire(uint32_t link, uint32_t wire, uint16_t code,
                const char *reason);

void
pier_tell(unsigned kind, uint32_t link);

// The resolver answers with addresses separated by spaces, or with an error.
void
pier_resolve(const char *addresses, const char *error);

// The transport opens that wire, or loses it.
void
pier_opened(unsigned wire);

void
pier_lost(unsigned wire, hawser_cause cause, const char *error);

// A link 0 with one wire that is open, number 1.
void
pier_open_wire(const hawser_transport *transport);

// Is the next letter to the supervisor WIRE_LOST of that wire, for that cause
// and with that sentence? Reads it.
bool
pier_says_lost(uint32_t wire, hawser_cause cause, const char *error);

#endif
