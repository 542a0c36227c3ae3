// dispatch_test.c - hearing in the manner of callbacks.
#include <string.h>

#include "check.h"
#include "harbour.h"

struct heard {
    struct pair *pair;
    hawser_link link;
    unsigned messages, events, receipts;
    uint64_t tags;
    hawser_state state;
    bool wrong;
};

static void
on_message(void *user, hawser_link link, hawser_message *message)
{
    struct heard *heard = user;

    heard->wrong |= link.id != heard->link.id;
    heard->wrong |= number_of(message) != heard->messages;
    heard->messages++;
}

static void
on_event(void *user, hawser_link link, const hawser_event *event)
{
    struct heard *heard = user;

    heard->wrong |= link.id != heard->link.id;
    heard->events++;
    heard->state = event->state;
}

static void
on_receipt(void *user, hawser_link link, uint64_t tag, hawser_fate fate)
{
    struct heard *heard = user;

    heard->wrong |= link.id != heard->link.id || fate != HAWSER_SETTLED;
    heard->receipts++;
    heard->tags += tag;
}

static hawser_handlers
handlers_of(struct heard *heard)
{
    return (hawser_handlers){ heard, on_message, on_event, on_receipt };
}

static void
each_item_goes_to_its_handler(void)
{
    struct pair pair;
    struct heard left = { .state = HAWSER_IDLE }, right = left;
    hawser_handlers of_left = handlers_of(&left),
                    of_right = handlers_of(&right);
    size_t count = 0, all = 0;

    join(&pair, NULL, NULL);
    left.link = pair.left;
    right.link = pair.right;
    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, i, i + 1),
                        HAWSER_OK);
    }
    while (right.messages < 100) {
        CU_ASSERT_EQUAL_FATAL(
            hawser_dispatch(pair.right_bus, &of_right, PATIENCE_MS, &count),
            HAWSER_OK);
        CU_ASSERT(count > 0);
        all += count;
    }
    CU_ASSERT_EQUAL(all, 100);
    while (left.receipts < 100) {
        CU_ASSERT_EQUAL_FATAL(
            hawser_dispatch(pair.left_bus, &of_left, PATIENCE_MS, NULL),
            HAWSER_OK);
    }
    CU_ASSERT_EQUAL(left.tags, 5050);
    CU_ASSERT_EQUAL(hawser_link_close(pair.left_bus, pair.left, 0, NULL),
                    HAWSER_OK);
    while (left.state != HAWSER_CLOSED) {
        CU_ASSERT_EQUAL_FATAL(
            hawser_dispatch(pair.left_bus, &of_left, -1, &count), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_dispatch(pair.left_bus, &of_left, -1, &count),
                    HAWSER_ENDED);
    CU_ASSERT_EQUAL(count, 0);
    CU_ASSERT_FALSE(left.wrong || right.wrong);
    part(&pair);
}

static void
what_has_no_handler_is_dropped(void)
{
    const hawser_handlers none = { .user = NULL };
    struct pair pair;
    size_t count = 0;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_dispatch(pair.right_bus, &none, 0, &count),
                    HAWSER_AGAIN);
    CU_ASSERT_EQUAL(hawser_dispatch(pair.right_bus, &none, 5, &count),
                    HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, 1, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_dispatch(pair.right_bus, &none, PATIENCE_MS, &count),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(hawser_dispatch(NULL, &none, 0, &count), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_dispatch(pair.right_bus, NULL, 0, &count),
                    HAWSER_INVALID);
    part(&pair);
}

// ---- calling from inside ----

