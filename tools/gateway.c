// gateway.c - passes on what comes from one link to another, both ways.
#include "gateway.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tell.h"

enum {
    ITEMS_AT_ONCE = 4096, // before the other side gets its turn
    GLANCE_MS = 10,       // between looks whether a full side has room
    FOREVER_MS = 3600000,
};

static struct gateway_side *
other(struct gateway *gateway, struct gateway_side *side)
{
    return &gateway->sides[side == &gateway->sides[0]];
}

// ---- the way out ----

static void
leave(struct gateway *gateway, enum tool_exit verdict)
{
    int timeout_ms = gateway->timeout_ms > 0 ? gateway->timeout_ms : FOREVER_MS;

    if (gateway->leaving) {
        return;
    }
    gateway->leaving = true;
    gateway->verdict = verdict;
    gateway->deadline_ms = session_now_ms() + timeout_ms;
    for (int i = 0; i < 2; i++) {
        struct session *session = &gateway->sides[i].session;

        // A link that has ended already says so in its CLOSED event.
        (void)hawser_link_drain(session->bus, session->link,
                                session->was_up ? timeout_ms : 0, 0, NULL);
    }
}

static void
leave_at_once(struct gateway *gateway)
{
    leave(gateway, TOOL_OK);
    for (int i = 0; i < 2; i++) {
        struct session *session = &gateway->sides[i].session;

        if (!session->closed) {
            session->closed = true;
            session->leftover = session_unsettled(session);
        }
    }
}

// ---- from one side to the other ----

static void
skip(struct gateway *gateway, struct gateway_side *side)
{
    char text[512];

    side->skipped++;
    (void)snprintf(text, sizeof text, "message %llu from %.200s: %s; skipped",
                   (unsigned long long)side->heard, side->urls,
                   hawser_last_error()); // may be cut
    tell_failure(&gateway->link, text);
}

// Hands the message to the other side. False: that is full, and it waits.
static bool
pass_on(struct gateway *gateway, struct gateway_side *side)
{
    struct session *to = &other(gateway, side)->session;

    switch (hawser_send_message(to->bus, to->link, side->pending, 0)) {
    case HAWSER_OK:
        break;
    case HAWSER_FULL:
    case HAWSER_NO_MEMORY:
    case HAWSER_SYSTEM:
        return false;
    case HAWSER_INVALID:
    case HAWSER_UNSUPPORTED:
        skip(gateway, side);
        break;
    default:
        side->lost++;
        break;
    }
    hawser_message_drop(side->pending);
    side->pending = NULL;
    return true;
}

static void
hear_event(struct gateway *gateway, struct gateway_side *side,
           const hawser_event *event)
{
    struct session *session = &side->session;
    bool goodbye = event->close_code == 1000 || event->close_code == 1001;

    session_note(session, event);
    if (event->kind == HAWSER_EVENT_STATE && event->state == HAWSER_FAILED) {
        leave(gateway, gateway->close_with_peer && goodbye
                           ? TOOL_OK
                           : session->last_exit);
    }
}

static void
hear(struct gateway *gateway, struct gateway_side *side)
{
    hawser_item item;

    if (side->pending != NULL && !pass_on(gateway, side)) {
        return;
    }
    for (int i = 0; i < ITEMS_AT_ONCE; i++) {
        if (gateway->leaving) { // its CLOSED may be next
            session_look(&side->session);
        }
        if (hawser_inbox_receive(side->inbox, &item, 0) != HAWSER_OK) {
            return;
        }
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            side->heard++;
            side->pending = item.message;
            if (!pass_on(gateway, side)) {
                return;
            }
            continue;
        }
        if (item.kind == HAWSER_ITEM_EVENT) {
            hear_event(gateway, side, item.event);
        }
        hawser_item_drop(&item);
    }
}

// ---- waiting ----

static void
look_at_clock(struct gateway *gateway)
{
    struct gateway_side *sides = gateway->sides;

    if (gateway->deadline_ms == 0 || session_now_ms() < gateway->deadline_ms) {
        return;
    }
    if (gateway->leaving) {
        leave_at_once(gateway);
    } else if (sides[0].session.was_up && sides[1].session.was_up) {
        gateway->deadline_ms = 0;
    } else {
        tell_failure(&gateway->link, "no connection in time");
        leave(gateway, sides[sides[0].session.was_up].session.last_exit);
    }
}

