// bus.h - what the files of the front share: the bus, its links and inboxes as
// the application's side sees them.
//
// A bus has one shard or several: a whole engine each, with its own loop, table
// and six actors. Every link is of one of them, for its life; nothing goes from
// one to the other.
//
// Three locks, held for moments only, never during I/O: a slot's first, then
// its shard's or the bus's. What an application's call has to say goes into the
// shard's list of commands, or into the slot's list of batches; the door brings
// it to the table when the loop turns.
#ifndef HW_FRONT_BUS_H
#define HW_FRONT_BUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hawser/hawser.h>

#include "disk/keeper.h"
#include "loop/loop.h"
#include "post/letter.h"
#include "post/mailbox.h"
#include "values/batch.h"
#include "values/meter.h"
#include "values/plan.h"
#include "values/report.h"
#include "values/settings.h"
#include "values/settles.h"
#include "wire/port.h"

struct hw_offer;

enum {
    HW_INBOXES_MAX = 64,
    HW_SHARDS_MAX = 64, // as the option threads
    HW_SLOTS_OF_CHUNK = 256,
    HW_GOODBYE_MS = 1000, // what goodbyes may take when a bus is closed
};

// A letter on its way to the door.
struct hw_command {
    struct hw_command *next;
    struct hw_letter letter;
    unsigned to; // enum hw_name
};

// Commands that a link keeps from its opening on, so that it can be closed when
// there is no memory.
enum { HW_SPARE_SEND, HW_SPARE_CLOSE, HW_SPARES };

struct hw_standing_ids {
    uint64_t *ids; // ascending
    uint32_t count;
    uint32_t room;
};

// A question that the loop is asked, on the stack of who waits for the answer.
struct hw_question {
    hawser_phase phase;
    bool taken_out;
    atomic_bool answered; // written last
};

// A link, as the application's side keeps it. A slot is used again once the
// application has read that its link is closed.
struct hw_slot {
    pthread_mutex_t lock;
    _Atomic uint64_t id; // 0: free
    struct hw_meter meter;
    struct hw_shard *shard;
    uint32_t index; // the row of the link, for every actor
    uint32_t generation;
    uint32_t next_free; // of the shard; index plus 1
    hawser_inbox *inbox;
    struct hw_plan *plan;
    // Accepted, not yet brought to the queue.
    struct hw_batch *first;
    struct hw_batch *last;
    size_t room;                // of the last batch
    struct hw_durable *durable; // NULL: the spool is in memory
    uint64_t accepted;
    uint64_t accepted_bytes;
    uint64_t turned_away; // by overflow=drop-newest
    uint64_t released;    // of those accepted, as last seen
    uint64_t released_bytes;
    uint64_t receipts_out; // tagged messages whose receipt was not read
    uint64_t mends;        // reconnects asked for
    bool ending;           // drain or close was called
    // Read by the application, not yet told.
    uint32_t credit_messages;
    uint32_t credit_events;
    uint64_t credit_bytes;
    // Said to be settled by the application, not yet told.
    struct hw_settle *settles;
    uint32_t settle_count;
    uint32_t settle_room;
    uint64_t behind; // number of the last command about it
    bool dirty;      // there is something to bring
    bool knocked;    // and the loop knows
    struct hw_slot *next_dirty;
    struct hw_command *spares[HW_SPARES];
    struct hw_standing_ids standing;
    uint64_t copies; // of standing messages, and farewells, for the wire
    uint64_t last_standing_id;
    // What became of its wires.
    struct hw_report *opened;
    struct hw_report *lost;
    struct hw_report *answered; // the last with an HTTP status
};

// Where an inbox hears what one shard's receiver says.
struct hw_ear {
    struct hw_shard *shard;
    struct hw_mailbox *mailbox;
    struct hw_command *farewell; // INBOX_CLOSE, for which it keeps memory
    bool ended;                  // the receiver has given its mailbox back
};

struct hawser_inbox {
    hawser_bus *bus;
    pthread_mutex_t lock;   // whoever reads
    struct hw_letter ahead; // heard, and not handed out
    bool has_ahead;
    struct hw_batch *batch; // being handed out; NULL: none
    uint32_t at;
    uint32_t link;
    uint32_t missed; // events left out before the next
    uint32_t number;
    atomic_uint links; // that are heard here
    int watch_fd;      // -1: nobody asked for it
    int item_fd;       // readable while something is ahead
    bool item_shown;
    bool hidden; // an offer's: read by the loop's thread, and by nobody else
    // One for each shard; one only, if it is hidden.
    unsigned turn; // which of them is heard first
    unsigned ear_count;
    struct hw_ear ears[];
};

