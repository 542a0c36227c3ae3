// bench_links.c - many links on one bus, and what they take of the machine.
#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"
#include "tell.h"

// What the bus, its inboxes and the standard streams have open besides.
enum { FEW_FILES = 64 };

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

long
bench_threads(void)
{
    return status_number("Threads");
}

double
bench_cpu_secs(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used); // it is there
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

bool
bench_allow_files(struct bench *bench, uint64_t links)
{
    struct rlimit limit;
    char text[160];

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur >= links + FEW_FILES) {
        return true;
    }
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < links + FEW_FILES) {
        limit.rlim_cur = limit.rlim_max = links + FEW_FILES;
    }
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) {
        return true;
    }
    (void)getrlimit(RLIMIT_NOFILE, &limit); // it could be read before
    (void)snprintf(text, sizeof text,
                   "%" PRIu64 " links take %" PRIu64
                   " file descriptors, and no more than %llu are allowed: "
                   "raise \"ulimit -Hn\"",
                   links, links + FEW_FILES,
                   (unsigned long long)limit.rlim_max);
    tell_failure(&bench->link, text);
    return false;
}

long
bench_own_kib(void)
{
    (void)malloc_trim(0); // whether it found anything does not matter
    return status_number("RssAnon");
}

long
bench_descriptors(void)
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

enum tool_exit
bench_open_links(struct bench *bench, uint64_t count, hawser_link *links)
{
    hawser_link link;
    uint64_t missing;

    for (uint64_t i = 0; i < count; i++) {
        hawser_status status =
            hawser_link_open(bench->session.bus, bench->url, NULL,
                             links == NULL ? &link : &links[i]);
        if (status != HAWSER_OK) {
            tell_failure(&bench->link, hawser_status_text(status));
            return TOOL_USAGE;
        }
    }
    missing = wait_for(bench, count);
    return missing == 0 ? TOOL_OK : refuse(bench, missing, count);
}

enum tool_exit
bench_open_first_links(struct bench *bench, hawser_link *links)
{
    enum tool_exit status;

    if (!bench_allow_files(bench, bench->count + BENCH_FIRST_LINKS)) {
        return TOOL_USAGE;
    }
    status = bench_open(bench);
    if (status != TOOL_OK) {
        return status;
    }
    if (links != NULL) {
        *links++ = bench->session.link;
    }
    return bench_open_links(bench, BENCH_FIRST_LINKS - 1, links);
}
