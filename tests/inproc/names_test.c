// names_test.c - inproc's URLs, and who meets whom at a name.
#include <string.h>

#include "check.h"
#include "ends.h"

static struct yard yard;

static void
bad_urls_are_refused_with_a_sentence(void)
{
    static const char *const urls[] = {
        "inproc://",     "inproc:/x",
        "inproc//x",     "inproc://a/b",
        "inproc://a b",  "inproc://\t",
        "inproc://a\n",  "inproc://\x7f",
        "inproc://\xc3", "",
        "inproc",        "INPROC://x",
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char sentence[128] = "";
        hawser_route route;

        CU_ASSERT_EQUAL(hawser_transport_inproc.check(
                            urls[i], NULL, &route, sentence, sizeof sentence),
                        HAWSER_INVALID);
        CU_ASSERT_NOT_EQUAL(sentence[0], '\0');
    }
}

static hawser_status
check_name_of(size_t size)
{
    char url[300] = "inproc://", sentence[128];
    size_t head = strlen(url);
    hawser_route route = { .host = "x", .port = 1 };
    hawser_status status;

    memset(url + head, 'n', size);
    url[head + size] = '\0';
    status = hawser_transport_inproc.check(url, NULL, &route, sentence,
                                           sizeof sentence);
    CU_ASSERT_STRING_EQUAL(route.host, ""); // nothing to resolve
    return status;
}

static void
a_name_has_at_most_200_characters(void)
{
    CU_ASSERT_EQUAL(check_name_of(1), HAWSER_OK);
    CU_ASSERT_EQUAL(check_name_of(200), HAWSER_OK);
    CU_ASSERT_EQUAL(check_name_of(201), HAWSER_INVALID);
}

static void
a_wire_waits_until_another_dials_its_name(void)
{
    hawser_port one = { 0 }, other = { 0 };

    yard_open(&yard);
    (void)end_dial(&yard, &one, "inproc://wait", NULL, NULL); // or it aborts
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.opened, 0);
    (void)end_dial(&yard, &other, "inproc://wait", NULL, NULL);
    CU_ASSERT_EQUAL(one.opened + other.opened, 0); // not from inside dial
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.opened, 1);
    CU_ASSERT_EQUAL(other.opened, 1);
    CU_ASSERT_STRING_EQUAL(one.peer, "inproc://wait");
    end_close(&one, 0, "");
    end_close(&other, 0, "");
    yard_close(&yard);
}

static void
names_are_told_apart(void)
{
    hawser_port ports[3] = { 0 };

    yard_open(&yard);
    (void)end_dial(&yard, &ports[0], "inproc://name", NULL, NULL);
    (void)end_dial(&yard, &ports[1], "inproc://Name", NULL, NULL);
    (void)end_dial(&yard, &ports[2], "inproc://names", NULL, NULL);
    yard_turn(&yard);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(ports[i].opened, 0);
        end_close(&ports[i], 0, "");
    }
    yard_close(&yard);
}

// Sends one number from each to see who met whom.
static bool
are_joined(hawser_port *one, hawser_port *other)
{
    uint64_t before = other->received;

    return one->opened == 1 && other->opened == 1 && end_send(one, 1, 8) == 1 &&
           (yard_turn(&yard), true) && other->received == before + 1;
}

static void
a_third_wire_waits_for_a_fourth(void)
{
    hawser_port ports[4] = { 0 };

    yard_open(&yard);
    for (size_t i = 0; i < 3; i++) {
        (void)end_dial(&yard, &ports[i], "inproc://four", NULL, NULL);
    }
    yard_turn(&yard);
    CU_ASSERT(are_joined(&ports[0], &ports[1]));
    CU_ASSERT_EQUAL(ports[2].opened, 0);
    (void)end_dial(&yard, &ports[3], "inproc://four", NULL, NULL);
    yard_turn(&yard);
    CU_ASSERT(are_joined(&ports[2], &ports[3]));
    CU_ASSERT(are_joined(&ports[1], &ports[0]));
    for (size_t i = 0; i < 4; i++) {
        end_close(&ports[i], 0, "");
    }
    yard_close(&yard);
}

static void
who_stopped_waiting_is_not_met(void)
{
    hawser_port gone = { 0 }, one = { 0 }, other = { 0 };

    yard_open(&yard);
    (void)end_dial(&yard, &gone, "inproc://gone", NULL, NULL);
    end_close(&gone, 0, "");
    (void)end_dial(&yard, &one, "inproc://gone", NULL, NULL);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.opened, 0);
    (void)end_dial(&yard, &other, "inproc://gone", NULL, NULL);
    yard_turn(&yard);
    CU_ASSERT(are_joined(&one, &other));
    end_close(&one, 0, "");
    end_close(&other, 0, "");
    yard_close(&yard);
}

static void
who_leaves_the_middle_of_those_who_wait_leaves_the_rest(void)
{
    static const char *const names[] = { "inproc://a", "inproc://b",
                                         "inproc://c" };
    hawser_port first[3] = { 0 }, second[3] = { 0 };

    yard_open(&yard);
    for (size_t i = 0; i < 3; i++) {
        (void)end_dial(&yard, &first[i], names[i], NULL, NULL);
    }
    end_close(&first[1], 0, "");
    for (size_t i = 0; i < 3; i++) {
        (void)end_dial(&yard, &second[i], names[i], NULL, NULL);
    }
    yard_turn(&yard);
    CU_ASSERT(are_joined(&first[0], &second[0]));
    CU_ASSERT(are_joined(&first[2], &second[2]));
    CU_ASSERT_EQUAL(second[1].opened, 0);
    for (size_t i = 0; i < 3; i++) {
        end_close(&first[i], 0, "");
        end_close(&second[i], 0, "");
    }
    yard_close(&yard);
}

static CU_TestInfo tests[] = {
    CHECK(bad_urls_are_refused_with_a_sentence),
    CHECK(a_name_has_at_most_200_characters),
    CHECK(a_wire_waits_until_another_dials_its_name),
    CHECK(names_are_told_apart),
    CHECK(a_third_wire_waits_for_a_fourth),
    CHECK(who_stopped_waiting_is_not_met),
    CHECK(who_leaves_the_middle_of_those_who_wait_leaves_the_rest),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("inproc names", tests)
