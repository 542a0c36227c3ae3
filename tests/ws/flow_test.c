// flow_test.c - full wires, deaf wires, and bursts in one write.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_stage.h"

// ---- the system's send, with a limit ----

static unsigned writes;          // calls
static size_t budget = SIZE_MAX; // bytes that it still takes
static int write_error;          // what it fails with, or 0

ssize_t
send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t n;

    writes++;
    if (write_error != 0 || budget == 0) {
        errno = write_error != 0 ? write_error : EAGAIN;
        return -1;
    }
    n = sendto(fd, bytes, size < budget ? size : budget, flags, NULL, 0);
    if (n > 0 && budget != SIZE_MAX) {
        budget -= (size_t)n;
    }
    return n;
}

enum { BURST = 1000 };

// BURST messages "number N", each of size bytes.
static const hawser_message *
numbered(uint32_t size)
{
    static hawser_message messages[BURST];
    static char text[BURST][64];

    for (int i = 0; i < BURST; i++) {
        (void)snprintf(text[i], sizeof text[i], "number %d", i);
        messages[i] = (hawser_message){ .bytes = (const uint8_t *)text[i],
                                        .size = size,
                                        .kind = HAWSER_BINARY };
    }
    return messages;
}

static void
expect_next(hawser_port *port, const void *bytes, size_t size)
{
    char expected[64];

    (void)size;
    (void)snprintf(expected, sizeof expected, "number %d",
                   (int)port->messages - 1);
    CU_ASSERT_STRING_EQUAL(bytes, expected);
}

static bool
has_burst(hawser_port *port)
{
    return port->lost || port->messages >= BURST;
}

// ---- bursts ----

static void
a_burst_leaves_in_one_write(void)
{
    static hawser_port port;
    hawser_gauge gauge;

    dial_and_open(&port, "count");
    writes = 0;
    CU_ASSERT_EQUAL(hawser_transport_ws.send(port.wire, numbered(64), BURST),
                    BURST);
    CU_ASSERT_EQUAL(writes, 1);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.written, BURST * 70);
    CU_ASSERT_EQUAL(gauge.backlog, 0);
    hawser_transport_ws.barrier(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 5000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "1000 64000");
    CU_ASSERT_EQUAL(port.writable, 0); // all had been taken
    link_close(&port, 0, "");
}

static void
what_the_socket_does_not_take_follows_in_order(void)
{
    static hawser_port port;
    hawser_gauge gauge;

    port.on_received = expect_next;
    dial_and_open(&port, "echo");
    budget = 777;
    CU_ASSERT_EQUAL(hawser_transport_ws.send(port.wire, numbered(64), BURST),
                    BURST);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.written, 777);
    CU_ASSERT_EQUAL(gauge.backlog, BURST * 70 - 777);
    budget = SIZE_MAX;
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_burst, 5000));
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.written, BURST * 70);
    CU_ASSERT_EQUAL(gauge.backlog, 0);
    CU_ASSERT_EQUAL(port.writable, 0);
    link_close(&port, 0, "");
}

static size_t taken;

static void
send_the_rest(hawser_port *port)
{
    taken += hawser_transport_ws.send(port->wire, numbered(64) + taken,
                                      BURST - taken);
}

static void
a_wire_that_took_fewer_says_when_there_is_room(void)
{
    static hawser_port port;
    hawser_gauge gauge;

    link_set(&port, "wire.buffer", "4096");
    port.on_received = expect_next;
    port.on_writable = send_the_rest;
    dial_and_open(&port, "echo");
    budget = 1000;
    taken = 0;
    send_the_rest(&port);
    CU_ASSERT_TRUE(taken > 0 && taken < BURST);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_TRUE(gauge.backlog <= 4096);
    CU_ASSERT_EQUAL(port.writable, 0);
    budget = SIZE_MAX;
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_burst, 5000));
    CU_ASSERT_EQUAL(taken, BURST);
    CU_ASSERT_TRUE(port.writable > 0);
    link_close(&port, 0, "");
}

static void
a_write_that_fails_loses_the_wire_with_the_cause(void)
{
    static const struct {
        int error;
        hawser_cause cause;
        const char *sentence;
    } ends[] = {
        { EPIPE, HAWSER_CAUSE_RESET, "write: Broken pipe" },
        { ECONNRESET, HAWSER_CAUSE_RESET, "write: Connection reset by peer" },
        { ETIMEDOUT, HAWSER_CAUSE_RESET, "write: Connection timed out" },
        { ENOMEM, HAWSER_CAUSE_LOCAL, "write: Cannot allocate memory" },
    };
    static hawser_port port;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        memset(&port, 0, sizeof port);
        dial_and_open(&port, "echo");
        write_error = ends[i].error;
        CU_ASSERT_EQUAL(
            hawser_transport_ws.send(port.wire, numbered(64), BURST), 0);
        CU_ASSERT_FALSE(port.lost); // it could be, but this one waits
        CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
        write_error = 0;
        CU_ASSERT_EQUAL(port.cause, ends[i].cause);
        CU_ASSERT_STRING_EQUAL(port.error, ends[i].sentence);
        CU_ASSERT_EQUAL(port.writable, 0);
    }
}

