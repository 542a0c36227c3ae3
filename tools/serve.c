// serve.c - "hawser serve": an echo, sink and blast server to try things with.
#include "serve.h"

#include <http_parser.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "command.h"
#include "flags.h"

enum { DEFAULT_MESSAGE_MAX = 16 << 20, DEFAULT_PEERS_MAX = 100000 };

enum {
    FLAG_PINGS = 256,
    FLAG_MAX_MESSAGE,
    FLAG_MAX_PEERS,
    FLAG_ONCE,
    FLAG_RECORD,
    FLAG_WITH_PARENT,
    FLAG_FRAMING,
    FLAG_ROLE,
    FLAG_CERT,
    FLAG_KEY,
};

static const struct flag flags_of_serve[] = {
    { 'p', "print", NULL, "print each message received as a line" },
    { 'q', "quiet", NULL, "do not print the address" },
    { FLAG_ROLE, "role", "echo|sink|blast",
      "what is done for those who name no path (echo)" },
    { FLAG_FRAMING, "framing", "length32|line|raw",
      "where messages end in tcp://, tls:// and unix:// (length32)" },
    { FLAG_CERT, "cert", "FILE",
      "certificate for wss:// and tls://, with its chain, as PEM (one is made "
      "for localhost)" },
    { FLAG_KEY, "key", "FILE",
      "private key of the certificate, as PEM (in the file of --cert)" },
    { FLAG_ONCE, "once", NULL, "end when the first peer has left" },
    { FLAG_PINGS, "pings", "on|off",
      "off: never answer a PING, to see heartbeats at work (on)" },
    { FLAG_MAX_MESSAGE, "max-message", "SIZE",
      "largest message, both ways (16MiB)" },
    { FLAG_MAX_PEERS, "max-peers", "N", "peers at once (100000)" },
    { FLAG_RECORD, "record", "FILE",
      "note numbered messages in FILE, as hawser demo wants it" },
    { FLAG_WITH_PARENT, "with-parent", NULL,
      "end when the process that started it ends" },
    { 0, NULL, NULL, NULL },
};

static bool
refuse(const char *url, const char *why)
{
    (void)fprintf(stderr, "hawser serve: %s: %s\n", url, why);
    return false;
}

// What of a path is served to those who name none.
static bool
take_role(struct serve_options *options, const char *path, size_t size)
{
    struct server fresh = { .options.role = options->role };

    options->role = role_of_path(&fresh, path, size);
    return options->role != ROLE_NONE;
}

static bool
take_path(struct serve_options *options, const char *url)
{
    const char *path = url + strlen("unix://");

    if ((*path != '/' && *path != '@') || path[1] == '\0') {
        return refuse(url, "write it as unix:///PATH or unix://@NAME");
    }
    if (strlen(path) > SERVE_PATH_MAX) {
        return refuse(url, "the socket's path is too long");
    }
    (void)snprintf(options->host, sizeof options->host, "%s", path); // it fits
    options->is_unix = true;
    return true;
}

static bool
take_zmq(struct serve_options *options, const char *url)
{
    if (strlen(url) > SERVE_URL_MAX || strstr(url, "bind=") != NULL) {
        return refuse(url, "write it as zmq+tcp://HOST:PORT?type=TYPE");
    }
    options->zmq_urls[options->zmq_count++] = url;
    return true;
}

static bool
take_scheme(struct serve_options *options, const char *url)
{
    static const struct {
        const char *name;
        enum serve_wire wire;
        bool is_tls;
    } schemes[] = {
        { "ws://", WIRE_WS, false },
        { "wss://", WIRE_WS, true },
        { "tcp://", WIRE_LENGTH32, false },
        { "tls://", WIRE_LENGTH32, true },
    };

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(url, schemes[i].name, strlen(schemes[i].name)) == 0) {
            options->wire = schemes[i].wire;
            options->is_tls = schemes[i].is_tls;
            return true;
        }
    }
    return false;
}

