// bad_peer_test.c - whatever a server does wrong, the wire is lost with the
// cause in a sentence, and memory stays bounded.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_stage.h"

// ---- the table: a path of the server, and what comes of it ----

struct end {
    const char *path;
    hawser_cause cause;
    int status, close_code, retry_ms;
    const char *sentence; // is part of it
};

static const struct end refusals[] = {
    { "status/200", HAWSER_CAUSE_HTTP, 200, 0, -1,
      "HTTP 200 OK: the server does not speak WebSocket there" },
    { "status/301", HAWSER_CAUSE_HTTP, 301, 0, -1,
      "HTTP 301 Moved Permanently to ws://elsewhere.example/there" },
    { "status/401", HAWSER_CAUSE_HTTP, 401, 0, -1, "HTTP 401 Unauthorized" },
    { "status/403", HAWSER_CAUSE_HTTP, 403, 0, -1, "HTTP 403 Forbidden" },
    { "status/404", HAWSER_CAUSE_HTTP, 404, 0, -1, "HTTP 404 Not Found" },
    { "status/429/17", HAWSER_CAUSE_HTTP, 429, 0, 17000,
      "HTTP 429 Too Many Requests" },
    { "status/429/soon", HAWSER_CAUSE_HTTP, 429, 0, -1,
      "HTTP 429 Too Many Requests" },
    { "status/503/Sun,_06_Nov_1994_08:49:37_GMT", HAWSER_CAUSE_HTTP, 503, 0, 0,
      "HTTP 503 Service Unavailable" },
    { "status/500", HAWSER_CAUSE_HTTP, 500, 0, -1,
      "HTTP 500 Internal Server Error" },
    { "answer/wrong_accept", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "wrong Sec-WebSocket-Accept" },
    { "answer/no_accept", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "no Sec-WebSocket-Accept" },
    { "answer/no_upgrade", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "not with \"Upgrade: websocket\"" },
    { "answer/protocol", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "subprotocol \"unasked\"" },
    { "answer/extension", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "extension \"permessage-deflate\"" },
    { "answer/body", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "a body after its 101" },
    { "answer/no_body", HAWSER_CAUSE_PROTOCOL, 101, 0, -1,
      "a body after its 101" },
    { "answer/ssh", HAWSER_CAUSE_PROTOCOL, 0, 0, -1,
      "not HTTP: the server's answer begins with \"SSH-2.0-OpenSSH_9.2..\"" },
    { "answer/ssh_lines", HAWSER_CAUSE_PROTOCOL, 0, 0, -1, "not HTTP" },
    { "answer/binary", HAWSER_CAUSE_PROTOCOL, 0, 0, -1, "not HTTP" },
    { "answer/no_status", HAWSER_CAUSE_PROTOCOL, 0, 0, -1, "not HTTP" },
    { "endless_header/name", HAWSER_CAUSE_PROTOCOL, 0, 0, -1, "not HTTP" },
    { "endless_header/value", HAWSER_CAUSE_PROTOCOL, 0, 0, -1, "not HTTP" },
    { "endless_header/lines", HAWSER_CAUSE_PROTOCOL, 0, 0, -1, "not HTTP" },
    { "answer/begun/cut", HAWSER_CAUSE_RESET, 0, 0, -1,
      "hung up before it answered" },
    { "answer/half/cut", HAWSER_CAUSE_RESET, 0, 0, -1,
      "hung up before it answered" },
    { "hang_up", HAWSER_CAUSE_RESET, 0, 0, -1, "hung up before it answered" },
    { "reset", HAWSER_CAUSE_RESET, 0, 0, -1, "Connection reset by peer" },
};