// A loop with its table. The first one's thread may be the caller's; those of
// the others are the bus's.
struct hw_shard {
    hawser_bus *bus;
    pthread_mutex_t lock; // of its commands, and of what is dirty
    struct hw_loop *loop;
    struct hw_ports *ports;
    struct hw_table *table;
    struct hw_seat *door;
    struct hw_command *first;
    struct hw_command *last;
    uint64_t pushed; // commands so far
    struct hw_slot *dirty;
    atomic_uint waiters;    // who wait for its turns
    _Atomic uint64_t turns; // that they were told of
    // With the bus locked.
    uint32_t links;               // slots that are taken
    uint32_t fresh;               // the next slot that was never taken
    uint32_t fresh_count;         // how many there are, of its last chunk
    uint32_t free_slot;           // index plus 1; 0: none
    struct hw_offer *idle_offers; // ended, for the next ones
    _Atomic(struct hw_offer *) new_offers;
    struct hw_offer *offers; // the loop's thread's
};

struct hawser_bus {
    pthread_mutex_t lock;
    pthread_cond_t turned; // a loop has turned, and somebody waits for that
    uint64_t turns;
    _Atomic uint64_t leftover; // of all links whose CLOSED was read
    bool threaded;
    struct hawser_settings *settings;
    hawser_options *options; // the defaults of its links
    struct hw_post *post;
    struct hw_shard *shards;
    unsigned shard_count;
    struct hw_keeper *keeper; // NULL: no spool was in a file yet
    _Atomic(struct hw_slot *) *chunks;
    uint32_t chunks_max;
    uint32_t chunk_count;
    uint32_t born;  // where the numbers of its links begin
    uint32_t links; // slots that are taken
    hawser_inbox *inboxes[HW_INBOXES_MAX];
    void *zmq_context;   // where offers are; NULL: in the post's
    atomic_bool closing; // nobody reads any more
    // threads=0: for what the caller's thread waits.
    hawser_inbox *receiving;
    bool (*awaited)(void *user);
    void *awaited_user;
};

// ---- shard.c: an engine of the bus ----

// How many chunks of slots the bus needs, whichever shard has how many links.
uint32_t
hw_shard_chunks(const hawser_bus *bus);

// Not OK: close it nevertheless.
hawser_status
hw_shard_open(struct hw_shard *shard, hawser_bus *bus);

// Takes it apart, whatever of it is there; its thread was stopped. Goodbyes may
// take until then.
void
hw_shard_close(struct hw_shard *shard, uint64_t deadline_ms);

// The one with the fewest links.
struct hw_shard *
hw_shard_idlest(hawser_bus *bus);

// ---- slots.c: which link is where ----

// Takes a free slot of the shard (NULL: of the one with the fewest links),
// unlocked. FULL, NO_MEMORY.
hawser_status
hw_slot_take(hawser_bus *bus, struct hw_shard *shard, struct hw_slot **slot);

// Its link is closed, and nobody asks for it any more. Not locked.
void
hw_slot_release(hawser_bus *bus, struct hw_slot *slot);

// The slot of that index.
struct hw_slot *
hw_slot_at(hawser_bus *bus, uint32_t index);

// The slot of that link, locked; NULL: the number is stale.
struct hw_slot *
hw_slot_lock(hawser_bus *bus, hawser_link link);

void
hw_slot_unlock(struct hw_slot *slot);

// Calls each for every link there is, unlocked.
void
hw_slots_each(hawser_bus *bus, void (*each)(struct hw_slot *slot, void *user),
              void *user);

void
hw_slots_free(hawser_bus *bus);

static inline hawser_link
hw_slot_link(const struct hw_slot *slot)
{
    return (
        hawser_link){ atomic_load_explicit(&slot->id, memory_order_acquire) };
}

// Has it failed, with no reconnect under way? The figure is read before the
// state that it tells of.
static inline bool
hw_slot_has_failed(struct hw_slot *slot)
{
    return HW_METER_GET(slot->meter.mended) == slot->mends &&
           HW_METER_GET(slot->meter.state) == HAWSER_FAILED;
}

