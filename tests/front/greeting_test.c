// greeting_test.c - what the application says first: greetings, fresh headers.
#include <string.h>

#include "check.h"
#include "harbour.h"

// A link that greets, and its peer, which does not.
static void
join_greeting(struct pair *pair, const char *settings)
{
    pair->url = fresh_url();
    pair->left_bus = open_bus("backoff.min=1ms backoff.max=1ms");
    pair->right_bus = open_bus("backoff.min=1ms backoff.max=1ms");
    pair->left = open_link(pair->left_bus, pair->url, settings);
    pair->right = open_link(pair->right_bus, pair->url, NULL);
}

static uint32_t
await_greeting(struct pair *pair)
{
    hawser_item item;
    uint32_t wire = 0;

    if (hear_state(pair->left_bus, pair->left, HAWSER_GREETING, &item)) {
        wire = item.event->wire;
        hawser_item_drop(&item);
    }
    return wire;
}

static void
greet(struct pair *pair, uint32_t wire, const char *text)
{
    hawser_message *message = new_text(text);

    CU_ASSERT_EQUAL(
        hawser_link_greet(pair->left_bus, pair->left, wire, message),
        HAWSER_OK);
    hawser_message_drop(message);
}

static void
ready(struct pair *pair, uint32_t wire)
{
    CU_ASSERT_EQUAL(hawser_link_ready(pair->left_bus, pair->left, wire),
                    HAWSER_OK);
}

static void
the_greeting_comes_first_then_standing_messages_then_traffic(void)
{
    struct pair pair;
    hawser_message *standing = new_text("standing");
    uint32_t wire;

    join_greeting(&pair, "greeting=application");
    say_text(pair.left_bus, pair.left, "traffic");
    CU_ASSERT_EQUAL(
        hawser_link_standing_add(pair.left_bus, pair.left, standing, NULL),
        HAWSER_OK);
    wire = await_greeting(&pair);
    greet(&pair, wire, "login");
    greet(&pair, wire + 1, "of no wire yet");
    expect_text(pair.right_bus, pair.right, "login");
    say_text(pair.right_bus, pair.right, "welcome");
    expect_text(pair.left_bus, pair.left, "welcome");
    greet(&pair, wire, "thanks");
    ready(&pair, wire);
    expect_text(pair.right_bus, pair.right, "thanks");
    expect_text(pair.right_bus, pair.right, "standing");
    expect_text(pair.right_bus, pair.right, "traffic");
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_UP));
    greet(&pair, wire, "too late");
    say_text(pair.left_bus, pair.left, "more");
    expect_text(pair.right_bus, pair.right, "more");
    hawser_message_drop(standing);
    part(&pair);
}

static void
a_link_that_is_not_greeted_stays_in_greeting(void)
{
    struct pair pair;
    hawser_state state = HAWSER_IDLE;

    join_greeting(&pair, "greeting=application");
    (void)await_greeting(&pair);
    say_text(pair.left_bus, pair.left, "kept");
    CU_ASSERT_EQUAL(hawser_link_wait_up(pair.left_bus, pair.left, 20),
                    HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(hawser_link_state(pair.left_bus, pair.left, &state),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(state, HAWSER_GREETING);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).waiting, 1);
    part(&pair);
}

static void
a_refused_greeting_is_tried_again_and_its_reason_told(void)
{
    struct pair pair;
    hawser_item item;
    uint32_t wire;

    join_greeting(&pair, "greeting=application");
    wire = await_greeting(&pair);
    CU_ASSERT_EQUAL(
        hawser_link_refuse(pair.left_bus, pair.left, wire, "wrong password"),
        HAWSER_OK);
    if (hear_state(pair.left_bus, pair.left, HAWSER_WAITING, &item)) {
        CU_ASSERT_STRING_EQUAL(item.event->error, "wrong password");
        hawser_item_drop(&item);
    }
    wire = await_greeting(&pair);
    ready(&pair, wire);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_UP));
    part(&pair);
}

static void
an_answer_for_an_earlier_wire_is_ignored(void)
{
    struct pair pair;
    uint32_t wire, next;

    join_greeting(&pair, "greeting=application");
    wire = await_greeting(&pair);
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair.left_bus, pair.left), HAWSER_OK);
    next = await_greeting(&pair);
    CU_ASSERT(next > wire);
    ready(&pair, wire);
    CU_ASSERT_EQUAL(hawser_link_refuse(pair.left_bus, pair.left, wire, NULL),
                    HAWSER_OK);
    greet(&pair, wire, "late");
    greet(&pair, next, "in time");
    expect_text(pair.right_bus, pair.right, "in time");
    ready(&pair, next);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_UP));
    part(&pair);
}

static void
a_greeting_has_its_time(void)
{
    struct pair pair;
    hawser_item item;

    join_greeting(&pair, "greeting=application greeting.timeout=20ms");
    (void)await_greeting(&pair);
    if (hear_state(pair.left_bus, pair.left, HAWSER_WAITING, &item)) {
        CU_ASSERT_PTR_NOT_NULL(strstr(item.event->error, "greeting.timeout"));
        hawser_item_drop(&item);
    }
    part(&pair);
}

