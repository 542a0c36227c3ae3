// herd_test.c - a herd of clients does not trample the server that comes back.
//
// With arguments it is the program behind docs/herd.md, and prints one run as
// JSON: herd_herd_test --clients 100000 --manners silent backoff.jitter=full
#include "herd.h"

#include <inttypes.h>
#include <stdlib.h>

#include "check.h"

static struct hw_post *post;
static struct herd_result result;

// Two thousand clients, of a server that takes a thousand dials a second: it
// needs at least two seconds for them.
static struct herd_setup
two_thousand(const char *options)
{
    return (struct herd_setup){
        .clients = 2000,
        .options = options,
        .retry_after_ms = 5000,
        .down_ms = 5000,
        .dials_per_second = 1000,
        .backlog = 128,
        .limit_ms = 600000,
    };
}

// What the default does, whatever it is; docs/decisions/jitter.md has the
// figures of all kinds.
static void
clients_of_a_server_that_was_down_are_back_soon_and_not_all_at_once(void)
{
    struct herd_setup setup = two_thousand("");

    herd_run(post, &setup, &result);
    CU_ASSERT_EQUAL(result.back, 2000);
    CU_ASSERT_TRUE(result.peak_up <= 200); // of 2000 in 100 ms
    CU_ASSERT_TRUE(result.half_ms <= 9000);
    CU_ASSERT_TRUE(result.all_ms <= 12000);
    CU_ASSERT_TRUE(result.dials <= 7 * 2000);
}

static void
without_jitter_they_come_all_at_once_again_and_again(void)
{
    struct herd_setup setup = two_thousand("backoff.jitter=none");

    herd_run(post, &setup, &result);
    CU_ASSERT_EQUAL(result.peak_up, 2000);
    CU_ASSERT_TRUE(result.all_ms > 300000);
}

static void
clients_who_were_sent_away_with_1012_return_over_seconds(void)
{
    struct herd_setup setup = two_thousand("");

    setup.manners = HERD_GOODBYE;
    setup.down_ms = 0;
    herd_run(post, &setup, &result);
    CU_ASSERT_EQUAL(result.back, 2000);
    CU_ASSERT_TRUE(result.peak <= 80); // 2000 in 5 s are 40 in 100 ms
    CU_ASSERT_TRUE(result.half_ms >= 5000);
    CU_ASSERT_TRUE(result.all_ms <= 10100);
    CU_ASSERT_EQUAL(result.dials, 2000); // none was in vain
}

// The server is there, and full: all who find no room are asked for 5 s.
static void
clients_who_were_asked_for_time_return_over_seconds(void)
{
    struct herd_setup setup = two_thousand("");

    setup.manners = HERD_RETRY_AFTER;
    setup.down_ms = 0;
    herd_run(post, &setup, &result);
    CU_ASSERT_EQUAL(result.back, 2000);
    CU_ASSERT_TRUE(result.all_ms <= 10200);
    CU_ASSERT_TRUE(result.dials <= 2 * 2000);
}

// As links of one bus they are held back to what the server can take.
static void
links_of_one_bus_overrun_nobody(void)
{
    struct herd_setup setup = two_thousand("bus.dials_per_second=1000");

    setup.down_ms = 0;
    herd_run(post, &setup, &result);
    CU_ASSERT_EQUAL(result.back, 2000);
    CU_ASSERT_EQUAL(result.refused, 0);
    CU_ASSERT_TRUE(result.peak <= 200); // the burst, and 100 ms of the rate
    CU_ASSERT_TRUE(result.all_ms <= 2100);
}

static void
one_client_alone_heals_at_once(void)
{
    struct herd_setup setup = two_thousand("");

    setup.clients = 1;
    setup.down_ms = 0;
    herd_run(post, &setup, &result);
    CU_ASSERT_TRUE(result.all_ms <= 110);
    CU_ASSERT_EQUAL(result.dials, 1);
}

