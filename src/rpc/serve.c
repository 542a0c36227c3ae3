// serve.c - methods that are served, and questions to them.
#include <stdlib.h>
#include <string.h>

#include "rpc/rpc_private.h"
#include "rpc/scan.h"

enum { ANSWER = 1, ROOM = 128 };

// ---- methods ----

static struct hw_method *
find(hawser_rpc *rpc, const char *name, size_t size)
{
    for (size_t i = 0; i < rpc->method_count; i++) {
        struct hw_method *method = &rpc->methods[i];

        if (strlen(method->name) == size &&
            memcmp(method->name, name, size) == 0) {
            return method;
        }
    }
    return NULL;
}

static struct hw_method *
add(hawser_rpc *rpc, const char *name)
{
    struct hw_method *grown =
        realloc(rpc->methods, (rpc->method_count + 1) * sizeof *rpc->methods);
    char *copy;

    if (grown == NULL) {
        return NULL;
    }
    rpc->methods = grown;
    copy = strdup(name);
    if (copy == NULL) {
        return NULL;
    }
    grown += rpc->method_count++;
    grown->name = copy;
    return grown;
}

static void
remove_method(hawser_rpc *rpc, struct hw_method *method)
{
    free(method->name);
    *method = rpc->methods[--rpc->method_count];
}

hawser_status
hawser_rpc_serve(hawser_rpc *rpc, const char *name, int params,
                 hawser_rpc_handler handler, void *user)
{
    struct hw_method *method;
    hawser_status status = HAWSER_OK;

    if (rpc == NULL || name == NULL || params < -1) {
        return HAWSER_INVALID;
    }
    pthread_mutex_lock(&rpc->lock);
    method = find(rpc, name, strlen(name));
    if (handler == NULL) {
        if (method != NULL) {
            remove_method(rpc, method);
        }
    } else if (method == NULL && (method = add(rpc, name)) == NULL) {
        status = HAWSER_NO_MEMORY;
    } else {
        method->params = params;
        method->handler = handler;
        method->user = user;
    }
    pthread_mutex_unlock(&rpc->lock);
    return status;
}

void
hw_rpc_methods_free(hawser_rpc *rpc)
{
    while (rpc->method_count > 0) {
        remove_method(rpc, &rpc->methods[0]);
    }
    free(rpc->methods);
}

// ---- questions ----

const msgpack_object_array *
hawser_rpc_params(const hawser_rpc_question *question)
{
    return &question->params;
}

const msgpack_object_str *
hawser_rpc_method(const hawser_rpc_question *question)
{
    return &question->method;
}

int
hawser_rpc_is_notice(const hawser_rpc_question *question)
{
    return question->notice;
}

static void
drop_reply(hawser_rpc_question *question)
{
    hawser_message_drop(question->reply);
    question->reply = NULL;
    hawser_draft_drop(question->draft);
    question->draft = NULL;
}

static void
free_question(hawser_rpc_question *question)
{
    drop_reply(question);
    hw_unpacked_free(&question->unpacked);
    free(question);
}

// ---- answers ----

hawser_status
hawser_rpc_reply(hawser_rpc_question *question, hawser_rpc_outcome outcome,
                 msgpack_packer **packer)
{
    hawser_status status;

    if (question == NULL || packer == NULL ||
        (outcome != HAWSER_RPC_RESULT && outcome != HAWSER_RPC_ERROR)) {
        return HAWSER_INVALID;
    }
    drop_reply(question);
    status = hawser_draft_new(ROOM, &question->draft);
    if (status != HAWSER_OK) {
        return status;
    }
    question->outcome = outcome;
    *packer = &question->packer;
    msgpack_packer_init(*packer, question->draft, hw_rpc_write);
    // What fails here is answered when the draft is finished.
    (void)msgpack_pack_array(*packer, 4);
    (void)msgpack_pack_int(*packer, ANSWER);
    (void)msgpack_pack_uint32(*packer, (uint32_t)question->msgid);
    if (outcome == HAWSER_RPC_RESULT) {
        (void)msgpack_pack_nil(*packer); // no error
    }
    return HAWSER_OK;
}

static hawser_status
finish(hawser_rpc_question *question)
{
    hawser_draft *draft = question->draft;
    hawser_status status;

    question->draft = NULL;
    if (draft == NULL) {
        return HAWSER_INVALID;
    }
    if (question->outcome == HAWSER_RPC_ERROR) {
        (void)msgpack_pack_nil(&question->packer); // no result
    }
    status = hawser_draft_finish(draft, HAWSER_BINARY, &question->reply);
    if (status == HAWSER_OK &&
        hw_scan(hawser_message_bytes(question->reply),
                hawser_message_size(question->reply), HW_SCAN_DEPTH_MAX,
                UINT64_MAX) != HW_SCAN_OK) {
        hawser_message_drop(question->reply);
        question->reply = NULL;
        status = HAWSER_INVALID;
    }
    return status;
}