static bool
take_url(struct serve_options *options, const char *url)
{
    struct http_parser_url parts;
    const char *host;
    size_t size;

    if (strncmp(url, "unix://", 7) == 0) {
        options->wire = WIRE_LENGTH32;
        return take_path(options, url);
    }
    if (strncmp(url, "zmq+tcp://", 10) == 0 ||
        strncmp(url, "zmq+ipc://", 10) == 0) {
        return take_zmq(options, url);
    }
    http_parser_url_init(&parts);
    if (!take_scheme(options, url)) {
        return refuse(url, "only ws://, wss://, tcp://, tls://, unix:// and "
                           "zmq+… are served");
    }
    if (http_parser_parse_url(url, strlen(url), 0, &parts) != 0 ||
        (parts.field_set & 1 << UF_PORT) == 0) {
        return refuse(url, "write it as SCHEME://HOST:PORT; port 0 takes any");
    }
    host = url + parts.field_data[UF_HOST].off;
    size = parts.field_data[UF_HOST].len;
    if (size >= sizeof options->host) {
        return refuse(url, "the host's name is too long");
    }
    memcpy(options->host, host, size);
    options->host[size] = '\0';
    options->port = parts.port;
    return take_role(options, url + parts.field_data[UF_PATH].off,
                     parts.field_data[UF_PATH].len) ||
           refuse(url, "of paths there are /echo, /sink and /blast");
}

static bool
take_role_flag(struct serve_options *options, const struct flag_reader *flags)
{
    char path[16];

    (void)snprintf(path, sizeof path, "/%s", flags->value); // too long is none
    return take_role(options, path, strlen(path)) ||
           flags_refuse(flags, "--role takes echo, sink or blast") == 0;
}

static bool
take_framing(struct serve_options *options, const struct flag_reader *flags)
{
    static const struct {
        const char *name;
        enum serve_wire wire;
    } framings[] = {
        { "length32", WIRE_LENGTH32 },
        { "line", WIRE_LINE },
        { "raw", WIRE_RAW },
    };

    for (size_t i = 0; i < sizeof framings / sizeof framings[0]; i++) {
        if (strcmp(flags->value, framings[i].name) == 0) {
            options->framing = framings[i].wire;
            return true;
        }
    }
    return flags_refuse(flags, "--framing takes length32, line or raw") == 0;
}

// A second one may only be ZeroMQ's, beside the first.
static bool
may_take_url(const struct serve_options *options, const char *url)
{
    return options->host[0] == '\0' &&
           (options->zmq_count == 0 || (options->zmq_count < SERVE_ZMQ_MAX &&
                                        strncmp(url, "zmq+", 4) == 0));
}

static const char framing_is_for[] =
    "--framing is for tcp://, tls:// and unix://";
static const char cert_is_for[] = "--cert is for wss:// and tls://";

// What a socket of ZeroMQ does not know, or its library keeps to itself.
static const char *
unfit_for_zmq(const struct serve_options *options)
{
    return options->framing != WIRE_WS   ? framing_is_for
           : options->cert != NULL       ? cert_is_for
           : options->once               ? "--once needs peers that are seen"
           : options->mute_pings         ? "--pings is for ws:// and wss://"
           : options->record != NULL     ? "--record needs peers that are seen"
           : options->role == ROLE_BLAST ? "--role blast needs a peer to blast"
                                         : NULL;
}

// What does not go together; NULL: all does.
static const char *
unfit_for_all(const struct serve_options *options)
{
    if (options->key != NULL && options->cert == NULL) {
        return "--key needs --cert";
    }
    if (options->zmq_count > 0) {
        return unfit_for_zmq(options);
    }
    return options->host[0] == '\0' ? "an address is missing"
           : options->framing != WIRE_WS && options->wire == WIRE_WS
               ? framing_is_for
           : options->cert != NULL && !options->is_tls ? cert_is_for
                                                       : NULL;
}

