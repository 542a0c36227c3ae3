// promises_barrier.c - promises about barriers.
#include "promises.h"

void
a_barrier_passes_on_an_idle_wire(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL) {
        port_barrier(pair->port, 1);
        (void)play_passed(play, pair, 1);
    }
}

struct witness {
    struct play *play;
    const struct pair *pair;
    size_t arrived; // at the partner, when the barrier passed
};

static void
look_what_arrived(hawser_port *port)
{
    struct witness *witness = port->user;

    witness->arrived = play_ear(witness->play, witness->pair)->count;
}

// Each barrier is asked when all before it was taken, and nobody waits for it
// to arrive.
void
a_barrier_passes_behind_what_was_taken(struct play *play)
{
    enum { ROUNDS = 20, EACH = 40 };
    struct pair *pair = play_meet(play);
    struct witness witness = { play, pair, 0 };

    if (pair == NULL) {
        return;
    }
    pair->port->user = &witness;
    pair->port->on_passed = look_what_arrived;
    for (size_t i = 0; i < ROUNDS; i++) {
        if (!play_send(play, pair, i * EACH, EACH, size_edges)) {
            return;
        }
        port_barrier(pair->port, i + 1);
        if (!play_passed(play, pair, i + 1)) {
            return;
        }
        (void)play_must(play, witness.arrived >= (i + 1) * EACH,
                        "a barrier passes before what was sent arrived");
    }
}

void
a_barrier_does_not_pass_a_peer_that_does_not_read(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->listen(pair->partner, false);
    if (!play_send(play, pair, 0, 20, size_small)) {
        return;
    }
    port_barrier(pair->port, 1);
    stage_settle(&play->stage);
    (void)play_must(play, pair->port->passed == 0,
                    "a barrier passes though the peer does not read");
    play->stand->partner->listen(pair->partner, true);
    (void)play_passed(play, pair, 1);
}

// What such a peer had not read is gone, and must not count as read; also while
// nobody looks whether the peer is still there.
void
a_barrier_does_not_pass_a_peer_that_left_without_reading(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->listen(pair->partner, false);
    if (!play_send(play, pair, 0, 20, size_small)) {
        return;
    }
    port_listen(pair->port, false);
    port_barrier(pair->port, 1);
    play->stand->partner->goodbye(pair->partner, 1001, "");
    stage_settle(&play->stage);
    if (port_lives(pair->port)) {
        port_listen(pair->port, true);
    }
    if (play_lost(play, pair)) {
        (void)play_must(play, pair->port->passed == 0,
                        "a barrier passes though the peer left unread");
    }
}

// Hawser asks anew when an answer does not come. Who answers only one of
// several may answer any, and numbers never go back: the recorder notes it.
void
a_barrier_asked_anew_passes_with_its_own_number(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->listen(pair->partner, false);
    for (size_t i = 0; i < 5; i++) {
        if (!play_send(play, pair, 10 * i, 10, size_small)) {
            return;
        }
        port_barrier(pair->port, 10 + i);
        stage_settle(&play->stage);
    }
    play->stand->partner->listen(pair->partner, true);
    if (play_passed(play, pair, 10)) {
        port_barrier(pair->port, 100);
        (void)play_passed(play, pair, 100);
    }
}

void
barriers_pass_one_after_the_other(struct play *play)
{
    struct pair *pair = play_meet(play);

    for (uint64_t number = 1; pair != NULL && number <= 300; number++) {
        port_barrier(pair->port, number);
        if (!play_passed(play, pair, number)) {
            return;
        }
    }
}

void
a_peer_that_passes_barriers_is_alive(struct play *play)
{
    struct pair *pair = play_meet(play);
    unsigned before;

    if (pair == NULL) {
        return;
    }
    stage_settle(&play->stage);
    before = pair->port->times_alive;
    port_barrier(pair->port, 7);
    if (play_passed(play, pair, 7)) {
        (void)play_must(play, pair->port->times_alive > before,
                        "a peer that answers is not said to be alive");
    }
}
