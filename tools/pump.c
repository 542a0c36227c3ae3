// pump.c - moves messages from an input to a link and back again.
#include "pump.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tell.h"
#include "utf8.h"

enum {
    ITEMS_AT_ONCE = 4096, // before others get their turn
    GLANCE_MS = 10,       // between looks at what no event tells
    GOODBYE_MS = 2000,
    STDOUT_ROOM = 256 * 1024,
};

// ---- the way out ----

static void
leave(struct pump *pump, enum tool_exit verdict)
{
    int64_t now = session_now_ms();

    if (pump->phase == PUMP_LEAVING) {
        return;
    }
    pump->phase = PUMP_LEAVING;
    pump->verdict = verdict;
    pump->deadline_ms = now + GOODBYE_MS;
    // A link that has ended already says so in its CLOSED event.
    (void)hawser_link_drain(pump->session.bus, pump->session.link,
                            verdict == TOOL_OK ? GOODBYE_MS : 0, 0, NULL);
}

// Why it did not become what was asked for.
static enum tool_exit
blame(const struct pump *pump)
{
    return pump->session.was_up ? TOOL_LEFTOVER : pump->session.last_exit;
}

// ---- from the link ----

static void
print_json(const void *bytes, size_t size, hawser_kind kind)
{
    json_t *object;

    if (kind == HAWSER_TEXT) {
        object = json_pack("{s:s, s:s%}", "type", "text", "data", bytes, size);
    } else {
        size_t room = 4 * ((size + 2) / 3) + 1;
        unsigned char *base64 = malloc(room);
        if (base64 == NULL) {
            return;
        }
        (void)EVP_EncodeBlock(base64, bytes, (int)size); // room was counted
        object = json_pack("{s:s, s:s}", "type", "binary", "base64", base64);
        free(base64);
    }
    (void)json_dumpf(object, stdout, JSON_COMPACT); // ferror tells, later
    (void)putchar('\n');
    json_decref(object);
}

static void
hear_message(struct pump *pump, hawser_message *message)
{
    const void *bytes = hawser_message_bytes(message);
    size_t size = hawser_message_size(message);

    pump->received++;
    if (pump->phase == PUMP_LINGERING) {
        pump->deadline_ms = session_now_ms() + pump->linger_ms;
    }
    if (!pump->print || pump->gone || (pump->one && pump->received > 1)) {
        return;
    }
    if (pump->link.json) {
        print_json(bytes, size, hawser_message_kind(message));
    } else {
        (void)fwrite(bytes, 1, size, stdout); // ferror tells, later
        if (pump->kind == HAWSER_TEXT) {
            (void)putchar(pump->after);
        }
    }
    if (pump->one) {
        leave(pump, TOOL_OK);
    }
}

static void
hear_event(struct pump *pump, const hawser_event *event)
{
    session_note(&pump->session, event);
    if (event->kind != HAWSER_EVENT_STATE) {
        return;
    }
    if (event->state == HAWSER_UP && pump->phase == PUMP_FLOWING) {
        pump->deadline_ms = 0;
    }
    if (event->state == HAWSER_FAILED) {
        bool goodbye = event->close_code == 1000 || event->close_code == 1001;
        leave(pump, pump->close_with_peer && goodbye ? TOOL_OK
                                                     : pump->session.last_exit);
    }
}

static void
hear(struct pump *pump)
{
    hawser_item item;

    for (int i = 0; i < ITEMS_AT_ONCE; i++) {
        if (hawser_receive(pump->session.bus, &item, 0) != HAWSER_OK) {
            break;
        }
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            hear_message(pump, item.message);
        } else if (item.kind == HAWSER_ITEM_EVENT) {
            hear_event(pump, item.event);
        }
        hawser_item_drop(&item);
    }
    if (pump->print && (fflush(stdout) != 0 || ferror(stdout)) && !pump->gone) {
        int error = errno;
        pump->gone = true;
        if (error != EPIPE) {
            char text[160];
            (void)snprintf(text, sizeof text, "stdout: %s", // may be cut
                           strerror(error));
            tell_failure(&pump->link, text);
        }
        clearerr(stdout); // it has been told, or is none
        leave(pump, error == EPIPE ? TOOL_OK : TOOL_USAGE);
    }
}

// ---- to the link ----

