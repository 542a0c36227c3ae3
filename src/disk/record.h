// record.h - how one message stands in a spool's file.
//
// A record is sixteen bytes, then the topic, then the bytes. All numbers are
// little-endian, so a file may be moved between machines of one word size, as
// LMDB has it. A sum over all of it tells a record from garbage.
#ifndef HW_DISK_RECORD_H
#define HW_DISK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

enum { HW_RECORD_HEAD = 16, HW_KEY_SIZE = 8 };

// What the message takes.
size_t
hw_record_size(const struct hawser_message *message);

// Writes it; there are hw_record_size bytes of room.
void
hw_record_write(void *to, uint64_t key, const struct hawser_message *message);

// Reads it: topic and bytes of the message stay where they are. false: it is
// no record of that key.
bool
hw_record_read(const void *from, size_t size, uint64_t key,
               struct hawser_message *message);

// Keys are big-endian, so that they are in order byte by byte.
void
hw_key_write(uint8_t to[HW_KEY_SIZE], uint64_t key);

uint64_t
hw_key_read(const uint8_t from[HW_KEY_SIZE]);

#endif
