// reading.c - what comes on an rpc's link: answers, questions, fates, events.
#include <stdlib.h>
#include <string.h>

#include "rpc/rpc_private.h"
#include "rpc/scan.h"

enum { QUESTION = 0, ANSWER = 1, NOTICE = 2 }; // of msgpack-RPC

// ---- oddities ----

static void
note(hawser_rpc *rpc, hawser_rpc_oddity oddity, const char *sentence)
{
    pthread_mutex_lock(&rpc->lock);
    switch (oddity) {
    case HAWSER_RPC_UNAWAITED:
        rpc->stats.unawaited++;
        break;
    case HAWSER_RPC_MALFORMED:
        rpc->stats.malformed++;
        break;
    case HAWSER_RPC_LIMIT:
        rpc->stats.limits++;
        break;
    default:
        rpc->stats.late++;
        break;
    }
    pthread_mutex_unlock(&rpc->lock);
    hw_rpc_tell(rpc, oddity, NULL, sentence);
}

// ---- messages ----

// What an object of so many bytes may need, up to the zone's usual piece. Each
// part of it takes a byte at least.
static size_t
zone_size(size_t size)
{
    return size < MSGPACK_ZONE_CHUNK_SIZE / sizeof(msgpack_object)
               ? size * sizeof(msgpack_object)
               : MSGPACK_ZONE_CHUNK_SIZE;
}

// Of good shape, and within limits?
static bool
is_readable(hawser_rpc *rpc, const char *bytes, size_t size)
{
    switch (hw_scan(bytes, size, rpc->depth_max, rpc->elements_max)) {
    case HW_SCAN_OK:
        return true;
    case HW_SCAN_MALFORMED:
        note(rpc, HAWSER_RPC_MALFORMED, "not one object of msgpack");
        return false;
    case HW_SCAN_TOO_DEEP:
        note(rpc, HAWSER_RPC_LIMIT, "deeper than rpc.depth_max");
        return false;
    case HW_SCAN_TOO_MANY:
        note(rpc, HAWSER_RPC_LIMIT, "more elements than rpc.elements_max");
        return false;
    }
    return false;
}

static msgpack_unpack_return
unpack(hawser_message *message, struct hw_unpacked *unpacked)
{
    const char *bytes = hawser_message_bytes(message);
    size_t size = hawser_message_size(message), at = 0;
    msgpack_unpack_return result;

    if (!msgpack_zone_init(&unpacked->zone, zone_size(size))) {
        return MSGPACK_UNPACK_NOMEM_ERROR;
    }
    result =
        msgpack_unpack(bytes, size, &at, &unpacked->zone, &unpacked->object);
    if (result == MSGPACK_UNPACK_SUCCESS) {
        unpacked->message = hawser_message_hold(message);
    } else {
        msgpack_zone_destroy(&unpacked->zone);
    }
    return result;
}

// ---- what there is no memory to read ----

static void
lose_answer(hawser_rpc *rpc, uint64_t msgid)
{
    struct hw_call *call;

    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_awaited(&rpc->calls, msgid);
    if (call != NULL) {
        hw_rpc_end_call(rpc, call, HAWSER_RPC_LOST, true,
                        "an answer came, and there was no memory to read it",
                        NULL, NULL);
    }
    pthread_mutex_unlock(&rpc->lock);
}

static void
lose_question(hawser_rpc *rpc, uint64_t msgid)
{
    uint32_t wire;

    pthread_mutex_lock(&rpc->lock);
    wire = rpc->wire;
    rpc->stats.questions++;
    pthread_mutex_unlock(&rpc->lock);
    hw_rpc_refuse_question(rpc, wire, msgid, "no memory to read the question");
}

// Who waits must not wait for what nobody will send again.
static void
lose_message(hawser_rpc *rpc, const hawser_message *message)
{
    uint64_t head[2];

    if (!hw_scan_head(hawser_message_bytes(message),
                      hawser_message_size(message), head) ||
        head[1] > UINT32_MAX) {
        return; // a notification, or of no known shape
    }
    if (head[0] == ANSWER) {
        lose_answer(rpc, head[1]);
    } else if (head[0] == QUESTION) {
        lose_question(rpc, head[1]);
    }
}

// ---- what was read ----

static bool
is_id(const msgpack_object *object)
{
    return object->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
           object->via.u64 <= UINT32_MAX;
}

// [1, id, error, result]
static bool
take_answer(hawser_rpc *rpc, const msgpack_object_array *parts,
            const struct hw_unpacked *unpacked)
{
    bool failed = parts->ptr[2].type != MSGPACK_OBJECT_NIL;
    struct hw_unpacked *owner = malloc(sizeof *owner);
    struct hw_call *call = NULL;

    if (owner == NULL) {
        lose_answer(rpc, parts->ptr[1].via.u64);
        return false;
    }
    *owner = *unpacked;
    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_awaited(&rpc->calls, parts->ptr[1].via.u64);
    if (call != NULL) {
        hw_rpc_end_call(rpc, call,
                        failed ? HAWSER_RPC_ERROR : HAWSER_RPC_RESULT, true,
                        failed ? "the peer answered an error" : "ok",
                        &parts->ptr[failed ? 2 : 3], owner);
    }
    pthread_mutex_unlock(&rpc->lock);
    if (call == NULL) {
        free(owner);
        note(rpc, HAWSER_RPC_UNAWAITED, "an answer that nobody awaits");
    }
    return call != NULL;
}

