// framing_test.c - tests of where messages end in a stream of bytes.
#include <stdlib.h>

#include "check.h"
#include "stream/framing.h"

enum { HEARD_MAX = 64 };

static struct hw_stream_reader reader;
static struct heard {
    hawser_kind kind;
    size_t size;
    uint8_t bytes[256];
} heard[HEARD_MAX];
static size_t count, stop_at;
static char sentence[160];

static bool
hear(void *user, hawser_kind kind, const uint8_t *bytes, size_t size)
{
    (void)user;
    if (count < HEARD_MAX && size <= sizeof heard[0].bytes) {
        heard[count].kind = kind;
        heard[count].size = size;
        memcpy(heard[count].bytes, bytes, size);
    }
    return ++count != stop_at;
}

static void
begin(enum hw_stream_framing framing, uint64_t max)
{
    hw_stream_reader_clear(&reader);
    reader.framing = framing;
    reader.max = max;
    count = 0;
    stop_at = 0;
    sentence[0] = '\0';
}

// In a block of its own size, so that a sanitizer sees a read past its end.
static enum hw_stream_verdict
feed(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    enum hw_stream_verdict verdict;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, size);
    verdict = hw_stream_read(&reader, copy, size, hear, NULL, sentence,
                             sizeof sentence);
    free(copy);
    return verdict;
}

static bool
is_heard(size_t n, hawser_kind kind, const char *bytes, size_t size)
{
    return n < count && heard[n].kind == kind && heard[n].size == size &&
           memcmp(heard[n].bytes, bytes, size) == 0;
}

// ---- every split ----

struct sample {
    enum hw_stream_framing framing;
    const char *stream;
    size_t size;
    size_t messages;
};

#define BYTES(text) text, sizeof text - 1

