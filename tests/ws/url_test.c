// url_test.c - which endpoints and proxies are taken, and what they say.
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ws/url.h"

static void
good_urls_are_taken_apart(void)
{
    static const struct {
        const char *url, *host, *target;
        unsigned port;
        bool tls, v6;
    } good[] = {
        { "ws://a", "a", "", 80, false, false },
        { "wss://a", "a", "", 443, true, false },
        { "WS://Example.COM/", "Example.COM", "/", 80, false, false },
        { "ws://a:1", "a", "", 1, false, false },
        { "ws://a:65535/x?y=z", "a", "/x?y=z", 65535, false, false },
        { "ws://a?q", "a", "?q", 80, false, false },
        { "ws://127.0.0.1:8080/chat", "127.0.0.1", "/chat", 8080, false,
          false },
        { "wss://[::1]:8443/x", "::1", "/x", 8443, true, true },
        { "ws://[fe80::1]", "fe80::1", "", 80, false, true },
        { "ws://a_b-c.d./", "a_b-c.d.", "/", 80, false, false },
        { "ws://a/mail@host", "a", "/mail@host", 80, false, false },
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct hw_ws_url url;
        char sentence[200] = "";

        CU_ASSERT_TRUE(
            hw_ws_url_parse(good[i].url, &url, sentence, sizeof sentence));
        CU_ASSERT_STRING_EQUAL(sentence, "");
        CU_ASSERT_STRING_EQUAL(url.host, good[i].host);
        CU_ASSERT_STRING_EQUAL(url.target, good[i].target);
        CU_ASSERT_EQUAL(url.port, good[i].port);
        CU_ASSERT_EQUAL(url.tls, good[i].tls);
        CU_ASSERT_EQUAL(url.v6, good[i].v6);
    }
}

