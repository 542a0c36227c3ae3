// ws_harness.c - stands in for Hawser's core.
#include "ws_harness.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ws/ws.h"

// ---- the settings ----

static const char *
setting(const hawser_settings *settings, const char *name)
{
    for (unsigned i = settings->count; i-- > 0;) {
        if (strcmp(settings->set[i].name, name) == 0) {
            return settings->set[i].text;
        }
    }
    return NULL;
}

const char *
hawser_setting_text(const hawser_settings *settings, const char *name)
{
    const char *text = setting(settings, name);

    return text == NULL ? "" : text;
}

int64_t
hawser_setting_number(const hawser_settings *settings, const char *name)
{
    const char *text = setting(settings, name);

    if (text != NULL) {
        return strtoll(text, NULL, 10);
    }
    if (strcmp(name, "message.max") == 0) {
        return 16 << 20;
    }
    return strcmp(name, "wire.buffer") == 0 ? 256 << 10 : 0;
}

void
link_set(hawser_port *port, const char *name, const char *text)
{
    port->settings.set[port->settings.count].name = name;
    port->settings.set[port->settings.count++].text = text;
}

// ---- the port ----

static void
copy(char *to, size_t room, const char *text)
{
    (void)snprintf(to, room, "%s", text); // may be cut
}

// A transport that calls about a wire that has ended is wrong.
static void
demand_alive(const hawser_port *port)
{
    if (port->lost || port->closed) {
        fprintf(stderr, "the transport called about a wire that has ended\n");
        abort();
    }
}

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    demand_alive(port);
    port->opened = true;
    copy(port->peer, sizeof port->peer, info->peer);
    copy(port->protocol, sizeof port->protocol, info->protocol);
    copy(port->headers, sizeof port->headers, info->headers);
    port->status = info->http_status;
    if (port->on_opened != NULL) {
        port->on_opened(port);
    }
}

void
hawser_port_writable(hawser_port *port)
{
    demand_alive(port);
    port->writable++;
    if (port->on_writable != NULL) {
        port->on_writable(port);
    }
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    demand_alive(port);
    port->passed = number;
    port->passes++;
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    demand_alive(port);
    (void)topic;
    (void)topic_size;
    if (port->messages < LINK_KEPT_MAX) {
        size_t n = size < 199 ? size : 199;

        port->kept[port->messages].kind = kind;
        port->kept[port->messages].size = size;
        memcpy(port->kept[port->messages].text, bytes, n);
        port->kept[port->messages].text[n] = '\0';
    }
    port->messages++;
    port->bytes += size;
    if (port->on_received != NULL) {
        port->on_received(port, bytes, size);
    }
    return HAWSER_OK;
}

void
hawser_port_alive(hawser_port *port)
{
    demand_alive(port);
    port->alive++;
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    demand_alive(port);
    port->lost = true;
    port->wire = NULL;
    port->cause = why->cause;
    copy(port->error, sizeof port->error, why->error);
    copy(port->reason, sizeof port->reason, why->reason);
    copy(port->headers, sizeof port->headers, why->headers);
    port->status = why->http_status;
    port->close_code = why->close_code;
    port->retry_after_ms = why->retry_after_ms;
}

const char *
hawser_port_name(const hawser_port *port)
{
    (void)port;
    return "link 1 wire 1";
}

// ---- the loop ----

static void
on_limit(uv_timer_t *timer)
{
    ((struct harness *)timer->data)->late = true;
}

void
harness_open(struct harness *h)
{
    memset(h, 0, sizeof *h);
    if (uv_loop_init(&h->loop) != 0 ||
        uv_timer_init(&h->loop, &h->limit) != 0 ||
        hawser_transport_ws.start(&h->loop, &h->site) != HAWSER_OK) {
        fprintf(stderr, "the site does not start\n");
        abort();
    }
    h->limit.data = h;
}

void
harness_close(struct harness *h)
{
    int left;

    hawser_transport_ws.stop(h->site);
    uv_close((uv_handle_t *)&h->limit, NULL);
    left = uv_run(&h->loop, UV_RUN_DEFAULT);
    if (left != 0 || uv_loop_close(&h->loop) != 0) {
        uv_print_all_handles(&h->loop, stderr);
        abort();
    }
}

