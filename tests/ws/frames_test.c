// frames_test.c - frames in and out, in pieces of every size.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "shared/utf8.h"
#include "ws/barrier.h"
#include "ws/frames_in.h"
#include "ws/frames_out.h"

// ---- what is heard, as text: "T:hello B:3 ping:x close:1000:bye " ----

struct heard {
    char text[2048];
    unsigned stop_after; // messages; 0: never
};

static void
say(struct heard *heard, const char *what, const uint8_t *bytes, size_t size)
{
    size_t at = strlen(heard->text);

    (void)snprintf(heard->text + at, sizeof heard->text - at, "%s:%.*s ", what,
                   (int)(size < 20 ? size : 20), (const char *)bytes);
}

static bool
on_message(void *user, bool text, const uint8_t *bytes, size_t size)
{
    struct heard *heard = user;
    char what[32];

    (void)snprintf(what, sizeof what, "%s%zu", text ? "T" : "B", size);
    say(heard, what, bytes, size);
    return heard->stop_after == 0 || --heard->stop_after > 0;
}

static bool
on_ping(void *user, const uint8_t *bytes, size_t size)
{
    say(user, "ping", bytes, size);
    return true;
}

static bool
on_pong(void *user, const uint8_t *bytes, size_t size)
{
    say(user, "pong", bytes, size);
    return true;
}

static void
on_goodbye(void *user, unsigned code, const uint8_t *reason, size_t size)
{
    char what[32];

    (void)snprintf(what, sizeof what, "close:%u", code);
    say(user, what, reason, size);
}

static const struct hw_ws_listener listener = { .message = on_message,
                                                .ping = on_ping,
                                                .pong = on_pong,
                                                .goodbye = on_goodbye };

// Reads bytes in pieces of at most step; each in a block of its own, so that a
// sanitizer sees what is read beyond.
static enum hw_ws_verdict
read_steps(struct hw_ws_reader *reader, struct hw_ws_pool *pool,
           const uint8_t *bytes, size_t size, size_t step, struct heard *heard,
           char *sentence, size_t room)
{
    enum hw_ws_verdict verdict = HW_WS_READ_ON;

    for (size_t at = 0; at < size && verdict == HW_WS_READ_ON; at += step) {
        size_t n = size - at < step ? size - at : step;
        uint8_t *piece = malloc(n);

        memcpy(piece, bytes + at, n);
        verdict = hw_ws_read(reader, pool, piece, n, &listener, heard, sentence,
                             room);
        free(piece);
    }
    return verdict;
}

