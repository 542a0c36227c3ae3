// hawser/link.h - links: opening, sending, asking, closing.
//
// A link is one logical connection with an ordered list of endpoints; it lives
// until it is closed, through as many wires as it takes. Every call here may be
// made from any thread, and none waits for a wire or for I/O, except where the
// header says that it waits.
#ifndef HAWSER_LINK_H
#define HAWSER_LINK_H

#include <stddef.h>
#include <stdint.h>

#include <hawser/bus.h>
#include <hawser/export.h>
#include <hawser/message.h>
#include <hawser/options.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// A number, passed by value. The number of a closed link is never followed: it
// is answered with STALE. id 0 is no link.
typedef struct hawser_link {
    uint64_t id;
} hawser_link;

typedef struct hawser_inbox hawser_inbox;

typedef enum hawser_state {
    HAWSER_IDLE = 0,     // not started
    HAWSER_DIALING = 1,  // resolving, connecting, TLS, upgrade
    HAWSER_GREETING = 2, // connected; what must be said first is being said
    HAWSER_UP = 3,       // traffic flows
    HAWSER_WAITING = 4,  // to dial: after a loss, or held back by the bus
    HAWSER_DRAINING = 5, // sending what waits, then goodbye
    HAWSER_CLOSED = 6,   // by the application; for good
    HAWSER_FAILED = 7,   // retrying can't mend it; hawser_link_reconnect tries
} hawser_state;

// "dialing", "up" …; never NULL.
HAWSER_API const char *
hawser_state_name(hawser_state state);

// Opens a link that lives on bus and is heard in the bus's own inbox. urls is
// one URL, or several separated by spaces, tried in order. options may be NULL.
// Returns before anything was dialled; what becomes of it comes as events. With
// spool=file:PATH it reads that file first, and what waits there goes out
// before anything else; INVALID, UNSUPPORTED, SYSTEM and FULL then also say
// that the file is not one, is of a newer version, is in use or out of reach,
// or found no room on the disk.
// INVALID: a URL is malformed (hawser_last_error has the sentence), UNKNOWN: no
// transport has its scheme, FULL: bus.links_max is reached, NO_MEMORY, ENDED.
HAWSER_API hawser_status
hawser_link_open(hawser_bus *bus, const char *urls,
                 const hawser_options *options, hawser_link *link);

// As hawser_link_open, heard in an inbox of the application's choice.
HAWSER_API hawser_status
hawser_link_open_in(hawser_inbox *inbox, const char *urls,
                    const hawser_options *options, hawser_link *link);

// The sentence of this thread's last refused hawser_bus_open, hawser_link_open
// or hawser_transport_load; "" if it was not refused. After SYSTEM, also from
// hawser_bus_fd, hawser_inbox_open and hawser_inbox_fd, it names the call that
// was refused: "epoll_create1: Too many open files". Never NULL.
HAWSER_API const char *
hawser_last_error(void);

// Drops the wire, if there is one, and dials with the backoff forgotten; also
// mends FAILED. The dial begins at once, unless bus.dials_per_second holds it
// back; wishes that come until then are one. ENDED, STALE, NO_MEMORY.
HAWSER_API hawser_status
hawser_link_reconnect(hawser_bus *bus, hawser_link link);

// Takes no more messages, sends what waits, waits until all is settled at the
// link's level (with confirm=application that is yours to say), says goodbye
// with code and reason, and closes. Returns at once; the CLOSED event follows
// within timeout_ms, and says how many messages were left. code is 0 for the
// transport's ordinary goodbye (WebSocket: 1000), or a WebSocket code
// 1000..1014 or 3000..4999 without 1004..1006; reason may be NULL, and is at
// most 123 bytes (RFC 6455 §5.5). INVALID, STALE, ENDED, NO_MEMORY.
HAWSER_API hawser_status
hawser_link_drain(hawser_bus *bus, hawser_link link, int timeout_ms, int code,
                  const char *reason);

