// serve_sealed.c - a peer behind TLS: what comes is opened, what is said is
// sealed, piece by piece.
#include "serve.h"

// What waits to be sealed, and how much it is. A message that was begun is
// ended before anything else is said.
static size_t
waiting(struct peer *peer, const uint8_t **bytes)
{
    struct blast *blast = &peer->blast;

    if (blast->at == blast->end && peer->out.size == 0 &&
        peer->state == PEER_OPEN) {
        blast->at = 0;
        blast->end = role_blast_turn(peer);
    }
    if (blast->at < blast->end) {
        *bytes = blast->block + blast->at;
        return blast->end - blast->at;
    }
    if (peer->out.size > 0) {
        *bytes = peer->out.data + peer->out_sealed;
    }
    return peer->out.size - peer->out_sealed;
}

static void
note_sealed(struct peer *peer, size_t size)
{
    if (peer->blast.at < peer->blast.end) {
        peer->blast.at += size;
        return;
    }
    peer->out_sealed += size;
    if (peer->out_sealed == peer->out.size) {
        peer->out_sealed = 0;
        bytes_clear(&peer->out);
    }
}

static bool
seal_piece(struct peer *peer)
{
    const uint8_t *bytes = NULL;
    size_t size = waiting(peer, &bytes);

    if (size > SERVE_SEAL_PIECE) {
        size = SERVE_SEAL_PIECE;
    }
    if (size > 0) {
        if (!tls_seal(peer->tls, bytes, size)) {
            return false;
        }
        note_sealed(peer, size);
    }
    return true;
}

void
sealed_flush(struct peer *peer)
{
    const uint8_t *next;
    bool more;

    if (!seal_piece(peer)) {
        peer_drop(peer);
        return;
    }
    more = waiting(peer, &next) > 0;
    if (!more && peer->state == PEER_CLOSING) {
        tls_leave(peer->tls);
    }
    if (more) { // others have their turn before the next piece
        peer_fly(peer, &peer->tls->sealed, 0);
    } else if (peer->tls->sealed.size > 0) {
        peer_write(peer, &peer->tls->sealed);
    }
}

// What is unsent still goes out, a complaint of TLS too.
static void
end(struct peer *peer, enum tls_answer answer)
{
    if (peer->state == PEER_GONE || peer->state == PEER_CLOSING) {
        return;
    }
    if (answer == TLS_FAILED) { // nothing else can be said
        peer->out_sealed = 0;
        bytes_clear(&peer->out);
        peer->blast.at = peer->blast.end;
    }
    peer->state = PEER_CLOSING;
    peer->deadline_ms = uv_now(&peer->server->loop) + SERVE_GOODBYE_MS;
}

void
sealed_hear(struct peer *peer, const uint8_t *bytes, size_t size)
{
    uint8_t *room = peer->server->plain_room;
    enum tls_answer answer = TLS_FULL;

    tls_feed(peer->tls, bytes, size);
    while (answer == TLS_FULL && peer->state != PEER_GONE &&
           peer->state != PEER_CLOSING) {
        size_t got;

        answer = tls_read(peer->tls, room, SERVE_READ_ROOM, &got);
        if (peer->state == PEER_SHAKING && tls_is_open(peer->tls)) {
            peer_begin(peer);
        }
        if (got > 0) {
            peer_hear(peer, room, room + got);
        }
    }
    tls_feed(peer->tls, bytes, 0); // the room is others' from now on
    if (answer == TLS_ENDED || answer == TLS_FAILED) {
        end(peer, answer);
    }
}
