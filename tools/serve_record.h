// serve_record.h - what a server read, in a file mapped by it and its parent.
//
// The kernel keeps the mapping whatever happens to the server, so a number is
// on record from the moment that the server's application has read it, even if
// the next instruction is a kill -9.
#ifndef HAWSER_TOOL_SERVE_RECORD_H
#define HAWSER_TOOL_SERVE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
    uint64_t capacity;
    uint64_t read;     // messages with a number, in all lives
    uint64_t disorder; // numbers that did not follow the one before them
    uint64_t strange;  // messages without a number, or with one too large
    uint32_t times[];  // how often each number was read
};

// Makes the file, with room for capacity numbers. NULL: errno tells.
struct record *
record_new(const char *path, uint64_t capacity);

// Maps what record_new made. NULL: errno tells.
struct record *
record_open(const char *path);

void
record_close(struct record *record);

// Notes a message: decimal digits are a number, from 0; anything behind them is
// ignored. last and numbered are the connection's memory: within a connection,
// numbers follow one another.
void
record_note(struct record *record, uint64_t *last, bool *numbered,
            const uint8_t *bytes, size_t size);

#endif
