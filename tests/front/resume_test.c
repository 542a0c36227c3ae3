// resume_test.c - a bus on a machine that was suspended.
//
// The suspension is played: this test alone looks into the bus, for its loop.
#include "check.h"
#include "front/bus.h"
#include "harbour.h"
#include "loop/loop_private.h"

static uint64_t suspended_us;

static uint64_t
played(void)
{
    return suspended_us;
}

static void
peers_are_asked_at_once_when_the_machine_wakes(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus("threads=0"), *other = open_bus(NULL);
    hawser_link link = open_link(bus, url, "heartbeat.interval=1h");
    hawser_link peer = open_link(other, url, NULL);
    uint64_t deadline = now_ms() + PATIENCE_MS;

    (void)await(bus, link, HAWSER_UP);
    (void)await(other, peer, HAWSER_UP);
    CU_ASSERT_EQUAL(stats_of(bus, link).rtt_us, -1);
    suspended_us = bus->shards[0].loop->suspended_us + 3600000000;
    bus->shards[0].loop->read_suspended_us = played;
    while (stats_of(bus, link).rtt_us < 0 && now_ms() < deadline) {
        CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_OK);
    }
    CU_ASSERT_TRUE(stats_of(bus, link).rtt_us >= 0);
    close_bus(bus);
    close_bus(other);
}

static CU_TestInfo tests[] = {
    CHECK(peers_are_asked_at_once_when_the_machine_wakes),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("resume", tests)
