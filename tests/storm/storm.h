// storm.h - a whole set of actors on the sim world, in bad weather.
//
// A storm is a pure function of its seed: the application's deeds, the servers'
// weather and the clock's jumps all come from it. In the end the world is kind,
// and everything must be well again in a bounded time.
//
// What a storm must not see is noted as its fault; the first is kept.
#ifndef HAWSER_STORM_STORM_H
#define HAWSER_STORM_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/inbox.h>
#include <hawser/link.h>

#include "base/random.h"
#include "disk/store.h"
#include "loop/table.h"
#include "post/mailbox.h"
#include "sim/sim.h"
#include "values/meter.h"
#include "values/plan.h"
#include "wire/port.h"

enum {
    ROWS = 4,       // links that are open at once
    LINKS_MAX = 24, // in a storm, one after the other
    SERVERS = 3,
    LANES = 3,                 // priorities
    KEYS = 5,                  // of a link's messages; 0 is none
    MESSAGES_MAX = 6000,       // of a link
    STANDING_MAX = 12,         // of a link, at once
    ANSWERS_MAX = 512,         // of a link, not yet said
    SERIALS_MAX = 4096,        // wires of a storm
    QUESTIONS_MAX = 16,        // not yet answered
    CAPACITY_MAX = 16 * 1024,  // of a server, in bytes
    RETRY_AFTER_MAX_MS = 5000, // and of a close with 1012 or 1013
    LATE_MAX_MS = 400,         // that a letter takes, where it may be late
    FATES = HAWSER_REFUSED + 1,
    REFUSED_OF = 7,  // of a link's messages one in so many, if it is picky
    DIAL = 1000000,  // what one costs of the credit for it
    HEAL_MS = 60000, // within so much a kind world heals everything
};

#define STORM_NEVER UINT64_MAX
#define TURNED_AWAY (UINT64_C(1) << 40) // tags of what was not accepted

// A message, how it was sent and what became of it.
struct fate {
    uint32_t size;
    uint8_t lane;           // hawser_priority
    uint8_t key;            // 0: none
    uint64_t expires_at_ms; // 0: never
    uint32_t handed_wire;   // the last that the queue handed it on for
    uint64_t handed_turn;
    bool taken;      // by a wire, at least once
    uint64_t serial; // of the last wire that took it
    uint64_t place;  // among all that was taken
    bool arrived;    // at the peer's stack
    bool refused;    // by each wire: nobody is to have it
    bool said;       // to be settled, by the application
    bool cancelled;  // as the queue answered
    uint8_t receipts;
    uint8_t became; // hawser_fate, as its receipt says
    uint64_t index; // in the order of the queue, in this life
    // Of a durable link.
    uint64_t file_key;
    bool gone_told; // its file may forget it
    bool removed;   // and has
    bool lives;     // it was there when the file was opened again
};

// What stands for the keeper of a durable link's file.
struct file {
    struct hw_store *store; // NULL: not open
    uint64_t max_bytes;     // 0: there is none
    uint64_t commit_us;
    uint64_t due_us;
    struct hw_batch *first; // accepted, and not on the disk
    struct hw_batch *last;
    struct hw_key_run *gone;
    size_t gone_count;
    size_t gone_room;
    uint64_t next_key;
    uint64_t safe_key; // all before it is on the disk, or gone
    uint64_t *numbers; // of the message of each key
    size_t number_room;
    bool trouble; // it can't be written, and the link knows
    bool closing;
    uint64_t left;
};

struct standing_message {
    uint64_t id;
    uint64_t added_before_wire; // it is said on wires from this one on
};

