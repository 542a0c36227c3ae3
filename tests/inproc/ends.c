// ends.c - the ends of inproc wires, driven by hand.
#include "ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values/settings.h"

enum { LIMIT_MS = 10000 };

static const hawser_transport *const inproc = &hawser_transport_inproc;

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "ends: %s\n", what);
        abort();
    }
}

// ---- loops ----

static void
on_limit(uv_timer_t *timer)
{
    ((struct yard *)timer->data)->late = true;
}

void
yard_open(struct yard *yard)
{
    memset(yard, 0, sizeof *yard);
    must(uv_loop_init(&yard->loop) == 0, "no loop");
    must(uv_timer_init(&yard->loop, &yard->limit) == 0, "no timer");
    yard->limit.data = yard;
    must(inproc->start(&yard->loop, &yard->site) == HAWSER_OK, "no site");
}

void
yard_close(struct yard *yard)
{
    inproc->stop(yard->site);
    uv_close((uv_handle_t *)&yard->limit, NULL);
    (void)uv_run(&yard->loop, UV_RUN_DEFAULT); // until nothing is left
    must(uv_loop_close(&yard->loop) == 0, "something is left on the loop");
}

// A wake comes through a pipe, so one turn may not be enough.
void
yard_turn(struct yard *yard)
{
    for (unsigned i = 0; i < 20; i++) {
        (void)uv_run(&yard->loop, UV_RUN_NOWAIT); // whether more is to come
    }
}

bool
yard_run(struct yard *yard, bool (*done)(void *user), void *user)
{
    bool came = done(user);

    yard->late = false;
    must(uv_timer_start(&yard->limit, on_limit, LIMIT_MS, 0) == 0, "no timer");
    while (!came && !yard->late) {
        (void)uv_run(&yard->loop, UV_RUN_ONCE); // whether more is to come
        came = done(user);
    }
    (void)uv_timer_stop(&yard->limit); // it can't fail
    return came;
}

// ---- what the transport says ----

static void
tell(hawser_port *port, void (*told)(hawser_port *port))
{
    if (told != NULL) {
        told(port);
    }
}

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    must(!port->closed && port->lost == 0, "opened after the end");
    port->opened++;
    (void)snprintf(port->peer, sizeof port->peer, "%s", info->peer); // fits
    tell(port, port->on_opened);
}

void
hawser_port_writable(hawser_port *port)
{
    must(!port->closed && port->lost == 0, "writable after the end");
    port->writable++;
    tell(port, port->on_writable);
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    must(!port->closed && port->lost == 0, "passed after the end");
    port->passed = number;
    port->passes++;
    tell(port, port->on_passed);
}

void
hawser_port_alive(hawser_port *port)
{
    must(!port->closed && port->lost == 0, "alive after the end");
    port->alive++;
    tell(port, port->on_alive);
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    uint64_t number = UINT64_MAX;

    must(!port->closed && port->lost == 0, "received after the end");
    if (port->refuses) {
        return HAWSER_NO_MEMORY;
    }
    if (size >= sizeof number) {
        memcpy(&number, bytes, sizeof number);
    }
    if (number == port->received) {
        port->received++;
    } else {
        port->strangers++;
    }
    port->last_size = size;
    port->last_kind = kind;
    (void)snprintf(port->last_topic, sizeof port->last_topic, "%.*s",
                   (int)topic_size,
                   topic == NULL ? "" : (const char *)topic); // cut
    tell(port, port->on_received);
    return HAWSER_OK;
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    must(!port->closed && port->lost == 0, "lost after the end");
    port->lost++;
    port->cause = why->cause;
    port->code = why->close_code;
    (void)snprintf(port->error, sizeof port->error, "%s", why->error); // cut
    (void)snprintf(port->reason, sizeof port->reason, "%s", why->reason);
}

const char *
hawser_port_name(const hawser_port *port)
{
    (void)port; // they all have one name
    return "link 1 wire 1";
}

// ---- what it is told ----

static struct hawser_settings *
settings_with(const char *option, const char *value)
{
    struct hawser_settings *settings;
    hawser_options *options;

    must(hawser_options_new(&options) == HAWSER_OK, "no options");
    must(option == NULL ||
             hawser_options_set(options, option, value) == HAWSER_OK,
         "no such option");
    settings = hw_settings_new(NULL, options);
    must(settings != NULL, "no settings");
    hawser_options_free(options);
    return settings;
}

hawser_status
end_dial(struct yard *yard, hawser_port *port, const char *url,
         const char *option, const char *value)
{
    char sentence[128] = "";
    hawser_dial dial = { .url = url, .address = "", .headers = "" };
    hawser_status status;

    port->yard = yard;
    port->settings = settings_with(option, value);
    dial.settings = port->settings;
    status = inproc->dial(yard->site, &dial, port, &port->wire, sentence,
                          sizeof sentence);
    must(status == HAWSER_OK, sentence);
    return status;
}

static bool
has_opened(void *user)
{
    return ((hawser_port *)user)->opened > 0;
}

bool
ends_meet(struct yard *yard, hawser_port *one, hawser_port *other,
          const char *url, const char *option, const char *value)
{
    return end_dial(yard, one, url, option, value) == HAWSER_OK &&
           end_dial(yard, other, url, option, value) == HAWSER_OK &&
           yard_run(yard, has_opened, one) && yard_run(yard, has_opened, other);
}

size_t
end_send(hawser_port *port, size_t count, size_t size)
{
    uint8_t *bytes = malloc(count * size);
    hawser_message *messages = calloc(count, sizeof *messages);
    size_t taken;

    must(bytes != NULL && messages != NULL && size >= sizeof port->sent,
         "no memory, or no room for a number");
    for (size_t i = 0; i < count; i++) {
        uint64_t number = port->sent + i;

        memset(bytes + i * size, 'x', size);
        memcpy(bytes + i * size, &number, sizeof number);
        messages[i].bytes = bytes + i * size;
        messages[i].size = (uint32_t)size;
    }
    taken = inproc->send(port->wire, messages, count);
    free(bytes);
    free(messages);
    port->sent += taken;
    return taken;
}

void
end_barrier(hawser_port *port, uint64_t number)
{
    inproc->barrier(port->wire, number);
}

void
end_listen(hawser_port *port, bool on)
{
    inproc->listen(port->wire, on);
}

void
end_close(hawser_port *port, int code, const char *reason)
{
    if (!port->closed && port->lost == 0 && port->wire != NULL) {
        inproc->close(port->wire, code, reason);
        port->closed = true;
    }
    hw_settings_drop(port->settings);
    port->settings = NULL;
}
