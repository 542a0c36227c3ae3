// opening_test.c - what is opened, what is refused and why; stale numbers.
#include <string.h>
#include <sys/resource.h>

#include "check.h"
#include "harbour.h"

static void
refused(hawser_bus *bus, const char *urls, hawser_status status,
        const char *part_of_sentence)
{
    hawser_link link = { 0 };

    CU_ASSERT_EQUAL(hawser_link_open(bus, urls, NULL, &link), status);
    CU_ASSERT_EQUAL(link.id, 0);
    if (strstr(hawser_last_error(), part_of_sentence) == NULL) {
        fprintf(stderr, "%s: \"%s\"\n", urls, hawser_last_error());
        CU_FAIL("the sentence does not tell");
    }
}

static void
a_malformed_url_is_refused_with_a_sentence(void)
{
    hawser_bus *bus = open_bus(NULL);
    char long_url[400] = "inproc://";

    memset(long_url + 9, 'x', sizeof long_url - 10);
    refused(bus, "", HAWSER_INVALID, "no URL");
    refused(bus, " \n ", HAWSER_INVALID, "no URL");
    refused(bus, "localhost:80", HAWSER_INVALID, "no scheme");
    refused(bus, "://x", HAWSER_INVALID, "no scheme");
    refused(bus, "gopher://x", HAWSER_UNKNOWN, "gopher://");
    refused(bus, "inproc://", HAWSER_INVALID, "inproc://");
    refused(bus, "inproc://a/b", HAWSER_INVALID, "inproc://");
    refused(bus, long_url, HAWSER_INVALID, "200");
    refused(bus, "inproc://a gopher://b", HAWSER_UNKNOWN, "gopher://");
    refused(bus, "ws://", HAWSER_INVALID, "");
    refused(bus, "ws://host:99999/", HAWSER_INVALID, "port");
    refused(bus, "ws://host:0x50/", HAWSER_INVALID, "port");
    CU_ASSERT(hawser_last_error()[0] != '\0');
    (void)open_link(bus, fresh_url(), NULL);
    CU_ASSERT_STRING_EQUAL(hawser_last_error(), "");
    close_bus(bus);
}

static void
as_many_urls_as_fit_are_taken(void)
{
    enum { URLS_MAX = 64 };
    static const char url[] = " inproc://u";
    hawser_bus *bus = open_bus(NULL);
    char urls[(URLS_MAX + 1) * sizeof url];
    size_t used = 0;

    for (unsigned i = 0; i < URLS_MAX + 1; i++) {
        memcpy(urls + used, url, sizeof url);
        used += sizeof url - 1;
    }
    refused(bus, urls, HAWSER_INVALID, "64");
    urls[used - (sizeof url - 1)] = '\0';
    (void)open_link(bus, urls, NULL);
    close_bus(bus);
}

static void
an_option_of_the_bus_is_none_of_a_link(void)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_options *options = options_of("threads=0");
    hawser_link link = { 0 };

    CU_ASSERT_EQUAL(hawser_link_open(bus, fresh_url(), options, &link),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_last_error(), "threads"));
    hawser_options_free(options);
    close_bus(bus);
}

static void
options_of_the_bus_are_the_defaults_of_its_links(void)
{
    hawser_bus *bus = open_bus("spool.max_messages=2 message.max=4");
    hawser_link one = open_link(bus, fresh_url(), NULL);
    hawser_link two = open_link(bus, fresh_url(), "spool.max_messages=1");

    CU_ASSERT_EQUAL(hawser_send(bus, one, "12345", 5), HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(hawser_send(bus, two, "12345", 5), HAWSER_TOO_BIG);
    CU_ASSERT_EQUAL(send_number(bus, one, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(send_number(bus, two, 1), HAWSER_OK);
    CU_ASSERT_EQUAL(send_number(bus, one, 2), HAWSER_OK);
    CU_ASSERT_EQUAL(send_number(bus, two, 2), HAWSER_FULL);
    CU_ASSERT_EQUAL(send_number(bus, one, 3), HAWSER_FULL);
    close_bus(bus);
}

// ---- limits ----

static void
links_are_opened_until_it_is_full(void)
{
    enum { LINKS = 300 };
    hawser_bus *bus = open_bus("bus.links_max=300");
    hawser_link links[LINKS], link = { 0 };

    for (unsigned i = 0; i < LINKS; i++) {
        links[i] = open_link(bus, "inproc://full", NULL);
    }
    refused(bus, "inproc://full", HAWSER_FULL, "bus.links_max");
    // Closed is not enough: the end must have been read.
    CU_ASSERT_EQUAL(hawser_link_close(bus, links[7], 0, NULL), HAWSER_OK);
    (void)until_state(bus, links[7], HAWSER_CLOSED);
    refused(bus, "inproc://full", HAWSER_FULL, "bus.links_max");
    (void)await(bus, links[7], HAWSER_CLOSED);
    link = open_link(bus, "inproc://full", NULL);
    CU_ASSERT(link.id != links[7].id);
    refused(bus, "inproc://full", HAWSER_FULL, "bus.links_max");
    close_bus(bus);
}

static void
inboxes_are_opened_until_it_is_full(void)
{
    hawser_bus *bus = open_bus("bus.inboxes_max=4");
    hawser_inbox *inboxes[4] = { NULL }, *none = NULL;

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 1; i < 4; i++) { // the bus has one
            CU_ASSERT_EQUAL(hawser_inbox_open(bus, &inboxes[i]), HAWSER_OK);
        }
        CU_ASSERT_EQUAL(hawser_inbox_open(bus, &none), HAWSER_FULL);
        CU_ASSERT_PTR_NULL(none);
        for (unsigned i = 1; i < 4; i++) {
            hawser_inbox_close(inboxes[i]);
        }
    }
    close_bus(bus);
}

// ---- stale numbers ----

static void
expect_stale(hawser_bus *bus, hawser_link link)
{
    hawser_message *message = new_text("x");
    hawser_link_stats stats = { .size = sizeof stats };
    hawser_link_info info = { .size = sizeof info };
    hawser_state state;
    uint64_t id = 0;

    CU_ASSERT_EQUAL(send_number(bus, link, 1), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_send_text(bus, link, "x"), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_send_message(bus, link, message, 1), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_reconnect(bus, link), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_drain(bus, link, 1, 0, NULL), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, "bye"), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_state(bus, link, &state), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, -1), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_get_stats(bus, link, &stats), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_get_info(bus, link, &info), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_standing_add(bus, link, message, &id),
                    HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_standing_remove(bus, link, 1, message),
                    HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_standing_remove(bus, link, 1, NULL),
                    HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_ready(bus, link, 1), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_refuse(bus, link, 1, "no"), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_greet(bus, link, 1, message), HAWSER_STALE);
    CU_ASSERT_EQUAL(hawser_link_answer(bus, link, 1, "A: b"), HAWSER_STALE);
    hawser_message_drop(message);
}

