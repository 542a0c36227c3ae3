// faulty.c - the example's transport with a fault, which the suite must see.
//
// The example is compiled with its calls of Hawser renamed to fault_…, and its
// symbol to honest_transport; what both sides say comes through here. The
// environment names the fault. Wires that bind have none: they are partners.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <hawser/transport.h>

#include "faulty.h"

extern const hawser_transport honest_transport;

enum { AT_ONCE = 64 };

struct end {
    hawser_port *port;
    void *wire;
    struct end *before; // the wire that was dialled before
    int honest;
    uint64_t asked, passed;
    size_t heard;
    struct { // a message kept back
        void *bytes;
        size_t size;
        hawser_kind kind;
    } held;
    int speaks; // on a thread
    pthread_t speaker;
};

static struct end *newest;
static unsigned dials;
static uv_loop_t *loop_now;
static uv_timer_t leftover;

static int
planted(const char *name)
{
    const char *fault = getenv("HAWSER_FAULT");

    return fault != NULL && strcmp(fault, name) == 0;
}

static int
has(const struct end *end, const char *name)
{
    return !end->honest && planted(name);
}

static void
free_end(struct end *end)
{
    free(end->held.bytes);
    end->held.bytes = NULL;
    if (newest == end) {
        newest = NULL;
    }
    free(end);
}

// ---- what the example says ----

static void *
speak(void *user)
{
    hawser_port_received(user, HAWSER_BINARY, NULL, 0, "stray", 5);
    hawser_port_alive(user);
    return NULL;
}

static void
speak_on_a_thread(struct end *end)
{
    if (pthread_create(&end->speaker, NULL, speak, end->port) != 0) {
        abort();
    }
    end->speaks = 1;
}

// Behind close or lost a port may be gone, where nothing can tell of a stray.
static void
wait_for_the_thread(struct end *end)
{
    if (end->speaks) {
        (void)pthread_join(end->speaker, NULL); // it is one, and ends by itself
        end->speaks = 0;
    }
}

void
fault_opened(hawser_port *port, const hawser_opened *info)
{
    struct end *end = (struct end *)port;

    if (has(end, "receives_before_opened")) {
        hawser_port_received(end->port, HAWSER_BINARY, NULL, 0, "", 0);
    }
    if (!has(end, "opens_inside_dial")) {
        hawser_port_opened(end->port, info);
    }
    if (has(end, "opens_twice")) {
        hawser_port_opened(end->port, info);
    }
    if (has(end, "writable_without_need")) {
        hawser_port_writable(end->port);
    }
    if (has(end, "speaks_on_a_thread")) {
        speak_on_a_thread(end);
    }
}

void
fault_writable(hawser_port *port)
{
    struct end *end = (struct end *)port;

    if (!has(end, "never_writable")) {
        hawser_port_writable(end->port);
    }
}

void
fault_passed(hawser_port *port, uint64_t number)
{
    struct end *end = (struct end *)port;

    if (has(end, "passes_never") || has(end, "passes_early") ||
        (has(end, "passes_once") && end->passed != 0)) {
        return;
    }
    end->passed = number;
    hawser_port_passed(end->port, number + has(end, "passes_another"));
}

static void
hold(struct end *end, hawser_kind kind, const void *bytes, size_t size)
{
    end->held.bytes = malloc(size + 1);
    if (end->held.bytes == NULL) {
        abort();
    }
    memcpy(end->held.bytes, bytes, size);
    end->held.size = size;
    end->held.kind = kind;
}

static void
release(struct end *end)
{
    void *bytes = end->held.bytes;

    if (bytes != NULL) {
        end->held.bytes = NULL;
        hawser_port_received(end->port, end->held.kind, NULL, 0, bytes,
                             end->held.size);
        free(bytes);
    }
}