// [0, id, method, params] or [2, method, params]
static bool
take_question(hawser_rpc *rpc, const msgpack_object_array *parts, bool notice,
              const struct hw_unpacked *unpacked)
{
    hawser_rpc_question *question = calloc(1, sizeof *question);

    if (question == NULL) {
        if (!notice) {
            lose_question(rpc, parts->ptr[1].via.u64);
        }
        return false;
    }
    question->rpc = rpc;
    question->unpacked = *unpacked;
    question->notice = notice;
    question->msgid = notice ? 0 : parts->ptr[1].via.u64;
    question->method = parts->ptr[notice ? 1 : 2].via.str;
    question->params = parts->ptr[notice ? 2 : 3].via.array;
    pthread_mutex_lock(&rpc->lock);
    question->wire = rpc->wire;
    if (notice) {
        rpc->stats.notices++;
    } else {
        rpc->stats.questions++;
    }
    pthread_mutex_unlock(&rpc->lock);
    hw_rpc_serve_question(question);
    return true;
}

static bool
is_question(const msgpack_object_array *parts, uint32_t from)
{
    return parts->ptr[from].type == MSGPACK_OBJECT_STR &&
           parts->ptr[from + 1].type == MSGPACK_OBJECT_ARRAY;
}

// true: what was unpacked went on.
static bool
take_object(hawser_rpc *rpc, const struct hw_unpacked *unpacked)
{
    const msgpack_object *object = &unpacked->object;
    const msgpack_object_array *parts = &object->via.array;
    uint64_t type = UINT64_MAX;

    if (object->type == MSGPACK_OBJECT_ARRAY && parts->size >= 3 &&
        parts->ptr[0].type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
        type = parts->ptr[0].via.u64;
    }
    if (type == ANSWER && parts->size == 4 && is_id(&parts->ptr[1])) {
        return take_answer(rpc, parts, unpacked);
    }
    if (type == QUESTION && parts->size == 4 && is_id(&parts->ptr[1]) &&
        is_question(parts, 2)) {
        return take_question(rpc, parts, false, unpacked);
    }
    if (type == NOTICE && parts->size == 3 && is_question(parts, 1)) {
        return take_question(rpc, parts, true, unpacked);
    }
    note(rpc, HAWSER_RPC_MALFORMED, "not of the shape of msgpack-RPC");
    return false;
}

static void
on_message(hawser_rpc *rpc, hawser_message *message)
{
    struct hw_unpacked unpacked;

    if (!is_readable(rpc, hawser_message_bytes(message),
                     hawser_message_size(message))) {
        return;
    }
    switch (unpack(message, &unpacked)) {
    case MSGPACK_UNPACK_SUCCESS:
        if (!take_object(rpc, &unpacked)) {
            hw_unpacked_free(&unpacked);
        }
        break;
    case MSGPACK_UNPACK_NOMEM_ERROR:
        lose_message(rpc, message);
        break;
    default:
        note(rpc, HAWSER_RPC_MALFORMED, "msgpack-c does not unpack it");
        break;
    }
}

// ---- fates ----

static void
end_overdue(hawser_rpc *rpc, struct hw_call *call)
{
    bool taken = hw_calls_taken(&rpc->calls, call);

    hw_rpc_end_call(rpc, call, HAWSER_RPC_TIMEOUT, taken,
                    taken ? "no answer came in time; it may have run"
                          : "its time ran out before it was sent",
                    NULL, NULL);
}

// Sent again if it may be, or else it is lost.
static void
lose_call(hawser_rpc *rpc, struct hw_call *call)
{
    hawser_send_options send = { .size = sizeof send };
    uint64_t now = hw_rpc_now_ms();

    send.ttl_ms = call->deadline_ms == UINT64_MAX ? -1
                  : call->deadline_ms > now ? (int64_t)(call->deadline_ms - now)
                                            : 1;
    send.tag = hw_calls_tag(&rpc->calls, call);
    if (call->again && hawser_send_with(rpc->bus, rpc->link, call->message,
                                        &send) == HAWSER_OK) {
        rpc->stats.resent++;
    } else {
        hw_rpc_end_call(rpc, call, HAWSER_RPC_LOST, true,
                        "lost while it was under way: it may have run", NULL,
                        NULL);
    }
}

