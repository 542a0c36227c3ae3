// calls_test.c - calls and notifications, and the ways in which calls end.
#include <string.h>

#include "check.h"
#include "stage.h"

static void
a_call_brings_its_result(void)
{
    struct stage stage;
    hawser_rpc_request *request;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_request_new(stage.left, "add", 2, &request), HAWSER_OK);
    (void)msgpack_pack_int(hawser_rpc_packer(request), 40);
    (void)msgpack_pack_int(hawser_rpc_packer(request), 2);
    CU_ASSERT_EQUAL(hawser_rpc_call(request, NULL, &answer), HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_RESULT);
    CU_ASSERT_EQUAL(answer.value->via.u64, 42);
    hawser_rpc_answer_free(&answer);
    end_stage(&stage);
}

static void
expect_error(hawser_rpc_request *request, const char *text)
{
    hawser_rpc_answer answer;

    CU_ASSERT_EQUAL_FATAL(hawser_rpc_call(request, NULL, &answer), HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_ERROR);
    CU_ASSERT_TRUE(is_text(answer.value, text));
    hawser_rpc_answer_free(&answer);
}

static void
errors_of_the_peer_are_told(void)
{
    struct stage stage;
    hawser_rpc_request *request;

    set_stage(&stage, NULL, NULL);
    expect_error(request_of(stage.left, "add", 1), "wrong number of arguments");
    expect_error(request_of(stage.left, "nothing", 1), "no such method");
    CU_ASSERT_EQUAL(hawser_rpc_request_new(stage.left, "add", 2, &request),
                    HAWSER_OK);
    (void)msgpack_pack_nil(hawser_rpc_packer(request));
    (void)msgpack_pack_nil(hawser_rpc_packer(request));
    expect_error(request, "add takes two numbers");
    CU_ASSERT_EQUAL(stats_of(stage.left).errors, 3);
    end_stage(&stage);
}

// ---- without waiting ----

static void
many_calls_are_under_way_at_once(void)
{
    enum { COUNT = 2000 };
    static hawser_rpc_handle calls[COUNT];
    struct stage stage;
    hawser_rpc_answer answer;
    unsigned wrong = 0;

    set_stage(&stage, NULL, NULL);
    for (uint64_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(hawser_rpc_start(request_of(stage.left, "echo", i),
                                         NULL, &calls[i]),
                        HAWSER_OK);
    }
    for (uint64_t i = COUNT; i-- > 0;) { // in another order than they come
        CU_ASSERT_EQUAL_FATAL(
            hawser_rpc_wait(stage.left, calls[i], -1, &answer), HAWSER_OK);
        wrong += answer.value->via.u64 != i || answer.call.id != calls[i].id;
        hawser_rpc_answer_free(&answer);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(hawser_rpc_wait(stage.left, calls[0], 0, &answer),
                    HAWSER_STALE);
    CU_ASSERT_EQUAL(stats_of(stage.left).open, 0);
    end_stage(&stage);
}

static void
note_answer(void *user, const hawser_rpc_answer *answer)
{
    uint64_t *sum = user;

    *sum += answer->value->via.u64;
}

static void
callbacks_run_where_it_is_read(void)
{
    struct stage stage;
    uint64_t sum = 0;
    hawser_rpc_call_options options = with_timeout(0);

    set_stage(&stage, NULL, NULL);
    options.on_answer = note_answer;
    options.user = &sum;
    for (uint64_t i = 1; i <= 100; i++) {
        CU_ASSERT_EQUAL(
            hawser_rpc_start(request_of(stage.left, "echo", i), &options, NULL),
            HAWSER_OK);
    }
    while (stats_of(stage.left).open > 0 &&
           hawser_rpc_run(stage.left, PATIENCE_MS) == HAWSER_OK) {
    }
    CU_ASSERT_EQUAL(sum, 5050);
    end_stage(&stage);
}

static void
answers_may_be_collected_as_they_come(void)
{
    struct stage stage;
    hawser_rpc_answer answer;
    uint64_t sum = 0;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_rpc_next(stage.left, 0, &answer), HAWSER_AGAIN);
    CU_ASSERT_EQUAL(hawser_rpc_next(stage.left, 5, &answer), HAWSER_TIMEOUT);
    for (uint64_t i = 1; i <= 100; i++) {
        CU_ASSERT_EQUAL(
            hawser_rpc_start(request_of(stage.left, "echo", i), NULL, NULL),
            HAWSER_OK);
    }
    for (unsigned i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL_FATAL(hawser_rpc_next(stage.left, PATIENCE_MS, &answer),
                              HAWSER_OK);
        sum += answer.value->via.u64;
        hawser_rpc_answer_free(&answer);
    }
    CU_ASSERT_EQUAL(sum, 5050);
    end_stage(&stage);
}