hawser_status
fault_received(hawser_port *port, hawser_kind kind, const void *topic,
               size_t topic_size, const void *bytes, size_t size)
{
    struct end *end = (struct end *)port;
    hawser_port *to = end->port;
    int hundredth = ++end->heard % 100 == 0;

    (void)topic; // it has none
    (void)topic_size;
    if ((has(end, "drops") && hundredth) ||
        (has(end, "drops_the_largest") && size == 100000)) {
        return HAWSER_OK;
    }
    if (has(end, "reorders") || has(end, "receives_after_lost")) {
        int first = end->held.bytes == NULL;

        if (has(end, "receives_after_lost")) {
            release(end);
        }
        if (first || has(end, "receives_after_lost")) {
            hold(end, kind, bytes, size);
            return HAWSER_OK;
        }
    }
    if (has(end, "mixes_wires") && end->before != NULL) {
        to = end->before->port;
    }
    if (has(end, "cuts_received") && size > 65535) {
        size = 65535;
    }
    hawser_port_received(to, has(end, "forgets_kinds") ? HAWSER_BINARY : kind,
                         NULL, 0, bytes, size);
    if (has(end, "repeats") && hundredth) {
        hawser_port_received(to, kind, NULL, 0, bytes, size);
    }
    if (has(end, "reorders")) {
        release(end);
    }
    return HAWSER_OK;
}

void
fault_alive(hawser_port *port)
{
    struct end *end = (struct end *)port;

    if (has(end, "refuses_outside_of_send")) {
        hawser_port_refused(end->port, 0, "nobody is to have it");
    }
    if (!has(end, "seems_dead")) {
        hawser_port_alive(end->port);
    }
}

void
fault_refused(hawser_port *port, size_t index, const char *sentence)
{
    hawser_port_refused(((struct end *)port)->port, index, sentence);
}

void
fault_note(hawser_port *port, const char *sentence)
{
    hawser_port_note(((struct end *)port)->port, sentence);
}

void
fault_lost(hawser_port *port, const hawser_lost *why)
{
    struct end *end = (struct end *)port;
    hawser_lost told = *why;

    wait_for_the_thread(end);
    end->wire = NULL;
    if (has(end, "never_lost")) {
        return; // and never freed: Hawser may close it
    }
    if (has(end, "lost_without_a_sentence")) {
        told.error = "";
    }
    if (has(end, "tells_another_code")) {
        told.close_code = 1006;
    }
    if (has(end, "tells_another_cause")) {
        told.cause = HAWSER_CAUSE_LOCAL;
    }
    hawser_port_lost(end->port, &told);
    release(end); // too late
    if (has(end, "lost_twice")) {
        hawser_port_lost(end->port, &told);
    }
    free_end(end);
}

const char *
fault_name(const hawser_port *port)
{
    return hawser_port_name(((const struct end *)port)->port);
}

const char *
fault_setting_text(const hawser_settings *settings, const char *name)
{
    return hawser_setting_text(settings, name);
}

int64_t
fault_setting_number(const hawser_settings *settings, const char *name)
{
    if (planted("ignores_the_limit") && strcmp(name, "message.max") == 0) {
        return 1 << 30;
    }
    return hawser_setting_number(settings, name);
}

// ---- what the example is told ----

static hawser_status
start(void *uv_loop, void **site)
{
    loop_now = uv_loop;
    if (planted("leaves_a_handle")) {
        (void)uv_timer_init(uv_loop, &leftover); // can't fail
    }
    return honest_transport.start(uv_loop, site);
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t size)
{
    hawser_status status =
        honest_transport.check(url, settings, route, sentence, size);

    if (planted("refuses_without_a_sentence") && status != HAWSER_OK) {
        sentence[0] = '\0';
    }
    if (planted("writes_past_a_sentence") && status != HAWSER_OK) {
        memset(sentence, '!', size + 4);
    }
    return planted("takes_any_url") ? HAWSER_OK : status;
}

static hawser_status
dial(void *site, const hawser_dial *what, hawser_port *port, void **made,
     char *sentence, size_t size)
{
    struct end *end = calloc(1, sizeof *end);
    const hawser_opened info = { .peer = "x", .protocol = "", .headers = "" };
    hawser_status status;

    if (end == NULL) {
        abort();
    }
    end->port = port;
    end->honest = strstr(what->url, "?bind=1") != NULL;
    end->before = end->honest ? NULL : newest;
    if (has(end, "dials_once") && dials++ > 0) {
        free(end);
        (void)snprintf(sentence, size, "once is enough");
        return HAWSER_SYSTEM;
    }
    if (has(end, "opens_inside_dial")) {
        hawser_port_opened(port, &info);
    }
    status = honest_transport.dial(site, what, (hawser_port *)end, &end->wire,
                                   sentence, size);
    if (status != HAWSER_OK) {
        free(end);
        return status;
    }
    if (!end->honest) {
        newest = end;
    }
    *made = end;
    return status;
}

