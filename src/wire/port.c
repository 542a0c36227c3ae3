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
#include "base/log.h"
#include "base/refusal.h"
#include "values/batch.h"
#include "values/plan.h"
#include "values/report.h"

enum { SITES_MAX = 16, NAME_SIZE = 32, SENTENCE_SIZE = 512 };

// What a transport holds on to: one wire, from dial to close or lost.
struct hawser_port {
    struct hw_ports *ports;
    const hawser_transport *transport;
    struct hw_plan *plan;
    void *wire;
    struct hw_batch *batch; // received in this turn
    hawser_port *next_full; // those with a batch
    uint64_t heard_at_ms;
    uint64_t heard_times;
    uint32_t link;
    uint32_t number;
    uint8_t inside; // calls of its verbs under way
    bool opened;
    bool gone; // lost or closed: free it once nothing is inside
    bool gathered;
    bool deaf; // no memory for what came: nothing after it may be handed on
    char name[NAME_SIZE];
};

// A dial under way: the addresses that are left to try.
struct attempt {
    uint32_t number; // of this port's attempts; a late answer has another
    struct hw_addresses addresses;
    unsigned next;
    char *headers;
    const struct hw_endpoint *endpoint;
};

struct row {
    struct hw_plan *plan;
    hawser_port *port;       // NULL: no wire
    struct attempt *attempt; // until the wire is open
    uint32_t wire;           // number of the wire, or of the dial under way
};

struct site {
    const hawser_transport *transport;
    void *site;
};

struct hw_ports {
    struct hw_seat *seat;
    struct hw_loop *loop;
    struct row *rows;
    uint32_t links_max;
    uint32_t attempts; // so far
    hawser_port *full; // with messages to hand on
    struct site sites[SITES_MAX];
    unsigned site_count;
};

// The role keeps nothing but where the ports are.
struct port_actor {
    struct hw_ports *ports;
};

// ---- saying ----

