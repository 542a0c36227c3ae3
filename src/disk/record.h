// record.h - how one message stands in a spool's file.
//
// A record is sixteen bytes, what its policy needs, then the topic, then the
// bytes. All numbers are little-endian, so a file may be moved between machines
// of one word size, as LMDB has it. A sum over all of it tells a record from
// garbage. What has no policy stands as in version 1.
#ifndef HW_DISK_RECORD_H
#define HW_DISK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

#include "values/batch.h"

enum { HW_RECORD_HEAD = 16, HW_KEY_SIZE = 8 };

struct hw_record {
    struct hawser_message message;
    struct hw_policy policy; // its ttl_ms aside: 0
    uint64_t until_ms;       // when it expires, by the wall clock; 0: never
};

// What a message of the batch takes.
size_t
hw_record_size(const struct hw_batch *batch, uint32_t at);

// Writes it; there are hw_record_size bytes of room.
void
hw_record_write(void *to, uint64_t key, const struct hw_batch *batch,
                uint32_t at);

// Reads it: what it points to stays where it is. false: it is no record of that
// key.
bool
hw_record_read(const void *from, size_t size, uint64_t key,
               struct hw_record *record);

// Keys are big-endian, so that they are in order byte by byte.
void
hw_key_write(uint8_t to[HW_KEY_SIZE], uint64_t key);

uint64_t
hw_key_read(const uint8_t from[HW_KEY_SIZE]);

#endif
