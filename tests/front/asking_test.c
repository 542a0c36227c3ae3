// asking_test.c - figures, news and the log: what a person needs to know.
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

static void
figures_tell_the_life_of_a_link(void)
{
    struct pair pair;
    hawser_link_stats stats;

    join(&pair, "confirm=peer", "backoff.min=1ms");
    say_text(pair.left_bus, pair.left, "12345");
    expect_text(pair.right_bus, pair.right, "12345");
    (void)until_settled(pair.left_bus, pair.left, 1);
    stats = sum_of(pair.left_bus, pair.left);
    CU_ASSERT_EQUAL(stats.state, HAWSER_UP);
    CU_ASSERT_EQUAL(stats.dials, 1);
    CU_ASSERT_EQUAL(stats.connects, 1);
    CU_ASSERT_EQUAL(stats.losses, 0);
    CU_ASSERT_EQUAL(stats.lost_since_ms, 0);
    CU_ASSERT(stats.up_since_ms > INT64_C(1600000000000));
    CU_ASSERT_EQUAL(stats.sent_bytes, 5);
    CU_ASSERT_EQUAL(stats.resent, 0);
    CU_ASSERT(stats.rtt_us >= 0);
    stats = stats_of(pair.right_bus, pair.right);
    CU_ASSERT_EQUAL(stats.received, 1);
    CU_ASSERT_EQUAL(stats.received_bytes, 5);
    CU_ASSERT_EQUAL(stats.rtt_us, -1);
    CU_ASSERT_EQUAL(hawser_link_reconnect(pair.left_bus, pair.left), HAWSER_OK);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_UP));
    stats = sum_of(pair.left_bus, pair.left);
    CU_ASSERT_EQUAL(stats.dials, 2);
    CU_ASSERT_EQUAL(stats.connects, 2);
    CU_ASSERT_EQUAL(stats.losses, 1);
    part(&pair);
}

static void
a_struct_of_another_size_is_filled_as_far_as_it_goes(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, fresh_url(), NULL);
    hawser_link_stats stats = { .size = offsetof(hawser_link_stats, dials) };
    hawser_link_info info = { .size = sizeof info.size + 3 };

    memset((char *)&stats + stats.size, 0x55, sizeof stats - stats.size);
    CU_ASSERT_EQUAL(hawser_link_get_stats(bus, link, &stats), HAWSER_OK);
    CU_ASSERT_EQUAL(stats.dials, UINT64_C(0x5555555555555555));
    CU_ASSERT_EQUAL(stats.size, offsetof(hawser_link_stats, dials));
    info.endpoint[3] = 'x';
    CU_ASSERT_EQUAL(hawser_link_get_info(bus, link, &info), HAWSER_OK);
    CU_ASSERT_EQUAL(memcmp(info.endpoint, "inpx", 4), 0);
    stats.size = 0;
    CU_ASSERT_EQUAL(hawser_link_get_stats(bus, link, &stats), HAWSER_INVALID);
    info.size = 0;
    CU_ASSERT_EQUAL(hawser_link_get_info(bus, link, &info), HAWSER_INVALID);
    close_bus(bus);
}

static void
news_tell_where_it_was_and_why_it_is_not(void)
{
    hawser_link_info info = { .size = sizeof info };
    struct pair pair;

    join(&pair, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_link_get_info(pair.left_bus, pair.left, &info),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(info.endpoint, pair.url);
    CU_ASSERT_STRING_EQUAL(info.peer, pair.url);
    CU_ASSERT_STRING_EQUAL(info.error, "");
    CU_ASSERT_EQUAL(info.close_code, 0);
    CU_ASSERT_EQUAL(
        hawser_link_close(pair.right_bus, pair.right, 4321, "enough"),
        HAWSER_OK);
    CU_ASSERT_TRUE(await(pair.left_bus, pair.left, HAWSER_WAITING));
    CU_ASSERT_EQUAL(hawser_link_get_info(pair.left_bus, pair.left, &info),
                    HAWSER_OK);
    CU_ASSERT(info.error[0] != '\0');
    CU_ASSERT_EQUAL(info.close_code, 4321);
    CU_ASSERT_STRING_EQUAL(info.close_reason, "enough");
    part(&pair);
}

static void
waiting_tells_when_and_how_often(void)
{
    hawser_bus *bus = open_bus("dial.timeout=5ms backoff.min=4ms "
                               "backoff.jitter=none backoff.factor=2");
    hawser_link link = open_link(bus, fresh_url(), NULL);

    for (uint32_t i = 1; i <= 3; i++) {
        hawser_item item;

        if (!hear_state(bus, link, HAWSER_WAITING, &item)) {
            break;
        }
        CU_ASSERT_EQUAL(item.event->attempt, i);
        CU_ASSERT_EQUAL(item.event->delay_ms, UINT32_C(4) << (i - 1));
        CU_ASSERT_PTR_NOT_NULL(strstr(item.event->error, "dial.timeout"));
        hawser_item_drop(&item);
    }
    close_bus(bus);
}

static void
states_and_fates_have_names(void)
{
    CU_ASSERT_STRING_EQUAL(hawser_state_name(HAWSER_UP), "up");
    CU_ASSERT_STRING_EQUAL(hawser_state_name(HAWSER_DIALING), "dialing");
    CU_ASSERT_PTR_NOT_NULL(hawser_state_name((hawser_state)99));
    CU_ASSERT_STRING_EQUAL(hawser_fate_name(HAWSER_SETTLED), "settled");
    CU_ASSERT_PTR_NOT_NULL(hawser_fate_name((hawser_fate)99));
    CU_ASSERT(strchr(hawser_version(), '.') != NULL);
}

// ---- the log ----

struct log {
    pthread_mutex_t lock;
    unsigned lines, ups, wrong;
};

static void
sink(int level, const char *line, void *user)
{
    struct log *log = user;

    pthread_mutex_lock(&log->lock);
    log->lines++;
    log->ups += strstr(line, "-> up") != NULL;
    log->wrong += level < 1 || level > 4 || strchr(line, '\n') != NULL;
    pthread_mutex_unlock(&log->lock);
}

static void
the_log_tells_every_step_to_whom_asks(void)
{
    struct log log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct pair pair;

    hawser_log_set(4, sink, &log);
    join(&pair, NULL, NULL);
    part(&pair);
    hawser_log_set(0, NULL, NULL);
    CU_ASSERT_EQUAL(log.ups, 2);
    CU_ASSERT_EQUAL(log.wrong, 0);
    log.lines = 0;
    join(&pair, NULL, NULL);
    part(&pair);
    CU_ASSERT_EQUAL(log.lines, 0);
}

static CU_TestInfo tests[] = {
    CHECK(figures_tell_the_life_of_a_link),
    CHECK(a_struct_of_another_size_is_filled_as_far_as_it_goes),
    CHECK(news_tell_where_it_was_and_why_it_is_not),
    CHECK(waiting_tells_when_and_how_often),
    CHECK(states_and_fates_have_names),
    CHECK(the_log_tells_every_step_to_whom_asks),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("asking", tests)
