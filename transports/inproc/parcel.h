// parcel.h - messages on their way to the other end, packed into one block.
#ifndef HW_INPROC_PARCEL_H
#define HW_INPROC_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

// A parcel is handed on, and gives room back, as a whole; so it is small beside
// a wire's buffer.
enum { HW_INPROC_PARCEL_SIZE = 32 * 1024 };

struct hw_inproc_parcel {
    struct hw_inproc_parcel *next;
    size_t count; // messages; 1 for a barrier's, which is empty
    size_t used;  // bytes
    uint64_t bytes[];
};

// Parcels in a row.
struct hw_inproc_load {
    struct hw_inproc_parcel *first;
    struct hw_inproc_parcel *last;
    size_t count;
    size_t used;
};

// A message as it lies in a parcel, pointing into it.
struct hw_inproc_piece {
    const uint8_t *topic; // NULL: none
    const uint8_t *bytes;
    size_t topic_size;
    size_t size;
    hawser_kind kind;
};

void
hw_inproc_load_add(struct hw_inproc_load *load,
                   struct hw_inproc_parcel *parcel);

// Packs as many of the messages as fit into room, in order; with empty the
// first fits whatever its size. False: out of memory; what load has by then
// stays its own.
bool
hw_inproc_load_pack(struct hw_inproc_load *load, const hawser_message *messages,
                    size_t count, size_t room, bool empty);

// What a barrier sends: a parcel without bytes. NULL: out of memory.
struct hw_inproc_parcel *
hw_inproc_parcel_empty(void);

// The message at *at, which moves on to the next.
void
hw_inproc_parcel_read(const struct hw_inproc_parcel *parcel, size_t *at,
                      struct hw_inproc_piece *piece);

// Frees the parcel and those that follow. NULL is allowed.
void
hw_inproc_parcels_free(struct hw_inproc_parcel *parcel);

#endif
