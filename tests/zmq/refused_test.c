// refused_test.c - messages that a wire can send to nobody: refused at once
// where that is known without a wire, and told as refused where it is not.
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "check.h"
#include "sea.h"

static struct sea sea;

static hawser_link_stats
figures(void)
{
    hawser_link_stats stats = { .size = sizeof stats };

    CU_ASSERT_EQUAL(hawser_link_get_stats(sea.bus, sea.link, &stats),
                    HAWSER_OK);
    return stats;
}

// Every message has its receipt: these tags, as bits. What is refused may be
// told before what was sent before it.
static void
expect_receipts(unsigned settled, unsigned refused)
{
    unsigned told[2] = { 0 }; // settled, refused
    uint64_t tag;

    CU_ASSERT_EQUAL(hawser_flush(sea.bus, sea.link, SEA_PATIENCE_MS),
                    HAWSER_OK);
    while ((settled | refused) != (told[0] | told[1])) {
        hawser_fate fate = HAWSER_DROPPED;

        if (!sea_receipt(&sea, &tag, &fate)) {
            break;
        }
        told[fate == HAWSER_REFUSED] |= 1u << tag;
    }
    CU_ASSERT_EQUAL(told[0], settled);
    CU_ASSERT_EQUAL(told[1], refused);
    CU_ASSERT_EQUAL(figures().settled, (uint64_t)__builtin_popcount(settled));
    CU_ASSERT_EQUAL(figures().refused, (uint64_t)__builtin_popcount(refused));
    CU_ASSERT_EQUAL(figures().accepted, figures().settled + figures().refused);
}

static void
next_life(void)
{
    (void)hawser_bus_close(sea.bus, 0); // what waits stays in the file
    CU_ASSERT_EQUAL(hawser_bus_open(NULL, &sea.bus), HAWSER_OK);
}

// A bound router that knows one peer, "me".
static void *
meet_one(const char *hello, const char *option, const char *value)
{
    void *peer;

    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:*?type=router&bind=1",
                             option, value, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    peer = sea_connect_as(&sea, ZMQ_DEALER, sea.address, "me");
    peer_says(peer, hello);
    CU_ASSERT_TRUE(sea_hears(&sea, "me", "hello"));
    return peer;
}

static void
what_a_router_can_send_to_nobody_is_refused(void)
{
    void *peer;

    sea_begin(&sea);
    peer = meet_one("hello", NULL, NULL);
    sea_says(&sea, "you", "first", 5, 1);
    sea_says(&sea, "me", "one", 3, 2);
    sea_says(&sea, "you", "midst", 5, 3);
    sea_says(&sea, "me", "two", 3, 4);
    sea_says(&sea, "you", "last", 4, 5);
    CU_ASSERT_TRUE(peer_hears(peer, "one"));
    CU_ASSERT_TRUE(peer_hears(peer, "two"));
    expect_receipts(1 << 2 | 1 << 4, 1 << 1 | 1 << 3 | 1 << 5);
    peer_ends(peer);
    sea_end(&sea);
}

// Three frames: the last comes though the first was refused.
static void
of_what_a_router_refuses_no_frame_goes_to_another(void)
{
    void *peer;

    sea_begin(&sea);
    peer = meet_one("|hello", "zmq.multipart", "delimited");
    sea_says(&sea, "you", "lost", 4, 1);
    CU_ASSERT_TRUE(sea_told(&sea, 1, HAWSER_REFUSED));
    sea_says(&sea, "me", "one", 3, 2);
    CU_ASSERT_TRUE(sea_settles(&sea, 2));
    CU_ASSERT_TRUE(peer_hears(peer, "|one"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
what_has_no_shape_for_its_wire_is_refused_when_it_is_sent(void)
{
    static const char good[] = "\0\0\0\1x", cut[] = "\0\0\0\2x";

    sea_begin(&sea);
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:1?type=router", NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_refuses(&sea, NULL, "x", 1,
                               "zmq: a router's message needs its peer's "
                               "routing id as topic"));
    sea_says(&sea, "you", "x", 1, 0);
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:1", "zmq.multipart",
                             "packed", NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_refuses(&sea, NULL, cut, 5,
                               "zmq: zmq.multipart=packed: a length does not "
                               "go with the bytes"));
    CU_ASSERT_TRUE(sea_refuses(&sea, "topic", good, 5,
                               "zmq: with this zmq.multipart there is no place "
                               "for a topic"));
    sea_says(&sea, NULL, good, 5, 0);
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:1", "zmq.multipart",
                             "delimited", NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_refuses(&sea, "topic", "x", 1,
                               "zmq: with this zmq.multipart there is no place "
                               "for a topic"));
    sea_end(&sea);
}

