// frames_in.c - a peer's bytes become messages.
//
// wslay's frame layer finds the frames; what a message is, and what a peer may
// not do, is decided here, so that each refusal has a sentence of its own. A
// plain message that is there wholly is handed out where it stands: wslay would
// copy it twice.
#include "frames_in.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "frames_out.h"
#include "parser.h"
#include "shared/utf8.h"

enum {
    BLOCK_MIN = 16 * 1024,   // first size of a message buffer
    LONG_PAYLOAD = 8 * 1024, // better copied without wslay
    BLOCK_KEPT = 256 * 1024, // a larger one is freed at once
};

// One call of hw_ws_read.
struct reading {
    struct hw_ws_reader *reader;
    struct hw_ws_pool *pool;
    const struct hw_ws_listener *listener;
    void *user;
    const uint8_t *bytes; // that are still to be read
    size_t size;
    char *sentence;
    size_t sentence_size;
};

static enum hw_ws_verdict
refuse(struct reading *r, enum hw_ws_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum hw_ws_verdict
refuse(struct reading *r, enum hw_ws_verdict verdict, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(r->sentence, r->sentence_size, format, list); // may be cut
    va_end(list);
    return verdict;
}

// ---- what a reader holds ----

static void
drop_message(struct hw_ws_reader *reader, struct hw_ws_pool *pool)
{
    if (reader->room <= BLOCK_KEPT && pool->block == NULL) {
        pool->block = reader->message;
        pool->block_room = reader->room;
    } else {
        free(reader->message);
    }
    reader->message = NULL;
    reader->size = 0;
    reader->room = 0;
}

bool
hw_ws_reader_is_amid(const struct hw_ws_reader *reader)
{
    return reader->in_frame || reader->head_size > 0 || reader->opcode != 0;
}

void
hw_ws_reader_clear(struct hw_ws_reader *reader, struct hw_ws_pool *pool)
{
    uint64_t max = reader->max;

    if (reader->parser != NULL) {
        hw_ws_parser_free(reader->parser); // amid a frame: of no use to others
    }
    drop_message(reader, pool);
    memset(reader, 0, sizeof *reader);
    reader->max = max;
}

// ---- messages ----

// Makes room for n bytes more, doubling, so that a peer that announces much and
// sends little costs little.
static bool
make_room(struct hw_ws_reader *reader, struct hw_ws_pool *pool, size_t n)
{
    size_t need = reader->size + n;
    size_t room = reader->room * 2;
    uint8_t *larger;

    if (need <= reader->room) {
        return true;
    }
    if (reader->message == NULL && pool->block_room >= need) {
        reader->message = pool->block;
        reader->room = pool->block_room;
        pool->block = NULL;
        pool->block_room = 0;
        return true;
    }
    if (room < BLOCK_MIN) {
        room = BLOCK_MIN;
    }
    if (room > reader->max) {
        room = (size_t)reader->max;
    }
    if (room < need) {
        room = need;
    }
    larger = realloc(reader->message, room);
    if (larger == NULL) {
        return false;
    }
    reader->message = larger;
    reader->room = room;
    return true;
}

static enum hw_ws_verdict
deliver(struct reading *r, const uint8_t *bytes, size_t size)
{
    bool text = r->reader->opcode == HW_WS_TEXT;

    r->reader->opcode = 0;
    if (text && !hw_shared_is_utf8(bytes, size)) {
        return refuse(r, HW_WS_NOT_UTF8,
                      "the peer sent text that is not UTF-8");
    }
    return r->listener->message(r->user, text, bytes, size) ? HW_WS_READ_ON
                                                            : HW_WS_STOPPED;
}

static enum hw_ws_verdict
take_data(struct reading *r, const uint8_t *bytes, size_t size)
{
    struct hw_ws_reader *reader = r->reader;
    bool ends = reader->final && reader->frame_left == 0;
    enum hw_ws_verdict verdict;

    if (ends && reader->size == 0) {
        return deliver(r, bytes, size);
    }
    if (size > 0) {
        if (!make_room(reader, r->pool, size)) {
            return refuse(r, HW_WS_NO_ROOM, "out of memory for a message");
        }
        memcpy(reader->message + reader->size, bytes, size);
        reader->size += size;
    }
    if (!ends) {
        return HW_WS_READ_ON;
    }
    verdict = deliver(r, reader->message, reader->size);
    drop_message(reader, r->pool);
    return verdict;
}

// ---- control frames ----

// Section 7.4: what may stand in a close frame. 1012 to 1014 were registered
// later.
static bool
may_be_sent(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum hw_ws_verdict
take_goodbye(struct reading *r)
{
    const uint8_t *b = r->reader->control;
    size_t size = r->reader->control_size;
    unsigned code;

    if (size == 0) {
        r->listener->goodbye(r->user, 1005, b, 0);
        return HW_WS_STOPPED;
    }
    if (size == 1) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a close frame of length 1");
    }
    code = (unsigned)(b[0] << 8 | b[1]);
    if (!may_be_sent(code)) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a close frame with the code %u, which "
                      "none may send",
                      code);
    }
    if (!hw_shared_is_utf8(b + 2, size - 2)) {
        return refuse(r, HW_WS_NOT_UTF8,
                      "the peer sent a close reason that is not UTF-8");
    }
    r->listener->goodbye(r->user, code, b + 2, size - 2);
    return HW_WS_STOPPED;
}