static void
numbers_that_were_never_a_link_are_stale(void)
{
    static const uint64_t numbers[] = { 0,
                                        1,
                                        256,
                                        65536,
                                        65537,
                                        UINT32_MAX,
                                        UINT64_MAX,
                                        UINT64_C(1) << 32,
                                        UINT64_C(1) << 63 };
    hawser_bus *bus = open_bus(NULL);

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        expect_stale(bus, (hawser_link){ numbers[i] });
    }
    close_bus(bus);
}

// Each number is another, though the slot is the same.
static void
the_number_of_a_closed_link_is_never_followed(void)
{
    enum { ROUNDS = 10000 / SLOWER };
    hawser_bus *bus = open_bus("threads=0 bus.links_max=1");
    hawser_link first = { 0 }, last = { 0 };

    for (unsigned i = 0; i < ROUNDS; i++) {
        hawser_link link = open_link(bus, "inproc://slot", NULL);

        CU_ASSERT(link.id != 0 && link.id != first.id && link.id != last.id);
        if (i > 0) {
            CU_ASSERT_EQUAL(send_number(bus, first, i), HAWSER_STALE);
            CU_ASSERT_EQUAL(hawser_link_close(bus, last, 0, NULL),
                            HAWSER_STALE);
        } else {
            first = link;
        }
        end_link(bus, link);
        last = link;
    }
    first = open_link(bus, "inproc://slot", NULL);
    expect_stale(bus, last);
    CU_ASSERT_EQUAL(sum_of(bus, first).accepted, 0);
    close_bus(bus);
}

static void
the_number_of_another_bus_is_not_followed(void)
{
    hawser_bus *one = open_bus(NULL), *other = open_bus(NULL);
    hawser_link link = open_link(one, fresh_url(), NULL);

    (void)open_link(other, fresh_url(), NULL);
    expect_stale(other, link);
    close_bus(one);
    close_bus(other);
}

// A bus needs descriptors; with no more allowed, the sentence names the call.
static void
a_bus_that_the_system_refuses_says_which_call_and_why(void)
{
    struct rlimit before, none;
    hawser_status status;
    hawser_bus *bus = NULL;

    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    status = hawser_bus_open(NULL, &bus);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    CU_ASSERT_EQUAL(status, HAWSER_SYSTEM);
    if (strstr(hawser_last_error(), ": Too many open files") == NULL) {
        fprintf(stderr, "%s\n", hawser_last_error());
        CU_FAIL("the sentence does not tell");
    }
}

static CU_TestInfo tests[] = {
    CHECK(a_malformed_url_is_refused_with_a_sentence),
    CHECK(as_many_urls_as_fit_are_taken),
    CHECK(an_option_of_the_bus_is_none_of_a_link),
    CHECK(options_of_the_bus_are_the_defaults_of_its_links),
    CHECK(links_are_opened_until_it_is_full),
    CHECK(inboxes_are_opened_until_it_is_full),
    CHECK(numbers_that_were_never_a_link_are_stale),
    CHECK(the_number_of_a_closed_link_is_never_followed),
    CHECK(the_number_of_another_bus_is_not_followed),
    CHECK(a_bus_that_the_system_refuses_says_which_call_and_why),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("opening", tests)
