// hawser/transport.h - what a transport may see of Hawser, and all it may see.
//
// A transport makes wires: one physical connection each. Hawser calls its
// verbs, the transport answers through the hawser_port_… calls. Everything
// happens on the thread of the loop that the wire was dialled on, and nothing
// blocks. No retries, no policy and no threads in a transport: Hawser decides
// when to dial, how long to wait and when to give up.
//
//   dial(site, dial, port) → wire       hawser_port_opened(port, info)
//   send(wire, messages, count) → n     hawser_port_writable(port)
//                                       hawser_port_refused(port, index, …)
//   barrier(wire, number)               hawser_port_passed(port, number)
//   listen(wire, on)                    hawser_port_received(port, …)
//   close(wire, code, reason)           hawser_port_lost(port, why)
//
// The life of a wire:
//   dial → opened → (send | barrier | listen)* → lost or close
//   dial → lost or close
// After close, and after lost, neither side calls the other about that wire
// again: the port is no longer valid for the transport, nor the wire for
// Hawser. lost may come from inside send, barrier and listen, and refused from
// inside send and nowhere else; nothing else may come from inside a verb, and
// nothing at all from inside dial and close.
#ifndef HAWSER_TRANSPORT_H
#define HAWSER_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include <hawser/export.h>
#include <hawser/message.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// Grows when anything in this header changes its layout or meaning.
#define HAWSER_TRANSPORT_ABI 1u

typedef struct hawser_port hawser_port;

// The layout of a message, for transports: read the first six members, leave
// the private ones alone. Batches are arrays of these.
struct hawser_message {
    const uint8_t *bytes; // never NULL
    const uint8_t *topic; // NULL if there is none
    uint32_t size;
    uint16_t topic_size;
    uint8_t kind; // hawser_kind
    uint8_t private_flags;
    uint64_t private_tag;
    void *private_batch;
    struct hawser_message *private_owner;
};

// The link's options, resolved. text: the value, "" if unset; lists are joined
// by '\n'. number: integers as they are, durations in milliseconds, sizes in
// bytes, switches as 0 or 1, choices as their index in the range. name must
// be one of docs/options.md: anything else stops on an assertion. Valid while
// the wire lives. Any thread.
typedef struct hawser_settings hawser_settings;

HAWSER_API const char *
hawser_setting_text(const hawser_settings *settings, const char *name);

HAWSER_API int64_t
hawser_setting_number(const hawser_settings *settings, const char *name);

// The host whose name Hawser is to resolve before it calls dial; host "" means
// that there is nothing to resolve.
typedef struct hawser_route {
    char host[256];
    uint16_t port;
} hawser_route;

typedef struct hawser_dial {
    const char *url;     // the endpoint, as the application gave it
    const char *address; // numeric address for the route's host, or ""
    uint16_t port;       // the route's port
    uint32_t number;     // the wire's number, unique within its link
    const char *headers; // fresh "Name: value\n" lines, or ""
    const hawser_settings *settings; // valid while the wire lives
} hawser_dial;

typedef struct hawser_opened {
    const char *peer;     // "127.0.0.1:8080", or what names the peer
    const char *protocol; // what was agreed on, or ""
    const char *headers;  // "Name: value\n" lines of the response, or ""
    int http_status;      // 0 where there is none
    int barriers;         // 0: this wire can't confirm, whatever the verb says
} hawser_opened;

// The code of a close that says no goodbye; never sent (RFC 6455 §7.4.1).
#define HAWSER_CLOSE_CUT 1006

// Why a wire was lost. The cause decides whether Hawser retries (options on.…).
typedef enum hawser_cause {
    HAWSER_CAUSE_UNREACHABLE = 0, // could not connect
    HAWSER_CAUSE_TIMEOUT = 1,     // took too long
    HAWSER_CAUSE_TLS = 2,         // certificate or handshake refused
    HAWSER_CAUSE_HTTP = 3,        // an HTTP status other than the wanted one
    HAWSER_CAUSE_PROTOCOL = 4,    // the peer broke the protocol
    HAWSER_CAUSE_CLOSED = 5,      // the peer said goodbye (close_code)
    HAWSER_CAUSE_RESET = 6,       // cut off without a goodbye
    HAWSER_CAUSE_TOO_BIG = 7,     // a message above message.max
    HAWSER_CAUSE_LOCAL = 8,       // this side could not: memory, the system …
    HAWSER_CAUSE_CONFIG = 9,      // an option or the URL turned out to be wrong
} hawser_cause;

typedef struct hawser_lost {
    hawser_cause cause;
    const char *error;   // a sentence: "connect: Connection refused"
    const char *headers; // as in hawser_opened, or ""
    const char *reason;  // the peer's close reason, or ""
    int http_status;     // 0: none
    int close_code;      // as sent; 0: no close; 1005: a close without one
    int retry_after_ms;  // what the peer asked for; -1: nothing
} hawser_lost;

// How far writing is, so that a wire that makes no progress can be noticed.
typedef struct hawser_gauge {
    uint64_t written; // bytes handed to the operating system so far
    uint64_t backlog; // bytes taken by send and not yet handed on
} hawser_gauge;

