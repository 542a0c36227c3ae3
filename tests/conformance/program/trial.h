// trial.h - one promise, played in a process of its own.
#ifndef HAWSER_CONFORMANCE_TRIAL_H
#define HAWSER_CONFORMANCE_TRIAL_H

#include "../promises.h"

// Plays it in a child process, so that a transport that crashes or hangs breaks
// this promise and no other. False: broken, and how is in sentence.
bool
trial_keeps(enum promise_number promise, const struct stand *stand,
            char *sentence, size_t size);

#endif
