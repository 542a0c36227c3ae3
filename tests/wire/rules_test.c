// rules_test.c - a transport that breaks a rule loses its wire, with a sentence
// that names the rule, and nothing of what it said then is believed.
#include <pthread.h>

#include "check.h"
#include "wire/pier.h"
#include "wire/port_private.h"

#define BROKE "transport pier quay broke a rule: "

static const struct hawser_message messages[] = {
    { .bytes = (const uint8_t *)"a", .size = 1 },
    { .bytes = (const uint8_t *)"b", .size = 1 },
};

static const hawser_lost reset = { .cause = HAWSER_CAUSE_RESET,
                                   .error = "connection reset",
                                   .retry_after_ms = -1 };

static hawser_port *
port(void)
{
    return pier.wires[0].port;
}

static void
receive(const char *bytes, size_t size)
{
    hawser_port_received(port(), HAWSER_BINARY, NULL, 0, bytes, size);
}

// The loss is told, nothing that follows is, and the wire can be closed.
static bool
is_lost_for(const char *sentence)
{
    bool told = pier_says_lost(1, HAWSER_CAUSE_LOCAL, sentence);

    receive("late", 4);
    hawser_port_alive(port());
    hawser_port_writable(port());
    hw_ports_gather(pier_ports);
    told = told && desk_is_silent(&pier_desk);
    pier_close_wire(0, 1, 0, NULL);
    return told && pier.wires[0].closed;
}

static void
dial_one(void)
{
    pier_open_link(0, &pier_transport, "-");
    pier_dial(0, 1, 0, NULL);
}

// ---- what is said ----

static void
opened_twice(void)
{
    pier_open_wire(&pier_transport);
    pier_opened(0);
    CU_ASSERT_TRUE(is_lost_for(BROKE "opened twice"));
}

static void
received_before_opened(void)
{
    dial_one();
    receive("early", 5);
    CU_ASSERT_TRUE(is_lost_for(BROKE "received before opened"));
}

static void
passed_a_number_that_was_not_asked(void)
{
    pier_open_wire(&pier_transport);
    CU_ASSERT_TRUE(hw_port_barrier(pier_ports, 0, 1, 8));
    hawser_port_passed(port(), 9);
    CU_ASSERT_TRUE(is_lost_for(BROKE "passed(9), with 8 asked and 0 passed"));
}

static void
passed_a_number_twice(void)
{
    struct hw_letter letter;

    pier_open_wire(&pier_transport);
    CU_ASSERT_TRUE(hw_port_barrier(pier_ports, 0, 1, 8));
    hawser_port_passed(port(), 8);
    CU_ASSERT_TRUE(
        desk_read(&pier_desk, HW_SENDER, HW_LETTER_WIRE_PASSED, &letter));
    hawser_port_passed(port(), 8);
    CU_ASSERT_TRUE(is_lost_for(BROKE "passed(8), with 8 asked and 8 passed"));
}

static void
received_above_the_limit(void)
{
    static char bytes[(16 << 20) + 1];

    pier_open_wire(&pier_transport);
    receive(bytes, sizeof bytes);
    CU_ASSERT_TRUE(is_lost_for(
        BROKE "received 16777217 bytes, above message.max of 16777216"));
}

static void
received_no_message(void)
{
    pier_open_wire(&pier_transport);
    hawser_port_received(port(), (hawser_kind)7, NULL, 0, "x", 1);
    CU_ASSERT_TRUE(is_lost_for(BROKE "received a message of kind 7"));
}

static void
received_without_bytes(void)
{
    pier_open_wire(&pier_transport);
    receive(NULL, 3);
    CU_ASSERT_TRUE(is_lost_for(BROKE "received a message without its bytes"));
}

static void
what_was_received_before_a_rule_was_broken_is_handed_on(void)
{
    struct hw_letter letter;

    pier_open_wire(&pier_transport);
    receive("good", 4);
    receive(NULL, 3);
    CU_ASSERT_TRUE(desk_read_next(&pier_desk, HW_RECEIVER,
                                  HW_LETTER_WIRE_RECEIVED, &letter));
    desk_give_back(&letter);
    CU_ASSERT_TRUE(is_lost_for(BROKE "received a message without its bytes"));
}

// ---- what is done ----

static size_t
take_too_many(void *wire, const hawser_message *array, size_t count)
{
    (void)wire;
    (void)array;
    return count + 1;
}