// A server's frame.
static size_t
put(uint8_t *to, unsigned first, const char *bytes, size_t size)
{
    size_t at = 2;

    to[0] = (uint8_t)first;
    if (size < 126) {
        to[1] = (uint8_t)size;
    } else if (size <= 0xffff) {
        to[1] = 126;
        to[2] = (uint8_t)(size >> 8);
        to[3] = (uint8_t)size;
        at = 4;
    } else {
        to[1] = 127;
        for (int i = 0; i < 8; i++) {
            to[2 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
        }
        at = 10;
    }
    memcpy(to + at, bytes, size);
    return at + size;
}

static void
a_stream_reads_the_same_in_pieces_of_any_size(void)
{
    static char big[70000];
    static uint8_t stream[250000];
    struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
    char expected[2048] = "", sentence[200];
    size_t size = 0;

    memset(big, 'x', sizeof big);
    size += put(stream + size, 0x81, "hello", 5);
    size += put(stream + size, 0x82, "", 0);
    size += put(stream + size, 0x89, "p", 1);
    size += put(stream + size, 0x82, big, 126);
    size += put(stream + size, 0x82, big, 65535);
    size += put(stream + size, 0x82, big, 65536);
    size += put(stream + size, 0x01, "caf\xc3", 4);
    size += put(stream + size, 0x8a, "between", 7);
    size += put(stream + size, 0x00, "", 0);
    size += put(stream + size, 0x80, "\xa9", 1);
    size += put(stream + size, 0x01, "", 0);
    size += put(stream + size, 0x80, "", 0);
    size += put(stream + size, 0x88,
                "\x03\xe8"
                "bye",
                5);
    for (size_t step = 1; step < 9000; step = step < 20 ? step + 1 : step * 3) {
        struct hw_ws_reader reader = { .max = 65536 };
        struct heard heard = { "", 0 };
        enum hw_ws_verdict verdict =
            read_steps(&reader, &pool, stream, size, step, &heard, sentence,
                       sizeof sentence);

        CU_ASSERT_EQUAL(verdict, HW_WS_STOPPED);
        if (expected[0] == '\0') {
            memcpy(expected, heard.text, sizeof expected);
        }
        CU_ASSERT_STRING_EQUAL(heard.text, expected);
        hw_ws_reader_clear(&reader, &pool);
    }
    CU_ASSERT_STRING_EQUAL(
        expected, "T5:hello B0: ping:p B126:xxxxxxxxxxxxxxxxxxxx "
                  "B65535:xxxxxxxxxxxxxxxxxxxx B65536:xxxxxxxxxxxxxxxxxxxx "
                  "pong:between T5:caf\xc3\xa9 T0: close:1000:bye ");
    hw_ws_pool_clear(&pool);
}

static void
an_idle_reader_holds_nothing(void)
{
    struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
    struct hw_ws_reader reader = { .max = 1 << 20 };
    struct heard heard = { "", 0 };
    static char big[5000];
    static uint8_t stream[20000];
    char sentence[200];
    size_t size = put(stream, 0x82, big, sizeof big);

    for (size_t step = 1; step < 30000; step *= 7) {
        CU_ASSERT_EQUAL(read_steps(&reader, &pool, stream, size, step, &heard,
                                   sentence, sizeof sentence),
                        HW_WS_READ_ON);
        CU_ASSERT_FALSE(hw_ws_reader_is_amid(&reader));
        CU_ASSERT_PTR_NULL(reader.parser);
        CU_ASSERT_PTR_NULL(reader.message);
    }
    CU_ASSERT_EQUAL(pool.spares, 1);
    hw_ws_reader_clear(&reader, &pool);
    hw_ws_pool_clear(&pool);
}

// A long payload is copied without wslay, whose parser then goes.
static void
a_long_frame_keeps_no_parser_and_what_follows_is_read(void)
{
    struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
    struct hw_ws_reader reader = { .max = 1 << 20 };
    struct heard heard = { "", 0 };
    static char big[20000];
    static uint8_t stream[50000];
    char sentence[200];
    size_t size = put(stream, 0x02, big, sizeof big);

    size += put(stream + size, 0x80, big, sizeof big);
    CU_ASSERT_EQUAL(read_steps(&reader, &pool, stream, 1000, 1000, &heard,
                               sentence, sizeof sentence),
                    HW_WS_READ_ON);
    CU_ASSERT_PTR_NULL(reader.parser);
    CU_ASSERT_TRUE(hw_ws_reader_is_amid(&reader));
    size += put(stream + size, 0x82, "x", 1);
    CU_ASSERT_EQUAL(read_steps(&reader, &pool, stream + 1000, size - 1000, 777,
                               &heard, sentence, sizeof sentence),
                    HW_WS_READ_ON);
    CU_ASSERT_STRING_EQUAL(heard.text, "B40000: B1:x ");
    hw_ws_reader_clear(&reader, &pool);
    hw_ws_pool_clear(&pool);
}

static void
the_middle_of_anything_is_known(void)
{
    struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
    struct hw_ws_reader reader = { .max = 1 << 20 };
    struct heard heard = { "", 0 };
    char sentence[200];
    uint8_t stream[16];
    size_t size = put(stream, 0x01, "ab", 2);

    for (size_t i = 0; i < size; i++) {
        CU_ASSERT_EQUAL(hw_ws_reader_is_amid(&reader), i > 0);
        (void)read_steps(&reader, &pool, stream + i, 1, 1, &heard, sentence,
                         sizeof sentence);
    }
    CU_ASSERT_TRUE(hw_ws_reader_is_amid(&reader)); // the message goes on
    (void)put(stream, 0x80, "", 0);
    (void)read_steps(&reader, &pool, stream, 2, 1, &heard, sentence,
                     sizeof sentence);
    CU_ASSERT_FALSE(hw_ws_reader_is_amid(&reader));
    CU_ASSERT_STRING_EQUAL(heard.text, "T2:ab ");
    hw_ws_reader_clear(&reader, &pool);
    hw_ws_pool_clear(&pool);
}

static void
memory_follows_what_came_and_not_what_was_announced(void)
{
    struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
    struct hw_ws_reader reader = { .max = UINT64_C(1) << 31 };
    struct heard heard = { "", 0 };
    char sentence[200];
    const uint8_t stream[] = { 0x82, 127, 0, 0, 0, 0, 0x7f, 0, 0, 0, 'x' };

    CU_ASSERT_EQUAL(read_steps(&reader, &pool, stream, sizeof stream, 100,
                               &heard, sentence, sizeof sentence),
                    HW_WS_READ_ON);
    CU_ASSERT_TRUE(reader.room <= 64 * 1024);
    hw_ws_reader_clear(&reader, &pool);
    hw_ws_pool_clear(&pool);
}

static void
a_listener_that_wants_no_more_hears_no_more(void)
{
    struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
    struct hw_ws_reader reader = { .max = 100 };
    struct heard heard = { "", 2 };
    char sentence[200];
    uint8_t stream[30];
    size_t size = 0;

    for (int i = 0; i < 4; i++) {
        size += put(stream + size, 0x82, "x", 1);
    }
    CU_ASSERT_EQUAL(read_steps(&reader, &pool, stream, size, 100, &heard,
                               sentence, sizeof sentence),
                    HW_WS_STOPPED);
    CU_ASSERT_STRING_EQUAL(heard.text, "B1:x B1:x ");
    hw_ws_reader_clear(&reader, &pool);
    hw_ws_pool_clear(&pool);
}

static void
the_limit_counts_all_fragments(void)
{
    char sentence[200];

    for (int over = 0; over < 2; over++) {
        struct hw_ws_pool pool = { NULL, 0, NULL, 0 };
        struct hw_ws_reader reader = { .max = 10 };
        struct heard heard = { "", 0 };
        uint8_t stream[40];
        size_t size = put(stream, 0x02, "12345", 5);

        size += put(stream + size, 0x00, "", 0);
        size += put(stream + size, 0x80, "123456", over ? 6 : 5);
        CU_ASSERT_EQUAL(read_steps(&reader, &pool, stream, size, 100, &heard,
                                   sentence, sizeof sentence),
                        over ? HW_WS_TOO_LARGE : HW_WS_READ_ON);
        hw_ws_reader_clear(&reader, &pool);
        hw_ws_pool_clear(&pool);
    }
    CU_ASSERT_STRING_EQUAL(
        sentence, "the peer sent a message above message.max (10 bytes)");
}

// ---- out ----

static void
frames_are_masked_as_the_rfc_says(void)
{
    static const size_t sizes[] = { 0,  1,   7,   8,    9,     63,    64,
                                    65, 125, 126, 1000, 65535, 65536, 70001 };
    static uint8_t payload[70001], frame[70001 + HW_WS_HEADER_MAX];
    static struct hw_ws_masks masks;

    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        size_t size = sizes[k], head = size < 126 ? 2 : size < 65536 ? 4 : 10;
        size_t n = hw_ws_frame_put(&masks, frame, HW_WS_BINARY, payload, size);
        bool same = true;

        CU_ASSERT_EQUAL(n, head + 4 + size);
        CU_ASSERT_EQUAL(n, hw_ws_frame_size(size));
        CU_ASSERT_EQUAL(frame[0], 0x82);
        CU_ASSERT_EQUAL(frame[1], 0x80 | (size < 126     ? size
                                          : size < 65536 ? 126
                                                         : 127));
        for (size_t i = 0; i < size; i++) {
            same = same &&
                   (frame[head + 4 + i] ^ frame[head + i % 4]) == payload[i];
        }
        CU_ASSERT_TRUE(same);
    }
}

