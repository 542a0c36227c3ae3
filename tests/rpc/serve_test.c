// serve_test.c - methods that are served, notifications, and bad peers.
#include <string.h>

#include "check.h"
#include "stage.h"

// ---- answers ----

static void *
answer_later(void *user)
{
    hawser_rpc_question *question = user;
    msgpack_packer *packer;

    CU_ASSERT_EQUAL(hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer),
                    HAWSER_OK);
    (void)msgpack_pack_object(packer, hawser_rpc_params(question)->ptr[0]);
    CU_ASSERT_EQUAL(hawser_rpc_reply_send(question), HAWSER_OK);
    return NULL;
}

static void
hand_to_thread(void *user, hawser_rpc_question *question)
{
    pthread_t *thread = user;

    CU_ASSERT_EQUAL_FATAL(pthread_create(thread, NULL, answer_later, question),
                          0);
}

static void
an_answer_may_come_from_another_thread(void)
{
    struct stage stage;
    pthread_t thread;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL(
        hawser_rpc_serve(stage.right, "later", 1, hand_to_thread, &thread),
        HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage.left, "later", 7), NULL, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.value->via.u64, 7);
    hawser_rpc_answer_free(&answer);
    (void)pthread_join(thread, NULL); // it is there
    end_stage(&stage);
}

static void
answer_with_map(void *user, hawser_rpc_question *question)
{
    msgpack_packer *packer;

    (void)user;
    CU_ASSERT_EQUAL(hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer),
                    HAWSER_OK);
    // Begun anew: what was packed is forgotten.
    (void)msgpack_pack_nil(packer);
    CU_ASSERT_EQUAL(hawser_rpc_reply(question, HAWSER_RPC_ERROR, &packer),
                    HAWSER_OK);
    (void)msgpack_pack_map(packer, 1);
    (void)msgpack_pack_int(packer, 1);
    (void)msgpack_pack_int(packer, 2);
    CU_ASSERT_EQUAL(hawser_rpc_reply_send(question), HAWSER_OK);
}

static void
answer_twice(void *user, hawser_rpc_question *question)
{
    msgpack_packer *packer;

    (void)user;
    CU_ASSERT_EQUAL(hawser_rpc_reply(question, HAWSER_RPC_RESULT, &packer),
                    HAWSER_OK);
    (void)msgpack_pack_nil(packer);
    (void)msgpack_pack_nil(packer);
    CU_ASSERT_EQUAL(hawser_rpc_reply_send(question), HAWSER_INVALID);
}

static void
answer_nothing(void *user, hawser_rpc_question *question)
{
    (void)user;
    CU_ASSERT_EQUAL(hawser_rpc_reply_send(question), HAWSER_INVALID);
}

static void
drop(void *user, hawser_rpc_question *question)
{
    (void)user;
    hawser_rpc_question_drop(question);
}

static void
expect_error(struct stage *stage, const char *method, const char *text)
{
    hawser_rpc_answer answer;

    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage->left, method, 1), NULL, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_ERROR);
    CU_ASSERT_TRUE(is_text(answer.value, text));
    hawser_rpc_answer_free(&answer);
}

static void
every_question_gets_one_answer(void)
{
    struct stage stage;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    (void)hawser_rpc_serve(stage.right, "map", 1, answer_with_map, NULL);
    (void)hawser_rpc_serve(stage.right, "twice", 1, answer_twice, NULL);
    (void)hawser_rpc_serve(stage.right, "nothing", 1, answer_nothing, NULL);
    (void)hawser_rpc_serve(stage.right, "drop", 1, drop, NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage.left, "map", 1), NULL, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_ERROR);
    CU_ASSERT_EQUAL(answer.value->type, MSGPACK_OBJECT_MAP);
    hawser_rpc_answer_free(&answer);
    expect_error(&stage, "twice", "the answer is malformed");
    expect_error(&stage, "nothing", "the answer is malformed");
    expect_error(&stage, "drop", "it was not answered");
    CU_ASSERT_EQUAL(hawser_rpc_serve(stage.right, "drop", 1, NULL, NULL),
                    HAWSER_OK);
    expect_error(&stage, "drop", "no such method");
    CU_ASSERT_EQUAL(stats_of(stage.left).unawaited, 0);
    end_stage(&stage);
}