struct caller {
    hawser_rpc *rpc;
    uint64_t first;
};

enum { CALLS_EACH = 2000 / SLOWER };

static void *
call_often(void *user)
{
    const struct caller *caller = user;

    for (uint64_t i = 0; i < CALLS_EACH; i++) {
        expect_echo(caller->rpc, caller->first + i);
    }
    return NULL;
}

static void
each_thread_gets_its_own_answers(void)
{
    enum { THREADS = 4 };
    struct stage stage;
    struct caller callers[THREADS];
    pthread_t threads[THREADS];

    set_stage(&stage, NULL, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){ stage.left, i * 1000000 };
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL); // it is there
    }
    CU_ASSERT_EQUAL(stats_of(stage.left).results, THREADS * CALLS_EACH);
    end_stage(&stage);
}

// ---- calls that end otherwise ----

// The first is kept, for another thread.
typedef _Atomic(hawser_rpc_question *) kept_question;

static void
drop_question(void *user, hawser_rpc_question *question)
{
    kept_question *kept = user;

    if (atomic_load(kept) == NULL) {
        atomic_store(kept, question); // never answered
    } else {
        hawser_rpc_question_drop(question);
    }
}

static void
a_call_that_is_not_sent_in_time_has_not_run(void)
{
    struct stage stage;
    hawser_rpc_call_options options = with_timeout(30);
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    expect_echo(stage.left, 1);
    kill_right(&stage);
    await_loss(&stage);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage.left, "echo", 1), &options, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_TIMEOUT);
    CU_ASSERT_EQUAL(answer.may_have_run, 0);
    hawser_rpc_answer_free(&answer);
    raise_right(&stage, NULL);
    expect_echo(stage.left, 2);
    CU_ASSERT_EQUAL(stats_of(stage.right).questions, 1);
    end_stage(&stage);
}

static void
a_call_without_an_answer_may_have_run(void)
{
    struct stage stage;
    hawser_rpc_call_options options = with_timeout(50);
    kept_question kept = NULL;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL(
        hawser_rpc_serve(stage.right, "never", -1, drop_question, &kept),
        HAWSER_OK);
    expect_echo(stage.left, 1);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_call(request_of(stage.left, "never", 1), &options, &answer),
        HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_TIMEOUT);
    CU_ASSERT_EQUAL(answer.may_have_run, 1);
    hawser_rpc_answer_free(&answer);
    // What comes now comes too late, and harms nothing.
    CU_ASSERT_EQUAL(hawser_rpc_reply_error(atomic_load(&kept), "late"),
                    HAWSER_OK);
    expect_echo(stage.left, 2);
    CU_ASSERT_EQUAL(stats_of(stage.left).unawaited, 1);
    end_stage(&stage);
}

static void
await_question(kept_question *kept)
{
    while (atomic_load(kept) == NULL) {
    }
}

// One that was under way when the peer died.
static hawser_rpc_answer
call_into_death(struct stage *stage, int again)
{
    static kept_question kept;
    hawser_rpc_call_options options = with_timeout(PATIENCE_MS);
    hawser_rpc_answer answer = { 0 };
    hawser_rpc_handle call;

    atomic_store(&kept, NULL);
    options.again = again;
    CU_ASSERT_EQUAL(
        hawser_rpc_serve(stage->right, "die", -1, drop_question, &kept),
        HAWSER_OK);
    expect_echo(stage->left, 1);
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(stage->left, "die", 7), &options, &call),
        HAWSER_OK);
    await_question(&kept);
    hawser_rpc_question_drop(NULL);
    atomic_store(&stage->ends, true);
    (void)pthread_join(stage->reader, NULL); // it is there
    (void)hawser_link_close(stage->right_bus, hawser_rpc_link(stage->right), 0,
                            NULL);
    while (hawser_rpc_run(stage->right, PATIENCE_MS) == HAWSER_OK) {
    }
    hawser_rpc_question_drop(atomic_load(&kept));
    hawser_rpc_close(stage->right);
    (void)hawser_bus_close(stage->right_bus, 0); // nothing is left
    raise_right(stage, NULL);
    CU_ASSERT_EQUAL(hawser_rpc_wait(stage->left, call, PATIENCE_MS, &answer),
                    HAWSER_OK);
    return answer;
}

