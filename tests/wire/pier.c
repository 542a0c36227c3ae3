// pier.c - a port at a desk, with a scripted transport and a scripted resolver.
#include "wire/pier.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "values/report.h"

struct pier pier;
struct desk pier_desk;
struct hw_ports *pier_ports;

// ---- the transport ----

static hawser_status
start(void *uv_loop, void **site)
{
    CU_ASSERT_PTR_NULL(uv_loop);
    pier.starts++;
    *site = &pier;
    return pier.start_status;
}

static void
stop(void *site)
{
    CU_ASSERT_PTR_EQUAL(site, &pier);
    pier.stops++;
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t sentence_size)
{
    (void)url;
    (void)settings;
    (void)route;
    (void)sentence;
    (void)sentence_size;
    return HAWSER_OK;
}

static hawser_status
dial(void *site, const hawser_dial *asked, hawser_port *port, void **wire,
     char *sentence, size_t sentence_size)
{
    struct pier_wire *made = &pier.wires[pier.wire_count++];

    CU_ASSERT_FATAL(pier.wire_count <= PIER_WIRES_MAX);
    CU_ASSERT_PTR_EQUAL(site, &pier);
    CU_ASSERT_PTR_NOT_NULL(asked->settings);
    made->port = port;
    made->number = asked->number;
    made->route_port = asked->port;
    made->listening = true;
    (void)snprintf(made->url, PIER_TEXT_SIZE, "%s", asked->url);
    (void)snprintf(made->address, PIER_TEXT_SIZE, "%s", asked->address);
    (void)snprintf(made->headers, PIER_TEXT_SIZE, "%s", asked->headers);
    if (pier.dial_status != HAWSER_OK) {
        (void)snprintf(sentence, sentence_size, "%s", pier.dial_sentence);
        return pier.dial_status;
    }
    *wire = made;
    return HAWSER_OK;
}

static void
lose_if_told(const struct pier_wire *wire)
{
    const hawser_lost *why = pier.loses;

    if (why != NULL) {
        pier.loses = NULL;
        hawser_port_lost(wire->port, why);
    }
}

static size_t
send_messages(void *wire, const hawser_message *messages, size_t count)
{
    struct pier_wire *sender = wire;
    size_t taken = count < pier.take ? count : pier.take;

    CU_ASSERT_PTR_NOT_NULL(messages);
    sender->sends++;
    lose_if_told(sender);
    return taken;
}

// A transport that breaks its promise.
static size_t
send_too_many(void *wire, const hawser_message *messages, size_t count)
{
    (void)wire;
    (void)messages;
    return count + 1;
}

static void
barrier(void *wire, uint64_t number)
{
    ((struct pier_wire *)wire)->barrier = number;
    lose_if_told(wire);
}

static void
listen_or_not(void *wire, int on)
{
    ((struct pier_wire *)wire)->listening = on != 0;
    lose_if_told(wire);
}

static void
close_wire(void *wire, int code, const char *reason)
{
    struct pier_wire *closed = wire;

    CU_ASSERT_FALSE(closed->closed);
    closed->closed = true;
    closed->code = code;
    (void)snprintf(closed->reason, PIER_TEXT_SIZE, "%s", reason);
}

static void
tell_gauge(void *wire, hawser_gauge *gauge)
{
    (void)wire;
    *gauge = pier.gauge;
}

const hawser_transport pier_transport = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "pier quay",
    .start = start,
    .stop = stop,
    .check = check,
    .dial = dial,
    .send = send_messages,
    .barrier = barrier,
    .listen = listen_or_not,
    .close = close_wire,
    .gauge = tell_gauge,
};

const hawser_transport pier_plain_transport = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "plain",
    .start = start,
    .stop = stop,
    .check = check,
    .dial = dial,
    .send = send_too_many,
    .listen = listen_or_not,
    .close = close_wire,
};

// ---- the resolver, in place of the loop's ----