static const struct sample samples[] = {
    { HW_STREAM_LENGTH32,
      BYTES("\0\0\0\0"
            "\0\0\0\5hello"
            "\0\0\0\1\0"
            "\0\0\0\3abc"),
      4 },
    { HW_STREAM_LINE, BYTES("one\n\ntwo\r\n\xff\xfe\nthree\n"), 5 },
    { HW_STREAM_MSGPACK,
      BYTES("\x01\xff\xc0\xc3" // 1, -1, nil, true
            "\xa3"
            "abc"                              // "abc"
            "\x92\x01\x91\x02"                 // [1, [2]]
            "\x82\xa1k\x01\xa1l\xc4\x02xy"     // {k: 1, l: bin}
            "\xca\0\0\0\0\xcb\0\0\0\0\0\0\0\0" // floats
            "\xcd\1\2\xd3\1\2\3\4\5\6\7\x08"   // numbers
            "\xd4\1x\xc7\2\5xy"                // ext
            "\xda\0\1z\xdc\0\2\xc0\x90"        // str 16, array 16
            "\xdd\0\0\0\1\xdf\0\0\0\0\xde\0\0\x80"),
      18 },
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void
hear_whole(const struct sample *sample, struct heard *to)
{
    begin(sample->framing, 100);
    CU_ASSERT_EQUAL(feed(sample->stream, sample->size), HW_STREAM_READ_ON);
    CU_ASSERT_EQUAL(count, sample->messages);
    CU_ASSERT_FALSE(hw_stream_reader_is_amid(&reader));
    memcpy(to, heard, sizeof heard);
}

static void
must_be_heard_alike(const struct sample *sample, const struct heard *whole)
{
    CU_ASSERT_EQUAL(count, sample->messages);
    for (size_t i = 0; i < sample->messages; i++) {
        CU_ASSERT_TRUE(is_heard(i, whole[i].kind, (const char *)whole[i].bytes,
                                whole[i].size));
    }
    CU_ASSERT_FALSE(hw_stream_reader_is_amid(&reader));
}

static void
a_stream_cut_anywhere_is_read_alike(void)
{
    static struct heard whole[HEARD_MAX];

    for (size_t s = 0; s < SAMPLES; s++) {
        const struct sample *sample = &samples[s];

        hear_whole(sample, whole);
        for (size_t one = 0; one <= sample->size; one++) {
            for (size_t other = one; other <= sample->size; other++) {
                begin(sample->framing, 100);
                (void)feed(sample->stream, one);
                (void)feed(sample->stream + one, other - one);
                (void)feed(sample->stream + other, sample->size - other);
                must_be_heard_alike(sample, whole);
            }
        }
    }
}

static void
a_stream_that_drips_is_read_alike(void)
{
    static struct heard whole[HEARD_MAX];

    for (size_t s = 0; s < SAMPLES; s++) {
        hear_whole(&samples[s], whole);
        begin(samples[s].framing, 100);
        for (size_t i = 0; i < samples[s].size; i++) {
            CU_ASSERT_EQUAL(feed(samples[s].stream + i, 1), HW_STREAM_READ_ON);
        }
        must_be_heard_alike(&samples[s], whole);
    }
}

// ---- one by one ----

static void
a_length_is_no_part_of_its_message(void)
{
    begin(HW_STREAM_LENGTH32, 5);
    (void)feed(BYTES("\0\0\0\0\0\0\0\5a\nb\0c"));
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_TRUE(is_heard(0, HAWSER_BINARY, "", 0));
    CU_ASSERT_TRUE(is_heard(1, HAWSER_BINARY, BYTES("a\nb\0c")));
}

static void
a_line_is_text_if_it_is_utf8_and_keeps_all_but_its_feed(void)
{
    begin(HW_STREAM_LINE, 100);
    (void)feed(BYTES("caf\xc3\xa9\r\n\xc3\n"));
    CU_ASSERT_TRUE(is_heard(0, HAWSER_TEXT, BYTES("caf\xc3\xa9\r")));
    CU_ASSERT_TRUE(is_heard(1, HAWSER_BINARY, BYTES("\xc3")));
}

static void
raw_is_whatever_came_cut_at_the_limit(void)
{
    begin(HW_STREAM_RAW, 4);
    (void)feed(BYTES("abcdefghi"));
    (void)feed(BYTES("j"));
    CU_ASSERT_EQUAL(count, 4);
    CU_ASSERT_TRUE(is_heard(0, HAWSER_BINARY, BYTES("abcd")));
    CU_ASSERT_TRUE(is_heard(2, HAWSER_BINARY, BYTES("i")));
    CU_ASSERT_TRUE(is_heard(3, HAWSER_BINARY, BYTES("j")));
}

static void
a_listener_that_stops_hears_no_more(void)
{
    begin(HW_STREAM_LINE, 100);
    stop_at = 2;
    CU_ASSERT_EQUAL(feed(BYTES("a\nb\nc\nd\n")), HW_STREAM_STOPPED);
    CU_ASSERT_EQUAL(count, 2);
}

// ---- limits ----

static void
a_message_at_the_limit_is_heard_and_one_above_is_not(void)
{
    begin(HW_STREAM_LENGTH32, 3);
    CU_ASSERT_EQUAL(feed(BYTES("\0\0\0\3abc")), HW_STREAM_READ_ON);
    CU_ASSERT_EQUAL(feed(BYTES("\0\0\0\4")), HW_STREAM_TOO_LARGE);
    begin(HW_STREAM_LINE, 3);
    CU_ASSERT_EQUAL(feed(BYTES("abc\n")), HW_STREAM_READ_ON);
    CU_ASSERT_EQUAL(feed(BYTES("abcd")), HW_STREAM_TOO_LARGE);
    begin(HW_STREAM_LINE, 3);
    CU_ASSERT_EQUAL(feed(BYTES("ab")), HW_STREAM_READ_ON);
    CU_ASSERT_EQUAL(feed(BYTES("cd\n")), HW_STREAM_TOO_LARGE);
    begin(HW_STREAM_MSGPACK, 3);
    CU_ASSERT_EQUAL(feed(BYTES("\xa2xy\x92\xa0\xa0\x92\xa1x")),
                    HW_STREAM_TOO_LARGE);
    CU_ASSERT_EQUAL(count, 2);
}

static void
a_length_that_lies_costs_no_memory(void)
{
    begin(HW_STREAM_LENGTH32, UINT64_C(1) << 31);
    CU_ASSERT_EQUAL(feed(BYTES("\x7f\xff\xff\xff")), HW_STREAM_READ_ON);
    CU_ASSERT_TRUE(reader.room <= 1024);
    begin(HW_STREAM_LENGTH32, 1000);
    CU_ASSERT_EQUAL(feed(BYTES("\xff\xff\xff\xff")), HW_STREAM_TOO_LARGE);
    CU_ASSERT_STRING_EQUAL(sentence, "the peer announced a message of "
                                     "4294967295 bytes, which is above "
                                     "message.max");
    begin(HW_STREAM_MSGPACK, UINT64_C(1) << 31);
    CU_ASSERT_EQUAL(feed(BYTES("\xdd\x7f\x00\x00\x00")), HW_STREAM_READ_ON);
    CU_ASSERT_TRUE(reader.room <= 1024);
}

static void
a_msgpack_count_that_lies_is_found_out_at_once(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } lies[] = {
        { BYTES("\xdd\xff\x00\x00\x00") }, { BYTES("\xdf\xff\xff\xff\xff") },
        { BYTES("\xdb\xff\xff\xff\xff") }, { BYTES("\xc6\xff\xff\xff\xff") },
        { BYTES("\xc9\xff\xff\xff\xff") }, { BYTES("\xdc\xff\xff") },
        { BYTES("\xde\x00\x80") },
    };

    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        begin(HW_STREAM_MSGPACK, 200);
        CU_ASSERT_EQUAL(feed(lies[i].bytes, lies[i].size), HW_STREAM_TOO_LARGE);
    }
}

