// outbox.c - bytes that a socket has not taken yet.
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 4 * 1024 };

uint8_t *
hw_shared_outbox_room(struct hw_shared_outbox *out, size_t size)
{
    size_t have = hw_shared_outbox_size(out);
    size_t room = out->room < ROOM_MIN ? ROOM_MIN : out->room;
    uint8_t *larger;

    if (out->room - out->end >= size) {
        return out->bytes + out->end;
    }
    while (room < have + size) {
        room *= 2;
    }
    if (room == out->room) {
        memmove(out->bytes, out->bytes + out->start, have);
    } else {
        larger = malloc(room);
        if (larger == NULL) {
            return NULL;
        }
        if (have > 0) {
            memcpy(larger, out->bytes + out->start, have);
        }
        free(out->bytes);
        out->bytes = larger;
        out->room = room;
    }
    out->start = 0;
    out->end = have;
    return out->bytes + out->end;
}

bool
hw_shared_outbox_keep(struct hw_shared_outbox *out, const uint8_t *bytes,
                      size_t size)
{
    uint8_t *to = hw_shared_outbox_room(out, size);

    if (to == NULL) {
        return false;
    }
    memcpy(to, bytes, size);
    out->end += size;
    return true;
}

void
hw_shared_outbox_clear(struct hw_shared_outbox *out)
{
    free(out->bytes);
    memset(out, 0, sizeof *out);
}
