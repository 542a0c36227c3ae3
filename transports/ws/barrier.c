// barrier.c - the payload of a PING that asks whether all before it arrived.
#include "barrier.h"

#include <string.h>

// Set apart from what a peer might send of its own accord.
static const uint8_t magic[4] = { 'H', 'W', 'S', 'R' };

void
hw_ws_barrier_write(const struct hw_ws_barrier *barrier,
                    uint8_t bytes[static HW_WS_BARRIER_SIZE])
{
    memcpy(bytes, magic, sizeof magic);
    for (int i = 0; i < 4; i++) {
        bytes[4 + i] = (uint8_t)(barrier->wire >> (24 - 8 * i));
    }
    for (int i = 0; i < 8; i++) {
        bytes[8 + i] = (uint8_t)(barrier->number >> (56 - 8 * i));
    }
}

bool
hw_ws_barrier_read(struct hw_ws_barrier *barrier, const uint8_t *bytes,
                   size_t size)
{
    if (size != HW_WS_BARRIER_SIZE || memcmp(bytes, magic, sizeof magic) != 0) {
        return false;
    }
    barrier->wire = 0;
    barrier->number = 0;
    for (int i = 0; i < 4; i++) {
        barrier->wire = barrier->wire << 8 | bytes[4 + i];
    }
    for (int i = 0; i < 8; i++) {
        barrier->number = barrier->number << 8 | bytes[8 + i];
    }
    return true;
}
