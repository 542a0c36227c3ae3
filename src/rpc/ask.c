// ask.c - calls and notifications of ours, and how calls end.
#include <stdlib.h>
#include <string.h>

#include "rpc/rpc_private.h"
#include "rpc/scan.h"

enum {
    CALL = 0, // of msgpack-RPC
    NOTICE = 2,
    ROOM = 128,         // that most requests do with
    METHOD_MAX = 65535, // bytes of a name
    TIMEOUT_MAX = 24 * 60 * 60 * 1000,
};

struct hawser_rpc_request {
    hawser_rpc *rpc;
    hawser_draft *draft;
    msgpack_packer packer;
    uint64_t id; // 0: a notification
};

static const msgpack_object nil = { .type = MSGPACK_OBJECT_NIL };

const char *
hawser_rpc_outcome_name(hawser_rpc_outcome outcome)
{
    static const char *const names[] = {
        "result", "error", "lost", "timeout", "cancelled", "closed", "refused",
    };

    return (size_t)outcome < sizeof names / sizeof names[0] ? names[outcome]
                                                            : "no outcome";
}

// ---- writing ----

static void
pack_header(hawser_rpc_request *request, const char *method, uint32_t params)
{
    msgpack_packer *packer = &request->packer;
    size_t size = strlen(method);

    // What fails here is answered when the draft is finished.
    if (request->id != 0) {
        (void)msgpack_pack_array(packer, 4);
        (void)msgpack_pack_int(packer, CALL);
        (void)msgpack_pack_uint32(packer, (uint32_t)request->id);
    } else {
        (void)msgpack_pack_array(packer, 3);
        (void)msgpack_pack_int(packer, NOTICE);
    }
    (void)msgpack_pack_str_with_body(packer, method, size);
    (void)msgpack_pack_array(packer, params);
}

static hawser_status
take_id(hawser_rpc *rpc, uint64_t *id)
{
    struct hw_call *call;

    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_take(&rpc->calls);
    *id = call == NULL ? 0 : call->id;
    pthread_mutex_unlock(&rpc->lock);
    return call == NULL ? HAWSER_FULL : HAWSER_OK;
}

static hawser_status
new_request(hawser_rpc *rpc, const char *method, uint32_t params, bool notice,
            hawser_rpc_request **request)
{
    hawser_rpc_request *made;
    hawser_status status;

    if (rpc == NULL || method == NULL || request == NULL ||
        strlen(method) > METHOD_MAX) {
        return HAWSER_INVALID;
    }
    made = malloc(sizeof *made); // calloc takes 100 instructions more
    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    *made = (hawser_rpc_request){ .rpc = rpc };
    status = hawser_draft_new(ROOM, &made->draft);
    if (status == HAWSER_OK && !notice) {
        status = take_id(rpc, &made->id);
    }
    if (status != HAWSER_OK) {
        hawser_draft_drop(made->draft);
        free(made);
        return status;
    }
    msgpack_packer_init(&made->packer, made->draft, hw_rpc_write);
    pack_header(made, method, params);
    *request = made;
    return HAWSER_OK;
}

hawser_status
hawser_rpc_request_new(hawser_rpc *rpc, const char *method, uint32_t params,
                       hawser_rpc_request **request)
{
    return new_request(rpc, method, params, false, request);
}

hawser_status
hawser_rpc_notice_new(hawser_rpc *rpc, const char *method, uint32_t params,
                      hawser_rpc_request **request)
{
    return new_request(rpc, method, params, true, request);
}

msgpack_packer *
hawser_rpc_packer(hawser_rpc_request *request)
{
    return &request->packer;
}

static void
give_back_id(hawser_rpc_request *request)
{
    hawser_rpc *rpc = request->rpc;
    struct hw_call *call;

    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_find(&rpc->calls, request->id);
    if (call != NULL && call->state == HW_CALL_WRITTEN) {
        hw_calls_release(&rpc->calls, call);
    }
    pthread_mutex_unlock(&rpc->lock);
}

