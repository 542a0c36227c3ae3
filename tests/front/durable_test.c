// durable_test.c - a link whose spool is a file: what it was given is there in
// its next life, and what has left is not.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "harbour.h"
#include "lives.h"

// ---- lives ----

static void
what_was_sent_goes_out_in_the_next_life(void)
{
    struct life life = begin_life("");

    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_number(life.bus, life.link, i), HAWSER_OK);
    }
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 100);
    CU_ASSERT_EQUAL(send_number(life.bus, life.link, 100), HAWSER_OK);
    expect_heard(&life, 0, 101);
    end_life(&life);
    forget_file();
}

static void
what_has_left_is_not_there_in_the_next_life(void)
{
    struct life life = begin_life("");

    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_sync(&life, i), HAWSER_OK);
    }
    expect_heard(&life, 0, 100);
    CU_ASSERT_EQUAL(send_sync(&life, 100), HAWSER_OK);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 1);
    expect_heard(&life, 100, 1);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 0);
    end_life(&life);
    forget_file();
}

// Nothing but the last asks for a write before the process ends.
static bool
wait_for_the_last_of_many(void)
{
    struct life life = begin_life("spool.commit=1h");

    for (uint32_t i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(send_number(life.bus, life.link, i), HAWSER_OK);
    }
    return send_sync(&life, 100) == HAWSER_OK;
}

static void
a_send_that_waits_covers_those_before_it(void)
{
    struct life life;

    CU_ASSERT_TRUE(in_another_process(wait_for_the_last_of_many));
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 101);
    expect_heard(&life, 0, 101);
    end_life(&life);
    forget_file();
}

static void
a_closed_link_says_what_it_leaves_and_may_be_opened_again(void)
{
    struct life life = begin_life("");
    hawser_item item;

    for (unsigned round = 0; round < 20; round++) {
        CU_ASSERT_EQUAL(send_number(life.bus, life.link, round), HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_link_close(life.bus, life.link, 0, NULL),
                        HAWSER_OK);
        if (hear_state(life.bus, life.link, HAWSER_CLOSED, &item)) {
            CU_ASSERT_EQUAL(item.event->leftover, round + 1);
            hawser_item_drop(&item);
        }
        life.link = open_link(life.bus, life.url, settings_with(""));
    }
    expect_heard(&life, 0, 20);
    end_life(&life);
    forget_file();
}

static void
a_tag_is_kept_and_its_receipt_comes_in_the_life_that_sends(void)
{
    struct life life = begin_life("");
    hawser_item item;

    CU_ASSERT_EQUAL(send_tagged(life.bus, life.link, 0, 77), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_close(life.bus, life.link, 0, NULL), HAWSER_OK);
    while (hear(life.bus, &item)) {
        bool last = item.kind == HAWSER_ITEM_EVENT &&
                    item.event->state == HAWSER_CLOSED;

        CU_ASSERT_NOT_EQUAL(item.kind, HAWSER_ITEM_RECEIPT);
        hawser_item_drop(&item);
        if (last) {
            break;
        }
    }
    life.link = open_link(life.bus, life.url, settings_with(""));
    expect_heard(&life, 0, 1);
    if (hear_receipt(life.bus, life.link, &item)) {
        CU_ASSERT_EQUAL(item.tag, 77);
        CU_ASSERT_EQUAL(item.fate, HAWSER_SETTLED);
    }
    end_life(&life);
    forget_file();
}

static void
kind_and_topic_are_kept(void)
{
    struct life life = begin_life("");
    hawser_bus *bus = open_bus(NULL);
    hawser_link link;
    hawser_item item;
    hawser_message *message;

    (void)hawser_message_new_topic(HAWSER_TEXT, "news", 4, "hello", 5,
                                   &message);
    CU_ASSERT_EQUAL(hawser_send_sync(life.bus, life.link, message, 0, 60000),
                    HAWSER_OK);
    hawser_message_drop(message);
    end_life(&life);
    life = begin_life("");
    link = open_link(bus, life.url, NULL);
    if (hear_message(bus, link, &item)) {
        size_t size = 0;
        const void *topic = hawser_message_topic(item.message, &size);

        CU_ASSERT_EQUAL(hawser_message_kind(item.message), HAWSER_TEXT);
        CU_ASSERT_EQUAL(hawser_message_size(item.message), 5);
        CU_ASSERT_EQUAL_FATAL(size, 4);
        CU_ASSERT_EQUAL(memcmp(topic, "news", 4), 0);
        hawser_item_drop(&item);
    }
    close_bus(bus);
    end_life(&life);
    forget_file();
}

