// send.c - "hawser send": sends messages and knows that they arrived.
#include <stdio.h>
#include <stdlib.h>

#include "flags.h"
#include "pump.h"

enum { DEFAULT_TIMEOUT_MS = 30000, WORDS_MAX = 65536 };
enum { FLAG_TIMEOUT = 256 };

static const struct flag flags_of_send[] = {
    { 't', "text", NULL, "send text messages (the default)" },
    { 'b', "binary", NULL, "send binary messages, one for each line" },
    { '0', "null", NULL, "messages of stdin end with a zero byte" },
    { FLAG_TIMEOUT, "timeout", "TIME",
      "for the first connection, and for the last messages to be confirmed; 0: "
      "for ever (30s)" },
    { 0, NULL, NULL, NULL },
};

struct send {
    struct pump pump;
    const char *url;
    char **words;
};

static bool
take(void *user, const struct flag_reader *flags, int id)
{
    struct send *send = user;
    struct pump *pump = &send->pump;
    int link = link_flags_take(&pump->link, flags, id);

    if (link != FLAG_END) {
        return link != FLAG_WRONG;
    }
    switch (id) {
    case FLAG_OPERAND:
        if (send->url == NULL) {
            send->url = flags->value;
        } else {
            send->words[pump->input.word_count++] = (char *)flags->value;
        }
        return true;
    case FLAG_TIMEOUT:
        return flags_take_duration(flags, &pump->timeout_ms);
    case 't':
        pump->kind = HAWSER_TEXT;
        return true;
    case 'b':
        pump->kind = HAWSER_BINARY;
        return true;
    case '0':
        pump->input.delimiter = '\0';
        return true;
    default:
        return false;
    }
}

// -1: go on; otherwise the exit status.
static int
read_flags(struct send *send, const struct command *command, int argc,
           char **argv)
{
    struct flag_reader flags;
    int status;

    flags_begin(&flags, command, argc, argv);
    status = flags_read(&flags, take, send);
    if (status < 0 && send->url == NULL) {
        (void)flags_refuse(&flags, "a URL is missing"); // says it
        return TOOL_USAGE;
    }
    return status;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct send send = { .pump = { .kind = HAWSER_TEXT,
                                   .input.delimiter = '\n',
                                   .must_arrive = true,
                                   .timeout_ms = DEFAULT_TIMEOUT_MS },
                         .words = calloc((size_t)argc + 1, sizeof(char *)) };
    int status = TOOL_USAGE;

    if (send.words != NULL && link_flags_open(&send.pump.link, command)) {
        link_flags_set(&send.pump.link, "confirm", "peer");
        status = read_flags(&send, command, argc, argv);
        if (status >= 0) {
            link_flags_close(&send.pump.link);
        } else {
            if (send.pump.input.word_count > 0) {
                send.pump.input.words = send.words;
            }
            status = (int)pump_run(&send.pump, send.url);
        }
    }
    free(send.words);
    return status;
}

const struct command command_send = {
    .name = "send",
    .operands = "URL [MESSAGE…]",
    .summary = "send messages, and know that they arrived",
    .story =
        "Sends each MESSAGE, or without one each line of stdin, and ends once\n"
        "all are confirmed: with exit status 0 every message has arrived at\n"
        "the peer's own protocol stack. Messages that a lost connection left\n"
        "unconfirmed go out again on the next one, so that some may arrive\n"
        "twice. Exit status 5: the time ran out with messages unconfirmed.\n",
    .flags = flags_of_send,
    .more_flags = link_flag_list,
    .examples = "  hawser send ws://127.0.0.1:9000/ 'hello' 'world'\n"
                "  seq 1000000 | hawser send -v ws://127.0.0.1:9000/sink\n"
                "  hawser send --timeout 5s wss://example.org/ping now || "
                "alarm\n",
    .run = run,
};
