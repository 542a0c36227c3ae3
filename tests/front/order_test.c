// order_test.c - order and bounds where a peer confirms nothing, or comes back.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

// A peer whose loop never turns once it is up: it takes, reads and confirms
// nothing.
struct mute {
    hawser_bus *bus, *mute_bus;
    hawser_link link, mute_link;
};

static struct mute
join_mute(const char *settings)
{
    const char *url = fresh_url();
    struct mute mute = { .bus = open_bus(NULL),
                         .mute_bus = open_bus("threads=0") };

    mute.link = open_link(mute.bus, url, settings);
    mute.mute_link = open_link(mute.mute_bus, url, NULL);
    (void)await(mute.mute_bus, mute.mute_link, HAWSER_UP);
    (void)await(mute.bus, mute.link, HAWSER_UP);
    return mute;
}

static void
part_mute(struct mute *mute)
{
    close_bus(mute->bus);
    close_bus(mute->mute_bus);
}

static uint64_t
unsettled(const hawser_link_stats *stats)
{
    return stats->waiting + stats->in_flight;
}

static void
nobody_confirms_with_refuse(void)
{
    struct mute mute = join_mute("confirm=peer spool.max_messages=1000");
    unsigned taken = 0;

    for (uint32_t i = 0; i < 5000; i++) {
        taken += send_number(mute.bus, mute.link, i) == HAWSER_OK;
    }
    CU_ASSERT_EQUAL(taken, 1000);
    CU_ASSERT_EQUAL(sum_of(mute.bus, mute.link).settled, 0);
    part_mute(&mute);
}

static void
nobody_confirms_with_drop(const char *policy)
{
    char settings[96];
    struct mute mute;
    hawser_link_stats stats;

    (void)snprintf(settings, sizeof settings,
                   "confirm=peer spool.max_messages=1000 overflow=%s", policy);
    mute = join_mute(settings);
    for (uint32_t i = 0; i < 50000 / SLOWER; i++) {
        CU_ASSERT_EQUAL(send_number(mute.bus, mute.link, i), HAWSER_OK);
        stats = sum_of(mute.bus, mute.link);
        if (unsettled(&stats) > 2000 + 256) {
            break;
        }
    }
    CU_ASSERT(unsettled(&stats) <= 2000);
    CU_ASSERT_EQUAL(stats.accepted, 50000 / SLOWER);
    CU_ASSERT_EQUAL(stats.settled, 0);
    part_mute(&mute);
}

static void *
send_one_more(void *user)
{
    struct mute *mute = user;

    return send_number(mute->bus, mute->link, 1000) == HAWSER_ENDED ? user
                                                                    : NULL;
}

static void
nobody_confirms_with_block(void)
{
    struct mute mute =
        join_mute("confirm=peer spool.max_messages=1000 overflow=block");
    pthread_t thread;
    void *ended = NULL;

    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_number(mute.bus, mute.link, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, send_one_more, &mute),
                          0);
    CU_ASSERT_EQUAL(sum_of(mute.bus, mute.link).accepted, 1000);
    CU_ASSERT_EQUAL(hawser_link_close(mute.bus, mute.link, 0, NULL), HAWSER_OK);
    (void)pthread_join(thread, &ended);
    CU_ASSERT_PTR_NOT_NULL(ended);
    part_mute(&mute);
}

static void
a_spool_is_bounded_while_nobody_confirms(void)
{
    nobody_confirms_with_refuse();
    nobody_confirms_with_drop("drop-oldest");
    nobody_confirms_with_drop("drop-newest");
    nobody_confirms_with_block();
}

// A standing message is said at once, behind what was accepted before; it must
// not keep what comes later from being dropped.
static void
drop_oldest_never_waits_for_a_standing_message(void)
{
    struct mute mute = join_mute("confirm=peer spool.max_messages=100 "
                                 "overflow=drop-oldest wire.buffer=4KiB");
    hawser_message *standing = new_text("subscribe");

    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_number(mute.bus, mute.link, i), HAWSER_OK);
    }
    CU_ASSERT_EQUAL(
        hawser_link_standing_add(mute.bus, mute.link, standing, NULL),
        HAWSER_OK);
    hawser_message_drop(standing);
    for (uint32_t i = 1000; i < 3000; i++) {
        CU_ASSERT_EQUAL(send_number(mute.bus, mute.link, i), HAWSER_OK);
    }
    part_mute(&mute);
}

// ---- coming back ----

