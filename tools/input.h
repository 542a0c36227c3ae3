// input.h - messages from stdin, or from the command line.
#ifndef HAWSER_TOOL_INPUT_H
#define HAWSER_TOOL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum { INPUT_CHUNK = 64 * 1024 };

struct input {
    char **words; // from the command line instead of stdin; NULL: stdin
    int word_count;
    int word;
    bool chunks;    // what each read brings is a message, whatever is in it
    char delimiter; // otherwise, what ends a message
    size_t max;     // longest message
    struct bytes bytes;
    size_t at;      // the next message begins here
    size_t scanned; // no delimiter before here
    uint64_t count; // messages given out
    bool ended;     // nothing more can be read
    int error;      // errno of the read that failed; 0: none did
};

// Whether a read is needed before there can be a next message.
bool
input_is_dry(const struct input *input);

// Reads once from stdin; waits if nothing is there, so poll first.
void
input_read(struct input *input);

enum input_answer {
    INPUT_NOTHING, // read first; or, if it ended, there is no more
    INPUT_MESSAGE,
    INPUT_TOO_LONG, // the message is longer than max; nothing comes after it
};

// The next message; valid until the next call with this input.
enum input_answer
input_next(struct input *input, const void **message, size_t *size);

void
input_free(struct input *input);

#endif
