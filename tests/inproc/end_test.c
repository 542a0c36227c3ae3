// end_test.c - how inproc's wires end: goodbyes, limits, teardown in any order.
#include <string.h>

#include "check.h"
#include "ends.h"

static struct yard yard;
static hawser_port one, other;

static void
meet(const char *option, const char *value)
{
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    yard_open(&yard);
    CU_ASSERT(ends_meet(&yard, &one, &other, "inproc://ends", option, value));
}

static void
part(void)
{
    end_close(&one, 0, "");
    end_close(&other, 0, "");
    CU_ASSERT_EQUAL(one.strangers + other.strangers, 0);
    yard_close(&yard);
}

static void
says_goodbye(hawser_port *leaves, hawser_port *stays, int code,
             const char *reason, int heard)
{
    end_close(leaves, code, reason);
    CU_ASSERT_EQUAL(stays->lost, 0); // not from inside close
    yard_turn(&yard);
    CU_ASSERT_EQUAL(stays->lost, 1);
    CU_ASSERT_EQUAL(stays->cause, HAWSER_CAUSE_CLOSED);
    CU_ASSERT_EQUAL(stays->code, heard);
    CU_ASSERT_STRING_EQUAL(stays->reason, reason);
    CU_ASSERT_NOT_EQUAL(stays->error[0], '\0');
}

static void
code_and_reason_are_told_both_ways(void)
{
    meet(NULL, NULL);
    says_goodbye(&one, &other, 4000, "moved", 4000);
    part();
    meet(NULL, NULL);
    says_goodbye(&other, &one, 3001, "", 3001);
    part();
    meet(NULL, NULL);
    says_goodbye(&one, &other, 0, "bye", 1000);
    part();
}

static void
a_reason_is_cut_at_123_bytes(void)
{
    char reason[200] = "";

    memset(reason, 'r', sizeof reason - 1);
    meet(NULL, NULL);
    end_close(&one, 0, reason);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(strlen(other.reason), 123);
    part();
}

static void
a_goodbye_comes_behind_what_was_sent(void)
{
    meet(NULL, NULL);
    CU_ASSERT_EQUAL(end_send(&one, 1000, 100), 1000);
    end_close(&one, 0, "");
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 1000);
    CU_ASSERT_EQUAL(other.lost, 1);
    part();
}

static void
who_does_not_listen_hears_the_goodbye_when_it_does(void)
{
    meet(NULL, NULL);
    end_listen(&other, false);
    CU_ASSERT_EQUAL(end_send(&one, 10, 100), 10);
    end_close(&one, 0, "");
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.lost, 0);
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 10);
    CU_ASSERT_EQUAL(other.lost, 1);
    part();
}

static void
nothing_is_taken_once_the_other_end_is_gone(void)
{
    meet(NULL, NULL);
    CU_ASSERT_EQUAL(end_send(&other, 5, 100), 5);
    end_close(&one, 0, "");
    CU_ASSERT_EQUAL(end_send(&other, 5, 100), 0);
    end_barrier(&other, 1); // behind five that never arrive
    CU_ASSERT_EQUAL(other.lost, 0);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.lost, 1);
    CU_ASSERT_EQUAL(other.passes, 0);
    part();
}

static void
a_message_above_the_limit_ends_both(void)
{
    meet("message.max", "100");
    CU_ASSERT_EQUAL(end_send(&one, 1, 100), 1);
    CU_ASSERT_EQUAL(end_send(&one, 1, 101), 1);
    CU_ASSERT_EQUAL(end_send(&one, 1, 50), 1);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 1);
    CU_ASSERT_EQUAL(other.lost, 1);
    CU_ASSERT_EQUAL(other.cause, HAWSER_CAUSE_TOO_BIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(other.error, "101 bytes"));
    CU_ASSERT_EQUAL(one.lost, 1);
    CU_ASSERT_EQUAL(one.cause, HAWSER_CAUSE_CLOSED);
    CU_ASSERT_EQUAL(one.code, 1009);
    part();
}

static void
close_it(hawser_port *port)
{
    end_close(port, 0, "");
}

