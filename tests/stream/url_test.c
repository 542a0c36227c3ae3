// url_test.c - tests of tcp://, tls:// and unix:// URLs.
#include "check.h"
#include "stream/url.h"

static struct hw_stream_url parts;
static char sentence[160];

static bool
parses(const char *url)
{
    sentence[0] = '\0';
    return hw_stream_url_parse(url, &parts, sentence, sizeof sentence);
}

static bool
is_refused(const char *url, const char *why)
{
    return !parses(url) && strstr(sentence, why) != NULL;
}

static void
hosts_and_ports_are_taken_apart(void)
{
    CU_ASSERT_TRUE(parses("tcp://example.org:4000"));
    CU_ASSERT_EQUAL(parts.scheme, HW_STREAM_TCP);
    CU_ASSERT_STRING_EQUAL(parts.host, "example.org");
    CU_ASSERT_EQUAL(parts.port, 4000);
    CU_ASSERT_TRUE(parses("TLS://[::1]:65535"));
    CU_ASSERT_EQUAL(parts.scheme, HW_STREAM_TLS);
    CU_ASSERT_TRUE(parts.v6);
    CU_ASSERT_STRING_EQUAL(parts.host, "::1");
    CU_ASSERT_EQUAL(parts.port, 65535);
}

static void
paths_and_abstract_names_are_taken_as_they_are(void)
{
    CU_ASSERT_TRUE(parses("unix:///run/a.sock"));
    CU_ASSERT_EQUAL(parts.scheme, HW_STREAM_UNIX);
    CU_ASSERT_STRING_EQUAL(parts.path, "/run/a.sock");
    CU_ASSERT_STRING_EQUAL(parts.host, "");
    CU_ASSERT_TRUE(parses("unix://@name"));
    CU_ASSERT_STRING_EQUAL(parts.path, "@name");
}

static void
a_path_of_107_bytes_is_the_longest(void)
{
    char url[200] = "unix:///";

    memset(url + 8, 'p', 106);
    CU_ASSERT_TRUE(parses(url));
    url[8 + 106] = 'p';
    CU_ASSERT_TRUE(is_refused(url, "longer than 107 bytes"));
}

static void
a_host_of_253_characters_is_the_longest(void)
{
    char url[300] = "tcp://";

    memset(url + 6, 'h', 253);
    memcpy(url + 6 + 253, ":1", 3);
    CU_ASSERT_TRUE(parses(url));
    memset(url + 6, 'h', 254);
    memcpy(url + 6 + 254, ":1", 3);
    CU_ASSERT_TRUE(is_refused(url, "longer than 253 characters"));
}

static void
what_is_malformed_is_refused_with_its_reason(void)
{
    static const struct {
        const char *url, *why;
    } cases[] = {
        { "", "does not begin with" },
        { "tcp:/a:1", "does not begin with" },
        { "tcp://", "no host" },
        { "tcp://:1", "no host" },
        { "tcp://host", "no port" },
        { "tcp://host/", "no port" },
        { "tcp://host:", "not a number" },
        { "tcp://host:0", "not a number" },
        { "tcp://host:65536", "not a number" },
        { "tcp://host:99999999999999999999", "not a number" },
        { "tcp://host:1x", "not a number" },
        { "tcp://host:-1", "not a number" },
        { "tcp://host:1/", "stands '/'" },
        { "tcp://host:1?a", "stands '?'" },
        { "tcp://me:secret@host:1", "user name or password" },
        { "tcp://[::1", "closing ]" },
        { "tcp://[::1]", "no port" },
        { "tcp://[::g]:1", "no IPv6 address" },
        { "tcp://h ost:1", "a space" },
        { "tcp://host:1\n", "a control character" },
        { "tcp://h%20:1", "no host's name has" },
        { "unix://", "unix:///PATH" },
        { "unix:///", "unix:///PATH" },
        { "unix://@", "unix:///PATH" },
        { "unix://a/b", "unix:///PATH" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!is_refused(cases[i].url, cases[i].why)) {
            (void)printf("%s: %s\n", cases[i].url, sentence);
            CU_FAIL("not refused as it should be");
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK(hosts_and_ports_are_taken_apart),
    CHECK(paths_and_abstract_names_are_taken_as_they_are),
    CHECK(a_path_of_107_bytes_is_the_longest),
    CHECK(a_host_of_253_characters_is_the_longest),
    CHECK(what_is_malformed_is_refused_with_its_reason),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("stream url", tests)