static const struct end breaches[] = {
    { "frame/masked", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "a masked frame" },
    { "frame/rsv1", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "reserved bits" },
    { "frame/rsv3", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "reserved bits" },
    { "frame/not_utf8", HAWSER_CAUSE_PROTOCOL, 0, 1007, -1,
      "text that is not UTF-8" },
    { "frame/not_utf8_cut", HAWSER_CAUSE_PROTOCOL, 0, 1007, -1,
      "text that is not UTF-8" },
    { "frame/surrogate", HAWSER_CAUSE_PROTOCOL, 0, 1007, -1,
      "text that is not UTF-8" },
    { "frame/overlong", HAWSER_CAUSE_PROTOCOL, 0, 1007, -1,
      "text that is not UTF-8" },
    { "frame/not_utf8_fragments", HAWSER_CAUSE_PROTOCOL, 0, 1007, -1,
      "text that is not UTF-8" },
    { "frame/close_1", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "a close frame of length 1" },
    { "frame/close_999", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "the code 999" },
    { "frame/close_1005", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "the code 1005" },
    { "frame/close_5000", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "the code 5000" },
    { "frame/close_reason", HAWSER_CAUSE_PROTOCOL, 0, 1007, -1,
      "a close reason that is not UTF-8" },
    { "frame/huge", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "2^63 bytes" },
    { "frame/huge_split", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "2^63 bytes" },
    { "frame/huge/together", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1, "2^63 bytes" },
    { "frame/large", HAWSER_CAUSE_TOO_BIG, 0, 1009, -1,
      "above message.max (65536 bytes)" },
    { "frame/over", HAWSER_CAUSE_TOO_BIG, 0, 1009, -1, "above message.max" },
    { "frame/long_form", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "length in more bytes than it needs" },
    { "frame/long_form_8", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "length in more bytes than it needs" },
    { "frame/control_fragment", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "a control frame in fragments" },
    { "frame/control_long", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "a control frame above 125 bytes" },
    { "frame/unknown", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "the unknown kind 3" },
    { "frame/unknown_control", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "the unknown kind 11" },
    { "frame/continuation", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "continued a message that it had not begun" },
    { "frame/amid", HAWSER_CAUSE_PROTOCOL, 0, 1002, -1,
      "began a message in the middle of another" },
};

static const struct end cuts[] = {
    { "cut/head", HAWSER_CAUSE_RESET, 0, 0, -1, "in the middle of a message" },
    { "cut/length", HAWSER_CAUSE_RESET, 0, 0, -1,
      "in the middle of a message" },
    { "cut/payload", HAWSER_CAUSE_RESET, 0, 0, -1,
      "in the middle of a message" },
    { "cut/message", HAWSER_CAUSE_RESET, 0, 0, -1,
      "in the middle of a message" },
    { "cut/between", HAWSER_CAUSE_RESET, 0, 0, -1, "without a goodbye" },
    { "endless_fragments/1000", HAWSER_CAUSE_TOO_BIG, 0, 0, -1,
      "above message.max" },
    { "endless_fragments/1", HAWSER_CAUSE_TOO_BIG, 0, 0, -1,
      "above message.max" },
};

// More than a wire may cost: its buffers, libwebsockets' and OpenSSL's.
enum { WIRE_COST_MAX = 512 * 1024 };

// Dials path and waits for the end of the wire.
static void
meet(const struct end *end, hawser_port *port)
{
    size_t before = memory_used();

    memset(port, 0, sizeof *port);
    link_set(port, "message.max", "65536");
    dial(port, end->path);
    harness.peak = 0;
    if (!harness_run(&harness, port, is_lost, 5000) ||
        port->cause != end->cause ||
        strstr(port->error, end->sentence) == NULL) {
        printf("\n  %s: cause %d, \"%s\"\n", end->path, (int)port->cause,
               port->error);
    }
    CU_ASSERT_TRUE_FATAL(port->lost);
    CU_ASSERT_EQUAL(port->cause, end->cause);
    CU_ASSERT_PTR_NOT_NULL(strstr(port->error, end->sentence));
    CU_ASSERT_EQUAL(port->retry_after_ms, end->retry_ms);
    CU_ASSERT_TRUE(harness.peak < before + WIRE_COST_MAX);
}

static void
a_refused_upgrade_is_lost_with_its_cause(void)
{
    static hawser_port port;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        meet(&refusals[i], &port);
        CU_ASSERT_FALSE(port.opened);
        CU_ASSERT_EQUAL(port.status, refusals[i].status);
    }
}

