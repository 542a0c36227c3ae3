// port.c - where wires are tied up: the only caller of a transport.
//
// Hears  LINK_OPEN, LINK_FORGET, WIRE_DIAL, WIRE_CLOSE from the supervisor.
// Says   WIRE_OPENED, WIRE_LOST to the supervisor, WIRE_WRITABLE, WIRE_PASSED
//        to the sender, WIRE_RECEIVED to the receiver.
// Keeps  one row for each link: its plan, and the wire it has now.
// Never  decides when to dial, or keeps a message longer than a turn.
#include "wire/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/pages.h"
#include "base/refusal.h"
#include "values/batch.h"
#include "values/plan.h"
#include "values/report.h"
#include "wire/kept.h"
#include "wire/port_private.h"

enum { SENTENCE_SIZE = 512 };

// The role keeps nothing but where the ports are.
struct port_actor {
    struct hw_ports *ports;
};

static struct hw_kept kept_ports = HW_KEPT_OF(hawser_port);
static struct hw_kept kept_rows = HW_KEPT_OF(struct hw_ports);

// ---- wires ----

static void
forget_full(hawser_port *port)
{
    hawser_port **at = &port->ports->full;

    if (!port->gathered) {
        return;
    }
    while (*at != port) {
        at = &(*at)->next_full;
    }
    *at = port->next_full;
    port->gathered = false;
}

static void
put_away(hawser_port *port)
{
    forget_full(port);
    hw_plan_drop(port->plan);
    hw_report_drop(port->broken);
    port->plan = NULL;
    port->broken = NULL;
    port->gone = true;
    hw_kept_give(&kept_ports, port);
}

// The transport let go, or was let go: nothing comes from there any more.
void
hw_port_end(hawser_port *port)
{
    struct hw_port_row *row = &port->ports->rows[port->link];

    hw_port_say_batch(port);
    if (row->port == port) {
        row->port = NULL;
    }
    port->gone = true;
    if (port->inside == 0) {
        put_away(port);
    }
}

static void
enter(hawser_port *port)
{
    port->inside++;
}

static void
leave(hawser_port *port)
{
    port->inside--;
    if (port->inside > 0) {
        return;
    }
    if (port->gone) {
        put_away(port);
    } else {
        hw_rule_tell(port);
    }
}

void
hw_port_drop_attempt(struct hw_port_row *row)
{
    if (row->attempt != NULL) {
        free(row->attempt->headers);
        free(row->attempt);
        row->attempt = NULL;
    }
}

static hawser_port *
wire_of(struct hw_ports *ports, uint32_t link, uint32_t wire)
{
    hawser_port *port = ports->rows[link].port;

    return port != NULL && port->number == wire && port->opened ? port : NULL;
}

// ---- dialling ----

static void *
start_site(struct hw_ports *ports, const hawser_transport *transport,
           hawser_status *status)
{
    struct hw_site *site = &ports->sites[ports->site_count];
    void *uv = ports->loop == NULL ? NULL : hw_loop_uv(ports->loop);

    if (ports->site_count == HW_TRANSPORTS_MAX) {
        *status = HAWSER_FULL;
        return NULL;
    }
    errno = 0;
    *status = transport->start(uv, &site->site);
    if (*status != HAWSER_OK) {
        hw_refusal_note("start of the transport", errno);
        return NULL;
    }
    site->transport = transport;
    ports->site_count++;
    return site->site;
}

static void *
site_of(struct hw_ports *ports, const hawser_transport *transport,
        hawser_status *status)
{
    for (unsigned i = 0; i < ports->site_count; i++) {
        if (ports->sites[i].transport == transport) {
            *status = HAWSER_OK;
            return ports->sites[i].site;
        }
    }
    return start_site(ports, transport, status);
}

// What is atomic may be looked at by a call that comes late, meanwhile.
static hawser_port *
make_port(struct hw_ports *ports, uint32_t link)
{
    enum { PLAIN = offsetof(hawser_port, transport) };
    const struct hw_port_row *row = &ports->rows[link];
    hawser_port *port = hw_kept_take(&kept_ports);

    if (port != NULL) {
        atomic_store(&port->ports, ports);
        atomic_store(&port->strayed, false);
        memset((char *)port + PLAIN, 0, sizeof *port - PLAIN);
        port->plan = hw_plan_hold(row->plan);
        port->transport = row->attempt->endpoint->transport;
        port->message_max = (size_t)row->plan->settings->message_max;
        port->link = link;
        port->number = row->wire;
        port->heard_at_ms = ports->seat->clock_us(ports->seat) / 1000;
        (void)snprintf(port->name, sizeof port->name, "link %u wire %u", link,
                       row->wire);
    }
    return port;
}

