// desk_port.h - a scripted wire behind hw_port_…, for actors at a desk.
//
// Given to desk_open as the ports. It takes as many messages as there is room
// for, writes down what it took and what barriers it was asked for, and answers
// as it was told to.
#ifndef HAWSER_TESTS_DESK_PORT_H
#define HAWSER_TESTS_DESK_PORT_H

#include "wire/port.h"

enum { DESK_PORT_SENT_MAX = 4096, DESK_PORT_TEXT_SIZE = 32 };

struct hw_ports {
    uint32_t wire; // of link 0 and all others; what is about another: gone
    size_t room;   // messages that it takes from now on
    // Texts that the next send refuses, one bit for each letter from 'a' on
    // that they begin with.
    uint32_t refuses;
    const struct hawser_message *offered; // by the last send
    size_t taken;                         // of those
    bool no_barriers;                     // hw_port_barrier says that it can't
    bool no_gauge;                        // hw_port_gauge likewise
    hawser_gauge gauge;                   // what it answers
    uint64_t heard_at_ms;
    uint64_t heard_times;
    bool listening;
    unsigned listens; // calls
    size_t sent_count;
    char sent[DESK_PORT_SENT_MAX][DESK_PORT_TEXT_SIZE]; // cut to fit
    size_t calls;                                       // of send
    size_t barrier_count;
    uint64_t barriers[64]; // numbers, as they were asked for
};

#endif
