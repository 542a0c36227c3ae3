// bus.c - the engine in the application's process: put together, taken apart.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hawser/zmq.h>

#include "front/bus.h"
#include "front/offer.h"

// ---- opening ----

// Numbers of links begin elsewhere for each bus, as far from the others as may
// be, so that a link of one bus is no link of another (Fibonacci hashing).
static uint32_t
next_birth(void)
{
    static atomic_uint buses;

    return (uint32_t)(atomic_fetch_add(&buses, 1) * UINT32_C(2654435769));
}

// Links of zmq+inproc:// are to find what is in the application's context.
static hawser_status
name_context(const hawser_bus *bus)
{
    char address[24];

    if (bus->zmq_context == NULL) {
        return HAWSER_OK;
    }
    (void)snprintf(address, sizeof address, "%" PRIuPTR,
                   (uintptr_t)bus->zmq_context); // it fits
    return hawser_options_set(bus->options, "zmq.context", address);
}

static hawser_status
open_memory(hawser_bus *bus, const hawser_options *options)
{
    hawser_status status;

    (void)pthread_mutex_init(&bus->lock, NULL); // neither can fail
    (void)pthread_cond_init(&bus->turned, NULL);
    bus->born = next_birth();
    bus->options = hw_options_copy(options);
    if (bus->options == NULL) {
        return HAWSER_NO_MEMORY;
    }
    status = name_context(bus);
    if (status != HAWSER_OK) {
        return status;
    }
    bus->settings = hw_settings_new(bus->options, NULL);
    if (bus->settings == NULL) {
        return HAWSER_NO_MEMORY;
    }
    return HAWSER_OK;
}

static void
stop_threads(hawser_bus *bus)
{
    for (unsigned i = 0; i < bus->shard_count; i++) {
        hw_loop_stop_thread(bus->shards[i].loop);
    }
    bus->threaded = false;
}

// One after the other, and each may take as much of the time that is left as
// those after it.
static void
close_shards(hawser_bus *bus)
{
    uint64_t end_ms = hw_now_ms() + HW_GOODBYE_MS;

    for (unsigned i = 0; i < bus->shard_count; i++) {
        uint64_t now_ms = hw_now_ms();
        uint64_t left_ms = end_ms > now_ms ? end_ms - now_ms : 0;

        hw_shard_close(&bus->shards[i],
                       now_ms + left_ms / (bus->shard_count - i));
    }
    free(bus->shards);
}

// Whatever of it is there.
static void
take_apart(hawser_bus *bus)
{
    stop_threads(bus);
    hw_keeper_close(bus->keeper); // whose last word knocks at a loop
    close_shards(bus);
    for (unsigned i = 0; i < HW_INBOXES_MAX; i++) {
        hw_inbox_free(bus->inboxes[i]);
    }
    if (bus->post != NULL) {
        hw_post_close(bus->post);
    }
    hw_slots_free(bus);
    hw_settings_drop(bus->settings);
    hawser_options_free(bus->options);
    (void)pthread_cond_destroy(&bus->turned); // nobody waits any more
    (void)pthread_mutex_destroy(&bus->lock);
    free(bus);
}

// threads=0 is one shard, whose loop the caller runs.
static hawser_status
make_shards(hawser_bus *bus)
{
    int64_t threads = bus->settings->threads;

    bus->shard_count = threads > 1 ? (unsigned)threads : 1;
    bus->chunks_max = hw_shard_chunks(bus);
    bus->shards = calloc(bus->shard_count, sizeof *bus->shards);
    bus->chunks = calloc(bus->chunks_max, sizeof *bus->chunks);
    if (bus->shards == NULL || bus->chunks == NULL) {
        bus->shard_count = 0;
        return HAWSER_NO_MEMORY;
    }
    return HAWSER_OK;
}

static hawser_status
open_shards(hawser_bus *bus)
{
    hawser_status status = make_shards(bus);

    if (status == HAWSER_OK) {
        status = hw_post_open(bus->shard_count, &bus->post);
    }
    for (unsigned i = 0; i < bus->shard_count && status == HAWSER_OK; i++) {
        status = hw_shard_open(&bus->shards[i], bus);
    }
    return status;
}

static hawser_status
start_threads(hawser_bus *bus)
{
    hawser_status status = HAWSER_OK;

    bus->threaded = true;
    for (unsigned i = 0; i < bus->shard_count && status == HAWSER_OK; i++) {
        status = hw_loop_start_thread(bus->shards[i].loop);
    }
    return status;
}

