// promises_close.c - promises about goodbyes and losses.
#include <string.h>

#include "promises.h"

void
a_goodbye_comes_behind_what_was_taken(struct play *play)
{
    struct pair *pair = play_meet(play);
    size_t taken;

    if (pair == NULL) {
        return;
    }
    taken = play_offer(play, pair, 0, PLAY_BATCH, size_1k);
    port_close(pair->port, 0, "");
    if (play_gone(play, play_ear(play, pair))) {
        (void)play_must(play, taken > 0, "an empty wire takes nothing");
        (void)play_heard(play, play_ear(play, pair), taken, size_1k);
    }
}

static void
says_goodbye(struct play *play, int code, const char *reason, int heard)
{
    struct pair *pair = play_meet(play);
    const struct ear *ear;

    if (pair == NULL) {
        return;
    }
    ear = play_ear(play, pair);
    port_close(pair->port, code, reason);
    if (play_gone(play, ear)) {
        (void)play_must(play, ear->code == heard,
                        "the goodbye has another code");
        (void)play_must(play, strcmp(ear->reason, reason) == 0,
                        "the goodbye has another reason");
    }
}

void
a_goodbye_has_its_code_and_reason(struct play *play)
{
    // As long as one may be (RFC 6455 §5.5).
    char long_reason[124] = "";

    memset(long_reason, 'r', sizeof long_reason - 1);
    says_goodbye(play, 4321, "we move house", 4321);
    says_goodbye(play, 1001, "", 1001);
    says_goodbye(play, 3000, long_reason, 3000);
}

void
the_ordinary_goodbye_is_1000(struct play *play)
{
    says_goodbye(play, 0, "", 1000);
    says_goodbye(play, 0, "done", 1000);
}

void
a_wire_that_is_closed_as_cut_says_no_goodbye(struct play *play)
{
    struct pair *pair = play_meet(play);
    const struct ear *ear;

    if (pair == NULL) {
        return;
    }
    ear = play_ear(play, pair);
    (void)play_offer(play, pair, 0, 3, size_small); // some of it may arrive
    port_close(pair->port, HAWSER_CLOSE_CUT, "");
    if (play_gone(play, ear)) {
        (void)play_must(play, ear->code == 0, "a cut says goodbye");
    }
}

// The peer goes on speaking; the recorder notes what is handed on.
void
nothing_is_said_after_close(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play_say(play, pair, 0, 200, size_1k);
    (void)play_offer(play, pair, 0, 10, size_1k); // few will do
    if ((play->stand->can & CAN_BARRIERS) != 0) {
        port_barrier(pair->port, 1);
    }
    port_close(pair->port, 0, "");
    stage_settle(&play->stage);
}

void
the_peers_goodbye_loses_the_wire_behind_what_it_said(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play_say(play, pair, 0, 150, size_small);
    play->stand->partner->goodbye(pair->partner, 1001, "");
    if (play_lost(play, pair)) {
        (void)play_heard(play, &pair->port->ear, 150, size_small);
        stage_settle(&play->stage); // lost is the last that is said
    }
}

static void
hears_goodbye(struct play *play, int code, const char *reason)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->goodbye(pair->partner, code, reason);
    if (play_lost(play, pair)) {
        (void)play_must(play, pair->port->cause == HAWSER_CAUSE_CLOSED,
                        "a goodbye is told as something else");
        (void)play_must(play, pair->port->ear.code == code,
                        "another code is told than the peer's");
        (void)play_must(play, strcmp(pair->port->ear.reason, reason) == 0,
                        "another reason is told than the peer's");
    }
}

void
the_peers_goodbye_is_told_with_code_and_reason(struct play *play)
{
    hears_goodbye(play, 1001, "");
    hears_goodbye(play, 4000, "you again");
    hears_goodbye(play, 1013, "try again later");
}

void
a_wire_that_is_cut_is_lost_with_a_reset(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->cut(pair->partner);
    if (play_lost(play, pair)) {
        (void)play_must(play, pair->port->cause == HAWSER_CAUSE_RESET,
                        "a cut is told as something else");
        (void)play_must(play, pair->port->ear.code == 0,
                        "a cut has a close code");
    }
}

// Lost may come from inside send.
void
a_wire_that_is_cut_while_it_sends_is_lost(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    (void)play_offer(play, pair, 0, PLAY_BATCH, size_64k); // what fits
    play->stand->partner->cut(pair->partner);
    for (size_t n = 0; n < 100 && port_lives(pair->port); n++) {
        (void)play_offer(play, pair, n, 1, size_1k);    // it may take none
        (void)uv_run(&play->stage.loop, UV_RUN_NOWAIT); // whether more comes
    }
    (void)play_lost(play, pair);
}

void
closing_beside_the_peers_goodbye_says_nothing(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->goodbye(pair->partner, 1001, "");
    if (port_lives(pair->port)) {
        port_close(pair->port, 0, "");
    }
    stage_settle(&play->stage);
}
