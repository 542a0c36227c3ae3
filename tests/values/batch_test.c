// batch_test.c - messages that travel together in one block of memory.
#include "values/batch.h"

#include "base/random.h"
#include "check.h"

static struct hawser_message
message_of(const void *bytes, size_t size)
{
    return (struct hawser_message){ .bytes = bytes, .size = (uint32_t)size };
}

static struct hw_batch *
batch_of(size_t room)
{
    struct hw_batch *batch = hw_batch_new(room);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    return batch;
}

static bool
add(struct hw_batch *batch, const void *bytes, size_t size)
{
    const struct hawser_message message = message_of(bytes, size);

    return hw_batch_add(batch, &message);
}

static void
a_new_batch_is_empty_and_held_once(void)
{
    struct hw_batch *batch = batch_of(1024);

    CU_ASSERT_EQUAL(batch->count, 0);
    CU_ASSERT_EQUAL(batch->payload, 0);
    CU_ASSERT_EQUAL(batch->tagged + batch->shared + batch->marked, 0);
    CU_ASSERT_EQUAL(atomic_load(&batch->holds), 1);
    CU_ASSERT_PTR_NULL(batch->next);
    hw_batch_drop(batch);
}

static void
the_room_for_one_message_takes_it_and_nothing_more(void)
{
    static const size_t sizes[] = { 0, 1, 7, 8, 125, 65536 };
    static char bytes[65537];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct hw_batch *batch = batch_of(hw_batch_room(sizes[i]));

        CU_ASSERT_FALSE(add(batch, bytes, sizes[i] + 1));
        CU_ASSERT_EQUAL(batch->count, 0);
        CU_ASSERT_TRUE(add(batch, bytes, sizes[i]));
        CU_ASSERT_FALSE(add(batch, bytes, 0));
        CU_ASSERT_EQUAL(batch->count, 1);
        CU_ASSERT_EQUAL(batch->payload, sizes[i]);
        hw_batch_drop(batch);
    }
}

static void
messages_keep_their_bytes_and_their_order_until_it_is_full(void)
{
    static char bytes[65536];
    struct hw_batch *batch = batch_of(HW_BATCH_ROOM_MAX);
    struct hw_random random;
    size_t payload = 0, size, count = 0;

    hw_random_init(&random, 9);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)hw_random_next(&random);
    }
    for (;;) {
        size = count * 7 % 300;
        if (!add(batch, bytes + count, size)) {
            break;
        }
        payload += size;
        count++;
    }
    CU_ASSERT_TRUE(count > 100);
    CU_ASSERT_EQUAL(batch->count, count);
    CU_ASSERT_EQUAL(batch->payload, payload);
    // It was refused because it did not fit, not earlier.
    CU_ASSERT_TRUE(sizeof *batch + (count + 1) * sizeof batch->messages[0] +
                       payload + size >
                   HW_BATCH_ROOM_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct hawser_message *message = &batch->messages[i];

        CU_ASSERT_EQUAL(message->size, i * 7 % 300);
        CU_ASSERT_EQUAL(memcmp(message->bytes, bytes + i, message->size), 0);
        CU_ASSERT_PTR_EQUAL(hw_batch_of(message), batch);
    }
    hw_batch_drop(batch);
}

static void
a_batch_takes_its_limit_of_messages_and_no_more(void)
{
    struct hw_batch *batch = batch_of(4 * 1024 * 1024);

    for (uint32_t i = 0; i < HW_BATCH_MESSAGES_MAX; i++) {
        CU_ASSERT_TRUE(add(batch, "", 0));
    }
    CU_ASSERT_FALSE(add(batch, "", 0));
    CU_ASSERT_EQUAL(batch->count, HW_BATCH_MESSAGES_MAX);
    hw_batch_drop(batch);
}