// A link, as the application and the checker know it. There are few of them, so
// they stand in the order of the story.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct link {
    uint32_t id;    // in every message
    uint32_t row;   // that the actors know it by
    bool open;      // its CLOSED was not heard
    bool ending;    // drain or close was said
    bool forgotten; // the queue was told to
    bool touched;   // something became of its messages since it was looked at
    uint64_t drain_due_ms;
    struct hw_plan *plan;
    struct hw_meter meter;
    // How it was opened.
    bool confirms; // confirm=peer
    bool says;     // confirm=application: settled is what it says
    bool drops;    // overflow=drop-oldest
    bool tagged;   // every message
    bool greets;   // greeting=application
    bool lanes;    // messages have priorities
    bool keyed;    // some have keys
    bool timed;    // some have a time to live
    bool deep;     // its spool is large
    bool durable;  // its spool is a file
    bool reads_slowly;
    bool picky; // wires can send some of its messages to nobody
    // What the application did.
    uint64_t accepted;
    uint64_t accepted_bytes;
    uint64_t turned_away; // with overflow=drop-newest
    struct fate *fates;
    uint64_t fate_room;
    struct file file;
    // In this life of a durable link; others have one.
    uint64_t before; // messages that are not of it
    uint64_t before_bytes;
    uint64_t arrived; // messages that are
    uint64_t loaded;  // of those, from the file
    uint64_t gone_told;
    struct standing_message standing[STANDING_MAX];
    uint32_t standing_count;
    uint64_t last_standing;
    bool copies_sent;      // copies may hold back what is to be dropped
    uint64_t answer_at_us; // the ASK, or the GREETING
    uint32_t answer_wire;
    bool answer_ask;
    // What the peer has answered, and the application has still to say.
    uint64_t answers[ANSWERS_MAX];
    uint32_t answer_count;
    // It waits for room since then.
    bool blocked;
    bool room_heard;
    uint64_t released_then;
    // What it heard.
    hawser_state state;
    uint32_t wire;
    uint32_t wire_checked;        // as of the last check
    bool retries_greeting;        // what it waits for is no dial
    uint32_t wire_greeted;        // the last that was open
    uint32_t wire_gone;           // nothing comes of this wire or earlier ones
    uint32_t downgraded;          // the last wire that can't confirm
    uint64_t settled_then;        // by the last check, of untagged ones
    uint64_t last_settled[LANES]; // number plus 1, of those without a key
    uint64_t receipts[FATES];     // of each fate
    uint64_t turned_away_told;
    uint64_t first_held; // every message before it has its receipt
    uint64_t unread;
    uint64_t unread_bytes;
    uint32_t unread_credit_events;
    uint64_t unread_slack; // bytes that may come on top of the limit
    uint64_t read_at_us;   // not before
    // What the queue handed on.
    double rate_level;   // tokens taken and not yet back
    uint64_t rate_at_us; // as of then
    uint32_t handed_wire;
    uint64_t starves;          // number plus 1 of a message; 0: none
    uint64_t overtaken[LANES]; // handed of other lanes since this had its turn
    uint64_t overtaken_from[LANES]; // what was accepted by then
    uint64_t retaken;
    // What the newest wire took.
    uint64_t serial;
    uint64_t next_taken[LANES];      // number plus 1 of the last; 0: none yet
    uint64_t looked_at[LANES];       // whether any was left out, up to here
    uint64_t key_taken[KEYS][LANES]; // number plus 1 of the last
    uint64_t standing_said;          // the last on this wire
    bool begun;                      // it took a message
    // What the newest wire brought.
    uint32_t heard_wire;
    uint64_t heard_chat[SERVERS];
    uint64_t heard_echo[LANES]; // number plus 1, of those without a key
    uint64_t delivered;         // messages of it
    // What its port heard of it, by then.
    uint32_t port_wire;
    uint64_t port_heard;
    uint64_t port_first[SERVERS]; // of each server's chat; 0: none
};

// Where is my message?
struct question {
    struct link *link;
    uint64_t number;
    bool cancel;
    bool answered;
    bool taken_out;
    hawser_phase phase;
    // As it was asked.
    bool settled; // it had its receipt, or was never accepted
    hawser_state state;
    uint32_t wire;
};

