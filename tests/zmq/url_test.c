// url_test.c - what a URL of ZeroMQ's says.
#include <zmq.h>

#include "check.h"
#include "zmq/url.h"

static struct hw_zmq_url parts;
static char sentence[256];

static bool
reads(const char *url)
{
    return hw_zmq_url_parse(url, &parts, sentence, sizeof sentence);
}

static void
an_address_has_a_host_and_a_port(void)
{
    CU_ASSERT_TRUE(reads("zmq+tcp://a.example:5555"));
    CU_ASSERT_STRING_EQUAL(parts.host, "a.example");
    CU_ASSERT_EQUAL(parts.port, 5555);
    CU_ASSERT_EQUAL(parts.type->number, ZMQ_DEALER);
    CU_ASSERT_FALSE(parts.bind);
    CU_ASSERT_TRUE(reads("ZMQ+TCP://[::1]:80/"));
    CU_ASSERT_TRUE(parts.v6);
    CU_ASSERT_STRING_EQUAL(parts.host, "::1");
}

static void
any_host_and_any_port_are_for_binding(void)
{
    CU_ASSERT_TRUE(reads("zmq+tcp://*:*?bind=1"));
    CU_ASSERT_EQUAL(parts.port, 0);
    CU_ASSERT_TRUE(reads("zmq+tcp://127.0.0.1:0?bind=1&type=rep"));
    CU_ASSERT_FALSE(reads("zmq+tcp://*:*"));
    CU_ASSERT_FALSE(reads("zmq+tcp://127.0.0.1:0?bind=0"));
}

static void
every_type_has_its_name(void)
{
    static const struct {
        const char *name;
        int number;
    } types[] = {
        { "dealer", ZMQ_DEALER }, { "router", ZMQ_ROUTER },
        { "req", ZMQ_REQ },       { "rep", ZMQ_REP },
        { "push", ZMQ_PUSH },     { "pull", ZMQ_PULL },
        { "pub", ZMQ_PUB },       { "sub", ZMQ_SUB },
        { "xpub", ZMQ_XPUB },     { "xsub", ZMQ_XSUB },
        { "pair", ZMQ_PAIR },
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char url[64];

        (void)snprintf(url, sizeof url, "zmq+inproc://x?type=%s",
                       types[i].name); // it fits
        CU_ASSERT_TRUE(reads(url));
        CU_ASSERT_EQUAL(parts.type->number, types[i].number);
    }
    CU_ASSERT_FALSE(reads("zmq+inproc://x?type=stream"));
    CU_ASSERT_FALSE(reads("zmq+inproc://x?type="));
    CU_ASSERT_FALSE(reads("zmq+inproc://x?type=dealerdealer"));
}

static void
what_is_escaped_is_read_as_the_byte(void)
{
    CU_ASSERT_TRUE(reads("zmq+ipc:///tmp/a%20b%3f?type=sub&subscribe="
                         "%00x&subscribe="));
    CU_ASSERT_STRING_EQUAL(parts.place, "/tmp/a b?");
    CU_ASSERT_EQUAL(parts.subscription_count, 2);
    CU_ASSERT_EQUAL(parts.subscriptions[0].size, 2);
    CU_ASSERT_EQUAL(memcmp(parts.subscriptions[0].bytes, "\0x", 2), 0);
    CU_ASSERT_EQUAL(parts.subscriptions[1].size, 0);
    CU_ASSERT_FALSE(reads("zmq+ipc:///tmp/%2"));
    CU_ASSERT_FALSE(reads("zmq+ipc:///tmp/%g0"));
}

static void
paths_and_names_have_a_limit(void)
{
    char url[512] = "zmq+ipc://";

    memset(url + 10, 'p', HW_ZMQ_PATH_MAX);
    CU_ASSERT_TRUE(reads(url));
    url[10 + HW_ZMQ_PATH_MAX] = 'p';
    CU_ASSERT_FALSE(reads(url));
    memset(url, 0, sizeof url);
    memcpy(url, "zmq+inproc://", 13);
    memset(url + 13, 'n', HW_ZMQ_NAME_MAX);
    CU_ASSERT_TRUE(reads(url));
    url[13 + HW_ZMQ_NAME_MAX] = 'n';
    CU_ASSERT_FALSE(reads(url));
}

static void
a_url_has_at_most_sixteen_subscriptions(void)
{
    static const char one[] = "&subscribe=a";
    char url[512] = "zmq+inproc://x?type=sub";
    size_t at = strlen(url);

    for (unsigned i = 0; i < HW_ZMQ_SUBSCRIPTIONS_MAX; i++) {
        memcpy(url + at, one, sizeof one);
        at += sizeof one - 1;
    }
    CU_ASSERT_TRUE(reads(url));
    memcpy(url + at, one, sizeof one);
    CU_ASSERT_FALSE(reads(url));
}

static void
a_secret_in_a_url_is_refused_and_not_repeated(void)
{
    CU_ASSERT_FALSE(reads("zmq+tcp://h:1?curve_secret_key=hush"));
    CU_ASSERT_PTR_NULL(strstr(sentence, "hush"));
    CU_ASSERT_FALSE(reads("zmq+tcp://user:hush@h:1"));
    CU_ASSERT_PTR_NULL(strstr(sentence, "hush"));
}

static CU_TestInfo tests[] = {
    CHECK(an_address_has_a_host_and_a_port),
    CHECK(any_host_and_any_port_are_for_binding),
    CHECK(every_type_has_its_name),
    CHECK(what_is_escaped_is_read_as_the_byte),
    CHECK(paths_and_names_have_a_limit),
    CHECK(a_url_has_at_most_sixteen_subscriptions),
    CHECK(a_secret_in_a_url_is_refused_and_not_repeated),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("zmq url", tests)