// Reads numbers until the last has come: each follows the one before, or takes
// up again what may not have arrived.
static void
read_at_least_once(hawser_bus *bus, hawser_link link, uint32_t count,
                   unsigned losses)
{
    uint32_t next = 0, behind = 0, wrong = 0;

    while (next < count) {
        hawser_item item;
        uint32_t number;

        if (!hear_message(bus, link, &item)) {
            return;
        }
        number = number_of(item.message);
        hawser_item_drop(&item);
        wrong += number > next;
        behind += number < next;
        next = number + 1 > next ? number + 1 : next;
        if (losses > 0 && next > count - count / 4 * losses) {
            losses--;
            CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_OK);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(behind < count * 4);
}

// Reads on: what was sent again and is not read is not confirmed.
static bool
is_settled(void *user)
{
    const struct pair *pair = user;
    hawser_item item;

    while (hawser_receive(pair->right_bus, &item, 0) == HAWSER_OK) {
        hawser_item_drop(&item);
    }
    return sum_of(pair->left_bus, pair->left).waiting == 0 &&
           sum_of(pair->left_bus, pair->left).in_flight == 0;
}

static void
what_was_not_confirmed_is_sent_again_in_order(void)
{
    enum { COUNT = 20000 / SLOWER };
    struct pair pair;

    join(&pair, "confirm=peer backoff.min=1ms backoff.max=2ms wire.buffer=4KiB",
         "backoff.min=1ms backoff.max=2ms receive.max_messages=100");
    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    read_at_least_once(pair.right_bus, pair.right, COUNT, 3);
    (void)until(is_settled, &pair);
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).settled, COUNT);
    CU_ASSERT(stats_of(pair.left_bus, pair.left).losses >= 1);
    part(&pair);
}

// Keeps the door busy: an answer to a question that nobody asked is ignored.
struct bother {
    pthread_t thread;
    hawser_bus *bus;
    hawser_link link;
    atomic_bool done;
};

static void *
bother(void *user)
{
    struct bother *self = user;

    while (!atomic_load(&self->done)) {
        (void)hawser_link_ready(self->bus, self->link, 0);
    }
    return NULL;
}

// What waits goes first, whatever is said and wished meanwhile.
static void
nothing_overtakes_a_queue_that_is_not_empty(void)
{
    enum { ROUNDS = 4000 / SLOWER };
    struct bother other = { 0 };
    struct pair pair;
    hawser_message *standing = new_text("standing");
    uint32_t number = 0, next = 0, wrong = 0;

    join(&pair, NULL, NULL);
    other.bus = pair.left_bus;
    other.link = open_link(pair.left_bus, fresh_url(), NULL);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&other.thread, NULL, bother, &other),
                          0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t id = 0;

        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, number++),
                        HAWSER_OK);
        CU_ASSERT_EQUAL(
            hawser_link_standing_add(pair.left_bus, pair.left, standing, &id),
            HAWSER_OK);
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, number++),
                        HAWSER_OK);
        CU_ASSERT_EQUAL(
            hawser_link_standing_remove(pair.left_bus, pair.left, id, NULL),
            HAWSER_OK);
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, number++),
                        HAWSER_OK);
    }
    atomic_store(&other.done, true);
    (void)pthread_join(other.thread, NULL);
    while (next < number) {
        hawser_item item;

        if (!hear_message(pair.right_bus, pair.right, &item)) {
            break;
        }
        if (hawser_message_kind(item.message) == HAWSER_BINARY) {
            wrong += number_of(item.message) != next;
            next = number_of(item.message) + 1;
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    hawser_message_drop(standing);
    part(&pair);
}

// A slot is used again while the loop still brings what was there before.
static void
the_first_message_of_a_link_is_never_lost(void)
{
    enum { ROUNDS = 3000 / SLOWER };
    hawser_bus *bus = open_bus(NULL);

    for (uint32_t i = 0; i < ROUNDS; i++) {
        hawser_link link = open_link(bus, "inproc://nobody", NULL);
        hawser_item item;

        CU_ASSERT_EQUAL(send_tagged(bus, link, i, i + 1), HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
        if (!hear_receipt(bus, link, &item) || item.tag != i + 1 ||
            !await(bus, link, HAWSER_CLOSED)) {
            CU_FAIL("the message was lost");
            break;
        }
    }
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(a_spool_is_bounded_while_nobody_confirms),
    CHECK(drop_oldest_never_waits_for_a_standing_message),
    CHECK(what_was_not_confirmed_is_sent_again_in_order),
    CHECK(nothing_overtakes_a_queue_that_is_not_empty),
    CHECK(the_first_message_of_a_link_is_never_lost),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("order", tests)
