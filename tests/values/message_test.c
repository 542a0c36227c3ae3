// message_test.c - immutable, reference-counted bytes.
#include <hawser/message.h>

#include <stdint.h>

#include "check.h"
#include "values/batch.h"

static void
a_message_is_a_copy_of_what_it_was_made_from(void)
{
    char bytes[] = { 'h', 'i', '\0', '!' };
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, bytes, 4, &message),
                    HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    memset(bytes, 0, sizeof bytes);
    CU_ASSERT_EQUAL(hawser_message_size(message), 4);
    CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(message), "hi\0!", 4), 0);
    CU_ASSERT_EQUAL(hawser_message_kind(message), HAWSER_BINARY);
    hawser_message_drop(message);
}

static void
an_empty_message_has_bytes_all_the_same(void)
{
    hawser_message *message = NULL;
    size_t size = 1;

    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_TEXT, NULL, 0, &message),
                    HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_PTR_NOT_NULL(hawser_message_bytes(message));
    CU_ASSERT_EQUAL(hawser_message_size(message), 0);
    CU_ASSERT_EQUAL(hawser_message_kind(message), HAWSER_TEXT);
    CU_ASSERT_PTR_NULL(hawser_message_topic(message, &size));
    CU_ASSERT_EQUAL(size, 0);
    hawser_message_drop(message);
}

static void
a_topic_is_kept_beside_the_bytes(void)
{
    hawser_message *message = NULL;
    size_t size = 0;

    CU_ASSERT_EQUAL(
        hawser_message_new_topic(HAWSER_BINARY, "news", 4, "body", 4, &message),
        HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_EQUAL(memcmp(hawser_message_topic(message, &size), "news", 4), 0);
    CU_ASSERT_EQUAL(size, 4);
    CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(message), "body", 4), 0);
    hawser_message_drop(message);
}

static void
a_topic_may_be_as_long_as_its_limit_and_no_longer(void)
{
    static char topic[65536];
    hawser_message *message = NULL;
    size_t size = 0;

    memset(topic, 't', sizeof topic);
    CU_ASSERT_EQUAL(
        hawser_message_new_topic(HAWSER_BINARY, topic, 65536, "b", 1, &message),
        HAWSER_TOO_BIG);
    CU_ASSERT_PTR_NULL(message);
    CU_ASSERT_EQUAL(
        hawser_message_new_topic(HAWSER_BINARY, topic, 65535, "b", 1, &message),
        HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_EQUAL(memcmp(hawser_message_topic(message, &size), topic, 65535),
                    0);
    CU_ASSERT_EQUAL(size, 65535);
    hawser_message_drop(message);
}

static void
what_no_message_can_be_made_of_is_refused(void)
{
    static const struct {
        int kind;
        const char *bytes;
        size_t size;
        hawser_status status;
    } cases[] = {
        { HAWSER_BINARY, NULL, 1, HAWSER_INVALID },
        { 2, "x", 1, HAWSER_INVALID },
        { -1, "x", 1, HAWSER_INVALID },
        { HAWSER_TEXT, "\xff", 1, HAWSER_INVALID },
        { HAWSER_BINARY, "x", (size_t)INT32_MAX + 1, HAWSER_TOO_BIG },
        { HAWSER_TEXT, "x", SIZE_MAX, HAWSER_TOO_BIG },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hawser_message *message = NULL;

        CU_ASSERT_EQUAL(hawser_message_new((hawser_kind)cases[i].kind,
                                           cases[i].bytes, cases[i].size,
                                           &message),
                        cases[i].status);
        CU_ASSERT_PTR_NULL(message);
    }
    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "x", 1, NULL),
                    HAWSER_INVALID);
}

static void
a_topic_of_nowhere_is_refused(void)
{
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(
        hawser_message_new_topic(HAWSER_BINARY, NULL, 1, "x", 1, &message),
        HAWSER_INVALID);
    CU_ASSERT_PTR_NULL(message);
}

static void
bytes_that_are_no_text_are_a_binary_message(void)
{
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "\xff\xfe", 2, &message),
                    HAWSER_OK);
    hawser_message_drop(message);
}

static void
a_message_lives_as_long_as_it_is_held(void)
{
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "held", 4, &message),
                    HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_PTR_EQUAL(hawser_message_hold(message), message);
    CU_ASSERT_EQUAL(atomic_load(&hw_batch_of(message)->holds), 2);
    hawser_message_drop(message);
    CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(message), "held", 4), 0);
    CU_ASSERT_EQUAL(atomic_load(&hw_batch_of(message)->holds), 1);
    hawser_message_drop(message);
    hawser_message_drop(NULL);
}

static CU_TestInfo tests[] = {
    CHECK(a_message_is_a_copy_of_what_it_was_made_from),
    CHECK(an_empty_message_has_bytes_all_the_same),
    CHECK(a_topic_is_kept_beside_the_bytes),
    CHECK(a_topic_may_be_as_long_as_its_limit_and_no_longer),
    CHECK(what_no_message_can_be_made_of_is_refused),
    CHECK(a_topic_of_nowhere_is_refused),
    CHECK(bytes_that_are_no_text_are_a_binary_message),
    CHECK(a_message_lives_as_long_as_it_is_held),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("message", tests)