// Closes now: what waits is given up (tagged messages get the receipt dropped),
// a goodbye is sent if a wire is there. Never waits. The number is stale once
// the CLOSED event was received. INVALID, STALE, ENDED, NO_MEMORY.
HAWSER_API hawser_status
hawser_link_close(hawser_bus *bus, hawser_link link, int code,
                  const char *reason);

// The state now. STALE.
HAWSER_API hawser_status
hawser_link_state(hawser_bus *bus, hawser_link link, hawser_state *state);

// Waits until the link is UP, for at most timeout_ms (-1: for ever). Events
// stay in the inbox. TIMEOUT; ENDED if it closed or FAILED meanwhile; STALE.
HAWSER_API hawser_status
hawser_link_wait_up(hawser_bus *bus, hawser_link link, int timeout_ms);

// Counters since the link was opened, and what is known of it now.
typedef struct hawser_link_stats {
    size_t size; // set it to sizeof(hawser_link_stats) before the call
    hawser_state state;
    uint32_t endpoint;     // index of the endpoint in use or last tried
    uint32_t attempt;      // dials since the last stable connection
    uint64_t dials;        // dials in all
    uint64_t connects;     // how often it was UP
    uint64_t losses;       // how often it was lost
    int64_t up_since_ms;   // Unix time of the last UP; 0: never
    int64_t lost_since_ms; // Unix time of the last loss; 0: never
    uint64_t accepted;     // messages taken by hawser_send
    uint64_t settled;      // of those, confirmed at the link's level
    uint64_t dropped;      // of those, given up by policy or close
    uint64_t waiting;      // of those, accepted and not yet in flight
    uint64_t in_flight;    // of those, given to a wire and not settled
    uint64_t resent;       // given to a wire more than once
    uint64_t sent_bytes;   // payload bytes that transports took
    uint64_t received;     // messages received
    uint64_t received_bytes;
    int64_t rtt_us;   // last barrier's round trip; -1: none yet
    uint64_t late;    // calls from earlier wires, ignored
    uint64_t expired; // of those accepted, given up when their time ran out
    uint64_t refused; // of those accepted, what a wire could send to nobody
} hawser_link_stats;

// INVALID: size is not set. STALE.
HAWSER_API hawser_status
hawser_link_get_stats(hawser_bus *bus, hawser_link link,
                      hawser_link_stats *stats);

// What a person needs to know about the last connect or loss. Texts are cut to
// fit. All are "" or 0 where there was none.
typedef struct hawser_link_info {
    size_t size;        // set it to sizeof(hawser_link_info) before the call
    char endpoint[512]; // URL in use or last tried
    char peer[64];      // "127.0.0.1:8080"
    char error[256];    // "connect: Connection refused"
    int http_status;    // of the last upgrade
    char headers[2048]; // of the last HTTP response, "Name: value\n" each
    int close_code;     // as the peer sent it
    char close_reason[128];
    char protocol[64]; // the subprotocol agreed on
} hawser_link_info;

// INVALID: size is not set. STALE.
HAWSER_API hawser_status
hawser_link_get_info(hawser_bus *bus, hawser_link link, hawser_link_info *info);

// ---- sending ----

// Copies size bytes into a message and hands it to the queue. Returns at once,
// from any thread (with overflow=block it waits for room while the spool is
// full). On OK the message is accepted: it will be settled, or its fate told.
// FULL: the spool's limit is reached and overflow is refuse; nothing was taken.
// TOO_BIG: larger than message.max. ENDED: draining, closed or failed for
// good. INVALID: also where an endpoint's transport can't carry the message
// (framing=line, and it contains a line feed; zmq.multipart=packed, and its
// lengths do not add up …); hawser_last_error says why.
// STALE, NO_MEMORY.
HAWSER_API hawser_status
hawser_send(hawser_bus *bus, hawser_link link, const void *bytes, size_t size);

// hawser_send as HAWSER_TEXT; text ends with a zero. Invalid UTF-8 is refused
// with INVALID.
HAWSER_API hawser_status
hawser_send_text(hawser_bus *bus, hawser_link link, const char *text);