typedef struct hawser_transport {
    uint32_t abi;        // HAWSER_TRANSPORT_ABI
    const char *schemes; // "ws wss"

    // Prepares the transport for one loop, a uv_loop_t that this thread will
    // run. *site is handed to dial and stop. Once for each loop, before the
    // first dial there. NO_MEMORY, SYSTEM.
    hawser_status (*start)(void *uv_loop, void **site);

    // Every wire of the site was closed or lost. Ends it: closes its handles on
    // the loop, which runs until they are closed, and then frees the site.
    // Goodbyes still under way may take a second longer.
    void (*stop)(void *site);

    // Checks an endpoint when a link is opened, on the application's thread:
    // malformed URLs and options are refused here, with a sentence, and the
    // route is filled in. Must not touch a site. INVALID.
    hawser_status (*check)(const char *url, const hawser_settings *settings,
                           hawser_route *route, char *sentence,
                           size_t sentence_size);

    // Begins to connect. The wire opens or is lost later, never from inside.
    // Texts of dial are valid during the call only. Hawser limits the time: it
    // closes a wire that has not opened. On an error status there is no wire,
    // and sentence says why: INVALID where an option or the URL turned out to
    // be wrong, which no retry mends; NO_MEMORY, SYSTEM.
    hawser_status (*dial)(void *site, const hawser_dial *dial,
                          hawser_port *port, void **wire, char *sentence,
                          size_t sentence_size);

    // Takes as many of the messages as fit, in order, and returns how many
    // (0..count); takes each whole or not at all. What is taken was copied or
    // written: the array is valid during the call only. When it took fewer
    // than count, it calls hawser_port_writable once there is room again. An
    // empty wire takes at least one message, whatever its size.
    size_t (*send)(void *wire, const hawser_message *messages, size_t count);

    // Asks for hawser_port_passed(number) once everything taken before has
    // arrived at the peer. Hawser has at most one outstanding, but may ask
    // anew with a higher number. NULL: this transport can't.
    void (*barrier)(void *wire, uint64_t number);

    // off: read no more from the peer until on. What was read already may
    // still be received, but it must be bounded. A new wire is on.
    void (*listen)(void *wire, int on);

    // Says goodbye with code (0: the ordinary one) and reason ("" or text) if
    // the peer is there to hear it, after what send has taken, and lets go.
    // Never waits: the rest happens in the background within a second. Code
    // HAWSER_CLOSE_CUT: no goodbye at all, the connection is cut.
    void (*close)(void *wire, int code, const char *reason);

    // May be NULL: then write.timeout is not watched.
    void (*gauge)(void *wire, hawser_gauge *gauge);

    // Can a wire of this endpoint, which check let pass, carry the message?
    // Asked when a message is handed to hawser_send, on the application's
    // thread; must not touch a site. If not, sentence says why and the message
    // is refused. NULL instead of a message asks whether there is any that it
    // would refuse; messages are asked about only then. May be NULL: all are
    // carried. INVALID.
    hawser_status (*fits)(const char *url, const hawser_settings *settings,
                          const hawser_message *message, char *sentence,
                          size_t sentence_size);
} hawser_transport;

// ---- what a transport says ----

// The wire is usable. Once, first.
HAWSER_API void
hawser_port_opened(hawser_port *port, const hawser_opened *info);

// There is room again after send took fewer than it was given.
HAWSER_API void
hawser_port_writable(hawser_port *port);

// Everything sent before barrier(number), and before all smaller numbers, has
// arrived.
HAWSER_API void
hawser_port_passed(hawser_port *port, uint64_t number);

// One whole message arrived; the bytes are copied. topic may be NULL.
// NO_MEMORY: it is lost, and with it the wire, which is closed soon: hand on no
// more of what came, and confirm nothing that came after it.
HAWSER_API hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size);

// Any sign of life came from the peer: bytes of whatever sort.
HAWSER_API void
hawser_port_alive(hawser_port *port);

// The wire is gone. Last; the transport frees the wire itself.
HAWSER_API void
hawser_port_lost(hawser_port *port, const hawser_lost *why);

// From inside send: of the messages that send was given, the one at index
// counts as taken, and goes nowhere, now or later: its receipt says "refused",
// and it is not sent again. sentence says why ("no peer has that routing id")
// and goes into the log as a warning, now and then. Indices rise, and lie below
// what send returns. What can be known without a wire is for fits to refuse.
HAWSER_API void
hawser_port_refused(hawser_port *port, size_t index, const char *sentence);

// Something that a person should know and that ends nothing, such as a message
// that came and can't be handed on; it goes into the log as a warning. May come
// from inside send too.
HAWSER_API void
hawser_port_note(hawser_port *port, const char *sentence);

// The link's name for logs, such as "link 3 wire 2". Valid while the port is.
HAWSER_API const char *
hawser_port_name(const hawser_port *port);

// The symbol that a loadable transport exports, a const hawser_transport; its
// name stays when the version (abi) grows. Hawser looks at abi first.
#define HAWSER_TRANSPORT_SYMBOL "hawser_transport_1"

#ifdef __cplusplus
}
#endif

#endif
