// schemes_test.c - which transport makes the wires of which URL.
#include "wire/schemes.h"

#include "check.h"
#include "wire/pier.h"

static void
every_scheme_of_every_transport_is_found_in_any_case(void)
{
    unsigned found = 0;

    for (unsigned i = 0; hw_scheme_at(i) != NULL; i++) {
        char words[64], *rest = words, *word;

        (void)snprintf(words, sizeof words, "%s", hw_scheme_at(i)->schemes);
        while ((word = strsep(&rest, " ")) != NULL) {
            char url[80];

            (void)snprintf(url, sizeof url, "%s://host", word);
            CU_ASSERT_PTR_EQUAL(hw_scheme_transport(url), hw_scheme_at(i));
            url[0] = (char)(url[0] - 'a' + 'A');
            CU_ASSERT_PTR_EQUAL(hw_scheme_transport(url), hw_scheme_at(i));
            found++;
        }
    }
    CU_ASSERT_TRUE(found >= 3);
}

static void
the_transports_that_were_promised_are_there(void)
{
    CU_ASSERT_PTR_NOT_NULL(hw_scheme_transport("ws://host"));
    CU_ASSERT_PTR_NOT_NULL(hw_scheme_transport("wss://host"));
    CU_ASSERT_PTR_NOT_NULL(hw_scheme_transport("inproc://name"));
    CU_ASSERT_PTR_NULL(hw_scheme_at(1000));
}

static void
what_no_transport_has_is_not_found(void)
{
    static const char *const urls[] = {
        "",           "ws",      "ws:",        "ws:/host", "://host",
        "w://host",   "wsx://h", " ws://h",    "ws ://h",  "xws://h",
        "ws wss://h", "pier://", "host/ws://", "inproc",
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        CU_ASSERT_PTR_NULL(hw_scheme_transport(urls[i]));
    }
}

static void
a_transport_may_be_added_for_tests_and_is_added_once(void)
{
    unsigned before = 0, after = 0;

    hw_scheme_add_for_tests(&pier_transport);
    CU_ASSERT_PTR_EQUAL(hw_scheme_transport("pier://x"), &pier_transport);
    CU_ASSERT_PTR_EQUAL(hw_scheme_transport("quay://x"), &pier_transport);
    CU_ASSERT_PTR_NULL(hw_scheme_transport("pier quay://x"));
    while (hw_scheme_at(before) != NULL) {
        before++;
    }
    hw_scheme_add_for_tests(&pier_transport);
    while (hw_scheme_at(after) != NULL) {
        after++;
    }
    CU_ASSERT_EQUAL(after, before);
}

static CU_TestInfo tests[] = {
    CHECK(every_scheme_of_every_transport_is_found_in_any_case),
    CHECK(the_transports_that_were_promised_are_there),
    CHECK(what_no_transport_has_is_not_found),
    CHECK(a_transport_may_be_added_for_tests_and_is_added_once),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("schemes", tests)