// Sends a message that may be shared with other links. The link takes a
// reference of its own; the caller's stays the caller's. tag 0: no receipt;
// otherwise the message's fate comes to the inbox with this tag. At most
// receipts.max receipts may be outstanding (FULL), so read them.
HAWSER_API hawser_status
hawser_send_message(hawser_bus *bus, hawser_link link, hawser_message *message,
                    uint64_t tag);

// Which of the messages that wait goes first. Those of one priority keep their
// order; between priorities that wait, turns are weighted: of 336 messages, 256
// are of HIGH, 64 of NORMAL and 16 of LOW, so that none waits for ever.
typedef enum hawser_priority {
    HAWSER_NORMAL = 0, // what every other call sends with
    HAWSER_HIGH = 1,
    HAWSER_LOW = 2,
} hawser_priority;

// How a message is to be sent. All zero but size is as hawser_send_message with
// tag 0.
typedef struct hawser_send_options {
    size_t size;    // set it to sizeof(hawser_send_options) before the call
    uint64_t tag;   // 0: no receipt
    int64_t ttl_ms; // given up (receipt expired) if it still waits after so
                    // long; 0: the link's message.ttl; -1: never. What is in
                    // flight does not expire; after a loss it waits again.
    // Only the newest message of a key waits: it takes the place of the one
    // that waits, which gets the receipt dropped (one of another priority is
    // dropped too, and the newer waits at the end of its own). Copied; at most
    // 1024 bytes; key_size 0: no key.
    const void *key;
    size_t key_size;
    hawser_priority priority;
    // With spool=file:PATH: return once the message is on disk, and answer as
    // hawser_send_sync with that timeout; 0: do not wait for the disk.
    int sync_ms;
    // On this wire only (the number is that of an event of the link): given up
    // (receipt expired) once that wire is gone, whether it was in flight or
    // waited; 0: on any. For answers that mean nothing on another wire. Not
    // with spool=file:PATH (UNSUPPORTED).
    uint32_t wire;
} hawser_send_options;

// hawser_send_message with options; NULL is all zero. INVALID: one of them is
// out of its range, or size is not set. The file of a spool keeps them all: a
// time to live ends by the wall clock, in whatever process.
HAWSER_API hawser_status
hawser_send_with(hawser_bus *bus, hawser_link link, hawser_message *message,
                 const hawser_send_options *options);

// ---- settling ----

// With confirm=application: the oldest message with this tag that is not
// settled is settled, since the peer's answer, or whatever else the application
// goes by, says so. What is not settled is sent again, in order, on the next
// wire; so an answer that is read after a loss is worth saying too (what the
// next wire was just given goes out again all the same). In any
// order; in that of sending it costs least. Its receipt follows. A tag that no
// message has any more is ignored: it may have been answered twice.
// INVALID: the link's confirm is another, or the tag is 0. FULL: receipts.max
// were said and not yet heard by the loop; say it again later. ENDED: closed.
// STALE, NO_MEMORY. Any thread; never waits.
HAWSER_API hawser_status
hawser_settle(hawser_bus *bus, hawser_link link, uint64_t tag);

// As hawser_settle, of that message and all that were accepted before it,
// tagged or not.
HAWSER_API hawser_status
hawser_settle_up_to(hawser_bus *bus, hawser_link link, uint64_t tag);

// Waits until all that was accepted on the link before this call is settled at
// its level, or was given up by a policy (the receipts say which), for at most
// timeout_ms (-1: for ever; 0: only asks). Items stay in the inbox. TIMEOUT;
// ENDED if the link closed or FAILED with some of it left; STALE, INVALID. Any
// thread; with threads=0 it runs the loop, and belongs to the bus's thread.
// With confirm=application somebody else must be settling meanwhile.
HAWSER_API hawser_status
hawser_flush(hawser_bus *bus, hawser_link link, int timeout_ms);

// ---- where is my message? ----

typedef enum hawser_phase {
    HAWSER_PHASE_WAITING = 0,   // not with a wire (any more)
    HAWSER_PHASE_IN_FLIGHT = 1, // given to a wire, and not settled
    HAWSER_PHASE_GONE = 2,      // settled, given up, or never accepted
} hawser_phase;

// "waiting", "in flight", "gone"; never NULL.
HAWSER_API const char *
hawser_phase_name(hawser_phase phase);

