// faults_test.c - the suite sees each fault that a transport may have.
//
// Each fault is planted in inproc, and the promise that it breaks is played,
// and must not be kept. Without a fault all are.
#include "check.h"
#include "faults.h"
#include "stands.h"

// How long a promise waits for what a faulty transport never does.
enum { PATIENCE_MS = 300 };

static const enum promise_number broken_by[FAULT_COUNT] = {
    [FAULT_REORDERS] = PROMISE_a_burst_is_received_in_order,
    [FAULT_DROPS] = PROMISE_a_burst_is_received_in_order,
    [FAULT_REPEATS] = PROMISE_a_burst_is_received_in_order,
    [FAULT_FORGETS_KINDS] = PROMISE_kinds_are_kept,
    [FAULT_CUTS] = PROMISE_messages_of_every_size_are_received_whole,
    [FAULT_GARBLES] = PROMISE_messages_of_every_size_are_received_whole,
    [FAULT_OPENS_TWICE] = PROMISE_a_wire_opens_once_and_before_all_else,
    [FAULT_OPENS_LATE] = PROMISE_a_wire_opens_once_and_before_all_else,
    [FAULT_OPENS_INSIDE] = PROMISE_a_wire_opens_once_and_before_all_else,
    [FAULT_TAKES_TOO_MANY] = PROMISE_a_burst_arrives_in_order,
    [FAULT_TAKES_NOTHING] = PROMISE_an_empty_wire_takes_a_message_of_any_size,
    [FAULT_TAKES_ALL] = PROMISE_a_wire_whose_peer_does_not_read_takes_no_more,
    [FAULT_FORGETS_WRITABLE] = PROMISE_writable_comes_once_the_peer_reads_again,
    [FAULT_ALWAYS_WRITABLE] =
        PROMISE_writable_does_not_come_where_all_was_taken,
    [FAULT_PASSES_EARLY] =
        PROMISE_a_barrier_does_not_pass_a_peer_that_does_not_read,
    [FAULT_PASSES_NEVER] = PROMISE_a_barrier_passes_on_an_idle_wire,
    [FAULT_PASSES_OTHERS] = PROMISE_a_barrier_passes_on_an_idle_wire,
    [FAULT_NEVER_DEAF] = PROMISE_a_wire_that_does_not_listen_receives_no_more,
    [FAULT_STAYS_DEAF] = PROMISE_a_wire_that_listens_again_has_missed_nothing,
    [FAULT_FORGETS_CODE] = PROMISE_a_goodbye_has_its_code_and_reason,
    [FAULT_CUTS_POLITELY] =
        PROMISE_a_wire_that_is_closed_as_cut_says_no_goodbye,
    [FAULT_FORGETS_LOST_CODE] =
        PROMISE_the_peers_goodbye_is_told_with_code_and_reason,
    [FAULT_LOSES_TWICE] =
        PROMISE_the_peers_goodbye_loses_the_wire_behind_what_it_said,
    [FAULT_LOSES_EARLY] =
        PROMISE_the_peers_goodbye_loses_the_wire_behind_what_it_said,
    [FAULT_LOSES_DUMB] =
        PROMISE_the_peers_goodbye_loses_the_wire_behind_what_it_said,
    [FAULT_NEVER_LOST] =
        PROMISE_the_peers_goodbye_loses_the_wire_behind_what_it_said,
    [FAULT_SEEMS_DEAD] = PROMISE_a_peer_that_speaks_is_alive,
    [FAULT_SPEAKS_AFTER_CLOSE] = PROMISE_nothing_is_said_after_close,
    [FAULT_ACCEPTS_ANY_URL] =
        PROMISE_a_malformed_url_is_refused_with_a_sentence,
    [FAULT_REFUSES_DUMB] = PROMISE_a_malformed_url_is_refused_with_a_sentence,
    [FAULT_LEAVES_A_HANDLE] = PROMISE_stop_leaves_nothing_on_the_loop,
    [FAULT_IGNORES_LIMIT] = PROMISE_a_message_above_the_limit_loses_the_wire,
};

static struct stand
stand_with(enum fault fault)
{
    struct stand stand = stand_inproc;

    stand.transport = fault_plant(fault, stand_inproc.honest);
    return stand;
}

static void
each_fault_breaks_a_promise(void)
{
    unsigned patience_ms = stage_wait_ms;

    stage_wait_ms = PATIENCE_MS;
    for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        struct stand stand = stand_with(i);
        const char *broken = promise_play(broken_by[i], &stand);

        CU_ASSERT_PTR_NOT_NULL(broken);
        (void)printf("\n    %s (%s): %s", fault_name(i), fault_sentence(i),
                     broken == NULL ? "NOT SEEN" : broken);
    }
    stage_wait_ms = patience_ms;
}

static void
without_a_fault_every_promise_is_kept(void)
{
    struct stand stand = stand_with(FAULT_NONE);

    for (unsigned i = 0; i < PROMISE_COUNT; i++) {
        if (promise_applies(i, &stand)) {
            const char *broken = promise_play(i, &stand);

            CU_ASSERT_PTR_NULL(broken);
            if (broken != NULL) {
                (void)printf("\n    %s: %s", promise_name(i), broken);
            }
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK(each_fault_breaks_a_promise),
    CHECK(without_a_fault_every_promise_is_kept),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("faults", tests)
