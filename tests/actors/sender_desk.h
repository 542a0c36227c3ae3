// sender_desk.h - what the tests of the sender say to it, in short.
//
// All of it is about link 0 at one desk, with one scripted wire behind it.
#ifndef HAWSER_TESTS_SENDER_DESK_H
#define HAWSER_TESTS_SENDER_DESK_H

#include "actors/desk.h"
#include "actors/desk_port.h"

extern struct desk sender_desk;
extern struct hw_ports sender_port;

// Seats a sender, and opens link 0 with these options. The wire is number 1 and
// takes everything.
void
sender_open(const char *options);

void
sender_close(void);

// From the supervisor: WIRE_UP of that wire, which the port has from now on.
void
sender_up(uint32_t wire, bool barriers);

// From the queue: MAIL (or GREETING_MAIL) of a batch with these words.
void
sender_mail(unsigned kind, uint32_t wire, uint64_t position, const char *texts);

// From whoever says it.
void
sender_hear(unsigned from, unsigned kind, uint32_t wire, uint64_t number);

// Is the next letter of that kind to that one of this wire and number? Reads
// it.
bool
sender_says(unsigned to, unsigned kind, uint32_t wire, uint64_t number);

// Did the wire take just these words since the last question?
bool
sender_wrote(const char *texts);

#endif
