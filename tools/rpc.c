// rpc.c - "hawser rpc": calls a method of a msgpack-RPC server.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hawser/rpc.h>

#include "flags.h"
#include "rpc_json.h"
#include "tell.h"

enum { FLAG_NOTIFY = 256, FLAG_TIMEOUT, FLAG_REPEAT, FLAG_PARALLEL };
enum {
    DEFAULT_TIMEOUT_MS = 30000,
    PARALLEL_MAX = 65536,
    // Some peers, nvim among them, forget what they have read when the
    // connection ends before they came to it.
    LINGER_MS = 200,
};

static const struct flag flags_of_rpc[] = {
    { FLAG_NOTIFY, "notify", NULL,
      "send a notification: no answer comes; ends once it was written" },
    { FLAG_TIMEOUT, "timeout", "TIME", "for each call (30s); 0: for ever" },
    { FLAG_REPEAT, "repeat", "N",
      "call it N times, and print a summary instead of the results" },
    { FLAG_PARALLEL, "parallel", "K", "calls under way at once (1)" },
    { 0, NULL, NULL, NULL },
};

struct rpc {
    struct link_flags link;
    const char *url;
    const char *method;
    struct rpc_value **args;
    uint32_t arg_count;
    bool notify;
    int timeout_ms;
    uint64_t repeat; // 0: once, and print what it answers
    uint64_t parallel;
    hawser_bus *bus;
    hawser_rpc *rpc;
    bool was_up;
    enum tool_exit last_exit; // the class of the last loss
    // The summary.
    uint64_t *began_ns; // of each call
    uint32_t *times_ns; // of those that ended, in that order
    uint64_t started;
    uint64_t ended;
    uint64_t outcomes[HAWSER_RPC_REFUSED + 1];
};

// ---- the command line ----

static bool
add_arg(struct rpc *rpc, const struct flag_reader *flags)
{
    char sentence[200];
    struct rpc_value *value =
        rpc_value_read(flags->value, sentence, sizeof sentence);

    if (value == NULL) {
        (void)flags_refuse(flags, sentence); // says it
        return false;
    }
    rpc->args[rpc->arg_count++] = value;
    return true;
}

static bool
take_operand(struct rpc *rpc, const struct flag_reader *flags)
{
    if (rpc->url == NULL) {
        rpc->url = flags->value;
    } else if (rpc->method == NULL) {
        rpc->method = flags->value;
    } else {
        return add_arg(rpc, flags);
    }
    return true;
}

static bool
take(struct rpc *rpc, const struct flag_reader *flags, int id)
{
    int link = link_flags_take(&rpc->link, flags, id);

    if (link != FLAG_END) {
        return link != FLAG_WRONG;
    }
    switch (id) {
    case FLAG_OPERAND:
        return take_operand(rpc, flags);
    case FLAG_NOTIFY:
        rpc->notify = true;
        return true;
    case FLAG_TIMEOUT:
        return flags_take_duration(flags, &rpc->timeout_ms);
    case FLAG_REPEAT:
        return flags_take_count(flags, 1, UINT32_MAX, &rpc->repeat);
    case FLAG_PARALLEL:
        return flags_take_count(flags, 1, PARALLEL_MAX, &rpc->parallel);
    default:
        return false;
    }
}

// -1: go on; otherwise the exit status.
static int
read_flags(struct rpc *rpc, const struct command *command, int argc,
           char **argv)
{
    struct flag_reader flags;
    int id;

    flags_begin(&flags, command, argc, argv);
    while ((id = flags_next(&flags)) != FLAG_END) {
        if (id == FLAG_HELP) {
            return TOOL_OK;
        }
        if (!take(rpc, &flags, id)) {
            return TOOL_USAGE;
        }
    }
    if (rpc->method == NULL) {
        (void)flags_refuse(&flags, rpc->url == NULL ? "a URL is missing"
                                                    : "a method is missing");
        return TOOL_USAGE;
    }
    return -1;
}

// ---- opening ----

static void
on_event(void *user, const hawser_rpc_event *event)
{
    struct rpc *rpc = user;

    if (event->oddity != HAWSER_RPC_LINK) {
        tell_failure(&rpc->link, event->sentence);
        return;
    }
    tell_event(&rpc->link, event->link, rpc->was_up);
    rpc->was_up |= event->link->state == HAWSER_UP;
    if (event->link->state == HAWSER_WAITING ||
        event->link->state == HAWSER_FAILED) {
        rpc->last_exit = tell_class(event->link);
    }
}

