// serve_peer.c - one connection of the server: reading, writing, goodbye.
#include "serve.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
on_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;

    upgrade_free(peer->upgrade);
    tls_free(peer->tls);
    bytes_free(&peer->message);
    bytes_free(&peer->out);
    bytes_free(&peer->flying);
    free(peer->blast.block);
    server_forget(peer);
    free(peer);
}

void
peer_drop(struct peer *peer)
{
    if (peer->state != PEER_GONE) {
        peer->state = PEER_GONE;
        uv_close(&peer->handle.any, on_closed);
    }
}

static uint64_t
deadline_in(const struct peer *peer, uint64_t ms)
{
    return uv_now(&peer->server->loop) + ms;
}

// ---- writing ----

static void
on_written(uv_write_t *write, int status)
{
    struct peer *peer = write->data;

    peer->writing = false;
    bytes_clear(&peer->flying);
    if (status < 0) {
        peer_drop(peer);
        return;
    }
    peer_flush(peer);
}

static void
write_out(struct peer *peer, const uint8_t *bytes, size_t size)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);

    if (uv_write(&peer->write, &peer->handle.stream, &buffer, 1, on_written) !=
        0) {
        peer_drop(peer);
        return;
    }
    peer->writing = true;
}

void
peer_fly(struct peer *peer, struct bytes *from, size_t at)
{
    struct bytes empty = peer->flying;

    peer->flying = *from;
    *from = empty;
    write_out(peer, peer->flying.data + at, peer->flying.size - at);
}

// What the peer's socket takes at once needs no callback.
void
peer_write(struct peer *peer, struct bytes *from)
{
    uv_buf_t buffer = uv_buf_init((char *)from->data, (unsigned)from->size);
    int taken = uv_try_write(&peer->handle.stream, &buffer, 1);

    if (taken >= 0 && (size_t)taken == from->size) {
        bytes_clear(from);
        return;
    }
    if (taken < 0 && taken != UV_EAGAIN) {
        peer_drop(peer);
        return;
    }
    peer_fly(peer, from, taken < 0 ? 0 : (size_t)taken);
}

static void
flush_plain(struct peer *peer)
{
    if (peer->out.size > 0) {
        peer_write(peer, &peer->out);
    }
    if (!peer->writing && peer->state == PEER_OPEN && peer->blast.left > 0) {
        write_out(peer, peer->blast.block, role_blast_turn(peer));
    }
}

static void
resume_if_drained(struct peer *peer);

void
peer_flush(struct peer *peer)
{
    if (peer->writing || peer->state == PEER_GONE) {
        return;
    }
    if (peer->tls != NULL) {
        sealed_flush(peer);
    } else {
        flush_plain(peer);
    }
    if (!peer->writing && peer->state == PEER_CLOSING) {
        peer_drop(peer);
        return;
    }
    resume_if_drained(peer);
}

void
peer_say(struct peer *peer, uint8_t opcode, const void *bytes, size_t size)
{
    uint8_t head[FRAME_HEAD_MAX];
    size_t head_size = frames_head(head, opcode, size);

    if (peer->state == PEER_GONE || peer->state == PEER_CLOSING) {
        return;
    }
    if (peer->server->options.wire != WIRE_WS) {
        stream_say(peer, bytes, size);
        return;
    }
    if (!bytes_add(&peer->out, head, head_size) ||
        !bytes_add(&peer->out, bytes, size)) {
        peer_drop(peer);
    }
}

static void
say_close(struct peer *peer, int code, const char *reason)
{
    char text[FRAME_CONTROL_MAX];
    int size =
        snprintf(text, sizeof text, "%c%c%s", code >> 8, code & 0xff, reason);

    peer_say(peer, FRAME_CLOSE, text, code == 0 ? 0 : (size_t)size);
}

void
peer_leave(struct peer *peer, int code, const char *reason)
{
    if (peer->state == PEER_SHAKING || peer->state == PEER_ASKING) {
        peer_drop(peer);
    } else if (peer->server->options.wire != WIRE_WS) {
        stream_leave(peer);
    } else if (peer->state == PEER_OPEN) {
        say_close(peer, code, reason);
        if (peer->state == PEER_OPEN) {
            peer->state = PEER_LEAVING;
            peer->deadline_ms = deadline_in(peer, SERVE_GOODBYE_MS);
        }
    }
}

// ---- hearing ----

static bool
may_close_with(int code)
{
    return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
           (code >= 3000 && code <= 4999);
}

static void
hear_close(struct peer *peer)
{
    const uint8_t *text = peer->control;
    int code = peer->control_size >= 2 ? text[0] << 8 | text[1] : 0;

    if (peer->state == PEER_OPEN) {
        if (peer->control_size == 1 || (code != 0 && !may_close_with(code))) {
            code = 1002;
        } else if (code != 0 &&
                   !utf8_is_valid(text + 2, peer->control_size - 2u)) {
            code = 1007;
        }
        say_close(peer, code, "");
    }
    if (peer->state != PEER_GONE) {
        peer->state = PEER_CLOSING;
        peer->deadline_ms = deadline_in(peer, SERVE_GOODBYE_MS);
    }
}

static void
hear_control(struct peer *peer, struct frame_piece *piece)
{
    if (piece->size > 0) {
        frames_unmask(piece);
        memcpy(peer->control + peer->control_size, piece->bytes, piece->size);
        peer->control_size = (uint8_t)(peer->control_size + piece->size);
    }
    if (!piece->done) {
        return;
    }
    if (piece->opcode == FRAME_CLOSE) {
        hear_close(peer);
    } else if (piece->opcode == FRAME_PING && peer->state == PEER_OPEN &&
               !peer->server->options.mute_pings) {
        peer_say(peer, FRAME_PONG, peer->control, peer->control_size);
    }
    peer->control_size = 0;
}

