// frames_test.c - messages of frames, and frames of messages.
#include "check.h"
#include "zmq/frames.h"

static const struct hw_zmq_shape plain = { HW_ZMQ_TOPIC, false, false };
static const struct hw_zmq_shape addressed = { HW_ZMQ_TOPIC, true, false };
static const struct hw_zmq_shape delimited = { HW_ZMQ_DELIMITED, false, false };
static const struct hw_zmq_shape asked = { HW_ZMQ_DELIMITED, true, false };
static const struct hw_zmq_shape packed = { HW_ZMQ_PACKED, false, false };
static const struct hw_zmq_shape packed_for = { HW_ZMQ_PACKED, true, false };
static const struct hw_zmq_shape packed_about = { HW_ZMQ_PACKED, false, true };

static hawser_message
message(const char *topic, const char *bytes, size_t size)
{
    return (hawser_message){
        .bytes = (const uint8_t *)bytes,
        .size = (uint32_t)size,
        .topic = (const uint8_t *)topic,
        .topic_size = (uint16_t)(topic == NULL ? 0 : strlen(topic)),
    };
}

// The frames of a message as text, "a|b"; "!" if it has none.
static const char *
cut(const struct hw_zmq_shape *shape, hawser_message sent)
{
    static char text[64];
    size_t at = 0;
    const char *between = "";
    struct hw_zmq_cut cutting;

    if (hw_zmq_cut_begin(&cutting, &sent, shape) != NULL) {
        return "!";
    }
    while (cutting.more) {
        struct hw_zmq_frame frame = hw_zmq_cut_next(&cutting);

        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s", between,
                               (int)frame.size, (const char *)frame.bytes);
        between = "|";
    }
    return text;
}

static void
a_message_is_one_frame_or_a_topic_and_another(void)
{
    CU_ASSERT_STRING_EQUAL(cut(&plain, message(NULL, "bytes", 5)), "bytes");
    CU_ASSERT_STRING_EQUAL(cut(&plain, message("t", "bytes", 5)), "t|bytes");
    CU_ASSERT_STRING_EQUAL(cut(&addressed, message("id", "b", 1)), "id|b");
    CU_ASSERT_STRING_EQUAL(cut(&addressed, message(NULL, "b", 1)), "!");
    CU_ASSERT_STRING_EQUAL(cut(&addressed, message("", "b", 1)), "!");
}

static void
a_delimiter_stands_before_the_bytes(void)
{
    CU_ASSERT_STRING_EQUAL(cut(&delimited, message(NULL, "b", 1)), "|b");
    CU_ASSERT_STRING_EQUAL(cut(&delimited, message("t", "b", 1)), "!");
    CU_ASSERT_STRING_EQUAL(cut(&asked, message("id", "b", 1)), "id||b");
}

static void
what_is_packed_is_cut_where_the_lengths_say(void)
{
    static const char three[] = "\0\0\0\1a\0\0\0\0\0\0\0\2bc";
    size_t size = sizeof three - 1;

    CU_ASSERT_STRING_EQUAL(cut(&packed, message(NULL, three, size)), "a||bc");
    CU_ASSERT_STRING_EQUAL(cut(&packed_for, message("id", three, size)),
                           "id|a||bc");
    CU_ASSERT_STRING_EQUAL(cut(&packed_about, message("t", three, size)),
                           "t|a||bc");
    CU_ASSERT_STRING_EQUAL(cut(&packed_about, message("t", "", 0)), "t");
    for (size_t cut_at = 1; cut_at < size; cut_at++) {
        bool whole = cut_at == 5 || cut_at == 9;

        CU_ASSERT_EQUAL(
            strcmp(cut(&packed, message(NULL, three, cut_at)), "!") != 0,
            whole);
    }
    CU_ASSERT_STRING_EQUAL(cut(&packed, message(NULL, "", 0)), "!");
    CU_ASSERT_STRING_EQUAL(cut(&packed, message("t", three, size)), "!");
    CU_ASSERT_STRING_EQUAL(cut(&packed, message(NULL, "\xff\xff\xff\xff", 4)),
                           "!");
}

