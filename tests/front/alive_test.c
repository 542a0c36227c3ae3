// alive_test.c - quiet peers: pings, heartbeats, idleness and barriers.
#include <string.h>

#include "check.h"
#include "harbour.h"

// A peer that is there but whose loop does not turn.
struct sleeper {
    hawser_bus *bus, *asleep;
    hawser_link link, peer;
};

static struct sleeper
join_sleeper(const char *settings)
{
    const char *url = fresh_url();
    struct sleeper sleeper = { .bus = open_bus("backoff.min=60s "
                                               "backoff.max=60s"),
                               .asleep = open_bus("threads=0") };

    sleeper.link = open_link(sleeper.bus, url, settings);
    sleeper.peer = open_link(sleeper.asleep, url, NULL);
    (void)await(sleeper.asleep, sleeper.peer, HAWSER_UP);
    (void)await(sleeper.bus, sleeper.link, HAWSER_UP);
    return sleeper;
}

static void
expect_lost(struct sleeper *sleeper, const char *option)
{
    hawser_item item;

    if (hear_state(sleeper->bus, sleeper->link, HAWSER_WAITING, &item)) {
        if (strstr(item.event->error, option) == NULL) {
            fprintf(stderr, "%s: \"%s\"\n", option, item.event->error);
            CU_FAIL("another cause was told");
        }
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(stats_of(sleeper->bus, sleeper->link).losses, 1);
    close_bus(sleeper->bus);
    close_bus(sleeper->asleep);
}

static void
a_peer_that_answers_no_heartbeat_is_lost(void)
{
    struct sleeper sleeper =
        join_sleeper("heartbeat.interval=10ms heartbeat.timeout=30ms");

    expect_lost(&sleeper, "heartbeat.timeout");
}

static void
a_peer_that_says_nothing_is_lost_when_idle(void)
{
    struct sleeper sleeper =
        join_sleeper("heartbeat.interval=off idle.timeout=30ms");

    expect_lost(&sleeper, "idle.timeout");
}

static void
a_peer_that_takes_nothing_is_lost(void)
{
    static const char large[20000];
    struct sleeper sleeper = join_sleeper(
        "heartbeat.interval=off write.timeout=40ms wire.buffer=4KiB");

    for (unsigned i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(
            hawser_send(sleeper.bus, sleeper.link, large, sizeof large),
            HAWSER_OK);
    }
    expect_lost(&sleeper, "write.timeout");
}

static bool
was_answered(void *user)
{
    const struct pair *pair = user;

    return stats_of(pair->left_bus, pair->left).rtt_us >= 0;
}

static void
heartbeats_keep_a_quiet_link_up(void)
{
    struct pair pair;
    hawser_item item;

    join(&pair, "heartbeat.interval=5ms heartbeat.timeout=2s idle.timeout=2s",
         NULL);
    CU_ASSERT_EQUAL(hawser_receive(pair.left_bus, &item, 50), HAWSER_TIMEOUT);
    (void)until(was_answered, &pair);
    CU_ASSERT_EQUAL(stats_of(pair.left_bus, pair.left).losses, 0);
    // The peer's application hears nothing of them.
    expect_silence(pair.right_bus);
    part(&pair);
}

static void
a_ping_message_is_sent_again_and_again(void)
{
    struct pair pair;

    join(&pair, "ping.message={\"op\":\"ping\"} ping.interval=5ms", NULL);
    for (unsigned i = 0; i < 3; i++) {
        expect_text(pair.right_bus, pair.right, "{\"op\":\"ping\"}");
    }
    // It is no message of the application's.
    CU_ASSERT_EQUAL(sum_of(pair.left_bus, pair.left).accepted, 0);
    part(&pair);
}

// ---- confirm=peer ----

static void
what_the_peer_has_not_read_is_not_settled(void)
{
    struct sleeper sleeper =
        join_sleeper("confirm=peer heartbeat.interval=off");

    for (uint32_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(send_tagged(sleeper.bus, sleeper.link, i, i + 1),
                        HAWSER_OK);
    }
    CU_ASSERT_EQUAL(sum_of(sleeper.bus, sleeper.link).settled, 0);
    expect_silence(sleeper.bus);
    expect_numbers(sleeper.asleep, sleeper.peer, 0, 10);
    // Its loop answers when it turns: reading on turns it.
    for (unsigned i = 0; i < 10; i++) {
        hawser_item item;

        while (hawser_receive(sleeper.bus, &item, 0) != HAWSER_OK) {
            if (hawser_receive(sleeper.asleep, &item, 0) == HAWSER_OK) {
                hawser_item_drop(&item);
            }
        }
        CU_ASSERT_EQUAL(item.kind, HAWSER_ITEM_RECEIPT);
        CU_ASSERT_EQUAL(item.tag, i + 1);
        CU_ASSERT_EQUAL(item.fate, HAWSER_SETTLED);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(sum_of(sleeper.bus, sleeper.link).settled, 10);
    close_bus(sleeper.bus);
    close_bus(sleeper.asleep);
}

static void
inproc_confirms_strictly(void)
{
    struct pair pair;

    join(&pair, "confirm=peer confirm.strict=on confirm.interval=0ms", NULL);
    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_number(pair.left_bus, pair.left, i), HAWSER_OK);
    }
    expect_numbers(pair.right_bus, pair.right, 0, 1000);
    (void)until_settled(pair.left_bus, pair.left, 1000);
    CU_ASSERT(stats_of(pair.left_bus, pair.left).rtt_us >= 0);
    part(&pair);
}

static CU_TestInfo tests[] = {
    CHECK(a_peer_that_answers_no_heartbeat_is_lost),
    CHECK(a_peer_that_says_nothing_is_lost_when_idle),
    CHECK(a_peer_that_takes_nothing_is_lost),
    CHECK(heartbeats_keep_a_quiet_link_up),
    CHECK(a_ping_message_is_sent_again_and_again),
    CHECK(what_the_peer_has_not_read_is_not_settled),
    CHECK(inproc_confirms_strictly),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("alive", tests)