static enum hw_ws_verdict
take_control(struct reading *r, const uint8_t *bytes, size_t size)
{
    struct hw_ws_reader *reader = r->reader;
    bool on = true;

    memcpy(reader->control + reader->control_size, bytes, size);
    reader->control_size = (uint8_t)(reader->control_size + size);
    if (reader->frame_left > 0) {
        return HW_WS_READ_ON;
    }
    if (reader->frame_opcode == HW_WS_CLOSE) {
        return take_goodbye(r);
    }
    if (reader->frame_opcode == HW_WS_PING) {
        on = r->listener->ping(r->user, reader->control, reader->control_size);
    } else {
        on = r->listener->pong(r->user, reader->control, reader->control_size);
    }
    return on ? HW_WS_READ_ON : HW_WS_STOPPED;
}

// ---- headers ----

static enum hw_ws_verdict
begin_data(struct reading *r, uint64_t size)
{
    struct hw_ws_reader *reader = r->reader;

    if (reader->frame_opcode == HW_WS_CONTINUATION && reader->opcode == 0) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer continued a message that it had not begun");
    }
    if (reader->frame_opcode != HW_WS_CONTINUATION && reader->opcode != 0) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer began a message in the middle of another");
    }
    if (reader->frame_opcode != HW_WS_CONTINUATION) {
        reader->opcode = reader->frame_opcode;
    }
    if (size > reader->max || reader->size + size > reader->max) {
        return refuse(r, HW_WS_TOO_LARGE,
                      "the peer sent a message above message.max (%" PRIu64
                      " bytes)",
                      reader->max);
    }
    return HW_WS_READ_ON;
}

static enum hw_ws_verdict
begin_frame(struct reading *r, const struct wslay_frame_iocb *frame)
{
    struct hw_ws_reader *reader = r->reader;

    reader->in_frame = true;
    reader->final = frame->fin != 0;
    reader->frame_opcode = frame->opcode;
    reader->frame_left = frame->payload_length;
    reader->control_size = 0;
    reader->head_size = 0;
    if (frame->mask) {
        return refuse(r, HW_WS_BROKEN, "the peer sent a masked frame");
    }
    if (frame->rsv != 0) {
        return refuse(r, HW_WS_BROKEN, "the peer set reserved bits in a frame");
    }
    switch (frame->opcode) {
    case HW_WS_CONTINUATION:
    case HW_WS_TEXT:
    case HW_WS_BINARY:
        return begin_data(r, frame->payload_length);
    case HW_WS_CLOSE:
    case HW_WS_PING:
    case HW_WS_PONG:
        return HW_WS_READ_ON;
    default:
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a frame of the unknown kind %u",
                      (unsigned)frame->opcode);
    }
}

static enum hw_ws_verdict
take_chunk(struct reading *r, const struct wslay_frame_iocb *frame)
{
    struct hw_ws_reader *reader = r->reader;
    // wslay has no address for nothing.
    const uint8_t *data = frame->data_length > 0 ? frame->data : reader->head;
    enum hw_ws_verdict verdict;

    if (!reader->in_frame) {
        verdict = begin_frame(r, frame);
        if (verdict != HW_WS_READ_ON) {
            return verdict;
        }
    }
    reader->frame_left -= frame->data_length;
    reader->in_frame = reader->frame_left > 0;
    return wslay_is_ctrl_frame(reader->frame_opcode)
               ? take_control(r, data, frame->data_length)
               : take_data(r, data, frame->data_length);
}

// wslay says no more than "protocol error".
static enum hw_ws_verdict
refuse_header(struct reading *r)
{
    const uint8_t *head = r->reader->head;
    uint8_t first = head[0], second = head[1];

    if (wslay_is_ctrl_frame((first & 0x0f)) && (first & 0x80) == 0) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a control frame in fragments");
    }
    if (wslay_is_ctrl_frame((first & 0x0f)) && (second & 0x7f) > 125) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a control frame above 125 bytes");
    }
    if ((second & 0x7f) == 127 && (head[2] & 0x80) != 0) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer announced a frame of 2^63 bytes or more");
    }
    return refuse(
        r, HW_WS_BROKEN,
        "the peer wrote a frame's length in more bytes than it needs");
}

// ---- frames in part ----

static void
skip(struct reading *r, size_t n)
{
    r->bytes += n;
    r->size -= n;
}

