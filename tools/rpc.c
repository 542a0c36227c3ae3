// rpc.c - "hawser rpc": calls a method of a msgpack-RPC server.
#include "rpc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
take(void *user, const struct flag_reader *flags, int id)
{
    struct rpc *rpc = user;
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
    int status;

    flags_begin(&flags, command, argc, argv);
    status = flags_read(&flags, take, rpc);
    if (status < 0 && rpc->method == NULL) {
        (void)flags_refuse(&flags, rpc->url == NULL ? "a URL is missing"
                                                    : "a method is missing");
        return TOOL_USAGE;
    }
    return status;
}

// ---- opening ----

static void
on_event(void *user, const hawser_rpc_event *event)
{
    struct rpc *rpc = user;

    if (event->oddity == HAWSER_RPC_LINK) {
        session_note(&rpc->session, event->link);
    } else {
        tell_failure(&rpc->link, event->sentence);
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

int
rpc_fail(struct rpc *rpc, const char *what, hawser_status status)
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

    if (session_open_bus(&rpc->session, &rpc->link) != TOOL_OK) {
        return TOOL_USAGE;
    }
    status = hawser_options_new(&options);
    if (status == HAWSER_OK) {
        status = copy_rpc_options(rpc, options);
    }
    if (status == HAWSER_OK) {
        status =
            hawser_rpc_open(rpc->session.bus, rpc->url, options, &rpc->rpc);
    }
    hawser_options_free(options);
    if (status != HAWSER_OK) {
        return rpc_fail(rpc, rpc->url, status);
    }
    hawser_rpc_watch(rpc->rpc, on_event, rpc);
    return TOOL_OK;
}

// ---- calling ----

hawser_rpc_request *
rpc_new_request(struct rpc *rpc)
{
    hawser_rpc_request *request = NULL;
    hawser_status status =
        (rpc->notify ? hawser_rpc_notice_new : hawser_rpc_request_new)(
            rpc->rpc, rpc->method, rpc->arg_count, &request);

    if (status != HAWSER_OK) {
        (void)rpc_fail(rpc, rpc->method, status);
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
        return rpc->session.was_up ? TOOL_TIMEOUT : TOOL_UNREACHABLE;
    case HAWSER_RPC_REFUSED:
        return TOOL_USAGE;
    default:
        return (int)rpc->session.last_exit;
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

hawser_rpc_call_options
rpc_options_of(const struct rpc *rpc)
{
    return (hawser_rpc_call_options){
        .size = sizeof(hawser_rpc_call_options),
        .timeout_ms = rpc->timeout_ms == 0 ? -1 : rpc->timeout_ms,
    };
}

static int
call_once(struct rpc *rpc)
{
    const hawser_rpc_call_options options = rpc_options_of(rpc);
    hawser_rpc_request *request = rpc_new_request(rpc);
    hawser_rpc_answer answer;
    hawser_status status;
    int exit_status;

    if (request == NULL) {
        return TOOL_USAGE;
    }
    status = hawser_rpc_call(request, &options, &answer);
    if (status != HAWSER_OK) {
        return rpc_fail(rpc, rpc->method, status);
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
    hawser_rpc_request *notice = rpc_new_request(rpc);
    hawser_status status;

    if (notice == NULL) {
        return TOOL_USAGE;
    }
    status = hawser_rpc_notify(notice);
    if (status != HAWSER_OK) {
        return rpc_fail(rpc, rpc->method, status);
    }
    status = hawser_flush(rpc->session.bus, hawser_rpc_link(rpc->rpc),
                          rpc->timeout_ms == 0 ? -1 : rpc->timeout_ms);
    while (hawser_rpc_run(rpc->rpc, status == HAWSER_OK ? LINGER_MS : 0) ==
           HAWSER_OK) {
    }
    if (status != HAWSER_OK) {
        (void)rpc_fail(rpc, rpc->method, status);
        return rpc->session.was_up ? TOOL_TIMEOUT : (int)rpc->session.last_exit;
    }
    return TOOL_OK;
}

// ---- the command ----

static int
call(struct rpc *rpc)
{
    int status = open_rpc(rpc);

    if (status == TOOL_OK) {
        status = rpc->notify        ? notify(rpc)
                 : rpc->repeat == 0 ? call_once(rpc)
                                    : rpc_call_often(rpc);
    }
    hawser_rpc_close(rpc->rpc);
    session_close(&rpc->session);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tell_failure(&rpc->link, "stdout: the result could not be written");
        status = TOOL_USAGE;
    }
    return status;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct rpc rpc = {
        .timeout_ms = DEFAULT_TIMEOUT_MS,
        .parallel = 1,
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