static void
a_call_under_way_is_lost_with_its_wire(void)
{
    struct stage stage;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    answer = call_into_death(&stage, 0);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_LOST);
    CU_ASSERT_EQUAL(answer.may_have_run, 1);
    hawser_rpc_answer_free(&answer);
    expect_echo(stage.left, 2);
    CU_ASSERT_EQUAL(stats_of(stage.right).questions, 1);
    end_stage(&stage);
}

static void
a_call_that_is_safe_runs_again(void)
{
    struct stage stage;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    answer = call_into_death(&stage, 1);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_ERROR); // it is not served now
    CU_ASSERT_TRUE(is_text(answer.value, "no such method"));
    hawser_rpc_answer_free(&answer);
    CU_ASSERT_EQUAL(stats_of(stage.left).resent, 1);
    end_stage(&stage);
}

static void
a_waiting_call_is_cancelled_before_it_runs(void)
{
    struct stage stage;
    hawser_rpc_handle call;
    hawser_rpc_answer answer;

    set_stage(&stage, NULL, NULL);
    expect_echo(stage.left, 1);
    kill_right(&stage);
    await_loss(&stage);
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(stage.left, "echo", 1), NULL, &call),
        HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_rpc_cancel(stage.left, call), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_rpc_cancel(stage.left, call), HAWSER_STALE);
    CU_ASSERT_EQUAL_FATAL(hawser_rpc_wait(stage.left, call, -1, &answer),
                          HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_CANCELLED);
    CU_ASSERT_EQUAL(answer.may_have_run, 0);
    hawser_rpc_answer_free(&answer);
    raise_right(&stage, NULL);
    expect_echo(stage.left, 2);
    CU_ASSERT_EQUAL(stats_of(stage.right).questions, 1);
    end_stage(&stage);
}

static void
a_closed_rpc_ends_its_calls(void)
{
    struct stage stage;
    uint64_t sum = 0;
    hawser_rpc_call_options options = with_timeout(-1);

    set_stage(&stage, NULL, NULL);
    kill_right(&stage);
    await_loss(&stage);
    options.on_answer = note_answer;
    options.user = &sum;
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(stage.left, "echo", 1), &options, NULL),
        HAWSER_OK);
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(stage.left, "echo", 1), NULL, NULL),
        HAWSER_OK);
    raise_right(&stage, NULL); // for the end of the stage
    end_stage(&stage);
}

static void
a_closed_link_ends_its_calls(void)
{
    struct stage stage;
    hawser_rpc_answer answer;
    hawser_rpc_handle call;

    set_stage(&stage, NULL, NULL);
    kill_right(&stage);
    await_loss(&stage);
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(stage.left, "echo", 1), NULL, &call),
        HAWSER_OK);
    (void)hawser_link_close(stage.left_bus, hawser_rpc_link(stage.left), 0,
                            NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_wait(stage.left, call, PATIENCE_MS, &answer), HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_CLOSED);
    CU_ASSERT_EQUAL(answer.may_have_run, 0);
    CU_ASSERT_EQUAL(
        hawser_rpc_call(request_of(stage.left, "echo", 1), NULL, &answer),
        HAWSER_ENDED);
    while (hawser_rpc_run(stage.left, PATIENCE_MS) == HAWSER_OK) {
    }
    CU_ASSERT_EQUAL(hawser_rpc_run(stage.left, -1), HAWSER_ENDED);
    CU_ASSERT_EQUAL(hawser_rpc_next(stage.left, -1, &answer), HAWSER_ENDED);
    raise_right(&stage, NULL); // for the end of the stage
    end_stage(&stage);
}

static void
hold(void *user, hawser_rpc_question *question)
{
    hawser_rpc_question *_Atomic *held = user;

    atomic_store(held, question);
}

// It is not lost: nobody but the application ended it.
static void
a_closed_link_ends_what_is_under_way(void)
{
    struct stage stage;
    hawser_rpc_question *_Atomic held = NULL;
    hawser_rpc_call_options options = with_timeout(-1);
    hawser_rpc_answer answer;
    hawser_rpc_handle call;

    set_stage(&stage, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_rpc_serve(stage.right, "hold", 1, hold, &held),
                    HAWSER_OK);
    options.again = 1; // and yet it is not sent once more
    CU_ASSERT_EQUAL(
        hawser_rpc_start(request_of(stage.left, "hold", 1), &options, &call),
        HAWSER_OK);
    while (atomic_load(&held) == NULL) {
        (void)hawser_rpc_run(stage.left, 1); // nothing may have come
    }
    (void)hawser_link_close(stage.left_bus, hawser_rpc_link(stage.left), 0,
                            NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_rpc_wait(stage.left, call, PATIENCE_MS, &answer), HAWSER_OK);
    CU_ASSERT_EQUAL(answer.outcome, HAWSER_RPC_CLOSED);
    CU_ASSERT_EQUAL(answer.may_have_run, 1);
    hawser_rpc_question_drop(atomic_load(&held));
    end_stage(&stage);
}

