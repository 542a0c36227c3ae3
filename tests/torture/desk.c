// desk.c - where calls of msgpack-RPC are made and served, for acts.
#include "desk.h"

#include <time.h>

enum { ROUND_MS = 5, TIMELY_MS = PATIENCE_MS / 10 };

// ---- serving ----

// STALE: the wire has gone, and the call with it.
static void
check_reply(struct desk *desk, hawser_status status, const char *call)
{
    if (!refused(desk->script, status) && status != HAWSER_OK &&
        (status != HAWSER_STALE || !faults_fired())) {
        wrong(desk->script, "%s answered %s", call, hawser_status_name(status));
    }
}

static uint64_t
number_of(const hawser_rpc_question *question)
{
    return hawser_rpc_params(question)->ptr[0].via.u64;
}

static void
write_reply(struct desk *desk, hawser_rpc_question *question)
{
    msgpack_packer *packer = NULL;

    MUST(desk->script, hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer));
    if (packer != NULL) { // sending it tells
        (void)msgpack_pack_uint64(packer, number_of(question) + 1);
    }
}

static void
on_next(void *user, hawser_rpc_question *question)
{
    struct desk *desk = user;

    write_reply(desk, question);
    check_reply(desk, hawser_rpc_reply_send(question), "hawser_rpc_reply_send");
}

static void
on_later(void *user, hawser_rpc_question *question)
{
    struct desk *desk = user;

    if (desk->prompt) {
        on_next(desk, question);
    } else if (desk->holds < HELD_MAX) {
        desk->held[desk->holds++] = question;
    } else {
        wrong(desk->script, "too many questions came");
        hawser_rpc_question_drop(question);
    }
}

static void
on_fail(void *user, hawser_rpc_question *question)
{
    struct desk *desk = user;

    check_reply(desk, hawser_rpc_reply_error(question, "it fails"),
                "hawser_rpc_reply_error");
}

static void
on_hint(void *user, hawser_rpc_question *question)
{
    struct desk *desk = user;

    desk->notices++;
    hawser_rpc_question_drop(question);
}

void
answer_held(struct desk *desk, bool stale)
{
    while (desk->holds > 0) {
        hawser_rpc_question *question = desk->held[--desk->holds];
        hawser_status status;

        write_reply(desk, question);
        status = hawser_rpc_reply_send(question);
        if (!stale || status != HAWSER_STALE) {
            check_reply(desk, status, "hawser_rpc_reply_send");
        }
    }
}

void
drop_held(struct desk *desk)
{
    while (desk->holds > 0) {
        hawser_rpc_question_drop(desk->held[--desk->holds]);
    }
}

// ---- opening and closing ----

static hawser_rpc *
open_rpc(struct desk *desk, const char *url)
{
    struct script *script = desk->script;
    hawser_options *options = options_of(script, "rpc.timeout=off");
    hawser_rpc *rpc = NULL;

    MUST(script, hawser_rpc_open(script->bus, url, options, &rpc));
    hawser_options_free(options);
    if (rpc != NULL) {
        MUST(script, hawser_rpc_serve(rpc, "next", 1, on_next, desk));
        MUST(script, hawser_rpc_serve(rpc, "later", 1, on_later, desk));
        MUST(script, hawser_rpc_serve(rpc, "fail", -1, on_fail, desk));
        MUST(script, hawser_rpc_serve(rpc, "hint", 0, on_hint, desk));
    }
    return rpc;
}

void
check_stats(struct desk *desk)
{
    hawser_rpc_stats stats = { .size = sizeof stats };
    uint64_t ended;

    MUST(desk->script, hawser_rpc_get_stats(desk->rpc, &stats));
    ended = stats.results + stats.errors + stats.lost + stats.timeouts +
            stats.cancelled + stats.closed + stats.refused;
    if (stats.open != 0 || stats.calls != ended || stats.calls < desk->called) {
        wrong(desk->script, "of %u calls %u were started, and %u have ended",
              desk->called, (unsigned)stats.calls, (unsigned)ended);
    }
}