static size_t
speak_inside(void *wire, const hawser_message *array, size_t count)
{
    (void)array;
    hawser_port_alive(((struct pier_wire *)wire)->port);
    return count;
}

static size_t
refuse_another(void *wire, const hawser_message *array, size_t count)
{
    (void)array;
    hawser_port_refused(((struct pier_wire *)wire)->port, count, "nobody");
    return count;
}

static size_t
refuse_backwards(void *wire, const hawser_message *array, size_t count)
{
    (void)array;
    hawser_port_refused(((struct pier_wire *)wire)->port, 1, "nobody");
    hawser_port_refused(((struct pier_wire *)wire)->port, 0, "nobody");
    return count;
}

static size_t
refuse_and_not_take(void *wire, const hawser_message *array, size_t count)
{
    (void)array;
    hawser_port_refused(((struct pier_wire *)wire)->port, count - 1, "nobody");
    return count - 1;
}

static hawser_status
open_inside(void *site, const hawser_dial *dial, hawser_port *given,
            void **wire, char *sentence, size_t size)
{
    hawser_status status =
        pier_transport.dial(site, dial, given, wire, sentence, size);
    const hawser_opened info = { .peer = "a peer" };

    hawser_port_opened(given, &info);
    return status;
}

static hawser_status
lose_inside(void *site, const hawser_dial *dial, hawser_port *given,
            void **wire, char *sentence, size_t size)
{
    hawser_status status =
        pier_transport.dial(site, dial, given, wire, sentence, size);

    hawser_port_lost(given, &reset);
    return status;
}

static hawser_status
give_no_wire(void *site, const hawser_dial *dial, hawser_port *given,
             void **wire, char *sentence, size_t size)
{
    hawser_status status =
        pier_transport.dial(site, dial, given, wire, sentence, size);

    *wire = NULL;
    return status;
}

static void
dial_with(hawser_status (*dial)(void *, const hawser_dial *, hawser_port *,
                                void **, char *, size_t))
{
    static hawser_transport broken;

    broken = pier_transport;
    broken.dial = dial;
    pier_open_link(0, &broken, "-");
    pier_dial(0, 1, 0, NULL);
}

static size_t
send_with(size_t (*send)(void *, const hawser_message *, size_t))
{
    static hawser_transport broken;

    broken = pier_transport;
    broken.send = send;
    pier_open_wire(&broken);
    return hw_port_send(pier_ports, 0, 1, messages, 2);
}

static void
took_more_than_it_was_given(void)
{
    CU_ASSERT_EQUAL(send_with(take_too_many), 0);
    CU_ASSERT_TRUE(is_lost_for(BROKE "send took 3 of 2"));
}

static void
spoke_from_inside_a_verb(void)
{
    CU_ASSERT_EQUAL(send_with(speak_inside), 2);
    CU_ASSERT_TRUE(is_lost_for(BROKE "alive from inside a verb"));
}

static void
refused_from_outside_of_send(void)
{
    pier_open_wire(&pier_transport);
    hawser_port_refused(port(), 0, "nobody");
    CU_ASSERT_TRUE(is_lost_for(BROKE "refused from outside of send"));
}

static void
refused_what_it_was_not_given(void)
{
    (void)send_with(refuse_another);
    CU_ASSERT_TRUE(is_lost_for(BROKE "refused what send was not given"));
}

static void
refused_out_of_order(void)
{
    (void)send_with(refuse_backwards);
    CU_ASSERT_TRUE(is_lost_for(BROKE "refused twice, or not in order"));
}

static void
refused_what_it_did_not_take(void)
{
    uint32_t from = 0;

    CU_ASSERT_EQUAL(send_with(refuse_and_not_take), 0);
    CU_ASSERT_EQUAL(hw_port_refused(pier_ports, &from), 0);
    CU_ASSERT_TRUE(is_lost_for(BROKE "refused(1), and send took 1"));
}

static void
opened_from_inside_dial(void)
{
    dial_with(open_inside);
    CU_ASSERT_TRUE(is_lost_for(BROKE "opened from inside a verb"));
}