// Its messages are prefixes, whatever frames there are otherwise; one of its
// prefixes looks like another type.
static void
a_subscription_needs_no_shape(void)
{
    sea_begin(&sea);
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+tcp://127.0.0.1:1?type=sub&subscribe=type=router",
                 "zmq.multipart", "packed", NULL),
        HAWSER_OK);
    sea_says(&sea, NULL, "\1stock", 6, 0);
    sea_end(&sea);
}

// They were kept for a wire of another shape.
static void
what_a_file_kept_for_another_shape_is_refused_at_the_wire(void)
{
    char spool[64], url[160];
    void *peer;

    (void)snprintf(spool, sizeof spool, "file:/tmp/hawser-zmq-refused-%d",
                   (int)getpid()); // it fits
    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_DEALER, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+tcp://127.0.0.1:1", "spool", spool, NULL),
        HAWSER_OK);
    sea_says(&sea, NULL, "\0\0\0\1x", 5, 1);
    sea_says(&sea, NULL, "no length", 9, 2);
    sea_says(&sea, NULL, "\0\0\0\1y", 5, 3);
    next_life();
    (void)snprintf(url, sizeof url, "zmq+%s", sea.address); // it fits
    CU_ASSERT_EQUAL(
        sea_open(&sea, url, "zmq.multipart", "packed", "spool", spool, NULL),
        HAWSER_OK);
    CU_ASSERT_TRUE(peer_hears(peer, "x"));
    CU_ASSERT_TRUE(peer_hears(peer, "y"));
    expect_receipts(1 << 1 | 1 << 3, 1 << 2);
    next_life(); // the file has forgotten it
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+tcp://127.0.0.1:1", "spool", spool, NULL),
        HAWSER_OK);
    CU_ASSERT_EQUAL(figures().accepted, 0);
    peer_ends(peer);
    sea_end(&sea);
    (void)unlink(spool + strlen("file:"));
}

static void
a_pull_sends_nothing(void)
{
    sea_begin(&sea);
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:1?type=pull", NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_refuses(&sea, NULL, "what for?", 9,
                               "zmq: type=pull receives only"));
    sea_end(&sea);
}

// Each of a list must be able to: nobody knows which it will be.
static void
of_several_endpoints_each_must_carry_it(void)
{
    sea_begin(&sea);
    CU_ASSERT_EQUAL(sea_open(&sea,
                             "tcp://127.0.0.1:1 "
                             "zmq+tcp://127.0.0.1:1?type=router",
                             NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_refuses(&sea, NULL, "x", 1,
                               "zmq: a router's message needs its peer's "
                               "routing id as topic"));
    sea_end(&sea);
}

static CU_TestInfo tests[] = {
    CHECK(what_a_router_can_send_to_nobody_is_refused),
    CHECK(of_what_a_router_refuses_no_frame_goes_to_another),
    CHECK(what_has_no_shape_for_its_wire_is_refused_when_it_is_sent),
    CHECK(a_subscription_needs_no_shape),
    CHECK(what_a_file_kept_for_another_shape_is_refused_at_the_wire),
    CHECK(a_pull_sends_nothing),
    CHECK(of_several_endpoints_each_must_carry_it),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("zmq refused", tests)