// What a wire took is told before its loss is, and maybe before that it is UP;
// one receipt stands for all before it.
static void
on_taken(hawser_rpc *rpc, uint64_t tag)
{
    struct hw_calls *calls = &rpc->calls;

    hw_calls_note_taken(calls, tag);
    for (uint32_t i = 0; calls->overdue > 0 && i < calls->rows_used; i++) {
        struct hw_call *call = &calls->rows[i];

        if (call->state == HW_CALL_OPEN && call->overdue &&
            hw_calls_taken(calls, call)) {
            end_overdue(rpc, call);
        }
    }
}

static void
on_receipt(hawser_rpc *rpc, uint64_t tag, hawser_fate fate)
{
    struct hw_call *call;

    pthread_mutex_lock(&rpc->lock);
    call = hw_calls_tagged(&rpc->calls, tag);
    if (fate == HAWSER_SETTLED) {
        on_taken(rpc, tag);
    } else if (call == NULL) { // it has ended
    } else if (fate == HAWSER_EXPIRED) {
        end_overdue(rpc, call);
    } else if (fate == HAWSER_REFUSED) {
        hw_rpc_end_call(rpc, call, HAWSER_RPC_REFUSED, false,
                        "the transport can't carry it", NULL, NULL);
    } else {
        hw_rpc_end_call(rpc, call, HAWSER_RPC_CLOSED, false,
                        "the link gave it up", NULL, NULL);
    }
    pthread_mutex_unlock(&rpc->lock);
}

// Of a call that no wire has taken yet, the link tells what becomes of it.
void
hw_rpc_expire(hawser_rpc *rpc)
{
    struct hw_call *call = hw_calls_first_due(&rpc->calls);
    uint64_t now = call == NULL ? 0 : hw_rpc_now_ms();

    for (; call != NULL && call->deadline_ms <= now;
         call = hw_calls_first_due(&rpc->calls)) {
        if (hw_calls_taken(&rpc->calls, call)) {
            end_overdue(rpc, call);
        } else {
            hw_calls_set_overdue(&rpc->calls, call);
        }
    }
}

// ---- events ----

static void
lose_calls(hawser_rpc *rpc)
{
    for (uint32_t i = 0; i < rpc->calls.rows_used; i++) {
        struct hw_call *call = &rpc->calls.rows[i];

        if (call->state == HW_CALL_OPEN && hw_calls_taken(&rpc->calls, call)) {
            lose_call(rpc, call);
        }
    }
}

// Those that are left: with the link FAILED nobody will take them, and once it
// is CLOSED they have been given up, or nobody hears what is answered.
static void
give_up(hawser_rpc *rpc, const char *sentence)
{
    for (uint32_t i = 0; i < rpc->calls.rows_used; i++) {
        struct hw_call *call = &rpc->calls.rows[i];
        uint64_t tag;

        pthread_mutex_lock(&rpc->lock);
        tag = call->state == HW_CALL_OPEN ? call->tag : 0;
        pthread_mutex_unlock(&rpc->lock);
        if (tag == 0) {
            continue;
        }
        (void)hawser_cancel(rpc->bus, rpc->link, tag); // or it is gone
        pthread_mutex_lock(&rpc->lock);
        if (call->tag == tag && call->state == HW_CALL_OPEN) {
            hw_rpc_end_call(rpc, call, HAWSER_RPC_CLOSED,
                            hw_calls_taken(&rpc->calls, call), sentence, NULL,
                            NULL);
        }
        pthread_mutex_unlock(&rpc->lock);
    }
}

static void
on_state(hawser_rpc *rpc, const hawser_event *event)
{
    bool wired = event->state == HAWSER_GREETING || event->state == HAWSER_UP ||
                 event->state == HAWSER_DRAINING;

    pthread_mutex_lock(&rpc->lock);
    if (event->state == HAWSER_CLOSED) {
        rpc->closed = true;
    }
    if (rpc->wired && (!wired || event->wire != rpc->wire)) {
        rpc->wired = false;
        if (!rpc->closed) { // or they end with the link
            lose_calls(rpc);
        }
    }
    if (wired) {
        rpc->wired = true;
        rpc->wire = event->wire;
    }
    pthread_mutex_unlock(&rpc->lock);
    if (event->state == HAWSER_FAILED) {
        give_up(rpc, "the link has failed");
    } else if (event->state == HAWSER_CLOSED) {
        give_up(rpc, "the link was closed");
    }
}

static void
on_event(hawser_rpc *rpc, const hawser_event *event)
{
    if (event->kind == HAWSER_EVENT_STATE) {
        on_state(rpc, event);
    }
    hw_rpc_tell(rpc, HAWSER_RPC_LINK, event, hawser_state_name(event->state));
}

void
hw_rpc_handle(hawser_rpc *rpc, const hawser_item *item)
{
    switch (item->kind) {
    case HAWSER_ITEM_MESSAGE:
        on_message(rpc, item->message);
        break;
    case HAWSER_ITEM_RECEIPT:
        on_receipt(rpc, item->tag, item->fate);
        break;
    case HAWSER_ITEM_EVENT:
        on_event(rpc, item->event);
        break;
    }
}