// The payload of a frame that has no parser any more.
static enum hw_ws_verdict
take_payload(struct reading *r)
{
    struct hw_ws_reader *reader = r->reader;
    const uint8_t *bytes = r->bytes;
    size_t n =
        r->size < reader->frame_left ? r->size : (size_t)reader->frame_left;

    skip(r, n);
    reader->frame_left -= n;
    reader->in_frame = reader->frame_left > 0;
    return take_data(r, bytes, n);
}

// Gives the parser back, or frees it where a long payload follows: the header
// was all that it had to judge, and it would copy the rest in steps of 4 KiB.
static void
let_go(struct reading *r)
{
    struct hw_ws_reader *reader = r->reader;

    if (!reader->in_frame && reader->head_size == 0) {
        hw_ws_parser_return(r->pool, reader->parser);
        reader->parser = NULL;
    } else if (reader->in_frame && reader->frame_left >= LONG_PAYLOAD) {
        hw_ws_parser_free(reader->parser);
        reader->parser = NULL;
    }
}

// Lets wslay read what belongs to the frame under way, and no more, since what
// follows may be read faster. A header's size is not known before its end, so
// it is read byte by byte.
static enum hw_ws_verdict
parse(struct reading *r)
{
    struct hw_ws_reader *reader = r->reader;
    struct hw_ws_parser *parser = reader->parser;
    struct wslay_frame_iocb frame;
    enum hw_ws_verdict verdict = HW_WS_READ_ON;
    size_t n = 1;

    if (parser == NULL) {
        parser = hw_ws_parser_borrow(r->pool);
    }
    if (parser == NULL) {
        return refuse(r, HW_WS_NO_ROOM, "out of memory for a frame");
    }
    reader->parser = parser;
    if (!reader->in_frame) {
        reader->head[reader->head_size++] = *r->bytes;
    } else {
        n = r->size < reader->frame_left ? r->size : (size_t)reader->frame_left;
    }
    parser->in = r->bytes;
    parser->left = n;
    skip(r, n);
    do {
        ssize_t got = wslay_frame_recv(parser->frames, &frame);

        if (got == WSLAY_ERR_WANT_READ) {
            break;
        }
        verdict = got < 0 ? refuse_header(r) : take_chunk(r, &frame);
    } while (verdict == HW_WS_READ_ON && reader->in_frame);
    if (verdict == HW_WS_READ_ON) {
        let_go(r);
    }
    return verdict;
}

// ---- whole messages ----

// The size of the header if bytes begin with a message in one frame that is
// there wholly and beyond doubt, or 0. *length is that of its payload.
static size_t
whole_message(const uint8_t *bytes, size_t size, uint64_t *length)
{
    size_t head = 2;

    if (size < 2 || (bytes[0] != (0x80 | HW_WS_TEXT) &&
                     bytes[0] != (0x80 | HW_WS_BINARY))) {
        return 0;
    }
    *length = bytes[1];
    if (bytes[1] == 126 && size >= 4) {
        *length = (uint64_t)bytes[2] << 8 | bytes[3];
        head = 4;
    } else if (bytes[1] == 127 && size >= 10) {
        *length = 0;
        for (int i = 2; i < 10; i++) {
            *length = *length << 8 | bytes[i];
        }
        head = 10;
    }
    if ((head == 2 && *length > 125) || (head == 4 && *length < 126) ||
        (head == 10 && *length <= 0xffff) || *length > size - head) {
        return 0;
    }
    return head;
}

// Hands out messages where they stand; whatever is not plain is left to wslay.
static enum hw_ws_verdict
take_whole(struct reading *r)
{
    enum hw_ws_verdict verdict = HW_WS_READ_ON;
    const uint8_t *bytes;
    uint64_t length;
    size_t head;

    while (verdict == HW_WS_READ_ON &&
           (head = whole_message(r->bytes, r->size, &length)) > 0 &&
           length <= r->reader->max) {
        bytes = r->bytes + head;
        r->reader->opcode = r->bytes[0] & 0x0f;
        skip(r, head + (size_t)length);
        verdict = deliver(r, bytes, (size_t)length);
    }
    return verdict;
}

enum hw_ws_verdict
hw_ws_read(struct hw_ws_reader *reader, struct hw_ws_pool *pool,
           const uint8_t *bytes, size_t size,
           const struct hw_ws_listener *listener, void *user, char *sentence,
           size_t sentence_size)
{
    struct reading r = { .reader = reader,
                         .pool = pool,
                         .listener = listener,
                         .user = user,
                         .bytes = bytes,
                         .size = size,
                         .sentence = sentence,
                         .sentence_size = sentence_size };
    enum hw_ws_verdict verdict = HW_WS_READ_ON;

    while (verdict == HW_WS_READ_ON && r.size > 0) {
        if (!hw_ws_reader_is_amid(reader)) {
            verdict = take_whole(&r);
            if (verdict != HW_WS_READ_ON || r.size == 0) {
                break;
            }
        }
        verdict = reader->in_frame && reader->parser == NULL ? take_payload(&r)
                                                             : parse(&r);
    }
    return verdict;
}