// ---- notifications ----

static void
count_notice(void *user, hawser_rpc_question *question)
{
    atomic_uint *count = user;

    CU_ASSERT_EQUAL(hawser_rpc_is_notice(question), 1);
    CU_ASSERT_EQUAL(hawser_rpc_method(question)->size, 4);
    hawser_rpc_question_drop(question);
    atomic_fetch_add(count, 1);
}

static void
notifications_are_not_answered(void)
{
    struct stage stage;
    atomic_uint count = 0;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL(
        hawser_rpc_serve(stage.right, "note", 0, count_notice, &count),
        HAWSER_OK);
    for (int i = 0; i < 100; i++) {
        hawser_rpc_request *notice;

        CU_ASSERT_EQUAL_FATAL(
            hawser_rpc_notice_new(stage.left, i % 2 == 0 ? "note" : "none", 0,
                                  &notice),
            HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_rpc_notify(notice), HAWSER_OK);
    }
    expect_echo(stage.left, 1); // by then all came
    CU_ASSERT_EQUAL(atomic_load(&count), 50);
    CU_ASSERT_EQUAL(stats_of(stage.right).notices, 100);
    CU_ASSERT_EQUAL(stats_of(stage.left).unawaited, 0);
    end_stage(&stage);
}

static void
a_standing_notification_is_said_on_every_wire(void)
{
    struct stage stage;
    atomic_uint count = 0;
    hawser_rpc_request *notice;
    hawser_message *message;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(hawser_rpc_notice_new(stage.left, "note", 0, &notice),
                          HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_rpc_notice_message(notice, &message),
                          HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_standing_add(stage.left_bus,
                                             hawser_rpc_link(stage.left),
                                             message, NULL),
                    HAWSER_OK);
    hawser_message_drop(message);
    expect_echo(stage.left, 1);
    CU_ASSERT_EQUAL(stats_of(stage.right).notices, 1);
    kill_right(&stage);
    raise_right(&stage, NULL);
    (void)hawser_rpc_serve(stage.right, "note", 0, count_notice, &count);
    expect_echo(stage.left, 1);
    CU_ASSERT_EQUAL(stats_of(stage.right).notices, 1);
    end_stage(&stage);
}

// ---- both ways at once ----

enum { BOTH = 5000 / SLOWER };

static void *
call_left(void *user)
{
    struct stage *stage = user;

    for (uint64_t i = 0; i < BOTH; i++) {
        expect_echo(stage->right, i);
    }
    return NULL;
}

static void
both_ends_call_and_serve(void)
{
    struct stage stage;
    pthread_t thread;

    set_stage(&stage, NULL, NULL);
    serve_all(stage.left);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, call_left, &stage), 0);
    for (uint64_t i = 0; i < BOTH; i++) {
        expect_echo(stage.left, i);
    }
    while (stats_of(stage.left).questions < BOTH) {
        (void)hawser_rpc_run(stage.left, 10);
    }
    (void)pthread_join(thread, NULL); // it is there
    CU_ASSERT_EQUAL(stats_of(stage.right).results, BOTH);
    CU_ASSERT_EQUAL(stats_of(stage.left).results, BOTH);
    end_stage(&stage);
}

// ---- calls inside of handlers ----