void
hawser_rpc_request_drop(hawser_rpc_request *request)
{
    if (request == NULL) {
        return;
    }
    if (request->id != 0) {
        give_back_id(request);
    }
    hawser_draft_drop(request->draft);
    free(request);
}

// What was written, as a message. The packer's caller may have packed too much
// or too little.
static hawser_status
finish(hawser_rpc_request *request, hawser_message **message)
{
    hawser_status status =
        hawser_draft_finish(request->draft, HAWSER_BINARY, message);

    request->draft = NULL;
    if (status == HAWSER_OK &&
        hw_scan(hawser_message_bytes(*message), hawser_message_size(*message),
                HW_SCAN_DEPTH_MAX, UINT64_MAX) != HW_SCAN_OK) {
        hawser_message_drop(*message);
        status = HAWSER_INVALID;
    }
    return status;
}

// ---- calling ----

// The call is open before its message is out: the answer may be quicker than
// this thread.
static hawser_status
open_call(hawser_rpc *rpc, uint64_t id, hawser_message *message,
          const hawser_rpc_call_options *options)
{
    hawser_send_options send = {
        .size = sizeof send,
        .ttl_ms = options->timeout_ms,
    };
    struct hw_call *call = hw_calls_find(&rpc->calls, id);
    hawser_status status;

    if (rpc->closed) {
        hw_calls_release(&rpc->calls, call);
        return HAWSER_ENDED;
    }
    call->again = options->again != 0;
    call->on_answer = options->on_answer;
    call->answer.user = options->user;
    call->answer.call.id = id;
    hw_calls_open(&rpc->calls, call, hw_rpc_deadline_ms(options->timeout_ms));
    send.tag = hw_calls_tag(&rpc->calls, call);
    status = hawser_send_with(rpc->bus, rpc->link, message, &send);
    if (status != HAWSER_OK) {
        hw_calls_release(&rpc->calls, call);
        return status == HAWSER_STALE ? HAWSER_ENDED : status;
    }
    if (call->again) {
        call->message = hawser_message_hold(message);
    }
    rpc->stats.calls++;
    return HAWSER_OK;
}

static bool
read_options(hawser_rpc *rpc, const hawser_rpc_call_options *given,
             hawser_rpc_call_options *all)
{
    *all = (hawser_rpc_call_options){ .size = sizeof *all };
    if (given != NULL) {
        if (given->size < sizeof given->size) {
            return false;
        }
        memcpy(all, given,
               given->size < sizeof *all ? given->size : sizeof *all);
    }
    if (all->timeout_ms == 0) {
        all->timeout_ms = rpc->timeout_ms;
    }
    return all->timeout_ms >= -1 && all->timeout_ms <= TIMEOUT_MAX;
}

// Its number is the call's, from here on.
static hawser_status
start(hawser_rpc_request *request, const hawser_rpc_call_options *options)
{
    hawser_rpc *rpc = request->rpc;
    uint64_t id = request->id;
    hawser_message *message;
    hawser_status status = finish(request, &message);

    if (status != HAWSER_OK) {
        return status;
    }
    pthread_mutex_lock(&rpc->lock);
    request->id = 0;
    status = open_call(rpc, id, message, options);
    pthread_mutex_unlock(&rpc->lock);
    hawser_message_drop(message);
    return status;
}

hawser_status
hawser_rpc_start(hawser_rpc_request *request,
                 const hawser_rpc_call_options *options,
                 hawser_rpc_handle *call)
{
    hawser_rpc_call_options all;
    hawser_status status = HAWSER_INVALID;
    uint64_t id;

    if (request == NULL) {
        return status;
    }
    id = request->id;
    if (id != 0 && read_options(request->rpc, options, &all)) {
        status = start(request, &all);
    }
    if (status == HAWSER_OK && call != NULL) {
        call->id = id;
    }
    hawser_rpc_request_drop(request);
    return status;
}

// ---- waiting ----

