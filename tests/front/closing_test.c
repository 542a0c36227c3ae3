// closing_test.c - closing inboxes and buses, whatever goes on meanwhile.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"
#include "harbour.h"

static void
close_says_what_nobody_confirmed(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);

    CU_ASSERT_EQUAL(send_number(bus, link, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(bus, 0), HAWSER_LEFTOVER);

    bus = open_bus("confirm=peer");
    link = open_link(bus, fresh_url(), NULL);
    CU_ASSERT_EQUAL(send_number(bus, link, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(bus, 30), HAWSER_LEFTOVER);
}

static void
close_drains_what_it_can(void)
{
    enum { COUNT = 10000 / SLOWER };
    struct pair pair;

    join(&pair, "confirm=peer", NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(hawser_bus_close(pair.left_bus, PATIENCE_MS), HAWSER_OK);
    expect_numbers(pair.right_bus, pair.right, 0, COUNT);
    close_bus(pair.right_bus);
}

static void
close_keeps_to_its_time_when_peers_are_gone(void)
{
    hawser_bus *bus = open_bus(NULL);
    uint64_t began;

    for (unsigned i = 0; i < 20; i++) {
        hawser_link link = open_link(bus, fresh_url(), NULL);

        CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
    }
    began = now_ms();
    CU_ASSERT_EQUAL(hawser_bus_close(bus, 100), HAWSER_LEFTOVER);
    CU_ASSERT(now_ms() - began >= 99);
    CU_ASSERT(now_ms() - began < 1100 + 1000);
}

static void
an_empty_bus_and_none_are_closed_at_once(void)
{
    uint64_t began = now_ms();

    CU_ASSERT_EQUAL(hawser_bus_close(open_bus(NULL), 60000), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(open_bus("threads=0"), 60000), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(open_bus(NULL), -1), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(NULL, 0), HAWSER_OK);
    CU_ASSERT(now_ms() - began < PATIENCE_MS);
}

static void
a_bus_is_closed_right_after_a_link_was_opened(void)
{
    for (unsigned i = 0; i < 50; i++) {
        const char *settings = i % 2 == 0 ? "threads=0" : "threads=1";
        hawser_bus *bus = open_bus(settings);

        (void)open_link(bus, "inproc://right-after", NULL);
        if (i % 3 == 0) {
            (void)open_link(bus, "ws://127.0.0.1:9", NULL);
            (void)open_link(bus, "ws://name.invalid:9", NULL);
        }
        CU_ASSERT_EQUAL(hawser_bus_close(bus, 0), HAWSER_OK);
    }
}

static void
many_links_are_opened_used_and_closed(void)
{
    enum { LINKS = 1000 / SLOWER };
    hawser_bus *left = open_bus("confirm=peer"), *right = open_bus(NULL);
    static hawser_link links[LINKS];
    unsigned heard = 0;

    for (unsigned i = 0; i < LINKS; i++) {
        char url[32];

        (void)snprintf(url, sizeof url, "inproc://many-%u", i); // it fits
        links[i] = open_link(left, url, NULL);
        (void)open_link(right, url, NULL);
        CU_ASSERT_EQUAL(send_number(left, links[i], i), HAWSER_OK);
    }
    while (heard < LINKS) {
        hawser_item item;

        if (!hear(right, &item)) {
            break;
        }
        heard += item.kind == HAWSER_ITEM_MESSAGE;
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(heard, LINKS);
    CU_ASSERT_EQUAL(hawser_bus_close(left, PATIENCE_MS), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_bus_close(right, PATIENCE_MS), HAWSER_OK);
}

static void
unread_items_are_given_back(void)
{
    struct pair pair;
    hawser_inbox *inbox = NULL;
    hawser_link link = { 0 };

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(hawser_inbox_open(pair.left_bus, &inbox), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_open_in(inbox, fresh_url(), NULL, &link),
                    HAWSER_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_tagged(pair.left_bus, pair.left, i, i + 1),
                        HAWSER_OK);
    }
    (void)until_received(pair.right_bus, pair.right, 1000);
    part(&pair);
}

// ---- inboxes ----

static void
an_inbox_closes_the_links_that_are_heard_there(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus(NULL), *other = open_bus(NULL);
    hawser_inbox *inbox = NULL;
    hawser_link link = { 0 }, beside = open_link(bus, fresh_url(), NULL), peer;
    hawser_state state = HAWSER_IDLE;

    CU_ASSERT_EQUAL_FATAL(hawser_inbox_open(bus, &inbox), HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_open_in(inbox, url, NULL, &link), HAWSER_OK);
    peer = open_link(other, url, NULL);
    CU_ASSERT_TRUE(await(other, peer, HAWSER_UP));
    hawser_inbox_close(inbox);
    CU_ASSERT_EQUAL(hawser_link_state(bus, link, &state), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_state(bus, beside, &state), HAWSER_OK);
    CU_ASSERT_TRUE(await(other, peer, HAWSER_WAITING));
    hawser_inbox_close(NULL);
    close_bus(bus);
    close_bus(other);
}

static void
each_inbox_hears_its_own_links(void)
{
    enum { INBOXES = 4 };
    hawser_bus *bus = open_bus(NULL), *other = open_bus(NULL);
    hawser_inbox *inboxes[INBOXES];
    hawser_link links[INBOXES], peers[INBOXES];

    for (unsigned i = 0; i < INBOXES; i++) {
        const char *url = fresh_url();

        CU_ASSERT_EQUAL_FATAL(hawser_inbox_open(bus, &inboxes[i]), HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_link_open_in(inboxes[i], url, NULL, &links[i]),
                        HAWSER_OK);
        peers[i] = open_link(other, url, NULL);
    }
    for (unsigned i = 0; i < INBOXES; i++) {
        CU_ASSERT_EQUAL(send_number(other, peers[i], i), HAWSER_OK);
    }
    for (unsigned i = 0; i < INBOXES; i++) {
        bool heard = false;
        hawser_item item;

        while (!heard && hawser_inbox_receive(inboxes[i], &item, PATIENCE_MS) ==
                             HAWSER_OK) {
            CU_ASSERT_EQUAL(item.link.id, links[i].id);
            heard = item.kind == HAWSER_ITEM_MESSAGE;
            CU_ASSERT(!heard || number_of(item.message) == i);
            hawser_item_drop(&item);
        }
        CU_ASSERT_TRUE(heard);
    }
    expect_silence(bus);
    hawser_inbox_close(inboxes[2]);
    close_bus(bus);
    close_bus(other);
}

static void
inboxes_come_and_go_with_the_loop_on_this_thread(void)
{
    hawser_bus *bus = open_bus("threads=0");

    for (unsigned i = 0; i < 20; i++) {
        hawser_inbox *inbox = NULL;
        hawser_link link = { 0 };

        CU_ASSERT_EQUAL_FATAL(hawser_inbox_open(bus, &inbox), HAWSER_OK);
        if (i % 2 == 0) {
            CU_ASSERT_EQUAL(
                hawser_link_open_in(inbox, "inproc://come", NULL, &link),
                HAWSER_OK);
        }
        hawser_inbox_close(inbox);
    }
    close_bus(bus);
}

// ---- sending while somebody else closes ----

struct writer {
    pthread_t thread;
    hawser_bus *bus;
    _Atomic uint64_t link;
    atomic_bool done;
    unsigned wrong;
};

static void *
send_on_and_on(void *user)
{
    struct writer *writer = user;

    while (!atomic_load(&writer->done)) {
        hawser_link link = { atomic_load(&writer->link) };
        hawser_status status = send_number(writer->bus, link, 1);

        writer->wrong += status != HAWSER_OK && status != HAWSER_FULL &&
                         status != HAWSER_ENDED && status != HAWSER_STALE;
    }
    return NULL;
}

static void
close_while_sending(const char *settings)
{
    enum { WRITERS = 3, ROUNDS = 300 / SLOWER };
    struct writer writers[WRITERS];
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, "inproc://raced", settings);

    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ .bus = bus };
        atomic_store(&writers[i].link, link.id);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&writers[i].thread, NULL,
                                             send_on_and_on, &writers[i]),
                              0);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        end_link(bus, link);
        link = open_link(bus, "inproc://raced", settings);
        for (unsigned i = 0; i < WRITERS; i++) {
            atomic_store(&writers[i].link, link.id);
        }
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        atomic_store(&writers[i].done, true);
    }
    // Whoever blocks is woken by the end of the last link.
    end_link(bus, link);
    for (unsigned i = 0; i < WRITERS; i++) {
        (void)pthread_join(writers[i].thread, NULL);
        CU_ASSERT_EQUAL(writers[i].wrong, 0);
    }
    close_bus(bus);
}

static void
sending_while_another_closes_is_safe(void)
{
    close_while_sending("spool.max_messages=100");
    close_while_sending("spool.max_messages=1 overflow=block");
    close_while_sending("spool.max_messages=10 overflow=drop-oldest");
    close_while_sending("spool.max_messages=10 overflow=drop-newest");
}

static CU_TestInfo tests[] = {
    CHECK(close_says_what_nobody_confirmed),
    CHECK(close_drains_what_it_can),
    CHECK(close_keeps_to_its_time_when_peers_are_gone),
    CHECK(an_empty_bus_and_none_are_closed_at_once),
    CHECK(a_bus_is_closed_right_after_a_link_was_opened),
    CHECK(many_links_are_opened_used_and_closed),
    CHECK(unread_items_are_given_back),
    CHECK(an_inbox_closes_the_links_that_are_heard_there),
    CHECK(each_inbox_hears_its_own_links),
    CHECK(inboxes_come_and_go_with_the_loop_on_this_thread),
    CHECK(sending_while_another_closes_is_safe),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("closing", tests)
