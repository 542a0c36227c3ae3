// backoff_desk.h - what the tests of the backoff say to it, in short.
#ifndef HAWSER_TESTS_BACKOFF_DESK_H
#define HAWSER_TESTS_BACKOFF_DESK_H

#include "actors/desk.h"

extern struct desk backoff_desk;

// Seats a backoff, and opens link 0 with these options.
void
backoff_open(const char *seat_options, const char *options);

void
backoff_close(void);

void
backoff_open_link(uint32_t link, const char *options);

// From the supervisor.
void
backoff_tell(unsigned kind, uint32_t link);

// Wants a retry of link 0, and reads what it is set to.
struct hw_letter
backoff_wants_after(uint64_t not_before_ms);

// The wait alone, where the peer did not ask for any.
uint64_t
backoff_wants(void);

// So many attempts of link 0 that nobody looks at.
void
backoff_fails(unsigned times);

#endif
