// bench.c - "hawser bench": how fast it is, here and now.
#include "bench.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flags.h"
#include "tell.h"

enum {
    DEFAULT_TIMEOUT_MS = 60000,
    DEFAULT_SIZE = 64,
    DEFAULT_DOWN_MS = 1000,
    THREADS_MAX = 64, // as the option threads
};
enum {
    FLAG_SIZE = 256,
    FLAG_COUNT,
    FLAG_THREADS,
    FLAG_TIMEOUT,
    FLAG_CONFIRM,
    FLAG_SECONDS,
    FLAG_DOWN
};

static const struct flag flags_of_bench[] = {
    { FLAG_SIZE, "size", "SIZE", "payload bytes of a message (64)" },
    { FLAG_COUNT, "count", "N", "messages, or links (by size; links: 1000)" },
    { FLAG_THREADS, "threads", "N",
      "loops of the bus; 0: one, on the benchmark's own thread (1)" },
    { FLAG_CONFIRM, "confirm", "URL",
      "pub: ask there, with \"?N\", whether N were counted" },
    { FLAG_SECONDS, "seconds", "S",
      "growth: each of two parts (15); storm: before it (3)" },
    { FLAG_DOWN, "down", "TIME", "storm: how long the server is gone (1s)" },
    { FLAG_TIMEOUT, "timeout", "TIME", "longest wait for anything (1m)" },
    { 0, NULL, NULL, NULL },
};

static const struct {
    const char *name;
    enum tool_exit (*run)(struct bench *bench);
} measures[] = {
    { "rtt", bench_rtt },       { "pub", bench_pub },
    { "sub", bench_sub },       { "idle", bench_idle },
    { "growth", bench_growth }, { "storm", bench_storm },
};

enum { MEASURES = sizeof measures / sizeof measures[0] };

double
bench_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); // can't fail for this clock
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

enum tool_exit
bench_fail(struct bench *bench)
{
    struct session *session = &bench->session;

    if (!session->was_up) {
        // What can't be mended has been told.
        if (session->state != HAWSER_FAILED) {
            tell_failure(&bench->link, "no connection in time");
        }
        return session->last_exit;
    }
    tell_failure(&bench->link, session->state == HAWSER_UP
                                   ? "no answer in time"
                                   : "the connection was lost");
    return session->state == HAWSER_UP ? TOOL_TIMEOUT : TOOL_LEFTOVER;
}

// Hears one item, at most timeout_ms away. True: go on. A message is the
// caller's.
static bool
hear(struct bench *bench, hawser_message **message)
{
    struct session *session = &bench->session;
    hawser_item item;

    *message = NULL;
    if (hawser_receive(session->bus, &item, bench->timeout_ms) != HAWSER_OK) {
        return false;
    }
    if (item.kind == HAWSER_ITEM_MESSAGE) {
        *message = item.message;
        return true;
    }
    if (item.kind == HAWSER_ITEM_EVENT && item.link.id == session->link.id) {
        session_note(session, item.event);
    }
    hawser_item_drop(&item);
    return session->was_up ? session->state == HAWSER_UP
                           : session->state != HAWSER_FAILED;
}

hawser_message *
bench_next(struct bench *bench)
{
    hawser_message *message;

    while (hear(bench, &message)) {
        if (message != NULL) {
            return message;
        }
    }
    return NULL;
}

enum tool_exit
bench_open(struct bench *bench)
{
    enum tool_exit status =
        session_open(&bench->session, &bench->link, bench->url);
    double end = bench_now() + bench->timeout_ms / 1000.0;
    hawser_message *message;

    if (status != TOOL_OK) {
        return status;
    }
    while (bench->session.state != HAWSER_UP) {
        if (!hear(bench, &message) || bench_now() > end) {
            return bench_fail(bench);
        }
        hawser_message_drop(message);
    }
    return TOOL_OK;
}

static int
compare(const void *one, const void *two)
{
    uint32_t a = *(const uint32_t *)one;
    uint32_t b = *(const uint32_t *)two;

    return a < b ? -1 : a > b;
}

void
bench_percentiles(struct bench *bench, uint32_t *times_ns, uint64_t count)
{
    if (count == 0) {
        return;
    }
    uint64_t middle = count / 2;
    uint64_t late = count - 1 - count / 100;

    qsort(times_ns, (size_t)count, sizeof *times_ns, compare);
    bench->p50_us = times_ns[middle] / 1000.0;
    bench->p99_us = times_ns[late] / 1000.0;
}

