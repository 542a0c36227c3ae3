// bytes.c - a buffer that grows up to a limit.
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 512, KEPT_ROOM = 1024 * 1024 };

uint8_t *
bytes_room(struct bytes *bytes, size_t more)
{
    size_t wanted = bytes->size + more;
    size_t room = bytes->room != 0 ? bytes->room : FIRST_ROOM;

    if (wanted < more) {
        return NULL;
    }
    while (room < wanted) {
        room = room > SIZE_MAX / 2 ? wanted : room * 2;
    }
    if (room != bytes->room) {
        uint8_t *data = realloc(bytes->data, room);
        if (data == NULL) {
            return NULL;
        }
        bytes->data = data;
        bytes->room = room;
    }
    return bytes->data + bytes->size;
}

bool
bytes_add(struct bytes *bytes, const void *data, size_t size)
{
    uint8_t *to = bytes_room(bytes, size);

    if (to == NULL) {
        return false;
    }
    if (size > 0) {
        memcpy(to, data, size);
    }
    bytes->size += size;
    return true;
}

void
bytes_eat(struct bytes *bytes, size_t size)
{
    bytes->size -= size;
    if (bytes->size > 0) {
        memmove(bytes->data, bytes->data + size, bytes->size);
    }
}

void
bytes_clear(struct bytes *bytes)
{
    bytes->size = 0;
    if (bytes->room > KEPT_ROOM) {
        bytes_free(bytes);
    }
}

void
bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){ 0 };
}
