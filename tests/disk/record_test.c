// record_test.c - how one message stands in a spool's file.
#include "disk/record.h"

#include <stdlib.h>
#include <string.h>

#include <hawser/link.h>

#include "check.h"

static const struct hawser_message whole = {
    .bytes = (const uint8_t *)"some bytes of it",
    .size = 16,
    .topic = (const uint8_t *)"topic",
    .topic_size = 5,
    .kind = HAWSER_TEXT,
    .private_tag = UINT64_C(0x0102030405060708),
};

static const struct hw_policy keyed = {
    .key = (const uint8_t *)"its key",
    .key_size = 7,
    .lane = HAWSER_LOW,
};

// A batch of that message alone; policy may be NULL.
static struct hw_batch *
batch_of(const struct hawser_message *message, const struct hw_policy *policy,
         uint64_t until_ms)
{
    struct hw_batch *batch = hw_batch_new(1024);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    if (policy != NULL) {
        hw_batch_set_policy(batch, policy);
    }
    batch->kept_until_ms = until_ms;
    CU_ASSERT_TRUE(hw_batch_add(batch, message));
    return batch;
}

// Answers the size.
static size_t
write_record(uint8_t record[128], uint64_t key, const struct hw_policy *policy,
             uint64_t until_ms)
{
    struct hw_batch *batch = batch_of(&whole, policy, until_ms);
    size_t size = hw_record_size(batch, 0);

    CU_ASSERT_FATAL(size <= 128);
    hw_record_write(record, key, batch, 0);
    hw_batch_drop(batch);
    return size;
}

static void
expect_whole(const struct hawser_message *read)
{
    CU_ASSERT_EQUAL_FATAL(read->size, 16);
    CU_ASSERT_EQUAL(memcmp(read->bytes, whole.bytes, 16), 0);
    CU_ASSERT_EQUAL_FATAL(read->topic_size, 5);
    CU_ASSERT_EQUAL(memcmp(read->topic, "topic", 5), 0);
    CU_ASSERT_EQUAL(read->kind, HAWSER_TEXT);
    CU_ASSERT_EQUAL(read->private_tag, whole.private_tag);
}

static void
what_is_written_is_read(void)
{
    uint8_t record[128];
    struct hw_record read;
    size_t size = write_record(record, 7, NULL, 0);

    CU_ASSERT_EQUAL(size, 16 + 5 + 16);
    CU_ASSERT_TRUE_FATAL(hw_record_read(record, size, 7, &read));
    expect_whole(&read.message);
    CU_ASSERT_PTR_NULL(read.policy.key);
    CU_ASSERT_EQUAL(read.policy.lane, HAWSER_NORMAL);
    CU_ASSERT_EQUAL(read.until_ms, 0);
}

static void
its_policy_is_read_too(void)
{
    uint8_t record[128];
    struct hw_record read;
    size_t size = write_record(record, 7, &keyed, UINT64_C(1790000000123));

    CU_ASSERT_EQUAL(size, 16 + 8 + 2 + 7 + 5 + 16);
    CU_ASSERT_TRUE_FATAL(hw_record_read(record, size, 7, &read));
    expect_whole(&read.message);
    CU_ASSERT_EQUAL_FATAL(read.policy.key_size, 7);
    CU_ASSERT_EQUAL(memcmp(read.policy.key, "its key", 7), 0);
    CU_ASSERT_EQUAL(read.policy.lane, HAWSER_LOW);
    CU_ASSERT_EQUAL(read.until_ms, UINT64_C(1790000000123));
    size = write_record(record, 7, NULL, 5);
    CU_ASSERT_TRUE_FATAL(hw_record_read(record, size, 7, &read));
    expect_whole(&read.message);
    CU_ASSERT_EQUAL(read.until_ms, 5);
}

// As version 1 wrote it, byte by byte.
static void
a_message_without_policy_stands_as_in_version_1(void)
{
    static const uint8_t first[] = {
        0xda, 0x87, 0x53, 0xd9, HAWSER_TEXT, 0,   5,   0,   8,   7,   6,
        5,    4,    3,    2,    1,           't', 'o', 'p', 'i', 'c',
    };
    uint8_t record[128];

    (void)write_record(record, 7, NULL, 0); // its size is tested above
    CU_ASSERT_EQUAL(memcmp(record, first, sizeof first), 0);
}

static void
an_empty_message_is_one(void)
{
    const struct hawser_message empty = { .bytes = whole.bytes };
    struct hw_batch *batch = batch_of(&empty, NULL, 0);
    uint8_t record[HW_RECORD_HEAD];
    struct hw_record read;

    CU_ASSERT_EQUAL_FATAL(hw_record_size(batch, 0), sizeof record);
    hw_record_write(record, 1, batch, 0);
    CU_ASSERT_TRUE(hw_record_read(record, sizeof record, 1, &read));
    CU_ASSERT_EQUAL(read.message.size, 0);
    CU_ASSERT_PTR_NULL(read.message.topic);
    CU_ASSERT_PTR_NOT_NULL(read.message.bytes);
    hw_batch_drop(batch);
}

static void
no_changed_bit_passes(void)
{
    uint8_t record[128];
    size_t size = write_record(record, 7, &keyed, 99);
    struct hw_record read;

    for (size_t bit = 0; bit < size * 8; bit++) {
        record[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CU_ASSERT_FALSE(hw_record_read(record, size, 7, &read));
        record[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    CU_ASSERT_TRUE(hw_record_read(record, size, 7, &read));
}

static void
a_record_of_another_size_or_place_is_none(void)
{
    uint8_t record[128] = { 0 };
    size_t size = write_record(record, 7, &keyed, 99);
    struct hw_record read;

    CU_ASSERT_FALSE(hw_record_read(record, size, 8, &read));
    for (size_t other = 0; other < sizeof record; other++) {
        CU_ASSERT_EQUAL(hw_record_read(record, other, 7, &read), other == size);
    }
}

static void
keys_are_in_order_byte_by_byte(void)
{
    static const uint64_t keys[] = {
        0, 1, 255, 256, 65535, 65536, UINT64_C(1) << 40, UINT64_MAX,
    };
    uint8_t one[HW_KEY_SIZE], other[HW_KEY_SIZE];

    for (size_t i = 0; i + 1 < sizeof keys / sizeof keys[0]; i++) {
        hw_key_write(one, keys[i]);
        hw_key_write(other, keys[i + 1]);
        CU_ASSERT_TRUE(memcmp(one, other, sizeof one) < 0);
        CU_ASSERT_EQUAL(hw_key_read(one), keys[i]);
        CU_ASSERT_EQUAL(hw_key_read(other), keys[i + 1]);
    }
}

static CU_TestInfo tests[] = {
    CHECK(what_is_written_is_read),
    CHECK(its_policy_is_read_too),
    CHECK(a_message_without_policy_stands_as_in_version_1),
    CHECK(an_empty_message_is_one),
    CHECK(no_changed_bit_passes),
    CHECK(a_record_of_another_size_or_place_is_none),
    CHECK(keys_are_in_order_byte_by_byte),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("record", tests)