// Such a wire is gone already: it is not closed.
static void
lost_from_inside_dial(void)
{
    dial_with(lose_inside);
    CU_ASSERT_TRUE(
        pier_says_lost(1, HAWSER_CAUSE_LOCAL, BROKE "lost from inside dial"));
    pier_close_wire(0, 1, 0, NULL);
    CU_ASSERT_FALSE(pier.wires[0].closed);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
dialled_and_gave_no_wire(void)
{
    dial_with(give_no_wire);
    CU_ASSERT_TRUE(
        pier_says_lost(1, HAWSER_CAUSE_LOCAL, BROKE "dial gives no wire"));
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

// ---- after the end ----

static void
say_all(hawser_port *gone)
{
    const hawser_opened info = { .peer = "a peer", .barriers = 1 };

    hawser_port_opened(gone, &info);
    hawser_port_received(gone, HAWSER_TEXT, NULL, 0, "x", 1);
    hawser_port_writable(gone);
    hawser_port_refused(gone, 0, "nobody");
    hawser_port_passed(gone, 1);
    hawser_port_alive(gone);
    hawser_port_lost(gone, &reset);
    hw_ports_gather(pier_ports);
}

static void
a_call_after_close_has_no_effect(void)
{
    pier_open_wire(&pier_transport);
    pier_close_wire(0, 1, 0, NULL);
    desk_clear(&pier_desk);
    say_all(port());
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_call_after_lost_has_no_effect(void)
{
    pier_open_wire(&pier_transport);
    hawser_port_lost(port(), &reset);
    desk_clear(&pier_desk);
    say_all(port());
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

// Its memory is not the next wire's.
static void
a_late_call_does_not_reach_the_next_wire(void)
{
    pier_open_wire(&pier_transport);
    pier_close_wire(0, 1, 0, NULL);
    for (uint32_t wire = 2; wire < 10; wire++) {
        pier_dial(0, wire, 0, NULL);
        CU_ASSERT_PTR_NOT_EQUAL(pier.wires[wire - 1].port, port());
        say_all(port());
        CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
        pier_close_wire(0, wire, 0, NULL);
        desk_clear(&pier_desk);
    }
}

// ---- on another thread ----

static void *
speak_there(void *user)
{
    hawser_port_received(user, HAWSER_TEXT, NULL, 0, "x", 1);
    hawser_port_alive(user);
    return NULL;
}

static void
run_there(void *(*what)(void *user))
{
    pthread_t thread;

    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, what, port()), 0);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
}

// A desk has no loop that would say so.
static void
the_loop_runs_here(void)
{
    atomic_store(&pier_ports->thread, (uintptr_t)pthread_self());
}

static void
a_call_on_another_thread_loses_the_wire_at_the_next_turn(void)
{
    pier_open_wire(&pier_transport);
    the_loop_runs_here();
    run_there(speak_there);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(
        is_lost_for(BROKE "called on another thread than its loop's"));
}

static void
a_late_call_on_another_thread_has_no_effect(void)
{
    pier_open_wire(&pier_transport);
    the_loop_runs_here();
    pier_close_wire(0, 1, 0, NULL);
    desk_clear(&pier_desk);
    run_there(speak_there);
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_call_when_the_bus_is_closed_has_no_effect(void)
{
    pier_open_wire(&pier_transport);
    pier_close();
    hawser_port_alive(port());
    run_there(speak_there);
    pier_open();
}

static CU_TestInfo tests[] = {
    CHECK(opened_twice),
    CHECK(received_before_opened),
    CHECK(passed_a_number_that_was_not_asked),
    CHECK(passed_a_number_twice),
    CHECK(received_above_the_limit),
    CHECK(received_no_message),
    CHECK(received_without_bytes),
    CHECK(what_was_received_before_a_rule_was_broken_is_handed_on),
    CHECK(took_more_than_it_was_given),
    CHECK(spoke_from_inside_a_verb),
    CHECK(refused_from_outside_of_send),
    CHECK(refused_what_it_was_not_given),
    CHECK(refused_out_of_order),
    CHECK(refused_what_it_did_not_take),
    CHECK(opened_from_inside_dial),
    CHECK(lost_from_inside_dial),
    CHECK(dialled_and_gave_no_wire),
    CHECK(a_call_after_close_has_no_effect),
    CHECK(a_call_after_lost_has_no_effect),
    CHECK(a_late_call_does_not_reach_the_next_wire),
    CHECK(a_call_on_another_thread_loses_the_wire_at_the_next_turn),
    CHECK(a_late_call_on_another_thread_has_no_effect),
    CHECK(a_call_when_the_bus_is_closed_has_no_effect),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("rules", tests, pier_open, pier_close);
    return check_run(argc, argv);
}
