// memory_test.c - what waits takes memory by what it is, not by how it came.
#include <malloc.h>
#include <string.h>

#include "check.h"
#include "harbour.h"

enum {
    BURST = 5000,
    TRICKLE = 2000,
    FULL = 50000,
    AHEAD = 16 * 1024, // of the loop, with drop-oldest
};

// Nobody is there, and the loop turns when it is told to.
static hawser_link
open_lonely(hawser_bus **bus, const char *settings)
{
    *bus = open_bus("threads=0");
    return open_link(*bus, fresh_url(), settings);
}

// What malloc has given to this thread, which is the only one.
static size_t
used(void)
{
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void
send_in_turns(hawser_bus *bus, hawser_link link, uint32_t count, bool turn)
{
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
        if (turn) {
            CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_OK);
        }
    }
    CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_OK);
}

// A burst asks for large blocks; who has become quiet since must not put each
// message into one of those.
static void
a_trickle_behind_a_burst_takes_as_little_as_without(void)
{
    hawser_bus *bus;
    hawser_link link = open_lonely(&bus, NULL);
    size_t before, trickle;

    before = used();
    send_in_turns(bus, link, TRICKLE, true);
    trickle = used() - before;
    send_in_turns(bus, link, BURST, false);
    before = used();
    send_in_turns(bus, link, TRICKLE, true);
    if (SLOWER == 1) { // sanitizers have a malloc of their own
        CU_ASSERT_TRUE(trickle > TRICKLE * sizeof(uint32_t));
        CU_ASSERT_TRUE(used() - before < 2 * trickle);
    }
    close_bus(bus);
}

static void
drop_oldest_runs_ahead_of_the_loop_by_no_more_than_it_says(void)
{
    hawser_bus *bus;
    hawser_link link =
        open_lonely(&bus, "overflow=drop-oldest spool.max_messages=50000");
    uint64_t most = 0;

    for (uint32_t i = 0; i < 3 * FULL; i++) {
        CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
        if (i % 100 == 0) {
            hawser_link_stats stats = stats_of(bus, link);
            uint64_t held = stats.accepted - stats.dropped;

            most = held > most ? held : most;
        }
    }
    CU_ASSERT_TRUE(most > FULL);
    CU_ASSERT_TRUE(most <= FULL + AHEAD);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(a_trickle_behind_a_burst_takes_as_little_as_without),
    CHECK(drop_oldest_runs_ahead_of_the_loop_by_no_more_than_it_says),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("memory", tests)
