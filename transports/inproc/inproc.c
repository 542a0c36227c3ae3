// inproc.c - inproc://NAME: two links of one process, joined by a name.
//
// The first wire that dials a name waits; the second to dial it is joined with
// it, and both open; a third waits for a fourth. The two may live on different
// loops: messages lie in parcels on a lane between them (pair.h), and a loop is
// woken when one of its wires has something to do.
#include <hawser/transport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "pair.h"
#include "wire.h"

extern const hawser_transport hawser_transport_inproc;

static const char scheme[] = "inproc://";

// Who becomes busy meanwhile waits for the loop's next turn.
static void
on_async(uv_async_t *async)
{
    struct hw_inproc_site *site = async->data;
    struct hw_inproc_wire *wire;
    size_t count;

    hw_inproc_lock();
    count = site->count;
    wire = hw_inproc_next_busy(site);
    hw_inproc_unlock();
    while (wire != NULL) {
        hw_inproc_wire_turn(wire);
        hw_inproc_lock();
        count--;
        wire = count > 0 ? hw_inproc_next_busy(site) : NULL;
        hw_inproc_unlock();
    }
    hw_inproc_lock();
    if (site->count > 0) {
        (void)uv_async_send(async); // open still: this is its callback
    }
    hw_inproc_unlock();
}

static hawser_status
start(void *uv_loop, void **result)
{
    struct hw_inproc_site *site = calloc(1, sizeof *site);

    if (site == NULL) {
        return HAWSER_NO_MEMORY;
    }
    if (uv_async_init(uv_loop, &site->async, on_async) != 0) {
        free(site);
        return HAWSER_SYSTEM;
    }
    site->async.data = site;
    *result = site;
    return HAWSER_OK;
}

static void
free_site(uv_handle_t *async)
{
    free(async->data);
}

static void
stop(void *handle)
{
    struct hw_inproc_site *site = handle;

    uv_close((uv_handle_t *)&site->async, free_site);
}

// NULL: the name is good.
static const char *
fault_of(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > HW_INPROC_NAME_MAX) {
        return "the name after inproc:// must have 1 to 200 characters";
    }
    for (size_t i = 0; i < size; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '/') {
            return "the name after inproc:// must be printable, without \"/\"";
        }
    }
    return NULL;
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t sentence_size)
{
    const char *fault = "write it as inproc://NAME";

    (void)settings; // any will do
    memset(route, 0, sizeof *route);
    if (strncmp(url, scheme, sizeof scheme - 1) == 0) {
        fault = fault_of(url + sizeof scheme - 1);
    }
    if (fault != NULL) {
        (void)snprintf(sentence, sentence_size, "%s", fault); // cut
        return HAWSER_INVALID;
    }
    return HAWSER_OK;
}

static struct hw_inproc_wire *
make_wire(struct hw_inproc_site *site, const hawser_dial *dial,
          hawser_port *port)
{
    struct hw_inproc_wire *wire = calloc(1, sizeof *wire);

    if (wire != NULL) {
        wire->port = port;
        wire->listening = true;
        wire->buffer_max =
            (size_t)hawser_setting_number(dial->settings, "wire.buffer");
        wire->message_max =
            (size_t)hawser_setting_number(dial->settings, "message.max");
        wire->place.site = site;
        (void)snprintf(wire->place.name, sizeof wire->place.name, "%s",
                       dial->url + sizeof scheme - 1); // check measured it
    }
    return wire;
}

static hawser_status
dial_name(void *site, const hawser_dial *dial, hawser_port *port, void **result,
          char *sentence, size_t sentence_size)
{
    struct hw_inproc_wire *wire = make_wire(site, dial, port);
    struct hw_inproc_pair *pair = calloc(1, sizeof *pair);
    bool met;

    if (wire == NULL || pair == NULL) {
        free(wire);
        free(pair);
        (void)snprintf(sentence, sentence_size, "inproc: out of memory");
        return HAWSER_NO_MEMORY;
    }
    *result = wire;
    hw_inproc_lock();
    met = hw_inproc_meet(wire, pair);
    hw_inproc_unlock();
    if (!met) { // the one who comes second brings the pair
        free(pair);
    }
    return HAWSER_OK;
}

const hawser_transport hawser_transport_inproc = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "inproc",
    .start = start,
    .stop = stop,
    .check = check,
    .dial = dial_name,
    .send = hw_inproc_wire_send,
    .barrier = hw_inproc_wire_barrier,
    .listen = hw_inproc_wire_listen,
    .close = hw_inproc_wire_close,
    .gauge = hw_inproc_wire_gauge,
};