// The others are the bus's already.
static hawser_status
copy_rpc_options(const struct rpc *rpc, hawser_options *to)
{
    hawser_status status = HAWSER_OK;
    hawser_option_row row;
    char calls[24];

    for (size_t i = 0;
         status == HAWSER_OK && hawser_options_row(i, &row) == HAWSER_OK; i++) {
        const char *value;

        if (strncmp(row.name, "rpc.", 4) == 0) {
            status = hawser_options_get(rpc->link.options, row.name, &value);
            if (status == HAWSER_OK) {
                status = hawser_options_set(to, row.name, value);
            }
        }
    }
    if (status == HAWSER_OK && rpc->parallel > 4096) {
        (void)snprintf(calls, sizeof calls, "%" PRIu64, rpc->parallel);
        status = hawser_options_set(to, "rpc.calls_max", calls);
    }
    return status;
}

static int
fail(struct rpc *rpc, const char *what, hawser_status status)
{
    char text[512];
    const char *why = hawser_last_error();

    (void)snprintf(text, sizeof text, "%s: %s", what,
                   why[0] != '\0' ? why : hawser_status_text(status));
    tell_failure(&rpc->link, text);
    return TOOL_USAGE;
}

static int
open_rpc(struct rpc *rpc)
{
    hawser_options *options = NULL;
    hawser_status status;

    (void)signal(SIGPIPE, SIG_IGN); // can't fail; a write tells it
    if (rpc->link.loudness > 2) {
        hawser_log_set(4, rpc->link.json ? tell_log_as_json : NULL, NULL);
    }
    status = hawser_bus_open(rpc->link.options, &rpc->bus);
    if (status != HAWSER_OK) {
        rpc->bus = NULL;
        return fail(rpc, "the bus", status);
    }
    status = hawser_options_new(&options);
    if (status == HAWSER_OK) {
        status = copy_rpc_options(rpc, options);
    }
    if (status == HAWSER_OK) {
        status = hawser_rpc_open(rpc->bus, rpc->url, options, &rpc->rpc);
    }
    hawser_options_free(options);
    if (status != HAWSER_OK) {
        rpc->rpc = NULL;
        return fail(rpc, rpc->url, status);
    }
    hawser_rpc_watch(rpc->rpc, on_event, rpc);
    return TOOL_OK;
}

// ---- calling ----

static hawser_rpc_request *
new_request(struct rpc *rpc)
{
    hawser_rpc_request *request = NULL;
    hawser_status status =
        (rpc->notify ? hawser_rpc_notice_new : hawser_rpc_request_new)(
            rpc->rpc, rpc->method, rpc->arg_count, &request);

    if (status != HAWSER_OK) {
        (void)fail(rpc, rpc->method, status);
        return NULL;
    }
    for (uint32_t i = 0; i < rpc->arg_count; i++) {
        // What fails is answered when it is sent.
        (void)rpc_value_pack(rpc->args[i], hawser_rpc_packer(request));
    }
    return request;
}

static int
exit_of(const struct rpc *rpc, const hawser_rpc_answer *answer)
{
    switch (answer->outcome) {
    case HAWSER_RPC_RESULT:
        return TOOL_OK;
    case HAWSER_RPC_ERROR:
        return TOOL_ERROR;
    case HAWSER_RPC_LOST:
        return TOOL_LEFTOVER;
    case HAWSER_RPC_TIMEOUT:
        return rpc->was_up ? TOOL_TIMEOUT : TOOL_UNREACHABLE;
    case HAWSER_RPC_REFUSED:
        return TOOL_USAGE;
    default:
        return (int)rpc->last_exit;
    }
}

static int
tell_answer(struct rpc *rpc, const hawser_rpc_answer *answer)
{
    char text[256];

    switch (answer->outcome) {
    case HAWSER_RPC_RESULT:
        rpc_json_print(stdout, answer->value);
        (void)putchar('\n'); // what fails is found at the end
        break;
    case HAWSER_RPC_ERROR:
        (void)fprintf(stderr, "hawser: the peer answered an error: ");
        rpc_json_print(stderr, answer->value);
        (void)fputc('\n', stderr); // nobody to tell if it fails
        break;
    default:
        (void)snprintf(text, sizeof text, "%s: %s", rpc->method,
                       answer->sentence); // may be cut
        tell_failure(&rpc->link, text);
        break;
    }
    return exit_of(rpc, answer);
}

