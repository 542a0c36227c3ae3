// proxy_test.c - the way through an HTTP CONNECT proxy.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_stage.h"

static char proxy_url[128], target[128];

// Starts a proxy that does what how says, and dials path through it.
static void
dial_through(struct server *proxy, const char *how, const char *user,
             hawser_port *port, const char *path)
{
    server_start(proxy, "proxy.py", how, NULL);
    (void)snprintf(proxy_url, sizeof proxy_url, "http://%s127.0.0.1:%u", user,
                   proxy->port);
    link_set(port, "proxy", proxy_url);
    (void)snprintf(target, sizeof target, "ws://localhost:%u/%s", server.port,
                   path);
    CU_ASSERT_EQUAL(link_dial(&harness, port, target), HAWSER_OK);
}

static void
expect_echo(hawser_port *port)
{
    CU_ASSERT_TRUE(harness_run(&harness, port, is_opened, 5000));
    if (!port->opened) {
        printf("\n  %s\n", port->error);
    }
    CU_ASSERT_TRUE_FATAL(port->opened);
    CU_ASSERT_TRUE(link_send(port, HAWSER_TEXT, "through", 7));
    CU_ASSERT_TRUE(harness_run(&harness, port, has_message, 5000));
    CU_ASSERT_STRING_EQUAL(port->kept[0].text, "through");
    link_close(port, 0, "");
}

static void
messages_pass_through_a_proxy(void)
{
    static const struct {
        const char *how, *user;
    } ways[] = {
        { "pass", "" },
        { "name", "" },  // it is asked for the name, not for an address
        { "split", "" }, // its answer comes byte by byte
        { "auth", "joe:secret@" },
    };
    static hawser_port port;
    struct server proxy;

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        memset(&port, 0, sizeof port);
        dial_through(&proxy, ways[i].how, ways[i].user, &port, "echo");
        expect_echo(&port);
        server_stop(&proxy);
    }
}

static void
a_refusal_behind_the_proxy_is_the_servers(void)
{
    static hawser_port port;
    struct server proxy;

    dial_through(&proxy, "pass", "", &port, "status/403");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_HTTP);
    CU_ASSERT_EQUAL(port.status, 403);
    CU_ASSERT_STRING_EQUAL(port.error, "HTTP 403 Forbidden");
    server_stop(&proxy);
}

static void
a_proxy_that_refuses_is_told_from_a_server(void)
{
    static const struct {
        const char *how, *user;
        hawser_cause cause;
        int status;
        const char *sentence;
    } ends[] = {
        { "auth", "", HAWSER_CAUSE_HTTP, 407,
          "proxy: HTTP 407 Proxy Authentication Required" },
        { "auth", "joe:wrong@", HAWSER_CAUSE_HTTP, 407, "proxy: HTTP 407" },
        { "403", "", HAWSER_CAUSE_HTTP, 403, "proxy: HTTP 403 Forbidden" },
        { "502", "", HAWSER_CAUSE_UNREACHABLE, 502,
          "proxy: HTTP 502 Bad Gateway" },
        { "ssh", "", HAWSER_CAUSE_PROTOCOL, 0,
          "not HTTP: the proxy's answer begins with \"SSH-2.0" },
        { "short", "", HAWSER_CAUSE_PROTOCOL, 0,
          "proxy: HTTP without a status" },
        { "endless", "", HAWSER_CAUSE_PROTOCOL, 0,
          "proxy: its answer has no end" },
        { "hang_up", "", HAWSER_CAUSE_UNREACHABLE, 0,
          "proxy: it hung up before it answered" },
        { "half", "", HAWSER_CAUSE_UNREACHABLE, 0,
          "proxy: it hung up amid its answer" },
    };
    static hawser_port port;
    struct server proxy;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        memset(&port, 0, sizeof port);
        dial_through(&proxy, ends[i].how, ends[i].user, &port, "echo");
        CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
        if (port.cause != ends[i].cause ||
            strstr(port.error, ends[i].sentence) == NULL) {
            printf("\n  %s: cause %d, %s\n", ends[i].how, (int)port.cause,
                   port.error);
        }
        CU_ASSERT_FALSE(port.opened);
        CU_ASSERT_EQUAL(port.cause, ends[i].cause);
        CU_ASSERT_EQUAL(port.status, ends[i].status);
        CU_ASSERT_PTR_NOT_NULL(strstr(port.error, ends[i].sentence));
        server_stop(&proxy);
    }
}

static void
no_proxy_listens_there(void)
{
    static hawser_port port;

    link_set(&port, "proxy", "http://127.0.0.1:1");
    CU_ASSERT_EQUAL(link_dial(&harness, &port, "ws://localhost:9/"), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_UNREACHABLE);
    CU_ASSERT_STRING_EQUAL(port.error, "connect: Connection refused");
}

static void
a_proxy_that_never_answers_is_closed_without_a_word(void)
{
    static hawser_port port;
    struct server proxy;

    dial_through(&proxy, "never", "", &port, "echo");
    harness_idle(&harness, 30);
    CU_ASSERT_FALSE(port.opened || port.lost);
    link_close(&port, 0, "");
    harness_idle(&harness, 5);
    server_stop(&proxy);
}

static void
tls_goes_through_a_proxy_and_is_judged_by_the_servers_name(void)
{
    static hawser_port port;
    struct server proxy, behind;
    char ca[256];

    server_start(&behind, "tls_server.py", NULL, NULL);
    server_start(&proxy, "proxy.py", "local", NULL);
    (void)snprintf(ca, sizeof ca, "%s/ca.pem", behind.note);
    (void)snprintf(proxy_url, sizeof proxy_url, "http://127.0.0.1:%u",
                   proxy.port);
    for (int wrong = 0; wrong < 2; wrong++) {
        memset(&port, 0, sizeof port);
        link_set(&port, "proxy", proxy_url);
        link_set(&port, "tls.ca", ca);
        (void)snprintf(target, sizeof target, "wss://%s.test:%u/echo",
                       wrong ? "wrong" : "good", behind.port);
        CU_ASSERT_EQUAL(link_dial(&harness, &port, target), HAWSER_OK);
        if (!wrong) {
            expect_echo(&port);
        } else {
            CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
            CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_TLS);
            CU_ASSERT_STRING_EQUAL(
                port.error,
                "TLS: certificate is for another name than wrong.test");
        }
    }
    server_stop(&proxy);
    server_stop(&behind);
}

static CU_TestInfo tests[] = {
    CHECK(messages_pass_through_a_proxy),
    CHECK(a_refusal_behind_the_proxy_is_the_servers),
    CHECK(a_proxy_that_refuses_is_told_from_a_server),
    CHECK(no_proxy_listens_there),
    CHECK(a_proxy_that_never_answers_is_closed_without_a_word),
    CHECK(tls_goes_through_a_proxy_and_is_judged_by_the_servers_name),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return stage_run("bad_server.py", "proxy", tests, argc, argv);
}