struct storm {
    uint64_t seed;
    bool talks; // tells every step
    struct hw_random random;
    struct sim_world *world;
    struct sim_server *servers[SERVERS];
    uint64_t chats[SERVERS];
    uint64_t weather_at_us[SERVERS];
    uint64_t deed_at_us;
    struct hawser_settings *settings;
    struct hw_ports *ports;
    struct hw_table *table;
    struct hw_seat *door;
    struct hw_mailbox *inbox;
    struct hw_post *post;
    struct link links[LINKS_MAX];
    uint32_t link_count;
    struct link *rows[ROWS];       // NULL: free
    uint64_t takings;              // messages that wires took
    uint64_t arrived[SERIALS_MAX]; // place of the last, of each wire
    bool late;                     // letters may be; see late.c
    uint64_t dial_credit;    // millionths of a dial that the bus may begin
    uint64_t dial_credit_us; // as of then
    bool forgets; // the net may forget wires; links then watch for it
    bool kind;    // the weather is over
    bool disks;   // some links are durable
    bool dead;    // the process is; its successor is not there yet
    uint64_t disk_at_us;
    uint64_t disk_full_until_us;
    bool meddled;   // behind a turn: what was said is to be heard at once
    bool calm_due;  // the application has still to hear that it is
    bool inbox_due; // whoever says things to it was told something
    bool inbox_closed;
    struct question questions[QUESTIONS_MAX];
    uint64_t hash; // of all that was said and seen
    uint64_t turns;
    uint64_t steps;
    char fault[256]; // "": none
};

// Weathers the storm of that seed. False: storm->fault says what was seen.
bool
storm_run(struct storm *storm, struct hw_post *post, uint64_t seed, bool talks);

// ---- storm.c, for the others ----

