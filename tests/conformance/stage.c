// stage.c - where a transport is tried: the loop, and the verbs.
#include "stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// How long stage_settle gives to what must not happen.
enum { SETTLE_MS = 30, STOP_MS = 10000 };

unsigned stage_wait_ms = 10000;

void
stage_fault(struct stage *stage, const char *format, ...)
{
    va_list values;

    if (stage->fault[0] == '\0') {
        va_start(values, format);
        (void)vsnprintf(stage->fault, sizeof stage->fault, format,
                        values); // cut
        va_end(values);
    }
}

// ---- the loop ----

static void
on_late(uv_timer_t *timer)
{
    struct stage *stage = timer->data;

    stage->late = true;
    uv_stop(timer->loop); // or the loop would wait for more before it returns
}

static void
must(int result)
{
    if (result != 0) {
        (void)fprintf(stderr, "libuv: %s\n", uv_strerror(result));
        abort();
    }
}

static void
set_timer(struct stage *stage, unsigned ms)
{
    stage->late = false;
    must(uv_timer_start(&stage->timer, on_late, ms, 0));
}

bool
stage_run(struct stage *stage, bool (*done)(void *user), void *user)
{
    bool ended = done(user);

    set_timer(stage, stage_wait_ms);
    while (!ended && !stage->late && stage->fault[0] == '\0') {
        (void)uv_run(&stage->loop, UV_RUN_ONCE); // whether more is to come
        ended = done(user);
    }
    must(uv_timer_stop(&stage->timer));
    return ended;
}

void
stage_settle(struct stage *stage)
{
    set_timer(stage, SETTLE_MS);
    while (!stage->late) {
        (void)uv_run(&stage->loop, UV_RUN_ONCE); // whether more is to come
    }
}

// ---- begin and end ----

// The first of a name is the one that counts.
void
stage_set(struct stage *stage, const char *const settings[])
{
    size_t at = 0;

    while (stage->set[at].name != NULL) {
        at++;
    }
    for (; settings != NULL && settings[0] != NULL; settings += 2) {
        if (at == STAGE_SETTINGS_MAX) {
            abort();
        }
        stage->set[at++] = (struct setting){ settings[0], settings[1] };
    }
}

void
stage_begin(struct stage *stage, const hawser_transport *transport,
            const char *const settings[])
{
    memset(stage, 0, sizeof *stage);
    stage->transport = transport;
    stage->settings.stage = stage;
    stage->thread = uv_thread_self();
    stage_set(stage, settings);
    must(uv_loop_init(&stage->loop));
    must(uv_timer_init(&stage->loop, &stage->timer));
    stage->timer.data = stage;
    if (transport->start(&stage->loop, &stage->site) != HAWSER_OK) {
        stage_fault(stage, "start refused");
    }
}

// Runs the loop until nothing is left in it but the stage's own timer.
static bool
only_the_timer(void *user)
{
    struct stage *stage = user;

    return !uv_loop_alive(&stage->loop);
}

