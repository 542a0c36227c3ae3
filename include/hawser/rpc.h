// hawser/rpc.h - msgpack-RPC over a link: calls, notifications, served methods.
//
// The protocol is msgpack-rpc: [0, id, method, params], [1, id, error, result],
// [2, method, params], both ways, one object a message. It needs msgpack-c
// (msgpack.h), whose packer writes straight into messages, and whose objects
// are what is read. <hawser/hawser.h> does not include this header.
//
// There is no thread in it. Whoever waits (hawser_rpc_call, hawser_rpc_wait,
// hawser_rpc_next, hawser_rpc_run) reads what comes, for all: of several
// threads that wait, one reads and the others are woken. Handlers and callbacks
// run on the thread that reads, outside of every lock, so any call is legal
// inside, but hawser_rpc_close. One that waits inside reads in its turn, 32
// deep at most: questions that come deeper are answered an error, and callbacks
// wait. A program that only serves calls hawser_rpc_run again and again. Every
// call here may be made from any thread; with threads=0 those that wait belong
// to the bus's thread.
//
// What becomes of a call: it ends once, in exactly one of the ways of
// hawser_rpc_outcome. A call that no wire has taken yet waits for the next one,
// up to its deadline. One that was under way when its wire was lost may have
// run or not: it ends LOST, unless it is marked as safe to run again; then it
// is sent again on the next wire. An answer goes to the wire that its question
// came on, or nowhere.
#ifndef HAWSER_RPC_H
#define HAWSER_RPC_H

#include <stddef.h>
#include <stdint.h>

#include <msgpack.h>

#include <hawser/bus.h>
#include <hawser/export.h>
#include <hawser/inbox.h>
#include <hawser/link.h>
#include <hawser/options.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hawser_rpc hawser_rpc;

// Opens a link for msgpack-RPC, in an inbox of its own (bus.inboxes_max). The
// options are the link's; those that begin with rpc. are read here: rpc.timeout
// (what a call takes that names no time), rpc.calls_max (calls that are open
// or not collected), rpc.depth_max and rpc.elements_max (of what a peer sends).
// confirm must be none: msgpack-RPC confirms by its answers. The framing of a
// stream is msgpack. As hawser_link_open; FULL: bus.inboxes_max.
HAWSER_API hawser_status
hawser_rpc_open(hawser_bus *bus, const char *urls,
                const hawser_options *options, hawser_rpc **rpc);

// Ends every open call (CLOSED), closes the link and frees it. No other call on
// it may be running or come later; questions not answered yet must have been
// dropped. Before the bus is closed. NULL is allowed.
HAWSER_API void
hawser_rpc_close(hawser_rpc *rpc);

// The link, to reconnect it, to ask for its state, or to add standing messages.
HAWSER_API hawser_link
hawser_rpc_link(const hawser_rpc *rpc);

// Readable when there is something to read: call hawser_rpc_run then, with 0.
// As hawser_inbox_fd.
HAWSER_API hawser_status
hawser_rpc_fd(hawser_rpc *rpc, int *fd);

// ---- asking ----

// A call or notification being written: a header, then params that the caller
// packs. One thread at a time.
typedef struct hawser_rpc_request hawser_rpc_request;

// Begins a call of a method with so many params, which are to be packed with
// hawser_rpc_packer, exactly as many. FULL: rpc.calls_max. NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_rpc_request_new(hawser_rpc *rpc, const char *method, uint32_t params,
                       hawser_rpc_request **request);

// The same of a notification. NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_rpc_notice_new(hawser_rpc *rpc, const char *method, uint32_t params,
                      hawser_rpc_request **request);

// Writes into the request; the request's. Packing errors need not be looked at:
// whatever sends the request answers them.
HAWSER_API msgpack_packer *
hawser_rpc_packer(hawser_rpc_request *request);

// Gives it up. NULL is allowed.
HAWSER_API void
hawser_rpc_request_drop(hawser_rpc_request *request);

typedef enum hawser_rpc_outcome {
    HAWSER_RPC_RESULT = 0,    // value is what the method returned
    HAWSER_RPC_ERROR = 1,     // value is the peer's error
    HAWSER_RPC_LOST = 2,      // the wire was lost while it was under way, or
                              // there was no memory to read its answer
    HAWSER_RPC_TIMEOUT = 3,   // its time ran out
    HAWSER_RPC_CANCELLED = 4, // hawser_rpc_cancel
    HAWSER_RPC_CLOSED = 5,    // the link was closed, or has FAILED
    HAWSER_RPC_REFUSED = 6,   // the link could not carry it
} hawser_rpc_outcome;