// What the verb answered, if it kept the rules: with OK there is a wire, which
// was not lost from inside.
static hawser_status
judge_dial(hawser_port *port, hawser_status status, char *sentence, size_t size)
{
    if (status == HAWSER_OK && port->wire == NULL && !port->gone) {
        hw_rule_broken(port, "dial gives no wire");
    } else if (!port->gone) {
        return status;
    }
    (void)snprintf(sentence, size, "%s",
                   port->broken == NULL ? "" : port->broken->error); // cut
    return HAWSER_ENDED; // no fault of the options
}

static hawser_status
dial_address(struct hw_ports *ports, uint32_t link, const char *address,
             char *sentence, size_t size)
{
    struct hw_port_row *row = &ports->rows[link];
    const struct hw_endpoint *endpoint = row->attempt->endpoint;
    const hawser_dial dial = {
        .url = endpoint->url,
        .address = address,
        .port = endpoint->port,
        .number = row->wire,
        .headers = row->attempt->headers == NULL ? "" : row->attempt->headers,
        .settings = row->plan->settings,
    };
    hawser_status status;
    void *site = site_of(ports, endpoint->transport, &status);
    hawser_port *port;

    if (status != HAWSER_OK) {
        return status;
    }
    port = make_port(ports, link);
    if (port == NULL) {
        return HAWSER_NO_MEMORY;
    }
    row->port = port;
    enter(port);
    port->dialling = true;
    status = endpoint->transport->dial(site, &dial, port, &port->wire, sentence,
                                       size);
    port->dialling = false;
    sentence[size - 1] = '\0';
    status = judge_dial(port, status, sentence, size);
    if (status == HAWSER_OK) {
        leave(port);
    } else { // there is no wire
        row->port = NULL;
        put_away(port);
    }
    return status;
}

// What is told of a call that failed and said no more.
static const char *
words_of(hawser_status status)
{
    const char *refusal = hw_refusal_take();

    return status == HAWSER_SYSTEM && refusal[0] != '\0'
               ? refusal
               : hawser_status_text(status);
}

// Tries what addresses are left; says WIRE_LOST when none is.
void
hw_port_try_next(struct hw_ports *ports, uint32_t link, struct hw_report *last)
{
    struct hw_port_row *row = &ports->rows[link];
    struct hw_attempt *attempt = row->attempt;
    char sentence[SENTENCE_SIZE];

    while (attempt->next < attempt->addresses.count) {
        const char *address = attempt->addresses.text[attempt->next++];
        hawser_status status;

        sentence[0] = '\0';
        status = dial_address(ports, link, address, sentence, sizeof sentence);
        if (status == HAWSER_OK) {
            hw_report_drop(last);
            return;
        }
        hw_report_drop(last);
        last = hw_report_error(
            status == HAWSER_INVALID ? HAWSER_CAUSE_CONFIG : HAWSER_CAUSE_LOCAL,
            sentence[0] != '\0' ? sentence : words_of(status));
    }
    hw_port_drop_attempt(row);
    hw_port_say_lost(ports, link, row->wire, last);
}

static void
on_resolved(void *user, uint64_t ticket, const struct hw_addresses *addresses,
            const char *error)
{
    struct hw_ports *ports = user;
    uint32_t link = (uint32_t)(ticket >> 32);
    struct hw_port_row *row = &ports->rows[link];
    char sentence[SENTENCE_SIZE];

    if (row->attempt == NULL || row->attempt->number != (uint32_t)ticket) {
        return; // that dial was given up; the row may serve another link now
    }
    if (error == NULL) {
        row->attempt->addresses = *addresses;
        hw_port_try_next(ports, link, NULL);
        return;
    }
    (void)snprintf(sentence, sizeof sentence, "resolve %s: %s",
                   row->attempt->endpoint->host, error);
    hw_port_drop_attempt(row);
    hw_port_say_lost(ports, link, row->wire,
                     hw_report_error(HAWSER_CAUSE_UNREACHABLE, sentence));
}