// A port may close its wire while that says something.
static void
a_wire_may_be_closed_from_inside_each_call(void)
{
    enum { CALLS = 5 };

    for (unsigned call = 0; call < CALLS; call++) {
        memset(&one, 0, sizeof one);
        memset(&other, 0, sizeof other);
        one.on_opened = call == 0 ? close_it : NULL;
        one.on_received = call == 1 ? close_it : NULL;
        one.on_passed = call == 2 ? close_it : NULL;
        one.on_writable = call == 3 ? close_it : NULL;
        one.on_alive = call == 4 ? close_it : NULL;
        yard_open(&yard);
        CU_ASSERT(ends_meet(&yard, &one, &other, "inproc://inside",
                            "wire.buffer", "4KiB"));
        if (call > 0) {
            (void)end_send(&one, 100, 100); // more than fits
            end_barrier(&one, 1);
            CU_ASSERT(end_send(&other, 3, 100) == 3);
            yard_turn(&yard);
        }
        CU_ASSERT(one.closed);
        yard_turn(&yard);
        CU_ASSERT_EQUAL(other.lost, 1);
        end_close(&other, 0, "");
        yard_close(&yard);
    }
}

// Two wires of two sites on two loops: what is done in which order, and
// whether the loops turn in between.
enum step { CLOSE_ONE, CLOSE_OTHER, STOP_ONE, STOP_OTHER, STEPS };

static struct yard yards[2];

static void
take_step(enum step step)
{
    switch (step) {
    case CLOSE_ONE:
        end_close(&one, 0, "");
        break;
    case CLOSE_OTHER:
        end_close(&other, 0, "");
        break;
    case STOP_ONE:
        yard_close(&yards[0]);
        break;
    default:
        yard_close(&yards[1]);
        break;
    }
}

static void
tear_down(const enum step *order, unsigned turns)
{
    bool stopped[2] = { false, false };

    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    yard_open(&yards[0]);
    yard_open(&yards[1]);
    (void)end_dial(&yards[0], &one, "inproc://down", NULL, NULL);
    (void)end_dial(&yards[1], &other, "inproc://down", NULL, NULL);
    yard_turn(&yards[0]);
    yard_turn(&yards[1]);
    CU_ASSERT_EQUAL(end_send(&one, 100, 100), 100);
    CU_ASSERT_EQUAL(end_send(&other, 100, 100), 100);
    end_barrier(&one, 1);
    for (unsigned i = 0; i < STEPS; i++) {
        take_step(order[i]);
        stopped[0] = stopped[0] || order[i] == STOP_ONE;
        stopped[1] = stopped[1] || order[i] == STOP_OTHER;
        for (unsigned which = 0; which < 2; which++) {
            if ((turns >> i & 1) != 0 && !stopped[which]) {
                yard_turn(&yards[which]);
            }
        }
    }
}

static void
wires_and_sites_go_in_any_order(void)
{
    static const enum step orders[][STEPS] = {
        { CLOSE_ONE, CLOSE_OTHER, STOP_ONE, STOP_OTHER },
        { CLOSE_ONE, CLOSE_OTHER, STOP_OTHER, STOP_ONE },
        { CLOSE_ONE, STOP_ONE, CLOSE_OTHER, STOP_OTHER },
        { CLOSE_OTHER, CLOSE_ONE, STOP_ONE, STOP_OTHER },
        { CLOSE_OTHER, CLOSE_ONE, STOP_OTHER, STOP_ONE },
        { CLOSE_OTHER, STOP_OTHER, CLOSE_ONE, STOP_ONE },
    };

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        for (unsigned turns = 0; turns < 8; turns++) {
            tear_down(orders[i], turns);
        }
    }
}

static void
a_wire_that_waits_is_closed_before_its_site(void)
{
    memset(&one, 0, sizeof one);
    yard_open(&yard);
    (void)end_dial(&yard, &one, "inproc://alone", NULL, NULL);
    end_close(&one, 0, "");
    yard_close(&yard);
    CU_ASSERT_EQUAL(one.opened + one.lost, 0);
}

static CU_TestInfo tests[] = {
    CHECK(code_and_reason_are_told_both_ways),
    CHECK(a_reason_is_cut_at_123_bytes),
    CHECK(a_goodbye_comes_behind_what_was_sent),
    CHECK(who_does_not_listen_hears_the_goodbye_when_it_does),
    CHECK(nothing_is_taken_once_the_other_end_is_gone),
    CHECK(a_message_above_the_limit_ends_both),
    CHECK(a_wire_may_be_closed_from_inside_each_call),
    CHECK(wires_and_sites_go_in_any_order),
    CHECK(a_wire_that_waits_is_closed_before_its_site),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("inproc ends", tests)
