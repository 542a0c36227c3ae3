// torture.c - each call of the library fails once, at each place of the acts.
//
//   NAME_test                         a part of them, another each day, or,
//                                     with HAWSER_TORTURE=all set, each
//   NAME_test --fail CALL[=HOW]:N --act ACT --threads T
//                                     one of them, as a line that failed says
//   NAME_test --only CALL             those of one kind
//
// Each run is a process of its own, so a crash or a hang is that run's.
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "script.h"
#include "wire/kept.h"

enum {
    WORKERS = 4,
    HANG_MS = PATIENCE_MS + 15000,
    FAILURES_SHOWN = 40,
    THREADS_MAX = 2,
};

// Of a part: of each kind, one in so many.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 101 };
#else
enum { STRIDE = 13 };
#endif

// What one run is to do.
struct run {
    const struct act *act;
    const struct fault *fault; // NULL: nothing fails
    unsigned number;
    unsigned threads; // option threads
};

struct worker {
    pid_t process; // 0: at rest
    uint64_t began_ms;
    struct run run;
    struct outcome *outcome;
};

static struct {
    struct server server;
    struct router router;
    struct worker workers[WORKERS];
    uint32_t runs;
    unsigned failures;
    unsigned reached; // runs in which the call failed
    unsigned tried;
    unsigned calls[FAULTS_MAX]; // by row of the table of faults
    unsigned stride;
    unsigned seed;
    const char *only; // this call; NULL: all
    const char *act;  // likewise
} torture;

// ---- a run, in its own process ----

static unsigned
count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder); // it was only read
    }
    return count;
}

static void
look_for_leaks(struct script *script, unsigned fds)
{
    uintptr_t site = 0;
    unsigned left = faults_blocks_left(&site);

    if (script->late) {
        return;
    }
    // Ports rest in case a transport calls one late, and are used again.
    left = left > hw_kept_resting() ? left - hw_kept_resting() : 0;
    if (left > 0 && is_right(script)) {
        script->outcome->frames[FRAMES_MAX - 1] = site;
        wrong(script, "%u blocks are not given back", left);
    }
    if (count_fds() != fds) {
        wrong(script, "descriptors are left open");
    }
}

// What libuv opens for the whole process, and keeps.
static void
warm_up(void)
{
    hawser_options *options;
    hawser_bus *bus;

    if (hawser_options_new(&options) == HAWSER_OK &&
        hawser_options_set(options, "threads", "0") == HAWSER_OK &&
        hawser_bus_open(options, &bus) == HAWSER_OK) {
        (void)hawser_bus_close(bus, 0); // nothing is on it
    }
    hawser_options_free(options);
}

_Noreturn static void
play(const struct run *run, unsigned lane, struct outcome *outcome)
{
    static struct script script;
    unsigned fds;

    warm_up();
    fds = count_fds();
    script.threads = run->threads;
    script.outcome = outcome;
    script.server = &torture.server;
    script.router = &torture.router;
    script.lane = lane;
    script.run = torture.runs;
    faults_arm(run->fault, run->number, outcome);
    run->act->play(&script);
    faults_disarm();
    if (script.bus != NULL) { // an act that went wrong
        (void)hawser_bus_close(script.bus, 0);
    } else {
        look_for_leaks(&script, fds);
    }
    exit(is_right(&script) ? 0 : 1);
}

static bool
is_wanted(const struct fault *fault)
{
    return torture.only == NULL || strcmp(torture.only, fault->call) == 0;
}

// ---- telling ----

static void
print_run(FILE *out, const struct run *run)
{
    if (run->fault == NULL) {
        fprintf(out, "--act %s --threads %u", run->act->name, run->threads);
        return;
    }
    fprintf(out, "--fail %s%s%s:%u --act %s --threads %u", run->fault->call,
            run->fault->how[0] != '\0' ? "=" : "", run->fault->how, run->number,
            run->act->name, run->threads);
}

