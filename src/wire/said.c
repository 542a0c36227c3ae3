// said.c - what transports say: judged, then made letters of.
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "values/batch.h"
#include "values/report.h"
#include "wire/port_private.h"

// ---- letters ----

void
hw_port_say(struct hw_ports *ports, unsigned to, unsigned kind, uint32_t link,
            uint32_t wire, uint64_t number, void *thing)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .link = link,
        .wire = wire,
        .number = number,
        .thing = thing,
    };

    hw_say(ports->seat, to, &letter);
}

void
hw_port_say_batch(hawser_port *port)
{
    struct hw_batch *batch = port->batch;

    if (batch != NULL) {
        port->batch = NULL;
        hw_port_say(port->ports, HW_RECEIVER, HW_LETTER_WIRE_RECEIVED,
                    port->link, port->number, 0, batch);
    }
}

void
hw_port_say_lost(struct hw_ports *ports, uint32_t link, uint32_t wire,
                 struct hw_report *report)
{
    hw_port_say(ports, HW_SUPERVISOR, HW_LETTER_WIRE_LOST, link, wire, 0,
                report);
}

// ---- what transports say ----

static void
note_life(hawser_port *port)
{
    struct hw_ports *ports = port->ports;

    port->heard_at_ms = ports->seat->clock_us(ports->seat) / 1000;
}

// The reason why opened may not be said, or NULL.
static const char *
why_not_open(const hawser_port *port)
{
    return port->inside > 0 ? "opened from inside a verb"
           : port->opened   ? "opened twice"
                            : NULL;
}

// Without memory for what it said, a wire is of no use: the supervisor hears of
// a loss, and closes it. Until then nothing more of it is handed on.
static void
give_up(hawser_port *port)
{
    port->deaf = true;
    HW_LOG(1, "%s: out of memory for what came", port->name);
    hw_port_say_lost(port->ports, port->link, port->number,
                     hw_report_error(HAWSER_CAUSE_LOCAL, "out of memory"));
}

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    struct hw_report *report;
    struct hw_ports *ports;
    const char *why_not;

    if (!hw_rule_may_call(port, "opened") || port->deaf) {
        return;
    }
    why_not = why_not_open(port);
    if (why_not != NULL) {
        hw_rule_broken(port, "%s", why_not);
        return;
    }
    ports = port->ports;
    port->opened = true;
    note_life(port);
    hw_port_drop_attempt(&ports->rows[port->link]);
    report = hw_report_opened(info);
    if (report == NULL) {
        give_up(port); // what it can do would not be known
        return;
    }
    hw_port_say(ports, HW_SUPERVISOR, HW_LETTER_WIRE_OPENED, port->link,
                port->number, 0, report);
}

void
hawser_port_writable(hawser_port *port)
{
    if (hw_rule_may_speak(port, "writable")) {
        hw_port_say(port->ports, HW_SENDER, HW_LETTER_WIRE_WRITABLE, port->link,
                    port->number, 0, NULL);
    }
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    if (!hw_rule_may_speak(port, "passed")) {
        return;
    }
    if (number <= port->passed || number > port->asked) {
        hw_rule_broken(port, "passed(%llu), with %llu asked and %llu passed",
                       (unsigned long long)number,
                       (unsigned long long)port->asked,
                       (unsigned long long)port->passed);
        return;
    }
    port->passed = number;
    hw_port_say(port->ports, HW_SENDER, HW_LETTER_WIRE_PASSED, port->link,
                port->number, number, NULL);
}

void
hawser_port_alive(hawser_port *port)
{
    if (hw_rule_may_speak(port, "alive")) {
        port->heard_times++;
        note_life(port);
    }
}

// The reason why this may not be refused, or NULL.
static const char *
why_not_refused(const hawser_port *port, size_t index)
{
    const struct hw_ports *ports = port->ports;

    return ports->sending != port       ? "refused from outside of send"
           : index >= ports->offered    ? "refused what send was not given"
           : index < ports->refused_end ? "refused twice, or not in order"
                                        : NULL;
}

// 1, 2, 4, 8 …
static void
log_refused(hawser_port *port, const char *sentence)
{
    uint64_t refused = ++port->refused;

    if ((refused & (refused - 1)) == 0) {
        HW_LOG(2, "%s: %llu messages refused: %s", port->name,
               (unsigned long long)refused, sentence);
    }
}

