// storm_test.c - many storms, each from a seed of its own.
//
//   storm_test              as many as HAWSER_STORMS says, or some thousands
//   storm_test --seeds N    N of them, from --from (1) on
//   storm_test --seed N     this one, telling every step
//
// A storm that sees what it must not prints its seed, which replays it.
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <hawser/bus.h>

#include "check.h"
#include "storm.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SEEDS = 200 };
#else
enum { SEEDS = 2000 };
#endif

static struct storm storm;
static struct hw_post *post;
static uint64_t seeds = SEEDS;
static uint64_t from = 1;

static char last_words[64];

// An assertion inside Hawser stops the process; its storm is to be known.
static void
on_abort(int number)
{
    (void)number;                                                // SIGABRT
    (void)!write(STDERR_FILENO, last_words, strlen(last_words)); // the last
}

static bool
weather(uint64_t seed, bool talks)
{
    bool well;

    (void)snprintf(last_words, sizeof last_words,
                   "    storm_test --seed %" PRIu64 ": aborted\n",
                   seed); // fits
    well = storm_run(&storm, post, seed, talks);

    if (!well) {
        (void)printf("\n    storm_test --seed %" PRIu64 ": %s", seed,
                     storm.fault);
    }
    return well;
}

static void
every_storm_is_weathered(void)
{
    uint64_t failed = 0;

    for (uint64_t seed = from; seed < from + seeds; seed++) {
        failed += !weather(seed, false);
    }
    CU_ASSERT_EQUAL(failed, 0);
}

static void
a_seed_replays_exactly(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t hash;

        (void)weather(seed, false); // the other test judges it
        hash = storm.hash;
        (void)weather(seed, false);
        CU_ASSERT_EQUAL(storm.hash, hash);
    }
}

static void
another_seed_is_another_storm(void)
{
    uint64_t hash;

    (void)weather(1, false); // the other test judges it
    hash = storm.hash;
    (void)weather(2, false);
    CU_ASSERT_NOT_EQUAL(storm.hash, hash);
}

static CU_TestInfo tests[] = {
    CHECK(every_storm_is_weathered),
    CHECK(a_seed_replays_exactly),
    CHECK(another_seed_is_another_storm),
    CU_TEST_INFO_NULL,
};

static uint64_t
number_behind(int argc, char **argv, const char *flag, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], flag) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return otherwise;
}

static int
run(int argc, char **argv)
{
    uint64_t seed = number_behind(argc, argv, "--seed", UINT64_MAX);
    const char *wanted = getenv("HAWSER_STORMS");

    if (seed != UINT64_MAX) {
        hawser_log_set(4, NULL, NULL); // each step of each link, on stderr
        return weather(seed, true) ? 0 : 1;
    }
    if (wanted != NULL) {
        seeds = strtoull(wanted, NULL, 10);
    }
    seeds = number_behind(argc, argv, "--seeds", seeds);
    from = number_behind(argc, argv, "--from", from);
    check_suite("storm", tests);
    return check_run(argc > 1 && argv[1][0] == '-' ? 1 : argc, argv);
}

int
main(int argc, char **argv)
{
    int result;

    if (hw_post_open(&post) != HAWSER_OK ||
        signal(SIGABRT, on_abort) == SIG_ERR) {
        return 1;
    }
    result = run(argc, argv);
    hw_post_close(post);
    return result;
}