static hawser_rpc_call_options
options_of(const struct rpc *rpc)
{
    return (hawser_rpc_call_options){
        .size = sizeof(hawser_rpc_call_options),
        .timeout_ms = rpc->timeout_ms == 0 ? -1 : rpc->timeout_ms,
    };
}

static int
call_once(struct rpc *rpc)
{
    const hawser_rpc_call_options options = options_of(rpc);
    hawser_rpc_request *request = new_request(rpc);
    hawser_rpc_answer answer;
    hawser_status status;
    int exit_status;

    if (request == NULL) {
        return TOOL_USAGE;
    }
    status = hawser_rpc_call(request, &options, &answer);
    if (status != HAWSER_OK) {
        return fail(rpc, rpc->method, status);
    }
    exit_status = tell_answer(rpc, &answer);
    hawser_rpc_answer_free(&answer);
    return exit_status;
}

// ---- notifying ----

// Waits until the transport has taken it.
static int
notify(struct rpc *rpc)
{
    hawser_rpc_request *notice = new_request(rpc);
    hawser_status status;

    if (notice == NULL) {
        return TOOL_USAGE;
    }
    status = hawser_rpc_notify(notice);
    if (status != HAWSER_OK) {
        return fail(rpc, rpc->method, status);
    }
    status = hawser_flush(rpc->bus, hawser_rpc_link(rpc->rpc),
                          rpc->timeout_ms == 0 ? -1 : rpc->timeout_ms);
    while (hawser_rpc_run(rpc->rpc, status == HAWSER_OK ? LINGER_MS : 0) ==
           HAWSER_OK) {
    }
    if (status != HAWSER_OK) {
        (void)fail(rpc, rpc->method, status);
        return rpc->was_up ? TOOL_TIMEOUT : (int)rpc->last_exit;
    }
    return TOOL_OK;
}

// ---- again and again ----

static uint64_t
now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); // can't fail for this clock
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int
compare(const void *one, const void *other)
{
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;

    return (left > right) - (left < right);
}

static bool
start_one(struct rpc *rpc)
{
    hawser_rpc_call_options options = options_of(rpc);
    hawser_rpc_request *request = new_request(rpc);
    hawser_status status;

    if (request == NULL) {
        return false;
    }
    rpc->began_ns[rpc->started] = now_ns();
    options.user = &rpc->began_ns[rpc->started];
    status = hawser_rpc_start(request, &options, NULL);
    if (status != HAWSER_OK) {
        (void)fail(rpc, rpc->method, status);
        return false;
    }
    rpc->started++;
    return true;
}

static void
note_answer(struct rpc *rpc, const hawser_rpc_answer *answer)
{
    const uint64_t *began_ns = answer->user;
    uint64_t took = now_ns() - *began_ns;

    rpc->outcomes[answer->outcome]++;
    rpc->times_ns[rpc->ended++] =
        took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
}

// The time that so many of a hundred calls did not exceed.
static double
percentile_us(const struct rpc *rpc, uint64_t percent)
{
    uint64_t place = (rpc->ended - 1) * percent / 100;

    return rpc->times_ns[place] / 1000.0;
}

static void
tell_summary(struct rpc *rpc, double secs)
{
    qsort(rpc->times_ns, rpc->ended, sizeof *rpc->times_ns, compare);
    if (rpc->link.json) {
        (void)printf("{\"calls\": %" PRIu64 ", \"secs\": %.3f, \"rate\": %.0f, "
                     "\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
                     rpc->ended, secs, (double)rpc->ended / secs,
                     percentile_us(rpc, 50), percentile_us(rpc, 99),
                     percentile_us(rpc, 100));
        for (int i = 0; i <= HAWSER_RPC_REFUSED; i++) {
            (void)printf(", \"%s\": %" PRIu64,
                         hawser_rpc_outcome_name((hawser_rpc_outcome)i),
                         rpc->outcomes[i]);
        }
        (void)printf("}\n"); // what fails is found at the end
        return;
    }
    (void)printf("%" PRIu64 " calls in %.3f s: %.0f a second; p50 %.1f us, p99 "
                 "%.1f us, max %.1f us\n",
                 rpc->ended, secs, (double)rpc->ended / secs,
                 percentile_us(rpc, 50), percentile_us(rpc, 99),
                 percentile_us(rpc, 100));
    for (int i = 0; i <= HAWSER_RPC_REFUSED; i++) {
        if (rpc->outcomes[i] > 0) {
            (void)printf("%s: %" PRIu64 "\n",
                         hawser_rpc_outcome_name((hawser_rpc_outcome)i),
                         rpc->outcomes[i]);
        }
    }
}

