// wire_test.c - what the verbs do, against a scripted server.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_harness.h"

static struct server server;
static struct harness harness;

static void
dial(hawser_port *port, const char *path)
{
    char url[256];

    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/%s", server.port, path);
    CU_ASSERT_EQUAL(link_dial(&harness, port, url), HAWSER_OK);
}

static void
dial_and_open(hawser_port *port, const char *path)
{
    dial(port, path);
    CU_ASSERT_TRUE(harness_run(&harness, port, is_opened, 5000));
    CU_ASSERT_TRUE_FATAL(port->opened);
}

static bool
has_message(hawser_port *port)
{
    return port->lost || port->messages > 0;
}

static bool
has_two(hawser_port *port)
{
    return port->lost || port->messages > 1;
}

static bool
has_passed(hawser_port *port)
{
    return port->lost || port->passes > 0;
}

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// ---- messages ----

static void
a_message_comes_back_as_it_went(void)
{
    static hawser_port port;

    dial_and_open(&port, "echo");
    CU_ASSERT_EQUAL(port.status, 101);
    CU_ASSERT_PTR_NOT_NULL(strstr(port.headers, "Upgrade: websocket\n"));
    CU_ASSERT_TRUE(link_send(&port, HAWSER_TEXT, "h\xc3\xa9llo", 6));
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, "\0\1", 2));
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_two, 5000));
    CU_ASSERT_EQUAL(port.kept[0].kind, HAWSER_TEXT);
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "h\xc3\xa9llo");
    CU_ASSERT_EQUAL(port.kept[1].kind, HAWSER_BINARY);
    CU_ASSERT_EQUAL(port.kept[1].size, 2);
    CU_ASSERT_TRUE(port.alive > 0);
    link_close(&port, 0, "");
}

static void
frames_behind_the_response_are_heard(void)
{
    static hawser_port port;

    dial(&port, "frame/fragments/together");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "hello");
    link_close(&port, 0, "");
}

static void
fragments_are_put_together_and_pings_between_them_answered(void)
{
    static hawser_port port, witness;

    dial(&port, "frame/fragments");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "hello");
    CU_ASSERT_EQUAL(port.kept[0].kind, HAWSER_TEXT);
    harness_idle(&harness, 20);
    dial(&witness, "said");
    CU_ASSERT_TRUE(harness_run(&harness, &witness, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(witness.kept[0].text, "\x0a"
                                                 "between");
    link_close(&witness, 0, "");
    link_close(&port, 0, "");
}

static void
empty_messages_arrive(void)
{
    static hawser_port port;

    dial(&port, "frame/empty");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_two, 5000));
    CU_ASSERT_EQUAL(port.kept[0].size, 0);
    CU_ASSERT_EQUAL(port.kept[0].kind, HAWSER_BINARY);
    CU_ASSERT_EQUAL(port.kept[1].kind, HAWSER_TEXT);
    link_close(&port, 0, "");
}

static void
a_message_of_just_the_limit_is_taken(void)
{
    static hawser_port port;

    link_set(&port, "message.max", "65536");
    dial(&port, "frame/exact");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_EQUAL(port.kept[0].size, 65536);
    link_close(&port, 0, "");
}

static void
a_dripping_server_is_heard_in_the_end(void)
{
    static hawser_port port;

    dial(&port, "drip_quickly");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 10000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "hello");
    link_close(&port, 0, "");
}

// ---- the request ----

static void
the_request_carries_what_was_asked_for(void)
{
    static hawser_port port;
    char url[128];

    link_set(&port, "ws.protocol", "v1, v2");
    link_set(&port, "ws.origin", "https://o.example");
    link_set(&port, "ws.header", "X-Option: o\nX-Both: option");
    link_set(&port, "auth.user", "joe");
    (void)snprintf(url, sizeof url, "ws://localhost:%u/request?a=b",
                   server.port);
    CU_ASSERT_EQUAL(
        link_dial_with(&harness, &port, url, "X-Fresh: f\nX-Both: fresh\n"),
        HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_opened, 5000));
    // The path has a query, so the server knows no such deed and hangs up.
    CU_ASSERT_TRUE(port.lost);

    memset(&port, 0, sizeof port);
    link_set(&port, "ws.protocol", "v1, v2");
    (void)snprintf(url, sizeof url, "ws://localhost:%u/request/x", server.port);
    CU_ASSERT_EQUAL(link_dial_with(&harness, &port, url, "X-Fresh: f\n"),
                    HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port.protocol, "v2");
    (void)snprintf(url, sizeof url,
                   "GET /request/x HTTP/1.1\r\nHost: localhost:%u\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n",
                   server.port);
    CU_ASSERT_PTR_EQUAL(strstr(port.kept[0].text, url), port.kept[0].text);
    CU_ASSERT_EQUAL(port.kept[0].size,
                    strlen(url) +
                        strlen("Sec-WebSocket-Key: 1234567890123456789012==\r\n"
                               "Sec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Protocol: v1, v2\r\n"
                               "X-Fresh: f\r\n\r\n"));
    link_close(&port, 0, "");
}

