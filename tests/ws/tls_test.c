// tls_test.c - wss://: what is trusted, what is refused, and the byte stream.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_stage.h"

static char ca[256], cert[256], key[256], other[256];

static void
name_files(void)
{
    (void)snprintf(ca, sizeof ca, "%s/ca.pem", server.note);
    (void)snprintf(other, sizeof other, "%s/other.pem", server.note);
    (void)snprintf(cert, sizeof cert, "%s/client.pem", server.note);
    (void)snprintf(key, sizeof key, "%s/client.key", server.note);
}

static hawser_status
dial_tls(hawser_port *port, const char *host, const char *path)
{
    char url[256];

    name_files();
    (void)snprintf(url, sizeof url, "wss://%s:%u/%s", host, server.port, path);
    return link_dial(&harness, port, url);
}

// Trusts the tests' authority, and waits until it is open.
static void
open_tls(hawser_port *port, const char *path)
{
    name_files();
    link_set(port, "tls.ca", ca);
    CU_ASSERT_EQUAL(dial_tls(port, "good.test", path), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, port, is_opened, 5000));
    if (!port->opened) {
        printf("\n  %s: %s\n", path, port->error);
    }
    CU_ASSERT_TRUE_FATAL(port->opened);
}

// As open_gate.
static void
open_gate_tls(const char *name)
{
    static hawser_port port;
    char path[64];

    (void)snprintf(path, sizeof path, "open/%s", name);
    open_tls(&port, path);
    link_close(&port, 0, "");
}

// ---- trust ----

struct trust {
    const char *host; // which certificate, see tls_server.py
    const char *ca, *name, *cert, *key;
    bool insecure;
    const char *sentence; // is part of it; NULL: it opens
};

static const struct trust trusts[] = {
    { .host = "good.test", .ca = ca },
    { .host = "127.0.0.1", .ca = ca },
    { .host = "[::1]", .ca = ca, .name = "six.test", .sentence = "six.test" },
    { .host = "good.test", .sentence = "an authority that is not trusted" },
    { .host = "good.test", .ca = other, .sentence = "not trusted" },
    { .host = "stranger.test", .ca = ca, .sentence = "not trusted" },
    { .host = "stranger.test", .ca = other },
    { .host = "self.test", .ca = ca, .sentence = "self-signed certificate" },
    { .host = "expired.test", .ca = ca, .sentence = "certificate has expired" },
    { .host = "future.test", .ca = ca, .sentence = "is not yet valid" },
    { .host = "wrong.test",
      .ca = ca,
      .sentence = "is for another name than wrong.test" },
    { .host = "127.0.0.1",
      .ca = ca,
      .name = "127.0.0.2",
      .sentence = "is for another name than 127.0.0.2" },
    { .host = "[::1]", .ca = ca, .sentence = "is for another name than ::1" },
    { .host = "wrong.test", .ca = ca, .name = "good.test" },
    { .host = "good.test",
      .ca = ca,
      .name = "wrong.test",
      .sentence = "is for another name than wrong.test" },
    { .host = "self.test", .insecure = true },
    { .host = "expired.test", .insecure = true },
    { .host = "future.test", .insecure = true },
    { .host = "wrong.test", .insecure = true },
    { .host = "stranger.test", .insecure = true },
    { .host = "[::1]", .insecure = true },
    { .host = "client.test", .ca = ca, .cert = cert, .key = key },
};

static void
set_trust(hawser_port *port, const struct trust *trust)
{
    memset(port, 0, sizeof *port);
    name_files();
    link_set(port, "tls.ca", trust->ca == NULL ? "" : trust->ca);
    link_set(port, "tls.server_name", trust->name == NULL ? "" : trust->name);
    link_set(port, "tls.insecure", trust->insecure ? "1" : "0");
    link_set(port, "tls.cert", trust->cert == NULL ? "" : trust->cert);
    link_set(port, "tls.key", trust->key == NULL ? "" : trust->key);
}

