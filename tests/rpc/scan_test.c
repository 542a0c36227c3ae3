// scan_test.c - what is one object of msgpack, and within limits?
#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include "check.h"
#include "rpc/scan.h"

static enum hw_scan
scan(const char *bytes, size_t size)
{
    return hw_scan(bytes, size, 8, 100);
}

#define SCAN(text) scan(text, sizeof(text) - 1)

static void
every_kind_of_element_is_known(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } whole[] = {
#define WHOLE(text) { text, sizeof(text) - 1 }
        WHOLE("\x00"),
        WHOLE("\x7f"),
        WHOLE("\xe0"),
        WHOLE("\xff"),
        WHOLE("\xc0"),
        WHOLE("\xc2"),
        WHOLE("\xc3"),
        WHOLE("\xa0"),
        WHOLE("\xa3"
              "abc"),
        WHOLE("\x80"),
        WHOLE("\x81\x01\x02"),
        WHOLE("\x90"),
        WHOLE("\x92\xc0\xc0"),
        WHOLE("\xc4\x02"
              "ab"),
        WHOLE("\xc5\x00\x01"
              "a"),
        WHOLE("\xc6\x00\x00\x00\x01"
              "a"),
        WHOLE("\xc7\x01\x05"
              "a"),
        WHOLE("\xc8\x00\x01\x05"
              "a"),
        WHOLE("\xc9\x00\x00\x00\x01\x05"
              "a"),
        WHOLE("\xca"
              "1234"),
        WHOLE("\xcb"
              "12345678"),
        WHOLE("\xcc"
              "1"),
        WHOLE("\xcd"
              "12"),
        WHOLE("\xce"
              "1234"),
        WHOLE("\xcf"
              "12345678"),
        WHOLE("\xd0"
              "1"),
        WHOLE("\xd1"
              "12"),
        WHOLE("\xd2"
              "1234"),
        WHOLE("\xd3"
              "12345678"),
        WHOLE("\xd4"
              "t1"),
        WHOLE("\xd5"
              "t12"),
        WHOLE("\xd6"
              "t1234"),
        WHOLE("\xd7"
              "t12345678"),
        WHOLE("\xd8"
              "t1234567812345678"),
        WHOLE("\xd9\x01"
              "a"),
        WHOLE("\xda\x00\x01"
              "a"),
        WHOLE("\xdb\x00\x00\x00\x01"
              "a"),
        WHOLE("\xdc\x00\x01\xc0"),
        WHOLE("\xdd\x00\x00\x00\x01\xc0"),
        WHOLE("\xde\x00\x01\xc0\xc0"),
        WHOLE("\xdf\x00\x00\x00\x01\xc0\xc0"),
#undef WHOLE
    };

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        CU_ASSERT_EQUAL(scan(whole[i].bytes, whole[i].size), HW_SCAN_OK);
        // Cut short anywhere, and with something behind it, it is none.
        for (size_t size = 0; size < whole[i].size; size++) {
            CU_ASSERT_EQUAL(scan(whole[i].bytes, size), HW_SCAN_MALFORMED);
        }
        CU_ASSERT_EQUAL(scan(whole[i].bytes, whole[i].size + 1),
                        HW_SCAN_MALFORMED);
    }
    CU_ASSERT_EQUAL(SCAN("\xc1"), HW_SCAN_MALFORMED);
}

static void
depth_has_a_limit(void)
{
    char deep[20];

    memset(deep, '\x91', sizeof deep);
    deep[8] = '\xc0';
    CU_ASSERT_EQUAL(scan(deep, 9), HW_SCAN_OK);
    deep[8] = '\x91';
    deep[9] = '\xc0';
    CU_ASSERT_EQUAL(scan(deep, 10), HW_SCAN_TOO_DEEP);
    CU_ASSERT_EQUAL(SCAN("\x81\x81\x81\x81\x81\x81\x81\x81\x81"),
                    HW_SCAN_TOO_DEEP);
}