// addr2line knows the names of what is static.
static void
print_frames(const struct outcome *outcome)
{
    extern const char __executable_start[];
    char command[512];
    int size = snprintf(command, sizeof command, "addr2line -sfpe /proc/%d/exe",
                        (int)getpid());

    for (unsigned i = 0; i < FRAMES_MAX && outcome->frames[i] != 0; i++) {
        size +=
            snprintf(command + size, sizeof command - (size_t)size, " %#zx",
                     outcome->frames[i] - 1 - (uintptr_t)__executable_start);
    }
    if (outcome->frames[0] != 0) {
        fflush(stdout);
        (void)!system(command); // without it the line above has to do
    }
}

static void
judge(const struct worker *worker, int status, bool hung)
{
    const struct outcome *outcome = worker->outcome;

    torture.reached += atomic_load(&outcome->reached);
    if (!hung && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return;
    }
    if (torture.failures++ >= FAILURES_SHOWN) {
        return;
    }
    printf("FAILED ");
    print_run(stdout, &worker->run);
    if (hung) {
        printf(": hangs\n");
    } else if (WIFSIGNALED(status)) {
        printf(": %s\n", strsignal(WTERMSIG(status)));
    } else if (outcome->sentence[0] != '\0') {
        printf(": %s\n", outcome->sentence);
    } else {
        printf(": exit status %d\n", WEXITSTATUS(status));
    }
    print_frames(outcome);
}

// ---- workers ----

static void
start(struct worker *worker, const struct run *run)
{
    unsigned lane = (unsigned)(worker - torture.workers);

    torture.runs++;
    worker->run = *run;
    worker->began_ms = now_ms();
    memset(worker->outcome, 0, sizeof *worker->outcome);
    memset(&torture.server.lanes[lane], 0, sizeof torture.server.lanes[lane]);
    torture.server.lanes[lane].run = torture.runs;
    fflush(stdout);
    worker->process = fork();
    if (worker->process == 0) {
        play(run, lane, worker->outcome);
    }
    if (worker->process < 0) {
        perror("fork");
        exit(2);
    }
}

// true: its run is over.
static bool
look_at(struct worker *worker)
{
    bool hung = now_ms() - worker->began_ms > HANG_MS;
    int status = 0;

    if (hung) {
        (void)kill(worker->process, SIGKILL); // it is waited for below
    }
    if (waitpid(worker->process, &status, hung ? 0 : WNOHANG) !=
        worker->process) {
        return false;
    }
    worker->process = 0;
    judge(worker, status, hung);
    return true;
}

// Waits until one more is at rest, or all are.
static struct worker *
rest(bool all)
{
    const struct timespec pause = { .tv_nsec = 500000 };

    for (;;) {
        struct worker *resting = NULL;
        unsigned busy = 0;

        for (unsigned i = 0; i < WORKERS; i++) {
            struct worker *worker = &torture.workers[i];

            if (worker->process == 0 || look_at(worker)) {
                resting = worker;
            } else {
                busy++;
            }
        }
        if (resting != NULL && (!all || busy == 0)) {
            return resting;
        }
        (void)nanosleep(&pause, NULL); // it looks again
    }
}

// ---- all of them ----

// Of a part, each kind has its share; which one, the seed says.
static bool
is_chosen(const struct run *run)
{
    return run->number == 1 ||
           (run->number + torture.seed) % torture.stride == 0;
}

// One number more than the call came, to see that a run is through before it.
// With a thread beside it, it does not come equally often each time.
static void
fail_each(const struct run *counted, const struct fault *fault, unsigned calls)
{
    struct run run = *counted;

    run.fault = fault;
    for (run.number = 1; run.number <= calls + 1; run.number++) {
        if (is_chosen(&run)) {
            start(rest(false), &run);
            torture.tried++;
        }
    }
}

static void
play_act(const struct act *act, unsigned threads)
{
    struct run run = { .act = act, .threads = threads };
    struct worker *worker = rest(true);
    unsigned calls[FAULTS_MAX];
    const struct fault *fault;

    start(worker, &run);
    (void)rest(true); // of all there is one
    for (unsigned i = 0; i < FAULTS_MAX; i++) {
        calls[i] = atomic_load(&worker->outcome->calls[i]);
    }
    for (unsigned i = 0; (fault = fault_at(i)) != NULL; i++) {
        if (calls[i] > 0 && is_wanted(fault)) {
            torture.calls[i] += calls[i];
            fail_each(&run, fault, calls[i]);
        }
    }
}