static void
a_breach_of_the_protocol_is_lost_and_the_peer_is_told_the_code(void)
{
    static hawser_port port, witness;

    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        meet(&breaches[i], &port);
        CU_ASSERT_TRUE(port.opened);
        CU_ASSERT_EQUAL(port.messages, 0);
        hear_what_was_said(&witness);
        CU_ASSERT_EQUAL(witness.kept[0].text[0], 8);
        CU_ASSERT_EQUAL((uint8_t)witness.kept[0].text[1] << 8 |
                            (uint8_t)witness.kept[0].text[2],
                        breaches[i].close_code);
    }
}

static void
a_peer_that_cuts_or_never_ends_is_lost(void)
{
    static hawser_port port;

    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        meet(&cuts[i], &port);
    }
}

static void
a_date_to_come_back_at_is_told_as_a_wait(void)
{
    static hawser_port port;

    dial(&port, "status/503/in_a_minute");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.status, 503);
    CU_ASSERT_TRUE(port.retry_after_ms > 50000 && port.retry_after_ms <= 61000);
}

static void
headers_of_a_refusal_are_told(void)
{
    static hawser_port port;
    static const struct end end = { "status/401", HAWSER_CAUSE_HTTP, 401, 0, -1,
                                    "401" };

    meet(&end, &port);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(port.headers, "Www-Authenticate: Basic realm=\"x\"\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(port.headers, "X-Request-Id: 4711\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(port.headers, "Set-Cookie: a=1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(port.headers, "b=2"));
}

// ---- the patient ones: Hawser's dial.timeout closes them ----

static void
a_server_that_never_answers_is_closed_without_a_word(void)
{
    static const char *const paths[] = { "never", "drip", "half_a_header" };
    static hawser_port port;

    for (int i = 0; i < 3; i++) {
        memset(&port, 0, sizeof port);
        dial(&port, paths[i]);
        harness_idle(&harness, 30);
        CU_ASSERT_FALSE(port.opened || port.lost);
        CU_ASSERT_EQUAL(port.alive, 0);
        link_close(&port, 0, "");
        harness_idle(&harness, 5);
    }
}

static void
a_connection_that_never_comes_about_is_closed_without_a_word(void)
{
    static hawser_port port;
    struct silence silence;
    char url[64];

    silence_begin(&silence);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/", silence.port);
    CU_ASSERT_EQUAL(link_dial(&harness, &port, url), HAWSER_OK);
    harness_idle(&harness, 30);
    CU_ASSERT_FALSE(port.opened || port.lost);
    link_close(&port, 0, "");
    harness_idle(&harness, 5);
    silence_end(&silence);
}

static void
nobody_listens_there(void)
{
    static hawser_port port;

    memset(&port, 0, sizeof port);
    CU_ASSERT_EQUAL(link_dial(&harness, &port, "ws://127.0.0.1:1/"), HAWSER_OK);
    CU_ASSERT_FALSE(port.lost); // not from inside
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_UNREACHABLE);
    CU_ASSERT_STRING_EQUAL(port.error, "connect: Connection refused");
}

static void
there_is_no_way_there(void)
{
    static hawser_port port;

    memset(&port, 0, sizeof port);
    // Multicast can't be connected to with TCP, but is no error for a datagram;
    // the broadcast address is one for both.
    CU_ASSERT_EQUAL(link_dial(&harness, &port, "ws://255.255.255.255:1/"),
                    HAWSER_OK);
    CU_ASSERT_FALSE(port.lost);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_UNREACHABLE);
    CU_ASSERT_PTR_EQUAL(strstr(port.error, "connect: "), port.error);
}

static CU_TestInfo tests[] = {
    CHECK(a_refused_upgrade_is_lost_with_its_cause),
    CHECK(a_breach_of_the_protocol_is_lost_and_the_peer_is_told_the_code),
    CHECK(a_peer_that_cuts_or_never_ends_is_lost),
    CHECK(a_date_to_come_back_at_is_told_as_a_wait),
    CHECK(headers_of_a_refusal_are_told),
    CHECK(a_server_that_never_answers_is_closed_without_a_word),
    CHECK(a_connection_that_never_comes_about_is_closed_without_a_word),
    CHECK(nobody_listens_there),
    CHECK(there_is_no_way_there),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return stage_run("bad_server.py", "bad_peer", tests, argc, argv);
}
