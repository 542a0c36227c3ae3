// queue_rate_test.c - no more messages a second than a server bears.
#include <hawser/inbox.h>

#include "actors/queue_desk.h"
#include "actors/roles.h"
#include "check.h"

static void
start(void)
{
    queue_open("confirm=peer rate.messages=10 rate.burst=3");
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
a_burst_goes_out_at_once_and_the_rest_at_the_rate(void)
{
    queue_bring_up(1);
    queue_send("a b c d e", 0);
    CU_ASSERT_TRUE(mails(1, "a b c"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    CU_ASSERT_TRUE(mails(1, ""));
    desk_pass(&queue_desk, 99);
    CU_ASSERT_TRUE(mails(1, ""));
    desk_pass(&queue_desk, 1);
    CU_ASSERT_TRUE(mails(1, "d"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    desk_pass(&queue_desk, 100);
    CU_ASSERT_TRUE(mails(1, "e"));
}

static void
a_pause_fills_the_bucket_and_no_more(void)
{
    queue_bring_up(1);
    queue_send("a b c", 0);
    CU_ASSERT_TRUE(mails(1, "a b c"));
    desk_pass(&queue_desk, 100000);
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_send("d e f g", 0);
    CU_ASSERT_TRUE(mails(1, "d e f"));
}

// A server that punishes speed punishes it on the next connection too.
static void
the_flush_after_a_loss_keeps_to_the_rate(void)
{
    queue_bring_up(1);
    queue_send("a b c d", 0);
    CU_ASSERT_TRUE(mails(1, "a b c"));
    queue_gate(1, HW_GATE_SHUT);
    queue_bring_up(2);
    CU_ASSERT_TRUE(mails(2, ""));
    desk_pass(&queue_desk, 100);
    CU_ASSERT_TRUE(mails(2, "a"));
}

static void
greetings_count_as_messages(void)
{
    for (uint64_t id = 1; id <= 4; id++) {
        queue_standing_add(id, "s");
    }
    queue_hear(HW_LETTER_WANT, 1, 0);
    queue_gate(1, HW_GATE_REPLAY);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(queue_mails(HW_LETTER_GREETING_MAIL, 1, "s"));
        queue_hear(HW_LETTER_GREETING_TAKEN, 1, 0);
        queue_hear(HW_LETTER_WANT, 1, 0);
    }
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_GREETING_MAIL, 1, ""));
    desk_pass(&queue_desk, 100);
    CU_ASSERT_TRUE(queue_mails(HW_LETTER_GREETING_MAIL, 1, "s"));
}

// A clock of milliseconds could not tell single ones apart.
static void
a_high_rate_is_kept_over_a_second(void)
{
    struct hw_letter letter;
    unsigned count = 0;

    stop();
    queue_open("rate.messages=50000 spool.max_messages=200000");
    queue_bring_up(1);
    for (int i = 0; i < 2000; i++) {
        queue_send(
            "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d "
            "e f g h i j k l m n o p q r s t u v w x",
            0);
    }
    for (int ms = 0; ms < 1000; ms++) {
        desk_pass(&queue_desk, 1);
        while (desk_read(&queue_desk, HW_SENDER, HW_LETTER_MAIL, &letter)) {
            count += letter.count;
            queue_hear(HW_LETTER_TAKEN, 1, letter.number + letter.count);
            desk_give_back(&letter);
            queue_hear(HW_LETTER_WANT, 1, 0);
        }
    }
    CU_ASSERT_TRUE(count >= 50000 && count <= 50000 + 500 + 50);
}

// The bucket gets its next drop while the queue looks at it.
static void
what_may_go_while_it_is_looked_at_goes(void)
{
    queue_bring_up(1);
    queue_send("a b c d", 0);
    CU_ASSERT_TRUE(mails(1, "a b c"));
    queue_hear(HW_LETTER_WANT, 1, 0);
    desk_pass(&queue_desk, 99);
    queue_desk.clock_us += 500;
    queue_desk.look_us = 300;
    queue_send("e", 0);
    queue_desk.look_us = 0;
    desk_pass(&queue_desk, 1);
    CU_ASSERT_TRUE(mails(1, "d"));
}

static void
a_link_that_waits_for_nothing_is_not_woken(void)
{
    queue_bring_up(1);
    queue_send("a b c", 0);
    CU_ASSERT_TRUE(mails(1, "a b c"));
    desk_pass(&queue_desk, 1000);
    CU_ASSERT_EQUAL(queue_desk.seat.wake_at_ms, UINT64_MAX);
}

static CU_TestInfo tests[] = {
    CHECK(a_burst_goes_out_at_once_and_the_rest_at_the_rate),
    CHECK(a_pause_fills_the_bucket_and_no_more),
    CHECK(the_flush_after_a_loss_keeps_to_the_rate),
    CHECK(greetings_count_as_messages),
    CHECK(a_high_rate_is_kept_over_a_second),
    CHECK(what_may_go_while_it_is_looked_at_goes),
    CHECK(a_link_that_waits_for_nothing_is_not_woken),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("queue, rates", tests, start, stop);
    return check_run(argc, argv);
}
