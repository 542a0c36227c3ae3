// record_test.c - how one message stands in a spool's file.
#include "disk/record.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static const struct hawser_message whole = {
    .bytes = (const uint8_t *)"some bytes of it",
    .size = 16,
    .topic = (const uint8_t *)"topic",
    .topic_size = 5,
    .kind = HAWSER_TEXT,
    .private_tag = UINT64_C(0x0102030405060708),
};

static void
what_is_written_is_read(void)
{
    uint8_t record[64];
    struct hawser_message read;

    CU_ASSERT_EQUAL(hw_record_size(&whole), 16 + 5 + 16);
    hw_record_write(record, 7, &whole);
    CU_ASSERT_TRUE_FATAL(
        hw_record_read(record, hw_record_size(&whole), 7, &read));
    CU_ASSERT_EQUAL(read.size, 16);
    CU_ASSERT_EQUAL(memcmp(read.bytes, whole.bytes, 16), 0);
    CU_ASSERT_EQUAL(read.topic_size, 5);
    CU_ASSERT_EQUAL(memcmp(read.topic, "topic", 5), 0);
    CU_ASSERT_EQUAL(read.kind, HAWSER_TEXT);
    CU_ASSERT_EQUAL(read.private_tag, whole.private_tag);
}

static void
an_empty_message_is_one(void)
{
    const struct hawser_message empty = { .bytes = whole.bytes };
    uint8_t record[HW_RECORD_HEAD];
    struct hawser_message read;

    hw_record_write(record, 1, &empty);
    CU_ASSERT_TRUE(hw_record_read(record, sizeof record, 1, &read));
    CU_ASSERT_EQUAL(read.size, 0);
    CU_ASSERT_PTR_NULL(read.topic);
    CU_ASSERT_PTR_NOT_NULL(read.bytes);
}

static void
no_changed_bit_passes(void)
{
    uint8_t record[64];
    size_t size = hw_record_size(&whole);
    struct hawser_message read;

    hw_record_write(record, 7, &whole);
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
    uint8_t record[64] = { 0 };
    size_t size = hw_record_size(&whole);
    struct hawser_message read;

    hw_record_write(record, 7, &whole);
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
    CHECK(an_empty_message_is_one),
    CHECK(no_changed_bit_passes),
    CHECK(a_record_of_another_size_or_place_is_none),
    CHECK(keys_are_in_order_byte_by_byte),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("record", tests)
