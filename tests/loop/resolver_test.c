// resolver_test.c - names to addresses, off the loop.
#include "check.h"
#include "loop/loop.h"

static struct hw_post *post;
static struct hw_table *table;
static struct hw_loop *loop;

static struct hw_addresses found;
static unsigned answers;
static uint64_t answered;
static unsigned tickets; // bit n: ticket n was answered
static char error[128];

static void
gather(void *user)
{
    (void)user;
}

static bool
turned(void *user)
{
    (void)user;
    return false;
}

static void
resumed(void *user, uint64_t suspended_ms)
{
    (void)user;
    (void)suspended_ms;
}

static uint64_t
now_ms(void)
{
    return hw_loop_clock_us(NULL) / 1000;
}

static void
start(void)
{
    static const struct hw_loop_watch watch = { NULL, gather, turned, resumed };

    answers = 0;
    tickets = 0;
    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &post), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hw_table_open(post, NULL, 0, NULL, hw_loop_clock_us,
                                        NULL, NULL, &table),
                          HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hw_loop_open(&loop), HAWSER_OK);
    hw_loop_seat(loop, table, &watch);
}

static void
stop(void)
{
    hw_loop_close(loop, now_ms() + 10000);
    hw_table_close(table);
    hw_post_close(post);
}

static void
on_resolved(void *user, uint64_t ticket, const struct hw_addresses *addresses,
            const char *sentence)
{
    CU_ASSERT_PTR_EQUAL(user, &answers);
    found = *addresses;
    answered = ticket;
    tickets |= 1u << ticket % 32;
    answers++;
    (void)snprintf(error, sizeof error, "%s", sentence == NULL ? "" : sentence);
}

static void
resolve(const char *host, uint64_t ticket)
{
    CU_ASSERT_EQUAL(hw_loop_resolve(loop, host, on_resolved, &answers, ticket),
                    HAWSER_OK);
}

static void
wait_for_answers(unsigned count)
{
    uint64_t deadline = now_ms() + 20000;

    while (answers < count && now_ms() < deadline) {
        hw_loop_wait(loop, deadline);
    }
    CU_ASSERT_EQUAL(answers, count);
}

static void
what_is_an_address_needs_no_resolving(void)
{
    static const struct {
        const char *host;
        bool numeric;
    } cases[] = {
        { "127.0.0.1", true },
        { "0.0.0.0", true },
        { "::1", true },
        { "2001:db8::1", true },
        { "::ffff:10.0.0.1", true },
        { "localhost", false },
        { "127.0.0.256", false },
        { "127.0.0", false },
        { "1.2.3.4.5", false },
        { "[::1]", false },
        { ":::1", false },
        { "", false },
        { "example.org", false },
        { "127.0.0.1 ", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(hw_address_is_numeric(cases[i].host), cases[i].numeric);
    }
}

static void
a_name_is_answered_later_with_addresses_and_its_ticket(void)
{
    resolve("localhost", UINT64_C(0x1234567890abcdef));
    CU_ASSERT_EQUAL(answers, 0);
    wait_for_answers(1);
    CU_ASSERT_EQUAL(answered, UINT64_C(0x1234567890abcdef));
    CU_ASSERT_STRING_EQUAL(error, "");
    CU_ASSERT_TRUE(found.count >= 1 && found.count <= HW_ADDRESSES_MAX);
    for (unsigned i = 0; i < found.count; i++) {
        CU_ASSERT_TRUE(hw_address_is_numeric(found.text[i]));
    }
}

static void
an_address_is_resolved_to_itself(void)
{
    resolve("127.0.0.1", 1);
    wait_for_answers(1);
    CU_ASSERT_EQUAL(found.count, 1);
    CU_ASSERT_STRING_EQUAL(found.text[0], "127.0.0.1");
}

// RFC 6761 §6.4: .invalid is never a name.
static void
a_name_that_does_not_exist_is_answered_later_with_a_sentence(void)
{
    resolve("no.such.name.invalid", 2);
    CU_ASSERT_EQUAL(answers, 0);
    wait_for_answers(1);
    CU_ASSERT_EQUAL(found.count, 0);
    CU_ASSERT_TRUE(strlen(error) > 5);
    CU_ASSERT_EQUAL(answered, 2);
}

static void
a_name_that_is_too_long_is_refused_at_once(void)
{
    char host[400];

    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    CU_ASSERT_EQUAL(hw_loop_resolve(loop, host, on_resolved, &answers, 1),
                    HAWSER_SYSTEM);
    CU_ASSERT_EQUAL(answers, 0);
}

static void
several_names_are_answered_each_with_its_ticket(void)
{
    for (uint64_t ticket = 0; ticket < 8; ticket++) {
        resolve("localhost", ticket);
    }
    wait_for_answers(8);
    CU_ASSERT_EQUAL(tickets, 0xff);
}

static void
a_loop_that_is_closed_meanwhile_answers_nobody(void)
{
    for (uint64_t ticket = 0; ticket < 4; ticket++) {
        resolve("localhost", ticket);
    }
    hw_loop_close(loop, now_ms() + 10000);
    loop = NULL;
    CU_ASSERT_EQUAL(answers, 0);
}

static CU_TestInfo tests[] = {
    CHECK(what_is_an_address_needs_no_resolving),
    CHECK(a_name_is_answered_later_with_addresses_and_its_ticket),
    CHECK(an_address_is_resolved_to_itself),
    CHECK(a_name_that_does_not_exist_is_answered_later_with_a_sentence),
    CHECK(a_name_that_is_too_long_is_refused_at_once),
    CHECK(several_names_are_answered_each_with_its_ticket),
    CHECK(a_loop_that_is_closed_meanwhile_answers_nobody),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("resolver", tests, start, stop);
    return check_run(argc, argv);
}
