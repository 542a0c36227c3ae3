// letter_test.c - the vocabulary: who says what to whom.
#include "post/letter.h"

#include <stdlib.h>

#include "check.h"

struct route {
    unsigned from, to, kind;
};

static const struct route routes[] = {
#define ROUTE(from, to, kind) { HW_##from, HW_##to, HW_LETTER_##kind },
    HW_ROUTE_LIST(ROUTE)
#undef ROUTE
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

static bool
is_listed(unsigned from, unsigned to, unsigned kind)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (routes[i].from == from && routes[i].to == to &&
            routes[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static void
a_route_is_known_if_it_is_listed_and_only_then(void)
{
    int wrong = 0;

    for (unsigned from = 0; from <= HW_NAMES; from++) {
        for (unsigned to = 0; to <= HW_NAMES; to++) {
            bool any = false;

            for (unsigned kind = 0; kind <= HW_LETTERS; kind++) {
                bool listed = is_listed(from, to, kind);

                wrong += (hw_route_known(from, to, kind) != 0) != listed;
                any = any || listed;
            }
            wrong += (hw_route_any(from, to) != 0) != any;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
every_route_is_listed_once_and_leads_elsewhere(void)
{
    for (size_t i = 0; i < ROUTES; i++) {
        CU_ASSERT_NOT_EQUAL(routes[i].from, routes[i].to);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_NOT_EQUAL(
                memcmp(&routes[i], &routes[j], sizeof routes[0]), 0);
        }
    }
}

static void
every_letter_goes_somewhere(void)
{
    for (unsigned kind = 0; kind < HW_LETTERS; kind++) {
        bool goes = false;

        for (size_t i = 0; i < ROUTES; i++) {
            goes = goes || routes[i].kind == kind;
        }
        if (!goes) {
            fprintf(stderr, "%s goes nowhere\n", hw_letter_name(kind));
        }
        CU_ASSERT_TRUE(goes);
    }
}

// The design, §8: backoff and heartbeat are leaves; the application is heard by
// the door and hears through the inbox.
static void
the_shape_is_that_of_the_design(void)
{
    for (unsigned name = 0; name < HW_NAMES; name++) {
        CU_ASSERT_EQUAL(hw_route_any(HW_BACKOFF, name), name == HW_SUPERVISOR);
        CU_ASSERT_EQUAL(hw_route_any(name, HW_BACKOFF), name == HW_SUPERVISOR);
        CU_ASSERT_FALSE(hw_route_any(HW_INBOX, name));
        CU_ASSERT_EQUAL(hw_route_any(name, HW_INBOX), name == HW_RECEIVER);
        CU_ASSERT_EQUAL(hw_route_any(name, HW_PORT), name == HW_SUPERVISOR);
    }
    CU_ASSERT_FALSE(hw_route_any(HW_DOOR, HW_PORT));
    CU_ASSERT_FALSE(hw_route_any(HW_QUEUE, HW_PORT));
}

static void
letters_and_names_have_words(void)
{
    CU_ASSERT_STRING_EQUAL(hw_letter_name(HW_LETTER_LINK_OPEN), "LINK_OPEN");
    CU_ASSERT_STRING_EQUAL(hw_letter_name(HW_LETTER_SILENT), "SILENT");
    CU_ASSERT_STRING_EQUAL(hw_letter_name(HW_LETTERS), "no letter");
    CU_ASSERT_STRING_EQUAL(hw_name_text(HW_PORT), "port");
    CU_ASSERT_STRING_EQUAL(hw_name_text(HW_INBOX), "inbox");
    CU_ASSERT_STRING_EQUAL(hw_name_text(HW_NAMES), "nobody");
}

static char *
printed_page(void)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    hw_letters_markdown(out);
    (void)fclose(out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    return page;
}

// The line of a letter, up to its end; "" if there is none.
static void
line_of(const char *page, unsigned kind, char *line, size_t size)
{
    char start[64];
    const char *at;

    (void)snprintf(start, sizeof start, "\n| `%s` | ", hw_letter_name(kind));
    at = strstr(page, start);
    line[0] = '\0';
    if (at != NULL) {
        (void)snprintf(line, size, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    }
}

static void
the_printed_page_has_a_line_for_each_letter(void)
{
    char *page = printed_page(), line[1024];

    for (unsigned kind = 0; kind < HW_LETTERS; kind++) {
        line_of(page, kind, line, sizeof line);
        CU_ASSERT_TRUE(strlen(line) > 10);
        CU_ASSERT_EQUAL(line[strlen(line) - 1], '|');
    }
    free(page);
}

static void
the_printed_page_has_each_route_in_its_line(void)
{
    char *page = printed_page(), line[1024];

    for (size_t i = 0; i < ROUTES; i++) {
        char route[64];

        (void)snprintf(route, sizeof route, "%s → %s",
                       hw_name_text(routes[i].from),
                       hw_name_text(routes[i].to));
        line_of(page, routes[i].kind, line, sizeof line);
        CU_ASSERT_PTR_NOT_NULL(strstr(line, route));
    }
    free(page);
}

static CU_TestInfo tests[] = {
    CHECK(a_route_is_known_if_it_is_listed_and_only_then),
    CHECK(every_route_is_listed_once_and_leads_elsewhere),
    CHECK(every_letter_goes_somewhere),
    CHECK(the_shape_is_that_of_the_design),
    CHECK(letters_and_names_have_words),
    CHECK(the_printed_page_has_a_line_for_each_letter),
    CHECK(the_printed_page_has_each_route_in_its_line),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("letter", tests)