// ---- what came of it ----

void
bench_note(struct bench *bench, const char *name, double value, int decimals,
           const char *words)
{
    if (bench->figure_count < BENCH_FIGURES_MAX) {
        bench->figures[bench->figure_count++] =
            (struct bench_figure){ name, value, decimals, words };
    }
}

static void
note_speed(struct bench *bench)
{
    bench_note(bench, "size", (double)bench->size, 0, "bytes a message");
    bench_note(bench, "rate", bench->rate, 0, "a second");
    bench_note(bench, "p50_us", bench->p50_us, 3, "us p50");
    bench_note(bench, "p99_us", bench->p99_us, 3, "us p99");
    bench_note(bench, "secs", bench->secs, 6, "s");
}

static json_t *
number(const struct bench_figure *figure)
{
    double scale = pow(10, figure->decimals);
    double scaled = round(figure->value * scale);

    if (figure->value < 0) {
        return json_null();
    }
    return figure->decimals == 0 ? json_integer((json_int_t)scaled)
                                 : json_real(scaled / scale);
}

static void
print_json(const struct bench *bench, const char *measure)
{
    json_t *object = json_pack("{s:s, s:s, s:I}", "bench", measure, "url",
                               bench->url, "count", (json_int_t)bench->count);

    for (int i = 0; i < bench->figure_count; i++) {
        (void)json_object_set_new(object, bench->figures[i].name,
                                  number(&bench->figures[i]));
    }
    (void)json_dumpf(object, stdout, JSON_REAL_PRECISION(9)); // flushed below
    (void)putchar('\n');
    json_decref(object);
}

static void
print_speed(const struct bench *bench, const char *measure)
{
    (void)printf("%s: %" PRIu64 " messages of %" PRIu64
                 " bytes in %.3f s: %.0f a second, %.1f MB/s",
                 measure, bench->count, bench->size, bench->secs, bench->rate,
                 bench->rate * (double)bench->size / 1e6);
    if (bench->p50_us >= 0) {
        (void)printf("; p50 %.1f us, p99 %.1f us", bench->p50_us,
                     bench->p99_us);
    }
    (void)putchar('\n');
}

static void
print_figures(const struct bench *bench, const char *measure)
{
    (void)printf("%s: %" PRIu64 " links\n", measure, bench->count);
    for (int i = 0; i < bench->figure_count; i++) {
        const struct bench_figure *figure = &bench->figures[i];
        (void)printf("%14.*f  %s\n",
                     figure->decimals > 2 ? 2 : figure->decimals, figure->value,
                     figure->words);
    }
}

static void
print(struct bench *bench, const char *measure)
{
    bool of_links = bench->figure_count > 0;

    if (!of_links) {
        note_speed(bench);
    }
    if (bench->link.json) {
        print_json(bench, measure);
    } else if (of_links) {
        print_figures(bench, measure);
    } else {
        print_speed(bench, measure);
    }
}

// ---- the command ----

static bool
take_threads(struct bench *bench, const struct flag_reader *flags)
{
    char number[32];
    uint64_t threads;

    if (!flags_take_count(flags, 0, THREADS_MAX, &threads)) {
        return false;
    }
    (void)snprintf(number, sizeof number, "%" PRIu64, threads); // it fits
    link_flags_set(&bench->link, "threads", number);
    return true;
}

static bool
take(struct bench *bench, const struct flag_reader *flags, int id,
     const char **measure)
{
    int link = link_flags_take(&bench->link, flags, id);

    if (link != FLAG_END) {
        return link != FLAG_WRONG;
    }
    switch (id) {
    case FLAG_OPERAND:
        if (*measure == NULL) {
            *measure = flags->value;
        } else if (bench->url == NULL) {
            bench->url = flags->value;
        } else {
            return flags_refuse(flags, "one URL is enough") == 0;
        }
        return true;
    case FLAG_SIZE:
        return flags_take_size(flags, 1 << 30, &bench->size);
    case FLAG_COUNT:
        return flags_take_count(flags, 1, 1000000000000, &bench->count);
    case FLAG_THREADS:
        return take_threads(bench, flags);
    case FLAG_CONFIRM:
        bench->confirm = flags->value;
        return true;
    case FLAG_SECONDS:
        return flags_take_count(flags, 1, 3600, &bench->seconds);
    case FLAG_DOWN:
        return flags_take_duration(flags, &bench->down_ms);
    case FLAG_TIMEOUT:
        return flags_take_duration(flags, &bench->timeout_ms);
    default:
        return false;
    }
}

