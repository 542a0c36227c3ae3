// frames_in.c - a peer's bytes become messages.
//
// wslay's frame layer finds the frames; what a message is, and what a peer may
// not do, is decided here, so that each refusal has a sentence of its own.
#include "frames_in.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "frames_out.h"
#include "utf8.h"

enum {
    SPARES_MAX = 16,         // parsers at rest in a pool
    BLOCK_MIN = 16 * 1024,   // first size of a message buffer
    BLOCK_KEPT = 256 * 1024, // a larger one is freed at once
};

struct hw_ws_parser {
    wslay_frame_context_ptr frames;
    const uint8_t *in; // what wslay may take
    size_t left;
    struct hw_ws_parser *next;
};

// One call of hw_ws_read.
struct reading {
    struct hw_ws_reader *reader;
    struct hw_ws_pool *pool;
    const struct hw_ws_listener *listener;
    void *user;
    const uint8_t *bytes;
    ptrdiff_t at; // where the frame, or what is left of it, begins in bytes
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

// ---- the pool ----

static ssize_t
take_in(uint8_t *to, size_t room, int flags, void *user)
{
    struct hw_ws_parser *parser = user;
    size_t n = parser->left < room ? parser->left : room;

    (void)flags;
    if (n == 0) {
        return -1; // wslay: there is no more now
    }
    memcpy(to, parser->in, n);
    parser->in += n;
    parser->left -= n;
    return (ssize_t)n;
}

static struct hw_ws_parser *
borrow_parser(struct hw_ws_pool *pool)
{
    static const struct wslay_frame_callbacks calls = { .recv_callback =
                                                            take_in };
    struct hw_ws_parser *parser = pool->spare;

    if (parser != NULL) {
        pool->spare = parser->next;
        pool->spares--;
        return parser;
    }
    parser = calloc(1, sizeof *parser);
    if (parser == NULL) {
        return NULL;
    }
    if (wslay_frame_context_init(&parser->frames, &calls, parser) != 0) {
        free(parser);
        return NULL;
    }
    return parser;
}

static void
free_parser(struct hw_ws_parser *parser)
{
    wslay_frame_context_free(parser->frames);
    free(parser);
}

static void
return_parser(struct hw_ws_pool *pool, struct hw_ws_parser *parser)
{
    if (pool->spares >= SPARES_MAX) {
        free_parser(parser);
        return;
    }
    parser->next = pool->spare;
    pool->spare = parser;
    pool->spares++;
}

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

void
hw_ws_pool_clear(struct hw_ws_pool *pool)
{
    while (pool->spare != NULL) {
        struct hw_ws_parser *parser = pool->spare;

        pool->spare = parser->next;
        free_parser(parser);
    }
    free(pool->block);
    memset(pool, 0, sizeof *pool);
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
        free_parser(reader->parser); // amid a frame: of no use to another
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
    if (text && !hw_ws_is_utf8(bytes, size)) {
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
    if (!hw_ws_is_utf8(b + 2, size - 2)) {
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
    r->at += frame->payload_length <= 125      ? 2
             : frame->payload_length <= 0xffff ? 4
                                               : 10;
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
    r->at += (ptrdiff_t)frame->data_length;
    reader->in_frame = reader->frame_left > 0;
    return wslay_is_ctrl_frame(reader->frame_opcode)
               ? take_control(r, data, frame->data_length)
               : take_data(r, data, frame->data_length);
}

// The byte at index of the header that wslay refused: it may have begun in an
// earlier read. Only complete headers are refused.
static uint8_t
header_byte(const struct reading *r, ptrdiff_t index)
{
    ptrdiff_t at = r->at + index;

    return at < 0 ? r->reader->head[r->reader->head_size + at] : r->bytes[at];
}

// wslay says no more than "protocol error".
static enum hw_ws_verdict
refuse_header(struct reading *r)
{
    uint8_t first = header_byte(r, 0), second = header_byte(r, 1);

    if (wslay_is_ctrl_frame((first & 0x0f)) && (first & 0x80) == 0) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a control frame in fragments");
    }
    if (wslay_is_ctrl_frame((first & 0x0f)) && (second & 0x7f) > 125) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer sent a control frame above 125 bytes");
    }
    if ((second & 0x7f) == 127 && (header_byte(r, 2) & 0x80) != 0) {
        return refuse(r, HW_WS_BROKEN,
                      "the peer announced a frame of 2^63 bytes or more");
    }
    return refuse(
        r, HW_WS_BROKEN,
        "the peer wrote a frame's length in more bytes than it needs");
}

// Keeps the first bytes of a header that came in part, for refuse_header.
static void
keep_head(struct reading *r, size_t size)
{
    struct hw_ws_reader *reader = r->reader;
    size_t n = (size_t)((ptrdiff_t)size - r->at);
    size_t from = r->at > 0 ? (size_t)r->at : 0;

    if (r->at >= 0) {
        reader->head_size = 0;
    }
    memcpy(reader->head + reader->head_size, r->bytes + from, size - from);
    reader->head_size = (uint8_t)n;
}

static void
rest(struct reading *r, size_t size)
{
    struct hw_ws_reader *reader = r->reader;

    if (reader->in_frame) {
        return;
    }
    if (r->at == (ptrdiff_t)size) {
        return_parser(r->pool, reader->parser);
        reader->parser = NULL;
        reader->head_size = 0;
    } else {
        keep_head(r, size);
    }
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
                         .at = reader->in_frame ? 0 : -reader->head_size,
                         .sentence = sentence,
                         .sentence_size = sentence_size };
    struct wslay_frame_iocb frame;
    enum hw_ws_verdict verdict = HW_WS_READ_ON;

    if (reader->parser == NULL) {
        reader->parser = borrow_parser(pool);
        if (reader->parser == NULL) {
            return refuse(&r, HW_WS_NO_ROOM, "out of memory for a frame");
        }
    }
    reader->parser->in = bytes;
    reader->parser->left = size;
    while (verdict == HW_WS_READ_ON) {
        ssize_t n = wslay_frame_recv(reader->parser->frames, &frame);

        if (n == WSLAY_ERR_WANT_READ) {
            rest(&r, size);
            break;
        }
        verdict = n < 0 ? refuse_header(&r) : take_chunk(&r, &frame);
    }
    return verdict;
}
