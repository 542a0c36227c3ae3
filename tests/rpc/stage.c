// stage.c - two ends of msgpack-RPC, joined over inproc, and how to call.
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

// ---- opening ----

static hawser_options *
options_of(const char *settings)
{
    char copy[256] = "", *rest, *setting;
    hawser_options *options = NULL;

    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&options), HAWSER_OK);
    (void)snprintf(copy, sizeof copy, "%s", settings == NULL ? "" : settings);
    for (setting = strtok_r(copy, " ", &rest); setting != NULL;
         setting = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(setting, '=');

        *value++ = '\0';
        CU_ASSERT_EQUAL(hawser_options_set(options, setting, value), HAWSER_OK);
    }
    return options;
}

hawser_rpc *
open_rpc(hawser_bus *bus, const char *url, const char *settings)
{
    hawser_options *options = options_of(settings);
    hawser_rpc *rpc = NULL;

    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.min", "5ms"),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_options_set(options, "backoff.max", "20ms"),
                    HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_rpc_open(bus, url, options, &rpc), HAWSER_OK);
    hawser_options_free(options);
    return rpc;
}

static void *
read_right(void *user)
{
    struct stage *stage = user;

    while (!atomic_load(&stage->ends)) {
        (void)hawser_rpc_run(stage->right, 10);
    }
    return NULL;
}

static hawser_bus *
open_bus(void)
{
    hawser_options *options = options_of("bus.links_max=100");
    hawser_bus *bus = NULL;

    CU_ASSERT_EQUAL_FATAL(hawser_bus_open(options, &bus), HAWSER_OK);
    hawser_options_free(options);
    return bus;
}

void
raise_right(struct stage *stage, const char *settings)
{
    stage->right_bus = open_bus();
    stage->right = open_rpc(stage->right_bus, stage->url, settings);
    serve_all(stage->right);
    atomic_store(&stage->ends, false);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&stage->reader, NULL, read_right, stage), 0);
}

void
kill_right(struct stage *stage)
{
    atomic_store(&stage->ends, true);
    (void)pthread_join(stage->reader, NULL); // it is there
    hawser_rpc_close(stage->right);
    (void)hawser_bus_close(stage->right_bus, 0); // what is left is no concern
}

void
await_loss(struct stage *stage)
{
    hawser_state state = HAWSER_UP;

    while (state == HAWSER_UP || state == HAWSER_GREETING) {
        CU_ASSERT_EQUAL_FATAL(hawser_link_state(stage->left_bus,
                                                hawser_rpc_link(stage->left),
                                                &state),
                              HAWSER_OK);
    }
}

void
set_stage(struct stage *stage, const char *left_settings,
          const char *right_settings)
{
    static atomic_uint count;

    memset(stage, 0, sizeof *stage);
    (void)snprintf(stage->url, sizeof stage->url, "inproc://rpc%u",
                   atomic_fetch_add(&count, 1));
    stage->left_bus = open_bus();
    stage->left = open_rpc(stage->left_bus, stage->url, left_settings);
    raise_right(stage, right_settings);
}

void
end_stage(struct stage *stage)
{
    kill_right(stage);
    hawser_rpc_close(stage->left);
    (void)hawser_bus_close(stage->left_bus, 0); // as above
}

// ---- serving ----

static void
on_add(void *user, hawser_rpc_question *question)
{
    const msgpack_object_array *params = hawser_rpc_params(question);
    msgpack_packer *packer;

    (void)user;
    if (params->ptr[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
        params->ptr[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER) {
        (void)hawser_rpc_reply_error(question, "add takes two numbers");
        return;
    }
    CU_ASSERT_EQUAL(hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer),
                    HAWSER_OK);
    (void)msgpack_pack_uint64(packer,
                              params->ptr[0].via.u64 + params->ptr[1].via.u64);
    (void)hawser_rpc_reply_send(question); // the wire may be gone
}

static void
on_echo(void *user, hawser_rpc_question *question)
{
    const msgpack_object_array *params = hawser_rpc_params(question);
    msgpack_packer *packer;

    (void)user;
    CU_ASSERT_EQUAL(hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer),
                    HAWSER_OK);
    (void)msgpack_pack_object(packer, params->ptr[0]);
    while (hawser_rpc_reply_send(question) == HAWSER_FULL) {
    }
}

void
serve_all(hawser_rpc *rpc)
{
    CU_ASSERT_EQUAL(hawser_rpc_serve(rpc, "add", 2, on_add, NULL), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_rpc_serve(rpc, "echo", 1, on_echo, NULL), HAWSER_OK);
}

// ---- calling ----

hawser_rpc_request *
request_of(hawser_rpc *rpc, const char *method, uint64_t number)
{
    hawser_rpc_request *request = NULL;

    CU_ASSERT_EQUAL_FATAL(hawser_rpc_request_new(rpc, method, 1, &request),
                          HAWSER_OK);
    CU_ASSERT_EQUAL(msgpack_pack_uint64(hawser_rpc_packer(request), number), 0);
    return request;
}

hawser_rpc_call_options
with_timeout(int64_t timeout_ms)
{
    return (hawser_rpc_call_options){
        .size = sizeof(hawser_rpc_call_options),
        .timeout_ms = timeout_ms,
    };
}

void
expect_echo(hawser_rpc *rpc, uint64_t number)
{
    hawser_rpc_answer answer = { 0 };

    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(rpc, "echo", number), NULL, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_RESULT);
    CU_ASSERT_EQUAL(answer.value->type, MSGPACK_OBJECT_POSITIVE_INTEGER);
    CU_ASSERT_EQUAL(answer.value->via.u64, number);
    hawser_rpc_answer_free(&answer);
}

bool
is_text(const msgpack_object *object, const char *text)
{
    return object->type == MSGPACK_OBJECT_STR &&
           object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, strlen(text)) == 0;
}

hawser_rpc_stats
stats_of(hawser_rpc *rpc)
{
    hawser_rpc_stats stats = { .size = sizeof stats };

    CU_ASSERT_EQUAL(hawser_rpc_get_stats(rpc, &stats), HAWSER_OK);
    return stats;
}
