// port_dial_test.c - from the supervisor's word to a wire that is open, or not.
#include "base/dies.h"
#include "check.h"
#include "values/report.h"
#include "wire/pier.h"

#define UNREACHABLE HAWSER_CAUSE_UNREACHABLE
#define LOCAL HAWSER_CAUSE_LOCAL

static void
a_transport_is_started_once_and_told_what_to_dial(void)
{
    pier_open_link(0, &pier_transport, "- -");
    pier_dial(0, 7, 1, "Token: x\n");
    CU_ASSERT_EQUAL_FATAL(pier.wire_count, 1);
    CU_ASSERT_EQUAL(pier.wires[0].number, 7);
    CU_ASSERT_EQUAL(pier.wires[0].route_port, 8001);
    CU_ASSERT_STRING_EQUAL(pier.wires[0].url, "-");
    CU_ASSERT_STRING_EQUAL(pier.wires[0].address, "");
    CU_ASSERT_STRING_EQUAL(pier.wires[0].headers, "Token: x\n");
    CU_ASSERT_STRING_EQUAL(hawser_port_name(pier.wires[0].port),
                           "link 0 wire 7");
    pier_open_link(1, &pier_transport, "-");
    pier_dial(1, 1, 0, NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 2);
    CU_ASSERT_STRING_EQUAL(pier.wires[1].headers, "");
    CU_ASSERT_EQUAL(pier.starts, 1);
    CU_ASSERT_EQUAL(pier.resolves, 0);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_wire_that_opened_is_told_with_what_was_agreed_on(void)
{
    struct hw_letter letter;
    const struct hw_report *report;

    pier_open_link(0, &pier_transport, "-");
    pier_dial(0, 1, 0, NULL);
    pier_opened(0);
    CU_ASSERT_TRUE_FATAL(desk_read_next(&pier_desk, HW_SUPERVISOR,
                                        HW_LETTER_WIRE_OPENED, &letter));
    report = letter.thing;
    CU_ASSERT_EQUAL(letter.wire, 1);
    CU_ASSERT_STRING_EQUAL(report->peer, "a peer");
    CU_ASSERT_TRUE(report->barriers);
    desk_give_back(&letter);
}

// ---- names and addresses ----

static void
a_numeric_host_is_dialled_as_it_is(void)
{
    static const char *const hosts[] = { "127.0.0.1", "::1" };

    for (uint32_t link = 0; link < 2; link++) {
        pier_open_link(link, &pier_transport, hosts[link]);
        pier_dial(link, 1, 0, NULL);
        CU_ASSERT_STRING_EQUAL(pier.wires[link].address, hosts[link]);
    }
    CU_ASSERT_EQUAL(pier.resolves, 0);
}

static void
a_name_is_resolved_before_it_is_dialled(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_EQUAL(pier.resolves, 1);
    CU_ASSERT_STRING_EQUAL(pier.host, "name");
    CU_ASSERT_EQUAL(pier.wire_count, 0);
    pier_resolve("10.0.0.1 10.0.0.2", NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 1);
    CU_ASSERT_STRING_EQUAL(pier.wires[0].address, "10.0.0.1");
    CU_ASSERT_STRING_EQUAL(pier.wires[0].url, "name");
}

static void
all_addresses_of_a_name_are_tried_in_order(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, "Token: x");
    pier_resolve("10.0.0.1 10.0.0.2 10.0.0.3", NULL);
    pier_lost(0, UNREACHABLE, "refused by one");
    CU_ASSERT_EQUAL(pier.wire_count, 2);
    CU_ASSERT_STRING_EQUAL(pier.wires[1].address, "10.0.0.2");
    CU_ASSERT_EQUAL(pier.wires[1].number, 1);
    CU_ASSERT_STRING_EQUAL(pier.wires[1].headers, "Token: x");
    pier_lost(1, UNREACHABLE, "refused by two");
    CU_ASSERT_STRING_EQUAL(pier.wires[2].address, "10.0.0.3");
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    pier_lost(2, UNREACHABLE, "refused by three");
    CU_ASSERT_EQUAL(pier.wire_count, 3);
    CU_ASSERT_TRUE(pier_says_lost(1, UNREACHABLE, "refused by three"));
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
an_address_that_opens_ends_the_search(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, NULL);
    pier_resolve("10.0.0.1 10.0.0.2 10.0.0.3", NULL);
    pier_lost(0, UNREACHABLE, "refused");
    pier_opened(1);
    desk_clear(&pier_desk);
    pier_lost(1, UNREACHABLE, "later");
    CU_ASSERT_EQUAL(pier.wire_count, 2);
    CU_ASSERT_TRUE(pier_says_lost(1, UNREACHABLE, "later"));
}

