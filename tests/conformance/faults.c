// faults.c - transports with a fault, which the suite must see.
//
// Every hawser_port_… call comes through here: unless a fault is planted, and
// the port is not the partner's, it goes to the recorder as it is.
#include "faults.h"

#include <stdlib.h>
#include <string.h>

static enum fault planted;
static hawser_transport good;
static hawser_transport faulty;
static uv_timer_t leftover; // LEAVES_A_HANDLE
static struct note held;    // REORDERS, LOSES_EARLY: a message kept back
static hawser_port *holder;
static unsigned heard;

const char *
fault_name(enum fault fault)
{
    static const char *const names[] = {
#define FAULT_NAME(name, sentence) #name,
        FAULTS(FAULT_NAME)
#undef FAULT_NAME
    };

    return names[fault];
}

const char *
fault_sentence(enum fault fault)
{
    static const char *const sentences[] = {
#define FAULT_SENTENCE(name, sentence) sentence,
        FAULTS(FAULT_SENTENCE)
#undef FAULT_SENTENCE
    };

    return sentences[fault];
}

static bool
has(const hawser_port *port, enum fault fault)
{
    return planted == fault && !port->honest;
}

// ---- what the good one says ----

static void
hold(hawser_port *port, hawser_kind kind, const void *bytes, size_t size)
{
    held.kind = kind;
    held.size = size;
    held.bytes = malloc(size + 1);
    if (held.bytes == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(held.bytes, bytes, size);
    }
    holder = port;
}

static void
release(void)
{
    hawser_port *port = holder;

    if (port != NULL) {
        holder = NULL;
        record_received(port, held.kind, NULL, 0, held.bytes, held.size);
        free(held.bytes);
        held.bytes = NULL;
    }
}

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    if (has(port, FAULT_OPENS_LATE)) {
        record_received(port, HAWSER_BINARY, NULL, 0, "", 0);
    }
    if (!has(port, FAULT_OPENS_INSIDE)) {
        record_opened(port, info);
    }
    if (has(port, FAULT_OPENS_TWICE)) {
        record_opened(port, info);
    }
    if (has(port, FAULT_ALWAYS_WRITABLE)) {
        record_writable(port);
    }
}

void
hawser_port_writable(hawser_port *port)
{
    if (!has(port, FAULT_FORGETS_WRITABLE)) {
        record_writable(port);
    }
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    if (has(port, FAULT_PASSES_OTHERS)) {
        record_passed(port, number + 1);
    } else if (!has(port, FAULT_PASSES_NEVER) &&
               !has(port, FAULT_PASSES_EARLY)) {
        record_passed(port, number);
    }
}