static void
a_herd_is_the_same_at_every_run(void)
{
    struct herd_setup setup = two_thousand("");
    static struct herd_result other;

    herd_run(post, &setup, &result);
    herd_run(post, &setup, &other);
    CU_ASSERT_EQUAL(result.dials, other.dials);
    CU_ASSERT_EQUAL(result.refused, other.refused);
    CU_ASSERT_EQUAL(result.all_ms, other.all_ms);
    CU_ASSERT_EQUAL(
        memcmp(result.buckets, other.buckets, sizeof result.buckets), 0);
}

static CU_TestInfo tests[] = {
    CHECK(clients_of_a_server_that_was_down_are_back_soon_and_not_all_at_once),
    CHECK(without_jitter_they_come_all_at_once_again_and_again),
    CHECK(clients_who_were_sent_away_with_1012_return_over_seconds),
    CHECK(clients_who_were_asked_for_time_return_over_seconds),
    CHECK(links_of_one_bus_overrun_nobody),
    CHECK(one_client_alone_heals_at_once),
    CHECK(a_herd_is_the_same_at_every_run),
    CU_TEST_INFO_NULL,
};

// ---- one run, printed ----

static const char *const manners[] = { "silent", "retry-after", "goodbye" };

static const char *
text_behind(int argc, char **argv, const char *flag, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], flag) == 0) {
            return argv[i + 1];
        }
    }
    return otherwise;
}

static uint32_t
number_behind(int argc, char **argv, const char *flag, uint32_t otherwise)
{
    const char *text = text_behind(argc, argv, flag, NULL);

    return text == NULL ? otherwise : (uint32_t)strtoul(text, NULL, 10);
}

static void
print_time(const char *name, uint64_t ms)
{
    if (ms == UINT64_MAX) {
        (void)printf("\"%s\": null, ", name);
    } else {
        (void)printf("\"%s\": %" PRIu64 ", ", name, ms);
    }
}

static void
print_result(const struct herd_setup *setup)
{
    (void)printf("{\"clients\": %u, \"dials\": %" PRIu64
                 ", \"refused\": %" PRIu64
                 ", \"peak\": %u, \"peak_up\": %u, \"back\": %u, ",
                 setup->clients, result.dials, result.refused, result.peak,
                 result.peak_up, result.back);
    print_time("half_ms", result.half_ms);
    print_time("most_ms", result.most_ms);
    print_time("all_ms", result.all_ms);
    (void)printf("\"bucket_ms\": %d, \"buckets\": [", HERD_BUCKET_MS);
    for (uint32_t i = 0; i < result.bucket_count; i++) {
        (void)printf("%s%u", i == 0 ? "" : ",", result.buckets[i]);
    }
    (void)printf("]}\n");
}

static int
print_run(int argc, char **argv)
{
    const char *wanted = text_behind(argc, argv, "--manners", "silent");
    struct herd_setup setup = {
        .clients = number_behind(argc, argv, "--clients", 100000),
        .options = strchr(argv[argc - 1], '=') != NULL ? argv[argc - 1] : "",
        .manners = HERD_SILENT,
        .retry_after_ms =
            (int)number_behind(argc, argv, "--retry-after-ms", 5000),
        .down_ms = number_behind(argc, argv, "--down-ms", 5000),
        .dials_per_second = number_behind(argc, argv, "--rate", 1000),
        .backlog = number_behind(argc, argv, "--backlog", 128),
        .limit_ms = number_behind(argc, argv, "--limit-ms", 1200000),
    };

    for (unsigned i = 0; i < sizeof manners / sizeof manners[0]; i++) {
        if (strcmp(wanted, manners[i]) == 0) {
            setup.manners = (enum herd_manners)i;
        }
    }
    herd_run(post, &setup, &result);
    print_result(&setup);
    return 0;
}

int
main(int argc, char **argv)
{
    int status;

    if (hw_post_open(1, &post) != HAWSER_OK) {
        return 1;
    }
    if (argc > 1 && argv[1][0] == '-') {
        status = print_run(argc, argv);
    } else {
        check_suite("herd", tests);
        status = check_run(argc, argv);
    }
    hw_post_close(post);
    return status;
}
