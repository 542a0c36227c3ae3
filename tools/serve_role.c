// serve_role.c - what is done with messages: echo, sink, blast.
#include "serve.h"
#include "serve_record.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Text messages up to this size may be orders to a sink.
enum { ORDER_MAX = 64 };

enum serve_role
role_of_path(const struct server *server, const char *path, size_t size)
{
    static const struct {
        const char *path;
        enum serve_role role;
    } paths[] = {
        { "/echo", ROLE_ECHO },
        { "/sink", ROLE_SINK },
        { "/blast", ROLE_BLAST },
    };

    if (size == 0 || (size == 1 && path[0] == '/')) {
        return server->options.role;
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strlen(paths[i].path) == size &&
            memcmp(paths[i].path, path, size) == 0) {
            return paths[i].role;
        }
    }
    return ROLE_NONE;
}

bool
role_blasts(const struct peer *peer)
{
    bool written_from = peer->writing && peer->flying.size == 0;

    return peer->blast.left > 0 || peer->blast.at < peer->blast.end ||
           (written_from &&
            uv_stream_get_write_queue_size(&peer->handle.stream) > 0);
}

size_t
role_blast_turn(struct peer *peer)
{
    struct blast *blast = &peer->blast;
    size_t count =
        blast->left < blast->count ? (size_t)blast->left : blast->count;

    blast->left -= count;
    return count * blast->frame;
}

bool
role_blast(struct peer *peer, uint64_t count, uint64_t size)
{
    struct blast *blast = &peer->blast;
    enum serve_wire wire = peer->server->options.wire;
    uint8_t head[FRAME_HEAD_MAX];
    size_t tail = 0;
    size_t head_size = wire == WIRE_WS ? frames_head(head, FRAME_BINARY, size)
                                       : stream_head(wire, head, size, &tail);

    if (size > peer->server->options.max_message || role_blasts(peer)) {
        return false;
    }
    blast->frame = head_size + (size_t)size + tail;
    if (blast->frame == 0) { // raw messages of no bytes
        return true;
    }
    blast->count = SERVE_BLAST_BLOCK / blast->frame;
    blast->count += blast->count == 0;
    blast->left = count;
    free(blast->block);
    blast->block = calloc(blast->count, blast->frame);
    if (blast->block == NULL) {
        blast->left = 0;
        return false;
    }
    for (size_t i = 0; i < blast->count; i++) {
        uint8_t *frame = blast->block + i * blast->frame;

        memcpy(frame, head, head_size);
        memset(frame + head_size + size, '\n', tail);
    }
    return true;
}

// "?" and "go N SIZE". False: this is no order, but a message like others.
static bool
obey(struct peer *peer, const uint8_t *bytes, size_t size)
{
    char order[ORDER_MAX + 1];
    char text[64];
    uint64_t count;
    uint64_t each;

    if (size > ORDER_MAX) {
        return false;
    }
    memcpy(order, bytes, size);
    order[size] = '\0';
    if (strcmp(order, "?") == 0) {
        int length = snprintf(text, sizeof text, "%" PRIu64, peer->counted);
        peer_say(peer, FRAME_TEXT, text, (size_t)length);
        return true;
    }
    if (sscanf(order, "go %" SCNu64 " %" SCNu64, &count, &each) != 2) {
        return false;
    }
    if (!role_blast(peer, count, each)) {
        static const char sorry[] = "go: too large, or one is under way";
        peer_say(peer, FRAME_TEXT, sorry, sizeof sorry - 1);
    }
    return true;
}

static void
print(const struct peer *peer, const uint8_t *bytes, size_t size)
{
    if (peer->server->options.print) {
        (void)fwrite(bytes, 1, size, stdout); // a lost line harms no peer
        (void)putchar('\n');
    }
}

bool
role_only_counts(const struct peer *peer)
{
    return peer->role != ROLE_ECHO && peer->server->record == NULL &&
           !peer->server->options.print;
}

// With kinds, orders are text; without, whatever looks like one.
static bool
may_be_order(const struct peer *peer, uint8_t opcode, const uint8_t *bytes,
             size_t size)
{
    return opcode == FRAME_TEXT ||
           (peer->server->options.wire != WIRE_WS && size > 0 &&
            (bytes[0] == '?' || bytes[0] == 'g'));
}

static void
take(struct peer *peer, uint8_t opcode, const uint8_t *bytes, size_t size)
{
    if (opcode == FRAME_TEXT && !utf8_is_valid(bytes, size)) {
        peer_leave(peer, 1007, "text that is not UTF-8");
        return;
    }
    if (peer->server->record != NULL) {
        record_note(peer->server->record, &peer->last_number, &peer->numbered,
                    bytes, size);
    }
    print(peer, bytes, size);
    if (peer->role == ROLE_ECHO) {
        peer_say(peer, opcode, bytes, size);
    } else if (!may_be_order(peer, opcode, bytes, size) ||
               !obey(peer, bytes, size)) {
        peer->counted++;
    }
}

// Whether the bytes of this piece are of no interest to anyone: a sink counts
// binary messages without looking at them.
static bool
only_counts(const struct peer *peer, const struct frame_piece *piece)
{
    return role_only_counts(peer) && piece->opcode == FRAME_BINARY;
}

void
role_take(struct peer *peer, const uint8_t *bytes, size_t size)
{
    take(peer, FRAME_BINARY, bytes, size);
}

void
role_hear(struct peer *peer, struct frame_piece *piece)
{
    if (only_counts(peer, piece)) {
        peer->counted += piece->done;
        return;
    }
    frames_unmask(piece);
    if (piece->first && piece->done) {
        take(peer, piece->opcode, piece->bytes, piece->size);
        return;
    }
    if (peer->message.size + piece->size > peer->server->options.max_message) {
        peer_leave(peer, 1009, "larger than --max-message");
        return;
    }
    if (!bytes_add(&peer->message, piece->bytes, piece->size)) {
        peer_drop(peer);
        return;
    }
    if (piece->done) {
        take(peer, piece->opcode, peer->message.data, peer->message.size);
        bytes_clear(&peer->message);
    }
}