static void
close_handle(uv_handle_t *handle, void *user)
{
    (void)user; // uv_walk's
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void
drain_loop(struct stage *stage)
{
    uv_unref((uv_handle_t *)&stage->timer);
    set_timer(stage, STOP_MS);
    while (!stage->late && !only_the_timer(stage)) {
        (void)uv_run(&stage->loop, UV_RUN_ONCE); // whether more is to come
    }
    if (!only_the_timer(stage)) {
        stage_fault(stage, "stop leaves handles on the loop");
    }
    uv_close((uv_handle_t *)&stage->timer, NULL);
    (void)uv_run(&stage->loop, UV_RUN_NOWAIT); // closes the timer
    if (uv_loop_close(&stage->loop) == 0) {
        return;
    }
    stage_fault(stage, "stop leaves a handle that nobody refers to");
    uv_walk(&stage->loop, close_handle, NULL);
    (void)uv_run(&stage->loop, UV_RUN_DEFAULT); // closes what was left
    (void)uv_loop_close(&stage->loop);          // it has been judged
}

const char *
stage_end(struct stage *stage)
{
    static char fault[sizeof stage->fault];

    for (size_t i = 0; i < stage->port_count; i++) {
        if (port_lives(stage->ports[i])) {
            port_close(stage->ports[i], 0, "");
        }
    }
    stage->transport->stop(stage->site);
    drain_loop(stage);
    for (size_t i = 0; i < stage->port_count; i++) {
        ear_clear(&stage->ports[i]->ear);
        free(stage->ports[i]);
    }
    memcpy(fault, stage->fault, sizeof fault);
    return fault[0] != '\0' ? fault : NULL;
}

// ---- verbs ----

bool
port_lives(const hawser_port *port)
{
    return port->wire != NULL && !port->closed && port->times_lost == 0;
}

static hawser_port *
make_port(struct stage *stage, const hawser_transport *transport)
{
    hawser_port *port = calloc(1, sizeof *port);

    if (port == NULL || stage->port_count == STAGE_PORTS_MAX) {
        abort();
    }
    port->stage = stage;
    port->transport = transport;
    stage->ports[stage->port_count++] = port;
    (void)snprintf(port->name, sizeof port->name, "link 1 wire %zu",
                   stage->port_count); // a number fits
    return port;
}

// The texts are valid during the call only, so they are gone after it.
static void
call_dial(hawser_port *port, void *site, const char *url,
          const hawser_route *route)
{
    char sentence[256] = "";
    char *lent_url = strdup(url), *lent_headers = strdup("");
    char *lent_address = strdup(route->host);
    const hawser_dial dial = {
        .url = lent_url,
        .address = lent_address,
        .port = route->port,
        .number = (uint32_t)port->stage->port_count,
        .headers = lent_headers,
        .settings = &port->stage->settings,
    };

    if (lent_url == NULL || lent_headers == NULL || lent_address == NULL) {
        abort();
    }
    port->inside = "dial";
    if (port->transport->dial(site, &dial, port, &port->wire, sentence,
                              sizeof sentence) != HAWSER_OK) {
        stage_fault(port->stage, "dial refuses %s: %s", url, sentence);
        port->wire = NULL;
    }
    port->inside = NULL;
    memset(lent_url, '#', strlen(lent_url));
    free(lent_url);
    free(lent_headers);
    free(lent_address);
}

hawser_port *
port_dial(struct stage *stage, const hawser_transport *transport, void *site,
          const char *url)
{
    hawser_port *port = make_port(stage, transport);
    hawser_route route = { .port = 0 };
    char sentence[256] = "";

    if (transport->check(url, &stage->settings, &route, sentence,
                         sizeof sentence) != HAWSER_OK) {
        stage_fault(stage, "check refuses %s: %s", url, sentence);
        return NULL;
    }
    call_dial(port, site, url, &route);
    return port->wire == NULL ? NULL : port;
}

size_t
port_send(hawser_port *port, const hawser_message *messages, size_t count)
{
    size_t taken;

    port->inside = "send";
    port->offered = count;
    port->refused_end = 0;
    taken = port->transport->send(port->wire, messages, count);
    port->inside = NULL;
    if (taken > count) {
        stage_fault(port->stage, "send took %zu of %zu", taken, count);
        return count;
    }
    if (port->refused_end > taken) {
        stage_fault(port->stage, "refused(%zu), and send took %zu",
                    port->refused_end - 1, taken);
    }
    port->times_short += taken < count;
    return taken;
}

void
port_barrier(hawser_port *port, uint64_t number)
{
    port->asked = number;
    port->inside = "barrier";
    port->transport->barrier(port->wire, number);
    port->inside = NULL;
}

void
port_listen(hawser_port *port, bool on)
{
    port->inside = "listen";
    port->transport->listen(port->wire, on);
    port->inside = NULL;
}

// After this the wire is the transport's alone; the port stays, to hear of
// calls that should not come.
void
port_close(hawser_port *port, int code, const char *reason)
{
    void *wire = port->wire;

    port->wire = NULL;
    port->inside = "close";
    port->transport->close(wire, code, reason);
    port->inside = NULL;
    port->closed = true;
}
