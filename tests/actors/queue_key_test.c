// queue_key_test.c - of a key, only the newest message waits.
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
send_keyed(const char *text, uint64_t tag, const char *key, uint8_t lane)
{
    queue_send_with(text, tag,
                    (struct hw_policy){ .key = (const uint8_t *)key,
                                        .key_size = (uint16_t)strlen(key),
                                        .lane = lane });
}

// All that waits, in order.
static void
expect_mails(uint32_t wire, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(mails(wire, texts[i]));
        queue_hear(HW_LETTER_WANT, wire, 0);
    }
    CU_ASSERT_TRUE(mails(wire, ""));
}

// One that is renewed faster than it can be sent would never go out from the
// end of the queue.
static void
the_newer_takes_the_place_of_the_older(void)
{
    send_keyed("a1", 1, "a", HAWSER_NORMAL);
    send_keyed("b1", 2, "b", HAWSER_NORMAL);
    queue_send("c", 3);
    send_keyed("a2", 4, "a", HAWSER_NORMAL);
    send_keyed("a33", 5, "a", HAWSER_NORMAL);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_TRUE(queue_receipts(4, HAWSER_DROPPED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 2);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->released_bytes), 4);
    queue_bring_up(1);
    expect_mails(1, (const char *[]){ "a33", "b1", "c" }, 3);
    queue_hear(HW_LETTER_PASSED, 1, 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->settled), 3);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->reached), 5);
}

static void
what_is_in_flight_is_not_replaced(void)
{
    queue_bring_up(1);
    send_keyed("a1", 1, "a", HAWSER_NORMAL);
    CU_ASSERT_TRUE(mails(1, "a1"));
    send_keyed("a2", 2, "a", HAWSER_NORMAL);
    send_keyed("a3", 3, "a", HAWSER_NORMAL);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, "a3"));
}

static void
of_what_waits_again_after_a_loss_the_newest_is_kept(void)
{
    queue_bring_up(1);
    send_keyed("a1", 1, "a", HAWSER_NORMAL);
    queue_hear(HW_LETTER_WANT, 1, 0);
    send_keyed("b1", 2, "b", HAWSER_NORMAL);
    queue_hear(HW_LETTER_WANT, 1, 0);
    send_keyed("a2", 3, "a", HAWSER_NORMAL);
    desk_clear(&queue_desk);
    send_keyed("b2", 4, "b", HAWSER_NORMAL); // waits
    queue_gate(1, HW_GATE_SHUT);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED)); // a2 is newer
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED)); // and so is b2
    CU_ASSERT_EQUAL(HW_METER_GET(meter->resent), 1);
    queue_bring_up(2);
    expect_mails(2, (const char *[]){ "a2", "b2" }, 2);
}

static void
a_newer_one_of_another_priority_waits_in_its_own_lane(void)
{
    send_keyed("a1", 1, "a", HAWSER_NORMAL);
    queue_send("b", 2);
    send_keyed("a2", 3, "a", HAWSER_HIGH);
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    queue_bring_up(1);
    expect_mails(1, (const char *[]){ "a2", "b" }, 2);
}

// The older would be the last that the peer hears of it.
static void
after_a_loss_the_newest_is_kept_in_whichever_lane(void)
{
    queue_bring_up(1);
    send_keyed("a1", 1, "a", HAWSER_LOW);
    queue_hear(HW_LETTER_WANT, 1, 0);
    send_keyed("b1", 2, "b", HAWSER_HIGH);
    queue_hear(HW_LETTER_WANT, 1, 0);
    send_keyed("b2", 3, "b", HAWSER_LOW);
    desk_clear(&queue_desk);
    send_keyed("a2", 4, "a", HAWSER_HIGH); // waits
    queue_gate(1, HW_GATE_SHUT);
    CU_ASSERT_TRUE(queue_receipts(2, HAWSER_DROPPED));
    CU_ASSERT_TRUE(queue_receipts(1, HAWSER_DROPPED));
    CU_ASSERT_EQUAL(HW_METER_GET(meter->resent), 1);
    send_keyed("b3", 5, "b", HAWSER_LOW);
    CU_ASSERT_TRUE(queue_receipts(3, HAWSER_DROPPED));
    queue_bring_up(2);
    expect_mails(2, (const char *[]){ "a2", "b3" }, 2);
}

// What is renewed for ever while nothing goes out takes the room of one.
static void
many_keys_are_renewed_in_their_places(void)
{
    char text[16];

    for (unsigned i = 0; i < 3000; i++) {
        (void)snprintf(text, sizeof text, "%u", i % 100);
        send_keyed(text, 0, text, HAWSER_NORMAL);
    }
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 2900);
    queue_bring_up(1);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        CU_ASSERT_TRUE(mails(1, text));
        queue_hear(HW_LETTER_WANT, 1, 0);
    }
    CU_ASSERT_TRUE(mails(1, ""));
}

static void
one_that_was_taken_out_is_not_remembered(void)
{
    send_keyed("a1", 1, "a", HAWSER_NORMAL);
    CU_ASSERT_TRUE(
        queue_answers(HW_LETTER_CANCEL, 1, HAWSER_PHASE_WAITING, true));
    send_keyed("a2", 2, "a", HAWSER_NORMAL);
    CU_ASSERT_EQUAL(HW_METER_GET(meter->dropped), 1);
    queue_bring_up(1);
    CU_ASSERT_TRUE(mails(1, "a2"));
}

static CU_TestInfo tests[] = {
    CHECK(the_newer_takes_the_place_of_the_older),
    CHECK(what_is_in_flight_is_not_replaced),
    CHECK(of_what_waits_again_after_a_loss_the_newest_is_kept),
    CHECK(a_newer_one_of_another_priority_waits_in_its_own_lane),
    CHECK(after_a_loss_the_newest_is_kept_in_whichever_lane),
    CHECK(many_keys_are_renewed_in_their_places),
    CHECK(one_that_was_taken_out_is_not_remembered),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue, keys", tests, start, stop);
    return check_run(argc, argv);
}
