// batch.c - messages that travel together in one block of memory.
#include "values/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/blocks.h"
#include "base/check.h"
#include "values/utf8.h"

size_t
hw_batch_room(size_t payload)
{
    return sizeof(struct hw_batch) + sizeof(struct hawser_message) + payload;
}

struct hw_batch *
hw_batch_new(size_t room)
{
    struct hw_batch *batch = hw_block_take(room);

    if (batch == NULL) {
        return NULL;
    }
    memset(batch, 0, sizeof *batch);
    atomic_init(&batch->holds, 1);
    batch->room = room;
    batch->used_from = room;
    return batch;
}

static bool
has_room(const struct hw_batch *batch, size_t payload)
{
    size_t front =
        sizeof *batch + (batch->count + 1) * sizeof(struct hawser_message);

    return batch->count < HW_BATCH_MESSAGES_MAX && front <= batch->used_from &&
           payload <= batch->used_from - front;
}

static uint8_t *
copy_in(struct hw_batch *batch, const void *bytes, size_t size)
{
    uint8_t *to;

    batch->used_from -= size;
    to = (uint8_t *)batch + batch->used_from;
    if (size > 0) {
        memcpy(to, bytes, size);
    }
    return to;
}

void
hw_batch_set_policy(struct hw_batch *batch, const struct hw_policy *policy)
{
    batch->special = true;
    batch->policy = *policy;
    if (policy->key != NULL) {
        batch->policy.key = copy_in(batch, policy->key, policy->key_size);
    }
}

static void
count_in(struct hw_batch *batch, const struct hawser_message *added)
{
    batch->count++;
    batch->payload += added->size;
    batch->tagged += added->private_tag != 0;
    batch->marked += added->private_flags != 0;
}

bool
hw_batch_add(struct hw_batch *batch, const struct hawser_message *message)
{
    struct hawser_message *added = &batch->messages[batch->count];

    if (!has_room(batch, (size_t)message->size + message->topic_size)) {
        return false;
    }
    *added = *message;
    added->private_batch = batch;
    added->private_owner = NULL;
    added->bytes = copy_in(batch, message->bytes, message->size);
    if (message->topic != NULL) {
        added->topic = copy_in(batch, message->topic, message->topic_size);
    }
    count_in(batch, added);
    return true;
}

bool
hw_batch_add_shared(struct hw_batch *batch, hawser_message *message,
                    uint64_t tag)
{
    struct hawser_message *added = &batch->messages[batch->count];

    if (!has_room(batch, 0)) {
        return false;
    }
    *added = *message;
    added->private_batch = batch;
    added->private_owner = hawser_message_hold(message);
    added->private_tag = tag;
    batch->shared++;
    count_in(batch, added);
    return true;
}

static size_t
room_of_first(const struct hw_batch *batch, uint32_t count)
{
    size_t room = sizeof *batch + batch->policy.key_size;

    for (uint32_t i = 0; i < count; i++) {
        const struct hawser_message *message = &batch->messages[i];

        room += sizeof *message;
        if (message->private_owner == NULL) {
            room += (size_t)message->size + message->topic_size;
        }
    }
    return room;
}

static void
copy_head(struct hw_batch *to, const struct hw_batch *from)
{
    to->key = from->key;
    to->kept_until_ms = from->kept_until_ms;
    to->lane = from->lane;
    to->expires_at_ms = from->expires_at_ms;
    to->position = from->position;
    to->number = from->number;
    if (from->special) {
        hw_batch_set_policy(to, &from->policy);
    }
}

bool
hw_batch_add_again(struct hw_batch *batch, const struct hawser_message *message)
{
    return message->private_owner == NULL
               ? hw_batch_add(batch, message)
               : hw_batch_add_shared(batch, message->private_owner,
                                     message->private_tag);
}

// What the queue has marked stays marked.
static void
copy_message(struct hw_batch *to, const struct hawser_message *message)
{
    const uint8_t flags = message->private_flags;
    bool fits = hw_batch_add_again(to, message);

    HW_CHECK(fits, "a block that is made to measure has room");
    if (message->private_owner != NULL) {
        to->messages[to->count - 1].private_flags = flags;
        to->marked += flags != 0;
    }
    to->gone += (flags & HW_MESSAGE_GONE) != 0;
}

struct hw_batch *
hw_batch_copy_first(const struct hw_batch *batch, uint32_t count)
{
    struct hw_batch *copy = hw_batch_new(room_of_first(batch, count));

    if (copy == NULL) {
        return NULL;
    }
    copy_head(copy, batch);
    for (uint32_t i = 0; i < count; i++) {
        copy_message(copy, &batch->messages[i]);
    }
    return copy;
}

void
hw_batch_hold(struct hw_batch *batch, uint32_t holds)
{
    atomic_fetch_add_explicit(&batch->holds, holds, memory_order_relaxed);
}

static void
let_go_of_shared(struct hw_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        // One level only: a message that is shared was made by
        // hawser_message_new, and stands for no other.
        hawser_message_drop(batch->messages[i].private_owner);
    }
}

void
hw_batch_drop(struct hw_batch *batch)
{
    unsigned before =
        atomic_fetch_sub_explicit(&batch->holds, 1, memory_order_acq_rel);

    HW_CHECK(before > 0, "a message is dropped once for each hold");
    if (before > 1) {
        return;
    }
    if (batch->shared > 0) {
        let_go_of_shared(batch);
    }
    hw_block_give(batch, batch->room);
}

void
hw_batch_drop_all(struct hw_batch *first)
{
    while (first != NULL) {
        struct hw_batch *next = first->next;

        hw_batch_drop(first);
        first = next;
    }
}
