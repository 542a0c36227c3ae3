// slots.c - which link is where.
//
// Slots come in chunks that stay until the bus is closed, so that a number of a
// link can be looked up by any thread at any time: a slot is always there to
// say that it serves another link now.
#include <stdlib.h>

#include "front/bus.h"

static struct hw_slot *
chunk_at(hawser_bus *bus, uint32_t index)
{
    return atomic_load_explicit(&bus->chunks[index / HW_SLOTS_OF_CHUNK],
                                memory_order_acquire);
}

struct hw_slot *
hw_slot_at(hawser_bus *bus, uint32_t index)
{
    return &chunk_at(bus, index)[index % HW_SLOTS_OF_CHUNK];
}

// Each chunk is one shard's, so that the rows that its actors use lie together.
static bool
add_chunk(hawser_bus *bus, struct hw_shard *shard)
{
    uint32_t first = bus->chunk_count * HW_SLOTS_OF_CHUNK;
    struct hw_slot *chunk = calloc(HW_SLOTS_OF_CHUNK, sizeof *chunk);

    if (chunk == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < HW_SLOTS_OF_CHUNK; i++) {
        (void)pthread_mutex_init(&chunk[i].lock, NULL); // it can't fail
        chunk[i].shard = shard;
        chunk[i].index = first + i;
        chunk[i].generation = bus->born;
    }
    atomic_store_explicit(&bus->chunks[bus->chunk_count++], chunk,
                          memory_order_release);
    shard->fresh = first;
    shard->fresh_count = HW_SLOTS_OF_CHUNK;
    return true;
}

// With the bus locked.
static hawser_status
find_free(hawser_bus *bus, struct hw_shard *shard, struct hw_slot **slot)
{
    if (shard->free_slot != 0) {
        *slot = hw_slot_at(bus, shard->free_slot - 1);
        shard->free_slot = (*slot)->next_free;
        return HAWSER_OK;
    }
    if (shard->fresh_count == 0 && !add_chunk(bus, shard)) {
        return HAWSER_NO_MEMORY;
    }
    *slot = hw_slot_at(bus, shard->fresh++);
    shard->fresh_count--;
    return HAWSER_OK;
}

// With the bus locked.
static hawser_status
take(hawser_bus *bus, struct hw_shard *shard, struct hw_slot **slot)
{
    hawser_status status;

    if (bus->links == (uint64_t)bus->settings->links_max) {
        return HAWSER_FULL;
    }
    if (shard == NULL) {
        shard = hw_shard_idlest(bus);
    }
    status = find_free(bus, shard, slot);
    if (status == HAWSER_OK) {
        bus->links++;
        shard->links++;
    }
    return status;
}

hawser_status
hw_slot_take(hawser_bus *bus, struct hw_shard *shard, struct hw_slot **slot)
{
    hawser_status status;

    pthread_mutex_lock(&bus->lock);
    status = take(bus, shard, slot);
    pthread_mutex_unlock(&bus->lock);
    if (status == HAWSER_OK) {
        (*slot)->generation++;
    }
    return status;
}

// The meter is left as it is until the slot is used again.
static void
empty(struct hw_slot *slot)
{
    hw_batch_drop_all(slot->first);
    hw_plan_drop(slot->plan);
    hw_report_drop(slot->opened);
    hw_report_drop(slot->lost);
    hw_report_drop(slot->answered);
    free(slot->standing.ids);
    free(slot->settles);
    for (unsigned i = 0; i < HW_SPARES; i++) {
        free(slot->spares[i]);
        slot->spares[i] = NULL;
    }
    slot->first = NULL;
    slot->last = NULL;
    slot->plan = NULL;
    slot->opened = NULL;
    slot->lost = NULL;
    slot->answered = NULL;
    slot->settles = NULL;
    slot->settle_count = 0;
    slot->settle_room = 0;
    slot->standing = (struct hw_standing_ids){ 0 };
    slot->inbox = NULL;
}

void
hw_slot_release(hawser_bus *bus, struct hw_slot *slot)
{
    struct hw_shard *shard = slot->shard;

    pthread_mutex_lock(&slot->lock);
    atomic_store(&slot->id, 0);
    empty(slot);
    pthread_mutex_lock(&bus->lock);
    slot->next_free = shard->free_slot;
    shard->free_slot = slot->index + 1;
    shard->links--;
    bus->links--;
    pthread_mutex_unlock(&bus->lock);
    pthread_mutex_unlock(&slot->lock);
}

struct hw_slot *
hw_slot_lock(hawser_bus *bus, hawser_link link)
{
    uint64_t place = (link.id & UINT32_MAX) - 1;
    struct hw_slot *slot;

    if (link.id == 0 || place / HW_SLOTS_OF_CHUNK >= bus->chunks_max ||
        chunk_at(bus, (uint32_t)place) == NULL) {
        return NULL;
    }
    slot = hw_slot_at(bus, (uint32_t)place);
    pthread_mutex_lock(&slot->lock);
    if (atomic_load_explicit(&slot->id, memory_order_relaxed) != link.id) {
        pthread_mutex_unlock(&slot->lock);
        return NULL;
    }
    return slot;
}

void
hw_slot_unlock(struct hw_slot *slot)
{
    pthread_mutex_unlock(&slot->lock);
}

void
hw_slots_each(hawser_bus *bus, void (*each)(struct hw_slot *slot, void *user),
              void *user)
{
    uint32_t count;

    pthread_mutex_lock(&bus->lock);
    count = bus->chunk_count;
    pthread_mutex_unlock(&bus->lock);
    for (uint32_t i = 0; i < count * HW_SLOTS_OF_CHUNK; i++) {
        struct hw_slot *slot = hw_slot_at(bus, i);

        if (hw_slot_link(slot).id != 0) {
            each(slot, user);
        }
    }
}

void
hw_slots_free(hawser_bus *bus)
{
    if (bus->chunks == NULL) {
        return;
    }
    for (uint32_t i = 0; i < bus->chunk_count; i++) {
        struct hw_slot *chunk = chunk_at(bus, i * HW_SLOTS_OF_CHUNK);

        for (uint32_t j = 0; j < HW_SLOTS_OF_CHUNK; j++) {
            empty(&chunk[j]);
            (void)pthread_mutex_destroy(&chunk[j].lock); // nobody holds it
        }
        free(chunk);
    }
    free(bus->chunks);
}
