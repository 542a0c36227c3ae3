// outbox.h - bytes that a socket has not taken yet.
#ifndef HW_SHARED_OUTBOX_H
#define HW_SHARED_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hw_shared_outbox {
    uint8_t *bytes;
    size_t start, end; // what waits
    size_t room;
};

static inline size_t
hw_shared_outbox_size(const struct hw_shared_outbox *out)
{
    return out->end - out->start;
}

// Room for size bytes behind what waits, to be counted to end once they are
// there. NULL: there is no memory.
uint8_t *
hw_shared_outbox_room(struct hw_shared_outbox *out, size_t size);

// Copies them behind what waits. false: there is no memory.
bool
hw_shared_outbox_keep(struct hw_shared_outbox *out, const uint8_t *bytes,
                      size_t size);

void
hw_shared_outbox_clear(struct hw_shared_outbox *out);

#endif