static struct hw_zmq_gathering gathering;
static struct hw_zmq_frame topic, bytes;

// Gathers "a|b|…". False: it is no message of that shape.
static bool
gather(const struct hw_zmq_shape *shape, const char *frames, size_t max)
{
    hw_zmq_gather_begin(&gathering);
    for (;;) {
        size_t size = strcspn(frames, "|");
        struct hw_zmq_frame frame = { (const uint8_t *)frames, size };

        hw_zmq_gather(&gathering, shape, frame, max);
        if (frames[size] == '\0') {
            return hw_zmq_gather_end(&gathering, shape, &topic, &bytes) == NULL;
        }
        frames += size + 1;
    }
}

static bool
is(struct hw_zmq_frame frame, const char *text, size_t size)
{
    return frame.size == size && memcmp(frame.bytes, text, size) == 0;
}

static void
frames_become_a_topic_and_bytes(void)
{
    CU_ASSERT_TRUE(gather(&plain, "bytes", 100));
    CU_ASSERT_PTR_NULL(topic.bytes);
    CU_ASSERT_TRUE(is(bytes, "bytes", 5));
    CU_ASSERT_TRUE(gather(&plain, "t|b", 100));
    CU_ASSERT_TRUE(is(topic, "t", 1) && is(bytes, "b", 1));
    CU_ASSERT_TRUE(gather(&plain, "|b", 100));
    CU_ASSERT_PTR_NOT_NULL(topic.bytes);
    CU_ASSERT_EQUAL(topic.size, 0);
    CU_ASSERT_TRUE(gather(&addressed, "id|b", 100));
    CU_ASSERT_TRUE(is(topic, "id", 2) && is(bytes, "b", 1));
    CU_ASSERT_TRUE(gather(&asked, "id||b", 100));
    CU_ASSERT_TRUE(is(topic, "id", 2) && is(bytes, "b", 1));
}

static void
frames_too_many_are_refused_and_not_cut(void)
{
    CU_ASSERT_FALSE(gather(&plain, "a|b|c", 100));
    CU_ASSERT_FALSE(gather(&addressed, "id", 100));
    CU_ASSERT_FALSE(gather(&addressed, "id|b|c", 100));
    CU_ASSERT_FALSE(gather(&delimited, "b", 100));
    CU_ASSERT_FALSE(gather(&delimited, "a|b", 100));
    CU_ASSERT_FALSE(gather(&delimited, "|b|c", 100));
    CU_ASSERT_FALSE(gather(&asked, "id|b", 100));
}

static void
any_frames_can_be_packed(void)
{
    CU_ASSERT_TRUE(gather(&packed, "a||bc", 100));
    CU_ASSERT_PTR_NULL(topic.bytes);
    CU_ASSERT_TRUE(is(bytes, "\0\0\0\1a\0\0\0\0\0\0\0\2bc", 15));
    CU_ASSERT_TRUE(gather(&packed_for, "id|a", 100));
    CU_ASSERT_TRUE(is(topic, "id", 2) && is(bytes, "\0\0\0\1a", 5));
    CU_ASSERT_TRUE(gather(&packed_about, "t", 100));
    CU_ASSERT_TRUE(is(topic, "t", 1) && is(bytes, "", 0));
    hw_zmq_gather_free(&gathering);
}

static void
what_is_packed_has_a_limit(void)
{
    CU_ASSERT_TRUE(gather(&packed, "a||bc", 15));
    CU_ASSERT_FALSE(gathering.too_big);
    (void)gather(&packed, "a||bc", 14); // whatever it says
    CU_ASSERT_TRUE(gathering.too_big);
    hw_zmq_gather_free(&gathering);
}

static CU_TestInfo tests[] = {
    CHECK(a_message_is_one_frame_or_a_topic_and_another),
    CHECK(a_delimiter_stands_before_the_bytes),
    CHECK(what_is_packed_is_cut_where_the_lengths_say),
    CHECK(frames_become_a_topic_and_bytes),
    CHECK(frames_too_many_are_refused_and_not_cut),
    CHECK(any_frames_can_be_packed),
    CHECK(what_is_packed_has_a_limit),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("zmq frames", tests)