// "result", "lost" …; never NULL.
HAWSER_API const char *
hawser_rpc_outcome_name(hawser_rpc_outcome outcome);

// A number, passed by value; id 0 is no call.
typedef struct hawser_rpc_handle {
    uint64_t id;
} hawser_rpc_handle;

// How a call ended. Free it with hawser_rpc_answer_free.
typedef struct hawser_rpc_answer {
    hawser_rpc_outcome outcome;
    int may_have_run; // 0: it has certainly not run, nor will it
    // RESULT, ERROR: what the peer sent; otherwise nil. The answer's.
    const msgpack_object *value;
    const char *sentence; // what happened, for a person; never NULL
    hawser_rpc_handle call;
    void *user; // as given with the call
    void *private_owner;
} hawser_rpc_answer;

// Frees what the answer holds; NULL is allowed.
HAWSER_API void
hawser_rpc_answer_free(hawser_rpc_answer *answer);

typedef struct hawser_rpc_call_options {
    size_t size;        // set it to sizeof(hawser_rpc_call_options)
    int64_t timeout_ms; // from now to the answer, at most a day; 0:
                        // rpc.timeout; -1: for ever
    int again;          // 1: safe to run twice, so send it again after a loss
    // hawser_rpc_start only. Called on the thread that reads, once, with the
    // answer, which is freed after the call. NULL: the answer is kept for
    // hawser_rpc_wait or hawser_rpc_next.
    void (*on_answer)(void *user, const hawser_rpc_answer *answer);
    void *user;
} hawser_rpc_call_options;

// Sends the request, which is gone whatever this answers, and waits for the
// answer. options may be NULL. OK: there is an answer, of whatever outcome.
// FULL: the spool's limit. ENDED: the link was closed or has FAILED. TOO_BIG:
// the request is above message.max. INVALID: the params are not as many as was
// said, options, or a notification. NO_MEMORY.
HAWSER_API hawser_status
hawser_rpc_call(hawser_rpc_request *request,
                const hawser_rpc_call_options *options,
                hawser_rpc_answer *answer);

// The same, without waiting. *call may be NULL.
HAWSER_API hawser_status
hawser_rpc_start(hawser_rpc_request *request,
                 const hawser_rpc_call_options *options,
                 hawser_rpc_handle *call);

// Waits for that call's answer for at most timeout_ms (-1: until it ends),
// and collects it. TIMEOUT: the call goes on. STALE: no such call is open, or
// it was collected already, or it has a callback. INVALID.
HAWSER_API hawser_status
hawser_rpc_wait(hawser_rpc *rpc, hawser_rpc_handle call, int timeout_ms,
                hawser_rpc_answer *answer);

// Collects the answer that came first of those that are kept, waiting for at
// most timeout_ms (0: not at all, AGAIN; -1: for ever). TIMEOUT. ENDED: the
// link was closed, and no answer is kept.
HAWSER_API hawser_status
hawser_rpc_next(hawser_rpc *rpc, int timeout_ms, hawser_rpc_answer *answer);

// Ends the call CANCELLED. What waits is not sent any more; what is under way
// may run, and its answer is ignored. STALE: no such call is open.
HAWSER_API hawser_status
hawser_rpc_cancel(hawser_rpc *rpc, hawser_rpc_handle call);

// Sends the notification, which is gone whatever this answers. No answer comes;
// what is under way when the wire is lost may be lost with it. As
// hawser_rpc_call.
HAWSER_API hawser_status
hawser_rpc_notify(hawser_rpc_request *request);

// Makes the notification, which is gone, into a message with one reference, for
// hawser_link_standing_add: then it is said on every new wire, before all else.
// INVALID, TOO_BIG, NO_MEMORY.
HAWSER_API hawser_status
hawser_rpc_notice_message(hawser_rpc_request *notice, hawser_message **message);

// ---- reading ----