static void
unfit_endpoints_never_reach_the_loop(void)
{
    static hawser_port port;

    CU_ASSERT_EQUAL(link_dial(&harness, &port, "ws://joe@127.0.0.1/"),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(port.error, "auth.user"));
    link_set(&port, "ws.header", "Host: x");
    CU_ASSERT_EQUAL(link_dial(&harness, &port, "ws://127.0.0.1/"),
                    HAWSER_INVALID);
    memset(&port, 0, sizeof port);
    link_set(&port, "proxy", "ftp://x");
    CU_ASSERT_EQUAL(link_dial(&harness, &port, "ws://127.0.0.1/"),
                    HAWSER_INVALID);
    memset(&port, 0, sizeof port);
    link_set(&port, "tls.cert", "x");
    CU_ASSERT_EQUAL(link_dial(&harness, &port, "wss://127.0.0.1/"),
                    HAWSER_INVALID);
    memset(&port, 0, sizeof port);
    CU_ASSERT_EQUAL(
        link_dial_with(&harness, &port, "ws://127.0.0.1:1/", "bad\n"),
        HAWSER_INVALID);
}

static void
the_route_is_the_host_or_the_proxy(void)
{
    static hawser_port port;
    hawser_route route;
    char sentence[200];

    CU_ASSERT_EQUAL(hawser_transport_ws.check("wss://a.example/x",
                                              &port.settings, &route, sentence,
                                              sizeof sentence),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(route.host, "a.example");
    CU_ASSERT_EQUAL(route.port, 443);
    link_set(&port, "proxy", "http://u:p@proxy.example:3128");
    CU_ASSERT_EQUAL(hawser_transport_ws.check("ws://[::1]:8/x", &port.settings,
                                              &route, sentence,
                                              sizeof sentence),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(route.host, "proxy.example");
    CU_ASSERT_EQUAL(route.port, 3128);
}

// ---- barriers ----

static void
a_barrier_passes_after_all_before_it_arrived(void)
{
    static hawser_port port;
    static char block[5000];

    dial_and_open(&port, "count");
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, block, sizeof block) ||
                       i > 30);
    }
    memset(port.kept, 0, sizeof port.kept);
    hawser_transport_ws.barrier(port.wire, 0);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 5000));
    CU_ASSERT_EQUAL(port.passed, 0);
    CU_ASSERT_EQUAL(port.passes, 1);
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "100 500000");
    link_close(&port, 0, "");
}

static void
pongs_that_prove_nothing_pass_nothing(void)
{
    static hawser_port port;

    dial_and_open(&port, "wrong_pongs");
    hawser_transport_ws.barrier(port.wire, 5);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "wrong");
    CU_ASSERT_EQUAL(port.passes, 0);
    CU_ASSERT_FALSE(port.lost);
    link_close(&port, 0, "");
}

static void
a_pong_to_an_older_barrier_passes_only_that(void)
{
    static hawser_port port;

    dial_and_open(&port, "older_pongs");
    for (uint64_t number = 10; number <= 12; number++) {
        hawser_transport_ws.barrier(port.wire, number);
    }
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_two, 5000));
    CU_ASSERT_EQUAL(port.passes, 2);
    CU_ASSERT_EQUAL(port.passed, 11);
    link_close(&port, 0, "");
}

// ---- backpressure ----

static void
fill(hawser_port *port)
{
    static char block[10000];

    while (port->wire != NULL && port->bytes < 50000000 &&
           link_send(port, HAWSER_BINARY, block, sizeof block)) {
        port->bytes += sizeof block; // of the test's own: what was taken
    }
}