void
open_desk(struct desk *desk, struct script *script, const char *url)
{
    *desk = (struct desk){ .script = script };
    open_bus(script, "");
    if (is_right(script)) {
        desk->rpc = open_rpc(desk, url);
        desk->peer = desk->rpc;
    }
}

void
open_peer(struct desk *desk, const char *url)
{
    if (is_right(desk->script)) {
        desk->peer = open_rpc(desk, url);
    }
}

void
close_desk(struct desk *desk)
{
    drop_held(desk);
    if (desk->peer != desk->rpc) {
        hawser_rpc_close(desk->peer);
    }
    hawser_rpc_close(desk->rpc);
    if (desk->script->bus != NULL) {
        close_bus(desk->script, 0, HAWSER_OK);
    }
}

// ---- asking ----

static void
note_answer(struct call *call, const hawser_rpc_answer *answer)
{
    call->ends++;
    call->outcome = answer->outcome;
    call->may_have_run = answer->may_have_run != 0;
    call->right =
        answer->sentence[0] != '\0' && answer->call.id == call->handle.id;
    if (answer->outcome == HAWSER_RPC_RESULT) {
        call->right = call->right &&
                      answer->value->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
                      answer->value->via.u64 == call->number + 1;
    } else if (answer->outcome == HAWSER_RPC_ERROR) {
        call->right = call->right && answer->value->type == MSGPACK_OBJECT_STR;
    } else {
        call->right = call->right && answer->value->type == MSGPACK_OBJECT_NIL;
    }
}

static void
on_answer(void *user, const hawser_rpc_answer *answer)
{
    note_answer(user, answer);
}

static hawser_status
request_of(struct desk *desk, const char *method, uint64_t number,
           hawser_rpc_request **request)
{
    hawser_status status =
        hawser_rpc_request_new(desk->rpc, method, 1, request);

    if (status == HAWSER_OK) { // sending it tells
        (void)msgpack_pack_uint64(hawser_rpc_packer(*request), number);
    }
    return status;
}

static hawser_status
start_once(struct desk *desk, const char *method, struct call *call,
           hawser_rpc_call_options options)
{
    hawser_rpc_request *request;
    hawser_status status = request_of(desk, method, call->number, &request);

    options.size = sizeof options;
    options.user = call;
    return status == HAWSER_OK
               ? hawser_rpc_start(request, &options, &call->handle)
               : status;
}

static hawser_status
call_once(struct desk *desk, const char *method, struct call *call)
{
    const hawser_rpc_call_options options = {
        .size = sizeof options,
        .timeout_ms = call->timely ? TIMELY_MS : -1,
    };
    hawser_rpc_request *request;
    hawser_rpc_answer answer;
    hawser_status status = request_of(desk, method, call->number, &request);

    if (status == HAWSER_OK) {
        status = hawser_rpc_call(request, &options, &answer);
    }
    if (status == HAWSER_OK) {
        call->handle = answer.call;
        note_answer(call, &answer);
        hawser_rpc_answer_free(&answer);
    }
    return status;
}

static struct call *
new_call(struct desk *desk)
{
    struct call *call = &desk->calls[desk->called];

    if (desk->called + 1 < CALLS) {
        desk->called++;
    } else {
        wrong(desk->script, "too many calls had to be made again");
    }
    *call = (struct call){ .number = desk->called };
    return call;
}

struct call *
make_call(struct desk *desk, const char *method, bool timely)
{
    struct call *call = new_call(desk);

    call->timely = timely;
    MUST(desk->script, call_once(desk, method, call));
    return call;
}

struct call *
start_call(struct desk *desk, const char *method,
           hawser_rpc_call_options options)
{
    struct call *call = new_call(desk);

    MUST(desk->script, start_once(desk, method, call, options));
    return call;
}

struct call *
start_told(struct desk *desk, const char *method, int again)
{
    const hawser_rpc_call_options options = { .again = again,
                                              .on_answer = on_answer };

    return start_call(desk, method, options);
}

// ---- reading ----