// Asks the peer the same, one less, and answers what that brought.
static void
go_down(void *user, hawser_rpc_question *question)
{
    hawser_rpc *rpc = user;
    uint64_t depth = hawser_rpc_params(question)->ptr[0].via.u64;
    hawser_rpc_answer answer = { .outcome = HAWSER_RPC_RESULT };
    msgpack_packer *packer;

    if (depth > 0) {
        CU_ASSERT_EQUAL_FATAL(
            hawser_rpc_call(request_of(rpc, "down", depth - 1), NULL, &answer),
            HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_rpc_reply(question, answer.outcome, &packer),
                    HAWSER_OK);
    if (answer.value != NULL) {
        (void)msgpack_pack_object(packer, *answer.value);
    } else {
        (void)msgpack_pack_uint64(packer, depth);
    }
    CU_ASSERT_EQUAL(hawser_rpc_reply_send(question), HAWSER_OK);
    hawser_rpc_answer_free(&answer);
}

static void
handlers_may_call(void)
{
    struct stage stage;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL(
        hawser_rpc_serve(stage.left, "down", 1, go_down, stage.left),
        HAWSER_OK);
    CU_ASSERT_EQUAL(
        hawser_rpc_serve(stage.right, "down", 1, go_down, stage.right),
        HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage.left, "down", 20), NULL, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_RESULT);
    CU_ASSERT_EQUAL(answer.value->via.u64, 0);
    hawser_rpc_answer_free(&answer);
    // Without end it would be the end of the stack.
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage.left, "down", 1000000), NULL, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_ERROR);
    CU_ASSERT_TRUE(
        is_text(answer.value, "too many calls inside of each other"));
    hawser_rpc_answer_free(&answer);
    expect_echo(stage.left, 7);
    end_stage(&stage);
}

// ---- peers that misbehave ----

// An rpc whose peer is a link that says what it likes.
struct duel {
    hawser_bus *rpc_bus, *bus;
    hawser_rpc *rpc;
    hawser_link link;
    unsigned told[5]; // by oddity
};

static void
on_event(void *user, const hawser_rpc_event *event)
{
    struct duel *duel = user;

    duel->told[event->oddity]++;
}

static void
set_duel(struct duel *duel, const char *url, const char *settings)
{
    memset(duel, 0, sizeof *duel);
    CU_ASSERT_EQUAL_FATAL(hawser_bus_open(NULL, &duel->rpc_bus), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_bus_open(NULL, &duel->bus), HAWSER_OK);
    duel->rpc = open_rpc(duel->rpc_bus, url, settings);
    hawser_rpc_watch(duel->rpc, on_event, duel);
    serve_all(duel->rpc);
    CU_ASSERT_EQUAL_FATAL(hawser_link_open(duel->bus, url, NULL, &duel->link),
                          HAWSER_OK);
}

static void
end_duel(struct duel *duel)
{
    hawser_rpc_close(duel->rpc);
    (void)hawser_bus_close(duel->rpc_bus, 0); // what is left is no concern
    (void)hawser_bus_close(duel->bus, 0);
}

static void
blurt(struct duel *duel, const char *bytes, size_t size)
{
    CU_ASSERT_EQUAL(hawser_send(duel->bus, duel->link, bytes, size), HAWSER_OK);
}

#define BLURT(duel, text) blurt(duel, text, sizeof(text) - 1)

static void
expect_told(struct duel *duel, hawser_rpc_oddity oddity, unsigned count)
{
    while (duel->told[oddity] < count &&
           hawser_rpc_run(duel->rpc, PATIENCE_MS) == HAWSER_OK) {
    }
    CU_ASSERT_EQUAL(duel->told[oddity], count);
}

static void
what_is_malformed_is_told_and_harms_nothing(void)
{
    struct duel duel;

    set_duel(&duel, "inproc://duel1", NULL);
    BLURT(&duel, "");
    BLURT(&duel, "\xc1");
    BLURT(&duel, "\x01");
    BLURT(&duel, "\x90");
    BLURT(&duel, "\x93\x01\x02\x03");
    BLURT(&duel, "\x94\x05\x01\xc0\xc0");  // of no known type
    BLURT(&duel, "\x94\x01\xff\xc0\xc0");  // a negative id
    BLURT(&duel, "\x94\x00\x01\x02\x90");  // a method of no name
    BLURT(&duel, "\x94\x00\x01\xa1x\x80"); // params that are none
    BLURT(&duel, "\x94\x00\xcf\0\0\0\1\0\0\0\0\xa1x\x90"); // an id too large
    BLURT(&duel, "\x93\x02\xa1x\xc0");
    BLURT(&duel, "\xc0\xc0"); // two objects
    expect_told(&duel, HAWSER_RPC_MALFORMED, 12);
    CU_ASSERT_EQUAL(stats_of(duel.rpc).malformed, 12);
    end_duel(&duel);
}