static int
next_wait_ms(const struct gateway *gateway)
{
    int64_t wait = FOREVER_MS;

    if (gateway->sides[0].pending != NULL ||
        gateway->sides[1].pending != NULL) {
        wait = GLANCE_MS;
    }
    if (gateway->deadline_ms != 0) {
        int64_t left = gateway->deadline_ms - session_now_ms();

        wait = left < wait ? left : wait;
    }
    return wait < 0 ? 0 : (int)wait;
}

static void
wait_and_move(struct gateway *gateway, int signals)
{
    struct gateway_side *sides = gateway->sides;
    struct pollfd fds[4] = {
        { .fd = signals, .events = POLLIN },
        { .fd = sides[0].session.bus_fd, .events = POLLIN },
    };

    for (int i = 0; i < 2; i++) { // who waits for the other reads no more
        fds[2 + i].fd =
            sides[i].pending == NULL ? sides[i].session.inbox_fd : -1;
        fds[2 + i].events = POLLIN;
    }
    if (poll(fds, 4, next_wait_ms(gateway)) < 0 && errno != EINTR) {
        leave(gateway, TOOL_USAGE);
    }
    if (sides[0].session.bus_fd >= 0) {
        (void)hawser_bus_step(sides[0].session.bus); // it can't refuse here
    }
    hear(gateway, &sides[0]);
    hear(gateway, &sides[1]);
    if (fds[0].revents != 0) {
        struct signalfd_siginfo info;

        (void)!read(signals, &info, sizeof info); // whichever it was
        if (gateway->leaving) {
            leave_at_once(gateway); // the second one
        }
        leave(gateway, TOOL_OK);
    }
    look_at_clock(gateway);
}

// ---- the whole ----

static enum tool_exit
open_sides(struct gateway *gateway, const char *one, const char *two)
{
    struct gateway_side *sides = gateway->sides;
    enum tool_exit status =
        session_open(&sides[0].session, &gateway->link, one);

    if (status != TOOL_OK) {
        return status;
    }
    sides[0].urls = one;
    sides[1].urls = two;
    sides[0].inbox = hawser_bus_inbox(sides[0].session.bus);
    status = session_watch(&sides[0].session);
    return status != TOOL_OK
               ? status
               : session_join(&sides[1].session, &sides[0].session, two,
                              &sides[1].inbox);
}

static enum tool_exit
judge(struct gateway *gateway)
{
    unsigned long long heard = 0, left = 0, skipped = 0, refused = 0;

    for (int i = 0; i < 2; i++) {
        const struct gateway_side *side = &gateway->sides[i];

        heard += side->heard;
        skipped += side->skipped;
        refused += side->session.refused;
        left += side->session.leftover + side->lost + (side->pending != NULL);
    }
    if (gateway->link.json) {
        (void)fprintf(stderr,
                      "{\"heard\":%llu,\"skipped\":%llu,\"refused\":%llu,"
                      "\"left\":%llu}\n",
                      heard, skipped, refused, left);
    } else if (left + skipped + refused > 0 || gateway->link.loudness > 1) {
        (void)fprintf(stderr,
                      "hawser: %llu messages heard, %llu not passed on\n",
                      heard, left + skipped + refused);
    }
    if (gateway->verdict != TOOL_OK) {
        return gateway->verdict;
    }
    return left + refused > 0 ? TOOL_LEFTOVER
           : skipped > 0      ? TOOL_USAGE
                              : TOOL_OK;
}

enum tool_exit
gateway_run(struct gateway *gateway, const char *one, const char *two)
{
    int signals = session_signals();
    enum tool_exit status;

    if (gateway->close_with_peer) {
        link_flags_set(&gateway->link, "on.close", "fail");
    }
    status = open_sides(gateway, one, two);
    if (status == TOOL_OK) {
        gateway->deadline_ms = gateway->timeout_ms > 0
                                   ? session_now_ms() + gateway->timeout_ms
                                   : 0;
        while (!gateway->sides[0].session.closed ||
               !gateway->sides[1].session.closed) {
            wait_and_move(gateway, signals);
        }
        status = judge(gateway);
        session_close(&gateway->sides[0].session); // and the other's link
    }
    hawser_message_drop(gateway->sides[0].pending);
    hawser_message_drop(gateway->sides[1].pending);
    link_flags_close(&gateway->link);
    (void)close(signals); // it held nothing
    return status;
}