static void
a_copied_message_keeps_topic_kind_tag_and_flags(void)
{
    struct hw_batch *batch = batch_of(1024);
    const struct hawser_message message = {
        .bytes = (const uint8_t *)"body",
        .size = 4,
        .topic = (const uint8_t *)"news",
        .topic_size = 4,
        .kind = HAWSER_TEXT,
        .private_flags = HW_MESSAGE_STANDING,
        .private_tag = 77,
    };
    const struct hawser_message *added = &batch->messages[0];

    CU_ASSERT_TRUE(hw_batch_add(batch, &message));
    CU_ASSERT_EQUAL(memcmp(added->topic, "news", 4), 0);
    CU_ASSERT_PTR_NOT_EQUAL(added->topic, message.topic);
    CU_ASSERT_EQUAL(added->topic_size, 4);
    CU_ASSERT_EQUAL(added->kind, HAWSER_TEXT);
    CU_ASSERT_EQUAL(added->private_flags, HW_MESSAGE_STANDING);
    CU_ASSERT_EQUAL(added->private_tag, 77);
    CU_ASSERT_EQUAL(batch->tagged, 1);
    CU_ASSERT_EQUAL(batch->marked, 1);
    CU_ASSERT_TRUE(add(batch, "plain", 5));
    CU_ASSERT_EQUAL(batch->tagged, 1);
    CU_ASSERT_EQUAL(batch->marked, 1);
    CU_ASSERT_EQUAL(batch->payload, 9);
    hw_batch_drop(batch);
}

static void
a_topic_counts_towards_the_room(void)
{
    struct hw_batch *batch = batch_of(hw_batch_room(8));
    struct hawser_message message = message_of("12345", 5);

    message.topic = (const uint8_t *)"1234";
    message.topic_size = 4;
    CU_ASSERT_FALSE(hw_batch_add(batch, &message));
    message.topic_size = 3;
    CU_ASSERT_TRUE(hw_batch_add(batch, &message));
    hw_batch_drop(batch);
}

static void
a_shared_message_is_held_as_long_as_the_batch(void)
{
    struct hw_batch *batch = batch_of(1024);
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "shared", 6, &message),
                    HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_TRUE(hw_batch_add_shared(batch, message, 5));
    CU_ASSERT_TRUE(hw_batch_add_shared(batch, message, 0));
    CU_ASSERT_EQUAL(atomic_load(&hw_batch_of(message)->holds), 3);
    CU_ASSERT_PTR_EQUAL(batch->messages[0].bytes, message->bytes);
    CU_ASSERT_EQUAL(batch->messages[0].private_tag, 5);
    CU_ASSERT_EQUAL(message->private_tag, 0);
    CU_ASSERT_PTR_EQUAL(hw_batch_of(&batch->messages[0]), batch);
    CU_ASSERT_EQUAL(batch->shared, 2);
    CU_ASSERT_EQUAL(batch->tagged, 1);
    CU_ASSERT_EQUAL(batch->payload, 12);
    hw_batch_drop(batch);
    CU_ASSERT_EQUAL(atomic_load(&hw_batch_of(message)->holds), 1);
    hawser_message_drop(message);
}

static void
a_message_that_finds_no_room_is_not_held(void)
{
    struct hw_batch *batch = batch_of(hw_batch_room(0));
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "x", 1, &message),
                    HAWSER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_TRUE(hw_batch_add_shared(batch, message, 0));
    CU_ASSERT_FALSE(hw_batch_add_shared(batch, message, 0));
    CU_ASSERT_EQUAL(atomic_load(&hw_batch_of(message)->holds), 2);
    hw_batch_drop(batch);
    hawser_message_drop(message);
}

static void
a_batch_lives_until_the_last_hold_is_dropped(void)
{
    struct hw_batch *batch = batch_of(1024);

    hw_batch_hold(batch, 2);
    CU_ASSERT_EQUAL(atomic_load(&batch->holds), 3);
    hw_batch_drop(batch);
    hw_batch_drop(batch);
    CU_ASSERT_TRUE(add(batch, "still here", 10));
    hw_batch_drop(batch);
}

static void
a_whole_list_is_dropped_at_once(void)
{
    struct hw_batch *one = batch_of(1024), *two = batch_of(1024);

    one->next = two;
    hw_batch_hold(two, 1);
    hw_batch_drop_all(one);
    CU_ASSERT_EQUAL(atomic_load(&two->holds), 1);
    hw_batch_drop_all(two);
    hw_batch_drop_all(NULL);
}

