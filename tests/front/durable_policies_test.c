// durable_policies_test.c - what the policies of a message are worth in the
// next life, and what has left by one of them in this life.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "harbour.h"
#include "lives.h"

static hawser_status
send_with(struct life *life, uint32_t number, hawser_send_options options)
{
    hawser_message *message = NULL;
    hawser_status status;

    (void)hawser_message_new(HAWSER_BINARY, &number, sizeof number, &message);
    options.size = sizeof options;
    options.sync_ms = -1;
    status = hawser_send_with(life->bus, life->link, message, &options);
    hawser_message_drop(message);
    return status;
}

static hawser_status
send_keyed(struct life *life, uint32_t number, const char *key)
{
    return send_with(life, number,
                     (hawser_send_options){
                         .tag = number, .key = key, .key_size = strlen(key) });
}

// These, in this order, and no others.
static void
expect_order(struct life *life, const uint32_t *numbers, uint32_t count)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, life->url, NULL);

    for (uint32_t i = 0; i < count; i++) {
        expect_numbers(bus, link, numbers[i], 1);
    }
    CU_ASSERT_EQUAL(hawser_flush(life->bus, life->link, PATIENCE_MS),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(sum_of(life->bus, life->link).settled, count);
    close_bus(bus);
}

static void
expect_receipt(struct life *life, uint64_t tag, hawser_fate fate)
{
    hawser_item item;

    if (hear_receipt(life->bus, life->link, &item)) {
        CU_ASSERT_EQUAL(item.tag, tag);
        CU_ASSERT_EQUAL(item.fate, fate);
        hawser_item_drop(&item);
    }
}

static void
expect_nothing_left(void)
{
    struct life life = begin_life("");

    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 0);
    end_life(&life);
    forget_file();
}

// ---- in the next life ----

static void
priorities_hold(void)
{
    static const uint32_t order[] = { 2, 3, 1, 5, 4, 6 };
    struct life life = begin_life("");

    for (uint32_t number = 1; number <= 6; number++) {
        hawser_priority priority = number == 2 || number == 3   ? HAWSER_HIGH
                                   : number == 4 || number == 6 ? HAWSER_LOW
                                                                : HAWSER_NORMAL;

        CU_ASSERT_EQUAL(
            send_with(&life, number,
                      (hawser_send_options){ .priority = priority }),
            HAWSER_OK);
    }
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 6);
    expect_order(&life, order, 6);
    end_life(&life);
    expect_nothing_left();
}

static void
only_the_newest_of_a_key_is_there(void)
{
    static const uint32_t order[] = { 2, 4, 5 };
    struct life life = begin_life("");

    CU_ASSERT_EQUAL(send_keyed(&life, 1, "a"), HAWSER_OK);
    CU_ASSERT_EQUAL(send_keyed(&life, 2, "b"), HAWSER_OK);
    CU_ASSERT_EQUAL(send_keyed(&life, 3, "a"), HAWSER_OK);
    expect_receipt(&life, 1, HAWSER_DROPPED);
    CU_ASSERT_EQUAL(send_sync(&life, 4), HAWSER_OK);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 3);
    CU_ASSERT_EQUAL(send_keyed(&life, 5, "a"), HAWSER_OK); // goes where 3 waits
    expect_receipt(&life, 3, HAWSER_DROPPED);
    end_life(&life);
    life = begin_life("");
    expect_order(&life, order, 3);
    end_life(&life);
    expect_nothing_left();
}

// Killed before the loop turned, so that both are in the file.
static bool
send_two_of_a_key(void)
{
    struct life life = { .bus = open_bus("threads=0"), .url = fresh_url() };

    life.link = open_link(life.bus, life.url, settings_with(""));
    return send_keyed(&life, 1, "a") == HAWSER_OK &&
           send_keyed(&life, 2, "a") == HAWSER_OK;
}

static void
a_key_replaces_what_was_sent_in_an_earlier_life(void)
{
    static const uint32_t order[] = { 2 };
    struct life life;

    CU_ASSERT_TRUE(in_another_process(send_two_of_a_key));
    life = begin_life("");
    CU_ASSERT_EQUAL(stats_of(life.bus, life.link).accepted, 2);
    expect_receipt(&life, 1, HAWSER_DROPPED);
    expect_order(&life, order, 1);
    end_life(&life);
    expect_nothing_left();
}

static int64_t
wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The loop never turns, so nothing expires before the end.
static bool
send_what_is_short_lived(void)
{
    struct life life = { .bus = open_bus("threads=0"), .url = fresh_url() };

    life.link = open_link(life.bus, life.url, settings_with("message.ttl=2ms"));
    return send_with(&life, 1, (hawser_send_options){ .tag = 1 }) ==
               HAWSER_OK &&
           send_with(&life, 2,
                     (hawser_send_options){ .tag = 2, .ttl_ms = 3 }) ==
               HAWSER_OK &&
           send_with(&life, 3,
                     (hawser_send_options){ .tag = 3, .ttl_ms = 3600000 }) ==
               HAWSER_OK &&
           send_with(&life, 4,
                     (hawser_send_options){ .tag = 4, .ttl_ms = -1 }) ==
               HAWSER_OK;
}

