// parcel.c - messages on their way to the other end, packed into one block.
#include "parcel.h"

#include <stdlib.h>
#include <string.h>

// Before each message; behind it its topic, its bytes, up to a multiple of 8.
struct head {
    uint32_t size;
    uint16_t topic_size;
    uint8_t kind;
};

static size_t
packed_size(size_t topic_size, size_t size)
{
    return (sizeof(struct head) + topic_size + size + 7) / 8 * 8;
}

static size_t
cost_of(const hawser_message *message)
{
    return packed_size(message->topic_size, message->size);
}

void
hw_inproc_load_add(struct hw_inproc_load *load, struct hw_inproc_parcel *parcel)
{
    if (load->last != NULL) {
        load->last->next = parcel;
    } else {
        load->first = parcel;
    }
    load->last = parcel;
    load->count += parcel->count;
    load->used += parcel->used;
}

static struct hw_inproc_parcel *
make_parcel(size_t count, size_t used)
{
    struct hw_inproc_parcel *parcel = malloc(sizeof *parcel + used);

    if (parcel != NULL) {
        parcel->next = NULL;
        parcel->count = count;
        parcel->used = used;
    }
    return parcel;
}

struct hw_inproc_parcel *
hw_inproc_parcel_empty(void)
{
    return make_parcel(1, 0);
}

// How many of the messages make the next parcel, and what they cost. The first
// may be larger than a parcel; with alone larger than the room.
static size_t
fit(const hawser_message *messages, size_t count, size_t room, bool alone,
    size_t *cost)
{
    size_t fits = 0;

    *cost = 0;
    while (fits < count) {
        size_t sum = *cost + cost_of(&messages[fits]);

        if (sum > room && !(alone && fits == 0)) {
            break;
        }
        if (sum > HW_INPROC_PARCEL_SIZE && fits > 0) {
            break;
        }
        *cost = sum;
        fits++;
    }
    return fits;
}

static void
pack_one(uint8_t *to, const hawser_message *message)
{
    const struct head head = { .size = message->size,
                               .topic_size = message->topic_size,
                               .kind = message->kind };

    memcpy(to, &head, sizeof head);
    to += sizeof head;
    if (message->topic_size > 0) {
        memcpy(to, message->topic, message->topic_size);
    }
    if (message->size > 0) {
        memcpy(to + message->topic_size, message->bytes, message->size);
    }
}

static struct hw_inproc_parcel *
pack(const hawser_message *messages, size_t count, size_t cost)
{
    struct hw_inproc_parcel *parcel = make_parcel(count, cost);

    if (parcel != NULL) {
        uint8_t *to = (uint8_t *)parcel->bytes;

        for (size_t i = 0; i < count; i++) {
            pack_one(to, &messages[i]);
            to += cost_of(&messages[i]);
        }
    }
    return parcel;
}

bool
hw_inproc_load_pack(struct hw_inproc_load *load, const hawser_message *messages,
                    size_t count, size_t room, bool empty)
{
    while (load->count < count) {
        size_t left = load->used < room ? room - load->used : 0;
        size_t cost;
        size_t fits = fit(messages + load->count, count - load->count, left,
                          empty && load->count == 0, &cost);
        struct hw_inproc_parcel *parcel;

        if (fits == 0) {
            break;
        }
        parcel = pack(messages + load->count, fits, cost);
        if (parcel == NULL) {
            return false;
        }
        hw_inproc_load_add(load, parcel);
    }
    return true;
}

void
hw_inproc_parcel_read(const struct hw_inproc_parcel *parcel, size_t *at,
                      struct hw_inproc_piece *piece)
{
    const uint8_t *from = (const uint8_t *)parcel->bytes + *at;
    struct head head;

    memcpy(&head, from, sizeof head);
    from += sizeof head;
    piece->topic = head.topic_size > 0 ? from : NULL;
    piece->topic_size = head.topic_size;
    piece->bytes = from + head.topic_size;
    piece->size = head.size;
    piece->kind = (hawser_kind)head.kind;
    *at += packed_size(head.topic_size, head.size);
}

void
hw_inproc_parcels_free(struct hw_inproc_parcel *parcel)
{
    while (parcel != NULL) {
        struct hw_inproc_parcel *next = parcel->next;

        free(parcel);
        parcel = next;
    }
}
