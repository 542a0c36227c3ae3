// barrier.h - the payload of a PING that asks whether all before it arrived.
#ifndef HW_WS_BARRIER_H
#define HW_WS_BARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HW_WS_BARRIER_SIZE = 16 };

struct hw_ws_barrier {
    uint32_t wire;
    uint64_t number;
};

void
hw_ws_barrier_write(const struct hw_ws_barrier *barrier,
                    uint8_t bytes[static HW_WS_BARRIER_SIZE]);

// false: it is something else.
bool
hw_ws_barrier_read(struct hw_ws_barrier *barrier, const uint8_t *bytes,
                   size_t size);

#endif