size_t
memory_used(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

bool
harness_run(struct harness *h, hawser_port *port, bool (*done)(hawser_port *),
            int ms)
{
    h->late = false;
    uv_update_time(&h->loop);
    uv_timer_start(&h->limit, on_limit, (uint64_t)ms, 0);
    while (!h->late && !(done != NULL && done(port))) {
        uv_run(&h->loop, UV_RUN_ONCE);
        if (memory_used() > h->peak) {
            h->peak = memory_used();
        }
    }
    uv_timer_stop(&h->limit);
    return done != NULL && done(port);
}

void
harness_idle(struct harness *h, int ms)
{
    (void)harness_run(h, NULL, NULL, ms);
}

bool
is_opened(hawser_port *port)
{
    return port->opened || port->lost;
}

bool
is_lost(hawser_port *port)
{
    return port->lost;
}

bool
has_message(hawser_port *port)
{
    return port->lost || port->messages > 0;
}

bool
has_two(hawser_port *port)
{
    return port->lost || port->messages > 1;
}

bool
has_passed(hawser_port *port)
{
    return port->lost || port->passes > 0;
}

bool
was_writable(hawser_port *port)
{
    return port->lost || port->writable > 0;
}

// ---- the link ----

hawser_status
link_dial_with(struct harness *h, hawser_port *port, const char *url,
               const char *headers)
{
    hawser_route route = { "", 0 };
    hawser_dial dial = {
        .url = url, .number = 7, .headers = headers, .settings = &port->settings
    };
    char sentence[256] = "";
    hawser_status status;

    status = hawser_transport_ws.check(url, &port->settings, &route, sentence,
                                       sizeof sentence);
    if (status == HAWSER_OK) {
        bool numeric = strspn(route.host, "0123456789.") == strlen(route.host);

        dial.address = numeric ? route.host : "127.0.0.1";
        dial.port = route.port;
        status = hawser_transport_ws.dial(h->site, &dial, port, &port->wire,
                                          sentence, sizeof sentence);
    }
    if (status != HAWSER_OK) {
        copy(port->error, sizeof port->error, sentence);
    }
    return status;
}

hawser_status
link_dial(struct harness *h, hawser_port *port, const char *url)
{
    return link_dial_with(h, port, url, "");
}

bool
link_send(hawser_port *port, hawser_kind kind, const void *bytes, size_t size)
{
    hawser_message message = { .bytes = bytes,
                               .size = (uint32_t)size,
                               .kind = (uint8_t)kind };

    return hawser_transport_ws.send(port->wire, &message, 1) == 1;
}

void
link_close(hawser_port *port, int code, const char *reason)
{
    void *wire = port->wire;

    port->closed = true;
    port->wire = NULL;
    hawser_transport_ws.close(wire, code, reason);
}

// ---- servers ----

// ctest tells where the sources are; by hand, tests run from there.
static void
find_script(const char *script, char *path, size_t room)
{
    const char *folder = getenv("HAWSER_SOURCE_DIR");

    (void)snprintf(path, room, "%s/tests/ws/%s", folder == NULL ? "." : folder,
                   script); // or it is not found
}

static void
run_child(const char *script, const char *first, const char *second, int in,
          int out)
{
    char path[4096];

    find_script(script, path, sizeof path);
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    for (int fd = 3; fd < 256; fd++) {
        (void)close(fd); // most are none
    }
    (void)execl("/usr/bin/python3", "python3", path, first, second,
                (char *)NULL);
    _exit(127);
}

void
server_start(struct server *server, const char *script, const char *first,
             const char *second)
{
    int to[2], from[2];
    char line[200];
    size_t size = 0;

    if (pipe(to) != 0 || pipe(from) != 0 || (server->pid = fork()) < 0) {
        abort();
    }
    if (server->pid == 0) {
        run_child(script, first, second, to[0], from[1]);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    server->in = to[1];
    server->out = from[0];
    while (size < sizeof line - 1 && read(from[0], line + size, 1) == 1 &&
           line[size] != '\n') {
        size++;
    }
    line[size] = '\0';
    if (sscanf(line, "%u %127s", &server->port, server->note) < 1) {
        fprintf(stderr, "%s did not start\n", script);
        abort();
    }
}

void
server_stop(struct server *server)
{
    (void)close(server->in);
    (void)close(server->out);
    (void)waitpid(server->pid, NULL, 0);
}