static void
what_nests_without_end_is_held_by_the_limit(void)
{
    static uint8_t deep[100000];
    struct hw_msgpack_scan scan = { .size = 0 };
    size_t eaten;

    memset(deep, 0x91, sizeof deep);
    deep[sizeof deep - 1] = 0xc0;
    CU_ASSERT_EQUAL(
        hw_msgpack_scan(&scan, sizeof deep, deep, sizeof deep, &eaten),
        HW_MSGPACK_DONE);
    CU_ASSERT_EQUAL(eaten, sizeof deep);
    scan = (struct hw_msgpack_scan){ .size = 0 };
    CU_ASSERT_EQUAL(
        hw_msgpack_scan(&scan, sizeof deep - 1, deep, sizeof deep, &eaten),
        HW_MSGPACK_TOO_LARGE);
}

static void
what_is_no_msgpack_breaks_the_framing(void)
{
    begin(HW_STREAM_MSGPACK, 100);
    CU_ASSERT_EQUAL(feed(BYTES("\x01\xc1")), HW_STREAM_BROKEN);
    CU_ASSERT_EQUAL(count, 1);
    begin(HW_STREAM_MSGPACK, 100);
    CU_ASSERT_EQUAL(feed(BYTES("\x92\x01\xc1")), HW_STREAM_BROKEN);
}

static void
a_half_read_message_is_known_as_such(void)
{
    static const struct {
        enum hw_stream_framing framing;
        const char *half;
        size_t size;
    } cases[] = {
        { HW_STREAM_LENGTH32, BYTES("\0") },
        { HW_STREAM_LENGTH32, BYTES("\0\0\0\2a") },
        { HW_STREAM_LINE, BYTES("a") },
        { HW_STREAM_MSGPACK, BYTES("\x91") },
        { HW_STREAM_MSGPACK, BYTES("\xdc\0") },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(cases[i].framing, 100);
        CU_ASSERT_EQUAL(feed(cases[i].half, cases[i].size), HW_STREAM_READ_ON);
        CU_ASSERT_TRUE(hw_stream_reader_is_amid(&reader));
        CU_ASSERT_EQUAL(count, 0);
    }
}

static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

// Whatever comes, there is a verdict, and no more is kept than came.
static void
garbage_is_read_to_a_verdict(void)
{
    uint32_t state = 1;

    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        size_t size = next_random(&state) % sizeof bytes;

        begin((enum hw_stream_framing)(round % 4), 1000);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)next_random(&state);
        }
        if (feed(bytes, size) == HW_STREAM_READ_ON) {
            (void)feed(bytes, size); // any verdict will do
        } else {
            CU_ASSERT_TRUE(sentence[0] != '\0');
        }
        CU_ASSERT_TRUE(reader.size <= 2 * size);
    }
}

