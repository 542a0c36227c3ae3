// record.c - how one message stands in a spool's file.
//
//     0  check, 4 bytes     4  kind, 1     5  traits, 1     6  topic size, 2
//     8  tag, 8            16  by its traits: when it expires, 8; key size, 2,
//                              and key; then the topic, then the bytes
#include "disk/record.h"

#include <string.h>

#include <hawser/link.h>

enum { LANE = 3, HAS_TIME = 4, HAS_KEY = 8 }; // traits; version 1 has none
enum { TIME_SIZE = 8, COUNT_SIZE = 2 };

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

static uint8_t
traits_of(const struct hw_batch *batch)
{
    return (uint8_t)(batch->policy.lane |
                     (batch->kept_until_ms != 0 ? HAS_TIME : 0) |
                     (batch->policy.key != NULL ? HAS_KEY : 0));
}

static size_t
policy_size(const struct hw_batch *batch)
{
    return (batch->kept_until_ms != 0 ? TIME_SIZE : 0) +
           (batch->policy.key != NULL
                ? (size_t)COUNT_SIZE + batch->policy.key_size
                : 0);
}

size_t
hw_record_size(const struct hw_batch *batch, uint32_t at)
{
    const struct hawser_message *message = &batch->messages[at];

    return HW_RECORD_HEAD + policy_size(batch) + message->topic_size +
           message->size;
}

static uint8_t *
put_bytes(uint8_t *to, const uint8_t *bytes, size_t size)
{
    if (size > 0) {
        memcpy(to, bytes, size);
    }
    return to + size;
}

static uint8_t *
put_policy(uint8_t *to, const struct hw_batch *batch)
{
    if (batch->kept_until_ms != 0) {
        put_number(to, batch->kept_until_ms, TIME_SIZE);
        to += TIME_SIZE;
    }
    if (batch->policy.key != NULL) {
        put_number(to, batch->policy.key_size, COUNT_SIZE);
        to = put_bytes(to + COUNT_SIZE, batch->policy.key,
                       batch->policy.key_size);
    }
    return to;
}

void
hw_record_write(void *to, uint64_t key, const struct hw_batch *batch,
                uint32_t at)
{
    const struct hawser_message *message = &batch->messages[at];
    uint8_t *head = to, *end;

    head[4] = message->kind;
    head[5] = traits_of(batch);
    put_number(head + 6, message->topic_size, COUNT_SIZE);
    put_number(head + 8, message->private_tag, 8);
    end = put_policy(head + HW_RECORD_HEAD, batch);
    end = put_bytes(end, message->topic, message->topic_size);
    end = put_bytes(end, message->bytes, message->size);
    put_number(head, sum_up(key, head + 4, (size_t)(end - head) - 4), 4);
}

// What is left to be read.
struct rest {
    const uint8_t *at;
    size_t size;
};

// NULL: there is less.
static const uint8_t *
get_bytes(struct rest *rest, size_t size)
{
    const uint8_t *at = rest->at;

    if (size > rest->size) {
        return NULL;
    }
    rest->at += size;
    rest->size -= size;
    return at;
}

static bool
get_policy(struct rest *rest, unsigned traits, struct hw_record *record)
{
    const uint8_t *at;

    record->policy.lane = (uint8_t)(traits & LANE);
    if (record->policy.lane > HAWSER_LOW ||
        (traits & ~(unsigned)(LANE | HAS_TIME | HAS_KEY)) != 0) {
        return false;
    }
    if ((traits & HAS_TIME) != 0) {
        at = get_bytes(rest, TIME_SIZE);
        record->until_ms = at == NULL ? 0 : get_number(at, TIME_SIZE);
        if (record->until_ms == 0) {
            return false;
        }
    }
    if ((traits & HAS_KEY) != 0) {
        at = get_bytes(rest, COUNT_SIZE);
        record->policy.key_size =
            (uint16_t)(at == NULL ? 0 : get_number(at, COUNT_SIZE));
        record->policy.key = get_bytes(rest, record->policy.key_size);
        return record->policy.key_size > 0 && record->policy.key != NULL;
    }
    return true;
}

bool
hw_record_read(const void *from, size_t size, uint64_t key,
               struct hw_record *record)
{
    struct rest rest = { from, size };
    const uint8_t *head = get_bytes(&rest, HW_RECORD_HEAD);
    struct hawser_message *message = &record->message;

    memset(record, 0, sizeof *record);
    if (head == NULL ||
        get_number(head, 4) != sum_up(key, head + 4, size - 4) ||
        head[4] > HAWSER_TEXT || !get_policy(&rest, head[5], record)) {
        return false;
    }
    message->kind = head[4];
    message->topic_size = (uint16_t)get_number(head + 6, COUNT_SIZE);
    message->topic = get_bytes(&rest, message->topic_size);
    if (message->topic == NULL || rest.size > HW_MESSAGE_SIZE_MAX) {
        return false;
    }
    message->topic = message->topic_size > 0 ? message->topic : NULL;
    message->bytes = rest.at;
    message->size = (uint32_t)rest.size;
    message->private_tag = get_number(head + 8, 8);
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
