// rules.c - what becomes of a transport that breaks the rules of transport.h.
//
// A transport may be a stranger's, so a rule that it breaks is not a promise
// broken inside Hawser: the log has a sentence, and the wire is lost with it.
// What can't be taken back, such as a call about a wire that is gone, is logged
// and has no effect.
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "values/report.h"
#include "wire/port_private.h"

enum { SENTENCE_SIZE = 256, NOBODY = 1 };

// Held by who calls on another thread, so that the loop he wakes is there.
static pthread_mutex_t straying = PTHREAD_MUTEX_INITIALIZER;

// ---- broken ----

void
hw_rule_broken(hawser_port *port, const char *format, ...)
{
    char what[SENTENCE_SIZE / 2], sentence[SENTENCE_SIZE];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(what, sizeof what, format, values); // cut
    va_end(values);
    (void)snprintf(sentence, sizeof sentence,
                   "transport %.60s broke a rule: %s", port->transport->schemes,
                   what);
    HW_LOG(1, "%s: %s", port->name, sentence);
    if (port->broken == NULL && !port->deaf && !port->gone) {
        port->deaf = true;
        port->broken = hw_report_error(HAWSER_CAUSE_LOCAL, sentence);
        hw_rule_tell(port);
    }
}

void
hw_rule_tell(hawser_port *port)
{
    struct hw_report *report = port->broken;

    if (report == NULL || port->inside > 0) {
        return; // once no verb is running
    }
    port->broken = NULL;
    hw_port_say_batch(port);
    hw_port_drop_attempt(&port->ports->rows[port->link]);
    hw_port_say_lost(port->ports, port->link, port->number, report);
}

// ---- may it call? ----

// Looked at before anything else: only what is atomic may be touched.
static bool
is_stray(hawser_port *port)
{
    struct hw_ports *ports = port->ports;
    uintptr_t thread =
        atomic_load_explicit(&ports->thread, memory_order_relaxed);

    return thread != (uintptr_t)pthread_self() && thread != 0;
}

static void
note_stray(hawser_port *port, const char *call)
{
    struct hw_ports *ports = port->ports;

    if (atomic_load(&ports->thread) == NOBODY) {
        HW_LOG(1, "a transport said %s of a bus that is closed", call);
        return;
    }
    HW_LOG(1, "a transport said %s on another thread than its loop's", call);
    (void)pthread_mutex_lock(&straying); // can't fail
    atomic_store(&port->strayed, true);
    atomic_store(&ports->strayed, true);
    if (ports->wakes != NULL) {
        hw_loop_knock(ports->wakes);
    }
    (void)pthread_mutex_unlock(&straying);
}

// Once for each wire: such a transport may do it often.
static void
note_late(hawser_port *port, const char *call)
{
    if (!port->was_late) {
        port->was_late = true;
        hw_rule_broken(port, "%s after close or lost", call);
    }
}

bool
hw_rule_may_call(hawser_port *port, const char *call)
{
    if (is_stray(port)) {
        note_stray(port, call);
        return false;
    }
    if (port->gone) {
        note_late(port, call);
        return false;
    }
    return true;
}

bool
hw_rule_may_speak(hawser_port *port, const char *call)
{
    if (!hw_rule_may_call(port, call) || port->deaf) {
        return false;
    }
    if (port->inside > 0) {
        hw_rule_broken(port, "%s from inside a verb", call);
        return false;
    }
    if (!port->opened) {
        hw_rule_broken(port, "%s before opened", call);
        return false;
    }
    return true;
}

// ---- threads ----

void
hw_rule_follow(struct hw_ports *ports, struct hw_loop *loop)
{
    (void)pthread_mutex_lock(&straying); // can't fail
    atomic_store(&ports->thread, 0);
    ports->wakes = loop;
    (void)pthread_mutex_unlock(&straying);
    if (loop != NULL) {
        hw_loop_tell_thread(loop, &ports->thread);
    }
}

void
hw_rule_forget(struct hw_ports *ports)
{
    if (ports->wakes != NULL) {
        hw_loop_tell_thread(ports->wakes, NULL);
    }
    (void)pthread_mutex_lock(&straying); // can't fail
    atomic_store(&ports->thread, NOBODY);
    ports->wakes = NULL;
    (void)pthread_mutex_unlock(&straying);
}

void
hw_rule_judge_strays(struct hw_ports *ports)
{
    if (!atomic_load(&ports->strayed)) {
        return;
    }
    atomic_store(&ports->strayed, false);
    for (uint32_t i = 0; i < ports->rows_reached; i++) {
        hawser_port *port = ports->rows[i].port;

        if (port != NULL && atomic_exchange(&port->strayed, false)) {
            hw_rule_broken(port, "called on another thread than its loop's");
        }
    }
}
