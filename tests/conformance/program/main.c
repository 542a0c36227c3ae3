// main.c - hawser-conformance: does a transport keep what transport.h promises?
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/bus.h>

#include "guest.h"
#include "trial.h"
#include "wire/plugin.h"

enum { KEPT = 0, BROKEN = 1, USAGE = 2, ONLY_MAX = 64, WAIT_MAX_S = 3600 };

struct request {
    struct guest guest;
    const char *only[ONLY_MAX];
    size_t only_count;
    bool list;
    bool in_process;
};

static const char help[] =
    "Usage: hawser-conformance [flags] URL\n\n"
    "Plays every promise of hawser/transport.h against a transport, and "
    "prints\n"
    "a line for each: ok, FAILED or skipped. For a transport that is built "
    "in,\n"
    "URL is ws://, wss:// and so on: its partner is built in too. Any other "
    "one\n"
    "is loaded, and the partner is a second wire of the same transport: it is\n"
    "dialled first, at the URL of --partner, and meets the wire that is "
    "tried.\n"
    "In URLs {n} is a fresh number, {port} a free TCP port, {dir} a folder.\n\n"
    "  --load FILE        load a transport from a shared object\n"
    "  --partner URL      where the other end is dialled (the same URL)\n"
    "  --without WHAT     what it does not have: kinds, topics, barriers, "
    "cut,\n"
    "                     gauge, miss, goodbye, reading, life; may be "
    "given again\n"
    "  --bad-url URL      one more URL that check must refuse\n"
    "  -o NAME=VALUE      an option for every wire\n"
    "  --only PROMISE     play this one; may be given again\n"
    "  --list             print the promises, and play none\n"
    "  --wait SECONDS     how long to wait for what must happen (10)\n"
    "  --in-process       play in this process, for a debugger\n"
    "  --help, --version\n\n"
    "Exit status: 0 all that apply are kept, 1 one is broken, 2 usage.\n\n"
    "  hawser-conformance ws://\n"
    "  hawser-conformance --load ./packet.so --without topics \\\n"
    "      --partner 'packet://{dir}/{n}?bind=1' 'packet://{dir}/{n}'\n";

static int
refuse(const char *what, const char *why)
{
    (void)fprintf(stderr,
                  "hawser-conformance: %s: %s\n"
                  "Try \"hawser-conformance --help\".\n",
                  what, why);
    return USAGE;
}

// ---- the command line ----

static int
take_option(struct guest *guest, char *pair, hawser_options *checked)
{
    char *value = strchr(pair, '=');

    if (value == NULL) {
        return refuse(pair, "-o takes NAME=VALUE");
    }
    *value++ = '\0';
    if (hawser_options_set(checked, pair, value) != HAWSER_OK) {
        return refuse(pair, hawser_options_error(checked));
    }
    if (guest->setting_count == STAGE_SETTINGS_MAX / 2) {
        return refuse(pair, "too many options");
    }
    guest->settings[2 * guest->setting_count] = pair;
    guest->settings[2 * guest->setting_count + 1] = value;
    guest->setting_count++;
    return KEPT;
}

static int
take_only(struct request *request, const char *name)
{
    for (unsigned i = 0; i < PROMISE_COUNT; i++) {
        if (strcmp(promise_name(i), name) == 0) {
            if (request->only_count == ONLY_MAX) {
                return refuse("--only", "too many of them");
            }
            request->only[request->only_count++] = name;
            return KEPT;
        }
    }
    return refuse(name, "there is no such promise; --list has them");
}

static int
take_wait(const char *value)
{
    char *end;
    long seconds = strtol(value, &end, 10);

    if (end == value || *end != '\0' || seconds < 1 || seconds > WAIT_MAX_S) {
        return refuse("--wait", "it takes 1..3600 seconds");
    }
    stage_wait_ms = (unsigned)seconds * 1000;
    return KEPT;
}

static int
take_plugin(const char *path)
{
    char sentence[512];

    if (hw_plugin_load(path, sentence, sizeof sentence) != HAWSER_OK) {
        return refuse("--load", sentence);
    }
    return KEPT;
}

