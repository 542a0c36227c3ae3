// super_desk.h - what the tests of the supervisor say to it, in short.
//
// All of it is about link 0 at one desk.
#ifndef HAWSER_TESTS_SUPER_DESK_H
#define HAWSER_TESTS_SUPER_DESK_H

#include <hawser/inbox.h>

#include "actors/desk.h"
#include "values/report.h"

extern struct desk super_desk;

// An EVENT as the application will hear of it.
struct super_event {
    unsigned kind;
    unsigned state;
    uint32_t wire;
    uint32_t attempt;
    uint32_t delay_ms;
    uint32_t endpoint;
    uint64_t number;
    int http_status;
    int close_code;
    char error[128];
};

// desk_write and desk_pass at its desk, after which it may dial.
void
super_write(unsigned from, const struct hw_letter *letter);

void
super_pass(uint64_t ms);

// Seats a supervisor, opens link 0, and reads nothing yet.
void
super_open(const char *options, const char *urls);

void
super_close(void);

// Opens a link 0 that has ONE endpoint, and brings it into that state on wire 1
// (HAWSER_WAITING: wire 1 was lost); what was said on the way is read.
void
super_bring(const char *options, hawser_state state);

// The desk stands for a backoff without limit, which lets every dial begin that
// is wanted; held is for tests of one that does not.
extern bool super_dials_held;

// The state that the link is in, as the figures have it.
hawser_state
super_state(void);

// ---- what it hears ----

// From the door; text (may be NULL) goes over as malloc'd.
void
super_wish(unsigned kind, uint32_t wire, uint64_t number, uint16_t note,
           const char *text);

void
super_opened(uint32_t wire, bool barriers);

// Lost for that cause, with an HTTP status or a close code or neither.
void
super_lost(uint32_t wire, hawser_cause cause, int http_status, int close_code);

// From the port.
void
super_lost_because(uint32_t wire, const hawser_lost *why);

// GREETED, DRAINED from the queue; STALLED, DOWNGRADE from the sender; SILENT
// from the heartbeat.
void
super_hear(unsigned from, unsigned kind, uint32_t wire);

// From the backoff.
void
super_retry(unsigned kind, uint32_t attempt, uint64_t number, uint16_t note);

// One LINK_FORGOTTEN from each of those who forget first, and what was left in
// the queue.
void
super_forget(uint64_t left);

// ---- what it says ----

// The next EVENT. false: there is none.
bool
super_event(struct super_event *event);

// Is the next EVENT the link's step into that state?
bool
super_tells(hawser_state state);

// Is there a WIRE_DIAL of that wire and endpoint?
bool
super_dials(uint32_t wire, uint32_t endpoint);

// Is there a WIRE_CLOSE of that wire with that code?
bool
super_closes(uint32_t wire, unsigned code);

// Is the next GATE this one?
bool
super_gates(uint32_t wire, enum hw_gate gate);

// Is there a RETRY_WANTED with that wait? Reads it.
bool
super_wants_retry(uint64_t not_before_ms, bool greeting);

#endif