// Reads what comes, for at most timeout_ms (0: what is there; -1: until the
// link is closed): ends calls, calls handlers and callbacks. OK: something
// was read. TIMEOUT (AGAIN with 0): nothing came. ENDED: the link was closed.
HAWSER_API hawser_status
hawser_rpc_run(hawser_rpc *rpc, int timeout_ms);

typedef enum hawser_rpc_oddity {
    HAWSER_RPC_LINK = 0,      // no oddity: an event of the link
    HAWSER_RPC_UNAWAITED = 1, // an answer that nobody awaits, or a second one
    HAWSER_RPC_MALFORMED = 2, // not msgpack, or not of msgpack-RPC's shape
    HAWSER_RPC_LIMIT = 3,     // deeper, or of more elements, than allowed
    HAWSER_RPC_LATE = 4,      // an answer of ours whose wire is gone
} hawser_rpc_oddity;

typedef struct hawser_rpc_event {
    hawser_rpc_oddity oddity;
    const hawser_event *link; // LINK
    const char *sentence;     // never NULL
} hawser_rpc_event;

// What comes is told there, on the thread that reads; NULL: nowhere. Set it
// before there is something to read.
HAWSER_API void
hawser_rpc_watch(hawser_rpc *rpc,
                 void (*on_event)(void *user, const hawser_rpc_event *event),
                 void *user);

typedef struct hawser_rpc_stats {
    size_t size;      // set it to sizeof(hawser_rpc_stats) before the call
    uint64_t calls;   // started
    uint64_t open;    // of those, not ended
    uint64_t results; // of those, ended so
    uint64_t errors;  // …
    uint64_t lost;
    uint64_t timeouts;
    uint64_t cancelled;
    uint64_t closed;
    uint64_t refused;
    uint64_t resent;    // sent again after a loss
    uint64_t questions; // requests of the peer
    uint64_t notices;   // notifications of the peer
    uint64_t unawaited; // oddities, as above
    uint64_t malformed;
    uint64_t limits;
    uint64_t late;
} hawser_rpc_stats;

// INVALID: size is not set.
HAWSER_API hawser_status
hawser_rpc_get_stats(hawser_rpc *rpc, hawser_rpc_stats *stats);

// ---- serving ----

// A request or notification of the peer. It belongs to the handler, which
// answers or drops it, at once or later, on any thread.
typedef struct hawser_rpc_question hawser_rpc_question;

typedef void (*hawser_rpc_handler)(void *user, hawser_rpc_question *question);

// Serves a method. params: how many are wanted; another number is answered with
// an error; -1: any. handler NULL: serves it no more. A method that is not
// served is answered with an error. A later call for the same method takes the
// place of the earlier one. NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_rpc_serve(hawser_rpc *rpc, const char *method, int params,
                 hawser_rpc_handler handler, void *user);

// The params, an array of the question's.
HAWSER_API const msgpack_object_array *
hawser_rpc_params(const hawser_rpc_question *question);

// Its text is not terminated by a zero.
HAWSER_API const msgpack_object_str *
hawser_rpc_method(const hawser_rpc_question *question);

// 1: a notification, for which answers are ignored.
HAWSER_API int
hawser_rpc_is_notice(const hawser_rpc_question *question);

// Begins an answer: RESULT or ERROR. The caller packs one object with the
// packer, which is the question's, and sends it. Params are still there.
// INVALID, NO_MEMORY.
HAWSER_API hawser_status
hawser_rpc_reply(hawser_rpc_question *question, hawser_rpc_outcome outcome,
                 msgpack_packer **packer);

// Sends the answer. The question is gone, but for FULL, after which it may be
// tried again. STALE: the wire that it came on is gone, so that the answer
// would mean nothing. INVALID: not exactly one object was packed; TOO_BIG: it
// is above message.max; NO_MEMORY; for these the peer is answered an error
// instead, if there is memory for that. ENDED.
HAWSER_API hawser_status
hawser_rpc_reply_send(hawser_rpc_question *question);

// Answers an error that is a text; the question is gone. As
// hawser_rpc_reply_send, but that after NO_MEMORY nothing is answered.
HAWSER_API hawser_status
hawser_rpc_reply_error(hawser_rpc_question *question, const char *sentence);

// Gives it back; a request that was not answered is answered with an error.
// NULL is allowed.
HAWSER_API void
hawser_rpc_question_drop(hawser_rpc_question *question);

#ifdef __cplusplus
}
#endif

#endif