static bool
was_writable(hawser_port *port)
{
    return port->lost || port->writable > 0;
}

static void
a_slow_peer_fills_the_wire_and_room_is_told(void)
{
    static hawser_port port;
    hawser_gauge gauge;
    char expected[32];
    uint64_t taken;

    link_set(&port, "wire.buffer", "65536");
    dial_and_open(&port, "slow/100");
    fill(&port);
    taken = port.bytes;
    CU_ASSERT_TRUE(taken < 50000000);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_TRUE(gauge.backlog > 40000 && gauge.backlog <= 65536);
    CU_ASSERT_EQUAL(gauge.written + gauge.backlog, taken / 10000 * 10008);
    CU_ASSERT_EQUAL(port.writable, 0);
    CU_ASSERT_TRUE(harness_run(&harness, &port, was_writable, 5000));
    fill(&port);
    CU_ASSERT_TRUE(port.bytes > taken);
    hawser_transport_ws.barrier(port.wire, 1);
    port.on_writable = NULL;
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 10000));
    (void)snprintf(expected, sizeof expected, "%llu",
                   (unsigned long long)((port.bytes - port.kept[0].size) /
                                        10000));
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
    dial_and_open(&port, "slow/50");
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, block, sizeof block));
    while (link_send(&port, HAWSER_BINARY, block, sizeof block)) {
        // until the system's buffers are full
    }
    CU_ASSERT_TRUE(harness_run(&harness, &port, was_writable, 10000));
    CU_ASSERT_FALSE(port.lost);
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, block, 10));
    hawser_transport_ws.barrier(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 10000));
    link_close(&port, 0, "");
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
    for (int i = 0; i < 100 && port.messages < 20000; i++) {
        harness_idle(&harness, 20);
    }
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
    size_t before = mallinfo2().uordblks;

    dial_and_open(&port, "ping_flood");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 30000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "done");
    CU_ASSERT_TRUE(mallinfo2().uordblks < before + 300 * 1024);
    link_close(&port, 0, "");
}

// ---- ends ----

static void
a_goodbye_comes_after_what_was_sent(void)
{
    static hawser_port port, witness;

    dial_and_open(&port, "frame/empty");
    link_close(&port, 4321, "that is all");
    harness_idle(&harness, 50);
    dial(&witness, "said");
    CU_ASSERT_TRUE(harness_run(&harness, &witness, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(witness.kept[0].text, "\x08\x10\xe1that is all");
    link_close(&witness, 0, "");
}

static void
a_reason_that_is_too_long_is_cut_between_characters(void)
{
    static hawser_port port, witness;
    char reason[200] = "";

    for (int i = 0; i < 62; i++) {
        strcat(reason, "\xc3\xa9");
    }
    dial_and_open(&port, "frame/empty");
    link_close(&port, 0, reason);
    harness_idle(&harness, 50);
    dial(&witness, "said");
    CU_ASSERT_TRUE(harness_run(&harness, &witness, has_message, 5000));
    CU_ASSERT_EQUAL(witness.kept[0].size, 1 + 2 + 122);
    link_close(&witness, 0, "");
}

static void
a_wire_may_be_closed_from_inside_every_call(void)
{
    static hawser_port first, second, third;
    struct harness inner;
    char url[128];

    harness_open(&inner);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/blast/1000/10",
                   server.port);
    CU_ASSERT_EQUAL(link_dial(&inner, &first, url), HAWSER_OK);
    link_close(&first, 0, ""); // at once
    second.on_opened = (void (*)(hawser_port *))(void *)NULL;
    CU_ASSERT_EQUAL(link_dial(&inner, &second, url), HAWSER_OK);
    while (!second.opened) {
        uv_run(&inner.loop, UV_RUN_ONCE);
    }
    link_close(&second, 0, "");
    CU_ASSERT_EQUAL(link_dial(&inner, &third, url), HAWSER_OK);
    link_close(&third, 0, "");
    harness_close(&inner);
}

static void
close_now(hawser_port *port)
{
    link_close(port, 0, "");
}

static void
close_on_message(hawser_port *port, const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    link_close(port, 0, "");
}

static bool
is_closed(hawser_port *port)
{
    return port->closed;
}

static void
a_wire_closed_by_what_it_says_is_quiet(void)
{
    static hawser_port port;

    port.on_opened = close_now;
    dial(&port, "blast/1000/10");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_closed, 5000));
    CU_ASSERT_EQUAL(port.messages, 0);
    memset(&port, 0, sizeof port);
    port.on_received = close_on_message;
    dial(&port, "blast/1000/10");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_closed, 5000));
    CU_ASSERT_EQUAL(port.messages, 1);
    harness_idle(&harness, 20);
    CU_ASSERT_EQUAL(port.messages, 1);
}

