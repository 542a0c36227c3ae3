// letter.h - the whole vocabulary of the house: what is said, by whom, to whom.
//
// A letter is a fixed 32-byte value that is copied whole. What it points at
// goes over to the one who hears it, unless the line says "lent".
// docs/letters.md is printed from the two lists below.
#ifndef HW_POST_LETTER_H
#define HW_POST_LETTER_H

#include <stdint.h>
#include <stdio.h>

// Who says and hears. The door is where the application's calls come in, the
// port is where transports do, the inbox is the application's ear.
#define HW_NAME_LIST(X)                                                        \
    X(PORT, "port")                                                            \
    X(RECEIVER, "receiver")                                                    \
    X(SENDER, "sender")                                                        \
    X(QUEUE, "queue")                                                          \
    X(BACKOFF, "backoff")                                                      \
    X(HEARTBEAT, "heartbeat")                                                  \
    X(SUPERVISOR, "supervisor")                                                \
    X(DOOR, "door")                                                            \
    X(INBOX, "inbox")

enum hw_name {
#define HW_NAME_ENUM(name, text) HW_##name,
    HW_NAME_LIST(HW_NAME_ENUM)
#undef HW_NAME_ENUM
        HW_NAMES
};

// clang-format off
// X(KIND, what it says and what its fields mean). link is always the row of
// the link, wire the number of the wire that it is about.
#define HW_LETTER_LIST(X) \
    X(LINK_OPEN,       "a link was opened; thing: its plan, one hold") \
    X(LINK_FORGET,     "forget the link, and give back what you hold for it") \
    X(LINK_FORGOTTEN,  "it is forgotten; number: messages of it that were left") \
    X(LINK_RECONNECT,  "drop the wire and dial now") \
    X(LINK_DRAIN,      "send what waits, then close; number: within so many ms; note: close code; thing: reason, malloc'd") \
    X(LINK_CLOSE,      "close now; note: close code; thing: reason, malloc'd") \
    X(LINK_READY,      "the application's greeting went well") \
    X(LINK_REFUSE,     "the application's greeting failed; thing: reason, malloc'd") \
    X(LINK_ANSWER,     "fresh headers for the attempt; thing: malloc'd, NULL: give the attempt up") \
    X(SEND,            "messages for the spool; thing: list of batches") \
    X(SETTLE,          "the application says what is settled; count: how many times; thing: array of struct hw_settle, malloc'd") \
    X(WHERE,           "where is the message with tag number? thing: the question, lent, to be given back with the answer") \
    X(CANCEL,          "the same, and take it out if it waits") \
    X(FOUND,           "the answer to one of these; note: hawser_phase; count: 1 if it was taken out; thing: the question") \
    X(STANDING_ADD,    "a standing message; number: its id; thing: batch of one, behind it a copy for the spool") \
    X(STANDING_REMOVE, "take it back; number: its id; thing: farewell, batch of one, or NULL") \
    X(GREET,           "a message for the wire that greets, past the spool; thing: batch of one") \
    X(GATE,            "what may pass to the wire; note: enum hw_gate") \
    X(GREETED,         "every standing message was taken by the wire") \
    X(DRAIN,           "say so when nothing is left") \
    X(DRAINED,         "nothing is left") \
    X(SPOOL_GONE,      "messages that a file keeps have left for good; number: key of the first; count: how many") \
    X(SPOOL_CLOSE,     "the link's file is needed no more; number: messages that were left, which it keeps") \
    X(SPOOL_TROUBLE,   "the link's file can't be written, or can again; thing: report that says why, or nothing") \
    X(ROOM,            "the spool has room again, and somebody waits for it") \
    X(WANT,            "a new wire can take mail") \
    X(MAIL,            "messages for the wire; note: first in the batch; count: how many; number: position of the first; thing: batch, one hold") \
    X(GREETING_MAIL,   "the same, for what is not counted: greetings") \
    X(TAKEN,           "the wire took count messages of the mail; number: position behind the last; note: 1 if it can take more") \
    X(GREETING_TAKEN,  "the same, of greetings") \
    X(REFUSED,         "of the mail, before TAKEN of it: what the wire can send to nobody; note: first in the batch; count: how many; thing: batch, one hold") \
    X(PASSED,          "all before position number have arrived at the peer") \
    X(DOWNGRADE,       "this wire can't confirm; number, to the supervisor: 1 if the peer could") \
    X(STALLED,         "writing makes no progress") \
    X(WIRE_DIAL,       "dial; number: index of the endpoint; thing: fresh headers, malloc'd, or NULL") \
    X(WIRE_OPENED,     "the wire is open; thing: report") \
    X(WIRE_LOST,       "the wire is gone; thing: report") \
    X(WIRE_CLOSE,      "say goodbye and let go; note: close code; thing: reason, malloc'd, or NULL") \
    X(WIRE_UP,         "a wire to serve; note: 1 if it can confirm") \
    X(WIRE_DOWN,       "it is gone") \
    X(WIRE_WRITABLE,   "there is room again") \
    X(WIRE_PASSED,     "the peer answered barrier number") \
    X(WIRE_RECEIVED,   "messages came; thing: batch") \
    X(DELIVER,         "messages for the application; thing: batch") \
    X(RECEIPT,         "what became of a tagged message; note: hawser_fate; number: its tag; count: how many it stands for") \
    X(EVENT,           "a step of the link; note: enum hw_event_note; count: attempt; number: delay in ms and endpoint, or what was left; thing: report") \
    X(EVENTS_MISSED,   "count events were left out") \
    X(CREDIT,          "the application read: count messages, number bytes, note events") \
    X(INBOX_OPEN,      "a new inbox; count: its number; thing: the mailbox to it") \
    X(INBOX_CLOSE,     "inbox count is heard no more: give its mailbox back") \
    X(INBOX_CLOSED,    "the last letter to an inbox; thing: the mailbox to it") \
    X(NEWS,            "what became of a wire, for whoever asks; note: 1 if it opened; thing: report") \
    X(RETRY_WANTED,    "tell when to try again; number: not before so many ms; note: 1 while greeting") \
    X(RETRY_SET,       "it will be in number ms; count: attempt; note: 1 if the wait is at its ceiling") \
    X(RETRY_DUE,       "try now") \
    X(DIAL_WANTED,     "may it dial now? RETRY_DUE once it may") \
    X(DIAL_HELD,       "bus.dials_per_second holds the dial back; number: for about so many ms; count: attempt") \
    X(RETRY_OVER,      "no attempts are left") \
    X(RETRY_FORGET,    "forget the attempts") \
    X(STABLE,          "the link was up long enough: attempts are forgotten") \
    X(BARRIER_WANTED,  "ask the peer whether it lives") \
    X(BARRIER_PASSED,  "it lives; number: round trip in us") \
    X(PING_WANTED,     "send the application's own ping message") \
    X(RESUMED,         "the machine was suspended; number: for so many ms") \
    X(HEARD_WANTED,    "when was the peer last heard?") \
    X(HEARD,           "then; number: ms on the loop's clock") \
    X(SILENT,          "the peer does not answer")