static void
certificates_are_judged_and_the_sentence_says_how(void)
{
    static hawser_port port;

    for (size_t i = 0; i < sizeof trusts / sizeof trusts[0]; i++) {
        const char *sentence = trusts[i].sentence;

        set_trust(&port, &trusts[i]);
        CU_ASSERT_EQUAL(dial_tls(&port, trusts[i].host, "echo"), HAWSER_OK);
        CU_ASSERT_TRUE(harness_run(&harness, &port, is_opened, 5000));
        if (port.opened != (sentence == NULL) ||
            (port.lost && sentence != NULL &&
             strstr(port.error, sentence) == NULL)) {
            printf("\n  %zu, %s: %s\n", i, trusts[i].host, port.error);
        }
        CU_ASSERT_EQUAL(port.opened, sentence == NULL);
        if (port.lost) {
            CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_TLS);
            CU_ASSERT_PTR_EQUAL(strstr(port.error, "TLS: "), port.error);
            CU_ASSERT_PTR_NOT_NULL(
                strstr(port.error, sentence == NULL ? "?" : sentence));
        } else {
            link_close(&port, 0, "");
        }
    }
}

// In TLS 1.3 a server refuses the client after the client believes to be
// connected.
static void
a_server_that_demands_a_certificate_refuses_without(void)
{
    static hawser_port port;
    static const struct trust trust = { .host = "client.test", .ca = ca };

    set_trust(&port, &trust);
    CU_ASSERT_EQUAL(dial_tls(&port, "client.test", "echo"), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_opened, 5000));
    CU_ASSERT_TRUE_FATAL(port.lost);
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_TLS);
    CU_ASSERT_PTR_NOT_NULL(strstr(port.error, "certificate required"));
    printf("%s ", port.error);
}

static void
files_that_can_not_be_read_are_named(void)
{
    static const struct {
        const char *option, *path, *sentence;
    } bad[] = {
        { "tls.ca", "/nowhere/ca.pem",
          "tls.ca: /nowhere/ca.pem: No such file or directory" },
        { "tls.cert", "/nowhere/cert.pem", "tls.cert: /nowhere/cert.pem: No" },
        { "tls.key", "/nowhere/key.pem", "tls.key: /nowhere/key.pem: No" },
        { "tls.ca", "/dev/null", "TLS: could not be set up" },
        { "tls.cert", "/dev/null", "TLS: could not be set up" },
        { "tls.key", ca, "TLS: could not be set up" },
    };
    static hawser_port port;

    name_files();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&port, 0, sizeof port);
        link_set(&port, "tls.ca", ca);
        link_set(&port, "tls.cert", cert);
        link_set(&port, "tls.key", key);
        link_set(&port, bad[i].option, bad[i].path);
        CU_ASSERT_EQUAL(dial_tls(&port, "good.test", "echo"), HAWSER_INVALID);
        if (strstr(port.error, bad[i].sentence) == NULL) {
            printf("\n  %s: %s\n", bad[i].path, port.error);
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(port.error, bad[i].sentence));
    }
}

// ---- the byte stream ----

static void
messages_pass_both_ways(void)
{
    static hawser_port port;

    open_tls(&port, "echo");
    CU_ASSERT_EQUAL(port.status, 101);
    CU_ASSERT_TRUE(link_send(&port, HAWSER_TEXT, "h\xc3\xa9llo", 6));
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, "\0\1", 2));
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_two, 5000));
    CU_ASSERT_EQUAL(port.kept[0].kind, HAWSER_TEXT);
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "h\xc3\xa9llo");
    CU_ASSERT_EQUAL(port.kept[1].kind, HAWSER_BINARY);
    CU_ASSERT_EQUAL(port.kept[1].size, 2);
    link_close(&port, 0, "");
}

static void
frames_behind_the_response_are_heard(void)
{
    static hawser_port port;

    open_tls(&port, "frame/fragments/together");
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, "hello");
    link_close(&port, 0, "");
}

static char pattern[3000000];