// With other messages than those that are given.
static size_t
send_others(struct end *end, const hawser_message *messages, size_t count)
{
    hawser_message others[AT_ONCE];

    memcpy(others, messages, count * sizeof *others);
    if (has(end, "swaps_sent") && count > 1) {
        others[0] = messages[1];
        others[1] = messages[0];
    }
    for (size_t i = 0; i < count && has(end, "cuts_sent"); i++) {
        others[i].size = others[i].size < 65535 ? others[i].size : 65535;
    }
    if (has(end, "swallows_the_last") && count > 1) {
        size_t taken = honest_transport.send(end->wire, others, count - 1);

        return taken + (taken == count - 1);
    }
    return honest_transport.send(end->wire, others, count);
}

static size_t
send_some(void *wire, const hawser_message *messages, size_t count)
{
    struct end *end = wire;
    size_t taken;

    if (has(end, "crashes")) {
        abort();
    }
    if (has(end, "refuses_what_it_was_not_given")) {
        hawser_port_refused(end->port, count, "nobody is to have it");
    }
    if (has(end, "takes_nothing_large") && messages[0].size > 65536) {
        return 0;
    }
    taken = end->wire == NULL ? 0
            : count <= AT_ONCE
                ? send_others(end, messages, count)
                : honest_transport.send(end->wire, messages, count);
    if (has(end, "takes_too_many")) {
        return count + 1;
    }
    return has(end, "takes_all") ? count : taken;
}

// The closing of a timer is the loop's next turn.
static void
at_next_turn(uv_loop_t *loop, void *data, uv_close_cb what)
{
    uv_timer_t *timer = malloc(sizeof *timer);

    if (timer == NULL) {
        abort();
    }
    (void)uv_timer_init(loop, timer); // can't fail
    timer->data = data;
    uv_close((uv_handle_t *)timer, what);
}

static void
pass_early(uv_handle_t *timer)
{
    struct end *end = timer->data;

    hawser_port_passed(end->port, end->asked);
    free(timer);
}

static void
barrier(void *wire, uint64_t number)
{
    struct end *end = wire;

    end->asked = number;
    if (has(end, "passes_early")) {
        at_next_turn(loop_now, end, pass_early);
    } else if (end->wire != NULL) {
        honest_transport.barrier(end->wire, number);
    }
}

static void
listen_or_not(void *wire, int on)
{
    struct end *end = wire;

    if (end->wire != NULL && !has(end, "never_deaf") &&
        !(has(end, "stays_deaf") && on)) {
        honest_transport.listen(end->wire, on);
    }
}

static void
speak_late(uv_handle_t *timer)
{
    hawser_port *port = timer->data;

    hawser_port_alive(port);
    hawser_port_received(port, HAWSER_BINARY, NULL, 0, "late", 4);
    free(timer);
}

static void
close_wire(void *wire, int code, const char *reason)
{
    struct end *end = wire;
    hawser_port *port = end->port;
    int speaks_inside = has(end, "speaks_inside_close");
    int speaks_late = has(end, "speaks_after_close");
    void *inner = end->wire;

    if (has(end, "forgets_the_code") ||
        (has(end, "cuts_politely") && code == HAWSER_CLOSE_CUT)) {
        code = 0;
        reason = "";
    }
    if (has(end, "another_ordinary_code") && code == 0) {
        code = 1001;
    }
    wait_for_the_thread(end);
    free_end(end);
    if (inner != NULL) {
        honest_transport.close(inner, code, reason);
    }
    if (speaks_inside) {
        hawser_port_alive(port);
    }
    if (speaks_late) {
        at_next_turn(loop_now, port, speak_late);
    }
}

static void
tell_gauge(void *wire, hawser_gauge *gauge)
{
    struct end *end = wire;

    if (end->wire != NULL) {
        honest_transport.gauge(end->wire, gauge);
    }
    if (has(end, "gauge_without_backlog")) {
        gauge->backlog = 0;
    }
}

static void
stop(void *site)
{
    honest_transport.stop(site);
}

HAWSER_API const hawser_transport hawser_transport_1 = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "packet",
    .start = start,
    .stop = stop,
    .check = check,
    .dial = dial,
    .send = send_some,
    .barrier = barrier,
    .listen = listen_or_not,
    .close = close_wire,
    .gauge = tell_gauge,
};