static void
bad_urls_are_refused_with_the_reason(void)
{
    static const struct {
        const char *url, *why;
    } bad[] = {
        { "", "empty" },
        { "ws", "ws:// or wss://" },
        { "ws:", "ws:// or wss://" },
        { "ws:/", "ws:// or wss://" },
        { "ws:/a", "ws:// or wss://" },
        { "http://a/", "ws:// or wss://" },
        { "wsss://a/", "ws:// or wss://" },
        { "ws://", "no host" },
        { "ws:///path", "no host" },
        { "ws://?q", "no host" },
        { "ws://:80/", "no host" },
        { "ws://a:/", "port" },
        { "ws://a:0/", "port" },
        { "ws://a:65536/", "port" },
        { "ws://a:99999999999999999999/", "port" },
        { "ws://a:8o/", "port" },
        { "ws://a:-1/", "port" },
        { "ws://user@a/", "auth.user" },
        { "ws://user:password@a/", "auth.user" },
        { "ws://a b/", "space" },
        { "ws://a/b c", "space" },
        { "ws://a/\r\nX: y", "control character" },
        { "ws://a/\t", "control character" },
        { "ws://a/\x7f", "control character" },
        { "ws://a/#here", "fragment" },
        { "ws://m\xc3\xbcller/", "not ASCII" },
        { "ws://[::1/", "closing ]" },
        { "ws://[::g]/", "no IPv6 address" },
        { "ws://[1.2.3.4]/", "no IPv6 address" },
        { "ws://[]/", "no host" },
        { "ws://[::1]80/", "after the URL's host stands '8'" },
        { "ws://a\\b/", "the character '\\'" },
        { "ws://a,b/", "the character ','" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hw_ws_url url;
        char sentence[200] = "";

        CU_ASSERT_FALSE(
            hw_ws_url_parse(bad[i].url, &url, sentence, sizeof sentence));
        if (strstr(sentence, bad[i].why) == NULL) {
            printf("\n  %s: %s\n", bad[i].url, sentence);
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(sentence, bad[i].why));
    }
}

static void
lengths_are_taken_to_the_limit_and_no_further(void)
{
    char text[HW_WS_URL_MAX + 2], sentence[200];
    struct hw_ws_url url;

    memset(text, 'x', sizeof text);
    memcpy(text, "ws://a/", 7);
    text[HW_WS_URL_MAX] = '\0';
    CU_ASSERT_TRUE(hw_ws_url_parse(text, &url, sentence, sizeof sentence));
    text[HW_WS_URL_MAX] = 'x';
    text[HW_WS_URL_MAX + 1] = '\0';
    CU_ASSERT_FALSE(hw_ws_url_parse(text, &url, sentence, sizeof sentence));
    CU_ASSERT_PTR_NOT_NULL(strstr(sentence, "longer than 2048"));

    memset(text, 'x', sizeof text);
    memcpy(text, "ws://", 5);
    text[5 + HW_WS_HOST_MAX] = '\0';
    CU_ASSERT_TRUE(hw_ws_url_parse(text, &url, sentence, sizeof sentence));
    text[5 + HW_WS_HOST_MAX] = 'x';
    text[5 + HW_WS_HOST_MAX + 1] = '\0';
    CU_ASSERT_FALSE(hw_ws_url_parse(text, &url, sentence, sizeof sentence));

    memset(text, 'x', sizeof text);
    memcpy(text, "wss://", 6);
    text[6 + 127] = '\0';
    CU_ASSERT_TRUE(hw_ws_url_parse(text, &url, sentence, sizeof sentence));
    text[6 + 127] = 'x';
    text[6 + 128] = '\0';
    CU_ASSERT_FALSE(hw_ws_url_parse(text, &url, sentence, sizeof sentence));
}

static void
a_sentence_is_cut_to_its_room(void)
{
    struct hw_ws_url url;
    char sentence[10];

    CU_ASSERT_FALSE(hw_ws_url_parse("http://a", &url, sentence, 10));
    CU_ASSERT_EQUAL(strlen(sentence), 9);
}

static void
proxies_are_taken_apart(void)
{
    struct hw_ws_proxy proxy;
    char sentence[200] = "";

    CU_ASSERT_TRUE(
        hw_ws_proxy_parse("http://p:3128", &proxy, sentence, sizeof sentence));
    CU_ASSERT_STRING_EQUAL(proxy.host, "p");
    CU_ASSERT_STRING_EQUAL(proxy.user, "");
    CU_ASSERT_EQUAL(proxy.port, 3128);
    CU_ASSERT_TRUE(hw_ws_proxy_parse("http://joe:s3c@ret@[::1]:8080/", &proxy,
                                     sentence, sizeof sentence));
    CU_ASSERT_STRING_EQUAL(proxy.host, "::1");
    CU_ASSERT_STRING_EQUAL(proxy.user, "joe:s3c@ret");
    CU_ASSERT_EQUAL(proxy.port, 8080);
}

static void
bad_proxies_are_refused_with_the_reason(void)
{
    static const struct {
        const char *url, *why;
    } bad[] = {
        { "", "proxy: the URL is empty" },
        { "p:3128", "http://" },
        { "https://p:3128", "http://" },
        { "socks5://p:3128", "http://" },
        { "http://p", "names no port" },
        { "http://:1", "no host" },
        { "http://p:x", "port" },
        { "http://p:3128/path", "port" },
        { "http://joe:12345678901234567890123456789012345678901234567890"
          "123456789012345678901234567890123456789@p:1",
          "longer than 90 bytes" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hw_ws_proxy proxy;
        char sentence[200] = "";

        CU_ASSERT_FALSE(
            hw_ws_proxy_parse(bad[i].url, &proxy, sentence, sizeof sentence));
        CU_ASSERT_PTR_NOT_NULL(strstr(sentence, bad[i].why));
    }
}

static CU_TestInfo tests[] = {
    CHECK(good_urls_are_taken_apart),
    CHECK(bad_urls_are_refused_with_the_reason),
    CHECK(lengths_are_taken_to_the_limit_and_no_further),
    CHECK(a_sentence_is_cut_to_its_room),
    CHECK(proxies_are_taken_apart),
    CHECK(bad_proxies_are_refused_with_the_reason),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("url", tests)