static void
a_copy_of_the_first_has_all_that_is_known_of_them(void)
{
    const struct hw_policy policy = { .ttl_ms = 7, .lane = 1 };
    const struct hawser_message first = {
        .bytes = (const uint8_t *)"first",
        .topic = (const uint8_t *)"topic",
        .size = 5,
        .topic_size = 5,
        .kind = HAWSER_TEXT,
        .private_tag = 9,
    };
    struct hw_batch *batch = batch_of(4096), *copy;
    hawser_message *shared;

    hw_batch_set_policy(batch, &policy);
    CU_ASSERT_TRUE(hw_batch_add(batch, &first));
    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "shared", 6, &shared),
                    HAWSER_OK);
    CU_ASSERT_TRUE(hw_batch_add_shared(batch, shared, 8));
    CU_ASSERT_TRUE(add(batch, "third", 5));
    hawser_message_drop(shared);
    batch->messages[1].private_flags = HW_MESSAGE_GONE;
    batch->key = 40;
    batch->position = 50;
    batch->number = 60;
    batch->kept_until_ms = 70;
    batch->expires_at_ms = 80;
    batch->lane = 2;

    copy = hw_batch_copy_first(batch, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    hw_batch_drop(batch);
    CU_ASSERT_EQUAL(copy->room, hw_batch_used(copy));
    CU_ASSERT_EQUAL(copy->count, 2);
    CU_ASSERT_EQUAL(copy->tagged, 2);
    CU_ASSERT_EQUAL(copy->shared, 1);
    CU_ASSERT_EQUAL(copy->marked, 1);
    CU_ASSERT_EQUAL(copy->gone, 1);
    CU_ASSERT_EQUAL(copy->payload, 11);
    CU_ASSERT_TRUE(copy->special);
    CU_ASSERT_EQUAL(copy->policy.ttl_ms, 7);
    CU_ASSERT_EQUAL(copy->policy.lane, 1);
    CU_ASSERT_EQUAL(copy->key, 40);
    CU_ASSERT_EQUAL(copy->position, 50);
    CU_ASSERT_EQUAL(copy->number, 60);
    CU_ASSERT_EQUAL(copy->kept_until_ms, 70);
    CU_ASSERT_EQUAL(copy->expires_at_ms, 80);
    CU_ASSERT_EQUAL(copy->lane, 2);
    CU_ASSERT_EQUAL(memcmp(copy->messages[0].bytes, "first", 5), 0);
    CU_ASSERT_EQUAL(memcmp(copy->messages[0].topic, "topic", 5), 0);
    CU_ASSERT_EQUAL(copy->messages[0].kind, HAWSER_TEXT);
    CU_ASSERT_EQUAL(copy->messages[0].private_tag, 9);
    CU_ASSERT_EQUAL(memcmp(copy->messages[1].bytes, "shared", 6), 0);
    CU_ASSERT_EQUAL(copy->messages[1].private_flags, HW_MESSAGE_GONE);
    CU_ASSERT_PTR_EQUAL(hw_batch_of(&copy->messages[0]), copy);
    hw_batch_drop(copy);
}

static CU_TestInfo tests[] = {
    CHECK(a_new_batch_is_empty_and_held_once),
    CHECK(the_room_for_one_message_takes_it_and_nothing_more),
    CHECK(messages_keep_their_bytes_and_their_order_until_it_is_full),
    CHECK(a_batch_takes_its_limit_of_messages_and_no_more),
    CHECK(a_copied_message_keeps_topic_kind_tag_and_flags),
    CHECK(a_topic_counts_towards_the_room),
    CHECK(a_shared_message_is_held_as_long_as_the_batch),
    CHECK(a_message_that_finds_no_room_is_not_held),
    CHECK(a_batch_lives_until_the_last_hold_is_dropped),
    CHECK(a_whole_list_is_dropped_at_once),
    CHECK(a_copy_of_the_first_has_all_that_is_known_of_them),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("batch", tests)