static void
a_goodbye_waits_behind_what_was_taken(void)
{
    static hawser_port port, witness;

    dial_and_open(&port, "tally/behind");
    budget = 5000;
    CU_ASSERT_EQUAL(hawser_transport_ws.send(port.wire, numbered(64), BURST),
                    BURST);
    link_close(&port, 4000, "done");
    budget = SIZE_MAX;
    open_gate("behind");
    hear_what_was_said(&witness);
    CU_ASSERT_STRING_EQUAL(witness.kept[0].text, "\x08"
                                                 "1000 then 4000");
}

static void
a_barrier_waits_behind_what_was_taken(void)
{
    static hawser_port port;

    dial_and_open(&port, "count");
    budget = 5000;
    CU_ASSERT_EQUAL(hawser_transport_ws.send(port.wire, numbered(64), BURST),
                    BURST);
    hawser_transport_ws.barrier(port.wire, 9);
    budget = SIZE_MAX;
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 5000));
    CU_ASSERT_EQUAL(port.passed, 9);
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "1000 64000");
    link_close(&port, 0, "");
}

// ---- slow peers ----

// Sends until the wire takes no more; how many messages of 10 000 bytes.
static unsigned
fill(hawser_port *port)
{
    static char block[10000];
    unsigned count = 0;

    while (count < 5000 &&
           link_send(port, HAWSER_BINARY, block, sizeof block)) {
        count++;
    }
    return count;
}

static void
a_slow_peer_fills_the_wire_and_room_is_told(void)
{
    static hawser_port port;
    hawser_gauge gauge;
    char expected[32];
    unsigned count;

    link_set(&port, "wire.buffer", "65536");
    dial_and_open(&port, "slow/first");
    count = fill(&port);
    CU_ASSERT_TRUE(count < 5000);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_TRUE(gauge.backlog > 40000 && gauge.backlog <= 65536);
    CU_ASSERT_EQUAL(gauge.written + gauge.backlog, (uint64_t)count * 10008);
    CU_ASSERT_EQUAL(port.writable, 0);
    open_gate("first");
    CU_ASSERT_TRUE(harness_run(&harness, &port, was_writable, 5000));
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, "x", 1));
    hawser_transport_ws.barrier(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 10000));
    (void)snprintf(expected, sizeof expected, "%u", count + 1);
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, expected);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.backlog, 0);
    link_close(&port, 0, "");
}

static void
an_empty_wire_takes_one_message_of_any_size(void)
{
    static hawser_port port;
    static char block[3000000];

    link_set(&port, "wire.buffer", "4096");
    dial_and_open(&port, "slow/second");
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, block, sizeof block));
    while (link_send(&port, HAWSER_BINARY, block, sizeof block)) {
        // until the system's buffers are full
    }
    open_gate("second");
    CU_ASSERT_TRUE(harness_run(&harness, &port, was_writable, 10000));
    CU_ASSERT_FALSE(port.lost);
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, block, 10));
    hawser_transport_ws.barrier(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 10000));
    link_close(&port, 0, "");
}

static bool
has_all(hawser_port *port)
{
    return port->lost || port->messages >= 20000;
}

static void
a_deaf_wire_hears_nothing_until_it_listens(void)
{
    static hawser_port port;
    uint64_t heard;

    dial_and_open(&port, "blast/20000/1000");
    hawser_transport_ws.listen(port.wire, 0);
    heard = port.messages;
    harness_idle(&harness, 30);
    // What had been read by then is all that may come.
    CU_ASSERT_TRUE(port.messages - heard <= 3000);
    heard = port.messages;
    harness_idle(&harness, 30);
    CU_ASSERT_EQUAL(port.messages, heard);
    CU_ASSERT_TRUE(port.messages < 20000);
    hawser_transport_ws.listen(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_all, 10000));
    CU_ASSERT_EQUAL(port.messages, 20000);
    link_close(&port, 0, "");
}

static void
go_deaf(hawser_port *port, const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    hawser_transport_ws.listen(port->wire, 0);
}

static void
going_deaf_amid_a_burst_is_bounded(void)
{
    static hawser_port port;

    port.on_received = go_deaf;
    dial_and_open(&port, "blast/5000/1000");
    harness_idle(&harness, 50);
    CU_ASSERT_TRUE(port.messages <= 1100); // one read of 256 KiB, and before it
    link_close(&port, 0, "");
}

static void
a_peer_that_pings_and_never_reads_costs_no_memory(void)
{
    static hawser_port port;
    size_t before = memory_used();

    dial_and_open(&port, "ping_flood");
    harness.peak = 0;
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 30000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "done");
    CU_ASSERT_TRUE(harness.peak < before + 300 * 1024);
    link_close(&port, 0, "");
}

static CU_TestInfo tests[] = {
    CHECK(a_burst_leaves_in_one_write),
    CHECK(what_the_socket_does_not_take_follows_in_order),
    CHECK(a_wire_that_took_fewer_says_when_there_is_room),
    CHECK(a_write_that_fails_loses_the_wire_with_the_cause),
    CHECK(a_goodbye_waits_behind_what_was_taken),
    CHECK(a_barrier_waits_behind_what_was_taken),
    CHECK(a_slow_peer_fills_the_wire_and_room_is_told),
    CHECK(an_empty_wire_takes_one_message_of_any_size),
    CHECK(a_deaf_wire_hears_nothing_until_it_listens),
    CHECK(going_deaf_amid_a_burst_is_bounded),
    CHECK(a_peer_that_pings_and_never_reads_costs_no_memory),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return stage_run("bad_server.py", "flow", tests, argc, argv);
}
