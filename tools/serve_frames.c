// serve_frames.c - WebSocket frames as a server sees them (RFC 6455 §5).
#include "serve_frames.h"

#include <string.h>

static bool
is_control(uint8_t opcode)
{
    return opcode >= FRAME_CLOSE;
}

// How long the header that starts with these two bytes is, mask included.
static size_t
head_length(const uint8_t *head)
{
    uint8_t size = head[1] & 0x7f;

    return size < 126 ? 6 : size == 126 ? 8 : 14;
}

static uint64_t
payload_length(const uint8_t *head)
{
    uint8_t size = head[1] & 0x7f;
    uint64_t length = 0;

    if (size < 126) {
        return size;
    }
    for (int i = 0; i < (size == 126 ? 2 : 8); i++) {
        length = length << 8 | head[2 + i];
    }
    return length;
}

// Whether this frame may come now, by RFC 6455 §5.2, §5.4 and §5.5.
static bool
is_allowed(const struct frame_reader *reader, const uint8_t *head)
{
    uint8_t opcode = head[0] & 0x0f;

    if ((head[0] & 0x70) != 0 || (head[1] & 0x80) == 0) {
        return false; // reserved bits, or not masked
    }
    if (is_control(opcode)) {
        return opcode <= FRAME_PONG && (head[0] & 0x80) != 0 &&
               (head[1] & 0x7f) <= FRAME_CONTROL_MAX;
    }
    if (opcode == FRAME_CONTINUATION) {
        return reader->message != 0;
    }
    return opcode <= FRAME_BINARY && reader->message == 0;
}

static enum frame_answer
take_head(struct frame_reader *reader, const uint8_t *head)
{
    if (!is_allowed(reader, head)) {
        return FRAME_WRONG;
    }
    reader->left = payload_length(head);
    if (reader->left >> 63 != 0) {
        return FRAME_WRONG;
    }
    if (reader->left > reader->max) {
        return FRAME_TOO_BIG;
    }
    memcpy(reader->mask, head + head_length(head) - 4, 4);
    reader->opcode = head[0] & 0x0f;
    reader->fin = (head[0] & 0x80) != 0;
    reader->inside = true;
    reader->head_size = 0;
    return FRAME_PIECE;
}

// Gathers a header that comes in parts.
static enum frame_answer
gather_head(struct frame_reader *reader, uint8_t **at, const uint8_t *end)
{
    while (*at < end) {
        reader->head[reader->head_size++] = *(*at)++;
        if (reader->head_size >= 2 &&
            reader->head_size == head_length(reader->head)) {
            return take_head(reader, reader->head);
        }
    }
    return FRAME_MORE;
}

static enum frame_answer
read_head(struct frame_reader *reader, uint8_t **at, const uint8_t *end)
{
    const uint8_t *head = *at;

    if (reader->head_size != 0 || end - head < FRAME_HEAD_MAX) {
        return gather_head(reader, at, end);
    }
    *at += head_length(head);
    return take_head(reader, head);
}

static void
turn_mask(struct frame_reader *reader, size_t by)
{
    uint8_t old[4];

    memcpy(old, reader->mask, 4);
    for (size_t i = 0; i < 4; i++) {
        reader->mask[i] = old[(i + by) & 3];
    }
}

static void
note_message(struct frame_reader *reader, struct frame_piece *piece)
{
    piece->first = true;
    piece->done = piece->frame_done;
    piece->opcode = reader->opcode;
    if (is_control(reader->opcode)) {
        return;
    }
    piece->first = reader->message == 0;
    if (reader->message == 0) {
        reader->message = reader->opcode;
    }
    piece->opcode = reader->message;
    piece->done = piece->frame_done && reader->fin;
    if (piece->done) {
        reader->message = 0;
    }
}

enum frame_answer
frames_next(struct frame_reader *reader, uint8_t **at, uint8_t *end,
            struct frame_piece *piece)
{
    if (!reader->inside) {
        enum frame_answer answer = read_head(reader, at, end);
        if (answer != FRAME_PIECE) {
            return answer;
        }
    } else if (*at == end) {
        return FRAME_MORE;
    }
    size_t there = (size_t)(end - *at);
    piece->bytes = *at;
    piece->size = reader->left < there ? (size_t)reader->left : there;
    piece->frame_done = piece->size == reader->left;
    memcpy(piece->mask, reader->mask, 4);
    *at += piece->size;
    reader->left -= piece->size;
    reader->inside = !piece->frame_done;
    note_message(reader, piece);
    if (reader->inside) {
        turn_mask(reader, piece->size);
    }
    return FRAME_PIECE;
}

void
frames_unmask(struct frame_piece *piece)
{
    uint8_t *bytes = piece->bytes;
    size_t i = 0;
    uint64_t wide;

    memcpy(&wide, piece->mask, 4);
    memcpy((uint8_t *)&wide + 4, piece->mask, 4);
    for (; i + 8 <= piece->size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        word ^= wide;
        memcpy(bytes + i, &word, 8);
    }
    for (; i < piece->size; i++) {
        bytes[i] ^= piece->mask[i & 3];
    }
}

size_t
frames_head(uint8_t head[FRAME_HEAD_MAX], uint8_t opcode, uint64_t size)
{
    int wide = size < 126 ? 0 : size <= UINT16_MAX ? 2 : 8;

    head[0] = 0x80 | opcode;
    head[1] = wide == 0 ? (uint8_t)size : wide == 2 ? 126 : 127;
    for (int i = 0; i < wide; i++) {
        head[2 + i] = (uint8_t)(size >> (8 * (wide - 1 - i)));
    }
    return 2 + (size_t)wide;
}
