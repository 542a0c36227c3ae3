// promises.h - what transport.h promises, as sentences that a transport keeps.
//
// A promise is played on a stage of its own: wires are dialled to partners, and
// what is heard at both ends is compared with what was sent. It is kept if the
// stage has noted no broken rule at the end.
#ifndef HAWSER_CONFORMANCE_PROMISES_H
#define HAWSER_CONFORMANCE_PROMISES_H

#include "partner.h"
#include "stage.h"

// What the transport, and its partner, can: a promise may need some of it.
enum {
    CAN_KINDS = 1, // tells text from binary
    CAN_TOPICS = 2,
    CAN_BARRIERS = 4,
    CAN_CUT = 8,          // partners can go without a word
    CAN_GAUGE = 16,       // tells how far writing is
    CAN_MISS = 32,        // an endpoint may be unreachable
    CAN_SAY_GOODBYE = 64, // with code and reason, both ways
    // Barriers pass when the peer has read, not when its kernel has it.
    CAN_PROVE_READING = 128,
    // Barriers ask the peer, so that what passes shows that it lives.
    CAN_PROVE_LIFE = 256,
};

// A transport, and what it is tried with.
struct stand {
    const char *name;
    const hawser_transport *transport; // with the fault that is planted
    const hawser_transport *honest;
    const struct partner_kind *partner;
    unsigned can;
    const char *const *settings; // that it needs, as of stage_begin, or NULL
    const char *const *bad_urls; // that check must refuse; NULL: no more
    const char *unreachable;     // CAN_MISS: an endpoint where nobody is
};

enum { PLAY_PAIRS_MAX = 16, PLAY_BATCH = 64 };

// A wire and its partner.
struct pair {
    hawser_port *port;
    struct partner *partner;
};

// A promise being played.
struct play {
    struct stage stage;
    const struct stand *stand;
    struct pair pairs[PLAY_PAIRS_MAX];
    size_t pair_count;
};

// Filled up by one message.
#define SMALL_BUFFER "wire.buffer", "4KiB", "zmq.buffer", "4KiB"

// X(name, what it needs, settings as "option", "value", …)
// clang-format off
#define PROMISES(X) \
    X(a_wire_opens_once_and_before_all_else, 0) \
    X(a_wire_that_is_closed_before_it_opens_says_nothing, 0) \
    X(an_endpoint_where_nobody_is_loses_the_wire, CAN_MISS) \
    X(a_malformed_url_is_refused_with_a_sentence, 0) \
    X(a_sentence_of_check_is_cut_to_the_size_given, 0) \
    X(stop_leaves_nothing_on_the_loop, 0) \
    X(the_wires_of_a_site_do_not_mix, 0) \
    X(after_a_loss_the_endpoint_is_dialled_again, 0) \
    X(messages_of_every_size_arrive_whole, 0) \
    X(messages_of_every_size_are_received_whole, 0) \
    X(a_burst_arrives_in_order, 0) \
    X(a_burst_is_received_in_order, 0) \
    X(both_ways_at_once_do_not_mix, 0) \
    X(kinds_are_kept, CAN_KINDS) \
    X(topics_are_kept, CAN_TOPICS) \
    X(an_empty_wire_takes_a_message_of_any_size, 0, SMALL_BUFFER) \
    X(a_wire_whose_peer_does_not_read_takes_no_more, 0) \
    X(writable_comes_once_the_peer_reads_again, 0) \
    X(writable_comes_beside_what_the_peer_says, 0, SMALL_BUFFER) \
    X(writable_does_not_come_where_all_was_taken, 0) \
    X(what_is_written_shows_on_the_gauge, CAN_GAUGE) \
    X(a_wire_that_does_not_listen_receives_no_more, 0) \
    X(a_wire_that_listens_again_has_missed_nothing, 0) \
    X(a_peer_that_speaks_is_alive, 0) \
    X(the_largest_message_is_received, 0, "message.max", "100000") \
    X(a_message_above_the_limit_loses_the_wire, 0, "message.max", "100000") \
    X(a_barrier_passes_on_an_idle_wire, CAN_BARRIERS) \
    X(a_barrier_passes_behind_what_was_taken, CAN_PROVE_READING) \
    X(a_barrier_does_not_pass_a_peer_that_does_not_read, CAN_PROVE_READING) \
    X(a_barrier_does_not_pass_a_peer_that_left_without_reading, \
      CAN_PROVE_READING) \
    X(a_barrier_asked_anew_passes_with_its_own_number, CAN_BARRIERS) \
    X(barriers_pass_one_after_the_other, CAN_BARRIERS) \
    X(a_peer_that_passes_barriers_is_alive, CAN_PROVE_LIFE) \
    X(a_goodbye_comes_behind_what_was_taken, 0) \
    X(a_goodbye_has_its_code_and_reason, CAN_SAY_GOODBYE) \
    X(the_ordinary_goodbye_is_1000, CAN_SAY_GOODBYE) \
    X(a_wire_that_is_closed_as_cut_says_no_goodbye, 0) \
    X(nothing_is_said_after_close, 0) \
    X(the_peers_goodbye_loses_the_wire_behind_what_it_said, 0) \
    X(the_peers_goodbye_is_told_with_code_and_reason, CAN_SAY_GOODBYE) \
    X(a_wire_that_is_cut_is_lost_with_a_reset, CAN_CUT) \
    X(a_wire_that_is_cut_while_it_sends_is_lost, CAN_CUT) \
    X(closing_beside_the_peers_goodbye_says_nothing, 0)