static int
take_flag(struct request *request, int flag, char *value,
          hawser_options *checked)
{
    struct guest *guest = &request->guest;
    unsigned ability;

    switch (flag) {
    case 'L':
        return take_plugin(value);
    case 'P':
        guest->partner = value;
        return KEPT;
    case 'W':
        ability = guest_ability(value);
        guest->cannot |= ability;
        return ability != 0 ? KEPT : refuse(value, "not known of --without");
    case 'B':
        if (guest->bad_url_count == GUEST_URLS_MAX / 2) {
            return refuse("--bad-url", "too many of them");
        }
        guest->bad_urls[guest->bad_url_count++] = value;
        return KEPT;
    case 'o':
        return take_option(guest, value, checked);
    case 'O':
        return take_only(request, value);
    case 'w':
        return take_wait(value);
    case 'l':
        request->list = true;
        return KEPT;
    case 'I':
        request->in_process = true;
        return KEPT;
    default:
        return refuse("flags", "one is not known, or lacks its value");
    }
}

static int
read_flags(struct request *request, int argc, char **argv,
           hawser_options *checked)
{
    static const struct option flags[] = {
        { "load", required_argument, NULL, 'L' },
        { "partner", required_argument, NULL, 'P' },
        { "without", required_argument, NULL, 'W' },
        { "bad-url", required_argument, NULL, 'B' },
        { "option", required_argument, NULL, 'o' },
        { "only", required_argument, NULL, 'O' },
        { "wait", required_argument, NULL, 'w' },
        { "list", no_argument, NULL, 'l' },
        { "in-process", no_argument, NULL, 'I' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    int flag, status = KEPT;

    while (status == KEPT &&
           (flag = getopt_long(argc, argv, "o:hV", flags, NULL)) != -1) {
        if (flag == 'h' || flag == 'V') {
            (void)printf(flag == 'h' ? "%s" : "hawser-conformance %s\n",
                         flag == 'h' ? help : hawser_version());
            exit(KEPT);
        }
        status = take_flag(request, flag, optarg, checked);
    }
    if (status == KEPT && !request->list) {
        if (optind != argc - 1) {
            return refuse("URL", "there must be one");
        }
        request->guest.url = argv[optind];
    }
    return status;
}

// ---- the trial ----

static bool
is_wanted(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->only_count; i++) {
        if (strcmp(request->only[i], name) == 0) {
            return true;
        }
    }
    return request->only_count == 0;
}

static bool
keeps(const struct request *request, enum promise_number promise,
      const struct stand *stand, char *sentence, size_t size)
{
    const char *broken;

    if (!request->in_process) {
        return trial_keeps(promise, stand, sentence, size);
    }
    broken = promise_play(promise, stand);
    (void)snprintf(sentence, size, "%s", broken == NULL ? "" : broken); // cut
    return broken == NULL;
}

static int
try_all(const struct request *request, const struct stand *stand)
{
    unsigned kept = 0, broken = 0, skipped = 0;

    for (unsigned i = 0; i < PROMISE_COUNT; i++) {
        unsigned misses = promise_misses(i, stand);
        char sentence[512] = "";

        if (!is_wanted(request, promise_name(i))) {
            continue;
        }
        if (misses != 0) {
            skipped++;
            (void)printf("skipped: %s: %s has no %s, or its partner\n",
                         promise_name(i), stand->name,
                         guest_ability_name(misses));
        } else if (keeps(request, i, stand, sentence, sizeof sentence)) {
            kept++;
            (void)printf("ok: %s\n", promise_name(i));
        } else {
            broken++;
            (void)printf("FAILED: %s: %s\n", promise_name(i), sentence);
        }
    }
    (void)printf("%s: %u kept, %u broken, %u skipped\n", stand->name, kept,
                 broken, skipped);
    if (fflush(stdout) != 0) {
        return refuse("stdout", "it was not all written");
    }
    if (kept + broken == 0) {
        return refuse(stand->name, "no promise was played");
    }
    return broken == 0 ? KEPT : BROKEN;
}

int
main(int argc, char **argv)
{
    static struct request request;
    struct stand stand;
    hawser_options *checked;
    int status;

    if (hawser_options_new(&checked) != HAWSER_OK) {
        return refuse("start", "out of memory");
    }
    status = read_flags(&request, argc, argv, checked);
    hawser_options_free(checked);
    if (status != KEPT) {
        return status;
    }
    if (request.list) {
        for (unsigned i = 0; i < PROMISE_COUNT; i++) {
            (void)printf("%s\n", promise_name(i));
        }
        return KEPT;
    }
    return guest_stand(&request.guest, &stand) ? try_all(&request, &stand)
                                               : USAGE;
}