// Another address of the same server has no other certificate.
static void
only_an_address_that_was_not_reached_makes_way_for_the_next(void)
{
    static const hawser_cause causes[] = { HAWSER_CAUSE_TLS, HAWSER_CAUSE_HTTP,
                                           HAWSER_CAUSE_PROTOCOL,
                                           HAWSER_CAUSE_LOCAL };

    for (uint32_t link = 0; link < 4; link++) {
        pier_open_link(link, &pier_transport, "name");
        pier_dial(link, 1, 0, NULL);
        pier_resolve("10.0.0.1 10.0.0.2", NULL);
        pier_lost(link, causes[link], "no");
        CU_ASSERT_EQUAL(pier.wire_count, link + 1);
        CU_ASSERT_TRUE(pier_says_lost(1, causes[link], "no"));
    }
}

static void
a_name_that_cannot_be_resolved_is_a_loss_with_a_sentence(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    pier_resolve("", "unknown node or service");
    CU_ASSERT_TRUE(pier_says_lost(1, UNREACHABLE,
                                  "resolve name: unknown node or service"));
    CU_ASSERT_EQUAL(pier.wire_count, 0);
    pier_dial(0, 2, 0, NULL); // and it may be tried again
    CU_ASSERT_EQUAL(pier.resolves, 2);
}

static void
a_name_that_cannot_even_be_asked_for_is_a_loss_too(void)
{
    pier.resolve_status = HAWSER_SYSTEM;
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_TRUE(pier_says_lost(1, LOCAL, hawser_status_text(HAWSER_SYSTEM)));
}

// ---- dials that are refused ----

static void
a_refused_dial_tries_the_next_address_and_tells_the_last_sentence(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier.dial_status = HAWSER_SYSTEM;
    pier.dial_sentence = "socket: Too many open files";
    pier_dial(0, 1, 0, NULL);
    pier_resolve("10.0.0.1 10.0.0.2", NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 2);
    CU_ASSERT_TRUE(pier_says_lost(1, LOCAL, "socket: Too many open files"));
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_refused_dial_without_a_sentence_tells_its_status(void)
{
    pier_open_link(0, &pier_transport, "-");
    pier.dial_status = HAWSER_NO_MEMORY;
    pier.dial_sentence = "";
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_TRUE(
        pier_says_lost(1, LOCAL, hawser_status_text(HAWSER_NO_MEMORY)));
}

static void
a_transport_that_does_not_start_is_started_again_at_the_next_dial(void)
{
    pier_open_link(0, &pier_transport, "-");
    pier.start_status = HAWSER_NO_MEMORY;
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_TRUE(
        pier_says_lost(1, LOCAL, hawser_status_text(HAWSER_NO_MEMORY)));
    CU_ASSERT_EQUAL(pier.wire_count, 0);
    pier.start_status = HAWSER_OK;
    pier_dial(0, 2, 0, NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 1);
    CU_ASSERT_EQUAL(pier.starts, 2);
}

// ---- closing meanwhile ----

static void
a_dial_under_way_is_closed_and_said_no_more_of(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, NULL);
    pier_resolve("10.0.0.1 10.0.0.2", NULL);
    pier_close_wire(0, 1, 4000, "enough");
    CU_ASSERT_TRUE(pier.wires[0].closed);
    CU_ASSERT_EQUAL(pier.wires[0].code, 4000);
    CU_ASSERT_STRING_EQUAL(pier.wires[0].reason, "enough");
    CU_ASSERT_EQUAL(pier.wire_count, 1);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    pier_dial(0, 2, 0, NULL);
    CU_ASSERT_EQUAL(pier.resolves, 2);
}

