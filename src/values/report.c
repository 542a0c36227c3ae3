// report.c - what is told of one moment in a link's life, in words.
#include "values/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// Shared by all who could not be given one of their own; never freed.
static struct hw_report no_memory = {
    .holds = 1,
    .cause = HAWSER_CAUSE_LOCAL,
    .retry_after_ms = -1,
    .peer = "",
    .protocol = "",
    .error = "out of memory",
    .reason = "",
    .headers = "",
};

enum { TEXTS = 5 };

static int64_t
unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// One block: the report, then its texts behind one another.
static struct hw_report *
make(const char *const texts[TEXTS])
{
    struct hw_report *report;
    size_t sizes[TEXTS], all = sizeof *report;
    char *at;
    const char *placed[TEXTS];

    for (int i = 0; i < TEXTS; i++) {
        sizes[i] = (texts[i] == NULL ? 0 : strlen(texts[i])) + 1;
        all += sizes[i];
    }
    report = calloc(1, all);
    if (report == NULL) {
        return &no_memory;
    }
    at = (char *)(report + 1);
    for (int i = 0; i < TEXTS; i++) {
        memcpy(at, texts[i] == NULL ? "" : texts[i], sizes[i]);
        placed[i] = at;
        at += sizes[i];
    }
    atomic_init(&report->holds, 1);
    report->retry_after_ms = -1;
    report->at_ms = unix_ms();
    report->peer = placed[0];
    report->protocol = placed[1];
    report->error = placed[2];
    report->reason = placed[3];
    report->headers = placed[4];
    return report;
}

struct hw_report *
hw_report_opened(const hawser_opened *info)
{
    const char *const texts[TEXTS] = { info->peer, info->protocol, "", "",
                                       info->headers };
    struct hw_report *report = make(texts);

    if (report == &no_memory) {
        return NULL;
    }
    report->http_status = info->http_status;
    report->barriers = info->barriers != 0;
    return report;
}

struct hw_report *
hw_report_lost(const hawser_lost *why)
{
    const char *const texts[TEXTS] = { "", "", why->error, why->reason,
                                       why->headers };
    struct hw_report *report = make(texts);

    if (report != &no_memory) {
        report->cause = why->cause;
        report->http_status = why->http_status;
        report->close_code = why->close_code;
        report->retry_after_ms = why->retry_after_ms;
    }
    return report;
}

struct hw_report *
hw_report_error(hawser_cause cause, const char *error)
{
    const hawser_lost why = { .cause = cause,
                              .error = error,
                              .retry_after_ms = -1 };

    return hw_report_lost(&why);
}

struct hw_report *
hw_report_now(void)
{
    return hw_report_error(HAWSER_CAUSE_LOCAL, "");
}

struct hw_report *
hw_report_again(const struct hw_report *report)
{
    const char *const texts[TEXTS] = { report->peer, report->protocol,
                                       report->error, report->reason,
                                       report->headers };
    struct hw_report *again = make(texts);

    if (again != &no_memory) {
        again->cause = report->cause;
        again->http_status = report->http_status;
        again->close_code = report->close_code;
        again->retry_after_ms = report->retry_after_ms;
        again->barriers = report->barriers;
    }
    return again;
}

struct hw_report *
hw_report_hold(struct hw_report *report)
{
    if (report != &no_memory) {
        atomic_fetch_add_explicit(&report->holds, 1, memory_order_relaxed);
    }
    return report;
}

void
hw_report_drop(struct hw_report *report)
{
    if (report == NULL || report == &no_memory) {
        return;
    }
    if (atomic_fetch_sub_explicit(&report->holds, 1, memory_order_acq_rel) ==
        1) {
        free(report);
    }
}
