// record.c - how one message stands in a spool's file.
//
//     0  check, 4 bytes     4  kind, 1     5  zero, 1     6  topic size, 2
//     8  tag, 8            16  topic, then the bytes
#include "disk/record.h"

#include <string.h>

static void
put_number(uint8_t *to, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        to[i] = (uint8_t)(number >> 8 * i);
    }
}

static uint64_t
get_number(const uint8_t *from, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < size; i++) {
        number |= (uint64_t)from[i] << 8 * i;
    }
    return number;
}

// FNV-1a, eight bytes at a step, begun with the key: a record that stands at
// another's place is none.
static uint32_t
sum_up(uint64_t key, const uint8_t *bytes, size_t size)
{
    static const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t sum = (UINT64_C(0xcbf29ce484222325) ^ key) * prime;

    sum = (sum ^ size) * prime;
    for (; size >= 8; size -= 8, bytes += 8) {
        sum = (sum ^ get_number(bytes, 8)) * prime;
        sum ^= sum >> 29; // high bits reach the low ones too
    }
    for (; size > 0; size--, bytes++) {
        sum = (sum ^ *bytes) * prime;
    }
    return (uint32_t)(sum ^ sum >> 32);
}

size_t
hw_record_size(const struct hawser_message *message)
{
    return (size_t)HW_RECORD_HEAD + message->topic_size + message->size;
}

void
hw_record_write(void *to, uint64_t key, const struct hawser_message *message)
{
    size_t size = hw_record_size(message);
    uint8_t *at = to;

    at[4] = message->kind;
    at[5] = 0;
    put_number(at + 6, message->topic_size, 2);
    put_number(at + 8, message->private_tag, 8);
    at += HW_RECORD_HEAD;
    if (message->topic_size > 0) {
        memcpy(at, message->topic, message->topic_size);
        at += message->topic_size;
    }
    if (message->size > 0) {
        memcpy(at, message->bytes, message->size);
    }
    at = to;
    put_number(at, sum_up(key, at + 4, size - 4), 4);
}

bool
hw_record_read(const void *from, size_t size, uint64_t key,
               struct hawser_message *message)
{
    const uint8_t *at = from;
    size_t topic_size;

    if (size < HW_RECORD_HEAD ||
        get_number(at, 4) != sum_up(key, at + 4, size - 4)) {
        return false;
    }
    topic_size = (size_t)get_number(at + 6, 2);
    if (topic_size > size - HW_RECORD_HEAD || at[4] > HAWSER_TEXT ||
        size - HW_RECORD_HEAD - topic_size > 0x7fffffff) {
        return false;
    }
    *message = (struct hawser_message){
        .kind = at[4],
        .topic = topic_size > 0 ? at + HW_RECORD_HEAD : NULL,
        .topic_size = (uint16_t)topic_size,
        .bytes = at + HW_RECORD_HEAD + topic_size,
        .size = (uint32_t)(size - HW_RECORD_HEAD - topic_size),
        .private_tag = get_number(at + 8, 8),
    };
    return true;
}

void
hw_key_write(uint8_t to[HW_KEY_SIZE], uint64_t key)
{
    for (unsigned i = 0; i < HW_KEY_SIZE; i++) {
        to[i] = (uint8_t)(key >> 8 * (HW_KEY_SIZE - 1 - i));
    }
}

uint64_t
hw_key_read(const uint8_t from[HW_KEY_SIZE])
{
    uint64_t key = 0;

    for (unsigned i = 0; i < HW_KEY_SIZE; i++) {
        key = key << 8 | from[i];
    }
    return key;
}
