// careless_test.c - what a careless application hands in gets an answer.
#include <string.h>

#include "check.h"
#include "harbour.h"

static void
calls_without_a_bus_are_invalid(void)
{
    const hawser_link link = { 1 };
    hawser_message *message = new_text("x");
    hawser_link_stats stats = { .size = sizeof stats };
    hawser_link_info info = { .size = sizeof info };
    hawser_inbox *inbox = NULL;
    hawser_link opened;
    hawser_state state;
    hawser_item item;
    int fd;

    CU_ASSERT_EQUAL(hawser_bus_open(NULL, NULL), HAWSER_INVALID);
    CU_ASSERT(hawser_last_error()[0] != '\0');
    CU_ASSERT_EQUAL(hawser_link_open(NULL, "inproc://x", NULL, &opened),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_open_in(NULL, "inproc://x", NULL, &opened),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_reconnect(NULL, link), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_drain(NULL, link, 0, 0, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_close(NULL, link, 0, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_state(NULL, link, &state), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_wait_up(NULL, link, 0), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_get_stats(NULL, link, &stats), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_get_info(NULL, link, &info), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send(NULL, link, "x", 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send_text(NULL, link, "x"), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send_message(NULL, link, message, 0),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_standing_add(NULL, link, message, NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_standing_remove(NULL, link, 1, NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_ready(NULL, link, 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_refuse(NULL, link, 1, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_greet(NULL, link, 1, message), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_answer(NULL, link, 1, ""), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_inbox_open(NULL, &inbox), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_inbox_fd(NULL, &fd), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_inbox_receive(NULL, &item, 0), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_receive(NULL, &item, 0), HAWSER_INVALID);
    CU_ASSERT_PTR_NULL(hawser_bus_inbox(NULL));
    hawser_item_drop(NULL);
    hawser_message_drop(NULL);
    hawser_message_drop(message);
}

static void
calls_without_a_place_for_the_answer_are_invalid(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL), opened;

    CU_ASSERT_EQUAL(hawser_link_open(bus, NULL, NULL, &opened), HAWSER_INVALID);
    CU_ASSERT(hawser_last_error()[0] != '\0');
    CU_ASSERT_EQUAL(hawser_link_open(bus, "inproc://x", NULL, NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_state(bus, link, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_get_stats(bus, link, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_get_info(bus, link, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send(bus, link, NULL, 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send(bus, link, NULL, 0), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_send_text(bus, link, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_send_message(bus, link, NULL, 1), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, NULL, NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_greet(bus, link, 1, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_inbox_open(bus, NULL), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_inbox_fd(hawser_bus_inbox(bus), NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_receive(bus, NULL, 0), HAWSER_INVALID);
    close_bus(bus);
}

static void
an_item_is_dropped_twice_without_harm(void)
{
    struct pair pair;
    hawser_item item;

    join(&pair, NULL, NULL);
    say_text(pair.left_bus, pair.left, "x");
    if (hear_message(pair.right_bus, pair.right, &item)) {
        hawser_item_drop(&item);
        hawser_item_drop(&item);
    }
    part(&pair);
}

// Wishes in any order, at any moment, by seed; the loop has its say in between.
static void
wishes_in_any_order_harm_nothing(void)
{
    enum { STEPS = 4000 / SLOWER, LINKS = 4 };
    hawser_bus *bus = open_bus("backoff.min=1ms backoff.max=2ms "
                               "greeting.timeout=3ms dial.timeout=5ms");
    static const char *const settings[LINKS] = {
        "greeting=application attempts.max=3",
        "dial.ask=on",
        "confirm=peer",
        "overflow=drop-oldest spool.max_messages=5",
    };
    hawser_link links[LINKS];
    hawser_message *message = new_text("wish");
    uint32_t seed = 12345;
    hawser_item item;

    for (unsigned i = 0; i < LINKS; i++) {
        links[i] = open_link(bus, "inproc://wishes", settings[i]);
    }
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned which = (seed >> 8) % LINKS;
        hawser_link link = links[which];
        uint32_t wire = (seed >> 12) % 4 + (uint32_t)stats_of(bus, link).dials;
        uint64_t id = 0;

        seed = seed * 1664525 + 1013904223;
        switch ((seed >> 16) % 12) {
        case 0:
            (void)hawser_link_reconnect(bus, link);
            break;
        case 1:
            (void)hawser_link_ready(bus, link, wire - 1);
            break;
        case 2:
            (void)hawser_link_refuse(bus, link, wire - 1, "no");
            break;
        case 3:
            (void)hawser_link_answer(bus, link, wire - 1, "A: b");
            break;
        case 4:
            (void)hawser_link_answer(bus, link, wire - 1, NULL);
            break;
        case 5:
            (void)hawser_link_greet(bus, link, wire - 1, message);
            break;
        case 6:
            (void)hawser_link_standing_add(bus, link, message, &id);
            (void)hawser_link_standing_remove(bus, link, id, message);
            break;
        case 7:
            if ((seed >> 20) % 4 == 0) {
                (void)hawser_link_drain(bus, link, 5, 0, NULL);
            }
            break;
        case 8:
            if ((seed >> 20) % 4 == 0) {
                (void)hawser_link_close(bus, link, 0, NULL);
            }
            break;
        default:
            (void)hawser_send_message(bus, link, message, step);
            (void)sum_of(bus, link);
            break;
        }
        while (hawser_receive(bus, &item, 0) == HAWSER_OK) {
            for (unsigned i = 0; i < LINKS; i++) {
                if (item.link.id == links[i].id &&
                    item.kind == HAWSER_ITEM_EVENT &&
                    item.event->kind == HAWSER_EVENT_STATE &&
                    item.event->state == HAWSER_CLOSED) {
                    links[i] = open_link(bus, "inproc://wishes", settings[i]);
                }
            }
            hawser_item_drop(&item);
        }
    }
    hawser_message_drop(message);
    (void)hawser_bus_close(bus, 10);
}

static CU_TestInfo tests[] = {
    CHECK(calls_without_a_bus_are_invalid),
    CHECK(calls_without_a_place_for_the_answer_are_invalid),
    CHECK(an_item_is_dropped_twice_without_harm),
    CHECK(wishes_in_any_order_harm_nothing),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("careless", tests)