static void
masks_do_not_repeat(void)
{
    static struct hw_ws_masks masks;
    uint8_t frame[16];
    uint32_t last = 0, mask;
    int equal = 0;

    for (int i = 0; i < 10000; i++) {
        (void)hw_ws_frame_put(&masks, frame, HW_WS_BINARY, "", 0);
        memcpy(&mask, frame + 2, sizeof mask);
        equal += mask == last;
        last = mask;
    }
    CU_ASSERT_TRUE(equal < 3); // one in four thousand million is chance
}

// ---- small things ----

static void
utf8_is_told_from_other_bytes(void)
{
    static const struct {
        const char *bytes;
        bool good;
    } cases[] = {
        { "", true },
        { "plain text that is longer than a word", true },
        { "\xc3\xa9", true },
        { "\xe2\x82\xac", true },
        { "\xf0\x9f\x98\x80", true },
        { "\xef\xbf\xbf", true },
        { "\xf4\x8f\xbf\xbf", true },
        { "\xed\x9f\xbf", true },
        { "\xee\x80\x80", true },
        { "1234567\xc3\xa9", true },
        { "\x80", false },
        { "\xbf", false },
        { "\xc0\x80", false },
        { "\xc1\xbf", false },
        { "\xc3", false },
        { "\xc3\x28", false },
        { "\xe2\x82", false },
        { "\xe2\x28\xa1", false },
        { "\xe0\x80\xaf", false },
        { "\xe0\x9f\xbf", false },
        { "\xed\xa0\x80", false },
        { "\xed\xbf\xbf", false },
        { "\xf0\x8f\xbf\xbf", false },
        { "\xf4\x90\x80\x80", false },
        { "\xf5\x80\x80\x80", false },
        { "\xf8\x88\x80\x80\x80", false },
        { "\xfe", false },
        { "\xff", false },
        { "12345678\xff", false },
        { "1234567\xff", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(hw_shared_is_utf8((const uint8_t *)cases[i].bytes,
                                          strlen(cases[i].bytes)),
                        cases[i].good);
    }
    CU_ASSERT_TRUE(hw_shared_is_utf8((const uint8_t *)"a\0b", 3));
}

static void
a_barrier_is_known_again_and_nothing_else_is(void)
{
    struct hw_ws_barrier sent = { 0xdeadbeef, UINT64_C(0x0123456789abcdef) };
    struct hw_ws_barrier back;
    uint8_t bytes[HW_WS_BARRIER_SIZE + 1] = { 0 };

    hw_ws_barrier_write(&sent, bytes);
    CU_ASSERT_TRUE(hw_ws_barrier_read(&back, bytes, HW_WS_BARRIER_SIZE));
    CU_ASSERT_EQUAL(back.wire, sent.wire);
    CU_ASSERT_EQUAL(back.number, sent.number);
    CU_ASSERT_FALSE(hw_ws_barrier_read(&back, bytes, HW_WS_BARRIER_SIZE - 1));
    CU_ASSERT_FALSE(hw_ws_barrier_read(&back, bytes, HW_WS_BARRIER_SIZE + 1));
    bytes[3] ^= 1;
    CU_ASSERT_FALSE(hw_ws_barrier_read(&back, bytes, HW_WS_BARRIER_SIZE));
}

static CU_TestInfo tests[] = {
    CHECK(a_stream_reads_the_same_in_pieces_of_any_size),
    CHECK(an_idle_reader_holds_nothing),
    CHECK(a_long_frame_keeps_no_parser_and_what_follows_is_read),
    CHECK(the_middle_of_anything_is_known),
    CHECK(memory_follows_what_came_and_not_what_was_announced),
    CHECK(a_listener_that_wants_no_more_hears_no_more),
    CHECK(the_limit_counts_all_fragments),
    CHECK(frames_are_masked_as_the_rfc_says),
    CHECK(masks_do_not_repeat),
    CHECK(utf8_is_told_from_other_bytes),
    CHECK(a_barrier_is_known_again_and_nothing_else_is),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("frames", tests)
