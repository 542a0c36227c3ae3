// queue_limits_test.c - what a full spool means.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];

static void
stop(void)
{
    queue_close();
}

static void
bring_up(uint32_t wire)
{
    queue_hear(HW_LETTER_WANT, wire, 0);
    queue_gate(wire, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_SUPERVISOR, HW_LETTER_GREETED, NULL));
    queue_gate(wire, HW_GATE_FLOW);
}

static bool
mails(uint32_t wire, const char *texts)
{
    return queue_mails(HW_LETTER_MAIL, wire, texts);
}

static void
at_the_limit_nothing_is_dropped_and_one_past_it_the_oldest_is(void)
{
    queue_open("overflow=drop-oldest spool.max_messages=3");
    queue_send("a b", 1);
    queue_send("c", 3);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    queue_send("d", 4);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 1);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_messages), 1);
    queue_send("e f", 5);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED));
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_DROPPED));
    bring_up(1);
    CU_ASSERT_TRUE(mails(1, "d"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "e f"));
}

static void
a_limit_in_bytes_is_kept_likewise(void)
{
    queue_open("overflow=drop-oldest spool.max_bytes=10");
    queue_send("aaaa bbbbbb", 1);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    queue_send("c", 3);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_bytes), 4);
}

static void
one_message_always_fits(void)
{
    queue_open("overflow=drop-oldest spool.max_bytes=4");
    queue_send("larger-than-all", 1);
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
    queue_send("even-larger-than-that", 2);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    bring_up(1);
    CU_ASSERT_TRUE(mails(1, "even-larger-than-that"));
}

static void
what_is_in_flight_is_not_dropped(void)
{
    queue_open("overflow=drop-oldest spool.max_messages=2 confirm=peer");
    bring_up(1);
    queue_send("a b", 1);
    CU_ASSERT_TRUE(mails(1, "a b"));
    queue_send("c", 3);
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_DROPPED));
    queue_hear(HW_LETTER_PASSED, 1, 2);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_SETTLED));
    queue_send("d", 4);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "d"));
    queue_hear(HW_LETTER_PASSED, 1, 4);
    CU_ASSERT_TRUE(queue_receipts(4, HAWSER_SETTLED));
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
other_policies_leave_the_spool_to_the_door(void)
{
    static const char *const policies[] = {
        "overflow=refuse spool.max_messages=1",
        "overflow=block spool.max_messages=1",
        "overflow=drop-newest spool.max_messages=1",
    };

    for (size_t i = 0; i < 3; i++) {
        queue_open(policies[i]);
        queue_send("a b", 1);
        CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
        bring_up(1);
        CU_ASSERT_TRUE(mails(1, "a b"));
        if (i < 2) {
            queue_close();
        }
    }
}

static void
a_copy_left_over_from_an_earlier_wire_does_not_keep_the_limit_away(void)
{
    queue_open("overflow=drop-oldest spool.max_messages=2");
    queue_gate(1, HW_GATE_FLOW);
    queue_standing_add(1, "subscribe");
    queue_gate(1, HW_GATE_SHUT);
    for (uint64_t tag = 1; tag <= 10; tag++) {
        queue_send("m", tag);
    }
    for (uint64_t tag = 1; tag <= 8; tag++) {
        CU_ASSERT_TRUE(queue_receipts(tag, HAWSER_DROPPED));
    }
    CU_ASSERT_TRUE(desk_is_silent(&queue_desk));
}

static void
what_is_not_confirmed_fills_a_window(void)
{
    static const char *const options[] = {
        "confirm=peer spool.max_messages=2",
        "confirm=peer confirm.window=2",
        "confirm=application confirm.window=2",
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        queue_open(options[i]);
        bring_up(1);
        queue_send("a", 0);
        queue_send("b", 0);
        queue_send("c", 0);
        CU_ASSERT_TRUE(mails(1, "a"));
        queue_hear(HW_LETTER_WANT, 1, 0);
        CU_ASSERT_TRUE(mails(1, "b"));
        queue_hear(HW_LETTER_WANT, 1, 0);
        CU_ASSERT_TRUE(mails(1, ""));
        if (i < 2) {
            queue_hear(HW_LETTER_PASSED, 1, 1);
            CU_ASSERT_TRUE(mails(1, "c"));
            queue_close();
        }
    }
}

static void
the_window_does_not_limit_what_nobody_confirms(void)
{
    queue_open("confirm.window=1");
    bring_up(1);
    queue_send("a b c", 0);
    CU_ASSERT_TRUE(mails(1, "a b c"));
}

static void
a_window_counts_bytes_too(void)
{
    queue_open("confirm=peer spool.max_bytes=5");
    bring_up(1);
    queue_send("12345", 0);
    queue_send("6", 0);
    CU_ASSERT_TRUE(mails(1, "12345"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, ""));
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_TRUE(mails(1, "6"));
}

static bool
says_room(void)
{
    return desk_read(&queue_desk, HW_DOOR, HW_LETTER_ROOM, NULL);
}

static void
room_is_told_to_who_waits_for_it_and_to_nobody_else(void)
{
    queue_open("overflow=block spool.max_messages=1");
    bring_up(1);
    queue_send("a", 0);
    queue_hear(HW_LETTER_TAKEN, 1, 1);
    CU_ASSERT_FALSE(says_room());
    atomic_store(&meter->blocked, 2);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_send("b", 0);
    CU_ASSERT_FALSE(says_room());
    queue_hear(HW_LETTER_TAKEN, 1, 2);
    CU_ASSERT_TRUE(says_room());
    queue_send("c", 0);
    queue_tell(HW_LETTER_LINK_FORGET);
    CU_ASSERT_TRUE(says_room());
}

static CU_TestInfo tests[] = {
    CHECK(at_the_limit_nothing_is_dropped_and_one_past_it_the_oldest_is),
    CHECK(a_limit_in_bytes_is_kept_likewise),
    CHECK(one_message_always_fits),
    CHECK(what_is_in_flight_is_not_dropped),
    CHECK(other_policies_leave_the_spool_to_the_door),
    CHECK(a_copy_left_over_from_an_earlier_wire_does_not_keep_the_limit_away),
    CHECK(what_is_not_confirmed_fills_a_window),
    CHECK(the_window_does_not_limit_what_nobody_confirms),
    CHECK(a_window_counts_bytes_too),
    CHECK(room_is_told_to_who_waits_for_it_and_to_nobody_else),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue limits", tests, NULL, stop);
    return check_run(argc, argv);
}
