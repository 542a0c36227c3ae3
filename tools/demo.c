// demo.c - "hawser demo": kills a server again and again, and loses nothing.
#include "demo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "flags.h"
#include "serve_record.h"
#include "session.h"
#include "tell.h"

enum {
    DEFAULT_SECONDS = 10,
    DEFAULT_KILLS = 6,
    DEFAULT_RATE = 100000,
    KILLS_MAX = 1000,
    AT_ONCE = 2000,   // messages before events get their turn
    DOWN_MS = 300,    // how long the server stays dead
    SETTLE_SECS = 30, // for the last messages
    HEAL_SECS = 60,   // for a reconnect, on a slow machine
};
enum { FLAG_SECONDS = 256, FLAG_KILLS, FLAG_RATE };

static const struct flag flags_of_demo[] = {
    { FLAG_SECONDS, "seconds", "S", "how long messages are streamed (10)" },
    { FLAG_KILLS, "kills", "N", "how often the server is killed (6)" },
    { FLAG_RATE, "rate", "N", "messages a second (100000)" },
    { 0, NULL, NULL, NULL },
};

struct demo {
    struct link_flags link;
    uint64_t seconds;
    uint64_t kills;
    uint64_t rate;
    struct session session;
    struct demo_server server;
    struct demo_show show;
    struct record *record;
    struct demo_result result;
    double start;
    double next_kill;
    double killed_at;
    double back_at; // when the server listened again; 0: it is down
    bool healing;
    uint64_t left_at_kill;
    uint32_t heal_us[KILLS_MAX];
    uint32_t outage_us[KILLS_MAX];
    uint64_t healed;
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

// ---- what the link says ----

static uint32_t
us_since(double then)
{
    return (uint32_t)((bench_now() - then) * 1e6);
}

static void
note_healed(struct demo *demo)
{
    uint64_t at = demo->healed++;

    demo->heal_us[at] = us_since(demo->back_at);
    demo->outage_us[at] = us_since(demo->killed_at);
    demo->healing = false;
    demo_show_line(&demo->show,
                   "up again after %.0f ms; %s unconfirmed messages go first",
                   demo->outage_us[at] / 1000.0,
                   demo_grouped(session_unsettled(&demo->session)));
}

static void
note_event(struct demo *demo, const hawser_event *event)
{
    session_note(&demo->session, event);
    if (event->kind != HAWSER_EVENT_STATE) {
        demo_show_line(&demo->show, "%s", event->error);
    } else if (event->state == HAWSER_WAITING) {
        demo_show_line(&demo->show, "waiting %3u ms: %s", event->delay_ms,
                       event->error);
    } else if (event->state == HAWSER_FAILED) {
        demo_show_line(&demo->show, "failed: %s", event->error);
    } else if (event->state == HAWSER_UP && demo->healing &&
               demo->back_at > 0) {
        note_healed(demo);
    } else if (event->state == HAWSER_UP) {
        demo_show_line(&demo->show, "up: %s", event->endpoint);
    }
}

// Hears what is there; waits for at most a millisecond for the first.
static void
hear(struct demo *demo)
{
    hawser_item item;
    int wait_ms = 1;

    for (int i = 0; i < 4 * AT_ONCE && hawser_receive(demo->session.bus, &item,
                                                      wait_ms) == HAWSER_OK;
         i++) {
        wait_ms = 0;
        demo->result.echoes += item.kind == HAWSER_ITEM_MESSAGE;
        if (item.kind == HAWSER_ITEM_EVENT) {
            note_event(demo, item.event);
        }
        hawser_item_drop(&item);
    }
}

// ---- streaming and killing ----

// Sends what is due by the rate, as far as the spool takes it.
static void
stream(struct demo *demo)
{
    double due = (bench_now() - demo->start) * (double)demo->rate;

    for (int i = 0; i < AT_ONCE && (double)demo->result.sent < due &&
                    demo->result.sent < demo->record->capacity;
         i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%llu", // always fits
                       (unsigned long long)demo->result.sent);
        if (hawser_send_text(demo->session.bus, demo->session.link, text) !=
            HAWSER_OK) {
            return;
        }
        demo->result.sent++;
    }
}

