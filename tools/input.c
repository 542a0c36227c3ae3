// input.c - messages from stdin, or from the command line.
#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static size_t
unread(const struct input *input)
{
    return input->bytes.size - input->at;
}

bool
input_is_dry(const struct input *input)
{
    return input->words == NULL && !input->ended;
}

void
input_read(struct input *input)
{
    uint8_t *room;
    ssize_t size;

    bytes_eat(&input->bytes, input->at);
    input->scanned -= input->scanned < input->at ? input->scanned : input->at;
    input->at = 0;
    room = bytes_room(&input->bytes, INPUT_CHUNK);
    if (room == NULL) {
        input->error = ENOMEM;
        input->ended = true;
        return;
    }
    size = read(STDIN_FILENO, room, INPUT_CHUNK);
    if (size > 0) {
        input->bytes.size += (size_t)size;
    } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
        input->error = size < 0 ? errno : 0;
        input->ended = true;
    }
}

static enum input_answer
give(struct input *input, size_t size, size_t skip, const void **message,
     size_t *message_size)
{
    if (size > input->max) {
        input->ended = true;
        return INPUT_TOO_LONG;
    }
    *message = input->bytes.data + input->at;
    *message_size = size;
    input->at += size + skip;
    input->scanned = input->at;
    input->count++;
    return INPUT_MESSAGE;
}

static enum input_answer
next_word(struct input *input, const void **message, size_t *size)
{
    if (input->word == input->word_count) {
        input->ended = true;
        return INPUT_NOTHING;
    }
    *message = input->words[input->word++];
    *size = strlen(*message);
    if (*size > input->max) {
        input->ended = true;
        return INPUT_TOO_LONG;
    }
    input->count++;
    return INPUT_MESSAGE;
}

enum input_answer
input_next(struct input *input, const void **message, size_t *size)
{
    const uint8_t *end;

    if (input->words != NULL) {
        return next_word(input, message, size);
    }
    if (unread(input) == 0) {
        return INPUT_NOTHING;
    }
    if (input->chunks) {
        size_t all = unread(input);
        return give(input, all < input->max ? all : input->max, 0, message,
                    size);
    }
    end = memchr(input->bytes.data + input->scanned, input->delimiter,
                 input->bytes.size - input->scanned);
    if (end != NULL) {
        return give(input, (size_t)(end - (input->bytes.data + input->at)), 1,
                    message, size);
    }
    input->scanned = input->bytes.size;
    if (input->ended || unread(input) > input->max) {
        return give(input, unread(input), 0, message, size);
    }
    return INPUT_NOTHING;
}

void
input_free(struct input *input)
{
    bytes_free(&input->bytes);
}
