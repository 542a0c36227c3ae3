// cat.c - "hawser cat": stdin lines go out, messages come out as lines.
#include <stdio.h>

#include "flags.h"
#include "gateway.h"
#include "pump.h"

enum { DEFAULT_TIMEOUT_MS = 30000, DEFAULT_LINGER_MS = 500 };
enum { FLAG_TIMEOUT = 256, FLAG_LINGER };

static const struct flag flags_of_cat[] = {
    { 't', "text", NULL, "lines go out as text messages (the default)" },
    { 'b', "binary", NULL,
      "what stdin brings goes out as binary messages, and messages come out as "
      "they are" },
    { '0', "null", NULL, "messages end with a zero byte instead of a newline" },
    { 'n', "no-close", NULL, "go on when stdin has ended, until interrupted" },
    { 'E', "exit-on-close", NULL,
      "end when the peer says goodbye, instead of connecting again" },
    { '1', "one-message", NULL, "end after one message was received" },
    { 'u', "send-only", NULL, "print nothing" },
    { 'U', "receive-only", NULL, "read nothing from stdin" },
    { FLAG_LINGER, "linger", "TIME",
      "once stdin has ended and all was delivered, wait so long for one more "
      "answer (500ms)" },
    { FLAG_TIMEOUT, "timeout", "TIME",
      "for the first connection, and for the last messages to be confirmed; 0: "
      "for ever (30s)" },
    { 0, NULL, NULL, NULL },
};

struct cat {
    struct pump pump;
    const char *urls[2]; // several endpoints of one, separated by spaces
    int count;
    bool speaks; // a flag was given that is about stdin or stdout
};

static bool
add_url(struct cat *cat, const struct flag_reader *flags)
{
    if (cat->count == 2) {
        (void)flags_refuse(flags, "a gateway has two sides; write endpoints of "
                                  "one side as one word: 'URL URL'"); // says it
        return false;
    }
    cat->urls[cat->count++] = flags->value;
    return true;
}

static void
take_mode(struct pump *pump, int id)
{
    switch (id) {
    case 't':
        pump->kind = HAWSER_TEXT;
        pump->input.chunks = false;
        break;
    case 'b':
        pump->kind = HAWSER_BINARY;
        pump->input.chunks = true;
        break;
    case '0':
        pump->input.delimiter = '\0';
        break;
    case 'n':
        pump->no_close = true;
        break;
    case 'E':
        pump->close_with_peer = true;
        break;
    case '1':
        pump->one = true;
        break;
    case 'u':
        pump->print = false;
        break;
    default:
        pump->no_close = true;
        pump->input.ended = true;
        break;
    }
}

// False after a sentence.
static bool
take(struct cat *cat, const struct flag_reader *flags, int id)
{
    struct pump *pump = &cat->pump;
    int link = link_flags_take(&pump->link, flags, id);

    if (link != FLAG_END) {
        return link != FLAG_WRONG;
    }
    switch (id) {
    case FLAG_WRONG:
        return false;
    case FLAG_OPERAND:
        return add_url(cat, flags);
    case FLAG_TIMEOUT:
        return flags_take_duration(flags, &pump->timeout_ms);
    case FLAG_LINGER:
        cat->speaks = true;
        return flags_take_duration(flags, &pump->linger_ms);
    default:
        cat->speaks |= id != 'n' && id != 'E';
        take_mode(pump, id);
        return true;
    }
}

// What comes from one goes to the other.
static int
run_gateway(const struct cat *cat, const struct flag_reader *flags)
{
    struct gateway gateway = { .link = cat->pump.link,
                               .close_with_peer = cat->pump.close_with_peer,
                               .timeout_ms = cat->pump.timeout_ms };

    if (cat->speaks) {
        (void)flags_refuse(flags, "between two URLs nothing is read from "
                                  "stdin, and nothing printed"); // says it
        link_flags_close(&gateway.link);
        return TOOL_USAGE;
    }
    return (int)gateway_run(&gateway, cat->urls[0], cat->urls[1]);
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct cat cat = { .pump = { .kind = HAWSER_TEXT,
                                 .print = true,
                                 .input.delimiter = '\n',
                                 .timeout_ms = DEFAULT_TIMEOUT_MS,
                                 .linger_ms = DEFAULT_LINGER_MS } };
    struct flag_reader flags;
    int id;

    if (!link_flags_open(&cat.pump.link, command)) {
        return TOOL_USAGE;
    }
    link_flags_set(&cat.pump.link, "confirm", "peer");
    flags_begin(&flags, command, argc, argv);
    while ((id = flags_next(&flags)) != FLAG_END) {
        if (id == FLAG_HELP || !take(&cat, &flags, id)) {
            link_flags_close(&cat.pump.link);
            return id == FLAG_HELP ? TOOL_OK : TOOL_USAGE;
        }
    }
    if (cat.count == 2) {
        return run_gateway(&cat, &flags);
    }
    if (cat.count == 0 || cat.urls[0][0] == '\0') {
        (void)flags_refuse(&flags, "a URL is missing"); // says it
        link_flags_close(&cat.pump.link);
        return TOOL_USAGE;
    }
    cat.pump.after = cat.pump.input.delimiter;
    return (int)pump_run(&cat.pump, cat.urls[0]);
}

const struct command command_cat = {
    .name = "cat",
    .operands = "URL [URL]",
    .summary = "stdin lines go out, messages come out as lines",
    .story =
        "Connects to URL and stays connected: what was not yet confirmed when\n"
        "a connection is lost goes out again on the next one. When stdin "
        "ends,\n"
        "it waits until all was delivered and no more answers come, and says\n"
        "goodbye. A word may name several URLs, separated by spaces: the "
        "first\n"
        "that answers is taken.\n"
        "\n"
        "With two words it is a gateway: what comes from one side goes to the\n"
        "other, both ways, until interrupted. Each side heals by itself; what\n"
        "came meanwhile waits, and a side that can keep no more stops reading\n"
        "the other. At an interrupt it delivers what waits (--timeout).\n"
        "\n"
        "Messages are on stdout, troubles on stderr (-v: every step).\n",
    .flags = flags_of_cat,
    .more_flags = link_flag_list,
    .examples = "  echo hello | hawser cat ws://127.0.0.1:9000/\n"
                "  hawser cat -n wss://stream.example.org/feed > feed.txt\n"
                "  hawser cat -H 'Authorization: Bearer …' 'wss://a.example "
                "wss://b.example'\n"
                "  hawser cat ws://127.0.0.1:9000/ zmq+tcp://127.0.0.1:5555\n"
                "  hawser cat -1 -U ws://127.0.0.1:9000/blast\n"
                "  hawser cat -b ws://127.0.0.1:9000/ < photo.jpg > copy.jpg\n",
    .run = run,
};
