// tell.c - tells events of a link, on stderr.
#include "tell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *
as_json(const hawser_event *event)
{
    static const char *const kinds[] = { "state", "ask", "downgrade", "spool" };
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:s, s:i}", "event", kinds[event->kind], "state",
        hawser_state_name(event->state), "at_ms", (json_int_t)event->at_ms,
        "endpoint", event->endpoint, "wire", (int)event->wire);
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        { "peer", event->peer },
        { "error", event->error },
        { "reason", event->reason },
    };
    const struct {
        const char *name;
        json_int_t number;
    } numbers[] = {
        { "attempt", event->attempt },
        { "delay_ms", event->delay_ms },
        { "http_status", event->http_status },
        { "close_code", event->close_code },
        { "leftover", (json_int_t)event->leftover },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].text[0] != '\0') {
            // Bytes that are not UTF-8 are left out, as is all without memory.
            (void)json_object_set_new(object, texts[i].name,
                                      json_string(texts[i].text));
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].number != 0) {
            (void)json_object_set_new(object, numbers[i].name,
                                      json_integer(numbers[i].number));
        }
    }
    return object;
}

static void
print_json(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    // In one piece, since the log comes from other threads.
    if (text != NULL) {
        (void)fprintf(stderr, "%s\n", text); // stderr is all we have
    }
    free(text);
    json_decref(object);
}

// The peer's own words behind the cause.
static void
print_cause(const hawser_event *event)
{
    const char *error = event->error[0] != '\0' ? event->error : "lost";

    (void)fprintf(stderr, "%s", error);
    if (event->close_code != 0 && strstr(error, "close") == NULL) {
        (void)fprintf(stderr, " (close code %d)", event->close_code);
    }
    if (event->reason[0] != '\0' && strstr(error, event->reason) == NULL) {
        (void)fprintf(stderr, ": \"%s\"", event->reason);
    }
}

static void
print_line(const hawser_event *event)
{
    (void)fprintf(stderr, "hawser: ");
    if (event->kind == HAWSER_EVENT_DOWNGRADE) {
        (void)fprintf(stderr, "%s: not confirmed from here on: %s\n",
                      event->endpoint, event->error);
        return;
    }
    if (event->kind == HAWSER_EVENT_SPOOL) {
        (void)fprintf(stderr, "%s\n",
                      event->error[0] != '\0'
                          ? event->error
                          : "the spool can be written again");
        return;
    }
    switch (event->state) {
    case HAWSER_DIALING:
        (void)fprintf(stderr, "connecting to %s\n", event->endpoint);
        break;
    case HAWSER_UP:
        (void)fprintf(stderr, "up: %s", event->endpoint);
        (void)fprintf(stderr, event->peer[0] != '\0' ? " at %s\n" : "%s\n",
                      event->peer);
        break;
    case HAWSER_WAITING:
        (void)fprintf(stderr, "%s: ", event->endpoint);
        print_cause(event);
        (void)fprintf(stderr, "; again in %.1f s\n", event->delay_ms / 1000.0);
        break;
    case HAWSER_FAILED:
        (void)fprintf(stderr, "%s: ", event->endpoint);
        print_cause(event);
        (void)fprintf(stderr, "; not tried again\n");
        break;
    default:
        (void)fprintf(stderr, "%s\n", hawser_state_name(event->state));
        break;
    }
}

// How loud one must be for this event to be told.
static int
threshold(const hawser_event *event, bool was_up)
{
    if (event->kind == HAWSER_EVENT_DOWNGRADE ||
        event->kind == HAWSER_EVENT_SPOOL) {
        return 1;
    }
    switch (event->state) {
    case HAWSER_FAILED:
        return 0;
    case HAWSER_WAITING:
        return 1;
    case HAWSER_UP:
        return was_up || event->attempt > 1 ? 1 : 2;
    default:
        return 2;
    }
}

void
tell_event(const struct link_flags *flags, const hawser_event *event,
           bool was_up)
{
    if (flags->json) {
        if (flags->loudness > 0 || event->state == HAWSER_FAILED) {
            print_json(as_json(event));
        }
    } else if (flags->loudness >= threshold(event, was_up)) {
        print_line(event);
    }
}

void
tell_failure(const struct link_flags *flags, const char *sentence)
{
    if (flags->json) {
        print_json(json_pack("{s:s}", "failure", sentence));
    } else {
        (void)fprintf(stderr, "hawser: %s\n", sentence);
    }
}

void
tell_log_as_json(int level, const char *line, void *user)
{
    (void)user; // there is nothing to know
    print_json(json_pack("{s:s, s:i}", "log", line, "level", level));
}

// What a WebSocket close code says. A peer's own words are never looked at.
static enum tool_exit
class_of_close(int code)
{
    switch (code) {
    case 1003: // the same as options on.close_1003 and on.close_1008 speak of
    case 1007:
    case 1008:
    case 1010:
        return TOOL_REFUSED;
    default:
        return TOOL_UNREACHABLE;
    }
}

enum tool_exit
tell_class(const hawser_event *event)
{
    int http = event->http_status;
    const char *error = event->error;

    if (http != 0 && http != 101) {
        return http == 429 || http >= 500 ? TOOL_UNREACHABLE : TOOL_REFUSED;
    }
    if (event->close_code != 0) {
        return class_of_close(event->close_code);
    }
    // Certificates of our own that can't be read.
    if (strncmp(error, "tls.", 4) == 0 ||
        strncmp(error, "TLS: could not be set up", 24) == 0) {
        return TOOL_USAGE;
    }
    if (strncmp(error, "TLS: ", 5) == 0) {
        return TOOL_REFUSED;
    }
    if (strncmp(error, "confirm.strict: ", 16) == 0) {
        return TOOL_LEFTOVER;
    }
    if (strstr(error, ".timeout: ") != NULL ||
        strstr(error, "timed out") != NULL) {
        return TOOL_TIMEOUT;
    }
    return TOOL_UNREACHABLE;
}