// X(FROM, TO, KIND)
#define HW_ROUTE_LIST(X) \
    X(DOOR, QUEUE, LINK_OPEN)            X(DOOR, SUPERVISOR, LINK_OPEN) \
    X(DOOR, SUPERVISOR, LINK_RECONNECT)  X(DOOR, SUPERVISOR, LINK_DRAIN) \
    X(DOOR, SUPERVISOR, LINK_CLOSE)      X(DOOR, SUPERVISOR, LINK_READY) \
    X(DOOR, SUPERVISOR, LINK_REFUSE)     X(DOOR, SUPERVISOR, LINK_ANSWER) \
    X(DOOR, QUEUE, SEND)                 X(DOOR, QUEUE, STANDING_ADD) \
    X(DOOR, QUEUE, STANDING_REMOVE)      X(DOOR, QUEUE, GREET) \
    X(DOOR, QUEUE, SETTLE)               X(DOOR, QUEUE, WHERE) \
    X(DOOR, QUEUE, CANCEL) \
    X(DOOR, RECEIVER, LINK_OPEN) \
    X(DOOR, RECEIVER, CREDIT)            X(DOOR, RECEIVER, INBOX_OPEN) \
    X(DOOR, RECEIVER, INBOX_CLOSE)       X(DOOR, RECEIVER, RECEIPT) \
    X(DOOR, SUPERVISOR, SPOOL_TROUBLE)   X(DOOR, SUPERVISOR, LINK_FORGOTTEN) \
    X(SUPERVISOR, DOOR, NEWS) \
    X(DOOR, HEARTBEAT, RESUMED) \
    X(SUPERVISOR, PORT, LINK_OPEN)       X(SUPERVISOR, PORT, LINK_FORGET) \
    X(SUPERVISOR, PORT, WIRE_DIAL)       X(SUPERVISOR, PORT, WIRE_CLOSE) \
    X(SUPERVISOR, RECEIVER, LINK_FORGET) X(SUPERVISOR, RECEIVER, EVENT) \
    X(SUPERVISOR, RECEIVER, WIRE_UP)     X(SUPERVISOR, RECEIVER, WIRE_DOWN) \
    X(SUPERVISOR, SENDER, LINK_OPEN)     X(SUPERVISOR, SENDER, LINK_FORGET) \
    X(SUPERVISOR, SENDER, WIRE_UP)       X(SUPERVISOR, SENDER, WIRE_DOWN) \
    X(SUPERVISOR, QUEUE, LINK_FORGET)    X(SUPERVISOR, QUEUE, GATE) \
    X(SUPERVISOR, QUEUE, DRAIN) \
    X(SUPERVISOR, BACKOFF, LINK_OPEN)    X(SUPERVISOR, BACKOFF, LINK_FORGET) \
    X(SUPERVISOR, BACKOFF, RETRY_WANTED) X(SUPERVISOR, BACKOFF, RETRY_FORGET) \
    X(SUPERVISOR, BACKOFF, DIAL_WANTED) \
    X(SUPERVISOR, BACKOFF, WIRE_UP)      X(SUPERVISOR, BACKOFF, WIRE_DOWN) \
    X(SUPERVISOR, HEARTBEAT, LINK_OPEN)  X(SUPERVISOR, HEARTBEAT, LINK_FORGET) \
    X(SUPERVISOR, HEARTBEAT, WIRE_UP)    X(SUPERVISOR, HEARTBEAT, WIRE_DOWN) \
    X(PORT, SUPERVISOR, WIRE_OPENED)     X(PORT, SUPERVISOR, WIRE_LOST) \
    X(PORT, SUPERVISOR, LINK_FORGOTTEN) \
    X(PORT, SENDER, WIRE_WRITABLE)       X(PORT, SENDER, WIRE_PASSED) \
    X(PORT, RECEIVER, WIRE_RECEIVED) \
    X(QUEUE, SENDER, MAIL)               X(QUEUE, SENDER, GREETING_MAIL) \
    X(QUEUE, SUPERVISOR, GREETED)        X(QUEUE, SUPERVISOR, DRAINED) \
    X(QUEUE, SUPERVISOR, LINK_FORGOTTEN) \
    X(QUEUE, RECEIVER, RECEIPT)          X(QUEUE, DOOR, ROOM) \
    X(QUEUE, DOOR, FOUND) \
    X(QUEUE, DOOR, SPOOL_GONE)           X(QUEUE, DOOR, SPOOL_CLOSE) \
    X(SENDER, QUEUE, WANT)               X(SENDER, QUEUE, TAKEN) \
    X(SENDER, QUEUE, GREETING_TAKEN)     X(SENDER, QUEUE, PASSED) \
    X(SENDER, QUEUE, DOWNGRADE)          X(SENDER, QUEUE, REFUSED) \
    X(SENDER, SUPERVISOR, DOWNGRADE)     X(SENDER, SUPERVISOR, STALLED) \
    X(SENDER, SUPERVISOR, LINK_FORGOTTEN) \
    X(SENDER, HEARTBEAT, BARRIER_PASSED) \
    X(HEARTBEAT, SENDER, BARRIER_WANTED) X(HEARTBEAT, SENDER, PING_WANTED) \
    X(HEARTBEAT, RECEIVER, HEARD_WANTED) \
    X(HEARTBEAT, SUPERVISOR, SILENT)     X(HEARTBEAT, SUPERVISOR, LINK_FORGOTTEN) \
    X(RECEIVER, HEARTBEAT, HEARD)        X(RECEIVER, SUPERVISOR, LINK_FORGOTTEN) \
    X(RECEIVER, INBOX, DELIVER)          X(RECEIVER, INBOX, EVENT) \
    X(RECEIVER, INBOX, EVENTS_MISSED)    X(RECEIVER, INBOX, RECEIPT) \
    X(RECEIVER, INBOX, INBOX_CLOSED) \
    X(BACKOFF, SUPERVISOR, RETRY_SET)    X(BACKOFF, SUPERVISOR, RETRY_DUE) \
    X(BACKOFF, SUPERVISOR, RETRY_OVER)   X(BACKOFF, SUPERVISOR, DIAL_HELD) \
    X(BACKOFF, SUPERVISOR, STABLE) \
    X(BACKOFF, SUPERVISOR, LINK_FORGOTTEN)