static double
kill_interval(const struct demo *demo)
{
    return (double)demo->seconds / ((double)demo->kills + 1);
}

static void
kill_server(struct demo *demo)
{
    pid_t process = demo->server.process;

    demo->result.kills++;
    demo->healing = true;
    demo->back_at = 0;
    demo->left_at_kill = session_unsettled(&demo->session);
    demo->killed_at = bench_now();
    demo_server_kill(&demo->server);
    demo_show_line(&demo->show,
                   "kill -9 %d: kill %u of %u; sent %s, %s of "
                   "them not confirmed",
                   (int)process, demo->result.kills, (unsigned)demo->kills,
                   demo_grouped(demo->result.sent),
                   demo_grouped(demo->left_at_kill));
}

static bool
start_server(struct demo *demo)
{
    if (!demo_server_start(&demo->server)) {
        return false;
    }
    demo->back_at = bench_now();
    demo_show_line(&demo->show, "server %d listens at %s",
                   (int)demo->server.process, demo->server.url);
    return true;
}

static double
down_secs(const struct demo *demo)
{
    double third = kill_interval(demo) / 3;

    return third < DOWN_MS / 1000.0 ? third : DOWN_MS / 1000.0;
}

// The server's part of the play. False: it can't go on.
static bool
act(struct demo *demo)
{
    double now = bench_now();

    if (demo->server.process == 0) {
        return now < demo->killed_at + down_secs(demo) || start_server(demo);
    }
    if (demo->healing) {
        if (now > demo->back_at + HEAL_SECS) {
            tell_failure(&demo->link, "the link did not come up again");
            return false;
        }
        return true;
    }
    if (now >= demo->next_kill && demo->result.kills < demo->kills &&
        demo->session.state == HAWSER_UP) {
        demo->next_kill = now + kill_interval(demo);
        kill_server(demo);
    }
    return true;
}

static bool
is_over(const struct demo *demo)
{
    return demo->result.kills >= demo->kills && !demo->healing &&
           bench_now() >= demo->start + (double)demo->seconds;
}

static bool
play(struct demo *demo)
{
    while (!interrupted && !is_over(demo)) {
        if (!act(demo) || demo->session.state == HAWSER_FAILED) {
            return false;
        }
        stream(demo);
        hear(demo);
    }
    return true;
}

// ---- the judgement ----

static void
settle(struct demo *demo)
{
    double end = bench_now() + SETTLE_SECS;

    demo_show_line(&demo->show, "the stream ends; %s messages are on their way",
                   demo_grouped(session_unsettled(&demo->session)));
    while (session_unsettled(&demo->session) > 0 && bench_now() < end) {
        hear(demo);
    }
}

static void
judge(struct demo *demo)
{
    struct demo_result *result = &demo->result;
    hawser_link_stats stats = { .size = sizeof stats };
    struct bench times = { .p50_us = -1 };

    if (hawser_link_get_stats(demo->session.bus, demo->session.link, &stats) ==
        HAWSER_OK) {
        result->settled = stats.settled;
        result->reconnects = stats.connects > 0 ? stats.connects - 1 : 0;
    }
    for (uint64_t i = 0; i < result->sent; i++) {
        uint32_t read = demo->record->times[i];
        result->lost += read == 0;
        result->duplicates += read > 1 ? read - 1 : 0;
    }
    result->disorder = demo->record->disorder;
    bench_percentiles(&times, demo->heal_us, demo->healed);
    result->heal_ms_p50 = times.p50_us; // from microseconds to milliseconds
    times.p50_us = -1;
    bench_percentiles(&times, demo->outage_us, demo->healed);
    result->outage_ms_p50 = times.p50_us;
    result->secs = bench_now() - demo->start;
}

static enum tool_exit
verdict(const struct demo *demo)
{
    const struct demo_result *result = &demo->result;
    bool all = result->lost == 0 && result->settled == result->sent &&
               result->sent > 0;

    return all && !interrupted ? TOOL_OK : TOOL_LEFTOVER;
}

// ---- the whole ----

