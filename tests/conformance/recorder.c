// recorder.c - what a transport says is judged by transport.h, and noted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

// ---- ears ----

static void *
copy_of(const void *bytes, size_t size)
{
    void *copy = malloc(size + 1);

    if (copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

void
ear_note(struct ear *ear, hawser_kind kind, const void *topic,
         size_t topic_size, const void *bytes, size_t size)
{
    if (ear->count == ear->room) {
        ear->room = ear->room * 2 + 64;
        ear->notes = realloc(ear->notes, ear->room * sizeof *ear->notes);
        if (ear->notes == NULL) {
            abort();
        }
    }
    ear->notes[ear->count++] = (struct note){
        .kind = kind,
        .topic = copy_of(topic, topic_size),
        .topic_size = topic_size,
        .bytes = copy_of(bytes, size),
        .size = size,
    };
    ear->bytes += size;
}

void
ear_clear(struct ear *ear)
{
    for (size_t i = 0; i < ear->count; i++) {
        free(ear->notes[i].topic);
        free(ear->notes[i].bytes);
    }
    free(ear->notes);
    memset(ear, 0, sizeof *ear);
}

// ---- rules ----

// Whether the call is allowed at all. Only lost may come from inside a verb,
// and not from inside dial and close; and refused from inside send.
static bool
allowed(hawser_port *port, const char *what, bool is_lost)
{
    const char *inside = port->inside;
    uv_thread_t self = uv_thread_self();

    if (!uv_thread_equal(&self, &port->stage->thread)) {
        stage_fault(port->stage, "%s on another thread", what);
    } else if (port->closed) {
        stage_fault(port->stage, "%s after close", what);
    } else if (port->times_lost > 0) {
        stage_fault(port->stage, "%s after lost", what);
    } else if (inside != NULL && (!is_lost || strcmp(inside, "dial") == 0 ||
                                  strcmp(inside, "close") == 0)) {
        stage_fault(port->stage, "%s from inside %s", what, inside);
    } else {
        // What a timer told is looked at before the loop waits for more.
        uv_stop(&port->stage->loop);
        return true;
    }
    return false;
}

static bool
allowed_when_open(hawser_port *port, const char *what)
{
    if (!allowed(port, what, false)) {
        return false;
    }
    if (!port->ear.opened) {
        stage_fault(port->stage, "%s before opened", what);
        return false;
    }
    return true;
}

void
record_opened(hawser_port *port, const hawser_opened *info)
{
    if (!allowed(port, "opened", false)) {
        return;
    }
    if (port->times_opened++ > 0) {
        stage_fault(port->stage, "opened twice");
    }
    if (info->peer == NULL || info->peer[0] == '\0' || info->protocol == NULL ||
        info->headers == NULL) {
        stage_fault(port->stage, "opened names no peer, or has a NULL text");
    }
    port->ear.opened = true;
}

void
record_writable(hawser_port *port)
{
    if (!allowed_when_open(port, "writable")) {
        return;
    }
    port->times_writable++;
    if (port->times_writable > port->times_short) {
        stage_fault(port->stage, "writable, though send had taken all");
    }
}

void
record_passed(hawser_port *port, uint64_t number)
{
    if (!allowed_when_open(port, "passed")) {
        return;
    }
    if (number <= port->passed || number > port->asked) {
        stage_fault(
            port->stage, "passed(%llu), with %llu passed and %llu asked",
            (unsigned long long)number, (unsigned long long)port->passed,
            (unsigned long long)port->asked);
    }
    port->passed = number;
    if (port->on_passed != NULL) {
        port->on_passed(port);
    }
}

void
record_received(hawser_port *port, hawser_kind kind, const void *topic,
                size_t topic_size, const void *bytes, size_t size)
{
    if (!allowed_when_open(port, "received")) {
        return;
    }
    if ((kind != HAWSER_BINARY && kind != HAWSER_TEXT) ||
        (bytes == NULL && size > 0)) {
        stage_fault(port->stage, "received without a kind, or without bytes");
        return;
    }
    ear_note(&port->ear, kind, topic, topic_size, bytes, size);
    if (port->on_received != NULL) {
        port->on_received(port);
    }
}

void
record_alive(hawser_port *port)
{
    if (allowed(port, "alive", false)) {
        port->times_alive++;
    }
}

void
record_refused(hawser_port *port, size_t index, const char *sentence)
{
    if (port->closed || port->times_lost > 0) {
        stage_fault(port->stage, "refused after close or lost");
    } else if (port->inside == NULL || strcmp(port->inside, "send") != 0) {
        stage_fault(port->stage, "refused from outside of send");
    } else if (index >= port->offered || index < port->refused_end) {
        stage_fault(port->stage, "refused(%zu) of %zu, behind %zu", index,
                    port->offered, port->refused_end);
    } else if (sentence[0] == '\0') {
        stage_fault(port->stage, "refused without a sentence");
    } else {
        port->refused_end = index + 1;
    }
}

void
record_note(hawser_port *port, const char *sentence)
{
    if (port->closed || port->times_lost > 0) {
        stage_fault(port->stage, "a note after close or lost");
    } else if (sentence[0] == '\0') {
        stage_fault(port->stage, "a note without a sentence");
    }
}

void
record_lost(hawser_port *port, const hawser_lost *why)
{
    if (!allowed(port, "lost", true)) {
        return;
    }
    port->times_lost++;
    port->ear.gone = true;
    if (why->error == NULL || why->error[0] == '\0' || why->reason == NULL ||
        why->headers == NULL) {
        stage_fault(port->stage, "lost without a sentence, or with a NULL");
        return;
    }
    port->cause = why->cause;
    port->ear.code = why->close_code;
    (void)snprintf(port->error, sizeof port->error, "%s", why->error); // cut
    (void)snprintf(port->ear.reason, sizeof port->ear.reason, "%s",
                   why->reason); // cut
}
