// shard.c - an engine of the bus: a loop, its table, and six actors.
#include "actors/roles.h"
#include "front/bus.h"
#include "front/offer.h"
#include "loop/table.h"

static const struct hw_role *const roles[] = {
    &hw_role_port,    &hw_role_receiver,  &hw_role_sender,     &hw_role_queue,
    &hw_role_backoff, &hw_role_heartbeat, &hw_role_supervisor, &hw_role_door,
};

enum { ROLES = sizeof roles / sizeof roles[0] };

// ---- what is the shard's of what is the bus's ----

// A link goes where there are the fewest, so that no shard ever has more than
// its share and one; but an offer may have to go where its inbox is.
static uint32_t
links_of_one_max(const hawser_bus *bus)
{
    uint32_t all = (uint32_t)bus->settings->links_max;

    return bus->shard_count == 1 ? all
                                 : all / bus->shard_count + 1 + HW_INBOXES_MAX;
}

uint32_t
hw_shard_chunks(const hawser_bus *bus)
{
    return (links_of_one_max(bus) / HW_SLOTS_OF_CHUNK + 1) * bus->shard_count;
}

// Of what all may do together.
static int64_t
share_of(int64_t all, const struct hw_shard *shard)
{
    int64_t count = (int64_t)shard->bus->shard_count;
    int64_t number = shard - shard->bus->shards;
    int64_t share = all / count + (number < all % count);

    return share > 0 ? share : 1;
}

// With a row for each link of the bus, wherever its slot may be.
static struct hawser_settings *
settings_of(const struct hw_shard *shard)
{
    const hawser_bus *bus = shard->bus;
    struct hawser_settings *settings;

    if (bus->shard_count == 1) {
        return hw_settings_hold(bus->settings);
    }
    settings = hw_settings_new(bus->options, NULL);
    if (settings != NULL) {
        settings->links_max = (int64_t)bus->chunks_max * HW_SLOTS_OF_CHUNK;
        if (settings->random_seed >= 0) {
            settings->random_seed += shard - bus->shards;
        }
        settings->dials_burst = share_of(settings->dials_burst, shard);
        if (settings->dials_per_second > 0) { // and not off
            settings->dials_per_second =
                share_of(settings->dials_per_second, shard);
        }
    }
    return settings;
}

struct hw_shard *
hw_shard_idlest(hawser_bus *bus)
{
    struct hw_shard *idlest = &bus->shards[0];

    for (unsigned i = 1; i < bus->shard_count; i++) {
        if (bus->shards[i].links < idlest->links) {
            idlest = &bus->shards[i];
        }
    }
    return idlest;
}

// ---- opening and closing ----

static hawser_status
open_table(struct hw_shard *shard, const struct hawser_settings *settings)
{
    hawser_status status = hw_ports_open(
        shard->loop, (uint32_t)settings->links_max, &shard->ports);

    if (status == HAWSER_OK) {
        status =
            hw_table_open(shard->bus->post, roles, ROLES, settings,
                          hw_loop_clock_us, NULL, shard->ports, &shard->table);
    }
    return status;
}

hawser_status
hw_shard_open(struct hw_shard *shard, hawser_bus *bus)
{
    const struct hw_loop_watch watch = {
        .user = shard,
        .gather = hw_door_gather,
        .turned = hw_wait_turned,
        .resumed = hw_door_resumed,
    };
    struct hawser_settings *settings;
    hawser_status status;

    shard->bus = bus;
    (void)pthread_mutex_init(&shard->lock, NULL); // it can't fail
    settings = settings_of(shard);
    if (settings == NULL) {
        return HAWSER_NO_MEMORY;
    }
    status = hw_loop_open(&shard->loop);
    if (status == HAWSER_OK) {
        hw_loop_set_spin(shard->loop, (uint32_t)settings->spin);
        status = open_table(shard, settings);
    }
    hw_settings_drop(settings);
    if (status == HAWSER_OK) {
        hw_door_open(shard);
        hw_loop_seat(shard->loop, shard->table, &watch);
    }
    return status;
}

void
hw_shard_close(struct hw_shard *shard, uint64_t deadline_ms)
{
    hw_offers_close(shard);
    hw_table_close(shard->table);
    hw_ports_close(shard->ports);
    hw_loop_close(shard->loop, deadline_ms);
    hw_door_close(shard);
    (void)pthread_mutex_destroy(&shard->lock); // nobody holds it
}