void
storm_fault(struct storm *storm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Tells, if the storm talks.
void
storm_tell(const struct storm *storm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// What was seen, so that two runs of one seed can be compared.
void
storm_note(struct storm *storm, uint64_t what);

uint64_t
storm_now_us(const struct storm *storm);

uint64_t
storm_now_ms(const struct storm *storm);

// 0..limit.
uint64_t
storm_chance(struct storm *storm, uint64_t limit);

// True once in so many times.
bool
storm_once_in(struct storm *storm, uint64_t times);

void
storm_say(struct storm *storm, unsigned to, const struct hw_letter *letter);

// ---- weather.c ----

void
weather_begin(struct storm *storm);

uint64_t
weather_next_us(const struct storm *storm);

void
weather_turn(struct storm *storm);

// From now on every server is kind.
void
weather_end(struct storm *storm);

// ---- overhear.c: what the actors say to each other ----

void
overhear_begin(struct storm *storm);

// Says it now, as the actor's seat would have.
void
overhear_say(struct hw_seat *seat, unsigned to, const struct hw_letter *letter);

// ---- late.c: letters that take their time ----

void
late_begin(struct storm *storm);

// Whether the letter is kept, to be said later.
bool
late_keeps(struct storm *storm, struct hw_seat *seat, unsigned to,
           const struct hw_letter *letter);

uint64_t
late_next_us(const struct storm *storm);

// Says those whose time has come.
void
late_turn(struct storm *storm);

// Says all.
void
late_end(struct storm *storm);

// ---- app.c: what the application does ----

void
app_begin(struct storm *storm);

uint64_t
app_next_us(const struct storm *storm);

void
app_turn(struct storm *storm);

// No deeds of its own any more: it answers, reads, mends what FAILED, and lets
// links drain in the end.
void
app_calm(struct storm *storm);

// Whether every link is up, or at its end, and nothing of it waits.
bool
app_is_well(const struct storm *storm);

void
app_close_all(struct storm *storm);

// Something happens at once after the link's state changed.
void
app_meddle(struct storm *storm, struct link *link);

// ---- options.c ----

// What the link was opened with, which the link notes.
struct hw_plan *
options_plan(struct storm *storm, struct link *link);

// ---- link.c: how a link is opened ----

// If there is room for one more.
void
link_open(struct storm *storm);

// Opens a durable link again, in its row, with what its file kept.
void
link_open_again(struct storm *storm, struct link *link);

// Messages that are accepted and have not left, as the front counts them.
static inline uint64_t
link_held(const struct link *link)
{
    return link->accepted - link->before -
           HW_METER_GET(link->meter.released_messages);
}

static inline uint64_t
link_held_bytes(const struct link *link)
{
    return link->accepted_bytes - link->before_bytes -
           HW_METER_GET(link->meter.released_bytes);
}

// Sends count messages, as far as the link's limits allow.
void
link_send(struct storm *storm, struct link *link, uint32_t count);

// Sends one of the lowest priority and hundreds of the others.
void
link_flood(struct storm *storm, struct link *link);

void
link_free(struct link *link);

// ---- standing.c ----

void
link_standing_add(struct storm *storm, struct link *link);

void
link_standing_remove(struct storm *storm, struct link *link);

void
link_greet(struct storm *storm, const struct link *link);

// ---- ask.c: where is my message? ----

// About one of the link's messages, or one that never was.
void
ask_about_any(struct storm *storm, struct link *link, bool cancel);

void
ask_hear(struct storm *storm, const struct hw_letter *letter);

// What was answered is compared with what else is known.
void
ask_check(struct storm *storm);

// ---- hear.c: what comes to the inbox ----

void
hear_all(struct storm *storm);

// ---- ledger.c: what the world saw ----

// The beginning of every message that a storm sends.
struct label {
    uint32_t sort; // LABEL_…
    uint32_t link;
    uint64_t number;
};

enum {
    LABEL_MESSAGE = 0x4d524f54, // counted from 0 in each link
    LABEL_STANDING,             // its id
    LABEL_GREETING,
    LABEL_FAREWELL,
    LABEL_CHAT, // of a server, which is the link; counted from 1
};

// Writes a label and size bytes behind it.
hawser_message
ledger_message(uint8_t *bytes, uint32_t sort, const struct link *link,
               uint64_t number, size_t size);

// Whether the bytes begin with a label.
bool
ledger_label(const void *bytes, size_t size, struct label *label);

struct link *
ledger_link(struct storm *storm, uint32_t id);

void
ledger_watch(struct storm *storm);

// After each turn: what must hold at any time.
void
ledger_check(struct storm *storm);

// ---- disk.c: the files of durable links ----

void
disk_begin(struct storm *storm);

// No more trouble.
void
disk_calm(struct storm *storm);

uint64_t
disk_next_us(const struct storm *storm);

// Writes what is due.
void
disk_turn(struct storm *storm);

// The process was killed as a file was written.
bool
disk_is_dead(void);

// Files are closed as they are when a process ends.
void
disk_end(struct storm *storm);

// Opens the link's file; what it holds.
struct hw_batch *
disk_open(struct storm *storm, struct link *link);

void
disk_let_go(struct link *link);

// Of the whole link, with its file.
void
disk_remove(struct link *link);

// Accepted: to be written.
void
disk_add(struct storm *storm, struct link *link, struct hw_batch *batch);

void
disk_hear_gone(struct storm *storm, const struct hw_letter *letter);

void
disk_hear_close(struct storm *storm, const struct hw_letter *letter);

// ---- life.c: a durable link in its next life ----

// Opens its file again, and compares what is there with what was sent. What it
// holds, for the queue.
struct hw_batch *
life_begin(struct storm *storm, struct link *link);

// ---- held.c: which messages are held, one by one ----

// Whether the message is in flight, as far as can be told at a turn's end.
bool
held_in_flight(const struct link *link, const struct fate *fate);

// After each turn, as ledger_check.
void
held_check(struct storm *storm);

// A link's last word was heard.
void
held_check_closed(struct storm *storm, const struct link *link,
                  uint64_t leftover);

#endif