static void
compare_with_pattern(hawser_port *port, const void *bytes, size_t size)
{
    (void)port;
    CU_ASSERT_EQUAL(size, sizeof pattern);
    CU_ASSERT_EQUAL(memcmp(bytes, pattern, size), 0);
}

static void
a_message_of_many_records_comes_back_whole(void)
{
    static hawser_port port;

    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (char)(i * 31 + i / 1000);
    }
    port.on_received = compare_with_pattern;
    open_tls(&port, "echo");
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, pattern, sizeof pattern));
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_message, 10000));
    CU_ASSERT_EQUAL(port.messages, 1);
    link_close(&port, 0, "");
}

static void
a_slow_peer_fills_the_wire_and_room_is_told(void)
{
    static hawser_port port;
    hawser_gauge gauge;
    char expected[32];
    unsigned count = 0;

    link_set(&port, "wire.buffer", "65536");
    open_tls(&port, "slow/tls");
    while (count < 5000 && link_send(&port, HAWSER_BINARY, pattern, 10000)) {
        count++;
    }
    CU_ASSERT_TRUE(count < 5000);
    hawser_transport_ws.gauge(port.wire, &gauge);
    CU_ASSERT_TRUE(gauge.backlog > 0 && gauge.backlog <= 65536);
    CU_ASSERT_EQUAL(gauge.written + gauge.backlog, (uint64_t)count * 10008);
    CU_ASSERT_EQUAL(port.writable, 0);
    open_gate_tls("tls");
    CU_ASSERT_TRUE(harness_run(&harness, &port, was_writable, 5000));
    CU_ASSERT_TRUE(link_send(&port, HAWSER_BINARY, "x", 1));
    hawser_transport_ws.barrier(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_passed, 10000));
    (void)snprintf(expected, sizeof expected, "%u", count + 1);
    CU_ASSERT_STRING_EQUAL(port.kept[0].text, expected);
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

    open_tls(&port, "blast/20000/1000");
    hawser_transport_ws.listen(port.wire, 0);
    heard = port.messages;
    harness_idle(&harness, 30);
    CU_ASSERT_TRUE(port.messages - heard <= 3000);
    heard = port.messages;
    harness_idle(&harness, 30);
    CU_ASSERT_EQUAL(port.messages, heard);
    hawser_transport_ws.listen(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, has_all, 10000));
    CU_ASSERT_EQUAL(port.messages, 20000);
    link_close(&port, 0, "");
}

static void
goodbyes_are_told_both_ways(void)
{
    static hawser_port port, witness;

    open_tls(&port, "close/1012/restart");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_CLOSED);
    CU_ASSERT_EQUAL(port.close_code, 1012);
    CU_ASSERT_STRING_EQUAL(port.reason, "restart");
    memset(&port, 0, sizeof port);
    open_tls(&port, "frame/empty");
    link_close(&port, 4321, "that is all");
    open_tls(&witness, "said");
    CU_ASSERT_TRUE(harness_run(&harness, &witness, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(witness.kept[0].text, "\x08\x10\xe1that is all");
    link_close(&witness, 0, "");
}

static const struct end {
    const char *path;
    hawser_cause cause;
    const char *sentence;
} ends[] = {
    { "cut/payload", HAWSER_CAUSE_RESET, "in the middle of a message" },
    { "cut/between", HAWSER_CAUSE_RESET, "without a goodbye" },
    { "frame/masked", HAWSER_CAUSE_PROTOCOL, "a masked frame" },
    { "frame/not_utf8", HAWSER_CAUSE_PROTOCOL, "not UTF-8" },
    { "endless_fragments/1000", HAWSER_CAUSE_TOO_BIG, "above message.max" },
    { "status/403", HAWSER_CAUSE_HTTP, "HTTP 403 Forbidden" },
    { "answer/wrong_accept", HAWSER_CAUSE_PROTOCOL, "Sec-WebSocket-Accept" },
    { "answer/ssh_lines", HAWSER_CAUSE_PROTOCOL, "not HTTP" },
    { "endless_header/lines", HAWSER_CAUSE_PROTOCOL, "not HTTP" },
    { "hang_up", HAWSER_CAUSE_RESET, "hung up before it answered" },
    { "reset_later", HAWSER_CAUSE_RESET, "" },
};

static void
bad_peers_are_lost_with_their_cause(void)
{
    static hawser_port port;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        memset(&port, 0, sizeof port);
        link_set(&port, "tls.ca", ca);
        link_set(&port, "message.max", "65536");
        CU_ASSERT_EQUAL(dial_tls(&port, "good.test", ends[i].path), HAWSER_OK);
        (void)harness_run(&harness, &port, is_opened, 5000);
        if (port.opened && !port.lost) {
            (void)link_send(&port, HAWSER_TEXT, "x", 1);
        }
        CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
        if (port.cause != ends[i].cause ||
            strstr(port.error, ends[i].sentence) == NULL) {
            printf("\n  %s: cause %d, %s\n", ends[i].path, (int)port.cause,
                   port.error);
        }
        CU_ASSERT_EQUAL(port.cause, ends[i].cause);
        CU_ASSERT_PTR_NOT_NULL(strstr(port.error, ends[i].sentence));
    }
}

