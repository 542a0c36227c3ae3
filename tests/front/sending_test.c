// sending_test.c - messages from the application's hands to the other side's.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

enum { THREADS = 8, EACH = 100000 / SLOWER };

// ---- many threads ----

struct writer {
    pthread_t thread;
    hawser_bus *bus;
    hawser_link link;
    uint32_t number;
    uint32_t sent;
};

// A message says who sent it and which of theirs it is, so often that bytes of
// another in between would show.
struct words {
    uint32_t who, which;
    uint32_t again[6];
};

static struct words
words_of(uint32_t who, uint32_t which)
{
    return (struct words){ who, which, { who, which, who, which, who, which } };
}

static void *
write_all(void *user)
{
    struct writer *writer = user;

    for (uint32_t i = 0; i < EACH; i++) {
        struct words words = words_of(writer->number, i);

        if (hawser_send(writer->bus, writer->link, &words, sizeof words) !=
            HAWSER_OK) {
            break;
        }
        writer->sent++;
    }
    return NULL;
}

static bool
is_next(const hawser_message *message, uint32_t *next)
{
    struct words words, meant;

    if (hawser_message_size(message) != sizeof words) {
        return false;
    }
    memcpy(&words, hawser_message_bytes(message), sizeof words);
    if (words.who >= THREADS || words.which != next[words.who]) {
        return false;
    }
    meant = words_of(words.who, words.which);
    next[words.who]++;
    return memcmp(&words, &meant, sizeof words) == 0;
}

static void
read_all(struct pair *pair)
{
    uint32_t next[THREADS] = { 0 };
    unsigned wrong = 0;

    for (unsigned i = 0; i < THREADS * EACH; i++) {
        hawser_item item;

        if (!hear_message(pair->right_bus, pair->right, &item)) {
            return;
        }
        wrong += !is_next(item.message, next);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
many_threads_never_interleave_and_keep_their_order(void)
{
    struct writer writers[THREADS];
    struct pair pair;

    join(&pair, "overflow=block spool.max_messages=10000", NULL);
    for (uint32_t i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ .bus = pair.left_bus,
                                      .link = pair.left,
                                      .number = i };
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&writers[i].thread, NULL, write_all, &writers[i]),
            0);
    }
    read_all(&pair);
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(writers[i].thread, NULL);
        CU_ASSERT_EQUAL(writers[i].sent, EACH);
    }
    (void)until_settled(pair.left_bus, pair.left, THREADS * EACH);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).accepted, THREADS * EACH);
    part(&pair);
}

// ---- sizes and kinds ----

static void
expect_size(struct pair *pair, const uint8_t *bytes, size_t size)
{
    hawser_item item;

    if (!hear_message(pair->right_bus, pair->right, &item)) {
        return;
    }
    CU_ASSERT_EQUAL_FATAL(hawser_message_size(item.message), size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hawser_message_bytes(item.message));
    CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(item.message), bytes, size), 0);
    CU_ASSERT_EQUAL(hawser_message_kind(item.message), HAWSER_BINARY);
    hawser_item_drop(&item);
}

static void
every_size_up_to_the_limit_arrives_whole(void)
{
    static const size_t sizes[] = { 0,     1,     2,     255,   256,
                                    1023,  1024,  1025,  32768, 65535,
                                    65536, 65537, 99999, 100000 };
    struct pair pair;
    uint8_t *bytes = malloc(100000);

    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (size_t i = 0; i < 100000; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    join(&pair, "message.max=100000", "message.max=100000");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CU_ASSERT_EQUAL(hawser_send(pair.left_bus, pair.left, bytes, sizes[i]),
                        HAWSER_OK);
        expect_size(&pair, bytes, sizes[i]);
    }
    part(&pair);
    free(bytes);
}