static void
hear_frames(struct peer *peer, uint8_t *at, uint8_t *end)
{
    struct frame_piece piece;

    while (peer->state == PEER_OPEN || peer->state == PEER_LEAVING) {
        switch (frames_next(&peer->reader, &at, end, &piece)) {
        case FRAME_MORE:
            return;
        case FRAME_PIECE:
            if (piece.opcode >= FRAME_CLOSE) {
                hear_control(peer, &piece);
            } else if (peer->state == PEER_OPEN) {
                role_hear(peer, &piece);
            }
            break;
        case FRAME_WRONG:
            peer_leave(peer, 1002, "not a frame that a client may send");
            return;
        case FRAME_TOO_BIG:
            peer_leave(peer, 1009, "larger than --max-message");
            return;
        }
    }
}

static void
hear_request(struct peer *peer, uint8_t *at, uint8_t *end)
{
    size_t used = 0;
    enum upgrade_answer answer =
        upgrade_read(peer, at, (size_t)(end - at), &used, &peer->out);

    if (answer == UPGRADE_MORE) {
        return;
    }
    upgrade_free(peer->upgrade);
    peer->upgrade = NULL;
    peer->deadline_ms = 0;
    peer->state = PEER_OPEN;
    if (answer == UPGRADE_REFUSED) {
        peer->state = PEER_CLOSING;
        peer->deadline_ms = deadline_in(peer, SERVE_GOODBYE_MS);
        return;
    }
    hear_frames(peer, at + used, end);
}

// ---- reading ----

static void
lend_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct peer *peer = handle->data;

    (void)wanted;
    *buffer = uv_buf_init((char *)peer->server->read_room, SERVE_READ_ROOM);
}

static size_t
unsent(const struct peer *peer)
{
    return peer->out.size + peer->flying.size +
           (peer->tls != NULL ? peer->tls->sealed.size : 0);
}

static void
pause_if_full(struct peer *peer)
{
    if (peer->state != PEER_GONE && !peer->paused &&
        unsent(peer) > SERVE_OUT_HIGH) {
        peer->paused = true;
        (void)uv_read_stop(&peer->handle.stream); // always 0
    }
}

void
peer_hear(struct peer *peer, uint8_t *at, uint8_t *end)
{
    if (peer->state == PEER_ASKING) {
        hear_request(peer, at, end);
    } else if (peer->server->options.wire != WIRE_WS) {
        stream_hear(peer, at, (size_t)(end - at));
    } else {
        hear_frames(peer, at, end);
    }
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct peer *peer = stream->data;
    uint8_t *at = (uint8_t *)buffer->base;

    if (size < 0) {
        peer_drop(peer); // a peer that is gone, with or without goodbye
        return;
    }
    if (peer->tls != NULL) {
        sealed_hear(peer, at, (size_t)size);
    } else {
        peer_hear(peer, at, at + size);
    }
    peer_flush(peer);
    pause_if_full(peer);
}

static void
resume_if_drained(struct peer *peer)
{
    if (peer->state != PEER_GONE && peer->paused &&
        unsent(peer) <= SERVE_OUT_HIGH / 2) {
        peer->paused = false;
        if (uv_read_start(&peer->handle.stream, lend_room, on_read) != 0) {
            peer_drop(peer);
        }
    }
}

// ---- coming ----

static void
add_peer(struct server *server, struct peer *peer)
{
    peer->server = server;
    peer->next = server->peers;
    if (server->peers != NULL) {
        server->peers->before = peer;
    }
    server->peers = peer;
    server->peer_count++;
}

void
peer_begin(struct peer *peer)
{
    peer->deadline_ms = 0;
    if (peer->server->options.wire != WIRE_WS) {
        peer->state = PEER_OPEN;
        peer->role = peer->server->options.role;
        return;
    }
    peer->state = PEER_ASKING;
    peer->deadline_ms = deadline_in(peer, SERVE_UPGRADE_MS);
    peer->upgrade = upgrade_new();
    if (peer->upgrade == NULL) {
        peer_drop(peer);
    }
}

static void
shake(struct peer *peer)
{
    peer->state = PEER_SHAKING;
    peer->deadline_ms = deadline_in(peer, SERVE_SHAKE_MS);
    peer->tls = tls_new(peer->server->tls);
    if (peer->tls == NULL) {
        peer_drop(peer);
    }
}

void
peer_accept(struct server *server)
{
    struct peer *peer = calloc(1, sizeof *peer);

    if (peer == NULL) {
        return;
    }
    peer->handle.any.data = peer;
    peer->write.data = peer;
    peer->reader.max = server->options.max_message;
    if (serve_handle_init(server, &peer->handle) != 0) {
        free(peer);
        return;
    }
    add_peer(server, peer);
    if (uv_accept(&server->listener.stream, &peer->handle.stream) != 0 ||
        server->peer_count > server->options.max_peers ||
        (!server->options.is_unix &&
         uv_tcp_nodelay(&peer->handle.tcp, 1) != 0) ||
        uv_read_start(&peer->handle.stream, lend_room, on_read) != 0) {
        peer_drop(peer);
    } else if (server->tls != NULL) {
        shake(peer);
    } else {
        peer_begin(peer);
    }
}
