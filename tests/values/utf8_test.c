// utf8_test.c - is a text what it says it is?
//
// Compared with a reference that works the other way round: it works out the
// code point, and then asks whether that may be, and in so many bytes.
#include "values/utf8.h"

#include <stdint.h>

#include "base/random.h"
#include "check.h"

// How many bytes the code point at text has; 0: there is none.
static size_t
one_code_point(const uint8_t *text, size_t size)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t point;
    size_t length;

    if (text[0] < 0x80) {
        return 1;
    }
    length = (text[0] & 0xe0) == 0xc0   ? 2
             : (text[0] & 0xf0) == 0xe0 ? 3
             : (text[0] & 0xf8) == 0xf0 ? 4
                                        : 0;
    if (length == 0 || length > size) {
        return 0;
    }
    point = text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (text[i] & 0x3fu);
    }
    return point < least[length] || point > 0x10ffff ||
                   (point >= 0xd800 && point <= 0xdfff)
               ? 0
               : length;
}

static bool
reference(const uint8_t *text, size_t size)
{
    while (size > 0) {
        size_t length = one_code_point(text, size);

        if (length == 0) {
            return false;
        }
        text += length;
        size -= length;
    }
    return true;
}

static bool
agree(const uint8_t *text, size_t size)
{
    return hw_utf8_valid(text, size) == reference(text, size);
}

static void
nothing_is_text(void)
{
    CU_ASSERT_TRUE(hw_utf8_valid("", 0));
    CU_ASSERT_TRUE(hw_utf8_valid(NULL, 0));
}

static void
every_single_byte_and_every_pair_is_judged_right(void)
{
    int wrong = 0;

    for (unsigned one = 0; one < 256; one++) {
        uint8_t text[2] = { (uint8_t)one, 0 };

        wrong += !agree(text, 1);
        for (unsigned two = 0; two < 256; two++) {
            text[1] = (uint8_t)two;
            wrong += !agree(text, 2);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

// Where the table of RFC 3629 §4 changes its mind.
static const uint8_t borders[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                   0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xff };

enum { BORDERS = sizeof borders };

static void
the_borders_of_three_bytes_are_judged_right(void)
{
    int wrong = 0;

    for (unsigned one = 0xc0; one < 256; one++) {
        for (unsigned i = 0; i < BORDERS * BORDERS; i++) {
            const uint8_t text[] = { (uint8_t)one, borders[i % BORDERS],
                                     borders[i / BORDERS] };

            wrong += !agree(text, 3);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
the_borders_of_four_bytes_are_judged_right(void)
{
    int wrong = 0;

    for (unsigned one = 0xec; one < 256; one++) {
        for (unsigned i = 0; i < BORDERS * BORDERS * BORDERS; i++) {
            const uint8_t text[] = { (uint8_t)one, borders[i % BORDERS],
                                     borders[i / BORDERS % BORDERS],
                                     borders[i / BORDERS / BORDERS] };

            wrong += !agree(text, 4);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
what_rfc_3629_names_is_judged_as_it_says(void)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        { "A\xe2\x89\xa2\xce\x91.", true }, // its first example
        { "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4", true },
        { "\xef\xbb\xbf\xf0\xa3\x8e\xb4", true }, // a mark, and a plane above
        { "\xc0\x80", false },                    // an overlong zero
        { "\xe0\x80\xaf", false },                // an overlong slash
        { "\xed\xa0\x80", false },                // half of a pair
        { "\xed\x9f\xbf", true },                 // the last before the halves
        { "\xee\x80\x80", true },                 // the first behind them
        { "\xf4\x8f\xbf\xbf", true },             // U+10FFFF
        { "\xf4\x90\x80\x80", false },            // one past it
        { "\x80", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(hw_utf8_valid(cases[i].text, strlen(cases[i].text)),
                        cases[i].valid);
    }
}

// Eight letters are passed at once: a fault is seen at any place behind them.
static void
a_fault_is_seen_at_every_place(void)
{
    uint8_t text[40];

    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'a', sizeof text);
        CU_ASSERT_TRUE(hw_utf8_valid(text, sizeof text));
        text[at] = 0x80;
        CU_ASSERT_FALSE(hw_utf8_valid(text, sizeof text));
        text[at] = 0xf0;
        CU_ASSERT_FALSE(hw_utf8_valid(text, sizeof text));
        CU_ASSERT_FALSE(hw_utf8_valid(text, at + 1));
        CU_ASSERT_TRUE(hw_utf8_valid(text, at));
    }
}

static void
a_code_point_that_is_cut_off_is_a_fault(void)
{
    static const char four[] = "12345678\xf0\x9f\x98\x80";

    for (size_t size = 0; size < sizeof four; size++) {
        CU_ASSERT_EQUAL(hw_utf8_valid(four, size),
                        size <= 8 || size == sizeof four - 1 ||
                            size == sizeof four);
    }
}

static void
texts_by_chance_are_judged_right(void)
{
    static const uint8_t pieces[] = { 'a',  0x80, 0xbf, 0xc3, 0xe2,
                                      0xf0, 0x9f, 0x98, 0xa4, 'b' };
    struct hw_random random;
    int wrong = 0;

    hw_random_init(&random, 7);
    for (int i = 0; i < 20000; i++) {
        uint8_t text[24];
        size_t size = hw_random_up_to(&random, sizeof text);

        for (size_t at = 0; at < size; at++) {
            text[at] = pieces[hw_random_up_to(&random, sizeof pieces - 1)];
        }
        wrong += !agree(text, size);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static CU_TestInfo tests[] = {
    CHECK(nothing_is_text),
    CHECK(every_single_byte_and_every_pair_is_judged_right),
    CHECK(the_borders_of_three_bytes_are_judged_right),
    CHECK(the_borders_of_four_bytes_are_judged_right),
    CHECK(what_rfc_3629_names_is_judged_as_it_says),
    CHECK(a_fault_is_seen_at_every_place),
    CHECK(a_code_point_that_is_cut_off_is_a_fault),
    CHECK(texts_by_chance_are_judged_right),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("utf8", tests)