// Where the message with that tag is now: the oldest one, if several have it.
// Waits for the loop to answer, which takes a turn of it and no I/O; with
// threads=0 it runs the loop, and belongs to the bus's thread. STALE, ENDED
// (closed), NO_MEMORY, INVALID (tag 0).
HAWSER_API hawser_status
hawser_message_phase(hawser_bus *bus, hawser_link link, uint64_t tag,
                     hawser_phase *phase);

// Takes a waiting message out: it is not sent, or not again, and its receipt
// says dropped. Waits as hawser_message_phase. AGAIN: it is in flight, so the
// peer may have it. UNKNOWN: it is gone, or there never was one. STALE, ENDED,
// NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_cancel(hawser_bus *bus, hawser_link link, uint64_t tag);

// As hawser_send_message, on a link with spool=file:PATH; and returns once the
// message is on disk, so that it survives the end of the process at any moment,
// or has left for good already. Threads that wait share a write. OK: it is on
// disk, and so is all that the link accepted before it, by whatever call and
// thread, and that has not left (with overflow=drop-newest also: it was given
// up, as its receipt says, and says nothing of those before it).
// TIMEOUT: it was taken, but is not known to be on disk after timeout_ms (-1:
// for ever), or when the link was closed meanwhile; it is sent all the same.
// After any other answer nothing was taken; FULL and SYSTEM also say that the
// file can't be written now. UNSUPPORTED: the link's spool is in memory. It
// waits for the disk, and never for a wire.
HAWSER_API hawser_status
hawser_send_sync(hawser_bus *bus, hawser_link link, hawser_message *message,
                 uint64_t tag, int timeout_ms);

// ---- greeting ----

// A standing message is said on every new wire before queued traffic, in the
// order of adding (login, subscriptions). Added while UP, it is also sent at
// once, behind what was accepted before. *id names it for removal; id may be
// NULL. FULL: standing.max messages stand, or as many of those sent at once
// (1024 at least, farewells among them) have not gone out yet, as when the peer
// takes nothing. TOO_BIG, STALE, ENDED, NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_link_standing_add(hawser_bus *bus, hawser_link link,
                         hawser_message *message, uint64_t *id);

// Removes a standing message. farewell (may be NULL) is sent if the link is UP,
// and only then: a new wire would not know what it takes back. UNKNOWN: no
// standing message has that id. FULL: as above, of a farewell; it stands as
// before. TOO_BIG, STALE, ENDED, NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_link_standing_remove(hawser_bus *bus, hawser_link link, uint64_t id,
                            hawser_message *farewell);

// With greeting=application, the link stays in GREETING until the application,
// having talked to the peer with hawser_link_greet and hawser_receive, says
// ready (standing messages and queued traffic follow) or refuse (the wire is
// dropped and dialled anew after the backoff; reason is told in the event).
// wire is the number that came with the GREETING event: an answer for an
// earlier wire is ignored, so a late answer harms nothing. INVALID, STALE,
// ENDED, NO_MEMORY.
HAWSER_API hawser_status
hawser_link_ready(hawser_bus *bus, hawser_link link, uint32_t wire);

HAWSER_API hawser_status
hawser_link_refuse(hawser_bus *bus, hawser_link link, uint32_t wire,
                   const char *reason);

// Sends message on this wire only, while it is in GREETING: past the queue, not
// kept, not repeated. Ignored if that wire is gone. INVALID, STALE, NO_MEMORY.
HAWSER_API hawser_status
hawser_link_greet(hawser_bus *bus, hawser_link link, uint32_t wire,
                  hawser_message *message);

// With dial.ask=on, each attempt waits (within dial.timeout) for fresh
// headers: the ASK event names the wire, this answers it. headers holds
// "Name: value" lines separated by '\n', added to those of ws.header; NULL
// cancels the attempt. INVALID: a header is malformed. STALE, NO_MEMORY.
HAWSER_API hawser_status
hawser_link_answer(hawser_bus *bus, hawser_link link, uint32_t wire,
                   const char *headers);

#ifdef __cplusplus
}
#endif

#endif
