// wire.h - one WebSocket connection, as the files of this transport share it.
#ifndef HW_WS_WIRE_H
#define HW_WS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libwebsockets.h>
#include <uv.h>

#include <hawser/transport.h>

#include "barrier.h"
#include "frames_in.h"
#include "shared/outbox.h"
#include "site.h"
#include "upgrade.h"
#include "url.h"

enum hw_ws_phase {
    HW_WS_DIALING, // until the upgrade is agreed on
    HW_WS_OPEN,    // messages both ways
    HW_WS_LEAVING, // closed or lost: no port, only a goodbye to be written
    HW_WS_DEAD,    // nothing is to be done but to free it
};

// What waits for the loop, since it must not be done inside a verb or inside
// libwebsockets.
enum hw_ws_deed {
    HW_WS_NOTHING,
    HW_WS_CONNECT,   // begin to connect
    HW_WS_WATCH,     // look at the answer before libwebsockets does
    HW_WS_TAKE_OVER, // the upgrade is agreed on: make it a byte stream
    HW_WS_TELL,      // say that it is lost, as noted in its dialling
    HW_WS_LOOK,      // writing failed: see whether the peer said why
    HW_WS_KILL,      // close the socket
};

enum { HW_WS_UNWATCHED = UINT8_MAX };

// Kept only until the wire is open.
struct hw_ws_dialling {
    struct hw_ws_url url;
    char key[HW_WS_KEY_SIZE];
    char *request;
    char *headers; // of the response, "Name: value\n" each, or NULL
    char protocol[128];
    int status;
    bool proxied;
    bool awaits_proxy; // the next answer is the proxy's
    bool connecting;   // counted in the site
    uv_poll_cb theirs; // what libwebsockets watches the socket with
    char note[256];    // why it failed, where libwebsockets would not say
    hawser_cause note_cause;
    bool insecure;
    bool v6_name; // TLS must be checked against an IPv6 address
    bool connected;
    char address[64];
    uint16_t port;
    char server_name[HW_WS_HOST_MAX + 1]; // for TLS
};

// Bytes taken and not yet handed to the system; nothing is kept while empty.
struct hw_ws_wire {
    struct hw_ws_site *site;
    hawser_port *port; // NULL once closed or lost
    const hawser_settings *settings;
    struct lws *wsi; // NULL once libwebsockets let go of it
    uv_poll_t *poll; // of an open wire without TLS; libwebsockets' own
    struct hw_ws_vhost *vhost;
    struct hw_ws_dialling *dialling;
    struct hw_ws_wire *next, *previous; // in list
    struct hw_ws_list *list;
    uint64_t deadline; // on the loop's clock, while leaving
    enum hw_ws_phase phase;
    enum hw_ws_deed deed;
    uint32_t number;
    bool tls;
    bool deaf;       // listen is off
    bool wants_room; // send took fewer than it was given
    bool mute;       // writing failed: errno below
    bool peer_left;  // its close frame came
    bool heard;      // bytes came since this was cleared
    uint8_t watched; // uv_poll_event bits or HW_WS_UNWATCHED, without TLS
    int write_error;
    uint64_t out_limit; // option wire.buffer
    uint64_t written;
    uint64_t unasked, unpassed; // lowest numbers of barriers that are
    struct hw_shared_outbox out;
    struct hw_ws_reader reader;
    uint8_t pong_size;
    bool pong_due; // a pong that waits for the outbox
    uint8_t pong[HW_WS_CONTROL_MAX];
};

// ---- wire.c: the life of a wire ----

// Has the deed done on the loop, as soon as it turns.
void
hw_ws_wire_soon(struct hw_ws_wire *wire, enum hw_ws_deed deed);

// Does what waits; the site's timer calls it.
void
hw_ws_wire_do_due(uv_timer_t *timer);

// The deed of a dial (ws.c).
void
hw_ws_wire_connect(struct hw_ws_wire *wire);

// Says that the wire is lost; the port is gone then. What remains of the wire
// is the caller's to end.
void
hw_ws_wire_lose(struct hw_ws_wire *wire, const hawser_lost *why);

// The same with nothing but a cause and a sentence; the socket is closed soon.
void
hw_ws_wire_fail(struct hw_ws_wire *wire, hawser_cause cause, const char *error);

// Says goodbye with code (0: none in the frame) and ends within a second.
void
hw_ws_wire_leave(struct hw_ws_wire *wire, unsigned code, const void *reason,
                 size_t reason_size);

// libwebsockets let go of the wire.
void
hw_ws_wire_gone(struct hw_ws_wire *wire);

// Frees a wire that libwebsockets does not know.
void
hw_ws_wire_free(struct hw_ws_wire *wire);

void
hw_ws_dialling_free(struct hw_ws_site *site, struct hw_ws_dialling *dialling);

// Notes why the wire fails, for when it is told.
void
hw_ws_note(struct hw_ws_dialling *dialling, hawser_cause cause,
           const char *sentence);

// ---- answer.c: the first bytes of an answer ----

// From now on looks at what comes until it is known to be HTTP.
void
hw_ws_answer_watch(struct hw_ws_wire *wire);

// Finds libwebsockets' handle for the wire's socket. false: it has none.
bool
hw_ws_wire_find_poll(struct hw_ws_wire *wire);

// ---- stream.c: an open wire's bytes ----

// Makes the byte stream out of an agreed upgrade.
void
hw_ws_take_over(struct hw_ws_wire *wire);

// Bytes came from the peer.
void
hw_ws_stream_received(struct hw_ws_wire *wire, const uint8_t *bytes,
                      size_t size);

// libwebsockets says that a wire with TLS can be read. -1: it ended.
int
hw_ws_stream_read_tls(struct hw_ws_wire *wire);

// The peer's stream ended; error is an errno, or 0 for an ordinary end.
void
hw_ws_stream_ended(struct hw_ws_wire *wire, int error);

// libwebsockets says that a wire with TLS can be written to.
void
hw_ws_stream_writable(struct hw_ws_wire *wire);

// Reads once more from a wire that can't be written to, and loses it.
void
hw_ws_stream_look(struct hw_ws_wire *wire);

// Follows deaf and the outbox: what the loop is to watch the socket for.
void
hw_ws_stream_watch(struct hw_ws_wire *wire);

// ---- outbox.c: writing ----

size_t
hw_ws_out_send(struct hw_ws_wire *wire, const hawser_message *messages,
               size_t count);

// Writes or keeps a control frame.
void
hw_ws_out_control(struct hw_ws_wire *wire, uint8_t opcode, const void *bytes,
                  size_t size);

// A pong; while others wait to be written, only the newest is kept.
void
hw_ws_out_pong(struct hw_ws_wire *wire, const uint8_t *bytes, size_t size);

// Writes what waits, as far as the socket takes it.
void
hw_ws_out_flush(struct hw_ws_wire *wire);

// Bytes that wait.
size_t
hw_ws_out_backlog(const struct hw_ws_wire *wire);

void
hw_ws_out_clear(struct hw_ws_wire *wire);

// ---- handshake.c: libwebsockets' callbacks until the wire is open ----

int
hw_ws_on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user,
               void *in, size_t size);

#endif
