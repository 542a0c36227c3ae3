// queue_ttl_test.c - messages whose time runs out while they wait.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];

static void
start(void)
{
    queue_open("confirm=peer message.ttl=100");
}

static void
stop(void)
{
    queue_close();
}

static bool
mails(uint32_t wire, const char *texts)
{
    return queue_mails(HW_LETTER_MAIL, wire, texts);
}

static void
send_for(const char *text, uint64_t tag, int64_t ttl_ms)
{
    queue_send_with(text, tag, (struct hw_policy){ .ttl_ms = ttl_ms });
}

static void
what_waits_for_too_long_is_given_up_in_time(void)
{
    queue_send("a b", 1);
    desk_pass(&queue_desk, 50);
    queue_send("c", 3);
    desk_pass(&queue_desk, 49);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    desk_pass(&queue_desk, 1);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_EXPIRED));
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_EXPIRED));
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->expired), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 2);
    queue_bring_up(1);
    CU_ASSERT_TRUE(mails(1, "c"));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 0);
}

static void
what_is_in_flight_does_not_expire_but_what_waits_again_does(void)
{
    queue_bring_up(1);
    queue_send("a", 1);
    CU_ASSERT_TRUE(mails(1, "a"));
    desk_pass(&queue_desk, 1000);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    queue_gate(1, HW_GATE_SHUT);
    desk_pass(&queue_desk, 0);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_EXPIRED));
}

// What is meant for one wire goes to no other: not after a loss, whether it
// waited or was in flight, and not if it comes late.
static void
what_is_bound_to_a_wire_goes_with_it(void)
{
    const struct hw_policy to_first = { .wire = 1, .ttl_ms = -1 };
    const struct hw_policy to_second = { .wire = 2, .ttl_ms = -1 };

    queue_bring_up(1);
    queue_send_with("a", 1, to_first);
    CU_ASSERT_TRUE(mails(1, "a"));
    queue_send_with("b", 2, to_first); // waits: the wire wants no more
    queue_gate(1, HW_GATE_SHUT);
    queue_send_with("c", 3, to_first); // late
    desk_pass(&queue_desk, 0);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_EXPIRED));
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_EXPIRED));
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_EXPIRED));
    queue_bring_up(2);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    queue_send_with("d", 4, to_first);
    queue_send_with("e", 5, to_second);
    CU_ASSERT_TRUE(queue_receipts(4, HAWSER_EXPIRED));
    CU_ASSERT_TRUE(mails(2, "e"));
}

// A loop that slept through the deadline hands nothing on that has expired.
static void
nothing_is_handed_on_after_its_time(void)
{
    queue_send("a", 1);
    send_for("b", 2, -1);
    queue_desk.clock_us += 500000;
    queue_bring_up(1);
    CU_ASSERT_TRUE(mails(1, "b"));
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_EXPIRED));
}

static void
a_message_may_have_a_time_of_its_own(void)
{
    send_for("long", 1, 300);
    send_for("short", 2, 10);
    send_for("ever", 3, -1);
    queue_send("usual", 4);
    desk_pass(&queue_desk, 11);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_EXPIRED));
    desk_pass(&queue_desk, 90);
    CU_ASSERT_TRUE(queue_receipts(4, HAWSER_EXPIRED));
    desk_pass(&queue_desk, 200);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_EXPIRED));
    desk_pass(&queue_desk, 100000);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    CU_ASSERT_EQUAL(queue_desk.seat.wake_at_ms, UINT64_MAX);
}

// Their times run out in no order: what is told late is told soon.
static void
many_times_in_any_order_are_all_kept(void)
{
    for (uint64_t i = 0; i < 1000; i++) {
        send_for("x", i + 1, (int64_t)(1 + i * 7919 % 1000));
    }
    desk_pass(&queue_desk, 1000 + 1000 / 64 + 1);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->expired), 1000);
    CU_ASSERT_EQUAL(desk_count(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT),
                    1000);
}

static void
the_last_to_expire_ends_a_drain(void)
{
    queue_send("a", 1);
    queue_tell(HW_LETTER_DRAIN);
    desk_pass(&queue_desk, 100);
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_SUPERVISOR, HW_LETTER_DRAINED, NULL));
}

static void
a_link_that_is_forgotten_has_no_time(void)
{
    queue_send("a", 1);
    queue_tell(HW_LETTER_LINK_FORGET);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_EQUAL(queue_desk.seat.wake_at_ms, UINT64_MAX);
}

static CU_TestInfo tests[] = {
    CHECK(what_waits_for_too_long_is_given_up_in_time),
    CHECK(what_is_in_flight_does_not_expire_but_what_waits_again_does),
    CHECK(what_is_bound_to_a_wire_goes_with_it),
    CHECK(nothing_is_handed_on_after_its_time),
    CHECK(a_message_may_have_a_time_of_its_own),
    CHECK(many_times_in_any_order_are_all_kept),
    CHECK(the_last_to_expire_ends_a_drain),
    CHECK(a_link_that_is_forgotten_has_no_time),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue, times to live", tests, start, stop);
    return check_run(argc, argv);
}