// ---- door.c: from the application's calls to the table ----

extern const struct hw_role hw_role_door;

// Seats the shard at its table.
void
hw_door_open(struct hw_shard *shard);

// Brings what has gathered to the table. On the loop's thread.
void
hw_door_gather(void *user);

// The machine was suspended. On the loop's thread.
void
hw_door_resumed(void *user, uint64_t suspended_ms);

// An empty command to fill in and push; NULL: out of memory.
struct hw_command *
hw_command_new(unsigned to, unsigned kind, uint32_t link);

// Has the commands said, in their order. Returns the command's number.
uint64_t
hw_command_push(struct hw_shard *shard, struct hw_command *command);

// The same, of a command about the slot (locked): what is accepted from now on
// comes behind it.
void
hw_slot_push(struct hw_slot *slot, struct hw_command *command);

// The slot (locked) has something to bring.
void
hw_slot_note_dirty(struct hw_slot *slot);

// Puts what was accepted (the slot is locked) into a command, so that what is
// pushed next comes behind it. false: out of memory, nothing happened.
bool
hw_slot_flush(struct hw_slot *slot);

// The same with a command for SEND of the caller's, which it takes.
void
hw_slot_flush_with(struct hw_slot *slot, struct hw_command *command);

// The application has read so much.
void
hw_slot_credit(struct hw_slot *slot, uint32_t messages, uint64_t bytes,
               uint32_t events);

// Frees what was never brought.
void
hw_door_close(struct hw_shard *shard);

// ---- wait.c: waiting for what the loop does ----

// The clock that deadlines are on.
uint64_t
hw_now_ms(void);

// A deadline so far from now; -1: never.
uint64_t
hw_deadline_ms(int timeout_ms);

// The shard's loop has turned; true: the caller's thread has what it waits for.
bool
hw_wait_turned(void *user);

// Waits until done says so, at most until the deadline. With threads=0 it runs
// the loop. done is called with no lock of the front held. false: too late.
bool
hw_wait(hawser_bus *bus, uint64_t deadline_ms, bool (*done)(void *user),
        void *user);

// ---- inbox.c ----

// One that an offer of that shard reads; bus.inboxes_max is not about it.
hawser_status
hw_inbox_open_hidden(struct hw_shard *shard, hawser_inbox **inbox);

// The next item, without waiting, for the one who reads it. AGAIN: there is
// none; NO_MEMORY: ask again.
hawser_status
hw_inbox_take(hawser_inbox *inbox, hawser_item *item);

// Is there something to hand out? Its reader's thread, or that of threads=0.
bool
hw_inbox_has(const hawser_inbox *inbox);

// Reads and drops whatever is there. Nobody else reads it any more.
void
hw_inbox_discard(hawser_inbox *inbox);

// Without telling the receiver.
void
hw_inbox_free(hawser_inbox *inbox);

// ---- send.c ----

// Sends a copy, and never waits: FULL also where the policy is to block, or
// where the queue must make room first, or while the link has FAILED. Otherwise
// as hawser_send.
hawser_status
hw_send_now(hawser_bus *bus, hawser_link link, struct hawser_message *message);

// ---- link.c ----

// Says the command about the slot's link (locked), behind what was accepted for
// it. Takes the command, and what it carries, on OK only.
hawser_status
hw_slot_wish(struct hw_slot *slot, struct hw_command *command, bool ends);

hawser_status
hw_link_wish(hawser_bus *bus, hawser_link link, struct hw_command *command,
             bool ends);

// ---- goodbye.c ----

// Closes a slot's link as hawser_link_close, with the ordinary goodbye, or
// drains it first for at most drain_ms. Closing needs no memory.
void
hw_link_end(hawser_bus *bus, struct hw_slot *slot, int drain_ms);

// ---- load.c: transports that the application brings along ----

// Loads each of paths, which are separated by commas. Not OK: the sentence is
// set, and those before it stay loaded.
hawser_status
hw_load_listed(const char *paths);

// ---- error.c: this thread's last refusal, as a sentence ----

void
hw_error_clear(void);

// What a status says; of SYSTEM, which call was refused and why.
void
hw_error_of(hawser_status status);

void
hw_error_set(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