void
hawser_port_refused(hawser_port *port, size_t index, const char *sentence)
{
    struct hw_ports *ports;
    const char *why_not;

    if (!hw_rule_may_call(port, "refused") || port->deaf) {
        return;
    }
    ports = port->ports;
    why_not = why_not_refused(port, index);
    if (why_not != NULL) {
        hw_rule_broken(port, "%s", why_not);
        return;
    }
    HW_CHECK(index < HW_BATCH_MESSAGES_MAX, "mail is of one batch");
    if (ports->refused_end == 0) {
        memset(ports->refused, 0, sizeof ports->refused);
    }
    ports->refused[index / 64] |= UINT64_C(1) << index % 64;
    ports->refused_end = index + 1;
    log_refused(port, sentence);
}

void
hawser_port_note(hawser_port *port, const char *sentence)
{
    HW_LOG(2, "%s: %s", port->name, sentence);
}

static void
note_full(hawser_port *port)
{
    struct hw_ports *ports = port->ports;

    if (!port->gathered) {
        port->gathered = true;
        port->next_full = ports->full;
        ports->full = port;
    }
}

// A batch of 64 KiB when messages come in bursts, to measure for the first.
static struct hw_batch *
room_for(hawser_port *port, size_t size, bool more)
{
    size_t room = hw_batch_room(size);

    if (more && room < HW_BATCH_ROOM_MAX) {
        room = HW_BATCH_ROOM_MAX;
    } else if (room < 1024) {
        room = 1024;
    }
    port->batch = hw_batch_new(room);
    if (port->batch != NULL) {
        note_full(port);
    }
    return port->batch;
}

// What does not fit into a message, or above the limit, breaks a rule.
static bool
is_message(hawser_port *port, hawser_kind kind, const void *topic,
           size_t topic_size, const void *bytes, size_t size)
{
    if (size > port->message_max) {
        hw_rule_broken(port, "received %zu bytes, above message.max of %zu",
                       size, port->message_max);
    } else if (kind != HAWSER_BINARY && kind != HAWSER_TEXT) {
        hw_rule_broken(port, "received a message of kind %d", (int)kind);
    } else if (topic_size > UINT16_MAX || (topic == NULL && topic_size > 0) ||
               (bytes == NULL && size > 0)) {
        hw_rule_broken(port, "received a message without its bytes");
    } else {
        return true;
    }
    return false;
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    const struct hawser_message message = {
        .bytes = bytes,
        .topic = topic,
        .size = (uint32_t)size,
        .topic_size = (uint16_t)topic_size,
        .kind = (uint8_t)kind,
    };
    bool more;

    if (!hw_rule_may_speak(port, "received") ||
        !is_message(port, kind, topic, topic_size, bytes, size)) {
        return port->deaf ? HAWSER_NO_MEMORY : HAWSER_OK;
    }
    more = port->batch != NULL;
    if (more && hw_batch_add(port->batch, &message)) {
        return HAWSER_OK;
    }
    hw_port_say_batch(port);
    if (room_for(port, size + topic_size, more) == NULL) {
        give_up(port); // the application would hear with a gap
        return HAWSER_NO_MEMORY;
    }
    (void)hw_batch_add(port->batch, &message); // made to measure: it fits
    return HAWSER_OK;
}

// A dial that failed tries the next address; a wire that was open is lost.
static void
lose(hawser_port *port, struct hw_report *report)
{
    struct hw_ports *ports = port->ports;
    uint32_t link = port->link, wire = port->number;
    struct hw_port_row *row = &ports->rows[link];
    bool opened = port->opened;

    hw_port_end(port);
    if (!opened && row->attempt != NULL && row->wire == wire) {
        if (report->cause != HAWSER_CAUSE_UNREACHABLE) {
            row->attempt->next = row->attempt->addresses.count;
        }
        hw_port_try_next(ports, link, report);
        return;
    }
    hw_port_say_lost(ports, link, wire, report);
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    struct hw_report *report;

    if (!hw_rule_may_call(port, "lost")) {
        return;
    }
    if (port->dialling) { // dial goes on when the verb is back
        hw_rule_broken(port, "lost from inside dial");
        hw_port_end(port);
        return;
    }
    report = port->broken;
    port->broken = NULL;
    lose(port, report != NULL ? report : hw_report_lost(why));
}

const char *
hawser_port_name(const hawser_port *port)
{
    return port->name;
}