static void
print_calls(void)
{
    const struct fault *fault;

    for (unsigned i = 0; (fault = fault_at(i)) != NULL; i++) {
        if (torture.calls[i] > 0) {
            printf("%-30s %-12s %6u\n", fault->call, fault->how,
                   torture.calls[i]);
        }
    }
}

static int
play_all(void)
{
    uint64_t began_ms = now_ms();

    for (const struct act *act = acts; act->name != NULL; act++) {
        if (torture.act == NULL || strcmp(torture.act, act->name) == 0) {
            for (unsigned threads = 0; threads <= THREADS_MAX; threads++) {
                play_act(act, threads);
            }
        }
    }
    (void)rest(true); // of all there is one
    print_calls();
    printf("torture: %u runs, in %u of them a call failed; %u wrong; %.1f s; "
           "HAWSER_TORTURE_SEED=%u\n",
           torture.tried, torture.reached, torture.failures,
           (double)(now_ms() - began_ms) / 1000, torture.seed);
    return torture.failures > 0 || torture.reached == 0 ? 1 : 0;
}

// ---- one of them ----

static bool
find_act(const char *name, struct run *run)
{
    for (run->act = acts; run->act->name != NULL; run->act++) {
        if (strcmp(run->act->name, name) == 0) {
            return true;
        }
    }
    return false;
}

// "CALL=HOW:N"
static bool
find_fault(const char *text, struct run *run)
{
    size_t size = strcspn(text, ":");
    char name[64];

    run->number =
        text[size] == ':' ? (unsigned)strtoul(text + size + 1, NULL, 10) : 0;
    for (unsigned i = 0; (run->fault = fault_at(i)) != NULL; i++) {
        int length =
            snprintf(name, sizeof name, "%s%s%s", run->fault->call,
                     run->fault->how[0] != '\0' ? "=" : "", run->fault->how);

        if ((size_t)length == size && strncmp(name, text, size) == 0) {
            return true;
        }
    }
    return false;
}

static int
play_one(const struct run *run)
{
    start(&torture.workers[0], run);
    (void)rest(true); // of all there is one
    printf("%s, %s\n",
           atomic_load(&torture.workers[0].outcome->reached) ? "the call failed"
                                                             : "no call failed",
           torture.failures > 0 ? "and it went wrong" : "and it went well");
    return torture.failures > 0 ? 1 : 0;
}

static int
usage(void)
{
    fprintf(stderr, "usage: NAME_test [--only CALL] [--act ACT]\n"
                    "       NAME_test --fail CALL[=HOW]:N --act ACT "
                    "--threads 0|1|2\n");
    return 2;
}

static bool
read_arguments(int argc, char **argv, struct run *run)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--act") == 0 && find_act(argv[i + 1], run)) {
            torture.act = argv[i + 1];
        } else if (strcmp(argv[i], "--only") == 0) {
            torture.only = argv[i + 1];
        } else if (strcmp(argv[i], "--threads") == 0) {
            run->threads = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--fail") != 0 ||
                   !find_fault(argv[i + 1], run)) {
            return false;
        }
    }
    return argc % 2 == 1;
}

static bool
set_up(void)
{
    const char *much = getenv("HAWSER_TORTURE");
    const char *seed = getenv("HAWSER_TORTURE_SEED");
    struct outcome *outcomes =
        mmap(NULL, WORKERS * sizeof *outcomes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    torture.stride = much != NULL && strcmp(much, "all") == 0 ? 1 : STRIDE;
    torture.seed = seed == NULL ? 0 : (unsigned)strtoul(seed, NULL, 10);
    for (unsigned i = 0; i < WORKERS && outcomes != MAP_FAILED; i++) {
        torture.workers[i].outcome = &outcomes[i];
    }
    return outcomes != MAP_FAILED && server_start(&torture.server) &&
           router_start(&torture.router);
}

int
main(int argc, char **argv)
{
    struct run run = { .act = NULL };
    int result;

    if (!read_arguments(argc, argv, &run)) {
        return usage();
    }
    if (!set_up()) {
        perror("torture");
        return 2;
    }
    if (run.act != NULL && run.fault != NULL) {
        result = play_one(&run);
    } else {
        result = play_all();
    }
    router_stop(&torture.router);
    server_stop(&torture.server);
    return result;
}
