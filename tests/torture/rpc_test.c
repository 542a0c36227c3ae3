// rpc_test.c - acts: calls of msgpack-RPC, and methods that are served.
//
// What an echo sends back is a question to who asked it, and so is what that
// answers the answer: most acts ask and serve over one wire.
#include <stdio.h>
#include <unistd.h>

#include "desk.h"

enum { SOON_MS = 10 };

// Plays it, and once more if it was lost.
static void
play_twice(struct desk *desk, bool (*play)(struct desk *desk), const char *what)
{
    if (is_right(desk->script) && !play(desk) && !play(desk)) {
        wrong(desk->script, "one call failed, and %s went wrong twice", what);
    }
}

// ---- calls: blocking ----

static bool
call_next(struct desk *desk)
{
    return went(desk, make_call(desk, "next", false), HAWSER_RPC_RESULT);
}

static bool
call_fail(struct desk *desk)
{
    return went(desk, make_call(desk, "fail", true), HAWSER_RPC_ERROR);
}

static bool
call_nothing(struct desk *desk)
{
    return went(desk, make_call(desk, "nothing", true), HAWSER_RPC_ERROR);
}

static void
play_calls(struct script *script)
{
    struct desk desk;
    char url[64];

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u",
                   (unsigned)script->server->echo_port); // it fits
    open_desk(&desk, script, url);
    for (unsigned i = 0; i < 2; i++) {
        play_twice(&desk, call_next, "a call");
    }
    play_twice(&desk, call_fail, "a call that is answered an error");
    play_twice(&desk, call_nothing, "a call of what nobody serves");
    if (is_right(script)) {
        check_stats(&desk);
    }
    close_desk(&desk);
}

// ---- handles: asking without waiting ----

static bool
collect_one(struct desk *desk)
{
    struct call *call =
        start_call(desk, "next", (hawser_rpc_call_options){ 0 });

    if (is_right(desk->script)) {
        collect(desk, call);
    }
    return went(desk, call, HAWSER_RPC_RESULT);
}

static void
start_two(struct desk *desk, struct call *calls[2])
{
    for (unsigned i = 0; i < 2; i++) {
        calls[i] = start_call(desk, "next", (hawser_rpc_call_options){ 0 });
    }
}

static bool
collect_backwards(struct desk *desk)
{
    struct call *calls[2];
    bool well = true;

    start_two(desk, calls);
    for (unsigned i = 2; i > 0 && is_right(desk->script); i--) {
        collect(desk, calls[i - 1]);
        well = went(desk, calls[i - 1], HAWSER_RPC_RESULT) && well;
    }
    return well;
}

static bool
take_as_they_end(struct desk *desk)
{
    struct call *calls[2];
    bool well = true;

    start_two(desk, calls);
    for (unsigned i = 0; i < 2; i++) {
        take_next(desk);
    }
    for (unsigned i = 0; i < 2 && is_right(desk->script); i++) {
        well = went(desk, calls[i], HAWSER_RPC_RESULT) && well;
    }
    return well;
}

static bool
answer_later(struct desk *desk)
{
    struct call *call = start_told(desk, "later", 0);

    read_until(desk, is_held, call, "a question");
    answer_held(desk, false);
    desk->prompt = true; // one that was held may be of a call that was lost
    read_until(desk, has_ended, call, "an answer");
    desk->prompt = false;
    return went(desk, call, HAWSER_RPC_RESULT);
}

static bool
cancel(struct desk *desk)
{
    struct call *call = start_told(desk, "later", 0);
    hawser_status status;

    read_until(desk, is_held, call, "a question");
    if (is_right(desk->script) && call->ends == 0) {
        MUST(desk->script, hawser_rpc_cancel(desk->rpc, call->handle));
    }
    status = hawser_rpc_cancel(desk->rpc, call->handle);
    if (status != HAWSER_STALE && is_right(desk->script)) {
        wrong(desk->script, "a call that has ended was cancelled: %s",
              hawser_status_name(status));
    }
    drop_held(desk); // nobody awaits what this answers
    return went(desk, call, HAWSER_RPC_CANCELLED);
}

static bool
be_late(struct desk *desk)
{
    struct call *call = start_call(
        desk, "later", (hawser_rpc_call_options){ .timeout_ms = SOON_MS });

    if (is_right(desk->script)) {
        collect(desk, call);
    }
    drop_held(desk); // nobody awaits what this answers
    return went(desk, call, HAWSER_RPC_TIMEOUT);
}

static hawser_status
notify_once(struct desk *desk)
{
    hawser_rpc_request *notice;
    hawser_status status = hawser_rpc_notice_new(desk->rpc, "hint", 0, &notice);

    return status == HAWSER_OK ? hawser_rpc_notify(notice) : status;
}

static bool
has_notice(const struct desk *desk, const struct call *call)
{
    (void)call;
    return desk->notices > 0;
}

// What is under way when the wire is lost may be lost with it, and so what
// comes behind it is waited for.
static bool
notify(struct desk *desk)
{
    MUST(desk->script, notify_once(desk));
    if (!collect_one(desk)) {
        return false;
    }
    if (!faults_fired() && !has_notice(desk, NULL)) {
        wrong(desk->script, "a call has overtaken a notification");
    }
    return has_notice(desk, NULL);
}