static hawser_status
open_bus(void *zmq_context, const hawser_options *options, hawser_bus **bus)
{
    hawser_bus *made;
    hawser_status status;

    if (bus == NULL) {
        hw_error_set("an argument is missing");
        return HAWSER_INVALID;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL) {
        hw_error_set("out of memory");
        return HAWSER_NO_MEMORY;
    }
    made->zmq_context = zmq_context;
    status = open_memory(made, options);
    if (status == HAWSER_OK) {
        status = hw_load_listed(made->settings->transport_load);
    }
    if (status == HAWSER_OK) {
        status = open_shards(made);
    }
    if (status == HAWSER_OK) {
        status = hawser_inbox_open(made, &made->inboxes[0]);
    }
    if (status == HAWSER_OK && made->settings->threads > 0) {
        status = start_threads(made);
    }
    if (status != HAWSER_OK) {
        if (hawser_last_error()[0] == '\0') {
            hw_error_of(status);
        }
        take_apart(made);
        return status;
    }
    *bus = made;
    return HAWSER_OK;
}

hawser_status
hawser_bus_open(const hawser_options *options, hawser_bus **bus)
{
    hw_error_clear();
    return open_bus(NULL, options, bus);
}

hawser_status
hawser_bus_open_in_zmq(void *zmq_context, const hawser_options *options,
                       hawser_bus **bus)
{
    hw_error_clear();
    if (zmq_context == NULL) {
        hw_error_set("an argument is missing");
        return HAWSER_INVALID;
    }
    return open_bus(zmq_context, options, bus);
}

void *
hawser_bus_zmq_context(hawser_bus *bus)
{
    return bus == NULL                ? NULL
           : bus->zmq_context != NULL ? bus->zmq_context
                                      : hw_post_context(bus->post);
}

// ---- foreign loops ----

hawser_status
hawser_bus_fd(hawser_bus *bus, int *fd)
{
    hawser_status status;

    if (bus == NULL || fd == NULL) {
        return HAWSER_INVALID;
    }
    if (bus->threaded) {
        return HAWSER_UNSUPPORTED;
    }
    hw_error_clear();
    status = hw_loop_fd(bus->shards[0].loop, fd);
    if (status != HAWSER_OK) {
        hw_error_of(status);
    }
    return status;
}

hawser_status
hawser_bus_step(hawser_bus *bus)
{
    if (bus == NULL) {
        return HAWSER_INVALID;
    }
    if (bus->threaded) {
        return HAWSER_UNSUPPORTED;
    }
    hw_loop_step(bus->shards[0].loop);
    return HAWSER_OK;
}

// ---- closing ----

struct ending {
    hawser_bus *bus;
    int drain_ms;
};

static void
end_link(struct hw_slot *slot, void *user)
{
    const struct ending *ending = user;

    hw_link_end(ending->bus, slot, ending->drain_ms);
}

// Nobody else reads what comes; unread, it would keep answers from being heard.
// Slots are released by that, and their meters stay.
static bool
all_has_ended(void *user)
{
    const struct ending *ending = user;
    unsigned open = 0;

    for (unsigned i = 0; i < HW_INBOXES_MAX; i++) {
        hawser_inbox *inbox = ending->bus->inboxes[i];

        if (inbox != NULL) {
            if (!inbox->hidden) {
                hw_inbox_discard(inbox);
            }
            open += atomic_load(&inbox->links);
        }
    }
    return open == 0;
}

static void
end_links(struct ending *ending, uint64_t deadline_ms)
{
    hw_slots_each(ending->bus, end_link, ending);
    (void)hw_wait(ending->bus, deadline_ms, all_has_ended, ending); // or later
}

hawser_status
hawser_bus_close(hawser_bus *bus, int timeout_ms)
{
    struct ending ending = { .bus = bus };
    uint64_t before, leftover;

    if (bus == NULL) {
        return HAWSER_OK;
    }
    before = atomic_load(&bus->leftover);
    hw_offers_end(bus);
    if (timeout_ms > 0) {
        ending.drain_ms = timeout_ms;
        end_links(&ending, hw_deadline_ms(timeout_ms));
    }
    ending.drain_ms = 0;
    end_links(&ending, UINT64_MAX);
    leftover = atomic_load(&bus->leftover) - before;
    take_apart(bus);
    return leftover > 0 ? HAWSER_LEFTOVER : HAWSER_OK;
}
