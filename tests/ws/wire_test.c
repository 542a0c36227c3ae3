// wire_test.c - dialling, messages and barriers, against a scripted server.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_stage.h"

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
    hear_what_was_said(&witness);
    CU_ASSERT_STRING_EQUAL(witness.kept[0].text, "\x0a"
                                                 "between");
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

static char request[4096];

static void
keep_request(hawser_port *port, const void *bytes, size_t size)
{
    (void)port;
    (void)snprintf(request, sizeof request, "%.*s", (int)size,
                   (const char *)bytes);
}

static void
the_request_carries_what_was_asked_for_and_nothing_else(void)
{
    static hawser_port port;
    char url[128], begin[256];

    link_set(&port, "ws.protocol", "v1, v2");
    link_set(&port, "ws.origin", "https://o.example");
    link_set(&port, "ws.header", "X-Option: o\nX-Both: option");
    link_set(&port, "auth.user", "Aladdin");
    link_set(&port, "auth.password", "open sesame");
    port.on_received = keep_request;
    (void)snprintf(url, sizeof url, "ws://localhost:%u/request?a=b",
                   server.port);
    CU_ASSERT_EQUAL(
        link_dial_with(&harness, &port, url, "X-Fresh: f\nX-Both: fresh\n"),
        HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port.protocol, "v2");
    (void)snprintf(begin, sizeof begin,
                   "GET /request?a=b HTTP/1.1\r\nHost: localhost:%u\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: ",
                   server.port);
    CU_ASSERT_PTR_EQUAL(strstr(request, begin), request);
    CU_ASSERT_STRING_EQUAL(
        request + strlen(begin) + strlen("1234567890123456789012=="),
        "\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: v1, v2\r\n"
        "Origin: https://o.example\r\n"
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
        "X-Option: o\r\nX-Fresh: f\r\nX-Both: fresh\r\n\r\n");
    link_close(&port, 0, "");
}

enum { SOCKETS_MAX = 256 };

// Which descriptors are connected to the server.
static void
find_sockets(bool found[static SOCKETS_MAX])
{
    for (int fd = 0; fd < SOCKETS_MAX; fd++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;

        found[fd] = getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
                    peer.sin_family == AF_INET &&
                    ntohs(peer.sin_port) == server.port;
    }
}

static void
small_messages_are_not_held_back(void)
{
    static hawser_port port;
    static bool before[SOCKETS_MAX], after[SOCKETS_MAX];
    int checked = 0;

    find_sockets(before);
    dial_and_open(&port, "echo");
    find_sockets(after);
    for (int fd = 0; fd < SOCKETS_MAX; fd++) {
        int on = 0;
        socklen_t size = sizeof on;

        if (after[fd] && !before[fd]) {
            CU_ASSERT_EQUAL(
                getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
            CU_ASSERT_NOT_EQUAL(on, 0);
            checked++;
        }
    }
    CU_ASSERT_EQUAL(checked, 1);
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
    link_set(&port, "proxy", "http://u:p@relay.example:3128");
    CU_ASSERT_EQUAL(hawser_transport_ws.check("ws://[::1]:8/x", &port.settings,
                                              &route, sentence,
                                              sizeof sentence),
                    HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(route.host, "relay.example");
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

// RFC 6455 section 5.5.3: a peer may answer the latest ping only. What comes
// for an earlier one afterwards says nothing new.
static void
a_pong_to_the_newest_barrier_passes_all_before_it(void)
{
    static hawser_port port;

    dial_and_open(&port, "newest_pong");
    for (uint64_t number = 10; number <= 12; number++) {
        hawser_transport_ws.barrier(port.wire, number);
    }
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_EQUAL(port.passes, 1);
    CU_ASSERT_EQUAL(port.passed, 12);
    link_close(&port, 0, "");
}

static CU_TestInfo tests[] = {
    CHECK(a_message_comes_back_as_it_went),
    CHECK(frames_behind_the_response_are_heard),
    CHECK(fragments_are_put_together_and_pings_between_them_answered),
    CHECK(empty_messages_arrive),
    CHECK(a_message_of_just_the_limit_is_taken),
    CHECK(a_dripping_server_is_heard_in_the_end),
    CHECK(the_request_carries_what_was_asked_for_and_nothing_else),
    CHECK(small_messages_are_not_held_back),
    CHECK(unfit_endpoints_never_reach_the_loop),
    CHECK(the_route_is_the_host_or_the_proxy),
    CHECK(a_barrier_passes_after_all_before_it_arrived),
    CHECK(pongs_that_prove_nothing_pass_nothing),
    CHECK(a_pong_to_an_older_barrier_passes_only_that),
    CHECK(a_pong_to_the_newest_barrier_passes_all_before_it),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return stage_run("bad_server.py", "wire", tests, argc, argv);
}
