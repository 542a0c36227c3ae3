// promises_flow.c - promises about who waits for whom: send, writable, listen.
#include "promises.h"

// In messages of 64 KiB: more than sockets between the two may hold.
enum { MORE_THAN_FITS = 512 };

void
an_empty_wire_takes_a_message_of_any_size(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    // Message 14 of the edges has a MiB: larger than the wire's buffer.
    (void)play_must(play, play_offer(play, pair, 14, 1, size_edges) == 1,
                    "an empty wire does not take a large message");
}

// How many 64 KiB messages the wire takes while its peer does not read.
static size_t
fill_up(struct play *play, struct pair *pair)
{
    const hawser_port *port = pair->port;
    size_t taken = 0, before;

    play->stand->partner->listen(pair->partner, false);
    do {
        before = taken;
        while (taken < MORE_THAN_FITS && port_lives(port) &&
               port->times_writable >= port->times_short) {
            taken += play_offer(play, pair, taken, 8, size_64k);
        }
        stage_settle(&play->stage);
    } while ((taken > before || port->times_writable >= port->times_short) &&
             taken < MORE_THAN_FITS);
    return taken;
}

void
a_wire_whose_peer_does_not_read_takes_no_more(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL) {
        (void)play_must(play, fill_up(play, pair) < MORE_THAN_FITS,
                        "a wire whose peer does not read takes 32 MiB");
    }
}

void
writable_comes_once_the_peer_reads_again(struct play *play)
{
    struct pair *pair = play_meet(play);
    size_t taken;

    if (pair == NULL) {
        return;
    }
    taken = fill_up(play, pair);
    play->stand->partner->listen(pair->partner, true);
    if (play_send(play, pair, taken, 50, size_64k) &&
        play_heard(play, play_ear(play, pair), taken + 50, size_64k)) {
        (void)play_must(play, pair->port->times_writable > 0,
                        "writable never comes");
    }
}

// The peer reads a little and says a little, time and again, so that some of
// what waits is written while the wire reads.
void
writable_comes_beside_what_the_peer_says(struct play *play)
{
    const struct partner_kind *partner = play->stand->partner;
    struct pair *pair = play_meet(play);
    size_t taken;

    if (pair == NULL) {
        return;
    }
    taken = fill_up(play, pair);
    for (size_t i = 0; i < 300 && port_lives(pair->port); i++) {
        partner->listen(pair->partner, true);
        (void)uv_run(&play->stage.loop, UV_RUN_NOWAIT); // whether more comes
        partner->listen(pair->partner, false);
        play_say(play, pair, i, 1, size_small);
        (void)uv_run(&play->stage.loop, UV_RUN_NOWAIT);
    }
    partner->listen(pair->partner, true);
    (void)(play_send(play, pair, taken, 50, size_64k) &&
           play_heard(play, play_ear(play, pair), taken + 50, size_64k) &&
           play_heard(play, &pair->port->ear, 300, size_small));
}

// The recorder notes a writable that nobody waits for.
void
writable_does_not_come_where_all_was_taken(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL && play_send(play, pair, 0, 30, size_small) &&
        play_heard(play, play_ear(play, pair), 30, size_small)) {
        stage_settle(&play->stage);
        (void)play_must(play, pair->port->times_writable == 0,
                        "writable comes without need");
    }
}

static bool
backlog_is_gone(void *user)
{
    const hawser_port *port = user;
    hawser_gauge gauge;

    port->transport->gauge(port->wire, &gauge);
    return gauge.backlog == 0;
}

void
what_is_written_shows_on_the_gauge(struct play *play)
{
    struct pair *pair = play_meet(play);
    hawser_gauge before, full, after;

    if (pair == NULL) {
        return;
    }
    pair->port->transport->gauge(pair->port->wire, &before);
    (void)fill_up(play, pair); // how much is not the question
    pair->port->transport->gauge(pair->port->wire, &full);
    play->stand->partner->listen(pair->partner, true);
    if (!play_must(play, full.backlog > 0,
                   "nothing is behind although the peer does not read") ||
        !play_must(play, stage_run(&play->stage, backlog_is_gone, pair->port),
                   "what is behind is not written in the end")) {
        return;
    }
    pair->port->transport->gauge(pair->port->wire, &after);
    (void)play_must(play,
                    before.written <= full.written &&
                        full.written + full.backlog <= after.written,
                    "what was behind is not counted as written");
}

// Says more than fits anywhere while the wire does not listen.
static void
say_to_the_deaf(struct play *play, struct pair *pair)
{
    port_listen(pair->port, false);
    play_say(play, pair, 0, MORE_THAN_FITS, size_64k);
    stage_settle(&play->stage);
}

void
a_wire_that_does_not_listen_receives_no_more(struct play *play)
{
    struct pair *pair = play_meet(play);
    size_t early;

    if (pair == NULL) {
        return;
    }
    say_to_the_deaf(play, pair);
    early = pair->port->ear.count;
    stage_settle(&play->stage);
    (void)play_must(play, pair->port->ear.count < MORE_THAN_FITS / 8,
                    "a wire that does not listen receives 4 MiB");
    (void)play_must(play, pair->port->ear.count == early,
                    "a wire that does not listen goes on receiving");
    (void)play_must(play, play->stand->partner->unsaid(pair->partner) > 0,
                    "the peer of a wire that does not listen need not wait");
}

void
a_wire_that_listens_again_has_missed_nothing(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    say_to_the_deaf(play, pair);
    for (unsigned i = 0; i < 20 && port_lives(pair->port); i++) {
        port_listen(pair->port, i % 2 == 0);
        (void)uv_run(&play->stage.loop, UV_RUN_NOWAIT); // whether more comes
    }
    if (port_lives(pair->port)) {
        port_listen(pair->port, true);
        (void)play_heard(play, &pair->port->ear, MORE_THAN_FITS, size_64k);
    }
}

void
a_peer_that_speaks_is_alive(struct play *play)
{
    struct pair *pair = play_meet(play);
    unsigned before;

    if (pair == NULL) {
        return;
    }
    stage_settle(&play->stage);
    before = pair->port->times_alive;
    play_say(play, pair, 0, 3, size_small);
    if (play_heard(play, &pair->port->ear, 3, size_small)) {
        (void)play_must(play, pair->port->times_alive > before,
                        "a peer that speaks is not said to be alive");
    }
}