static bool
take_flag(struct serve_options *options, const struct flag_reader *flags,
          int id)
{
    uint64_t number = 0;
    bool on = true;
    bool ok = true;

    switch (id) {
    case 'p':
        options->print = true;
        break;
    case 'q':
        options->quiet = true;
        break;
    case FLAG_ONCE:
        options->once = true;
        break;
    case FLAG_PINGS:
        ok = flags_take_switch(flags, &on);
        options->mute_pings = !on;
        break;
    case FLAG_MAX_MESSAGE:
        ok = flags_take_size(flags, 1 << 30, &options->max_message);
        break;
    case FLAG_MAX_PEERS:
        ok = flags_take_count(flags, 1, 1000000, &number);
        options->max_peers = (unsigned)number;
        break;
    case FLAG_RECORD:
        options->record = flags->value;
        break;
    case FLAG_ROLE:
        ok = take_role_flag(options, flags);
        break;
    case FLAG_CERT:
        options->cert = flags->value;
        break;
    case FLAG_KEY:
        options->key = flags->value;
        break;
    case FLAG_FRAMING:
        ok = take_framing(options, flags);
        break;
    case FLAG_WITH_PARENT:
        // A parent that is gone already can't be followed.
        ok = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
        break;
    default:
        ok = may_take_url(options, flags->value)
                 ? take_url(options, flags->value)
                 : flags_refuse(flags, "one address is enough") == 0;
        break;
    }
    return ok;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct serve_options options = { .max_message = DEFAULT_MESSAGE_MAX,
                                     .max_peers = DEFAULT_PEERS_MAX,
                                     .role = ROLE_ECHO };
    struct flag_reader flags;
    const char *unfit;
    int id;

    flags_begin(&flags, command, argc, argv);
    while ((id = flags_next(&flags)) != FLAG_END) {
        if (id == FLAG_HELP) {
            return TOOL_OK;
        }
        if (id == FLAG_WRONG || !take_flag(&options, &flags, id)) {
            return TOOL_USAGE;
        }
    }
    unfit = unfit_for_all(&options);
    if (unfit != NULL) {
        (void)flags_refuse(&flags, unfit); // says it
        return TOOL_USAGE;
    }
    if (options.zmq_count > 0) {
        return serve_zmq(&options) == 0 ? TOOL_OK : TOOL_USAGE;
    }
    if (options.framing != WIRE_WS) {
        options.wire = options.framing;
    }
    return server_run(&options) == 0 ? TOOL_OK : TOOL_USAGE;
}

const struct command command_serve = {
    .name = "serve",
    .operands = "SCHEME://HOST:PORT|unix:///PATH",
    .summary = "an echo, sink and blast server for trying things",
    .story =
        "Of schemes there are ws, wss, tcp, tls, unix, zmq+tcp and zmq+ipc.\n"
        "By the path that a client asks for:\n"
        "  /echo   sends every message back (so does /)\n"
        "  /sink   counts messages. The text message \"?\" is answered with "
        "the\n"
        "          count; \"go N SIZE\" is answered with N binary messages of\n"
        "          SIZE bytes, as fast as the client takes them\n"
        "  /blast  sends ?count=N messages of &size=S bytes without being "
        "asked\n"
        "In tcp://, tls:// and unix:// clients name no path: --role says what "
        "is done.\n"
        "A blast needs no order there: a sink obeys \"go N SIZE\".\n"
        "In zmq+tcp:// and zmq+ipc:// a ROUTER is bound, or what type= says; "
        "the\n"
        "text of a question may be \"?N\", which is answered once N were "
        "counted.\n"
        "A second address may stand beside the first, with one count for both: "
        "a\n"
        "PULL counts, a ROUTER tells.\n"
        "In wss:// and tls:// it shows --cert FILE, or one that is made for\n"
        "localhost, 127.0.0.1 and ::1 and ends with it: clients need\n"
        "\"-o tls.insecure=on\" then, and \"-o tls.ca=FILE\" for one of your "
        "own.\n"
        "Port 0 takes a free one. The address is printed on stdout.\n",
    .flags = flags_of_serve,
    .examples = "  hawser serve ws://127.0.0.1:9000\n"
                "  hawser serve --print ws://0.0.0.0:9000/sink\n"
                "  hawser serve --framing line unix:///tmp/echo.sock\n"
                "  hawser serve wss://127.0.0.1:9443\n"
                "  hawser serve --cert server.pem --key server.key "
                "tls://0.0.0.0:9444\n"
                "  hawser serve --role sink 'zmq+tcp://*:9001?type=pull' "
                "zmq+tcp://*:9002\n"
                "  hawser serve --pings off ws://[::1]:0\n",
    .run = run,
};
