// receiver_inbox_test.c - events, receipts, and the inboxes that they go to.
#include <hawser/inbox.h>

#include "actors/receiver_desk.h"
#include "base/dies.h"
#include "check.h"
#include "values/report.h"

enum { EVENTS_UNREAD_MAX = 256 }; // as the receiver has it

// ---- events and receipts ----

static void
events_are_passed_on_as_they_are(void)
{
    struct hw_letter letter;
    const struct hw_report *report;

    receiver_open("");
    receiver_tell_event(HAWSER_DIALING);
    CU_ASSERT_TRUE_FATAL(inbox_hears(0, HW_LETTER_EVENT, &letter));
    CU_ASSERT_EQUAL(letter.note, HAWSER_DIALING);
    CU_ASSERT_EQUAL(letter.wire, 1);
    report = letter.thing;
    CU_ASSERT_TRUE(report->at_ms > INT64_C(1500000000000));
    CU_ASSERT_STRING_EQUAL(report->error, "");
    desk_give_back(&letter);
}

static void
a_slow_reader_learns_how_things_stand_and_how_much_it_missed(void)
{
    struct hw_letter letter;

    receiver_open("");
    for (int i = 0; i < EVENTS_UNREAD_MAX + 3; i++) {
        receiver_tell_event(HAWSER_WAITING);
    }
    receiver_tell_event(HAWSER_UP);
    for (int i = 0; i < EVENTS_UNREAD_MAX; i++) {
        CU_ASSERT_TRUE(inbox_is_told(HAWSER_WAITING));
    }
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    receiver_credit(0, 0, 1);
    CU_ASSERT_TRUE(inbox_hears(0, HW_LETTER_EVENTS_MISSED, &letter));
    CU_ASSERT_EQUAL(letter.count, 3);
    CU_ASSERT_TRUE(inbox_is_told(HAWSER_UP));
    receiver_tell_event(HAWSER_UP);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
}

static void
the_last_event_always_comes(void)
{
    receiver_open("");
    for (int i = 0; i < EVENTS_UNREAD_MAX; i++) {
        receiver_tell_event(HAWSER_WAITING);
        CU_ASSERT_TRUE(inbox_is_told(HAWSER_WAITING));
    }
    receiver_tell_event(HAWSER_WAITING);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    receiver_tell_event(HAWSER_CLOSED);
    CU_ASSERT_FALSE(inbox_is_told(HAWSER_CLOSED)); // EVENTS_MISSED is first
    CU_ASSERT_TRUE(inbox_is_told(HAWSER_CLOSED));
}

static void
receipts_are_passed_on(void)
{
    const struct hw_letter receipt = { .kind = HW_LETTER_RECEIPT,
                                       .note = HAWSER_DROPPED,
                                       .number = 77 };
    struct hw_letter letter;

    receiver_open("");
    desk_write(&receiver_desk, HW_QUEUE, &receipt);
    desk_write(&receiver_desk, HW_DOOR, &receipt);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_TRUE(inbox_hears(0, HW_LETTER_RECEIPT, &letter));
        CU_ASSERT_EQUAL(letter.number, 77);
        CU_ASSERT_EQUAL(letter.note, HAWSER_DROPPED);
    }
}

// ---- receiver_inboxes ----

static void
each_link_is_heard_in_its_own_inbox(void)
{
    const struct hw_letter receipt = { .kind = HW_LETTER_RECEIPT, .link = 1 };
    struct hw_letter letter;

    receiver_open("");
    receiver_open_inbox(1);
    receiver_open_link(1, 1, "");
    desk_write(&receiver_desk, HW_QUEUE, &receipt);
    CU_ASSERT_TRUE(inbox_hears_nothing(0));
    CU_ASSERT_TRUE(inbox_hears(1, HW_LETTER_RECEIPT, &letter));
    CU_ASSERT_EQUAL(letter.link, 1);
}

static void
the_last_letter_to_an_inbox_gives_its_mailbox_back(void)
{
    const struct hw_letter close = { .kind = HW_LETTER_INBOX_CLOSE,
                                     .count = 1 };
    struct hw_letter letter;

    receiver_open("");
    receiver_open_inbox(1);
    desk_write(&receiver_desk, HW_DOOR, &close);
    CU_ASSERT_TRUE(inbox_hears(1, HW_LETTER_INBOX_CLOSED, &letter));
    CU_ASSERT_PTR_NOT_NULL(letter.thing);
    hw_mailbox_close(letter.thing);
    hw_mailbox_close(receiver_inboxes[1]);
    receiver_open_inbox(1); // its number may be used again
}

static void
open_an_inbox_twice(void)
{
    receiver_open_inbox(0);
}

static void
an_inbox_has_a_number_of_its_own(void)
{
    receiver_open("");
    CU_ASSERT_TRUE(
        dies_saying(open_an_inbox_twice, "an inbox has a number of its own"));
}

static CU_TestInfo tests[] = {
    CHECK(events_are_passed_on_as_they_are),
    CHECK(a_slow_reader_learns_how_things_stand_and_how_much_it_missed),
    CHECK(the_last_event_always_comes),
    CHECK(receipts_are_passed_on),
    CHECK(each_link_is_heard_in_its_own_inbox),
    CHECK(the_last_letter_to_an_inbox_gives_its_mailbox_back),
    CHECK(an_inbox_has_a_number_of_its_own),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("receiver inbox", tests, NULL, receiver_close);
    return check_run(argc, argv);
}