static bool
make_record(struct demo *demo)
{
    const char *folder = getenv("TMPDIR");
    uint64_t capacity = (demo->seconds + HEAL_SECS) * demo->rate;
    int file;

    (void)snprintf(demo->server.record, sizeof demo->server.record,
                   "%s/hawser-demo-XXXXXX", folder != NULL ? folder : "/tmp");
    file = mkstemp(demo->server.record);
    if (file >= 0) {
        (void)close(file); // it is empty
        demo->record = record_new(demo->server.record, capacity);
    }
    if (demo->record == NULL) {
        (void)fprintf(stderr, "hawser demo: %s: %s\n", demo->server.record,
                      strerror(errno));
    }
    return demo->record != NULL;
}

// What -o may change, and how it ends early.
static void
set_up(struct demo *demo)
{
    struct sigaction action = { .sa_handler = on_interrupt };

    (void)sigaction(SIGINT, &action, NULL); // none can fail for these
    (void)sigaction(SIGTERM, &action, NULL);
    link_flags_set(&demo->link, "confirm", "peer");
    link_flags_set(&demo->link, "backoff.min", "50ms");
    link_flags_set(&demo->link, "backoff.max", "500ms");
}

static enum tool_exit
perform(struct demo *demo)
{
    enum tool_exit status = TOOL_UNREACHABLE;
    bool played;

    demo->show.start = demo->start = bench_now();
    demo->next_kill = demo->start + kill_interval(demo);
    if (!make_record(demo) || !start_server(demo)) {
        return TOOL_USAGE;
    }
    status = session_open(&demo->session, &demo->link, demo->server.url);
    if (status != TOOL_OK) {
        return status;
    }
    played = play(demo);
    settle(demo);
    judge(demo);
    session_close(&demo->session);
    if (demo->link.json) {
        demo_show_json(&demo->result);
    } else {
        demo_show_table(&demo->result);
    }
    return played ? verdict(demo) : TOOL_LEFTOVER;
}

static bool
take(void *user, const struct flag_reader *flags, int id)
{
    struct demo *demo = user;
    int link = link_flags_take(&demo->link, flags, id);

    if (link != FLAG_END) {
        return link != FLAG_WRONG;
    }
    switch (id) {
    case FLAG_SECONDS:
        return flags_take_count(flags, 1, 3600, &demo->seconds);
    case FLAG_KILLS:
        return flags_take_count(flags, 1, KILLS_MAX, &demo->kills);
    case FLAG_RATE:
        return flags_take_count(flags, 1, 10000000, &demo->rate);
    case FLAG_OPERAND:
        return flags_refuse(flags, "it brings its own server") == 0;
    default:
        return false;
    }
}

static int
run(const struct command *command, int argc, char **argv)
{
    static struct demo demo = { .seconds = DEFAULT_SECONDS,
                                .kills = DEFAULT_KILLS,
                                .rate = DEFAULT_RATE };
    struct flag_reader flags;
    int status;

    if (!link_flags_open(&demo.link, command)) {
        return TOOL_USAGE;
    }
    set_up(&demo);
    flags_begin(&flags, command, argc, argv);
    status = flags_read(&flags, take, &demo);
    if (status < 0) {
        // The demo tells events in its own words; -v adds the ordinary ones.
        demo.show.quiet = demo.link.loudness == 0;
        demo.link.loudness = demo.link.loudness > 1 ? demo.link.loudness : 0;
        status = (int)perform(&demo);
        demo_server_stop(&demo.server);
        record_close(demo.record);
        (void)unlink(demo.server.record); // it may not be there
    }
    link_flags_close(&demo.link);
    return status;
}

const struct command command_demo = {
    .name = "demo",
    .operands = "",
    .summary = "kills a server again and again, and loses nothing",
    .story =
        "Starts an echo server of its own in a process of its own, streams\n"
        "numbered messages to it, and kills it with SIGKILL again and again,\n"
        "while the link heals. Ends with a table, and with exit status 0 only\n"
        "if every message was read by the server in one of its lives: the\n"
        "server notes each in memory that survives it.\n",
    .flags = flags_of_demo,
    .more_flags = link_flag_list,
    .examples = "  hawser demo\n"
                "  hawser demo --seconds 60 --kills 50 --rate 1M\n"
                "  hawser demo --json 2>/dev/null | tail -1\n",
    .run = run,
};