// What a careless application says all at once, in every order.
static void
saying_ready_and_refuse_at_once_harms_nothing(void)
{
    for (unsigned round = 0; round < 40; round++) {
        struct pair pair;
        uint32_t wire;

        join_greeting(&pair, round % 2 == 0
                                 ? "greeting=application attempts.max=1"
                                 : "greeting=application");
        wire = await_greeting(&pair);
        for (unsigned i = 0; i < 4; i++) {
            if ((round / 2 + i) % 3 != 0) {
                ready(&pair, wire);
            } else {
                CU_ASSERT_EQUAL(
                    hawser_link_refuse(pair.left_bus, pair.left, wire, NULL),
                    HAWSER_OK);
            }
        }
        CU_ASSERT_EQUAL(
            hawser_link_drain(pair.left_bus, pair.left, 50, 0, NULL),
            HAWSER_OK);
        CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_CLOSED));
        part(&pair);
    }
}

// ---- fresh headers ----

static uint32_t
await_ask(hawser_bus *bus, hawser_link link)
{
    hawser_item item;

    while (hear(bus, &item)) {
        bool ask = item.kind == HAWSER_ITEM_EVENT &&
                   item.event->kind == HAWSER_EVENT_ASK;
        uint32_t wire = ask ? item.event->wire : 0;

        CU_ASSERT(!ask || item.link.id == link.id);
        hawser_item_drop(&item);
        if (ask) {
            return wire;
        }
    }
    return 0;
}

static void
a_dial_waits_for_its_headers(void)
{
    struct pair pair;
    uint32_t wire;

    join_greeting(&pair, "dial.ask=on");
    wire = await_ask(pair.left_bus, pair.left);
    CU_ASSERT_EQUAL(hawser_link_wait_up(pair.left_bus, pair.left, 20),
                    HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(hawser_link_answer(pair.left_bus, pair.left, wire,
                                       "Authorization: Bearer x\nA: b"),
                    HAWSER_OK);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_UP));
    // Once more is too late, and harms nothing.
    CU_ASSERT_EQUAL(hawser_link_answer(pair.left_bus, pair.left, wire, ""),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_answer(pair.left_bus, pair.left, wire, NULL),
                    HAWSER_OK);
    say_text(pair.left_bus, pair.left, "there");
    expect_text(pair.right_bus, pair.right, "there");
    // Each attempt asks anew.
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair.left_bus, pair.left), HAWSER_OK);
    CU_ASSERT(await_ask(pair.left_bus, pair.left) > wire);
    part(&pair);
}

static void
an_attempt_can_be_given_up(void)
{
    struct pair pair;
    hawser_item item;
    uint32_t wire;

    join_greeting(&pair, "dial.ask=on");
    wire = await_ask(pair.left_bus, pair.left);
    CU_ASSERT_EQUAL(hawser_link_answer(pair.left_bus, pair.left, wire, NULL),
                    HAWSER_OK);
    if (hear_state(pair.left_bus, pair.left, HAWSER_WAITING, &item)) {
        CU_ASSERT_STRING_EQUAL(item.event->error,
                               "the application gave the attempt up");
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(hawser_link_answer(pair.left_bus, pair.left,
                                       await_ask(pair.left_bus, pair.left), ""),
                    HAWSER_OK);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_UP));
    part(&pair);
}

static void
headers_that_come_too_late_are_for_nothing(void)
{
    struct pair pair;
    hawser_item item;
    uint32_t wire;

    join_greeting(&pair, "dial.ask=on dial.timeout=20ms");
    wire = await_ask(pair.left_bus, pair.left);
    if (hear_state(pair.left_bus, pair.left, HAWSER_WAITING, &item)) {
        CU_ASSERT_PTR_NOT_NULL(strstr(item.event->error, "dial.timeout"));
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(hawser_link_answer(pair.left_bus, pair.left, wire, ""),
                    HAWSER_OK);
    CU_ASSERT(await_ask(pair.left_bus, pair.left) > wire);
    part(&pair);
}

static void
malformed_headers_are_refused(void)
{
    static const char *const wrong[] = { "no colon",     ": no name",
                                         "A b: c",       "A: b\r\nC: d",
                                         "A: b\n\nC: d", "A: b\nnonsense" };
    struct pair pair;

    join_greeting(&pair, "dial.ask=on");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT_EQUAL(
            hawser_link_answer(pair.left_bus, pair.left, 1, wrong[i]),
            HAWSER_INVALID);
    }
    part(&pair);
}

static CU_TestInfo tests[] = {
    CHECK(the_greeting_comes_first_then_standing_messages_then_traffic),
    CHECK(a_link_that_is_not_greeted_stays_in_greeting),
    CHECK(a_refused_greeting_is_tried_again_and_its_reason_told),
    CHECK(an_answer_for_an_earlier_wire_is_ignored),
    CHECK(a_greeting_has_its_time),
    CHECK(saying_ready_and_refuse_at_once_harms_nothing),
    CHECK(a_dial_waits_for_its_headers),
    CHECK(an_attempt_can_be_given_up),
    CHECK(headers_that_come_too_late_are_for_nothing),
    CHECK(malformed_headers_are_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("greeting", tests)