// clang-format on

enum hw_letter_kind {
#define HW_LETTER_ENUM(kind, sentence) HW_LETTER_##kind,
    HW_LETTER_LIST(HW_LETTER_ENUM)
#undef HW_LETTER_ENUM
        HW_LETTERS
};

// GATE's note.
enum hw_gate {
    HW_GATE_SHUT,   // no wire, or none to be used yet
    HW_GATE_TALK,   // the application greets
    HW_GATE_REPLAY, // standing messages, then GREETED
    HW_GATE_FLOW,   // everything
};

// EVENT's note: what kind of event (hawser_event_kind), and the state.
enum hw_event_note {
    HW_EVENT_STATE_MASK = 0xff, // hawser_state
    HW_EVENT_KIND_SHIFT = 8,    // hawser_event_kind above it
};

struct hw_letter {
    uint16_t kind; // enum hw_letter_kind
    uint16_t note;
    uint32_t link;
    uint32_t wire;
    uint32_t count;
    uint64_t number;
    void *thing;
};

_Static_assert(
    sizeof(struct hw_letter) == 32,
    "33 bytes is what fits inside a zmq_msg_t without an allocation");

// "LINK_OPEN"; "no letter" for a number that is none.
const char *
hw_letter_name(unsigned kind);

// "supervisor".
const char *
hw_name_text(unsigned name);

// May one of that name say this to the other?
int
hw_route_known(unsigned from, unsigned to, unsigned kind);

// Is there any letter from the one to the other?
int
hw_route_any(unsigned from, unsigned to);

// Prints docs/letters.md.
void
hw_letters_markdown(FILE *out);

#endif
