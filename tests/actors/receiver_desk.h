// receiver_desk.h - what the tests of the receiver say to it, in short.
//
// About link 0 at one desk, with one scripted wire behind it, where nothing
// else is said; and what the inboxes hear.
#ifndef HAWSER_TESTS_RECEIVER_DESK_H
#define HAWSER_TESTS_RECEIVER_DESK_H

#include <hawser/link.h>

#include "actors/desk.h"
#include "actors/desk_port.h"
#include "post/mailbox.h"

extern struct desk receiver_desk;
extern struct hw_ports receiver_port;
extern struct hw_mailbox *receiver_inboxes[2];

// Seats a receiver with inbox 0, and opens link 0 with these options.
void
receiver_open(const char *options);

void
receiver_close(void);

// ---- what it hears ----

void
receiver_open_inbox(uint32_t number);

void
receiver_open_link(uint32_t link, uint32_t inbox, const char *options);

void
receiver_tell(unsigned from, unsigned kind, uint32_t wire);

// Words that came on that wire, in one batch.
void
receiver_gets(uint32_t wire, const char *texts);

void
receiver_credit(uint32_t messages, uint64_t bytes, uint16_t events);

void
receiver_tell_event(hawser_state state);

// ---- what an inbox hears ----

// Is the next letter of that kind?
bool
inbox_hears(uint32_t inbox, unsigned kind, struct hw_letter *letter);

bool
inbox_hears_nothing(uint32_t inbox);

// Is the next letter a DELIVER of these words?
bool
inbox_is_given(uint32_t inbox, const char *texts);

// Is the next letter in inbox 0 an EVENT of that state?
bool
inbox_is_told(hawser_state state);

#endif
