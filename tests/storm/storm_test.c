// storm_test.c - many storms, each from a seed of its own.
//
//   storm_test                some, and whether they can be replayed
//   storm_test --shard I/N    part I of N of those that ctest runs: as many as
//                             HAWSER_STORMS says, or 10000
//   storm_test --seeds N      N of them, from --from (1) on
//   storm_test --seed N       this one, telling every step
//
// A storm that sees what it must not prints its seed, which replays it.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hawser/bus.h>

#include "check.h"
#include "storm.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SEEDS = 400 };
#else
enum { SEEDS = 10000 };
#endif

enum { FEW = 20, REPLAYED = 20 };

static struct storm storm;
static struct hw_post *post;
static uint64_t seeds = FEW;
static uint64_t from = 1;

static char last_words[64];

// An assertion inside Hawser stops the process, or memory that is not its own;
// its storm is to be known.
static void
on_abort(int number)
{
    (void)signal(number, SIG_DFL); // it comes again
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
        (void)printf("\n    storm_test --seed %" PRIu64 ": %s\n", seed,
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

// Forth and back, so that each runs behind another one each time.
static void
a_seed_replays_exactly(void)
{
    uint64_t digests[REPLAYED];

    for (uint64_t i = 0; i < REPLAYED; i++) {
        (void)weather(i + 1, false); // the other test judges it
        digests[i] = storm.hash;
    }
    for (uint64_t i = REPLAYED; i-- > 0;) {
        (void)weather(i + 1, false);
        CU_ASSERT_EQUAL(storm.hash, digests[i]);
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

static CU_TestInfo storms_alone[] = {
    CHECK(every_storm_is_weathered),
    CU_TEST_INFO_NULL,
};

static const char *
text_behind(int argc, char **argv, const char *flag)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], flag) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

static uint64_t
number_behind(int argc, char **argv, const char *flag, uint64_t otherwise)
{
    const char *text = text_behind(argc, argv, flag);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

// "2/4"
static bool
choose_shard(const char *text)
{
    const char *wanted = getenv("HAWSER_STORMS");
    uint64_t all = wanted == NULL ? SEEDS : strtoull(wanted, NULL, 10);
    unsigned shard, shards;

    if (sscanf(text, "%u/%u", &shard, &shards) != 2 || shard == 0 ||
        shard > shards) {
        (void)fprintf(stderr, "storm_test: --shard %s is none\n", text);
        return false;
    }
    from = 1 + all * (shard - 1) / shards;
    seeds = 1 + all * shard / shards - from;
    return true;
}

static int
replay(uint64_t seed)
{
    bool well;

    hawser_log_set(4, NULL, NULL); // each step of each link, on stderr
    well = weather(seed, true);
    (void)printf("digest %016" PRIx64 "\n", storm.hash);
    return well ? 0 : 1;
}

static int
run(int argc, char **argv)
{
    uint64_t seed = number_behind(argc, argv, "--seed", UINT64_MAX);
    const char *shard = text_behind(argc, argv, "--shard");
    bool alone = argc > 1 && argv[1][0] == '-';

    if (seed != UINT64_MAX) {
        return replay(seed);
    }
    if (shard != NULL && !choose_shard(shard)) {
        return 2;
    }
    seeds = number_behind(argc, argv, "--seeds", seeds);
    from = number_behind(argc, argv, "--from", from);
    check_suite("storm", alone ? storms_alone : tests);
    return check_run(alone ? 1 : argc, argv);
}

// A sanitizer has more to say of it.
static bool
catch_faults(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return signal(SIGSEGV, on_abort) != SIG_ERR;
#endif
}

int
main(int argc, char **argv)
{
    int result;

    if (hw_post_open(1, &post) != HAWSER_OK ||
        signal(SIGABRT, on_abort) == SIG_ERR || !catch_faults()) {
        return 1;
    }
    result = run(argc, argv);
    hw_post_close(post);
    return result;
}