static void
bombs_do_not_go_off(void)
{
    struct duel duel;
    char deep[1000];

    set_duel(&duel, "inproc://duel2", "rpc.elements_max=1000");
    memset(deep, '\x91', sizeof deep);
    blurt(&duel, deep, sizeof deep);
    BLURT(&duel, "\xdd\xff\x00\x00\x00"); // msgpack-c would ask for 96 GB
    BLURT(&duel, "\xdf\xff\xff\xff\xff");
    expect_told(&duel, HAWSER_RPC_LIMIT, 3);
    CU_ASSERT_EQUAL(stats_of(duel.rpc).limits, 3);
    end_duel(&duel);
}

static void
answers_that_nobody_awaits_are_counted(void)
{
    enum { FLOOD = 10000 };
    struct duel duel;

    set_duel(&duel, "inproc://duel3", NULL);
    for (int i = 0; i < FLOOD; i++) {
        char answer[] = "\x94\x01\xce....\xc0\xc0";

        memcpy(answer + 3, &i, sizeof i);
        blurt(&duel, answer, sizeof answer - 1);
    }
    expect_told(&duel, HAWSER_RPC_UNAWAITED, FLOOD);
    end_duel(&duel);
}

// A second answer to one call finds nobody, or at least not another call.
static void
a_second_answer_is_ignored(void)
{
    struct duel duel;
    hawser_rpc_handle call, other;
    hawser_rpc_answer answer;
    char said[] = "\x94\x01\xce....\xc0\x2a";

    set_duel(&duel, "inproc://duel4", NULL);
    CU_ASSERT_EQUAL(hawser_rpc_start(request_of(duel.rpc, "x", 1), NULL, &call),
                    HAWSER_OK);
    for (int i = 0; i < 4; i++) {
        said[3 + i] = (char)(call.id >> (24 - 8 * i));
    }
    blurt(&duel, said, sizeof said - 1);
    CU_ASSERT_EQUAL_FATAL(hawser_rpc_wait(duel.rpc, call, PATIENCE_MS, &answer),
                          HAWSER_OK);
    CU_ASSERT_EQUAL(answer.value->via.u64, 42);
    hawser_rpc_answer_free(&answer);
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(duel.rpc, "x", 1), NULL, &other),
        HAWSER_OK);
    CU_ASSERT_NOT_EQUAL(other.id & UINT32_MAX, call.id & UINT32_MAX);
    blurt(&duel, said, sizeof said - 1);
    expect_told(&duel, HAWSER_RPC_UNAWAITED, 1);
    CU_ASSERT_EQUAL(hawser_rpc_wait(duel.rpc, other, 0, &answer),
                    HAWSER_TIMEOUT);
    end_duel(&duel);
}

// Only a sanitizer sees whether what could not be answered is given back.
static void
questions_are_given_back_when_the_spool_is_full(void)
{
    enum { FLOOD = 50 };
    struct duel duel;

    set_duel(&duel, "inproc://duel5", "spool.max_messages=2 rate.messages=1");
    for (unsigned i = 0; i < FLOOD; i++) {
        BLURT(&duel, "\x94\x00\x01\xa1x\x90");
    }
    while (stats_of(duel.rpc).questions < FLOOD &&
           hawser_rpc_run(duel.rpc, PATIENCE_MS) == HAWSER_OK) {
    }
    CU_ASSERT_EQUAL(stats_of(duel.rpc).questions, FLOOD);
    end_duel(&duel);
}

static CU_TestInfo tests[] = {
    CHECK(an_answer_may_come_from_another_thread),
    CHECK(every_question_gets_one_answer),
    CHECK(notifications_are_not_answered),
    CHECK(a_standing_notification_is_said_on_every_wire),
    CHECK(both_ends_call_and_serve),
    CHECK(handlers_may_call),
    CHECK(what_is_malformed_is_told_and_harms_nothing),
    CHECK(bombs_do_not_go_off),
    CHECK(answers_that_nobody_awaits_are_counted),
    CHECK(a_second_answer_is_ignored),
    CHECK(questions_are_given_back_when_the_spool_is_full),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("serve", tests)