static void
what_has_expired_meanwhile_does_not_go_out(void)
{
    static const uint32_t order[] = { 3, 4 };
    struct life life;
    int64_t later_ms;

    CU_ASSERT_TRUE(in_another_process(send_what_is_short_lived));
    later_ms = wall_ms() + 5;
    while (wall_ms() < later_ms) {
        // a clock that nobody can turn: it must pass
    }
    // What was to live for ever does, whatever the link has now.
    life = begin_life("message.ttl=1ms");
    CU_ASSERT_EQUAL(stats_of(life.bus, life.link).accepted, 4);
    expect_receipt(&life, 1, HAWSER_EXPIRED);
    expect_receipt(&life, 2, HAWSER_EXPIRED);
    expect_order(&life, order, 2);
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).expired, 2);
    end_life(&life);
    expect_nothing_left();
}

static void
what_lives_on_has_as_long_as_it_was_given(void)
{
    struct life life = begin_life("");
    hawser_item item;

    CU_ASSERT_EQUAL(
        send_with(&life, 1, (hawser_send_options){ .tag = 1, .ttl_ms = 100 }),
        HAWSER_OK);
    end_life(&life);
    life = begin_life("");
    // Unless it took the machine so long that it expired before.
    if (stats_of(life.bus, life.link).accepted == 1 &&
        hear_receipt(life.bus, life.link, &item)) {
        CU_ASSERT_EQUAL(item.tag, 1);
        CU_ASSERT_EQUAL(item.fate, HAWSER_EXPIRED);
        hawser_item_drop(&item);
    }
    end_life(&life);
    expect_nothing_left();
}

// ---- what leaves out of turn ----

static void
what_was_cancelled_is_not_there(void)
{
    static const uint32_t order[] = { 1, 3 };
    struct life life = begin_life("");

    for (uint32_t number = 1; number <= 3; number++) {
        CU_ASSERT_EQUAL(
            send_with(&life, number, (hawser_send_options){ .tag = number }),
            HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_cancel(life.bus, life.link, 2), HAWSER_OK);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 2);
    expect_order(&life, order, 2);
    end_life(&life);
    expect_nothing_left();
}

static void
what_was_settled_by_its_tag_is_not_there(void)
{
    static const uint32_t order[] = { 1, 4 };
    struct life life = begin_life("confirm=application");
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, life.url, NULL);

    for (uint32_t number = 1; number <= 4; number++) {
        CU_ASSERT_EQUAL(
            send_with(&life, number, (hawser_send_options){ .tag = number }),
            HAWSER_OK);
    }
    expect_numbers(bus, link, 1, 4);
    CU_ASSERT_EQUAL(hawser_settle(life.bus, life.link, 3), HAWSER_OK);
    expect_receipt(&life, 3, HAWSER_SETTLED);
    CU_ASSERT_EQUAL(hawser_settle(life.bus, life.link, 2), HAWSER_OK);
    expect_receipt(&life, 2, HAWSER_SETTLED);
    close_bus(bus);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 2);
    expect_order(&life, order, 2);
    end_life(&life);
    expect_nothing_left();
}

static void
what_was_settled_up_to_a_tag_is_not_there(void)
{
    static const uint32_t order[] = { 4 };
    struct life life = begin_life("confirm=application");

    for (uint32_t number = 1; number <= 4; number++) {
        CU_ASSERT_EQUAL(
            send_with(&life, number, (hawser_send_options){ .tag = number }),
            HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_settle_up_to(life.bus, life.link, 3), HAWSER_OK);
    expect_receipt(&life, 1, HAWSER_SETTLED);
    expect_receipt(&life, 2, HAWSER_SETTLED);
    expect_receipt(&life, 3, HAWSER_SETTLED);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 1);
    expect_order(&life, order, 1);
    end_life(&life);
    expect_nothing_left();
}

static void
what_has_expired_is_not_there(void)
{
    struct life life = begin_life("message.ttl=1ms");

    CU_ASSERT_EQUAL(send_with(&life, 1, (hawser_send_options){ .tag = 1 }),
                    HAWSER_OK);
    expect_receipt(&life, 1, HAWSER_EXPIRED);
    end_life(&life);
    expect_nothing_left();
}

static void
options_that_ask_for_the_disk_need_one(void)
{
    struct life life = { .bus = open_bus(NULL), .url = fresh_url() };
    hawser_message *message = new_text("text");
    hawser_send_options options = { .size = sizeof options, .sync_ms = -2 };

    life.link = open_link(life.bus, life.url, NULL);
    CU_ASSERT_EQUAL(send_with(&life, 1, (hawser_send_options){ .tag = 1 }),
                    HAWSER_UNSUPPORTED);
    CU_ASSERT_EQUAL(hawser_send_with(life.bus, life.link, message, &options),
                    HAWSER_INVALID);
    hawser_message_drop(message);
    end_life(&life);
}

static CU_TestInfo tests[] = {
    CHECK(priorities_hold),
    CHECK(only_the_newest_of_a_key_is_there),
    CHECK(a_key_replaces_what_was_sent_in_an_earlier_life),
    CHECK(what_has_expired_meanwhile_does_not_go_out),
    CHECK(what_lives_on_has_as_long_as_it_was_given),
    CHECK(what_was_cancelled_is_not_there),
    CHECK(what_was_settled_by_its_tag_is_not_there),
    CHECK(what_was_settled_up_to_a_tag_is_not_there),
    CHECK(what_has_expired_is_not_there),
    CHECK(options_that_ask_for_the_disk_need_one),
    CU_TEST_INFO_NULL,
};

LIVES_MAIN("durable policies", tests)