bool
hw_address_is_numeric(const char *host)
{
    uint8_t address[16];

    return inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

hawser_status
hw_loop_resolve(struct hw_loop *loop, const char *host, hw_resolved answer,
                void *user, uint64_t ticket)
{
    (void)loop;
    pier.resolves++;
    (void)snprintf(pier.host, PIER_TEXT_SIZE, "%s", host);
    pier.answer = answer;
    pier.user = user;
    pier.ticket = ticket;
    return pier.resolve_status;
}

void
pier_resolve(const char *addresses, const char *error)
{
    struct hw_addresses found = { 0 };
    char all[256], *rest = all, *word;

    (void)snprintf(all, sizeof all, "%s", addresses);
    while (error == NULL && (word = strsep(&rest, " ")) != NULL) {
        (void)snprintf(found.text[found.count++], HW_ADDRESS_SIZE, "%.40s",
                       word);
    }
    pier.answer(pier.user, pier.ticket, &found, error);
}

// ---- the port ----

void
pier_open(void)
{
    memset(&pier, 0, sizeof pier);
    pier.take = SIZE_MAX;
    CU_ASSERT_EQUAL_FATAL(hw_ports_open(NULL, DESK_LINKS, &pier_ports),
                          HAWSER_OK);
    desk_open(&pier_desk, &hw_role_port, "", pier_ports);
}

void
pier_close(void)
{
    desk_close(&pier_desk);
    hw_ports_close(pier_ports);
    pier_ports = NULL;
}

void
pier_open_link(uint32_t link, const hawser_transport *transport,
               const char *hosts)
{
    struct hw_plan *plan = desk_plan(&pier_desk, link, "", hosts);
    const struct hw_letter letter = { .kind = HW_LETTER_LINK_OPEN,
                                      .link = link,
                                      .thing = plan };

    for (uint32_t i = 0; i < plan->endpoint_count; i++) {
        struct hw_endpoint *endpoint = &plan->endpoints[i];

        endpoint->transport = transport;
        endpoint->port = (uint16_t)(8000 + i);
        endpoint->host = strcmp(endpoint->url, "-") == 0 ? "" : endpoint->url;
    }
    desk_write(&pier_desk, HW_SUPERVISOR, &letter);
}

void
pier_dial(uint32_t link, uint32_t wire, uint32_t endpoint, const char *headers)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_DIAL,
        .link = link,
        .wire = wire,
        .number = endpoint,
        .thing = headers == NULL ? NULL : strdup(headers),
    };

    desk_write(&pier_desk, HW_SUPERVISOR, &letter);
}

void
pier_close_wire(uint32_t link, uint32_t wire, uint16_t code, const char *reason)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_CLOSE,
        .note = code,
        .link = link,
        .wire = wire,
        .thing = reason == NULL ? NULL : strdup(reason),
    };

    desk_write(&pier_desk, HW_SUPERVISOR, &letter);
}

void
pier_tell(unsigned kind, uint32_t link)
{
    const struct hw_letter letter = { .kind = (uint16_t)kind, .link = link };

    desk_write(&pier_desk, HW_SUPERVISOR, &letter);
}

void
pier_opened(unsigned wire)
{
    const hawser_opened info = { .peer = "a peer", .barriers = 1 };

    hawser_port_opened(pier.wires[wire].port, &info);
}

void
pier_lost(unsigned wire, hawser_cause cause, const char *error)
{
    const hawser_lost why = { .cause = cause,
                              .error = error,
                              .retry_after_ms = -1 };

    hawser_port_lost(pier.wires[wire].port, &why);
}

void
pier_open_wire(const hawser_transport *transport)
{
    pier_open_link(0, transport, "-");
    pier_dial(0, 1, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(pier.wire_count, 1);
    pier_opened(0);
    desk_clear(&pier_desk);
}

bool
pier_says_lost(uint32_t wire, hawser_cause cause, const char *error)
{
    struct hw_letter letter;
    const struct hw_report *report;
    bool same;

    if (!desk_read(&pier_desk, HW_SUPERVISOR, HW_LETTER_WIRE_LOST, &letter)) {
        return false;
    }
    report = letter.thing;
    same = letter.wire == wire && report->cause == cause &&
           strcmp(report->error, error) == 0;
    if (!same) {
        fprintf(stderr, "\n    wire %u lost: %s\n", letter.wire, report->error);
    }
    desk_give_back(&letter);
    return same;
}
