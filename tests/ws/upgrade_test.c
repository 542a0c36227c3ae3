// upgrade_test.c - what is asked of a server, and which answers are believed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ws/upgrade.h"
#include "ws_harness.h"

static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char right[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void
the_accept_of_the_rfc_comes_out(void)
{
    char accept[HW_WS_ACCEPT_SIZE];

    hw_ws_accept_make(key, accept);
    CU_ASSERT_STRING_EQUAL(accept, right);
}

static void
keys_are_fresh(void)
{
    char one[HW_WS_KEY_SIZE], two[HW_WS_KEY_SIZE];

    hw_ws_key_make(one);
    hw_ws_key_make(two);
    CU_ASSERT_EQUAL(strlen(one), 24);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
}

static char *
request(hawser_port *port, const char *endpoint, const char *headers)
{
    struct hw_ws_url url;
    char sentence[200] = "", *text;

    CU_ASSERT_TRUE(hw_ws_url_parse(endpoint, &url, sentence, sizeof sentence));
    text = hw_ws_request_make(&url, key, &port->settings, headers, sentence,
                              sizeof sentence);
    CU_ASSERT_PTR_NOT_NULL(text);
    return text;
}

static void
a_bare_request_is_the_five_headers(void)
{
    static hawser_port port;
    char *text = request(&port, "ws://a:8080/b?c=d", "");

    CU_ASSERT_STRING_EQUAL(text,
                           "GET /b?c=d HTTP/1.1\r\n"
                           "Host: a:8080\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Version: 13\r\n");
    free(text);
}

static void
the_host_says_the_port_only_where_it_must(void)
{
    static const struct {
        const char *url, *begin;
    } cases[] = {
        { "ws://a", "GET / HTTP/1.1\r\nHost: a\r\n" },
        { "ws://a:80", "GET / HTTP/1.1\r\nHost: a\r\n" },
        { "ws://a:443", "GET / HTTP/1.1\r\nHost: a:443\r\n" },
        { "wss://a:443", "GET / HTTP/1.1\r\nHost: a\r\n" },
        { "wss://a:80", "GET / HTTP/1.1\r\nHost: a:80\r\n" },
        { "ws://[::1]:8/?x", "GET /?x HTTP/1.1\r\nHost: [::1]:8\r\n" },
        { "ws://a?x", "GET /?x HTTP/1.1\r\nHost: a\r\n" },
    };
    static hawser_port port;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = request(&port, cases[i].url, "");

        CU_ASSERT_PTR_EQUAL(strstr(text, cases[i].begin), text);
        free(text);
    }
}

static void
options_become_headers(void)
{
    static hawser_port port;
    char *text;

    link_set(&port, "ws.protocol", "chat, superchat");
    link_set(&port, "ws.origin", "https://example.org");
    link_set(&port, "ws.header", "X-One: 1\nX-Two: 2");
    link_set(&port, "auth.user", "Aladdin");
    link_set(&port, "auth.password", "open sesame");
    text = request(&port, "ws://a/", "");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "\r\nSec-WebSocket-Protocol: chat, superchat\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\nOrigin: https://example.org\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\nX-One: 1\r\nX-Two: 2\r\n"));
    // RFC 7617's own example.
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    free(text);
}

static void
fresh_headers_stand_for_those_of_the_options(void)
{
    static hawser_port port;
    char *text;

    link_set(&port, "ws.header", "X-Token: old\nX-Other: kept");
    link_set(&port, "ws.origin", "https://old");
    link_set(&port, "auth.user", "old");
    text = request(&port, "ws://a/",
                   "x-token: new\nAuthorization: Bearer t\nORIGIN: o\n");
    CU_ASSERT_PTR_NULL(strstr(text, "old"));
    CU_ASSERT_PTR_NULL(strstr(text, "Basic"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "X-Other: kept\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "x-token: new\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Authorization: Bearer t\r\n"));
    free(text);
}

static void
a_request_has_a_limit(void)
{
    static hawser_port port;
    static char value[HW_WS_REQUEST_MAX + 20] = "X: ";
    struct hw_ws_url url;
    char sentence[200] = "";

    memset(value + 3, 'y', HW_WS_REQUEST_MAX);
    CU_ASSERT_TRUE(hw_ws_url_parse("ws://a", &url, sentence, sizeof sentence));
    CU_ASSERT_PTR_NULL(hw_ws_request_make(&url, key, &port.settings, value,
                                          sentence, sizeof sentence));
    CU_ASSERT_PTR_NOT_NULL(strstr(sentence, "longer than"));
}

static void
unfit_options_are_refused_with_the_reason(void)
{
    static const struct {
        const char *name, *text, *why;
    } bad[] = {
        { "ws.header", "no colon", "\"no colon\" is not \"Name: value\"" },
        { "ws.header", ": value", "is not \"Name: value\"" },
        { "ws.header", "a b: c", "is not \"Name: value\"" },
        { "ws.header", "a: b\rc: d", "control character" },
        { "ws.header", "a: b\nbad", "\"bad\" is not" },
        { "ws.header", "a: \x01", "control character" },
        { "ws.header", "Host: x", "Host is Hawser's own" },
        { "ws.header", "upgrade: x", "Hawser's own" },
        { "ws.header", "Connection: x", "Hawser's own" },
        { "ws.header", "sec-websocket-key: x", "Hawser's own" },
        { "ws.header", "Sec-WebSocket-Foo: x", "Hawser's own" },
        { "ws.header", "Content-Length: 1", "Hawser's own" },
        { "ws.origin", "a\nb", "control character" },
        { "ws.protocol", "a b", "comma" },
        { "ws.protocol", "a,,b", "names" },
        { "ws.protocol", "a\r\nb", "names" },
        { "ws.protocol", "a/b", "names" },
        { "auth.user", "a:b", "colon" },
        { "auth.password", "x", "auth.user is not" },
    };
    static hawser_port port;
    char sentence[200];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&port, 0, sizeof port);
        link_set(&port, bad[i].name, bad[i].text);
        CU_ASSERT_FALSE(
            hw_ws_upgrade_check(&port.settings, sentence, sizeof sentence));
        if (strstr(sentence, bad[i].why) == NULL) {
            printf("\n  %s: %s\n", bad[i].text, sentence);
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(sentence, bad[i].why));
    }
}

