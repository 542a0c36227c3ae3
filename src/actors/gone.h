// gone.h - what has left for good of the messages that a link's file keeps.
//
// Keys that follow each other are told as one run: whoever takes messages out
// notes each, once, and tells when it is through.
#ifndef HW_ACTORS_GONE_H
#define HW_ACTORS_GONE_H

#include "values/batch.h"

struct hw_gone {
    void (*tell)(void *user, uint64_t key, uint64_t count);
    void *user;
    uint64_t key; // the run that was not told yet
    uint64_t count;
};

// So many messages of the batch, from at on, have left.
void
hw_gone_note(struct hw_gone *gone, const struct hw_batch *batch, uint32_t at,
             uint32_t count);

// Tells what was noted and not told yet.
void
hw_gone_tell(struct hw_gone *gone);

#endif
