// ports.c - ports and settings for wires of the sim world, driven by hand.
#include "ports.h"

#include <stdlib.h>
#include <string.h>

#include "values/settings.h"

struct seen seen;
static struct hawser_settings *settings;

static void
must(bool kept)
{
    if (!kept) {
        abort();
    }
}

// ---- what the transport says ----

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    port->opened++;
    port->barriers = info->barriers;
}

void
hawser_port_writable(hawser_port *port)
{
    port->writable++;
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    port->passed = number;
}

void
hawser_port_alive(hawser_port *port)
{
    port->alive++;
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    (void)kind; // the conformance suite looks at these
    (void)topic;
    (void)topic_size;
    port->received++;
    if (size >= sizeof port->last) {
        memcpy(&port->last, bytes, sizeof port->last);
    }
    return HAWSER_OK;
}

void
hawser_port_refused(hawser_port *port, size_t index, const char *sentence)
{
    (void)sentence; // for people
    port->refused++;
    port->refused_last = index;
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    port->lost++;
    port->wire = NULL;
    port->cause = why->cause;
    port->code = why->close_code;
    port->http_status = why->http_status;
    port->retry_after_ms = why->retry_after_ms;
}

const char *
hawser_port_name(const hawser_port *port)
{
    (void)port; // they all have one name
    return "link 1 wire 1";
}

// ---- what the server sees ----

static void
on_taken(void *user, const struct sim_seen *what)
{
    (void)user; // there is one world
    (void)what;
    seen.taken++;
}

static void
on_arrived(void *user, const struct sim_seen *what)
{
    uint64_t number = 0;

    memcpy(&number, what->bytes, sizeof number);
    seen.out_of_order += number != seen.arrived;
    seen.arrived++;
    seen.life = what->life;
    seen.hash = (seen.hash ^ number ^ sim_world_now_us(user) << 20) *
                UINT64_C(0x100000001b3);
}

static void
on_handled(void *user, const struct sim_seen *what)
{
    (void)user; // there is one world
    (void)what;
    seen.handled++;
}

static void
on_goodbye(void *user, const struct sim_seen *what, int code,
           const char *reason)
{
    (void)user; // there is one world
    (void)what;
    (void)reason;
    seen.goodbyes++;
    seen.code = code;
}

// ---- the world ----

struct sim_world *
world_begin(uint64_t seed, struct sim_server **server)
{
    struct sim_world *world = sim_world_open(seed);
    const struct sim_watch watch = {
        .user = world,
        .taken = on_taken,
        .arrived = on_arrived,
        .handled = on_handled,
        .goodbye = on_goodbye,
    };

    memset(&seen, 0, sizeof seen);
    sim_world_watch(world, &watch);
    *server = sim_server_add(world, "a");
    settings = hw_settings_new(NULL, NULL);
    must(settings != NULL);
    return world;
}

void
world_end(struct sim_world *world)
{
    sim_world_close(world);
    hw_settings_drop(settings);
}

void
world_pass(struct sim_world *world, uint64_t us)
{
    uint64_t end = sim_world_now_us(world) + us;

    while (sim_world_next_us(world) <= end) {
        uint64_t next = sim_world_next_us(world);

        if (next > sim_world_now_us(world)) {
            sim_world_set_us(world, next);
        }
        sim_world_turn(world);
    }
    sim_world_set_us(world, end);
}

// ---- the verbs ----

void
port_dial(struct sim_world *world, hawser_port *port, const char *url)
{
    const hawser_dial dial = { .url = url,
                               .address = "",
                               .headers = "",
                               .number = 1,
                               .settings = settings };
    char sentence[64];

    memset(port, 0, sizeof *port);
    must(hawser_transport_sim.dial(world, &dial, port, &port->wire, sentence,
                                   sizeof sentence) == HAWSER_OK);
}

void
port_open(struct sim_world *world, hawser_port *port)
{
    port_dial(world, port, "sim://a");
    world_pass(world, sim_script_kind.dial_us);
    must(port->opened == 1);
}

size_t
port_send(hawser_port *port, uint64_t from, size_t count, size_t size)
{
    static uint8_t bytes[1 << 20];
    size_t taken = 0;

    must(size >= sizeof from && size <= sizeof bytes);
    while (taken < count && port->wire != NULL) {
        uint64_t number = from + taken;
        const hawser_message message = { .bytes = bytes,
                                         .size = (uint32_t)size };

        memcpy(bytes, &number, sizeof number);
        if (hawser_transport_sim.send(port->wire, &message, 1) == 0) {
            break;
        }
        taken++;
    }
    return taken;
}

void
port_barrier(hawser_port *port, uint64_t number)
{
    hawser_transport_sim.barrier(port->wire, number);
}

void
port_listen(hawser_port *port, bool on)
{
    hawser_transport_sim.listen(port->wire, on);
}

void
port_close(hawser_port *port, int code, const char *reason)
{
    if (port->wire != NULL) {
        hawser_transport_sim.close(port->wire, code, reason);
        port->wire = NULL;
    }
}