static void
fit_options_are_taken(void)
{
    static hawser_port port;
    char sentence[200];

    link_set(&port, "ws.header",
             "A: b\nX-Empty:\nCookie: a=b; c=d\nX-Tab: a\tb\n");
    link_set(&port, "ws.protocol", "v1.json, v2.cbor");
    link_set(&port, "auth.user", "joe");
    link_set(&port, "auth.password", "a:b c\xc3\xa9");
    CU_ASSERT_TRUE(
        hw_ws_upgrade_check(&port.settings, sentence, sizeof sentence));
}

static bool
believed(const char *upgrade, const char *connection, const char *accept,
         const char *protocol, const char *extensions, const char *offered)
{
    struct hw_ws_answer answer = { upgrade,  connection, accept,
                                   protocol, extensions, false };
    char sentence[200];

    return hw_ws_answer_check(&answer, key, offered, sentence, sizeof sentence);
}

static void
answers_are_believed_if_they_fit(void)
{
    CU_ASSERT_TRUE(believed("websocket", "Upgrade", right, "", "", ""));
    CU_ASSERT_TRUE(
        believed("WebSocket", "keep-alive, upgrade", right, "", "", ""));
    CU_ASSERT_TRUE(
        believed("websocket", "Upgrade", right, "b", "", "a, b , c"));
    CU_ASSERT_FALSE(believed("h2c", "Upgrade", right, "", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "close", right, "", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "upgraded", right, "", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "", right, "", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "Upgrade", "", "", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "Upgrade", key, "", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "Upgrade", right, "b", "", ""));
    CU_ASSERT_FALSE(believed("websocket", "Upgrade", right, "B", "", "b"));
    CU_ASSERT_FALSE(believed("websocket", "Upgrade", right, "b", "", "ab, bc"));
    CU_ASSERT_FALSE(
        believed("websocket", "Upgrade", right, "a, b", "", "a, b"));
    CU_ASSERT_FALSE(believed("websocket", "Upgrade", right, "", "x", ""));
}

static void
retry_after_is_seconds_or_a_date(void)
{
    static const struct {
        const char *value;
        int ms;
    } cases[] = {
        { "0", 0 },
        { "1", 1000 },
        { "120", 120000 },
        { "86400", 86400000 },
        { "86401", 86400000 },
        { "99999999999999999999999", 86400000 },
        { "", -1 },
        { "-1", -1 },
        { "1.5", -1 },
        { "soon", -1 },
        { "1 ", -1 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 10000 },
        { "Sun, 06 Nov 1994 08:49:27 GMT", 0 },
        { "Sun, 06 Nov 1994 08:49:17 GMT", 0 },
        { "Mon, 07 Nov 1994 08:49:27 GMT", 86400000 },
        { "Tue, 29 Feb 2000 00:00:00 GMT", 86400000 },
        { "Sun, 06 Nov 1994 08:49:37 PST", -1 },
        { "Sun, 06 Nov 1994 08:49:37 GMTx", -1 },
        { "Sun, 06 Nob 1994 08:49:37 GMT", -1 },
        { "Sun, 06 ovD 1994 08:49:37 GMT", -1 },
        { "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
        { "Sun, 06 Nov 1994", -1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        // 784111767 is Sun, 06 Nov 1994 08:49:27 GMT.
        CU_ASSERT_EQUAL(hw_ws_retry_after_ms(cases[i].value, 784111767),
                        cases[i].ms);
    }
}

static CU_TestInfo tests[] = {
    CHECK(the_accept_of_the_rfc_comes_out),
    CHECK(keys_are_fresh),
    CHECK(a_bare_request_is_the_five_headers),
    CHECK(the_host_says_the_port_only_where_it_must),
    CHECK(options_become_headers),
    CHECK(fresh_headers_stand_for_those_of_the_options),
    CHECK(a_request_has_a_limit),
    CHECK(unfit_options_are_refused_with_the_reason),
    CHECK(fit_options_are_taken),
    CHECK(answers_are_believed_if_they_fit),
    CHECK(retry_after_is_seconds_or_a_date),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("upgrade", tests)