static void
large_messages_are_kept_too(void)
{
    enum { SIZE = 3000000 };
    struct life life = begin_life("");
    hawser_bus *bus = open_bus(NULL);
    uint8_t *bytes = malloc(SIZE);
    hawser_link link;
    hawser_item item;

    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', SIZE);
    CU_ASSERT_EQUAL(hawser_send(life.bus, life.link, bytes, SIZE), HAWSER_OK);
    end_life(&life);
    life = begin_life("");
    link = open_link(bus, life.url, NULL);
    if (hear_message(bus, link, &item)) {
        CU_ASSERT_EQUAL_FATAL(hawser_message_size(item.message), SIZE);
        CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(item.message), bytes, SIZE),
                        0);
        hawser_item_drop(&item);
    }
    free(bytes);
    close_bus(bus);
    end_life(&life);
    forget_file();
}

static void
it_is_the_same_on_the_callers_own_thread(void)
{
    struct life life = { .bus = open_bus("threads=0"), .url = fresh_url() };

    life.link = open_link(life.bus, life.url, settings_with(""));
    for (uint32_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(send_sync(&life, i), HAWSER_OK);
    }
    end_life(&life);
    life = begin_life("");
    expect_heard(&life, 0, 10);
    end_life(&life);
    forget_file();
}

// ---- limits ----

static void
what_is_loaded_counts_against_the_limits(void)
{
    struct life life = begin_life("");

    for (uint32_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(send_number(life.bus, life.link, i), HAWSER_OK);
    }
    end_life(&life);
    life = begin_life("spool.max_messages=5");
    CU_ASSERT_EQUAL(send_number(life.bus, life.link, 10), HAWSER_FULL);
    expect_heard(&life, 0, 10);
    CU_ASSERT_EQUAL(send_number(life.bus, life.link, 10), HAWSER_OK);
    end_life(&life);
    forget_file();
}

static void
what_was_dropped_is_not_there_in_the_next_life(void)
{
    struct life life = begin_life("spool.max_messages=3 overflow=drop-oldest");

    for (uint32_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(send_sync(&life, i), HAWSER_OK);
    }
    end_life(&life);
    life = begin_life("");
    expect_heard(&life, 7, 3);
    end_life(&life);
    forget_file();
}