// The wire that it came on is the only one where the answer means something.
static hawser_status
send_reply(hawser_rpc_question *question)
{
    hawser_rpc *rpc = question->rpc;
    const hawser_send_options send = {
        .size = sizeof send,
        .wire = question->wire,
    };
    hawser_status status = HAWSER_STALE;
    bool there;

    pthread_mutex_lock(&rpc->lock);
    there = rpc->wired && rpc->wire == question->wire;
    if (!there) {
        rpc->stats.late++;
    }
    pthread_mutex_unlock(&rpc->lock);
    if (there) {
        status = hawser_send_with(rpc->bus, rpc->link, question->reply, &send);
        return status == HAWSER_STALE ? HAWSER_ENDED : status;
    }
    hw_rpc_tell(rpc, HAWSER_RPC_LATE, NULL,
                "an answer of ours whose wire is gone");
    return status;
}

static hawser_status
finish_and_send(hawser_rpc_question *question)
{
    hawser_status status =
        question->reply != NULL ? HAWSER_OK : finish(question);

    return status == HAWSER_OK ? send_reply(question) : status;
}

// Nothing but a text, so that it can't be refused in its turn.
static hawser_status
send_error(hawser_rpc_question *question, const char *sentence)
{
    msgpack_packer *packer;
    hawser_status status =
        hawser_rpc_reply(question, HAWSER_RPC_ERROR, &packer);

    if (status != HAWSER_OK) {
        return status;
    }
    (void)msgpack_pack_str_with_body(packer, sentence, strlen(sentence));
    return finish_and_send(question);
}

// There is nobody who would try it again when the spool is full.
static void
refuse(hawser_rpc_question *question, const char *sentence)
{
    if (!question->notice) {
        (void)send_error(question, sentence); // or its asker's time runs out
    }
    free_question(question);
}

void
hw_rpc_refuse_question(hawser_rpc *rpc, uint32_t wire, uint64_t msgid,
                       const char *sentence)
{
    hawser_rpc_question question = { .rpc = rpc, .wire = wire, .msgid = msgid };

    (void)send_error(&question, sentence); // or its asker's time runs out
    drop_reply(&question);
}

hawser_status
hawser_rpc_reply_send(hawser_rpc_question *question)
{
    hawser_status status;

    if (question == NULL) {
        return HAWSER_INVALID;
    }
    if (question->notice) {
        free_question(question);
        return HAWSER_OK;
    }
    status = finish_and_send(question);
    if (status == HAWSER_INVALID) {
        (void)send_error(question, "the answer is malformed");
    } else if (status == HAWSER_TOO_BIG) {
        (void)send_error(question, "the answer is too big");
    } else if (status == HAWSER_NO_MEMORY) { // for less there may be
        (void)send_error(question, "no memory for the answer");
    }
    if (status != HAWSER_FULL) {
        free_question(question);
    }
    return status;
}

hawser_status
hawser_rpc_reply_error(hawser_rpc_question *question, const char *sentence)
{
    hawser_status status = HAWSER_OK;

    if (question == NULL || sentence == NULL) {
        return HAWSER_INVALID;
    }
    if (!question->notice) {
        status = send_error(question, sentence);
    }
    if (status != HAWSER_FULL) {
        free_question(question);
    }
    return status;
}

void
hawser_rpc_question_drop(hawser_rpc_question *question)
{
    if (question == NULL) {
        return;
    }
    refuse(question, "it was not answered");
}

// ---- what comes ----

void
hw_rpc_serve_question(hawser_rpc_question *question)
{
    hawser_rpc *rpc = question->rpc;
    struct hw_method found = { .handler = NULL };
    const struct hw_method *method;
    bool too_deep;

    pthread_mutex_lock(&rpc->lock);
    too_deep = rpc->nesting > HW_RPC_NESTING_MAX;
    method = find(rpc, question->method.ptr, question->method.size);
    if (method != NULL) {
        found = *method;
    }
    pthread_mutex_unlock(&rpc->lock);
    if (found.handler == NULL) {
        refuse(question, "no such method");
    } else if (too_deep) {
        refuse(question, "too many calls inside of each other");
    } else if (found.params >= 0 &&
               (uint32_t)found.params != question->params.size) {
        refuse(question, "wrong number of arguments");
    } else {
        found.handler(found.user, question);
    }
}
