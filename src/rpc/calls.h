// calls.h - the calls of an rpc: which is open, which is due, which has ended.
//
// Knows nothing of threads: its user holds a lock.
#ifndef HW_RPC_CALLS_H
#define HW_RPC_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include <hawser/rpc.h>

enum hw_call_state {
    HW_CALL_FREE,
    HW_CALL_WRITTEN, // its request is being written
    HW_CALL_OPEN,
    HW_CALL_ENDED, // its answer was not collected
};

struct hw_call {
    uint64_t id; // its low half is the msgid; of a free one the last
    enum hw_call_state state;
    uint64_t tag; // of its message; rises with each that is sent
    bool overdue; // what became of it is not known yet
    bool again;
    uint64_t deadline_ms;    // UINT64_MAX: never
    uint32_t due_at;         // in the heap, plus 1; 0: it is not there
    uint32_t before, behind; // in the list that it is in, plus 1; 0: none
    hawser_message *message; // to be sent again; NULL: it is not
    void (*on_answer)(void *user, const hawser_rpc_answer *answer);
    hawser_rpc_answer answer; // once it has ended
};

struct hw_call_list {
    uint32_t first, last; // plus 1; 0: none
};

struct hw_calls {
    struct hw_call *rows;
    uint32_t *heap; // rows with a deadline
    uint32_t heap_size;
    uint32_t rows_max;
    uint32_t rows_used; // so many have been in use
    unsigned index_bits;
    struct hw_call_list free;
    struct hw_call_list ended;   // to be collected
    struct hw_call_list to_call; // ended, with a callback to be called
    uint32_t open;
    uint32_t overdue;   // of those
    uint64_t sent;      // numbers the messages
    uint64_t taken_tag; // wires have taken all up to this
};

// false: out of memory.
bool
hw_calls_init(struct hw_calls *calls, uint32_t rows_max);

void
hw_calls_free(struct hw_calls *calls);

// One in state WRITTEN, with an id that no call had before, nor a msgid that is
// out; NULL: all are in use.
struct hw_call *
hw_calls_take(struct hw_calls *calls);

// The call with that id; NULL: there is none any more.
struct hw_call *
hw_calls_find(struct hw_calls *calls, uint64_t id);

// The open call with that msgid; NULL: nobody awaits it.
struct hw_call *
hw_calls_awaited(struct hw_calls *calls, uint64_t msgid);

// The open call whose message has that tag; NULL: there is none any more.
struct hw_call *
hw_calls_tagged(struct hw_calls *calls, uint64_t tag);

// A tag for the call's next message, which no wire has taken yet.
uint64_t
hw_calls_tag(struct hw_calls *calls, struct hw_call *call);

// Wires have taken all messages up to that tag.
void
hw_calls_note_taken(struct hw_calls *calls, uint64_t tag);

// Has a wire taken its message?
bool
hw_calls_taken(const struct hw_calls *calls, const struct hw_call *call);

// It is due no more, and what becomes of it is not known yet.
void
hw_calls_set_overdue(struct hw_calls *calls, struct hw_call *call);

// It is open from now on, until its deadline.
void
hw_calls_open(struct hw_calls *calls, struct hw_call *call,
              uint64_t deadline_ms);

// The call that is due first; NULL: none is.
struct hw_call *
hw_calls_first_due(struct hw_calls *calls);

// From open to ended; it has its answer.
void
hw_calls_end(struct hw_calls *calls, struct hw_call *call);

// The first of those that ended, or that are to be called; NULL: none.
struct hw_call *
hw_calls_first(struct hw_calls *calls, const struct hw_call_list *list);

// Whatever it was, it is free from now on; what it holds was given away.
void
hw_calls_release(struct hw_calls *calls, struct hw_call *call);

#endif