static void
call_all(struct heard *heard, hawser_bus *bus, hawser_link link)
{
    hawser_link_stats stats = { .size = sizeof stats };
    hawser_link_info info = { .size = sizeof info };
    hawser_message *message = new_text("inside");
    const hawser_handlers none = { .user = NULL };
    hawser_inbox *inbox = NULL;
    hawser_link another = { 0 };
    hawser_state state;
    hawser_item item;
    uint64_t id = 0;
    size_t count;
    int fd = -1;
    bool right = true;

    right &= hawser_link_state(bus, link, &state) == HAWSER_OK;
    right &= hawser_link_get_stats(bus, link, &stats) == HAWSER_OK;
    right &= hawser_link_get_info(bus, link, &info) == HAWSER_OK;
    right &= hawser_send_message(bus, link, message, 7) == HAWSER_OK;
    right &= hawser_link_standing_add(bus, link, message, &id) == HAWSER_OK;
    right &= hawser_link_standing_remove(bus, link, id, NULL) == HAWSER_OK;
    right &= hawser_link_wait_up(bus, link, 1000) == HAWSER_OK;
    right &= hawser_inbox_open(bus, &inbox) == HAWSER_OK;
    right &= hawser_inbox_fd(inbox, &fd) == HAWSER_OK;
    right &= hawser_inbox_fd(hawser_bus_inbox(bus), &fd) == HAWSER_OK;
    right &= hawser_link_open_in(inbox, "inproc://inside", NULL, &another) ==
             HAWSER_OK;
    right &= hawser_inbox_receive(inbox, &item, 5000) == HAWSER_OK;
    hawser_item_drop(&item);
    hawser_inbox_close(inbox);
    (void)hawser_dispatch(bus, &none, 0, &count);
    if (hawser_receive(bus, &item, 0) == HAWSER_OK) {
        hawser_item_drop(&item);
    }
    right &= hawser_link_close(bus, link, 4000, "inside") == HAWSER_OK;
    heard->wrong |= !right;
    hawser_message_drop(message);
}

static void
call_all_on_message(void *user, hawser_link link, hawser_message *message)
{
    struct heard *heard = user;

    (void)message;
    heard->messages++;
    call_all(heard, heard->pair->right_bus, link);
}

static void
call_inside(const char *bus_settings)
{
    struct pair pair = { .url = fresh_url() };
    struct heard heard = { .pair = &pair };
    const hawser_handlers handlers = { .user = &heard,
                                       .on_message = call_all_on_message };

    pair.left_bus = open_bus(NULL);
    pair.right_bus = open_bus(bus_settings);
    pair.left = open_link(pair.left_bus, pair.url, NULL);
    pair.right = open_link(pair.right_bus, pair.url, NULL);
    say_text(pair.left_bus, pair.left, "go");
    while (heard.messages == 0) {
        CU_ASSERT_EQUAL_FATAL(
            hawser_dispatch(pair.right_bus, &handlers, PATIENCE_MS, NULL),
            HAWSER_OK);
    }
    CU_ASSERT_FALSE(heard.wrong);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_WAITING));
    part(&pair);
}

static void
every_call_is_legal_inside_a_handler(void)
{
    call_inside(NULL);
    call_inside("threads=0");
}

static void
keep(void *user, hawser_link link, hawser_message *message)
{
    (void)link;
    *(hawser_message **)user = hawser_message_hold(message);
}

static void
a_message_that_is_held_outlives_its_handler(void)
{
    hawser_message *kept = NULL;
    const hawser_handlers handlers = { .user = &kept, .on_message = keep };
    struct pair pair;

    join(&pair, NULL, NULL);
    say_text(pair.left_bus, pair.left, "kept");
    CU_ASSERT_EQUAL(
        hawser_dispatch(pair.right_bus, &handlers, PATIENCE_MS, NULL),
        HAWSER_OK);
    part(&pair);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(kept), "kept", 4), 0);
    hawser_message_drop(kept);
}

static CU_TestInfo tests[] = {
    CHECK(each_item_goes_to_its_handler),
    CHECK(what_has_no_handler_is_dropped),
    CHECK(every_call_is_legal_inside_a_handler),
    CHECK(a_message_that_is_held_outlives_its_handler),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("dispatch", tests)