static void
skip(struct pump *pump, const char *why)
{
    char text[160];

    (void)snprintf(text, sizeof text, "message %llu: %s; not sent",
                   (unsigned long long)pump->input.count, why);
    tell_failure(&pump->link, text);
    pump->skipped++;
}

// Makes the next message of the input the pending one; false if there is none.
static bool
fetch(struct pump *pump)
{
    const void *bytes;
    size_t size;

    for (;;) {
        switch (input_next(&pump->input, &bytes, &size)) {
        case INPUT_NOTHING:
            return false;
        case INPUT_TOO_LONG:
            skip(pump, "longer than message.max, and so the last");
            bytes_clear(&pump->input.bytes);
            pump->input.at = pump->input.scanned = 0;
            return false;
        case INPUT_MESSAGE:
            break;
        }
        if (pump->kind == HAWSER_TEXT && !utf8_is_valid(bytes, size)) {
            skip(pump, "not UTF-8 (-b sends any bytes)");
        } else if (hawser_message_new(pump->kind, bytes, size,
                                      &pump->pending) == HAWSER_OK) {
            return true;
        } else {
            skip(pump, "out of memory");
        }
    }
}

// Sends until the input is dry, or the link is full.
static void
say(struct pump *pump)
{
    while (pump->pending != NULL || fetch(pump)) {
        hawser_status status = hawser_send_message(
            pump->session.bus, pump->session.link, pump->pending, 0);
        if (status == HAWSER_FULL) {
            return;
        }
        hawser_message_drop(pump->pending);
        pump->pending = NULL;
        if (status != HAWSER_OK) {
            skip(pump, status == HAWSER_INVALID ? hawser_last_error()
                                                : hawser_status_text(status));
        }
    }
    if (pump->input.ended && pump->phase == PUMP_FLOWING && !pump->no_close) {
        pump->phase = PUMP_SETTLING;
        pump->deadline_ms =
            pump->timeout_ms > 0 ? session_now_ms() + pump->timeout_ms : 0;
    }
}

// ---- waiting ----

// Whether the input would be read now.
static bool
may_read(const struct pump *pump)
{
    return pump->phase == PUMP_FLOWING && pump->pending == NULL &&
           input_is_dry(&pump->input);
}

static int
next_wait_ms(const struct pump *pump)
{
    int64_t wait = -1;

    if (pump->deadline_ms != 0) {
        wait = pump->deadline_ms - session_now_ms();
        wait = wait < 0 ? 0 : wait;
    }
    // No event tells that a full link has room, or that all is settled.
    if (pump->pending != NULL || pump->phase == PUMP_SETTLING) {
        wait = wait < 0 || wait > GLANCE_MS ? GLANCE_MS : wait;
    }
    return wait > 3600000 ? 3600000 : (int)wait;
}

// All is delivered. Answers may come; with -1, one must.
static void
linger(struct pump *pump)
{
    int wait_ms = pump->one ? pump->timeout_ms : pump->linger_ms;

    pump->phase = PUMP_LINGERING;
    pump->deadline_ms =
        wait_ms > 0 || !pump->one ? session_now_ms() + wait_ms : 0;
}

static void
look_at_clock(struct pump *pump)
{
    bool late = pump->deadline_ms != 0 && session_now_ms() >= pump->deadline_ms;

    // Without a connection nothing was tried, even if nothing was to send.
    if (pump->phase == PUMP_SETTLING && pump->session.was_up &&
        session_unsettled(&pump->session) == 0) {
        linger(pump);
    } else if (late && pump->phase == PUMP_LINGERING && !pump->one) {
        leave(pump, TOOL_OK);
    } else if (late && pump->phase == PUMP_LINGERING) {
        tell_failure(&pump->link, "no message in time");
        leave(pump, TOOL_TIMEOUT);
    } else if (late && pump->phase == PUMP_LEAVING) {
        pump->session.closed = true; // it had its time
        pump->session.leftover = session_unsettled(&pump->session);
    } else if (late) {
        tell_failure(&pump->link, pump->session.was_up
                                      ? "not all was confirmed in time"
                                      : "no connection in time");
        leave(pump, blame(pump));
    }
}