static void
say(struct hw_ports *ports, unsigned to, unsigned kind, uint32_t link,
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

static void
say_batch(hawser_port *port)
{
    struct hw_batch *batch = port->batch;

    if (batch != NULL) {
        port->batch = NULL;
        say(port->ports, HW_RECEIVER, HW_LETTER_WIRE_RECEIVED, port->link,
            port->number, 0, batch);
    }
}

static void
say_lost(struct hw_ports *ports, uint32_t link, uint32_t wire,
         struct hw_report *report)
{
    say(ports, HW_SUPERVISOR, HW_LETTER_WIRE_LOST, link, wire, 0, report);
}

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
free_port(hawser_port *port)
{
    forget_full(port);
    hw_plan_drop(port->plan);
    free(port);
}

// The transport let go, or was let go: nothing comes from there any more.
static void
end_port(hawser_port *port)
{
    struct row *row = &port->ports->rows[port->link];

    say_batch(port);
    if (row->port == port) {
        row->port = NULL;
    }
    port->gone = true;
    if (port->inside == 0) {
        free_port(port);
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
    if (port->gone && port->inside == 0) {
        free_port(port);
    }
}

static void
drop_attempt(struct row *row)
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
    struct site *site = &ports->sites[ports->site_count];
    void *uv = ports->loop == NULL ? NULL : hw_loop_uv(ports->loop);

    if (ports->site_count == SITES_MAX) {
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

static hawser_port *
make_port(struct hw_ports *ports, uint32_t link)
{
    const struct row *row = &ports->rows[link];
    hawser_port *port = calloc(1, sizeof *port);

    if (port != NULL) {
        port->ports = ports;
        port->plan = hw_plan_hold(row->plan);
        port->transport = row->attempt->endpoint->transport;
        port->link = link;
        port->number = row->wire;
        port->heard_at_ms = ports->seat->clock_us(ports->seat) / 1000;
        (void)snprintf(port->name, sizeof port->name, "link %u wire %u", link,
                       row->wire);
    }
    return port;
}

static hawser_status
dial_address(struct hw_ports *ports, uint32_t link, const char *address,
             char *sentence, size_t size)
{
    struct row *row = &ports->rows[link];
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
    status = endpoint->transport->dial(site, &dial, port, &port->wire, sentence,
                                       size);
    if (status == HAWSER_OK) {
        leave(port);
    } else { // there is no wire
        row->port = NULL;
        free_port(port);
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
static void
try_next(struct hw_ports *ports, uint32_t link, struct hw_report *last)
{
    struct row *row = &ports->rows[link];
    struct attempt *attempt = row->attempt;
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
    drop_attempt(row);
    say_lost(ports, link, row->wire, last);
}

static void
on_resolved(void *user, uint64_t ticket, const struct hw_addresses *addresses,
            const char *error)
{
    struct hw_ports *ports = user;
    uint32_t link = (uint32_t)(ticket >> 32);
    struct row *row = &ports->rows[link];
    char sentence[SENTENCE_SIZE];

    if (row->attempt == NULL || row->attempt->number != (uint32_t)ticket) {
        return; // that dial was given up; the row may serve another link now
    }
    if (error == NULL) {
        row->attempt->addresses = *addresses;
        try_next(ports, link, NULL);
        return;
    }
    (void)snprintf(sentence, sizeof sentence, "resolve %s: %s",
                   row->attempt->endpoint->host, error);
    drop_attempt(row);
    say_lost(ports, link, row->wire,
             hw_report_error(HAWSER_CAUSE_UNREACHABLE, sentence));
}

static void
resolve(struct hw_ports *ports, uint32_t link)
{
    struct row *row = &ports->rows[link];
    const char *host = row->attempt->endpoint->host;
    struct hw_addresses *addresses = &row->attempt->addresses;
    uint64_t ticket = (uint64_t)link << 32 | row->attempt->number;
    hawser_status status;

    if (host[0] == '\0' || hw_address_is_numeric(host)) {
        addresses->count = 1;
        (void)snprintf(addresses->text[0], sizeof addresses->text[0], "%.47s",
                       host);
        try_next(ports, link, NULL);
        return;
    }
    status = hw_loop_resolve(ports->loop, host, on_resolved, ports, ticket);
    if (status != HAWSER_OK) {
        drop_attempt(row);
        say_lost(ports, link, row->wire,
                 hw_report_error(HAWSER_CAUSE_LOCAL, words_of(status)));
    }
}

static void
on_wire_dial(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct row *row = &ports->rows[letter->link];

    HW_CHECK(row->port == NULL && row->attempt == NULL,
             "a link has one wire at a time");
    row->wire = letter->wire;
    row->attempt = calloc(1, sizeof *row->attempt);
    if (row->attempt == NULL) {
        free(letter->thing);
        say_lost(ports, letter->link, letter->wire,
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

    end_port(port);
    transport->close(wire, code, reason);
}

static void
on_wire_close(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct row *row = &ports->rows[letter->link];
    const char *reason = letter->thing == NULL ? "" : letter->thing;

    if (row->wire == letter->wire) {
        drop_attempt(row);
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
    struct row *row = &ports->rows[letter->link];

    memset(row, 0, sizeof *row);
    row->plan = letter->thing;
}

static void
on_link_forget(void *self, const struct hw_letter *letter)
{
    struct hw_ports *ports = ((struct port_actor *)self)->ports;
    struct row *row = &ports->rows[letter->link];

    HW_CHECK(row->port == NULL, "a link is forgotten after its wire");
    drop_attempt(row);
    hw_plan_drop(row->plan);
    memset(row, 0, sizeof *row);
    say(ports, HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, letter->link, 0, 0,
        NULL);
}

// ---- what transports say ----

// Without memory for what it said, a wire is of no use: the supervisor hears of
// a loss, and closes it. Until then nothing more of it is handed on.
static void
give_up(hawser_port *port)
{
    port->deaf = true;
    HW_LOG(1, "%s: out of memory for what came", port->name);
    say_lost(port->ports, port->link, port->number,
             hw_report_error(HAWSER_CAUSE_LOCAL, "out of memory"));
}

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    struct hw_report *report = hw_report_opened(info);

    HW_CHECK(!port->gone && !port->opened, "a wire opens once, first");
    port->opened = true;
    port->heard_at_ms = port->ports->seat->clock_us(port->ports->seat) / 1000;
    drop_attempt(&port->ports->rows[port->link]);
    if (report == NULL) {
        give_up(port); // what it can do would not be known
        return;
    }
    say(port->ports, HW_SUPERVISOR, HW_LETTER_WIRE_OPENED, port->link,
        port->number, 0, report);
}

void
hawser_port_writable(hawser_port *port)
{
    say(port->ports, HW_SENDER, HW_LETTER_WIRE_WRITABLE, port->link,
        port->number, 0, NULL);
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    say(port->ports, HW_SENDER, HW_LETTER_WIRE_PASSED, port->link, port->number,
        number, NULL);
}

void
hawser_port_alive(hawser_port *port)
{
    port->heard_times++;
    port->heard_at_ms = port->ports->seat->clock_us(port->ports->seat) / 1000;
}

static void
note_full(hawser_port *port)
{
    if (!port->gathered) {
        port->gathered = true;
        port->next_full = port->ports->full;
        port->ports->full = port;
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
    bool more = port->batch != NULL;

    if (port->deaf) {
        return HAWSER_NO_MEMORY;
    }
    if (more && hw_batch_add(port->batch, &message)) {
        return HAWSER_OK;
    }
    say_batch(port);
    if (room_for(port, size + topic_size, more) == NULL) {
        give_up(port); // the application would hear with a gap
        return HAWSER_NO_MEMORY;
    }
    (void)hw_batch_add(port->batch, &message); // made to measure: it fits
    return HAWSER_OK;
}

// A dial that failed tries the next address; a wire that was open is lost.
void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    struct hw_ports *ports = port->ports;
    uint32_t link = port->link, wire = port->number;
    struct row *row = &ports->rows[link];
    bool opened = port->opened;
    struct hw_report *report = hw_report_lost(why);

    HW_CHECK(!port->gone, "a wire is lost once");
    end_port(port);
    if (!opened && row->attempt != NULL && row->wire == wire) {
        if (why->cause != HAWSER_CAUSE_UNREACHABLE) {
            row->attempt->next = row->attempt->addresses.count;
        }
        try_next(ports, link, report);
        return;
    }
    say_lost(ports, link, wire, report);
}

const char *
hawser_port_name(const hawser_port *port)
{
    return port->name;
}

// ---- the two halves ----

size_t
hw_port_send(struct hw_ports *ports, uint32_t link, uint32_t wire,
             const struct hawser_message *messages, size_t count)
{
    hawser_port *port = wire_of(ports, link, wire);
    size_t taken;

    if (port == NULL) {
        return 0;
    }
    enter(port);
    taken = port->transport->send(port->wire, messages, count);
    HW_CHECK(taken <= count, "a wire takes at most what it is given");
    leave(port);
    return taken;
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
    struct hw_ports *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->loop = loop;
    made->links_max = links_max;
    made->rows = calloc(links_max, sizeof *made->rows);
    if (made->rows == NULL) {
        free(made);
        return HAWSER_NO_MEMORY;
    }
    *ports = made;
    return HAWSER_OK;
}

void
hw_ports_close(struct hw_ports *ports)
{
    if (ports == NULL) {
        return;
    }
    for (unsigned i = 0; i < ports->site_count; i++) {
        ports->sites[i].transport->stop(ports->sites[i].site);
    }
    free(ports->rows);
    free(ports);
}

void
hw_ports_gather(struct hw_ports *ports)
{
    hawser_port *port = ports->full;

    ports->full = NULL;
    while (port != NULL) {
        hawser_port *next = port->next_full;

        port->gathered = false;
        say_batch(port);
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

    for (uint32_t link = 0; link < ports->links_max; link++) {
        struct row *row = &ports->rows[link];

        if (row->plan == NULL) {
            continue;
        }
        drop_attempt(row);
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