// ---- sending ----

static void
what_is_framed_is_read_back(void)
{
    static const enum hw_stream_framing framings[] = { HW_STREAM_LENGTH32,
                                                       HW_STREAM_LINE,
                                                       HW_STREAM_MSGPACK };

    for (size_t i = 0; i < 3; i++) {
        struct hw_stream_frame frame = hw_stream_frame(framings[i], 4);

        begin(framings[i], 4);
        (void)feed(frame.head, frame.head_size);
        (void)feed("\xa3xyz", 4);
        (void)feed(frame.tail, frame.tail_size);
        CU_ASSERT_EQUAL(count, 1);
        CU_ASSERT_EQUAL(heard[0].size, 4);
    }
}

static bool
fits(enum hw_stream_framing framing, const char *bytes, size_t size)
{
    sentence[0] = '\0';
    return hw_stream_fits(framing, bytes, size, sentence, sizeof sentence) ==
           (sentence[0] == '\0');
}

static bool
is_sent(enum hw_stream_framing framing, const char *bytes, size_t size)
{
    return fits(framing, bytes, size) && sentence[0] == '\0';
}

static void
what_could_not_be_told_from_its_neighbours_is_refused(void)
{
    CU_ASSERT_TRUE(is_sent(HW_STREAM_LENGTH32, BYTES("a\nb")));
    CU_ASSERT_TRUE(is_sent(HW_STREAM_LENGTH32, BYTES("")));
    CU_ASSERT_TRUE(is_sent(HW_STREAM_LINE, BYTES("")));
    CU_ASSERT_TRUE(is_sent(HW_STREAM_LINE, BYTES("a\rb")));
    CU_ASSERT_FALSE(is_sent(HW_STREAM_LINE, BYTES("a\nb")));
    CU_ASSERT_STRING_EQUAL(sentence,
                           "framing=line: a message can't contain a line feed");
    CU_ASSERT_TRUE(is_sent(HW_STREAM_MSGPACK, BYTES("\x92\x01\x02")));
    CU_ASSERT_FALSE(is_sent(HW_STREAM_MSGPACK, BYTES("\x92\x01")));
    CU_ASSERT_FALSE(is_sent(HW_STREAM_MSGPACK, BYTES("\x01\x02")));
    CU_ASSERT_FALSE(is_sent(HW_STREAM_MSGPACK, BYTES("")));
    CU_ASSERT_FALSE(is_sent(HW_STREAM_MSGPACK, BYTES("\xc1")));
    CU_ASSERT_TRUE(is_sent(HW_STREAM_RAW, BYTES("\n")));
    CU_ASSERT_FALSE(is_sent(HW_STREAM_RAW, BYTES("")));
}

static CU_TestInfo tests[] = {
    CHECK(a_stream_cut_anywhere_is_read_alike),
    CHECK(a_stream_that_drips_is_read_alike),
    CHECK(a_length_is_no_part_of_its_message),
    CHECK(a_line_is_text_if_it_is_utf8_and_keeps_all_but_its_feed),
    CHECK(raw_is_whatever_came_cut_at_the_limit),
    CHECK(a_listener_that_stops_hears_no_more),
    CHECK(a_message_at_the_limit_is_heard_and_one_above_is_not),
    CHECK(a_length_that_lies_costs_no_memory),
    CHECK(a_msgpack_count_that_lies_is_found_out_at_once),
    CHECK(what_nests_without_end_is_held_by_the_limit),
    CHECK(what_is_no_msgpack_breaks_the_framing),
    CHECK(a_half_read_message_is_known_as_such),
    CHECK(garbage_is_read_to_a_verdict),
    CHECK(what_is_framed_is_read_back),
    CHECK(what_could_not_be_told_from_its_neighbours_is_refused),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    int status;

    check_suite("framing", tests);
    status = check_run(argc, argv);
    hw_stream_reader_clear(&reader);
    return status;
}