static void
elements_have_a_limit(void)
{
    char many[103];

    memset(many, '\xc0', sizeof many);
    memcpy(many, "\xdc\x00\x63", 3); // 99 and the array itself
    CU_ASSERT_EQUAL(scan(many, 102), HW_SCAN_OK);
    many[2] = 0x64;
    CU_ASSERT_EQUAL(scan(many, 103), HW_SCAN_TOO_MANY);
    // What lies is found by its lie, not by what follows.
    CU_ASSERT_EQUAL(SCAN("\xdd\xff\xff\xff\xff"), HW_SCAN_TOO_MANY);
    CU_ASSERT_EQUAL(SCAN("\xdf\xff\xff\xff\xff"), HW_SCAN_TOO_MANY);
    CU_ASSERT_EQUAL(SCAN("\xc6\xff\xff\xff\xff"), HW_SCAN_MALFORMED);
    CU_ASSERT_EQUAL(SCAN("\xc9\xff\xff\xff\xff"), HW_SCAN_MALFORMED);
}

// rpc.depth_max goes no further than msgpack-c does.
static void
msgpack_c_unpacks_as_deep_as_the_option_goes(void)
{
    char deep[33];
    msgpack_unpacked unpacked;
    size_t at = 0;

    memset(deep, '\x91', sizeof deep);
    deep[32] = '\xc0';
    msgpack_unpacked_init(&unpacked);
    CU_ASSERT_EQUAL(msgpack_unpack_next(&unpacked, deep, 33, &at),
                    MSGPACK_UNPACK_SUCCESS);
    msgpack_unpacked_destroy(&unpacked);
}

#define HEAD(text, head) hw_scan_head(text, sizeof(text) - 1, head)

static void
a_head_is_two_numbers_of_four_things(void)
{
    uint64_t head[2];

    CU_ASSERT_TRUE(HEAD("\x94\x01\x7f\xc0\xc0", head));
    CU_ASSERT_EQUAL(head[0], 1);
    CU_ASSERT_EQUAL(head[1], 0x7f);
    CU_ASSERT_TRUE(HEAD("\x94\x00\xcc\xff\xc0\xc0", head));
    CU_ASSERT_EQUAL(head[0], 0);
    CU_ASSERT_EQUAL(head[1], 0xff);
    CU_ASSERT_TRUE(HEAD("\xdc\x00\x04\x01\xcd\x01\x02\xc0\xc0", head));
    CU_ASSERT_EQUAL(head[1], 0x0102);
    CU_ASSERT_TRUE(
        HEAD("\xdd\x00\x00\x00\x04\x01\xce\x01\x02\x03\x04\xc0\xc0", head));
    CU_ASSERT_EQUAL(head[1], 0x01020304);
    CU_ASSERT_TRUE(
        HEAD("\x94\x01\xcf\x00\x00\x00\x01\x00\x00\x00\x02\xc0\xc0", head));
    CU_ASSERT_EQUAL(head[1], 0x100000002);
    CU_ASSERT_FALSE(HEAD("", head));
    CU_ASSERT_FALSE(HEAD("\x94", head));
    CU_ASSERT_FALSE(HEAD("\x94\x01", head));
    CU_ASSERT_FALSE(HEAD("\x94\x01\xce\x01", head));
    CU_ASSERT_FALSE(HEAD("\x93\x01\x01\xc0", head));
    CU_ASSERT_FALSE(HEAD("\x84\x01\x01\xc0\xc0", head));
    CU_ASSERT_FALSE(HEAD("\x94\x01\xff\xc0\xc0", head)); // below zero
    CU_ASSERT_FALSE(HEAD("\xa4....", head));
}

static CU_TestInfo tests[] = {
    CHECK(every_kind_of_element_is_known),
    CHECK(depth_has_a_limit),
    CHECK(elements_have_a_limit),
    CHECK(msgpack_c_unpacks_as_deep_as_the_option_goes),
    CHECK(a_head_is_two_numbers_of_four_things),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("scan", tests)
