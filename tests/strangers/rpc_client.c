// rpc_client.c - for rpc_test.py: calls a peer and serves it at the same time.
//
//   rpc_client URL COUNT    COUNT calls of "echo", many at once, while "twice"
//                           is served; ends when both are done. COUNT 0: it
//                           only serves "echo" until the link is closed, and
//                           sends it back through a call of "echo" first
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hawser/hawser.h>
#include <hawser/rpc.h>

enum { UNDER_WAY = 64, PATIENCE_MS = 30000 };

struct client {
    hawser_rpc *rpc;
    uint64_t count;
    uint64_t started;
    uint64_t right;
    uint64_t wrong;
    uint64_t served;
};

static void
on_twice(void *user, hawser_rpc_question *question)
{
    const msgpack_object *param = &hawser_rpc_params(question)->ptr[0];
    struct client *client = user;
    msgpack_packer *packer;

    if (hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer) != HAWSER_OK) {
        hawser_rpc_question_drop(question);
        return;
    }
    msgpack_pack_uint64(packer, param->via.u64 * 2);
    client->wrong += hawser_rpc_reply_send(question) != HAWSER_OK;
    client->served++;
}

// The param goes to the peer as a call, and what that brings back is answered.
static void
on_answer(void *user, const hawser_rpc_answer *answer)
{
    hawser_rpc_question *question = user;
    msgpack_packer *packer;

    if (answer->outcome != HAWSER_RPC_RESULT ||
        hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer) != HAWSER_OK) {
        hawser_rpc_question_drop(question);
        return;
    }
    msgpack_pack_object(packer, *answer->value);
    (void)hawser_rpc_reply_send(question); // the peer looks for it
}

static void
on_echo(void *user, hawser_rpc_question *question)
{
    hawser_rpc_call_options options = { .size = sizeof options };
    struct client *client = user;
    hawser_rpc_request *request;

    options.on_answer = on_answer;
    options.user = question;
    if (hawser_rpc_request_new(client->rpc, "echo", 1, &request) != HAWSER_OK) {
        hawser_rpc_question_drop(question);
        return;
    }
    msgpack_pack_object(hawser_rpc_packer(request),
                        hawser_rpc_params(question)->ptr[0]);
    if (hawser_rpc_start(request, &options, NULL) != HAWSER_OK) {
        hawser_rpc_question_drop(question);
    }
}

// Until the peer ends it.
static int
echo(struct client *client)
{
    if (hawser_rpc_serve(client->rpc, "echo", 1, on_echo, client) !=
        HAWSER_OK) {
        return 0;
    }
    while (hawser_rpc_run(client->rpc, -1) == HAWSER_OK) {
    }
    return 1;
}

static int
start_one(struct client *client)
{
    hawser_rpc_call_options options = { .size = sizeof options };
    hawser_rpc_request *request;

    if (hawser_rpc_request_new(client->rpc, "echo", 1, &request) != HAWSER_OK) {
        return 0;
    }
    msgpack_pack_uint64(hawser_rpc_packer(request), client->started);
    options.user = (void *)(uintptr_t)client->started++;
    return hawser_rpc_start(request, &options, NULL) == HAWSER_OK;
}

static void
note(struct client *client, const hawser_rpc_answer *answer)
{
    int right = answer->outcome == HAWSER_RPC_RESULT &&
                answer->value->via.u64 == (uintptr_t)answer->user;

    client->right += right != 0;
    client->wrong += right == 0;
}

static int
talk(struct client *client)
{
    while (client->right + client->wrong < client->count) {
        hawser_rpc_answer answer;

        while (client->started < client->count &&
               client->started - client->right - client->wrong < UNDER_WAY) {
            if (!start_one(client)) {
                return 0;
            }
        }
        if (hawser_rpc_next(client->rpc, PATIENCE_MS, &answer) != HAWSER_OK) {
            return 0;
        }
        note(client, &answer);
        hawser_rpc_answer_free(&answer);
    }
    while (client->served < client->count &&
           hawser_rpc_run(client->rpc, PATIENCE_MS) == HAWSER_OK) {
    }
    return client->wrong == 0 && client->served == client->count;
}

int
main(int argc, char **argv)
{
    struct client client = { .count = 0 };
    hawser_bus *bus = NULL;
    int ok;

    if (argc != 3) {
        return 2;
    }
    client.count = strtoull(argv[2], NULL, 10);
    ok = hawser_bus_open(NULL, &bus) == HAWSER_OK &&
         hawser_rpc_open(bus, argv[1], NULL, &client.rpc) == HAWSER_OK &&
         hawser_rpc_serve(client.rpc, "twice", 1, on_twice, &client) ==
             HAWSER_OK &&
         (client.count == 0 ? echo : talk)(&client);
    printf("answers %" PRIu64 ", wrong %" PRIu64 ", served %" PRIu64 "\n",
           client.right, client.wrong, client.served);
    hawser_rpc_close(client.rpc);
    (void)hawser_bus_close(bus, 0); // nothing is left in it
    return ok ? 0 : 1;
}
