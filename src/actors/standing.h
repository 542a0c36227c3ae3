// standing.h - what must be said on a wire before queued traffic: the standing
// messages of a link, on every wire, and what the application greets with, on
// this one.
#ifndef HW_ACTORS_STANDING_H
#define HW_ACTORS_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "values/batch.h"

struct hw_standing {
    struct hw_batch *first; // batches of one, in the order of adding; the tag
    struct hw_batch *last;  // of their message is its id
    struct hw_batch *next;  // to be said on this wire; NULL: all were
    struct hw_batch *greetings; // the application's, for this wire
    uint32_t greetings_waiting;
};

// Takes over the batch of one.
void
hw_standing_add(struct hw_standing *standing, uint64_t id,
                struct hw_batch *batch);

// false: there is none with that id.
bool
hw_standing_remove(struct hw_standing *standing, uint64_t id);

// One more greeting; takes over the batch on true. false: there are too many.
bool
hw_standing_greet(struct hw_standing *standing, struct hw_batch *batch);

// The next greeting, which is the caller's from now on; NULL: none waits.
struct hw_batch *
hw_standing_next_greeting(struct hw_standing *standing);

// The next standing message that was not said on this wire, lent; NULL: none.
struct hw_batch *
hw_standing_next(struct hw_standing *standing);

// There is a new wire, on which nothing was said.
void
hw_standing_begin(struct hw_standing *standing);

// Is there nothing more to say on this wire?
bool
hw_standing_is_said(const struct hw_standing *standing);

// The wire is gone: so are its greetings.
void
hw_standing_drop_greetings(struct hw_standing *standing);

void
hw_standing_free(struct hw_standing *standing);

#endif