static bool
has_ended(hawser_rpc *rpc, void *user)
{
    const uint64_t *id = user;
    const struct hw_call *call = hw_calls_find(&rpc->calls, *id);

    return call == NULL || call->state == HW_CALL_ENDED;
}

hawser_status
hawser_rpc_wait(hawser_rpc *rpc, hawser_rpc_handle handle, int timeout_ms,
                hawser_rpc_answer *answer)
{
    hawser_status status = HAWSER_STALE;
    struct hw_call *call;

    if (rpc == NULL || answer == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_find(&rpc->calls, handle.id);
    if (call != NULL && call->on_answer == NULL) {
        status = hw_rpc_read_until(rpc, hw_rpc_deadline_ms(timeout_ms),
                                   has_ended, &handle.id)
                     ? HAWSER_OK
                     : HAWSER_TIMEOUT;
        call = hw_calls_find(&rpc->calls, handle.id);
    }
    if (call == NULL) { // another thread has collected it meanwhile
        status = HAWSER_STALE;
    } else if (status == HAWSER_OK) {
        hw_rpc_collect(rpc, call, answer);
    }
    pthread_mutex_unlock(&rpc->lock);
    return status;
}

hawser_status
hawser_rpc_call(hawser_rpc_request *request,
                const hawser_rpc_call_options *options,
                hawser_rpc_answer *answer)
{
    hawser_rpc_call_options all;
    hawser_rpc_handle call;
    hawser_status status = HAWSER_INVALID;
    hawser_rpc *rpc;

    if (request == NULL) {
        return status;
    }
    rpc = request->rpc;
    call.id = request->id;
    if (answer != NULL && call.id != 0 && read_options(rpc, options, &all)) {
        all.on_answer = NULL;
        status = start(request, &all);
    }
    hawser_rpc_request_drop(request);
    return status == HAWSER_OK ? hawser_rpc_wait(rpc, call, -1, answer)
                               : status;
}

static bool
is_any_ended(hawser_rpc *rpc, void *user)
{
    (void)user;
    return rpc->calls.ended.first != 0 || rpc->closed;
}

hawser_status
hawser_rpc_next(hawser_rpc *rpc, int timeout_ms, hawser_rpc_answer *answer)
{
    hawser_status status = HAWSER_OK;
    struct hw_call *call;

    if (rpc == NULL || answer == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    pthread_mutex_lock(&rpc->lock);
    if (!hw_rpc_read_until(rpc, hw_rpc_deadline_ms(timeout_ms), is_any_ended,
                           NULL)) {
        status = timeout_ms == 0 ? HAWSER_AGAIN : HAWSER_TIMEOUT;
    }
    call = hw_calls_first(&rpc->calls, &rpc->calls.ended);
    if (call != NULL) {
        hw_rpc_collect(rpc, call, answer);
        status = HAWSER_OK;
    } else if (status == HAWSER_OK) {
        status = HAWSER_ENDED;
    }
    pthread_mutex_unlock(&rpc->lock);
    return status;
}

// 0: no such call is open.
static uint64_t
tag_of(hawser_rpc *rpc, uint64_t id)
{
    const struct hw_call *call;
    uint64_t tag;

    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_find(&rpc->calls, id);
    tag = call != NULL && call->state == HW_CALL_OPEN ? call->tag : 0;
    pthread_mutex_unlock(&rpc->lock);
    return tag;
}

hawser_status
hawser_rpc_cancel(hawser_rpc *rpc, hawser_rpc_handle handle)
{
    hawser_status status = HAWSER_STALE;
    struct hw_call *call;
    uint64_t tag;
    bool waited;

    if (rpc == NULL) {
        return HAWSER_INVALID;
    }
    tag = tag_of(rpc, handle.id);
    if (tag == 0) {
        return status;
    }
    waited = hawser_cancel(rpc->bus, rpc->link, tag) == HAWSER_OK;
    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_find(&rpc->calls, handle.id);
    if (call != NULL && call->state == HW_CALL_OPEN) {
        hw_rpc_end_call(rpc, call, HAWSER_RPC_CANCELLED, !waited, "cancelled",
                        NULL, NULL);
        pthread_cond_broadcast(&rpc->changed);
        status = HAWSER_OK;
    }
    hw_rpc_call_back(rpc);
    pthread_mutex_unlock(&rpc->lock);
    return status;
}

// ---- notifications ----

hawser_status
hawser_rpc_notice_message(hawser_rpc_request *notice, hawser_message **message)
{
    hawser_status status = HAWSER_INVALID;

    if (notice != NULL && message != NULL && notice->id == 0) {
        status = finish(notice, message);
    }
    hawser_rpc_request_drop(notice);
    return status;
}

hawser_status
hawser_rpc_notify(hawser_rpc_request *notice)
{
    hawser_rpc *rpc = notice == NULL ? NULL : notice->rpc;
    hawser_message *message;
    hawser_status status = hawser_rpc_notice_message(notice, &message);

    if (status == HAWSER_OK) {
        status = hawser_send_message(rpc->bus, rpc->link, message, 0);
        hawser_message_drop(message);
    }
    return status == HAWSER_STALE ? HAWSER_ENDED : status;
}

// ---- how calls end ----

static void
count(hawser_rpc_stats *stats, hawser_rpc_outcome outcome)
{
    uint64_t *const counters[] = {
        &stats->results,   &stats->errors, &stats->lost,    &stats->timeouts,
        &stats->cancelled, &stats->closed, &stats->refused,
    };

    (*counters[outcome])++;
}

void
hw_rpc_end_call(hawser_rpc *rpc, struct hw_call *call,
                hawser_rpc_outcome outcome, bool may_have_run,
                const char *sentence, const msgpack_object *value,
                struct hw_unpacked *owner)
{
    call->answer.outcome = outcome;
    call->answer.may_have_run = may_have_run;
    call->answer.sentence = sentence;
    call->answer.value = value != NULL ? value : &nil;
    call->answer.private_owner = owner;
    hawser_message_drop(call->message);
    call->message = NULL;
    count(&rpc->stats, outcome);
    hw_calls_end(&rpc->calls, call);
}

void
hw_rpc_collect(hawser_rpc *rpc, struct hw_call *call, hawser_rpc_answer *answer)
{
    *answer = call->answer;
    hw_calls_release(&rpc->calls, call);
}

void
hw_rpc_call_back(hawser_rpc *rpc)
{
    struct hw_call *call;

    while ((call = hw_calls_first(&rpc->calls, &rpc->calls.to_call)) != NULL) {
        void (*on_answer)(void *user, const hawser_rpc_answer *answer) =
            call->on_answer;
        hawser_rpc_answer answer;

        hw_rpc_collect(rpc, call, &answer);
        pthread_mutex_unlock(&rpc->lock);
        on_answer(answer.user, &answer);
        hawser_rpc_answer_free(&answer);
        pthread_mutex_lock(&rpc->lock);
    }
}

void
hw_unpacked_free(struct hw_unpacked *unpacked)
{
    msgpack_zone_destroy(&unpacked->zone);
    hawser_message_drop(unpacked->message);
}

void
hawser_rpc_answer_free(hawser_rpc_answer *answer)
{
    if (answer == NULL) {
        return;
    }
    if (answer->private_owner != NULL) {
        hw_unpacked_free(answer->private_owner);
        free(answer->private_owner);
    }
    answer->private_owner = NULL;
    answer->value = &nil;
}

hawser_status
hawser_rpc_get_stats(hawser_rpc *rpc, hawser_rpc_stats *stats)
{
    hawser_rpc_stats all;

    if (rpc == NULL || stats == NULL || stats->size < sizeof stats->size) {
        return HAWSER_INVALID;
    }
    pthread_mutex_lock(&rpc->lock);
    all = rpc->stats;
    all.open = rpc->calls.open;
    pthread_mutex_unlock(&rpc->lock);
    all.size = stats->size < sizeof all ? stats->size : sizeof all;
    memcpy(stats, &all, all.size);
    return HAWSER_OK;
}