static void
a_full_file_is_told_and_refuses(void)
{
    struct life life = begin_life("spool.file_max=128KiB spool.commit=0ms");
    static const char large[1000];
    hawser_item item;
    bool told = false;

    for (unsigned i = 0; i < 500; i++) {
        (void)hawser_send(life.bus, life.link, large, sizeof large);
    }
    while (!told && hear(life.bus, &item)) {
        if (item.kind == HAWSER_ITEM_EVENT &&
            item.event->kind == HAWSER_EVENT_SPOOL) {
            told = strstr(item.event->error, "spool.file_max") != NULL;
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT_TRUE(told);
    CU_ASSERT_EQUAL(send_number(life.bus, life.link, 1), HAWSER_FULL);
    CU_ASSERT_EQUAL(send_sync(&life, 1), HAWSER_FULL);
    end_life(&life);
    forget_file();
}

// ---- refusals ----

static void
a_file_in_use_is_refused(void)
{
    struct life life = begin_life("");
    hawser_bus *bus = open_bus(NULL);

    expect_refused(life.bus, settings_with(""), HAWSER_SYSTEM, "is in use");
    expect_refused(bus, settings_with(""), HAWSER_SYSTEM, "is in use");
    close_bus(bus);
    end_life(&life);
    forget_file();
}

static void
what_is_no_spool_is_refused(void)
{
    hawser_bus *bus = open_bus(NULL);
    FILE *file = fopen(spool_path(), "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(fputs("not ours", file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    expect_refused(bus, settings_with(""), HAWSER_INVALID,
                   "is no spool of Hawser");
    expect_refused(bus, "spool=file:", HAWSER_INVALID, "neither memory nor");
    expect_refused(bus, "spool=disk", HAWSER_INVALID, "neither memory nor");
    expect_refused(bus, "spool=file:/nowhere/at/all", HAWSER_SYSTEM,
                   "No such file");
    close_bus(bus);
    forget_file();
}

static void
a_link_that_can_not_be_opened_leaves_the_file_free(void)
{
    hawser_bus *bus = open_bus("bus.links_max=1");
    hawser_link link = open_link(bus, fresh_url(), NULL);
    struct life life;

    expect_refused(bus, settings_with(""), HAWSER_FULL, "bus.links_max");
    life = begin_life("");
    end_life(&life);
    end_link(bus, link);
    close_bus(bus);
    forget_file();
}

static void
a_spool_in_memory_has_no_disk_to_wait_for(void)
{
    struct life life = { .bus = open_bus(NULL), .url = fresh_url() };

    life.link = open_link(life.bus, life.url, NULL);
    CU_ASSERT_EQUAL(send_sync(&life, 1), HAWSER_UNSUPPORTED);
    CU_ASSERT_EQUAL(hawser_send_sync(life.bus, life.link, NULL, 0, -1),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 0);
    end_life(&life);
}

static void
an_ended_link_takes_nothing_more(void)
{
    struct life life = begin_life("");

    CU_ASSERT_EQUAL(hawser_link_close(life.bus, life.link, 0, NULL), HAWSER_OK);
    CU_ASSERT_EQUAL(send_sync(&life, 1), HAWSER_ENDED);
    (void)await(life.bus, life.link, HAWSER_CLOSED);
    CU_ASSERT_EQUAL(send_sync(&life, 1), HAWSER_STALE);
    end_life(&life);
    forget_file();
}

// ---- many ----

enum { THREADS = 8, EACH = 100 };

static void *
send_many(void *user)
{
    struct life *life = user;

    for (uint32_t i = 0; i < EACH; i++) {
        CU_ASSERT_EQUAL(send_sync(life, i), HAWSER_OK);
    }
    return NULL;
}

static void
many_threads_are_all_served_while_it_flows(void)
{
    struct life life = begin_life("");
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, life.url, NULL);
    pthread_t threads[THREADS];
    uint32_t last[EACH] = { 0 };
    hawser_item item;

    for (unsigned i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, send_many, &life), 0);
    }
    for (unsigned i = 0; i < THREADS * EACH; i++) {
        if (!hear_message(bus, link, &item)) {
            break;
        }
        last[number_of(item.message) % EACH]++;
        hawser_item_drop(&item);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < EACH; i++) {
        CU_ASSERT_EQUAL(last[i], THREADS);
    }
    (void)until_settled(life.bus, life.link, THREADS * EACH);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, 0);
    end_life(&life);
    close_bus(bus);
    forget_file();
}

static CU_TestInfo tests[] = {
    CHECK(what_was_sent_goes_out_in_the_next_life),
    CHECK(what_has_left_is_not_there_in_the_next_life),
    CHECK(a_send_that_waits_covers_those_before_it),
    CHECK(a_closed_link_says_what_it_leaves_and_may_be_opened_again),
    CHECK(a_tag_is_kept_and_its_receipt_comes_in_the_life_that_sends),
    CHECK(kind_and_topic_are_kept),
    CHECK(large_messages_are_kept_too),
    CHECK(it_is_the_same_on_the_callers_own_thread),
    CHECK(what_is_loaded_counts_against_the_limits),
    CHECK(what_was_dropped_is_not_there_in_the_next_life),
    CHECK(a_full_file_is_told_and_refuses),
    CHECK(a_file_in_use_is_refused),
    CHECK(what_is_no_spool_is_refused),
    CHECK(a_link_that_can_not_be_opened_leaves_the_file_free),
    CHECK(a_spool_in_memory_has_no_disk_to_wait_for),
    CHECK(an_ended_link_takes_nothing_more),
    CHECK(many_threads_are_all_served_while_it_flows),
    CU_TEST_INFO_NULL,
};

LIVES_MAIN("durable", tests)
