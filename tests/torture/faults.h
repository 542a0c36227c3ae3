// faults.h - one call of the library's, and only one, fails.
//
// The library is linked into the program with --wrap for each call of
// wrapped.cmake, so what is counted and what fails is what Hawser's own code
// calls: not what libzmq, libuv, libwebsockets, msgpack-c and OpenSSL call, and
// not what the program calls while nothing is armed.
#ifndef HAWSER_TESTS_TORTURE_FAULTS_H
#define HAWSER_TESTS_TORTURE_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAMES_MAX = 8, FAULTS_MAX = 96 };

// A way for a call to go wrong.
struct fault {
    const char *call; // "memory" is all that allocates
    const char *how;  // "EINTR", "short", "0" …
    int error;        // errno, or what the call returns
};

// What became of a run, for the process that started it.
struct outcome {
    atomic_bool reached;           // the call came, and failed
    atomic_uint calls[FAULTS_MAX]; // with no fault: how often each came
    uintptr_t frames[FRAMES_MAX];
    char sentence[512]; // what was wrong; "" if nothing was
};

// Row index of the table; NULL past the last one.
const struct fault *
fault_at(unsigned index);

// From now on the call fails as fault says when it comes for the numberth time;
// fault NULL: none does, and all are counted.
void
faults_arm(const struct fault *fault, unsigned number, struct outcome *outcome);

// Nothing fails any more.
void
faults_disarm(void);

// Has it failed?
bool
faults_fired(void);

// How many blocks of the library's are not given back; the largest caller of
// one in *site. Blocks that are kept for the next use do not count.
unsigned
faults_blocks_left(uintptr_t *site);

#endif
