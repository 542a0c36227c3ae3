// session.c - one bus with one link: what most commands need.
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include "tell.h"

int64_t
session_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); // can't fail for this clock
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum tool_exit
refuse(struct session *session, const char *urls, hawser_status status)
{
    char text[1024];
    const char *why = hawser_last_error();

    if (why[0] == '\0') {
        why = hawser_status_text(status);
    }
    // Some sentences say themselves what they are about.
    if (urls[0] == '\0' || strstr(why, urls) != NULL) {
        tell_failure(session->flags, why);
    } else {
        (void)snprintf(text, sizeof text, "%s: %s", urls, why); // may be cut
        tell_failure(session->flags, text);
    }
    session_close(session);
    return TOOL_USAGE;
}

enum tool_exit
session_open_bus(struct session *session, const struct link_flags *flags)
{
    hawser_status status;

    *session = (struct session){ .flags = flags,
                                 .last_exit = TOOL_UNREACHABLE,
                                 .inbox_fd = -1,
                                 .bus_fd = -1 };
    (void)signal(SIGPIPE, SIG_IGN); // can't fail; a write tells it
    if (flags->loudness > 2) {
        hawser_log_set(4, flags->json ? tell_log_as_json : NULL, NULL);
    }
    status = hawser_bus_open(flags->options, &session->bus);
    if (status != HAWSER_OK) {
        session->bus = NULL;
        return refuse(session, "the bus", status);
    }
    return TOOL_OK;
}

enum tool_exit
session_open(struct session *session, const struct link_flags *flags,
             const char *urls)
{
    enum tool_exit opened = session_open_bus(session, flags);
    hawser_status status;

    if (opened != TOOL_OK) {
        return opened;
    }
    // The link's options are the bus's: they were given above.
    status = hawser_link_open(session->bus, urls, NULL, &session->link);
    return status == HAWSER_OK ? TOOL_OK : refuse(session, urls, status);
}

enum tool_exit
session_join(struct session *session, struct session *first, const char *urls,
             hawser_inbox **inbox)
{
    hawser_status status = hawser_inbox_open(first->bus, inbox);

    *session = (struct session){ .flags = first->flags,
                                 .bus = first->bus,
                                 .last_exit = TOOL_UNREACHABLE,
                                 .inbox_fd = -1,
                                 .bus_fd = first->bus_fd };
    if (status == HAWSER_OK) {
        status = hawser_inbox_fd(*inbox, &session->inbox_fd);
    }
    if (status == HAWSER_OK) {
        status = hawser_link_open_in(*inbox, urls, NULL, &session->link);
    }
    return status == HAWSER_OK ? TOOL_OK : refuse(first, urls, status);
}

int
session_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set); // none of these can fail on a set of ours
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    // Before any thread is there, so that all have them blocked.
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum tool_exit
session_watch(struct session *session)
{
    hawser_status status =
        hawser_inbox_fd(hawser_bus_inbox(session->bus), &session->inbox_fd);

    if (status != HAWSER_OK) {
        return refuse(session, "the inbox", status);
    }
    if (hawser_bus_fd(session->bus, &session->bus_fd) != HAWSER_OK) {
        session->bus_fd = -1;
    }
    return TOOL_OK;
}

void
session_close(struct session *session)
{
    // What was left is known by now, and told by the commands themselves.
    (void)hawser_bus_close(session->bus, 0);
    session->bus = NULL;
}

void
session_note(struct session *session, const hawser_event *event)
{
    tell_event(session->flags, event, session->was_up);
    session->downgraded |= event->kind == HAWSER_EVENT_DOWNGRADE;
    if (event->kind != HAWSER_EVENT_STATE) {
        return;
    }
    session->state = event->state;
    session->was_up |= event->state == HAWSER_UP;
    if (event->state == HAWSER_WAITING || event->state == HAWSER_FAILED) {
        session->last_exit = tell_class(event);
        session->close_code = event->close_code;
    }
    if (event->state == HAWSER_CLOSED) {
        session->closed = true;
        session->leftover = event->leftover;
    }
}

static bool
read_stats(const struct session *session, hawser_link_stats *stats)
{
    stats->size = sizeof *stats;
    return hawser_link_get_stats(session->bus, session->link, stats) ==
           HAWSER_OK;
}

void
session_look(struct session *session)
{
    hawser_link_stats stats;

    if (read_stats(session, &stats)) {
        session->refused = stats.refused;
    }
}

uint64_t
session_unsettled(struct session *session)
{
    hawser_link_stats stats;

    return read_stats(session, &stats) ? stats.waiting + stats.in_flight
                                       : session->leftover;
}
