// script.h - what is played while calls fail: the whole public API, in acts.
//
// A call that was refused because of the one that failed is made again, and
// must succeed then. What was accepted is kept in a ledger of its link, and
// must have a fate in the end.
#ifndef HAWSER_TESTS_TORTURE_SCRIPT_H
#define HAWSER_TESTS_TORTURE_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include <hawser/hawser.h>

#include "faults.h"
#include "router.h"
#include "server.h"

enum { LEDGERS = 4, NUMBERS = SERVER_NUMBERS, TALKED = 10 };

// What must happen within so long; what sanitizers slow down, later. A run that
// takes much longer hangs.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { PATIENCE_MS = 60000 };
#else
enum { PATIENCE_MS = 20000 };
#endif

// A link as the script knows it. Messages are numbers from 1 on, and the tag of
// a tagged one is its number.
struct ledger {
    hawser_link link;
    struct ledger *sender; // of what arrives on this link; NULL: nobody
    uint8_t accepted[NUMBERS];
    uint8_t tagged[NUMBERS];
    uint8_t receipts[NUMBERS];
    uint8_t fates[NUMBERS];
    uint8_t arrived[NUMBERS]; // at the other end
    hawser_state state;
    uint32_t wire;
    uint64_t leftover;
    unsigned ups;
    unsigned greetings;
    bool open;
    bool greets;  // says that it is ready, when asked
    bool settles; // what arrives on it, for the sender
};

struct script {
    hawser_bus *bus;
    void *context;       // of ZeroMQ, for the bus; NULL: its own
    hawser_inbox *inbox; // a second one, or NULL
    hawser_inbox *heard; // in turns
    struct ledger ledgers[LEDGERS];
    unsigned links;
    unsigned refusals; // because of the call that failed
    hawser_status last;
    unsigned threads; // option threads
    bool late;        // closing took all the time that goodbyes have
    const struct server *server;
    const struct router *router;
    unsigned lane;
    uint32_t run;
    struct outcome *outcome;
};

struct act {
    const char *name;
    void (*play)(struct script *script);
};

// The script; the last has no name.
extern const struct act acts[];

// On a clock that nobody sets.
uint64_t
now_ms(void);

// ---- what is wrong ----

// Notes it, if nothing was wrong before. The act goes on, to its end.
void
wrong(struct script *script, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool
is_right(const struct script *script);

// Was the call refused because of the one that failed? Then it is made again.
bool
refused(struct script *script, hawser_status status);

void
answered(struct script *script, hawser_status wanted, hawser_status status,
         const char *call, int line);

// The call answers wanted; if it was refused, the next time.
#define EXPECT(script, wanted, call)                                           \
    answered(script, wanted, refused(script, call) ? (call) : (script)->last,  \
             #call, __LINE__)
#define MUST(script, call) EXPECT(script, HAWSER_OK, call)

// ---- what acts are made of ----

// settings: "name=value name=value".
hawser_options *
options_of(struct script *script, const char *settings);

void
open_bus(struct script *script, const char *settings);

// Closes the bus, with that status as the answer.
void
close_bus(struct script *script, int timeout_ms, hawser_status wanted);

struct ledger *
open_link(struct script *script, hawser_inbox *inbox, const char *urls,
          const char *settings);

// Two links that are each other's peer, UP.
void
join(struct script *script, const char *name, const char *settings);

// Sends "NNNN" and so many bytes more, with a tag.
void
send_tagged(struct script *script, struct ledger *ledger, unsigned number,
            size_t more);

void
send_with(struct script *script, struct ledger *ledger, unsigned number,
          hawser_send_options options);

hawser_message *
message_of(struct script *script, unsigned number, size_t more);

// What pump does with items, for dispatch; user is the script.
extern const hawser_handlers handlers;

// Handles what comes next, if it does in a moment; of each inbox in its turn.
void
hear_once(struct script *script);

// Handles what comes until done says so.
void
pump(struct script *script,
     bool (*done)(struct script *script, struct ledger *ledger),
     struct ledger *ledger, const char *what);

bool
is_up(struct script *script, struct ledger *ledger);

bool
is_closed(struct script *script, struct ledger *ledger);

bool
has_failed(struct script *script, struct ledger *ledger);

// Every tagged message that was accepted has its receipt.
bool
has_receipts(struct script *script, struct ledger *ledger);

// All that was accepted has arrived at the other end.
bool
has_arrived(struct script *script, struct ledger *ledger);

// Both.
bool
is_echoed(struct script *script, struct ledger *ledger);

// Has numbers 1 to TALKED echoed, one of them large, and the last after a
// reconnect.
void
talk_with_echo(struct script *script, struct ledger *ledger);

void
end_link(struct script *script, struct ledger *ledger);

// Drains it, and looks at its ledger.
void
end_drained(struct script *script, struct ledger *ledger);

// What is settled with confirm=peer has arrived; what has a tag has a fate.
void
check_ledger(struct script *script, struct ledger *ledger);

void
check_fate(struct script *script, struct ledger *ledger, unsigned number,
           hawser_fate fate);

#endif