static void
play_handles(struct script *script)
{
    struct desk desk;
    char url[96];

    (void)snprintf(url, sizeof url, "unix://%s",
                   script->server->echo_name); // it fits
    open_desk(&desk, script, url);
    play_twice(&desk, collect_backwards, "calls that are collected backwards");
    play_twice(&desk, take_as_they_end, "calls that are taken as they end");
    play_twice(&desk, answer_later, "a call that is answered later");
    play_twice(&desk, cancel, "a call that is cancelled");
    play_twice(&desk, be_late, "a call that is late");
    play_twice(&desk, notify, "a notification");
    if (is_right(script)) {
        check_stats(&desk);
    }
    close_desk(&desk);
}

// ---- peer: another rpc of the same bus serves ----

static void
play_peer(struct script *script)
{
    struct desk desk;

    open_desk(&desk, script, "inproc://rpc");
    open_peer(&desk, "inproc://rpc");
    play_twice(&desk, collect_one, "a call of the other end");
    play_twice(&desk, answer_later, "a call that it answers later");
    play_twice(&desk, notify, "a notification");
    if (is_right(script)) {
        check_stats(&desk);
    }
    close_desk(&desk);
}

// ---- again: a call that may run twice, across a cut ----

static bool
run_again(struct desk *desk)
{
    struct script *script = desk->script;
    struct call *call = start_told(desk, "later", 1);

    read_until(desk, is_held, call, "a question");
    if (!is_right(script)) {
        return false;
    }
    MUST(script,
         hawser_link_reconnect(script->bus, hawser_rpc_link(desk->rpc)));
    desk->prompt = true;
    read_until(desk, has_ended, call, "an answer on another wire");
    desk->prompt = false;
    answer_held(desk, true);
    return went(desk, call, HAWSER_RPC_RESULT);
}

static bool
is_lost(struct desk *desk)
{
    struct script *script = desk->script;
    struct call *call = start_told(desk, "later", 0);

    read_until(desk, is_held, call, "a question");
    if (!is_right(script)) {
        return false;
    }
    MUST(script,
         hawser_link_reconnect(script->bus, hawser_rpc_link(desk->rpc)));
    read_until(desk, has_ended, call, "the loss of a call");
    answer_held(desk, true);
    return went(desk, call, HAWSER_RPC_LOST);
}

// As hawser_rpc_close ends it: its answer may have come, and was not read.
static void
close_over(struct desk *desk)
{
    struct call *call = start_told(desk, "later", 0);

    read_until(desk, is_held, call, "a question");
    close_desk(desk);
    (void)went(desk, call, HAWSER_RPC_CLOSED); // there is no second try
}

static void
play_again(struct script *script)
{
    struct desk desk;
    char url[64];

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u",
                   (unsigned)script->server->echo_port); // it fits
    open_desk(&desk, script, url);
    play_twice(&desk, run_again, "a call that may run again");
    play_twice(&desk, is_lost, "a call that may not");
    play_twice(&desk, call_next, "a call on the third wire");
    if (is_right(script)) {
        check_stats(&desk);
    }
    close_over(&desk);
}

// ---- nobody: no wire ever takes a call ----

static void
check_unsent(struct desk *desk, const struct call *call,
             hawser_rpc_outcome wanted)
{
    (void)went(desk, call, wanted); // there is no second try
    if (is_right(desk->script) && call->outcome != wanted) {
        wrong(desk->script, "a call that nobody took ended %s, not %s",
              hawser_rpc_outcome_name(call->outcome),
              hawser_rpc_outcome_name(wanted));
    }
    if (!faults_fired() && call->may_have_run) {
        wrong(desk->script, "a call that nobody took may have run");
    }
}

static void
play_nobody(struct script *script)
{
    const hawser_rpc_call_options soon = { .timeout_ms = SOON_MS };
    struct desk desk;
    struct call *late, *cancelled, *closed[2];
    char url[96];

    (void)snprintf(url, sizeof url, "unix://@hawser-torture-nobody-%d",
                   (int)getpid()); // it fits
    open_desk(&desk, script, url);
    late = start_call(&desk, "next", soon);
    cancelled = start_told(&desk, "next", 0);
    closed[0] = start_told(&desk, "next", 0);
    closed[1] = start_told(&desk, "next", 0);
    if (is_right(script)) {
        MUST(script, hawser_rpc_cancel(desk.rpc, cancelled->handle));
        collect(&desk, late);
    }
    close_desk(&desk);
    check_unsent(&desk, late, HAWSER_RPC_TIMEOUT);
    check_unsent(&desk, cancelled, HAWSER_RPC_CANCELLED);
    check_unsent(&desk, closed[0], HAWSER_RPC_CLOSED);
    check_unsent(&desk, closed[1], HAWSER_RPC_CLOSED);
}

const struct act acts[] = {
    { "calls", play_calls }, { "handles", play_handles }, { "peer", play_peer },
    { "again", play_again }, { "nobody", play_nobody },   { NULL, NULL },
};