// clang-format on

enum promise_number {
#define PROMISE_ENUM(name, ...) PROMISE_##name,
    PROMISES(PROMISE_ENUM)
#undef PROMISE_ENUM
        PROMISE_COUNT
};

#define PROMISE_DECLARE(name, ...) void name(struct play *play);
PROMISES(PROMISE_DECLARE)
#undef PROMISE_DECLARE

const char *
promise_name(enum promise_number promise);

bool
promise_applies(enum promise_number promise, const struct stand *stand);

// What it needs that the stand can't, as CAN_…; 0: it applies.
unsigned
promise_misses(enum promise_number promise, const struct stand *stand);

// Plays it. NULL: it was kept; or how it was broken, valid until the next.
const char *
promise_play(enum promise_number promise, const struct stand *stand);

// ---- for the promises ----

// Dials a partner and waits until both are open. NULL: that failed, which is
// noted.
struct pair *
play_meet(struct play *play);

// Notes the sentence unless kept. Returns kept.
bool
play_must(struct play *play, bool kept, const char *sentence);

struct ear *
play_ear(struct play *play, const struct pair *pair);

// The size of message number n.
typedef size_t (*play_size)(size_t n);

size_t
size_small(size_t n);

// Those beside every limit that a frame or a buffer may have.
size_t
size_edges(size_t n);

enum { EDGES = 15 };

size_t
size_1k(size_t n);

size_t
size_64k(size_t n);

// Hands messages from..from+count-1 to the wire until it has taken all, waiting
// for writable in between. False: it did not.
bool
play_send(struct play *play, struct pair *pair, size_t from, size_t count,
          play_size size);

// Hands them over without waiting; how many the wire took.
size_t
play_offer(struct play *play, struct pair *pair, size_t from, size_t count,
           play_size size);

// The partner says them, as soon as it may.
void
play_say(struct play *play, struct pair *pair, size_t from, size_t count,
         play_size size);

// Waits until the ear has heard count in all, which are messages 0..count-1.
// False: it has not, or they are others.
bool
play_heard(struct play *play, const struct ear *ear, size_t count,
           play_size size);

// Waits until the ear hears that the other is gone.
bool
play_gone(struct play *play, const struct ear *ear);

// Waits until the wire is lost.
bool
play_lost(struct play *play, const struct pair *pair);

bool
play_passed(struct play *play, const struct pair *pair, uint64_t number);

#endif