static int
exit_of_all(const struct rpc *rpc)
{
    if (rpc->outcomes[HAWSER_RPC_RESULT] == rpc->repeat) {
        return TOOL_OK;
    }
    return rpc->outcomes[HAWSER_RPC_ERROR] > 0     ? TOOL_ERROR
           : rpc->outcomes[HAWSER_RPC_LOST] > 0    ? TOOL_LEFTOVER
           : rpc->outcomes[HAWSER_RPC_TIMEOUT] > 0 ? TOOL_TIMEOUT
                                                   : (int)rpc->last_exit;
}

static int
call_often(struct rpc *rpc)
{
    uint64_t began = now_ns();
    hawser_rpc_answer answer;

    rpc->times_ns = calloc(rpc->repeat, sizeof *rpc->times_ns);
    rpc->began_ns = calloc(rpc->repeat, sizeof *rpc->began_ns);
    if (rpc->times_ns == NULL || rpc->began_ns == NULL) {
        return fail(rpc, "the summary", HAWSER_NO_MEMORY);
    }
    while (rpc->ended < rpc->repeat) {
        while (rpc->started < rpc->repeat &&
               rpc->started - rpc->ended < rpc->parallel) {
            if (!start_one(rpc)) {
                return TOOL_USAGE;
            }
        }
        if (hawser_rpc_next(rpc->rpc, -1, &answer) != HAWSER_OK) {
            return (int)rpc->last_exit;
        }
        note_answer(rpc, &answer);
        hawser_rpc_answer_free(&answer);
    }
    tell_summary(rpc, (double)(now_ns() - began) / 1e9);
    return exit_of_all(rpc);
}

// ---- the command ----

static int
call(struct rpc *rpc)
{
    int status = open_rpc(rpc);

    if (status == TOOL_OK) {
        status = rpc->notify        ? notify(rpc)
                 : rpc->repeat == 0 ? call_once(rpc)
                                    : call_often(rpc);
        hawser_rpc_close(rpc->rpc);
    }
    (void)hawser_bus_close(rpc->bus, 0); // nothing that matters is left
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tell_failure(&rpc->link, "stdout: the result could not be written");
        status = TOOL_USAGE;
    }
    free(rpc->times_ns);
    free(rpc->began_ns);
    return status;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct rpc rpc = {
        .timeout_ms = DEFAULT_TIMEOUT_MS,
        .parallel = 1,
        .last_exit = TOOL_UNREACHABLE,
        .args = calloc((size_t)argc + 1, sizeof *rpc.args),
    };
    int status = TOOL_USAGE;

    if (rpc.args != NULL && link_flags_open(&rpc.link, command)) {
        status = read_flags(&rpc, command, argc, argv);
        if (status < 0) {
            status = call(&rpc);
        }
        link_flags_close(&rpc.link);
    }
    for (uint32_t i = 0; i < rpc.arg_count; i++) {
        rpc_value_free(rpc.args[i]);
    }
    free(rpc.args);
    return status;
}

const struct command command_rpc = {
    .name = "rpc",
    .operands = "URL METHOD [ARG…]",
    .summary = "call a method of a msgpack-RPC server",
    .story =
        "Calls METHOD with arguments that are JSON, and prints the result as\n"
        "JSON. What JSON has no word for is written, and read, as an object\n"
        "with one key: {\"$bin\":\"base64\"}, {\"$ext\":[type,\"base64\"]},\n"
        "{\"$map\":[[key,value],…]} for keys that are not texts, and\n"
        "{\"$str\":\"base64\"} for texts that are not UTF-8. Put -- before\n"
        "arguments that begin with a minus. Exit status 6: the peer answered\n"
        "an error; 5: the connection was lost with the call under way, so "
        "that\n"
        "it may have run; 4: no answer came in time.\n",
    .flags = flags_of_rpc,
    .more_flags = link_flag_list,
    .examples =
        "  nvim --headless --listen 127.0.0.1:6666 &\n"
        "  hawser rpc tcp://127.0.0.1:6666 nvim_eval '\"1+1\"'\n"
        "  hawser rpc --notify unix:///tmp/nvim nvim_command '\"quit\"'\n"
        "  hawser rpc --repeat 10000 --parallel 64 tcp://127.0.0.1:6666 "
        "nvim_get_mode\n",
    .run = run,
};