// Faults of what is received that are faults of this one message.
static void
receive_wrongly(hawser_port *port, hawser_kind kind, const void *bytes,
                size_t size)
{
    uint8_t *copy = malloc(size + 1);
    bool hundredth = ++heard % 100 == 0;

    if (copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    if (has(port, FAULT_GARBLES) && size > 60000) {
        copy[size / 2] ^= 1;
    }
    if (has(port, FAULT_CUTS) && size > 65535) {
        size = 65535;
    }
    if (has(port, FAULT_FORGETS_KINDS)) {
        kind = HAWSER_BINARY;
    }
    if (!has(port, FAULT_DROPS) || !hundredth) {
        record_received(port, kind, NULL, 0, copy, size);
    }
    if (has(port, FAULT_REPEATS) && hundredth) {
        record_received(port, kind, NULL, 0, copy, size);
    }
    free(copy);
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    if (has(port, FAULT_REORDERS)) {
        if (holder == NULL) {
            hold(port, kind, bytes, size);
            return HAWSER_OK;
        }
        record_received(port, kind, topic, topic_size, bytes, size);
        release();
    } else if (has(port, FAULT_LOSES_EARLY)) {
        release();
        hold(port, kind, bytes, size);
    } else if (planted != FAULT_NONE && !port->honest && topic == NULL) {
        receive_wrongly(port, kind, bytes, size);
    } else {
        record_received(port, kind, topic, topic_size, bytes, size);
    }
    return HAWSER_OK;
}

void
hawser_port_refused(hawser_port *port, size_t index, const char *sentence)
{
    record_refused(port, index, sentence);
}

void
hawser_port_note(hawser_port *port, const char *sentence)
{
    record_note(port, sentence);
}

void
hawser_port_alive(hawser_port *port)
{
    if (!has(port, FAULT_SEEMS_DEAD)) {
        record_alive(port);
    }
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    hawser_lost wrong = *why;

    if (has(port, FAULT_NEVER_LOST)) {
        port->wire = NULL; // it is the transport's to free
        return;
    }
    if (has(port, FAULT_LOSES_DUMB)) {
        wrong.error = "";
    }
    if (has(port, FAULT_FORGETS_LOST_CODE)) {
        wrong.close_code = 1006;
    }
    record_lost(port, &wrong);
    release(); // too late
    if (has(port, FAULT_LOSES_TWICE)) {
        record_lost(port, why);
    }
}

const char *
hawser_port_name(const hawser_port *port)
{
    return port->name;
}

// ---- what it is told ----

// Wires are known by the good one's pointer; the stage's ports tell whose.
static struct stage *stage_now;

static hawser_port *
port_of(const void *wire)
{
    for (size_t i = 0; stage_now != NULL && i < stage_now->port_count; i++) {
        if (stage_now->ports[i]->wire == wire ||
            (stage_now->ports[i]->inside != NULL)) {
            return stage_now->ports[i];
        }
    }
    return NULL;
}

static hawser_status
start(void *uv_loop, void **site)
{
    if (planted == FAULT_LEAVES_A_HANDLE) {
        (void)uv_timer_init(uv_loop, &leftover); // it can't fail
    }
    return good.start(uv_loop, site);
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t sentence_size)
{
    hawser_status status =
        good.check(url, settings, route, sentence, sentence_size);

    if (planted == FAULT_REFUSES_DUMB && sentence_size > 0) {
        sentence[0] = '\0';
    }
    return planted == FAULT_ACCEPTS_ANY_URL ? HAWSER_OK : status;
}

static hawser_status
dial(void *site, const hawser_dial *what, hawser_port *port, void **wire,
     char *sentence, size_t sentence_size)
{
    static struct stage limits;
    hawser_dial freed = *what;
    const hawser_opened info = { .peer = "x", .protocol = "", .headers = "" };

    stage_now = port->stage;
    if (planted == FAULT_IGNORES_LIMIT) {
        memcpy(limits.set, port->stage->set, sizeof limits.set);
        for (struct setting *set = limits.set; set->name != NULL; set++) {
            if (strcmp(set->name, "message.max") == 0) {
                set->value = "1GiB";
            }
        }
        limits.settings.stage = &limits;
        freed.settings = &limits.settings;
    }
    if (planted == FAULT_OPENS_INSIDE) {
        record_opened(port, &info);
    }
    return good.dial(site, &freed, port, wire, sentence, sentence_size);
}

static size_t
send_batch(void *wire, const hawser_message *messages, size_t count)
{
    size_t taken;

    if (planted == FAULT_TAKES_NOTHING && messages[0].size > 65536) {
        return 0;
    }
    taken = good.send(wire, messages, count);
    if (planted == FAULT_TAKES_TOO_MANY) {
        taken++;
    }
    return planted == FAULT_TAKES_ALL ? count : taken;
}

static void
pass_early(uv_handle_t *timer)
{
    hawser_port *port = timer->data;

    record_passed(port, port->asked);
    free(timer);
}

static void
barrier(void *wire, uint64_t number)
{
    if (planted == FAULT_PASSES_EARLY) {
        // The next turn of the loop: a handle's closing is the quickest way.
        uv_timer_t *timer = malloc(sizeof *timer);

        if (timer == NULL) {
            abort();
        }
        (void)uv_timer_init(&stage_now->loop, timer); // it can't fail
        timer->data = port_of(wire);
        uv_close((uv_handle_t *)timer, pass_early);
        return;
    }
    good.barrier(wire, number);
}

static void
hear_or_not(void *wire, int on)
{
    if (planted == FAULT_NEVER_DEAF || (planted == FAULT_STAYS_DEAF && on)) {
        return;
    }
    good.listen(wire, on);
}

static void
close_wire(void *wire, int code, const char *reason)
{
    if (planted == FAULT_FORGETS_CODE ||
        (planted == FAULT_CUTS_POLITELY && code == HAWSER_CLOSE_CUT)) {
        code = 0;
    }
    good.close(wire, code, reason);
    if (planted == FAULT_SPEAKS_AFTER_CLOSE && port_of(wire) != NULL) {
        record_alive(port_of(wire));
    }
}

const hawser_transport *
fault_plant(enum fault fault, const hawser_transport *good_one)
{
    free(held.bytes);
    held.bytes = NULL;
    planted = fault;
    heard = 0;
    holder = NULL;
    good = *good_one;
    faulty = *good_one;
    faulty.start = start;
    faulty.check = check;
    faulty.dial = dial;
    faulty.send = send_batch;
    faulty.barrier = barrier;
    faulty.listen = hear_or_not;
    faulty.close = close_wire;
    return &faulty;
}
