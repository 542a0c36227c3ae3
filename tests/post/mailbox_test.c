// mailbox_test.c - what is said at one end is heard at the other, in order.
#include "post/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

enum { THOUSANDS = 20000, PIPES = 100 };

static struct hw_post *post;
static struct hw_mailbox *here, *there;

static void
start(void)
{
    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &post), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hw_pipe_open(post, &here, &there), HAWSER_OK);
}

static void
stop(void)
{
    hw_mailbox_close(here);
    hw_mailbox_close(there);
    hw_post_close(post);
}

static void
say(struct hw_mailbox *mailbox, uint64_t number)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_TAKEN,
        .note = (uint16_t)number,
        .link = (uint32_t)number + 1,
        .wire = (uint32_t)number + 2,
        .count = (uint32_t)number + 3,
        .number = number,
        .thing = mailbox,
    };

    hw_mailbox_say(mailbox, &letter);
}

static bool
hears(struct hw_mailbox *mailbox, struct hw_mailbox *from, uint64_t number)
{
    struct hw_letter letter;

    return hw_mailbox_hear(mailbox, &letter) &&
           letter.kind == HW_LETTER_TAKEN && letter.note == (uint16_t)number &&
           letter.link == (uint32_t)number + 1 &&
           letter.wire == (uint32_t)number + 2 &&
           letter.count == (uint32_t)number + 3 && letter.number == number &&
           letter.thing == from;
}

static bool
hears_nothing(struct hw_mailbox *mailbox)
{
    struct hw_letter letter;

    return !hw_mailbox_hear(mailbox, &letter);
}

static bool
is_readable(struct hw_mailbox *mailbox, int timeout_ms)
{
    struct pollfd fd = { .fd = hw_mailbox_fd(mailbox), .events = POLLIN };

    return poll(&fd, 1, timeout_ms) == 1;
}

static void
where_nothing_was_said_nothing_is_heard(void)
{
    CU_ASSERT_TRUE(hears_nothing(here));
    CU_ASSERT_TRUE(hears_nothing(there));
}

static void
a_letter_is_heard_whole_at_the_other_end_and_once(void)
{
    say(here, 70000);
    CU_ASSERT_TRUE(hears_nothing(here));
    CU_ASSERT_TRUE(hears(there, here, 70000));
    CU_ASSERT_TRUE(hears_nothing(there));
}

static void
both_ends_say_and_hear(void)
{
    say(here, 1);
    say(there, 2);
    CU_ASSERT_TRUE(hears(here, there, 2));
    CU_ASSERT_TRUE(hears(there, here, 1));
}

static void
thousands_are_taken_without_waiting_and_heard_in_order(void)
{
    int wrong = 0;

    for (uint64_t i = 0; i < THOUSANDS; i++) {
        say(here, i);
    }
    for (uint64_t i = 0; i < THOUSANDS; i++) {
        wrong += !hears(there, here, i);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(hears_nothing(there));
}

static void
after_false_the_descriptor_tells_of_the_next_letter(void)
{
    for (uint64_t i = 0; i < 50; i++) {
        CU_ASSERT_TRUE(hears_nothing(there));
        CU_ASSERT_FALSE(is_readable(there, 0));
        say(here, i);
        CU_ASSERT_TRUE(is_readable(there, 1000));
        CU_ASSERT_TRUE(hears(there, here, i));
    }
}

static void *
say_thousands(void *mailbox)
{
    for (uint64_t i = 0; i < THOUSANDS; i++) {
        say(mailbox, i);
    }
    return NULL;
}

// Waits on the descriptor whenever there is nothing to hear.
static void
letters_from_another_thread_come_in_order(void)
{
    pthread_t thread;
    int wrong = 0;

    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, say_thousands, here),
                          0);
    for (uint64_t i = 0; i < THOUSANDS && wrong == 0; i++) {
        struct hw_letter letter = { 0 };

        while (!hw_mailbox_hear(there, &letter) && wrong == 0) {
            wrong += !is_readable(there, 10000);
        }
        wrong += letter.number != i;
    }
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(hears_nothing(there));
}

static void
pipes_do_not_hear_each_other(void)
{
    static struct hw_mailbox *ends[PIPES][2];

    for (unsigned i = 0; i < PIPES; i++) {
        CU_ASSERT_EQUAL_FATAL(hw_pipe_open(post, &ends[i][0], &ends[i][1]),
                              HAWSER_OK);
    }
    for (unsigned i = 0; i < PIPES; i++) {
        say(ends[i][0], i);
    }
    for (unsigned i = PIPES; i-- > 0;) {
        CU_ASSERT_TRUE(hears(ends[i][1], ends[i][0], i));
        CU_ASSERT_TRUE(hears_nothing(ends[i][1]));
        CU_ASSERT_TRUE(hears_nothing(ends[i][0]));
    }
    for (unsigned i = 0; i < PIPES; i++) {
        hw_mailbox_close(ends[i][0]);
        hw_mailbox_close(ends[i][1]);
    }
}

static void
a_mailbox_is_closed_with_letters_unheard(void)
{
    for (uint64_t i = 0; i < 1000; i++) {
        say(here, i);
        say(there, i);
    }
    hw_mailbox_close(there);
    there = NULL;
    hw_mailbox_close(NULL);
}

static void
two_posts_do_not_share_their_pipes(void)
{
    struct hw_post *other;
    struct hw_mailbox *one, *two;

    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &other), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hw_pipe_open(other, &one, &two), HAWSER_OK);
    say(one, 5);
    CU_ASSERT_TRUE(hears_nothing(there));
    CU_ASSERT_TRUE(hears(two, one, 5));
    hw_mailbox_close(one);
    hw_mailbox_close(two);
    hw_post_close(other);
}

static CU_TestInfo tests[] = {
    CHECK(where_nothing_was_said_nothing_is_heard),
    CHECK(a_letter_is_heard_whole_at_the_other_end_and_once),
    CHECK(both_ends_say_and_hear),
    CHECK(thousands_are_taken_without_waiting_and_heard_in_order),
    CHECK(after_false_the_descriptor_tells_of_the_next_letter),
    CHECK(letters_from_another_thread_come_in_order),
    CHECK(pipes_do_not_hear_each_other),
    CHECK(a_mailbox_is_closed_with_letters_unheard),
    CHECK(two_posts_do_not_share_their_pipes),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("mailbox", tests, start, stop);
    return check_run(argc, argv);
}
