// rpc_threads_client.c - for nvim_test.py: calls from several threads at once,
// each of which must get its own answer.
//
//   rpc_threads_client URL THREADS COUNT
//
// From each thread COUNT calls of "nvim_eval", 64 of them under way at once,
// each with a number that no other call has. Says "under way" after the first
// answers, and at the end how all ended.
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <hawser/hawser.h>
#include <hawser/rpc.h>

enum { UNDER_WAY = 64, THREADS_MAX = 64, TIMEOUT_MS = 20000 };

static hawser_rpc *rpc;
static uint64_t count;
static atomic_uint_fast64_t answers;

struct caller {
    pthread_t thread;
    uint64_t first; // its numbers begin there
    uint64_t ends[HAWSER_RPC_REFUSED + 1];
    uint64_t wrong;   // another's answer, or none that means anything
    uint64_t refused; // not even begun
};

static int
start_one(uint64_t number, hawser_rpc_handle *call)
{
    hawser_rpc_call_options options = { .size = sizeof options,
                                        .timeout_ms = TIMEOUT_MS };
    hawser_rpc_request *request;
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, number);

    if (hawser_rpc_request_new(rpc, "nvim_eval", 1, &request) != HAWSER_OK) {
        return 0;
    }
    msgpack_pack_str_with_body(hawser_rpc_packer(request), text, (size_t)size);
    return hawser_rpc_start(request, &options, call) == HAWSER_OK;
}

static void
note(struct caller *caller, uint64_t number, const hawser_rpc_answer *answer)
{
    caller->ends[answer->outcome]++;
    if (answer->outcome == HAWSER_RPC_RESULT &&
        (answer->value->type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
         answer->value->via.u64 != number)) {
        caller->wrong++;
    }
    if (answer->outcome == HAWSER_RPC_LOST && !answer->may_have_run) {
        caller->wrong++;
    }
    if (atomic_fetch_add(&answers, 1) == 1000) {
        printf("under way\n");
        (void)fflush(stdout); // who does not hear it waits in vain, and says so
    }
}

static void *
run(void *user)
{
    struct caller *caller = user;
    hawser_rpc_handle calls[UNDER_WAY];
    uint64_t started = 0, ended = 0;

    while (ended < count) {
        hawser_rpc_answer answer;

        while (started < count && started - ended < UNDER_WAY) {
            if (!start_one(caller->first + started,
                           &calls[started % UNDER_WAY])) {
                caller->refused++;
                return NULL;
            }
            started++;
        }
        if (hawser_rpc_wait(rpc, calls[ended % UNDER_WAY], -1, &answer) !=
            HAWSER_OK) {
            caller->wrong++; // it ended twice, or never began
            return NULL;
        }
        note(caller, caller->first + ended++, &answer);
        hawser_rpc_answer_free(&answer);
    }
    return NULL;
}

// What the library counted itself must be the same.
static int
tell(const struct caller *callers, unsigned threads)
{
    hawser_rpc_stats stats = { .size = sizeof stats };
    uint64_t ends[HAWSER_RPC_REFUSED + 1] = { 0 };
    uint64_t sum = 0, wrong = 0;

    for (unsigned i = 0; i < threads; i++) {
        for (int end = 0; end <= HAWSER_RPC_REFUSED; end++) {
            ends[end] += callers[i].ends[end];
            sum += callers[i].ends[end];
        }
        wrong += callers[i].wrong + callers[i].refused;
    }
    for (int end = 0; end <= HAWSER_RPC_REFUSED; end++) {
        printf("%s %" PRIu64 ", ",
               hawser_rpc_outcome_name((hawser_rpc_outcome)end), ends[end]);
    }
    printf("wrong %" PRIu64 "\n", wrong);
    if (hawser_rpc_get_stats(rpc, &stats) != HAWSER_OK) {
        return 0;
    }
    return wrong == 0 && sum == threads * count && stats.calls == sum &&
           stats.open == 0 && stats.results == ends[HAWSER_RPC_RESULT] &&
           stats.errors == ends[HAWSER_RPC_ERROR] &&
           stats.lost == ends[HAWSER_RPC_LOST] &&
           stats.timeouts == ends[HAWSER_RPC_TIMEOUT];
}

static int
call_from(unsigned threads)
{
    static struct caller callers[THREADS_MAX];
    unsigned started = 0;

    while (started < threads) {
        struct caller *caller = &callers[started];

        caller->first = started * count;
        if (pthread_create(&caller->thread, NULL, run, caller) != 0) {
            break;
        }
        started++;
    }
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(callers[i].thread, NULL); // it is one of ours
    }
    return started == threads && tell(callers, threads);
}

int
main(int argc, char **argv)
{
    hawser_options *options = NULL;
    hawser_bus *bus = NULL;
    unsigned long threads;
    int ok;

    if (argc != 4) {
        return 2;
    }
    threads = strtoul(argv[2], NULL, 10);
    count = strtoull(argv[3], NULL, 10);
    ok = threads > 0 && threads <= THREADS_MAX &&
         hawser_options_new(&options) == HAWSER_OK &&
         hawser_options_set(options, "backoff.min", "10ms") == HAWSER_OK &&
         hawser_bus_open(NULL, &bus) == HAWSER_OK &&
         hawser_rpc_open(bus, argv[1], options, &rpc) == HAWSER_OK &&
         call_from((unsigned)threads);
    hawser_options_free(options);
    hawser_rpc_close(rpc);
    (void)hawser_bus_close(bus, 0); // nothing is left in it
    return ok ? 0 : 1;
}
