// spool_bench.c - a durable spool beside bare LMDB, in one run on one disk.
//
// spool_bench FOLDER [SECONDS [SIZE]]: writes into new files in FOLDER, and
// removes them. Nobody is connected, so all that is sent stays in the file.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include <hawser/hawser.h>

enum { ROUNDS = 5, THREADS_MAX = 64, ASYNC = 500000, SIZE_MAX_HERE = 65536 };

static char path[512];
static double seconds = 2;
static size_t size = 64;
static char bytes[SIZE_MAX_HERE];

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
check(bool fact, const char *what)
{
    if (!fact) {
        (void)fprintf(stderr, "spool_bench: %s failed %s\n", what,
                      hawser_last_error());
        exit(1);
    }
}

// ---- bare LMDB ----

static void
put_batch(MDB_env *env, MDB_dbi tree, uint64_t *number, unsigned batch)
{
    MDB_txn *txn;

    check(mdb_txn_begin(env, NULL, 0, &txn) == 0, "mdb_txn_begin");
    for (unsigned i = 0; i < batch; i++) {
        uint64_t big = __builtin_bswap64(++*number);
        MDB_val key = { sizeof big, &big }, value = { size, bytes };

        check(mdb_put(txn, tree, &key, &value, MDB_APPEND) == 0, "mdb_put");
    }
    check(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
}

// Messages a second, so many in a commit.
static double
bare(unsigned batch)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree;
    uint64_t number = 0;
    double start, took;

    check(mdb_env_create(&env) == 0, "mdb_env_create");
    check(mdb_env_set_mapsize(env, (size_t)8 << 30) == 0, "mapsize");
    check(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600) == 0,
          "mdb_env_open");
    check(mdb_txn_begin(env, NULL, 0, &txn) == 0, "mdb_txn_begin");
    check(mdb_dbi_open(txn, NULL, 0, &tree) == 0, "mdb_dbi_open");
    check(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
    start = now();
    do {
        put_batch(env, tree, &number, batch);
        took = now() - start;
    } while (took < seconds && number < 20 * ASYNC);
    mdb_env_close(env);
    check(unlink(path) == 0, "unlink");
    return (double)number / took;
}

// ---- Hawser ----

struct run {
    hawser_bus *bus;
    hawser_link link;
    hawser_message *message;
    double until;
    atomic_ulong sent;
};

static void
open_run(struct run *run, bool file)
{
    hawser_options *options;
    char spool[600];

    (void)snprintf(spool, sizeof spool, "file:%s", path);
    check(hawser_options_new(&options) == HAWSER_OK, "options");
    check(hawser_options_set(options, "spool", file ? spool : "memory") ==
              HAWSER_OK,
          "spool");
    (void)hawser_options_set(options, "spool.file_max", "8GiB");
    (void)hawser_options_set(options, "spool.max_messages", "100000000");
    (void)hawser_options_set(options, "spool.max_bytes", "8GiB");
    (void)hawser_options_set(options, "dial.timeout", "1h");
    check(hawser_bus_open(NULL, &run->bus) == HAWSER_OK, "bus");
    check(hawser_link_open(run->bus, "inproc://nobody", options, &run->link) ==
              HAWSER_OK,
          "link");
    hawser_options_free(options);
    check(hawser_message_new(HAWSER_BINARY, bytes, size, &run->message) ==
              HAWSER_OK,
          "message");
    atomic_store(&run->sent, 0);
}

static void
close_run(struct run *run)
{
    hawser_message_drop(run->message);
    (void)hawser_bus_close(run->bus, 0); // all of it is left over
    (void)unlink(path);                  // in memory there is none
}

static void *
send_sync(void *user)
{
    struct run *run = user;

    while (now() < run->until) {
        check(hawser_send_sync(run->bus, run->link, run->message, 0, -1) ==
                  HAWSER_OK,
              "hawser_send_sync");
        atomic_fetch_add(&run->sent, 1);
    }
    return NULL;
}

static double
synchronous(unsigned count)
{
    pthread_t threads[THREADS_MAX];
    struct run run;
    double start, rate;

    open_run(&run, true);
    start = now();
    run.until = start + seconds;
    for (unsigned i = 0; i < count; i++) {
        check(pthread_create(&threads[i], NULL, send_sync, &run) == 0,
              "pthread_create");
    }
    for (unsigned i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    rate = (double)atomic_load(&run.sent) / (now() - start);
    close_run(&run);
    return rate;
}

static int
by_size(const void *one, const void *other)
{
    const float *a = one, *b = other;

    return (*a > *b) - (*a < *b);
}

// Until the last is on disk; in memory, until it was accepted.
static void
asynchronous(bool file)
{
    float *times = calloc(ASYNC, sizeof *times);
    struct run run;
    double start, last, accepted, end;

    check(times != NULL, "memory");
    open_run(&run, file);
    start = last = now();
    for (unsigned i = 0; i < ASYNC; i++) {
        double at;

        check(hawser_send(run.bus, run.link, bytes, size) == HAWSER_OK,
              "hawser_send");
        at = now();
        times[i] = (float)(at - last);
        last = at;
    }
    accepted = end = now();
    if (file) {
        check(hawser_send_sync(run.bus, run.link, run.message, 0, -1) ==
                  HAWSER_OK,
              "hawser_send_sync");
        end = now();
    }
    qsort(times, ASYNC, sizeof *times, by_size);
    (void)printf("hawser_send, spool in %-6s  %10.0f/s accepted, %10.0f/s %s; "
                 "a call: p50 %.2f us, p99.9 %.1f us, max %.0f us\n",
                 file ? "a file" : "memory", ASYNC / (accepted - start),
                 ASYNC / (end - start), file ? "on disk" : "kept   ",
                 times[ASYNC / 2] * 1e6, times[ASYNC - ASYNC / 1000] * 1e6,
                 times[ASYNC - 1] * 1e6);
    close_run(&run);
    free(times);
}

// In turn, since a disk is not the same from one second to the next; of each
// the one in the middle.
static void
compare(unsigned threads)
{
    float theirs_all[ROUNDS], ours_all[ROUNDS];
    double lmdb, ours;

    for (unsigned i = 0; i < ROUNDS; i++) {
        theirs_all[i] = (float)bare(threads);
        ours_all[i] = (float)synchronous(threads);
    }
    qsort(theirs_all, ROUNDS, sizeof theirs_all[0], by_size);
    qsort(ours_all, ROUNDS, sizeof ours_all[0], by_size);
    lmdb = theirs_all[ROUNDS / 2];
    ours = ours_all[ROUNDS / 2];
    (void)printf("%u thread%s: hawser_send_sync %9.0f/s; bare LMDB, %u a "
                 "commit %9.0f/s; ratio %.2f\n",
                 threads, threads == 1 ? " " : "s", ours, threads, lmdb,
                 ours / lmdb);
    (void)fflush(stdout);
}

int
main(int argc, char **argv)
{
    static const unsigned threads[] = { 1, 8, 64 };

    if (argc < 2) {
        (void)fprintf(stderr, "spool_bench FOLDER [SECONDS [SIZE]]\n");
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/spool_bench.%d", argv[1], getpid());
    seconds = argc > 2 ? strtod(argv[2], NULL) : seconds;
    size = argc > 3 ? strtoul(argv[3], NULL, 10) : size;
    size = size <= sizeof bytes ? size : sizeof bytes;
    (void)printf("%zu bytes a message, %g s each\n", size, seconds);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        compare(threads[i]);
    }
    (void)printf("bare LMDB, 10000 a commit %9.0f/s\n", bare(10000));
    asynchronous(true);
    asynchronous(false);
    return 0;
}
