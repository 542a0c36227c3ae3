// standing.c - what must be said on a wire before queued traffic.
#include "actors/standing.h"

enum { GREETINGS_MAX = 1024 };

static uint64_t
id_of(const struct hw_batch *batch)
{
    return batch->messages[0].private_tag;
}

void
hw_standing_add(struct hw_standing *standing, uint64_t id,
                struct hw_batch *batch)
{
    batch->messages[0].private_tag = id;
    batch->next = NULL;
    if (standing->last == NULL) {
        standing->first = batch;
    } else {
        standing->last->next = batch;
    }
    standing->last = batch;
    if (standing->next == NULL) {
        standing->next = batch;
    }
}

bool
hw_standing_remove(struct hw_standing *standing, uint64_t id)
{
    struct hw_batch **at = &standing->first, *before = NULL, *batch;

    while (*at != NULL && id_of(*at) != id) {
        before = *at;
        at = &before->next;
    }
    batch = *at;
    if (batch == NULL) {
        return false;
    }
    *at = batch->next;
    if (standing->last == batch) {
        standing->last = before;
    }
    if (standing->next == batch) {
        standing->next = batch->next;
    }
    hw_batch_drop(batch);
    return true;
}

bool
hw_standing_greet(struct hw_standing *standing, struct hw_batch *batch)
{
    struct hw_batch **at = &standing->greetings;

    if (standing->greetings_waiting == GREETINGS_MAX) {
        return false;
    }
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = batch;
    standing->greetings_waiting++;
    return true;
}

struct hw_batch *
hw_standing_next_greeting(struct hw_standing *standing)
{
    struct hw_batch *batch = standing->greetings;

    if (batch != NULL) {
        standing->greetings = batch->next;
        standing->greetings_waiting--;
    }
    return batch;
}

struct hw_batch *
hw_standing_next(struct hw_standing *standing)
{
    struct hw_batch *batch = standing->next;

    if (batch != NULL) {
        standing->next = batch->next;
    }
    return batch;
}

void
hw_standing_begin(struct hw_standing *standing)
{
    standing->next = standing->first;
}

bool
hw_standing_is_said(const struct hw_standing *standing)
{
    return standing->greetings == NULL && standing->next == NULL;
}

void
hw_standing_drop_greetings(struct hw_standing *standing)
{
    hw_batch_drop_all(standing->greetings);
    standing->greetings = NULL;
    standing->greetings_waiting = 0;
}

void
hw_standing_free(struct hw_standing *standing)
{
    hw_standing_drop_greetings(standing);
    hw_batch_drop_all(standing->first);
}
