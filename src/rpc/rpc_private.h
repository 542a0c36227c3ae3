// rpc_private.h - what the files of msgpack-RPC share.
//
// One lock, held for moments, never while handlers or callbacks run.
#ifndef HW_RPC_RPC_PRIVATE_H
#define HW_RPC_RPC_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <hawser/rpc.h>

#include "rpc/calls.h"

// A method that is served.
struct hw_method {
    char *name;
    int params;
    hawser_rpc_handler handler;
    void *user;
};

// How deep handlers and callbacks that wait for calls may be inside of each
// other: a peer decides how many there are, and each takes of the stack.
enum { HW_RPC_NESTING_MAX = 32 };

struct hawser_rpc {
    hawser_bus *bus;
    hawser_inbox *inbox;
    hawser_link link;
    int64_t timeout_ms; // of a call that names none; -1: for ever
    unsigned depth_max;
    uint64_t elements_max;
    void (*on_event)(void *user, const hawser_rpc_event *event);
    void *event_user;

    pthread_mutex_t lock;
    pthread_cond_t changed; // something was read, or nobody reads any more
    bool reading;           // somebody does
    pthread_t reader;       // who, or the last who did
    unsigned nesting;       // how often inside of handlers and callbacks of its
    uint64_t heard;         // items, so far
    bool wired;             // there is a wire
    bool closed;
    uint32_t wire; // its number, or that of the last
    struct hw_calls calls;
    struct hw_method *methods;
    size_t method_count;
    hawser_rpc_stats stats;
};

// What an answer, or a question, was unpacked from.
struct hw_unpacked {
    hawser_message *message;
    msgpack_object object;
    msgpack_zone zone; // that its parts are in
};

struct hawser_rpc_question {
    hawser_rpc *rpc;
    struct hw_unpacked unpacked;
    uint32_t wire; // that it came on
    bool notice;
    uint64_t msgid;
    msgpack_object_str method;
    msgpack_object_array params;
    hawser_draft *draft;   // of the answer being written; NULL: none is
    hawser_message *reply; // written, and not yet sent
    hawser_rpc_outcome outcome;
    msgpack_packer packer;
};

// ---- rpc.c ----

uint64_t
hw_rpc_now_ms(void);

// So far from now; negative: never.
uint64_t
hw_rpc_deadline_ms(int64_t timeout_ms);

// Reads until done says so (with the lock held, as before and after), at most
// until the deadline. false: too late.
bool
hw_rpc_read_until(hawser_rpc *rpc, uint64_t deadline_ms,
                  bool (*done)(hawser_rpc *rpc, void *user), void *user);

// Packs into a draft; errors are answered when it is finished.
int
hw_rpc_write(void *draft, const char *bytes, size_t size);

// Without the lock.
void
hw_rpc_tell(hawser_rpc *rpc, hawser_rpc_oddity oddity,
            const hawser_event *event, const char *sentence);

// ---- calls that end; with the lock ----

// value may be NULL; owner goes to the answer.
void
hw_rpc_end_call(hawser_rpc *rpc, struct hw_call *call,
                hawser_rpc_outcome outcome, bool may_have_run,
                const char *sentence, const msgpack_object *value,
                struct hw_unpacked *owner);

// Moves the answer out of a call that has ended, and frees the call.
void
hw_rpc_collect(hawser_rpc *rpc, struct hw_call *call,
               hawser_rpc_answer *answer);

// Calls the callbacks of those that ended; the lock is held before and after,
// and not meanwhile.
void
hw_rpc_call_back(hawser_rpc *rpc);

// ---- reading.c: what comes. Without the lock ----

void
hw_rpc_handle(hawser_rpc *rpc, const hawser_item *item);

// Calls whose time has come. With the lock.
void
hw_rpc_expire(hawser_rpc *rpc);

// ---- serve.c ----

// Whom the question is for; it goes there. Without the lock.
void
hw_rpc_serve_question(hawser_rpc_question *question);

// Answers an error to a question of which no more than its number was read, if
// that can be sent.
void
hw_rpc_refuse_question(hawser_rpc *rpc, uint32_t wire, uint64_t msgid,
                       const char *sentence);

void
hw_rpc_methods_free(hawser_rpc *rpc);

void
hw_unpacked_free(struct hw_unpacked *unpacked);

#endif