static enum tool_exit
measure_it(struct bench *bench, const char *name)
{
    enum tool_exit status = TOOL_USAGE;

    bench->payload = calloc(1, bench->size + 1);
    for (int i = 0; i < MEASURES && bench->payload != NULL; i++) {
        if (strcmp(measures[i].name, name) == 0) {
            status = measures[i].run(bench);
            session_close(&bench->session);
        }
    }
    free(bench->payload);
    if (status == TOOL_OK) {
        print(bench, name);
    }
    return status;
}

static bool
brings_server(const char *measure)
{
    return strcmp(measure, "storm") == 0;
}

static bool
is_measure(const char *name)
{
    for (int i = 0; i < MEASURES; i++) {
        if (strcmp(measures[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct bench bench = { .size = DEFAULT_SIZE,
                           .timeout_ms = DEFAULT_TIMEOUT_MS,
                           .rate = -1,
                           .p50_us = -1,
                           .p99_us = -1,
                           .down_ms = DEFAULT_DOWN_MS };
    const char *measure = NULL;
    struct flag_reader flags;
    int status = -1;
    int id;

    if (!link_flags_open(&bench.link, command)) {
        return TOOL_USAGE;
    }
    // What a link costs is asked for, not for how long it is held back.
    link_flags_set(&bench.link, "bus.dials_per_second", "off");
    flags_begin(&flags, command, argc, argv);
    while (status < 0 && (id = flags_next(&flags)) != FLAG_END) {
        if (id == FLAG_HELP) {
            status = TOOL_OK;
        } else if (!take(&bench, &flags, id, &measure)) {
            status = TOOL_USAGE;
        }
    }
    if (status < 0 && (measure == NULL || !is_measure(measure))) {
        (void)flags_refuse(&flags,
                           "say what: rtt, pub, sub, idle, growth or storm");
        status = TOOL_USAGE;
    } else if (status < 0 && brings_server(measure) != (bench.url == NULL)) {
        (void)flags_refuse(&flags, bench.url == NULL
                                       ? "a URL is missing"
                                       : "storm brings its own servers");
        // it said so
        status = TOOL_USAGE;
    } else if (status < 0) {
        status = (int)measure_it(&bench, measure);
    }
    link_flags_close(&bench.link);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .operands = "rtt|pub|sub|idle|growth URL | storm",
    .summary = "how fast it is, here and now",
    .story =
        "Against any server that speaks as \"hawser serve\" does:\n"
        "  rtt   one message at a time to /echo and back. p50_us and p99_us "
        "are\n"
        "        of round trips\n"
        "  pub   messages to /sink, as fast as they go. The clock stops when\n"
        "        the server has confirmed the count. p50_us and p99_us are of\n"
        "        the call that sends (every 64th is timed)\n"
        "  sub   messages from /sink, asked for with \"go N SIZE\", until the\n"
        "        last one is in hand\n"
        "  idle  many links on one bus: what each costs\n"
        "  growth\n"
        "        the same, with the CPU that each takes while idle, and while\n"
        "        it sends a message a second to /echo. Ten more links are "
        "there,\n"
        "        since the first pay for what all share\n"
        "  storm many links to a server of its own, which is killed and "
        "started\n"
        "        again: how long until all are back, and what round trips "
        "took\n"
        "        meanwhile on a link beside them, to a server that stayed\n",
    .flags = flags_of_bench,
    .more_flags = link_flag_list,
    .examples =
        "  hawser serve -q ws://127.0.0.1:9000 &\n"
        "  hawser bench rtt ws://127.0.0.1:9000/echo --threads 0\n"
        "  hawser bench pub ws://127.0.0.1:9000/sink --size 1KiB --json\n"
        "  hawser bench sub ws://127.0.0.1:9000/sink --count 10M\n"
        "  hawser bench idle ws://127.0.0.1:9000/echo --count 10k\n"
        "  hawser bench storm --count 10k -o bus.dials_per_second=1000\n",
    .run = run,
};
