// drain_bench.c - what was sent while the server was down goes out when it is
// up: from the memory spool, from a file spool, and from the file of an earlier
// life; beside bare reads of LMDB, in one run.
//
// drain_bench HAWSER FOLDER [COUNT [SIZE]]: HAWSER is the tool, whose server
// counts what it reads; files come into FOLDER, and are removed. The clock runs
// from the event of the dial that reached the server, so that it includes
// connecting, to the server's answer that it has read all of it.
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include <hawser/hawser.h>

enum { ROUNDS = 7, SIZE_MAX_HERE = 65536 };

static const char *hawser;
static char path[512], url[64], spool[600];
static unsigned long count = 100000;
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
        (void)fprintf(stderr, "drain_bench: %s failed %s\n", what,
                      hawser_last_error());
        exit(1);
    }
}

static int
by_size(const void *one, const void *other)
{
    const double *a = one, *b = other;

    return (*a > *b) - (*a < *b);
}

static double
middle(double all[ROUNDS])
{
    qsort(all, ROUNDS, sizeof all[0], by_size);
    return all[ROUNDS / 2];
}

// ---- bare LMDB ----

static void
put_all(MDB_env *env, MDB_dbi *tree)
{
    MDB_txn *txn;

    check(mdb_txn_begin(env, NULL, 0, &txn) == 0, "mdb_txn_begin");
    check(mdb_dbi_open(txn, NULL, 0, tree) == 0, "mdb_dbi_open");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t big = __builtin_bswap64(i + 1);
        MDB_val key = { sizeof big, &big }, value = { size, bytes };

        check(mdb_put(txn, *tree, &key, &value, MDB_APPEND) == 0, "mdb_put");
    }
    check(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
}

// Messages a second, copied one by one into one block of memory.
static double
read_all(MDB_env *env, MDB_dbi tree)
{
    char *to = malloc(count * size);
    double start = now();
    MDB_cursor *cursor;
    MDB_txn *txn;
    MDB_val key, value;
    size_t at = 0;

    check(to != NULL, "malloc");
    check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0, "mdb_txn_begin");
    check(mdb_cursor_open(txn, tree, &cursor) == 0, "mdb_cursor_open");
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        memcpy(to + at, value.mv_data, value.mv_size);
        at += value.mv_size;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    check(at == count * size, "reading");
    free(to);
    return (double)count / (now() - start);
}

static double
bare_reads(void)
{
    double rates[ROUNDS];
    MDB_env *env;
    MDB_dbi tree;

    check(mdb_env_create(&env) == 0, "mdb_env_create");
    check(mdb_env_set_mapsize(env, (size_t)8 << 30) == 0, "mapsize");
    check(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600) == 0,
          "mdb_env_open");
    put_all(env, &tree);
    for (unsigned i = 0; i < ROUNDS; i++) {
        rates[i] = read_all(env, tree);
    }
    mdb_env_close(env);
    check(unlink(path) == 0, "unlink");
    return middle(rates);
}

// ---- the server ----

// A port that was free a moment ago.
static void
choose_port(void)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &length) == 0,
          "a port");
    close(fd);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/sink",
                   ntohs(at.sin_port));
}

static pid_t
start_server(void)
{
    pid_t child = fork();

    check(child >= 0, "fork");
    if (child == 0) {
        execl(hawser, hawser, "serve", "--quiet", "--with-parent", url,
              (char *)NULL);
        _exit(127);
    }
    return child;
}

static void
end_server(pid_t child)
{
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
}

// ---- Hawser ----

struct life {
    hawser_bus *bus;
    hawser_link link;
    double opening; // seconds that hawser_link_open took
};

