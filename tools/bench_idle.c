// bench_idle.c - what a link costs that does nothing.
#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"
#include "tell.h"

// The first links pay for what all of them share.
enum { DEFAULT_COUNT = 1000, WARM_UP = 10 };

// The number behind "name:" in /proc/self/status; -1: none.
static long
status_number(const char *name)
{
    FILE *file = fopen("/proc/self/status", "re");
    size_t size = strlen(name);
    char line[256];
    long number = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            number = strtol(line + size + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file); // it was only read
    }
    return number;
}

// Memory of the program's own, in KiB: what the kernel keeps for sockets is not
// among it.
static long
own_kib(void)
{
    (void)malloc_trim(0); // whether it found anything does not matter
    return status_number("RssAnon");
}

static long
descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    long count = 0;

    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder); // it was only read
    }
    return count - 3; // itself, "." and ".."
}

static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); // opening tells
    }
}

// Ten thousand times the same is no news; the first trouble is.
static void
note(struct bench *bench, const hawser_event *event)
{
    bool waits = event->state == HAWSER_WAITING;
    bool first = waits && bench->session.state == HAWSER_UP;

    if (first || event->state == HAWSER_FAILED || bench->link.loudness > 1) {
        session_note(&bench->session, event);
    }
}

// Waits for count more links to be up; what is left of it.
static uint64_t
wait_for(struct bench *bench, uint64_t count)
{
    hawser_item item;

    while (count > 0 && hawser_receive(bench->session.bus, &item,
                                       bench->timeout_ms) == HAWSER_OK) {
        bool state = item.kind == HAWSER_ITEM_EVENT &&
                     item.event->kind == HAWSER_EVENT_STATE;
        bool failed = state && item.event->state == HAWSER_FAILED;
        if (state) {
            note(bench, item.event);
            count -= item.event->state == HAWSER_UP;
        }
        hawser_item_drop(&item);
        if (failed) {
            break;
        }
    }
    return count;
}

static enum tool_exit
refuse(struct bench *bench, uint64_t missing, uint64_t count)
{
    struct session *session = &bench->session;
    char text[80];

    (void)snprintf(text, sizeof text,
                   "%" PRIu64 " of %" PRIu64 " more links did not come up",
                   missing, count);
    tell_failure(&bench->link, text);
    return session->state == HAWSER_UP ? TOOL_TIMEOUT : session->last_exit;
}

static enum tool_exit
open_links(struct bench *bench, uint64_t count)
{
    hawser_link link;
    uint64_t missing;

    for (uint64_t i = 0; i < count; i++) {
        hawser_status status =
            hawser_link_open(bench->session.bus, bench->url, NULL, &link);
        if (status != HAWSER_OK) {
            tell_failure(&bench->link, hawser_status_text(status));
            return TOOL_USAGE;
        }
    }
    missing = wait_for(bench, count);
    return missing == 0 ? TOOL_OK : refuse(bench, missing, count);
}

enum tool_exit
bench_idle(struct bench *bench)
{
    enum tool_exit status;
    long before;
    double start;

    raise_descriptors();
    status = bench_open(bench);
    if (status != TOOL_OK) {
        return status;
    }
    if (bench->count == 0) {
        bench->count = DEFAULT_COUNT;
    }
    status = open_links(bench, WARM_UP - 1);
    if (status != TOOL_OK) {
        return status;
    }
    before = own_kib();
    start = bench_now();
    status = open_links(bench, bench->count);
    if (status != TOOL_OK) {
        return status;
    }
    bench->secs = bench_now() - start;
    bench->threads = status_number("Threads");
    bench->fds = descriptors();
    bench->kib_per_link = (double)(own_kib() - before) / (double)bench->count;
    return TOOL_OK;
}
