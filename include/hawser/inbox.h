// hawser/inbox.h - where the application hears.
//
// An inbox gives messages, events and receipts of its links, per link in the
// order in which they came about. One thread at a time per inbox waits in it
// best; more are allowed and take turns.
#ifndef HAWSER_INBOX_H
#define HAWSER_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include <hawser/bus.h>
#include <hawser/export.h>
#include <hawser/link.h>
#include <hawser/message.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hawser_fate {
    HAWSER_SETTLED = 0, // confirmed at the link's level (option confirm)
    HAWSER_EXPIRED = 1, // its time to live ran out
    HAWSER_DROPPED = 2, // given up: overflow policy, close
    HAWSER_REFUSED = 3, // the wire could send it to nobody: a zmq router knows
                        // no such peer …
} hawser_fate;

HAWSER_API const char *
hawser_fate_name(hawser_fate fate);

// An event is a step in the life of a link: state tells which. Two more have
// states of their own sort: see kind.
typedef enum hawser_event_kind {
    HAWSER_EVENT_STATE = 0,     // the link is now in state
    HAWSER_EVENT_ASK = 1,       // dial.ask=on: answer with hawser_link_answer
    HAWSER_EVENT_DOWNGRADE = 2, // confirm=peer can't be had here: see error
    HAWSER_EVENT_SPOOL = 3 // spool=file: can't be written, see error; "": can
} hawser_event_kind;

// Valid until its item is dropped. Texts are never NULL.
typedef struct hawser_event {
    hawser_event_kind kind;
    hawser_state state;
    uint32_t wire;        // number of the wire that it is about
    uint32_t attempt;     // dials since the last stable connection
    uint32_t delay_ms;    // WAITING: until the next dial
    uint32_t missed;      // events left out before this one (slow reader)
    uint64_t leftover;    // CLOSED: messages that were not settled
    int64_t at_ms;        // Unix time
    int http_status;      // 0: none
    int close_code;       // 0: none
    const char *endpoint; // URL
    const char *peer;     // "127.0.0.1:8080"
    const char *error;    // cause, as a sentence: "connect: Connection refused"
    const char *reason;   // the peer's close reason
    const char *headers;  // of the HTTP response, "Name: value\n" each
} hawser_event;

typedef enum hawser_item_kind {
    HAWSER_ITEM_MESSAGE = 0,
    HAWSER_ITEM_EVENT = 1,
    HAWSER_ITEM_RECEIPT = 2,
} hawser_item_kind;

typedef struct hawser_item {
    hawser_item_kind kind;
    hawser_fate fate; // RECEIPT
    hawser_link link;
    hawser_message *message;   // MESSAGE: one reference, the item's
    const hawser_event *event; // EVENT: the item's
    uint64_t tag;              // RECEIPT
} hawser_item;

// Opens a further inbox; every bus has one already. FULL: bus.inboxes_max is
// reached. NO_MEMORY, SYSTEM, INVALID. Any thread.
HAWSER_API hawser_status
hawser_inbox_open(hawser_bus *bus, hawser_inbox **inbox);

// Closes the links that are heard here, and the inbox. Nobody may be waiting in
// it. NULL is allowed.
HAWSER_API void
hawser_inbox_close(hawser_inbox *inbox);

// The inbox that every bus has. The bus owns it: do not close it.
HAWSER_API hawser_inbox *
hawser_bus_inbox(hawser_bus *bus);

// A file descriptor that becomes readable when an item is there; for poll and
// its kin. Level-triggered: readable as long as hawser_inbox_receive would
// return an item at once. It belongs to the inbox. Waits for its turn while
// another thread waits in the inbox: ask for it before. SYSTEM.
HAWSER_API hawser_status
hawser_inbox_fd(hawser_inbox *inbox, int *fd);

// Takes the next item, waiting for at most timeout_ms (0: not at all; -1: for
// ever). The item's contents are the caller's until hawser_item_drop.
// TIMEOUT (AGAIN with timeout_ms 0): nothing came. ENDED: no link is left that
// is heard here, and nothing waits; only with timeout_ms -1. NO_MEMORY: an
// event is next, and waits until there is some.
HAWSER_API hawser_status
hawser_inbox_receive(hawser_inbox *inbox, hawser_item *item, int timeout_ms);

// hawser_inbox_receive on the bus's own inbox.
HAWSER_API hawser_status
hawser_receive(hawser_bus *bus, hawser_item *item, int timeout_ms);

// Gives back what the item holds. To keep a message, hawser_message_hold it.
HAWSER_API void
hawser_item_drop(hawser_item *item);

// ---- in the manner of callbacks ----

// Called by hawser_dispatch on the thread that called it. Any may be NULL; the
// item is dropped after the call. Every Hawser call is legal inside.
typedef struct hawser_handlers {
    void *user;
    void (*on_message)(void *user, hawser_link link, hawser_message *message);
    void (*on_event)(void *user, hawser_link link, const hawser_event *event);
    void (*on_receipt)(void *user, hawser_link link, uint64_t tag,
                       hawser_fate fate);
} hawser_handlers;

// Waits for at most timeout_ms for a first item and hands it and all that came
// with it to the handlers. *count (may be NULL) says how many. TIMEOUT, AGAIN,
// ENDED as hawser_inbox_receive.
HAWSER_API hawser_status
hawser_dispatch(hawser_bus *bus, const hawser_handlers *handlers,
                int timeout_ms, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
