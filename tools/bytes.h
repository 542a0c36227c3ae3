// bytes.h - a buffer that grows up to a limit.
#ifndef HAWSER_TOOL_BYTES_H
#define HAWSER_TOOL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t size;
    size_t room;
};

// Makes room for more bytes behind size; returns where they go, or NULL if
// memory is short. The buffer is as it was then.
uint8_t *
bytes_room(struct bytes *bytes, size_t more);

// Appends a copy; false if memory is short.
bool
bytes_add(struct bytes *bytes, const void *data, size_t size);

// Drops the first size bytes.
void
bytes_eat(struct bytes *bytes, size_t size);

// Empties it; keeps its memory only if that is small, so that ten thousand
// quiet peers do not each keep what their busiest moment needed.
void
bytes_clear(struct bytes *bytes);

void
bytes_free(struct bytes *bytes);

#endif
