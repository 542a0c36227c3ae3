// draft_test.c - messages that are written piece by piece.
#include <stdint.h>
#include <string.h>

#include <hawser/message.h>

#include "check.h"

static hawser_draft *
new_draft(size_t room)
{
    hawser_draft *draft = NULL;

    CU_ASSERT_EQUAL_FATAL(hawser_draft_new(room, &draft), HAWSER_OK);
    return draft;
}

static void
pieces_become_one_message(void)
{
    hawser_draft *draft = new_draft(0);
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_draft_write(draft, "one", 3), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_draft_write(draft, NULL, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_draft_write(draft, " two", 4), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_draft_finish(draft, HAWSER_TEXT, &message),
                          HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_message_size(message), 7);
    CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(message), "one two", 7), 0);
    CU_ASSERT_EQUAL(hawser_message_kind(message), HAWSER_TEXT);
    hawser_message_drop(hawser_message_hold(message));
    hawser_message_drop(message);
}

static void
an_empty_draft_is_an_empty_message(void)
{
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL_FATAL(
        hawser_draft_finish(new_draft(9), HAWSER_BINARY, &message), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_message_size(message), 0);
    CU_ASSERT_PTR_NOT_NULL(hawser_message_bytes(message));
    hawser_message_drop(message);
}

static void
it_grows_past_the_room_asked_for(void)
{
    enum { TIMES = 50000 };
    hawser_draft *draft = new_draft(10);
    hawser_message *message = NULL;
    const uint32_t *numbers;
    unsigned wrong = 0;

    for (uint32_t i = 0; i < TIMES; i++) {
        wrong += hawser_draft_write(draft, &i, sizeof i) != HAWSER_OK;
    }
    CU_ASSERT_EQUAL_FATAL(hawser_draft_finish(draft, HAWSER_BINARY, &message),
                          HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hawser_message_size(message), TIMES * 4);
    numbers = hawser_message_bytes(message);
    for (uint32_t i = 0; i < TIMES; i++) {
        uint32_t number;

        memcpy(&number, &numbers[i], sizeof number);
        wrong += number != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    hawser_message_drop(message);
}

static void
what_is_not_valid_is_refused(void)
{
    hawser_message *message = NULL;
    hawser_draft *draft = new_draft(0);

    CU_ASSERT_EQUAL(hawser_draft_new(0, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_draft_write(NULL, "x", 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_draft_write(draft, NULL, 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_draft_write(draft, "\xff", 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_draft_finish(draft, HAWSER_TEXT, &message),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_draft_finish(new_draft(0), (hawser_kind)7, &message),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_draft_finish(NULL, HAWSER_TEXT, &message),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_draft_finish(new_draft(0), HAWSER_TEXT, NULL),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NULL(message);
}

static void
what_is_too_big_spoils_it(void)
{
    hawser_draft *draft = new_draft(0);
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_draft_write(draft, "x", 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_draft_write(draft, "x", 0x7fffffff), HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(hawser_draft_write(draft, "x", 1), HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(hawser_draft_finish(draft, HAWSER_BINARY, &message),
                    HAWSER_TOO_BIG);
}

static void
a_draft_may_be_given_up(void)
{
    hawser_draft *draft = new_draft(1000);

    CU_ASSERT_EQUAL(hawser_draft_write(draft, "x", 1), HAWSER_OK);
    hawser_draft_drop(draft);
    hawser_draft_drop(NULL);
}

static CU_TestInfo tests[] = {
    CHECK(pieces_become_one_message),
    CHECK(an_empty_draft_is_an_empty_message),
    CHECK(it_grows_past_the_room_asked_for),
    CHECK(what_is_not_valid_is_refused),
    CHECK(what_is_too_big_spoils_it),
    CHECK(a_draft_may_be_given_up),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("draft", tests)
