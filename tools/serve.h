// serve.h - the server behind "hawser serve": what its files share.
//
//   serve.c          the command: flags, address, signals
//   serve_server.c   listening, peers coming and going, deadlines
//   serve_peer.c     one connection: reading, writing, goodbye
//   serve_upgrade.c  the HTTP request that becomes a WebSocket
//   serve_frames.c   frames
//   serve_stream.c   the same for tcp://, tls:// and unix://
//   serve_zmq.c      the same for zmq+tcp:// and zmq+ipc://
//   serve_sealed.c   the way of bytes to and from a peer behind TLS
//   serve_tls.c      TLS, with serve_certificate.c
//   serve_door.c     the socket that listens
//   serve_role.c     what is done with messages: echo, sink, blast
//   serve_record.c   what was read, in memory that survives a kill -9
#ifndef HAWSER_TOOL_SERVE_H
#define HAWSER_TOOL_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bytes.h"
#include "serve_frames.h"
#include "serve_tls.h"

enum {
    SERVE_URL_MAX = 400,          // of ZeroMQ
    SERVE_ZMQ_MAX = 2,            // addresses of ZeroMQ
    SERVE_PATH_MAX = 107,         // of a Unix socket, unix(7)
    SERVE_READ_ROOM = 256 * 1024, // bytes read at once; all peers share it
    SERVE_OUT_HIGH = 1024 * 1024, // unsent bytes at which reading pauses
    SERVE_BLAST_BLOCK = 256 * 1024,
    SERVE_SEAL_PIECE = 128 * 1024, // sealed at once, with TLS
    SERVE_REQUEST_MAX = 16 * 1024, // bytes of the upgrade request
    SERVE_SHAKE_MS = 10000,        // for the handshake of TLS
    SERVE_UPGRADE_MS = 10000,      // for the whole request
    SERVE_GOODBYE_MS = 1000,       // for the peer's half of a goodbye
    SERVE_TICK_MS = 100,           // how exactly deadlines are kept
};

enum serve_wire { WIRE_WS, WIRE_LENGTH32, WIRE_LINE, WIRE_RAW };

enum serve_role { ROLE_NONE, ROLE_ECHO, ROLE_SINK, ROLE_BLAST };

struct serve_options {
    enum serve_wire wire;
    bool is_unix;
    bool is_tls;
    const char *cert; // NULL: one is made
    const char *key;  // NULL: it is in the same file
    char host[256];   // of a Unix socket: its path, or @ and its abstract name
    int port;
    enum serve_role role; // of the path "/"
    uint64_t max_message;
    unsigned max_peers;
    bool print;
    bool once;
    bool mute_pings;
    bool quiet;
    enum serve_wire framing; // WIRE_WS: none was asked for
    const char *record;
    const char *zmq_urls[SERVE_ZMQ_MAX];
    unsigned zmq_count; // 0: it is another scheme
};

struct record;
struct upgrade;

