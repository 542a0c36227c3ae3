// queue_lanes_test.c - priorities: weighted turns, and order within a lane.
#include <hawser/inbox.h>
#include <hawser/link.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static struct hw_meter *const meter = &queue_desk.meters[0];

static void
start(void)
{
    queue_open("confirm=peer");
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
send_in(uint8_t lane, const char *texts, uint64_t tag)
{
    queue_send_with(texts, tag, (struct hw_policy){ .lane = lane });
}

static void
the_higher_goes_first(void)
{
    send_in(HAWSER_LOW, "l", 0);
    queue_send("n", 0);
    send_in(HAWSER_HIGH, "h", 0);
    queue_bring_up(1);
    CU_ASSERT_TRUE(mails(1, "h"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "n"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "l"));
}

static unsigned
count_mail(char *first)
{
    struct hw_letter letter = { 0 };
    const struct hw_batch *batch;
    unsigned count = 0;

    *first = ' ';
    if (desk_read(&queue_desk, HW_SENDER, HW_LETTER_MAIL, &letter)) {
        batch = letter.thing;
        *first = (char)batch->messages[letter.note].bytes[0];
        count = letter.count;
        desk_give_back(&letter);
    }
    return count;
}

// In each round of turns 256, 64 and 16; the lowest is never left out.
static void
turns_are_weighted_and_none_starves(void)
{
    unsigned sums[128] = { 0 }, handed = 0;

    for (int i = 0; i < 1000; i++) {
        send_in(HAWSER_LOW, "l", 0);
        queue_send("n", 0);
        send_in(HAWSER_HIGH, "h", 0);
    }
    queue_bring_up(1);
    while (handed < 336 * 2) {
        char first;
        unsigned count = count_mail(&first);

        CU_ASSERT_TRUE_FATAL(count > 0);
        sums[(unsigned)first] += count;
        handed += count;
        queue_hear(HW_LETTER_WANT, 1, 0);
    }
    CU_ASSERT_EQUAL(sums['h'], 512);
    CU_ASSERT_EQUAL(sums['n'], 128);
    CU_ASSERT_EQUAL(sums['l'], 32);
}

static void
a_lane_that_waits_alone_goes_out_as_ever(void)
{
    queue_bring_up(1);
    send_in(HAWSER_HIGH, "a b c", 0);
    CU_ASSERT_TRUE(queue_mails_at(0, 1, "a b c"));
    queue_send("d e", 0);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(queue_mails_at(3, 1, "d e"));
}

// Passing is told in the order of handing; receipts follow it.
static void
what_has_passed_is_settled_in_its_lane(void)
{
    queue_bring_up(1);
    queue_send("n1 n2", 1);
    CU_ASSERT_TRUE(queue_mails_at(0, 1, "n1 n2"));
    queue_send("n3", 3);
    send_in(HAWSER_HIGH, "h1 h2", 11);
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(queue_mails_at(2, 1, "h1 h2"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(queue_mails_at(4, 1, "n3"));
    queue_hear(HW_LETTER_PASSED, 1, 1);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 1);
    queue_hear(HW_LETTER_PASSED, 1, 3);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_SETTLED));
    CU_ASSERT_TRUE(queue_receipts(11, HAWSER_SETTLED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 2);
    queue_hear(HW_LETTER_PASSED, 1, 5);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 5);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 5);
}

static void
after_a_loss_each_lane_goes_on_in_its_order(void)
{
    queue_bring_up(1);
    queue_send("n1", 1);
    queue_hear(HW_LETTER_WANT, 1, 0);
    send_in(HAWSER_LOW, "l1", 2);
    queue_hear(HW_LETTER_WANT, 1, 0);
    desk_clear(&queue_desk);
    queue_gate(1, HW_GATE_SHUT);
    queue_send("n2", 3);
    queue_bring_up(2);
    CU_ASSERT_TRUE(mails(2, "n1"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "n2"));
    queue_hear(HW_LETTER_WANT, 2, 0);
    CU_ASSERT_TRUE(mails(2, "l1"));
    queue_hear(HW_LETTER_PASSED, 1, 99); // late, of the earlier wire
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 0);
}

static void
the_lowest_is_dropped_first(void)
{
    stop();
    queue_open("overflow=drop-oldest spool.max_messages=2");
    send_in(HAWSER_HIGH, "h", 1);
    send_in(HAWSER_LOW, "l", 2);
    queue_send("n", 3);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED));
    queue_send("m", 4);
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_DROPPED));
}

static void
what_is_left_in_any_lane_is_told_at_the_end(void)
{
    struct hw_letter letter;

    send_in(HAWSER_HIGH, "h", 1);
    send_in(HAWSER_LOW, "l", 2);
    queue_tell(HW_LETTER_LINK_FORGET);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED));
    CU_ASSERT_TRUE(desk_read(&queue_desk, HW_SUPERVISOR,
                             HW_LETTER_LINK_FORGOTTEN, &letter));
    CU_ASSERT_EQUAL(letter.number, 2);
}

// Settled by tags, there is no end of runs that were handed and not settled.
static void
the_application_settles_in_any_lane(void)
{
    stop();
    queue_open("confirm=application");
    queue_bring_up(1);
    for (uint64_t i = 0; i < 5000; i++) {
        send_in(i % 2 == 0 ? HAWSER_HIGH : HAWSER_LOW, "x", i + 1);
        CU_ASSERT_TRUE(mails(1, "x"));
        queue_hear(HW_LETTER_WANT, 1, 0);
        if (i % 1000 == 999) {
            desk_clear(&queue_desk);
            queue_desk.said_count = 0;
        }
    }
    queue_settle(4999, true);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 2500);
    queue_settle(2, false);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 2501);
}

static CU_TestInfo tests[] = {
    CHECK(the_higher_goes_first),
    CHECK(turns_are_weighted_and_none_starves),
    CHECK(a_lane_that_waits_alone_goes_out_as_ever),
    CHECK(what_has_passed_is_settled_in_its_lane),
    CHECK(after_a_loss_each_lane_goes_on_in_its_order),
    CHECK(the_lowest_is_dropped_first),
    CHECK(what_is_left_in_any_lane_is_told_at_the_end),
    CHECK(the_application_settles_in_any_lane),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue, lanes", tests, start, stop);
    return check_run(argc, argv);
}