static void
a_peer_that_never_says_goodbye_is_left_within_a_second(void)
{
    static hawser_port port;
    struct harness inner;
    uint64_t begin;
    char url[128];

    harness_open(&inner);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/slow/5000", server.port);
    CU_ASSERT_EQUAL(link_dial(&inner, &port, url), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&inner, &port, is_opened, 5000));
    fill(&port);
    link_close(&port, 0, "");
    begin = now_ms();
    harness_close(&inner);
    CU_ASSERT_TRUE(now_ms() - begin >= 900);
    CU_ASSERT_TRUE(now_ms() - begin < 1900);
}

static void
a_reset_while_writing_is_told(void)
{
    static hawser_port port;
    static char block[100000];

    dial_and_open(&port, "reset_later");
    while (!port.lost) {
        if (port.wire != NULL) {
            (void)link_send(&port, HAWSER_BINARY, block, sizeof block);
        }
        uv_run(&harness.loop, UV_RUN_NOWAIT);
    }
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_RESET);
    CU_ASSERT_TRUE(strstr(port.error, "Connection reset by peer") != NULL ||
                   strstr(port.error, "Broken pipe") != NULL);
}

static void
many_wires_live_and_end_on_one_site(void)
{
    enum { COUNT = 200 };
    static hawser_port ports[COUNT];
    struct harness inner;
    char url[128];

    harness_open(&inner);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/echo", server.port);
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(link_dial(&inner, &ports[i], url), HAWSER_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE(harness_run(&inner, &ports[i], is_opened, 10000));
        CU_ASSERT_TRUE(ports[i].opened);
        CU_ASSERT_TRUE(link_send(&ports[i], HAWSER_TEXT, "x", 1));
    }
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE(harness_run(&inner, &ports[i], has_message, 10000));
        link_close(&ports[i], 0, "");
    }
    harness_close(&inner);
}

static CU_TestInfo tests[] = {
    CHECK(a_message_comes_back_as_it_went),
    CHECK(frames_behind_the_response_are_heard),
    CHECK(fragments_are_put_together_and_pings_between_them_answered),
    CHECK(empty_messages_arrive),
    CHECK(a_message_of_just_the_limit_is_taken),
    CHECK(a_dripping_server_is_heard_in_the_end),
    CHECK(the_request_carries_what_was_asked_for),
    CHECK(unfit_endpoints_never_reach_the_loop),
    CHECK(the_route_is_the_host_or_the_proxy),
    CHECK(a_barrier_passes_after_all_before_it_arrived),
    CHECK(pongs_that_prove_nothing_pass_nothing),
    CHECK(a_pong_to_an_older_barrier_passes_only_that),
    CHECK(a_slow_peer_fills_the_wire_and_room_is_told),
    CHECK(an_empty_wire_takes_one_message_of_any_size),
    CHECK(a_deaf_wire_hears_nothing_until_it_listens),
    CHECK(going_deaf_amid_a_burst_is_bounded),
    CHECK(a_peer_that_pings_and_never_reads_costs_no_memory),
    CHECK(a_goodbye_comes_after_what_was_sent),
    CHECK(a_reason_that_is_too_long_is_cut_between_characters),
    CHECK(a_wire_may_be_closed_from_inside_every_call),
    CHECK(a_wire_closed_by_what_it_says_is_quiet),
    CHECK(a_peer_that_never_says_goodbye_is_left_within_a_second),
    CHECK(a_reset_while_writing_is_told),
    CHECK(many_wires_live_and_end_on_one_site),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    static const char *const command[] = { "/usr/bin/python3",
                                           WS_TESTS_FOLDER "/bad_server.py",
                                           NULL };
    int status;

    server_start(&server, command);
    harness_open(&harness);
    check_suite("wire", tests);
    status = check_run(argc, argv);
    harness_close(&harness);
    server_stop(&server);
    return status;
}