static void
resolve(struct hw_ports *ports, uint32_t link)
{
    struct hw_port_row *row = &ports->rows[link];
    const char *host = row->attempt->endpoint->host;
    struct hw_addresses *addresses = &row->attempt->addresses;
    uint64_t ticket = (uint64_t)link << 32 | row->attempt->number;
    hawser_status status;

    if (host[0] == '\0' || hw_address_is_numeric(host)) {
        addresses->count = 1;
        (void)snprintf(addresses->text[0], sizeof addresses->text[0], "%.47s",
                       host);
        hw_port_try_next(ports, link, NULL);
        return;
    }
    status = hw_loop_resolve(ports->loop, host, on_resolved, ports, ticket);
    if (status != HAWSER_OK) {
        hw_port_drop_attempt(row);
        hw_port_say_lost(ports, link, row->wire,
                         hw_report_error(HAWSER_CAUSE_LOCAL, words_of(status)));
    }
}

static void
on_wire_dial(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct hw_port_row *row = &ports->rows[letter->link];

    HW_CHECK(row->port == NULL && row->attempt == NULL,
             "a link has one wire at a time");
    row->wire = letter->wire;
    row->attempt = calloc(1, sizeof *row->attempt);
    if (row->attempt == NULL) {
        free(letter->thing);
        hw_port_say_lost(ports, letter->link, letter->wire,
                         hw_report_error(HAWSER_CAUSE_LOCAL, "out of memory"));
        return;
    }
    row->attempt->number = ++ports->attempts;
    row->attempt->headers = letter->thing;
    row->attempt->endpoint = &row->plan->endpoints[letter->number];
    resolve(ports, letter->link);
}

static void
close_wire(hawser_port *port, int code, const char *reason)
{
    const hawser_transport *transport = port->transport;
    void *wire = port->wire;

    hw_port_end(port);
    transport->close(wire, code, reason);
}

static void
on_wire_close(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct hw_port_row *row = &ports->rows[letter->link];
    const char *reason = letter->thing == NULL ? "" : letter->thing;

    if (row->wire == letter->wire) {
        hw_port_drop_attempt(row);
        if (row->port != NULL) {
            close_wire(row->port, letter->note, reason);
        }
    }
    free(letter->thing);
}

static void
on_link_open(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct hw_port_row *row = &ports->rows[letter->link];

    hw_reach_row(&ports->rows_reached, letter->link);
    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
}

static void
on_link_forget(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct hw_port_row *row = &ports->rows[letter->link];

    HW_CHECK(row->port == NULL, "a link is forgotten after its wire");
    hw_port_drop_attempt(row);
    hw_plan_drop(row->plan);
    memset(row, 0, sizeof *row);
    hw_port_say(ports, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, letter->link, 0,
                0, NULL);
}

// ---- the two halves ----

// It took what it was not given, or refused what it did not take: nobody knows
// which, so that all go out again.
static size_t
judge_send(hawser_port *port, size_t taken)
{
    struct hw_ports *ports = port->ports;

    if (taken > ports->offered) {
        hw_rule_broken(port, "send took %zu of %zu", taken, ports->offered);
    } else {
        hw_rule_broken(port, "refused(%zu), and send took %zu",
                       ports->refused_end - 1, taken);
    }
    ports->refused_end = 0;
    return 0;
}

size_t
hw_port_send(struct hw_ports *ports, uint32_t link, uint32_t wire,
             const struct hawser_message *messages, size_t count)
{
    hawser_port *port = wire_of(ports, link, wire);
    size_t taken;

    ports->refused_end = 0;
    if (port == NULL) {
        return 0;
    }
    ports->sending = port;
    ports->offered = count;
    enter(port);
    taken = port->transport->send(port->wire, messages, count);
    ports->sending = NULL;
    if (taken > count || ports->refused_end > taken) {
        taken = judge_send(port, taken);
    }
    leave(port);
    return taken;
}

static bool
is_refused(const struct hw_ports *ports, uint32_t index)
{
    return index < ports->refused_end &&
           (ports->refused[index / 64] >> index % 64 & 1) != 0;
}

uint32_t
hw_port_refused(const struct hw_ports *ports, uint32_t *from)
{
    uint32_t count = 0;

    while (*from < ports->refused_end && !is_refused(ports, *from)) {
        ++*from;
    }
    while (is_refused(ports, *from + count)) {
        count++;
    }
    return count;
}