// ---- what is not valid ----

static void
requests_that_are_not_whole_are_refused(void)
{
    struct stage stage;
    hawser_rpc_request *request;
    hawser_rpc_answer answer;
    hawser_rpc_call_options options = with_timeout(-2);

    set_stage(&stage, "rpc.calls_max=2", NULL);
    request = request_of(stage.left, "echo", 1);
    (void)msgpack_pack_nil(hawser_rpc_packer(request)); // one too many
    CU_ASSERT_EQUAL(hawser_rpc_call(request, NULL, &answer), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_rpc_request_new(stage.left, "add", 2, &request),
                    HAWSER_OK); // and too few
    CU_ASSERT_EQUAL(hawser_rpc_start(request, NULL, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(
        hawser_rpc_call(request_of(stage.left, "echo", 1), &options, &answer),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_rpc_notify(request_of(stage.left, "echo", 1)),
                    HAWSER_INVALID); // a call is no notification
    CU_ASSERT_EQUAL(hawser_rpc_notice_new(stage.left, "n", 0, &request),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_rpc_call(request, NULL, &answer), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_rpc_call(NULL, NULL, &answer), HAWSER_INVALID);
    // None of these kept its place.
    expect_echo(stage.left, 1);
    end_stage(&stage);
}

static void
calls_have_a_limit(void)
{
    struct stage stage;
    hawser_rpc_request *one, *two, *three;
    hawser_rpc_answer answer;

    set_stage(&stage, "rpc.calls_max=2", NULL);
    one = request_of(stage.left, "echo", 1);
    two = request_of(stage.left, "echo", 2);
    CU_ASSERT_EQUAL(hawser_rpc_request_new(stage.left, "echo", 1, &three),
                    HAWSER_FULL);
    hawser_rpc_request_drop(one);
    three = request_of(stage.left, "echo", 3);
    CU_ASSERT_EQUAL(hawser_rpc_call(two, NULL, &answer), HAWSER_OK);
    hawser_rpc_answer_free(&answer);
    CU_ASSERT_EQUAL(hawser_rpc_call(three, NULL, &answer), HAWSER_OK);
    hawser_rpc_answer_free(&answer);
    end_stage(&stage);
}

static void
confirm_is_no_choice(void)
{
    hawser_options *options = NULL;
    hawser_bus *bus = NULL;
    hawser_rpc *rpc = NULL;

    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&options), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_bus_open(NULL, &bus), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_options_set(options, "confirm", "peer"), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_rpc_open(bus, "inproc://x", options, &rpc),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_rpc_open(bus, "no://x", NULL, &rpc), HAWSER_UNKNOWN);
    CU_ASSERT_EQUAL(hawser_rpc_open(NULL, "inproc://x", NULL, &rpc),
                    HAWSER_INVALID);
    hawser_options_free(options);
    (void)hawser_bus_close(bus, 0); // nothing is on it
}

static CU_TestInfo tests[] = {
    CHECK(a_call_brings_its_result),
    CHECK(errors_of_the_peer_are_told),
    CHECK(many_calls_are_under_way_at_once),
    CHECK(callbacks_run_where_it_is_read),
    CHECK(answers_may_be_collected_as_they_come),
    CHECK(each_thread_gets_its_own_answers),
    CHECK(a_call_that_is_not_sent_in_time_has_not_run),
    CHECK(a_call_without_an_answer_may_have_run),
    CHECK(a_call_under_way_is_lost_with_its_wire),
    CHECK(a_call_that_is_safe_runs_again),
    CHECK(a_waiting_call_is_cancelled_before_it_runs),
    CHECK(a_closed_rpc_ends_its_calls),
    CHECK(a_closed_link_ends_its_calls),
    CHECK(a_closed_link_ends_what_is_under_way),
    CHECK(requests_that_are_not_whole_are_refused),
    CHECK(calls_have_a_limit),
    CHECK(confirm_is_no_choice),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("calls", tests)