static void
one_byte_past_message_max_is_refused_and_nothing_is_taken(void)
{
    static const uint8_t bytes[101];
    struct pair pair;
    hawser_message *message = NULL;

    join(&pair, "message.max=100", NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_message_new(HAWSER_BINARY, bytes, 101, &message), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_send(pair.left_bus, pair.left, bytes, 101),
                    HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(hawser_send_message(pair.left_bus, pair.left, message, 1),
                    HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(
        hawser_send(pair.left_bus, pair.left, bytes, (size_t)1 << 40),
        HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).accepted, 0);
    CU_ASSERT_EQUAL(hawser_send(pair.left_bus, pair.left, bytes, 100),
                    HAWSER_OK);
    expect_size(&pair, bytes, 100);
    hawser_message_drop(message);
    part(&pair);
}

static void
text_that_is_not_utf8_is_refused(void)
{
    static const char *const wrong[] = { "\xff", "a\xc3", "\xed\xa0\x80",
                                         "\xc0\xaf" };
    struct pair pair;
    hawser_message *message = NULL;

    join(&pair, NULL, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT_EQUAL(hawser_send_text(pair.left_bus, pair.left, wrong[i]),
                        HAWSER_INVALID);
        CU_ASSERT_EQUAL(hawser_message_new(HAWSER_TEXT, wrong[i],
                                           strlen(wrong[i]), &message),
                        HAWSER_INVALID);
    }
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).accepted, 0);
    say_text(pair.left_bus, pair.left, "gr\xc3\xbc\xc3\x9f dich");
    expect_text(pair.right_bus, pair.right, "gr\xc3\xbc\xc3\x9f dich");
    part(&pair);
}

static void
kind_and_topic_travel_with_the_message(void)
{
    hawser_message *message = NULL;
    struct pair pair;
    hawser_item item;
    size_t size = 0;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(
        hawser_message_new_topic(HAWSER_TEXT, "news", 4, "now", 3, &message),
        HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_send_message(pair.left_bus, pair.left, message, 0),
                    HAWSER_OK);
    hawser_message_drop(message);
    if (hear_message(pair.right_bus, pair.right, &item)) {
        const void *topic = hawser_message_topic(item.message, &size);

        CU_ASSERT_EQUAL(hawser_message_kind(item.message), HAWSER_TEXT);
        CU_ASSERT_EQUAL_FATAL(size, 4);
        CU_ASSERT_EQUAL(memcmp(topic, "news", 4), 0);
        hawser_item_drop(&item);
    }
    part(&pair);
}

// ---- shared messages ----

static void
share(size_t size)
{
    enum { LINKS = 5 };
    struct pair pairs[LINKS];
    hawser_message *message = NULL;
    uint8_t *bytes = malloc(size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', size);
    CU_ASSERT_EQUAL_FATAL(
        hawser_message_new(HAWSER_BINARY, bytes, size, &message), HAWSER_OK);
    for (unsigned i = 0; i < LINKS; i++) {
        join(&pairs[i], NULL, NULL);
    }
    for (unsigned i = 0; i < LINKS; i++) {
        CU_ASSERT_EQUAL(
            hawser_send_message(pairs[i].left_bus, pairs[i].left, message, 0),
            HAWSER_OK);
        CU_ASSERT_EQUAL(
            hawser_send_message(pairs[i].left_bus, pairs[i].left, message, 9),
            HAWSER_OK);
    }
    hawser_message_drop(message); // the links hold their own
    for (unsigned i = 0; i < LINKS; i++) {
        expect_size(&pairs[i], bytes, size);
        expect_size(&pairs[i], bytes, size);
        part(&pairs[i]);
    }
    free(bytes);
}

static void
a_message_is_shared_by_several_links(void)
{
    share(10);    // small enough to be copied
    share(50000); // large enough not to be
}

static void
a_received_message_can_be_sent_on(void)
{
    static char text[5000];
    struct pair one, other;
    hawser_item item;

    memset(text, 'y', sizeof text - 1);
    join(&one, NULL, NULL);
    join(&other, NULL, NULL);
    say_text(one.left_bus, one.left, text);
    if (hear_message(one.right_bus, one.right, &item)) {
        CU_ASSERT_EQUAL(
            hawser_send_message(other.left_bus, other.left, item.message, 0),
            HAWSER_OK);
        hawser_item_drop(&item);
    }
    part(&one); // the message outlives the bus that brought it
    expect_text(other.right_bus, other.right, text);
    part(&other);
}

static CU_TestInfo tests[] = {
    CHECK(many_threads_never_interleave_and_keep_their_order),
    CHECK(every_size_up_to_the_limit_arrives_whole),
    CHECK(one_byte_past_message_max_is_refused_and_nothing_is_taken),
    CHECK(text_that_is_not_utf8_is_refused),
    CHECK(kind_and_topic_travel_with_the_message),
    CHECK(a_message_is_shared_by_several_links),
    CHECK(a_received_message_can_be_sent_on),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("sending", tests)
