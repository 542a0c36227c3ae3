// queue_desk.h - what the tests of the queue say to it, in short.
//
// All of it is about link 0 at one desk. A message is told by its text; mail is
// read as the texts of its messages, separated by spaces.
#ifndef HAWSER_TESTS_QUEUE_DESK_H
#define HAWSER_TESTS_QUEUE_DESK_H

#include <hawser/link.h>

#include "actors/desk.h"
#include "values/batch.h"

extern struct desk queue_desk;

// Seats a queue, and opens link 0 with these options.
void
queue_open(const char *options);

void
queue_close(void);

// From the door. texts are words separated by spaces, in one batch; the first
// has that tag, the next one more; 0: none has.
void
queue_send(const char *texts, uint64_t tag);

// The same, with a policy. A key makes it one message.
void
queue_send_with(const char *texts, uint64_t tag, struct hw_policy policy);

// From the door: SETTLE, of one message.
void
queue_settle(uint64_t tag, bool all_before);

// Asks WHERE or CANCEL of that tag. Was the answer this?
bool
queue_answers(unsigned kind, uint64_t tag, hawser_phase phase, bool taken_out);

void
queue_standing_add(uint64_t id, const char *text);

// farewell may be NULL.
void
queue_standing_remove(uint64_t id, const char *farewell);

void
queue_greet(uint32_t wire, const char *text);

// From the supervisor: GATE.
void
queue_gate(uint32_t wire, enum hw_gate gate);

// From the supervisor: LINK_FORGET, DRAIN.
void
queue_tell(unsigned kind);

// From the sender: WANT, TAKEN, GREETING_TAKEN, PASSED, DOWNGRADE.
void
queue_hear(unsigned kind, uint32_t wire, uint64_t number);

// A wire that is up, and whose sender wants mail.
void
queue_bring_up(uint32_t wire);

// Reads the next MAIL unread, which the caller gives back with desk_give_back.
struct hw_letter
queue_mail(void);

// From the sender: REFUSED, of so many messages of that mail.
void
queue_refuse(const struct hw_letter *mail, uint32_t first, uint32_t count);

// Is the next MAIL (or GREETING_MAIL) unread this one? "": there is none.
bool
queue_mails(unsigned kind, uint32_t wire, const char *texts);

// The same, and where it stands in the order of acceptance.
bool
queue_mails_at(uint64_t position, uint32_t wire, const char *texts);

// Is the next RECEIPT unread this one?
bool
queue_receipts(uint64_t tag, unsigned fate);

#endif