static void
begin_life(struct life *life, bool file)
{
    static const char *const settings[][2] = {
        { "confirm", "peer" },         { "backoff.min", "5ms" },
        { "backoff.max", "5ms" },      { "spool.max_messages", "100000000" },
        { "spool.max_bytes", "8GiB" }, { "spool.file_max", "8GiB" },
    };
    hawser_options *options;
    double start;

    check(hawser_options_new(&options) == HAWSER_OK, "options");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        check(hawser_options_set(options, settings[i][0], settings[i][1]) ==
                  HAWSER_OK,
              settings[i][0]);
    }
    check(hawser_options_set(options, "spool", file ? spool : "memory") ==
              HAWSER_OK,
          "spool");
    check(hawser_bus_open(NULL, &life->bus) == HAWSER_OK, "bus");
    start = now();
    check(hawser_link_open(life->bus, url, options, &life->link) == HAWSER_OK,
          "link");
    life->opening = now() - start;
    hawser_options_free(options);
}

// The last asks the server how many it has read.
static void
send_all(struct life *life)
{
    for (unsigned long i = 0; i < count; i++) {
        check(hawser_send(life->bus, life->link, bytes, size) == HAWSER_OK,
              "hawser_send");
    }
    check(hawser_send_text(life->bus, life->link, "?") == HAWSER_OK,
          "hawser_send_text");
}

// Seconds.
static double
drain(struct life *life)
{
    pid_t server = start_server();
    double dialled = 0;
    hawser_item item;
    bool answered = false;

    while (!answered && hawser_receive(life->bus, &item, 60000) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_EVENT &&
            item.event->state == HAWSER_DIALING) {
            dialled = now();
        }
        answered = item.kind == HAWSER_ITEM_MESSAGE;
        if (answered) {
            check(strtoul((const char *)hawser_message_bytes(item.message),
                          NULL, 10) >= count,
                  "counting");
        }
        hawser_item_drop(&item);
    }
    check(answered && dialled > 0, "draining");
    dialled = now() - dialled;
    (void)hawser_bus_close(life->bus, 5000);
    end_server(server);
    (void)unlink(path); // in memory there is none
    return dialled;
}

enum from { FROM_MEMORY, FROM_FILE, FROM_EARLIER_LIFE };

static void
measure(enum from from, double *rate, double *loaded)
{
    double rates[ROUNDS], loads[ROUNDS];

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct life life;

        choose_port();
        begin_life(&life, from != FROM_MEMORY);
        send_all(&life);
        if (from == FROM_EARLIER_LIFE) {
            (void)hawser_bus_close(life.bus, 0); // all of it is left over
            begin_life(&life, true);
        }
        loads[i] = (double)count / life.opening;
        rates[i] = (double)count / drain(&life);
    }
    *rate = middle(rates);
    *loaded = middle(loads);
}

int
main(int argc, char **argv)
{
    double rate, loaded, bare;

    if (argc < 3) {
        (void)fprintf(stderr, "drain_bench HAWSER FOLDER [COUNT [SIZE]]\n");
        return 1;
    }
    hawser = argv[1];
    (void)snprintf(path, sizeof path, "%s/drain_bench.%d", argv[2], getpid());
    (void)snprintf(spool, sizeof spool, "file:%s", path);
    count = argc > 3 ? strtoul(argv[3], NULL, 10) : count;
    size = argc > 4 ? strtoul(argv[4], NULL, 10) : size;
    size = size <= sizeof bytes ? size : sizeof bytes;
    (void)printf("%lu messages of %zu bytes, sent while the server was down; "
                 "the middle of %d rounds\n",
                 count, size, ROUNDS);
    bare = bare_reads();
    (void)printf("bare reads of LMDB           %10.0f/s\n", bare);
    measure(FROM_MEMORY, &rate, &loaded);
    (void)printf("memory spool      drained at %10.0f/s, %.2f of bare reads\n",
                 rate, rate / bare);
    measure(FROM_FILE, &rate, &loaded);
    (void)printf("file spool        drained at %10.0f/s, %.2f of bare reads\n",
                 rate, rate / bare);
    measure(FROM_EARLIER_LIFE, &rate, &loaded);
    (void)printf("an earlier life's drained at %10.0f/s, %.2f of bare reads; "
                 "loaded before at %.0f/s, %.2f of them\n",
                 rate, rate / bare, loaded, loaded / bare);
    return 0;
}