static void
run(struct desk *desk, hawser_rpc *rpc, int timeout_ms)
{
    hawser_status status = hawser_rpc_run(rpc, timeout_ms);

    if (status != HAWSER_OK && status != HAWSER_TIMEOUT &&
        status != HAWSER_AGAIN) {
        wrong(desk->script, "hawser_rpc_run answered %s",
              hawser_status_name(status));
    }
}

void
read_until(struct desk *desk,
           bool (*done)(const struct desk *desk, const struct call *call),
           const struct call *call, const char *what)
{
    time_t deadline = time(NULL) + PATIENCE_MS / 1000;

    while (is_right(desk->script) && !done(desk, call)) {
        if (desk->peer != desk->rpc) {
            run(desk, desk->peer, 0);
        }
        run(desk, desk->rpc, ROUND_MS);
        if (time(NULL) > deadline) {
            wrong(desk->script, "waited in vain for %s", what);
        }
    }
}

bool
has_ended(const struct desk *desk, const struct call *call)
{
    (void)desk;
    return call->ends > 0;
}

bool
is_held(const struct desk *desk, const struct call *call)
{
    return desk->holds > 0 || call->ends > 0;
}

// Its answer is kept until it is collected, and then it is no call any more.
void
collect(struct desk *desk, struct call *call)
{
    time_t deadline = time(NULL) + PATIENCE_MS / 1000;
    hawser_status status = HAWSER_TIMEOUT;
    hawser_rpc_answer answer;

    while (is_right(desk->script) && status == HAWSER_TIMEOUT) {
        if (desk->peer != desk->rpc) {
            run(desk, desk->peer, 0);
        }
        status = hawser_rpc_wait(desk->rpc, call->handle, ROUND_MS, &answer);
        if (time(NULL) > deadline) {
            wrong(desk->script, "waited in vain for the end of a call");
        }
    }
    if (status == HAWSER_OK) {
        note_answer(call, &answer);
        hawser_rpc_answer_free(&answer);
        status = hawser_rpc_wait(desk->rpc, call->handle, 0, &answer);
    }
    if (is_right(desk->script) && status != HAWSER_STALE) {
        wrong(desk->script, "hawser_rpc_wait answered %s",
              hawser_status_name(status));
    }
}

void
take_next(struct desk *desk)
{
    time_t deadline = time(NULL) + PATIENCE_MS / 1000;
    hawser_status status = HAWSER_TIMEOUT;
    hawser_rpc_answer answer;

    while (is_right(desk->script) && status == HAWSER_TIMEOUT) {
        status = hawser_rpc_next(desk->rpc, ROUND_MS, &answer);
        if (time(NULL) > deadline) {
            wrong(desk->script, "waited in vain for any call to end");
        }
    }
    if (status == HAWSER_OK) {
        note_answer(answer.user, &answer);
        hawser_rpc_answer_free(&answer);
    } else if (is_right(desk->script)) {
        wrong(desk->script, "hawser_rpc_next answered %s",
              hawser_status_name(status));
    }
}

static bool
may_end(const struct call *call, hawser_rpc_outcome wanted)
{
    return call->outcome == wanted ||
           (faults_fired() &&
            (call->outcome == HAWSER_RPC_LOST ||
             call->outcome == HAWSER_RPC_ERROR ||
             (call->outcome == HAWSER_RPC_TIMEOUT && call->timely)));
}

bool
went(struct desk *desk, const struct call *call, hawser_rpc_outcome wanted)
{
    struct script *script = desk->script;

    if (call->ends != 1 || !call->right) {
        wrong(script, "call %u has %u ends, or not its value: %s",
              (unsigned)call->number, call->ends,
              hawser_rpc_outcome_name(call->outcome));
    } else if (!may_end(call, wanted)) {
        wrong(script, "call %u ended %s, not %s", (unsigned)call->number,
              hawser_rpc_outcome_name(call->outcome),
              hawser_rpc_outcome_name(wanted));
    }
    return call->outcome == wanted || !is_right(script);
}