bool
hw_port_barrier(struct hw_ports *ports, uint32_t link, uint32_t wire,
                uint64_t number)
{
    hawser_port *port = wire_of(ports, link, wire);

    if (port == NULL || port->transport->barrier == NULL) {
        return false;
    }
    enter(port);
    port->asked = number > port->asked ? number : port->asked;
    port->transport->barrier(port->wire, number);
    leave(port);
    return true;
}

bool
hw_port_gauge(struct hw_ports *ports, uint32_t link, uint32_t wire,
              hawser_gauge *gauge)
{
    hawser_port *port = wire_of(ports, link, wire);

    if (port == NULL || port->transport->gauge == NULL) {
        return false;
    }
    port->transport->gauge(port->wire, gauge);
    return true;
}

void
hw_port_listen(struct hw_ports *ports, uint32_t link, bool on)
{
    hawser_port *port = ports->rows[link].port;

    if (port != NULL && port->opened) {
        enter(port);
        port->transport->listen(port->wire, on);
        leave(port);
    }
}

uint64_t
hw_port_heard_at(struct hw_ports *ports, uint32_t link, uint32_t wire)
{
    const hawser_port *port = wire_of(ports, link, wire);

    return port == NULL ? 0 : port->heard_at_ms;
}

uint64_t
hw_port_heard_times(struct hw_ports *ports, uint32_t link, uint32_t wire)
{
    const hawser_port *port = wire_of(ports, link, wire);

    return port == NULL ? 0 : port->heard_times;
}

// ---- opening and closing ----

hawser_status
hw_ports_open(struct hw_loop *loop, uint32_t links_max, struct hw_ports **ports)
{
    enum { PLAIN = offsetof(struct hw_ports, seat) };
    struct hw_ports *made = hw_kept_take(&kept_rows);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    memset((char *)made + PLAIN, 0, sizeof *made - PLAIN);
    made->loop = loop;
    made->links_max = links_max;
    made->rows = hw_pages_take(links_max, sizeof *made->rows);
    if (made->rows == NULL) {
        hw_kept_give(&kept_rows, made);
        return HAWSER_NO_MEMORY;
    }
    hw_rule_follow(made, loop);
    *ports = made;
    return HAWSER_OK;
}

void
hw_ports_close(struct hw_ports *ports)
{
    if (ports == NULL) {
        return;
    }
    hw_rule_forget(ports);
    for (unsigned i = 0; i < ports->site_count; i++) {
        ports->sites[i].transport->stop(ports->sites[i].site);
    }
    hw_pages_give(ports->rows, ports->links_max, sizeof *ports->rows);
    hw_kept_give(&kept_rows, ports);
}

void
hw_ports_gather(struct hw_ports *ports)
{
    hawser_port *port;

    hw_rule_judge_strays(ports);
    port = ports->full;
    ports->full = NULL;
    while (port != NULL) {
        hawser_port *next = port->next_full;

        port->gathered = false;
        hw_port_say_batch(port);
        port = next;
    }
}

static hawser_status
sit(void *self, struct hw_seat *seat, const struct hawser_settings *settings)
{
    struct port_actor *actor = self;

    (void)settings;
    actor->ports = seat->ports;
    actor->ports->seat = seat;
    return HAWSER_OK;
}

// At the end of a bus links may be open still: their wires are closed here.
static void
leave_seat(void *self)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;

    for (uint32_t link = 0; link < ports->rows_reached; link++) {
        struct hw_port_row *row = &ports->rows[link];

        if (row->plan == NULL) {
            continue;
        }
        hw_port_drop_attempt(row);
        if (row->port != NULL) {
            hw_batch_drop_all(row->port->batch);
            row->port->batch = NULL;
            close_wire(row->port, 0, "");
        }
        hw_plan_drop(row->plan);
        row->plan = NULL;
    }
}

const struct hw_role hw_role_port = {
    .name = HW_PORT,
    .size = sizeof(struct port_actor),
    .sit = sit,
    .leave = leave_seat,
    .on[HW_LETTER_LINK_OPEN] = on_link_open,
    .on[HW_LETTER_LINK_FORGET] = on_link_forget,
    .on[HW_LETTER_WIRE_DIAL] = on_wire_dial,
    .on[HW_LETTER_WIRE_CLOSE] = on_wire_close,
};
