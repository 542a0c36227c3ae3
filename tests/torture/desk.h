// desk.h - where calls of msgpack-RPC are made and served, for acts.
#ifndef HAWSER_TESTS_TORTURE_DESK_H
#define HAWSER_TESTS_TORTURE_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include <hawser/rpc.h>

#include "script.h"

enum { CALLS = 32, HELD_MAX = 16 };

// A call as the script knows it; its only param is its number.
struct call {
    hawser_rpc_handle handle;
    uint64_t number;
    hawser_rpc_outcome outcome;
    unsigned ends;
    bool right;  // its value is what the method answers
    bool timely; // there may be no memory to answer it, so it has a deadline
    bool may_have_run;
};

struct desk {
    struct script *script;
    hawser_rpc *rpc;  // asks
    hawser_rpc *peer; // serves; may be the same
    struct call calls[CALLS];
    unsigned called;
    hawser_rpc_question *held[HELD_MAX]; // to be answered later
    unsigned holds;
    bool prompt; // nothing is held any more
    unsigned notices;
};

// ---- opening and closing ----

// With a bus of its own, whose one rpc asks and serves: "next" answers its
// param and 1, "later" the same, once it is told to, "fail" an error; "hint"
// is a notification. No call has a deadline of its own accord.
void
open_desk(struct desk *desk, struct script *script, const char *url);

// Another rpc serves from now on.
void
open_peer(struct desk *desk, const char *url);

// What is held is dropped, and what is open is closed.
void
close_desk(struct desk *desk);

// Every call that was started has ended, in one way.
void
check_stats(struct desk *desk);

// ---- asking ----

// Calls, and waits for the answer. timely: only for a while, since there may be
// no memory to answer it, and then nobody is left who would try again.
struct call *
make_call(struct desk *desk, const char *method, bool timely);

struct call *
start_call(struct desk *desk, const char *method,
           hawser_rpc_call_options options);

// The same with a callback, which notes the answer.
struct call *
start_told(struct desk *desk, const char *method, int again);

// Waits for the answer of one that has no callback.
void
collect(struct desk *desk, struct call *call);

// The same, whichever is next; for a desk that serves itself.
void
take_next(struct desk *desk);

void
read_until(struct desk *desk,
           bool (*done)(const struct desk *desk, const struct call *call),
           const struct call *call, const char *what);

bool
has_ended(const struct desk *desk, const struct call *call);

// A question is held, or the call has ended without.
bool
is_held(const struct desk *desk, const struct call *call);

// stale: the wire that they came on may have gone.
void
answer_held(struct desk *desk, bool stale);

void
drop_held(struct desk *desk);

// true: it has ended as it must. Otherwise the call of the library that failed
// has cost it its wire, or its answer, and it is made again.
bool
went(struct desk *desk, const struct call *call, hawser_rpc_outcome wanted);

#endif