union serve_handle {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct server {
    uv_loop_t loop;
    union serve_handle listener;
    uv_timer_t tick;
    uv_signal_t signals[2];
    struct serve_options options;
    struct peer *peers;
    unsigned peer_count;
    bool stopping;
    struct record *record; // NULL: nothing is written down
    struct tls_site *tls;  // NULL: it is another scheme
    uint8_t *read_room;
    uint8_t *plain_room; // for what was opened; NULL without TLS
};

enum peer_state {
    PEER_SHAKING, // the handshake of TLS is under way
    PEER_ASKING,  // its request is being read
    PEER_OPEN,    // frames flow
    PEER_LEAVING, // we said goodbye, and wait for the peer's half
    PEER_CLOSING, // both said all; what is unsent goes out, then it closes
    PEER_GONE,    // its handle is being closed
};

// Messages of one size to be sent as fast as the peer takes them, from a block
// of ready frames.
struct blast {
    uint64_t left; // messages
    uint8_t *block;
    size_t frame; // bytes of one frame
    size_t count; // frames in the block
    size_t at;    // with TLS: what of the block is sealed
    size_t end;   // with TLS: what of it is to be
};

struct peer {
    union serve_handle handle;
    uv_write_t write;
    struct server *server;
    struct peer *next;
    struct peer *before;
    enum peer_state state;
    enum serve_role role;
    struct upgrade *upgrade; // while ASKING
    struct tls *tls;         // NULL: it is another scheme
    struct frame_reader reader;
    struct bytes message; // a message that comes in pieces
    uint8_t control[FRAME_CONTROL_MAX];
    uint8_t control_size;
    struct bytes out;    // to be written next
    size_t out_sealed;   // with TLS: how much of it is sealed
    struct bytes flying; // being written
    bool writing;
    bool paused;          // not reading, until the peer reads
    uint64_t deadline_ms; // 0: none
    uint64_t counted;
    uint64_t last_number; // for the record
    bool numbered;
    struct blast blast;
};

// ---- serve_door.c ----

// Makes a handle of the sort that the server's wires have.
int
serve_handle_init(struct server *server, union serve_handle *handle);

// Binds the server's listener and listens. 0, or a negative libuv error after a
// sentence on stderr.
int
serve_door_open(struct server *server, uv_connection_cb on_connection);

// Says on stdout where it listens.
void
serve_door_tell(struct server *server);

void
serve_door_close(struct server *server);

// ---- serve_stream.c ----

// Bytes came, without frames around them.
void
stream_hear(struct peer *peer, const uint8_t *bytes, size_t size);

// Sends a message; on lack of memory the peer is dropped.
void
stream_say(struct peer *peer, const void *bytes, size_t size);

// The stream's end is the goodbye: behind what is unsent.
void
stream_leave(struct peer *peer);

// Writes what stands before a message of that size to head, and returns how
// long it is; *tail: how many bytes stand behind it, all line feeds.
size_t
stream_head(enum serve_wire wire, uint8_t head[FRAME_HEAD_MAX], uint64_t size,
            size_t *tail);

// ---- serve_zmq.c ----

// As server_run, for the ZeroMQ addresses of the options.
int
serve_zmq(const struct serve_options *options);

// ---- serve_server.c ----

// Runs until a signal, or the first peer's leaving with once. 0, or a negative
// libuv error after a sentence on stderr.
int
server_run(const struct serve_options *options);

// The handle is closed: forget the peer.
void
server_forget(struct peer *peer);

// ---- serve_peer.c ----

// Takes over a connection that waits in the server's listener.
void
peer_accept(struct server *server);

// Sends a frame; on lack of memory the peer is dropped.
void
peer_say(struct peer *peer, uint8_t opcode, const void *bytes, size_t size);

// Says goodbye with code; no more is read but the peer's own goodbye.
void
peer_leave(struct peer *peer, int code, const char *reason);

void
peer_drop(struct peer *peer);

void
peer_flush(struct peer *peer);

// What comes is from now on the peer's own: a request, or messages.
void
peer_begin(struct peer *peer);

void
peer_hear(struct peer *peer, uint8_t *at, uint8_t *end);

// Writes all of from and empties it; nothing else may be under way. What the
// socket does not take at once follows by itself.
void
peer_write(struct peer *peer, struct bytes *from);

// The same, of what stands behind at; the peer is flushed from the loop.
void
peer_fly(struct peer *peer, struct bytes *from, size_t at);

// ---- serve_sealed.c ----

// Bytes came from the socket.
void
sealed_hear(struct peer *peer, const uint8_t *bytes, size_t size);

// Nothing may be under way.
void
sealed_flush(struct peer *peer);

// ---- serve_upgrade.c ----

struct upgrade *
upgrade_new(void);

void
upgrade_free(struct upgrade *upgrade);

enum upgrade_answer {
    UPGRADE_MORE,    // the request is not complete
    UPGRADE_DONE,    // *answer is the 101, the peer's role is set
    UPGRADE_REFUSED, // *answer says why; close behind it
};

// Reads a part of the request; *used says how much of it was the request's.
enum upgrade_answer
upgrade_read(struct peer *peer, const uint8_t *bytes, size_t size, size_t *used,
             struct bytes *answer);

// ---- serve_role.c ----

// A message came whole, from a peer that tells no text from other bytes.
void
role_take(struct peer *peer, const uint8_t *bytes, size_t size);

// Messages that nobody wants to see came.
bool
role_only_counts(const struct peer *peer);

// A piece of a text or binary message came.
void
role_hear(struct peer *peer, struct frame_piece *piece);

// Begins to send count messages of size bytes each; false: out of limits.
bool
role_blast(struct peer *peer, uint64_t count, uint64_t size);

// Whether the block of the peer's blast is still needed.
bool
role_blasts(const struct peer *peer);

// Takes the next turn of the peer's blast; how many bytes of its block are to
// be sent, 0 if it is over.
size_t
role_blast_turn(struct peer *peer);

// "/echo" …; ROLE_NONE if nothing lives there.
enum serve_role
role_of_path(const struct server *server, const char *path, size_t size);

#endif