static void
wait_and_move(struct pump *pump, int signals)
{
    struct pollfd fds[4] = {
        { .fd = pump->session.inbox_fd, .events = POLLIN },
        { .fd = signals, .events = POLLIN },
        { .fd = may_read(pump) ? STDIN_FILENO : -1, .events = POLLIN },
        { .fd = pump->session.bus_fd, .events = POLLIN },
    };

    if (poll(fds, 4, next_wait_ms(pump)) < 0 && errno != EINTR) {
        leave(pump, TOOL_USAGE);
    }
    if (pump->session.bus_fd >= 0) {
        (void)hawser_bus_step(pump->session.bus); // it can't refuse here
    }
    if (fds[1].revents != 0) {
        struct signalfd_siginfo info;
        // Whichever it was: the second one ends it at once.
        (void)!read(signals, &info, sizeof info);
        if (pump->phase == PUMP_LEAVING) {
            pump->session.closed = true;
        }
        // Without a connection nothing was done, even if nothing was to send.
        leave(pump,
              pump->session.was_up && session_unsettled(&pump->session) == 0
                  ? TOOL_OK
                  : blame(pump));
    }
    if (fds[2].revents != 0) {
        input_read(&pump->input);
    }
    hear(pump);
    if (pump->phase == PUMP_FLOWING) {
        say(pump);
    }
    look_at_clock(pump);
}

// ---- the whole ----

static enum tool_exit
judge(struct pump *pump)
{
    uint64_t left = pump->session.leftover + (pump->pending != NULL);

    if (left > 0 && pump->verdict == TOOL_OK) {
        pump->verdict = blame(pump);
    }
    if (left > 0 || (pump->link.loudness > 1 && !pump->print)) {
        pump_tell_outcome(pump, pump->input.count - pump->skipped, left);
    }
    if (pump->verdict == TOOL_OK && pump->skipped > 0) {
        return TOOL_USAGE;
    }
    if (pump->input.error != 0) {
        char text[160];
        (void)snprintf(text, sizeof text, "stdin: %s", // may be cut
                       strerror(pump->input.error));
        tell_failure(&pump->link, text);
        return TOOL_USAGE;
    }
    if (pump->verdict == TOOL_OK && pump->must_arrive &&
        pump->session.downgraded) {
        tell_failure(&pump->link, "whether all has arrived is not known; -o "
                                  "confirm=none asks for no more");
        return TOOL_LEFTOVER;
    }
    return pump->verdict;
}

void
pump_tell_outcome(const struct pump *pump, uint64_t accepted, uint64_t left)
{
    if (pump->link.json) {
        (void)fprintf(
            stderr, "{\"sent\":%llu,\"settled\":%llu,\"left\":%llu}\n",
            (unsigned long long)accepted, (unsigned long long)(accepted - left),
            (unsigned long long)left);
    } else {
        (void)fprintf(stderr, "hawser: %llu of %llu messages settled\n",
                      (unsigned long long)(accepted - left),
                      (unsigned long long)accepted);
    }
}

static void
learn_limits(struct pump *pump)
{
    const char *text = "";
    char *end;
    size_t scale = 1;

    // The option's own text: 16777216, 64KiB, 16MiB.
    (void)hawser_options_get(pump->link.options, "message.max", &text);
    pump->input.max = strtoull(text, &end, 10);
    scale = strcmp(end, "KiB") == 0   ? 1 << 10
            : strcmp(end, "MiB") == 0 ? 1 << 20
            : strcmp(end, "GiB") == 0 ? 1 << 30
                                      : 1;
    pump->input.max *= scale;
}

enum tool_exit
pump_run(struct pump *pump, const char *urls)
{
    int signals = session_signals();
    enum tool_exit status;

    learn_limits(pump);
    if (pump->close_with_peer) {
        link_flags_set(&pump->link, "on.close", "fail");
    }
    status = session_open(&pump->session, &pump->link, urls);
    if (status == TOOL_OK) {
        status = session_watch(&pump->session);
    }
    if (status == TOOL_OK) {
        (void)setvbuf(stdout, NULL, _IOFBF, STDOUT_ROOM); // slower without
        pump->deadline_ms =
            pump->timeout_ms > 0 ? session_now_ms() + pump->timeout_ms : 0;
        while (!pump->session.closed) {
            wait_and_move(pump, signals);
        }
        status = judge(pump);
        session_close(&pump->session);
    }
    hawser_message_drop(pump->pending);
    input_free(&pump->input);
    link_flags_close(&pump->link);
    (void)close(signals); // it held nothing
    return status;
}
