// standing.c - what must be said on a wire before queued traffic.
#include "actors/standing.h"

#include <stdlib.h>
#include <string.h>

enum { GREETINGS_MAX = 1024 };

static bool
make_room(struct hw_standing *standing)
{
    uint32_t room = standing->room == 0 ? 8 : standing->room * 2;
    struct hw_standing_message *larger;

    if (standing->count < standing->room) {
        return true;
    }
    larger = realloc(standing->messages, room * sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    standing->messages = larger;
    standing->room = room;
    return true;
}

bool
hw_standing_add(struct hw_standing *standing, uint64_t id,
                struct hw_batch *batch)
{
    if (!make_room(standing)) {
        return false;
    }
    standing->messages[standing->count].id = id;
    standing->messages[standing->count].batch = batch;
    standing->count++;
    return true;
}

bool
hw_standing_remove(struct hw_standing *standing, uint64_t id)
{
    struct hw_standing_message *messages = standing->messages;
    uint32_t at = 0;

    while (at < standing->count && messages[at].id != id) {
        at++;
    }
    if (at == standing->count) {
        return false;
    }
    hw_batch_drop(messages[at].batch);
    standing->count--;
    memmove(&messages[at], &messages[at + 1],
            (standing->count - at) * sizeof messages[0]);
    standing->replayed -= at < standing->replayed;
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
    return standing->replayed < standing->count
               ? standing->messages[standing->replayed++].batch
               : NULL;
}

bool
hw_standing_is_said(const struct hw_standing *standing)
{
    return standing->greetings == NULL && standing->replayed == standing->count;
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
    for (uint32_t i = 0; i < standing->count; i++) {
        hw_batch_drop(standing->messages[i].batch);
    }
    free(standing->messages);
}