// ---- servers that speak no TLS ----

static void
a_server_without_tls_is_refused(void)
{
    static hawser_port port;
    struct server plain;
    char url[64];

    server_start(&plain, "proxy.py", "greet", NULL);
    (void)snprintf(url, sizeof url, "wss://127.0.0.1:%u/", plain.port);
    CU_ASSERT_EQUAL(link_dial(&harness, &port, url), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_TLS);
    CU_ASSERT_PTR_EQUAL(strstr(port.error, "TLS: "), port.error);
    CU_ASSERT_PTR_NOT_NULL(strstr(port.error, "wrong version number"));
    printf("%s ", port.error);
    server_stop(&plain);
}

static void
a_server_that_hangs_up_amid_the_handshake_is_told(void)
{
    static hawser_port port;
    struct server plain;
    char url[64];

    server_start(&plain, "proxy.py", "close", NULL);
    (void)snprintf(url, sizeof url, "wss://127.0.0.1:%u/", plain.port);
    CU_ASSERT_EQUAL(link_dial(&harness, &port, url), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_TLS);
    CU_ASSERT_PTR_EQUAL(strstr(port.error, "TLS: "), port.error);
    server_stop(&plain);
}

static void
a_server_that_never_shakes_hands_is_closed_without_a_word(void)
{
    static hawser_port port;
    struct server plain;
    char url[64];

    server_start(&plain, "proxy.py", "never", NULL);
    (void)snprintf(url, sizeof url, "wss://127.0.0.1:%u/", plain.port);
    CU_ASSERT_EQUAL(link_dial(&harness, &port, url), HAWSER_OK);
    harness_idle(&harness, 30);
    CU_ASSERT_FALSE(port.opened || port.lost);
    link_close(&port, 0, "");
    harness_idle(&harness, 5);
    server_stop(&plain);
}

static CU_TestInfo tests[] = {
    CHECK(certificates_are_judged_and_the_sentence_says_how),
    CHECK(a_server_that_demands_a_certificate_refuses_without),
    CHECK(files_that_can_not_be_read_are_named),
    CHECK(messages_pass_both_ways),
    CHECK(frames_behind_the_response_are_heard),
    CHECK(a_message_of_many_records_comes_back_whole),
    CHECK(a_slow_peer_fills_the_wire_and_room_is_told),
    CHECK(a_deaf_wire_hears_nothing_until_it_listens),
    CHECK(goodbyes_are_told_both_ways),
    CHECK(bad_peers_are_lost_with_their_cause),
    CHECK(a_server_without_tls_is_refused),
    CHECK(a_server_that_hangs_up_amid_the_handshake_is_told),
    CHECK(a_server_that_never_shakes_hands_is_closed_without_a_word),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return stage_run("tls_server.py", "tls", tests, argc, argv);
}