static void
a_name_that_nobody_wants_any_more_is_not_dialled(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, NULL);
    pier_close_wire(0, 1, 0, NULL);
    pier_resolve("10.0.0.1", NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 0);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_late_answer_is_not_taken_for_that_of_the_next_dial(void)
{
    uint64_t first;

    pier_open_link(0, &pier_transport, "one two");
    pier_dial(0, 1, 0, NULL);
    first = pier.ticket;
    pier_close_wire(0, 1, 0, NULL);
    pier_dial(0, 2, 1, NULL);
    CU_ASSERT_STRING_EQUAL(pier.host, "two");
    CU_ASSERT_NOT_EQUAL(pier.ticket, first);
    pier_close_wire(0, 2, 0, NULL);
    pier_dial(0, 3, 1, NULL);
    pier.ticket = first;
    pier_resolve("10.0.0.1", NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 0);
}

// The row's next link counts its wires from 1 too.
static void
a_late_answer_is_not_taken_for_that_of_the_rows_next_link(void)
{
    uint64_t first;

    pier_open_link(0, &pier_transport, "one");
    pier_dial(0, 1, 0, NULL);
    first = pier.ticket;
    pier_close_wire(0, 1, 0, NULL);
    pier_tell(HW_LETTER_LINK_FORGET, 0);
    pier_open_link(0, &pier_transport, "two");
    pier_dial(0, 1, 0, NULL);
    desk_clear(&pier_desk);
    pier.ticket = first;
    pier_resolve("10.0.0.1", NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 0);
    pier_resolve("", "no such name");
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_close_of_another_wire_changes_nothing(void)
{
    pier_open_link(0, &pier_transport, "-");
    pier_dial(0, 2, 0, NULL);
    pier_close_wire(0, 1, 1000, "late");
    pier_close_wire(0, 3, 1000, "early");
    CU_ASSERT_FALSE(pier.wires[0].closed);
}

// ---- promises ----

static void
dial_twice(void)
{
    pier_dial(0, 2, 0, NULL);
}

static void
forget_with_a_wire(void)
{
    pier_tell(HW_LETTER_LINK_FORGET, 0);
}

static void
a_link_has_one_wire_at_a_time_and_is_forgotten_after_it(void)
{
    pier_open_link(0, &pier_transport, "-");
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_TRUE(dies_saying(dial_twice, "one wire at a time"));
    CU_ASSERT_TRUE(
        dies_saying(forget_with_a_wire, "a link is forgotten after its wire"));
}

static void
a_forgotten_link_is_given_back(void)
{
    pier_open_link(0, &pier_transport, "name");
    pier_dial(0, 1, 0, "Token: x");
    pier_tell(HW_LETTER_LINK_FORGET, 0);
    CU_ASSERT_TRUE(desk_read_next(&pier_desk, HW_SUPERVISOR,
                                  HW_LETTER_LINK_FORGOTTEN, NULL));
    pier_resolve("10.0.0.1", NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 0);
}

static CU_TestInfo tests[] = {
    CHECK(a_transport_is_started_once_and_told_what_to_dial),
    CHECK(a_wire_that_opened_is_told_with_what_was_agreed_on),
    CHECK(a_numeric_host_is_dialled_as_it_is),
    CHECK(a_name_is_resolved_before_it_is_dialled),
    CHECK(all_addresses_of_a_name_are_tried_in_order),
    CHECK(an_address_that_opens_ends_the_search),
    CHECK(only_an_address_that_was_not_reached_makes_way_for_the_next),
    CHECK(a_name_that_cannot_be_resolved_is_a_loss_with_a_sentence),
    CHECK(a_name_that_cannot_even_be_asked_for_is_a_loss_too),
    CHECK(a_refused_dial_tries_the_next_address_and_tells_the_last_sentence),
    CHECK(a_refused_dial_without_a_sentence_tells_its_status),
    CHECK(a_transport_that_does_not_start_is_started_again_at_the_next_dial),
    CHECK(a_dial_under_way_is_closed_and_said_no_more_of),
    CHECK(a_name_that_nobody_wants_any_more_is_not_dialled),
    CHECK(a_late_answer_is_not_taken_for_that_of_the_next_dial),
    CHECK(a_late_answer_is_not_taken_for_that_of_the_rows_next_link),
    CHECK(a_close_of_another_wire_changes_nothing),
    CHECK(a_link_has_one_wire_at_a_time_and_is_forgotten_after_it),
    CHECK(a_forgotten_link_is_given_back),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("port dial", tests, pier_open, pier_close);
    return check_run(argc, argv);
}
