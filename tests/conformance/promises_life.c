// promises_life.c - promises about opening, endpoints and sites.
#include <string.h>

#include "promises.h"

void
a_wire_opens_once_and_before_all_else(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL) {
        stage_settle(&play->stage);
        (void)play_must(play, pair->port->times_opened == 1,
                        "the wire opens twice");
    }
}

void
a_wire_that_is_closed_before_it_opens_says_nothing(struct play *play)
{
    const struct stand *stand = play->stand;
    struct pair *pair = &play->pairs[0];
    char url[PARTNER_URL_SIZE];

    pair->partner = stand->partner->open(&play->stage, stand->honest, url);
    play->pair_count = 1;
    pair->port =
        port_dial(&play->stage, stand->transport, play->stage.site, url);
    if (pair->port != NULL) {
        port_close(pair->port, 0, "");
        stage_settle(&play->stage); // the recorder notes what is said
    }
}

void
an_endpoint_where_nobody_is_loses_the_wire(struct play *play)
{
    struct pair pair = { .partner = NULL };

    pair.port = port_dial(&play->stage, play->stand->transport,
                          play->stage.site, play->stand->unreachable);
    if (pair.port != NULL && play_lost(play, &pair)) {
        (void)play_must(play, pair.port->times_opened == 0,
                        "an endpoint where nobody is opens");
        (void)play_must(play, pair.port->cause == HAWSER_CAUSE_UNREACHABLE,
                        "it is not told that nobody could be reached");
    }
}

void
a_malformed_url_is_refused_with_a_sentence(struct play *play)
{
    const hawser_transport *transport = play->stand->transport;

    for (const char *const *url = play->stand->bad_urls; *url != NULL; url++) {
        char sentence[256] = "";
        hawser_route route;

        if (transport->check(*url, &play->stage.settings, &route, sentence,
                             sizeof sentence) != HAWSER_INVALID) {
            stage_fault(&play->stage, "check accepts \"%s\"", *url);
        } else if (sentence[0] == '\0') {
            stage_fault(&play->stage, "\"%s\" is refused without a sentence",
                        *url);
        }
    }
}

void
a_sentence_of_check_is_cut_to_the_size_given(struct play *play)
{
    const hawser_transport *transport = play->stand->transport;
    const char *url = play->stand->bad_urls[0];
    char sentence[16];
    hawser_route route;

    memset(sentence, '#', sizeof sentence);
    (void)transport->check(url, &play->stage.settings, &route, sentence,
                           8); // the promise before looks at the status
    (void)play_must(play, memchr(sentence, '\0', 8) != NULL,
                    "a sentence of check does not end");
    for (size_t i = 8; i < sizeof sentence; i++) {
        (void)play_must(play, sentence[i] == '#',
                        "a sentence of check is longer than it may be");
    }
}

// The stage's end looks; here the wire is left open, with more under way.
void
stop_leaves_nothing_on_the_loop(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL) {
        play_say(play, pair, 0, 100, size_1k);
        (void)play_offer(play, pair, 0, PLAY_BATCH, size_1k); // it may take few
    }
}

void
the_wires_of_a_site_do_not_mix(struct play *play)
{
    enum { PAIRS = 8, MESSAGES = 10 };

    for (size_t i = 0; i < PAIRS; i++) {
        if (play_meet(play) == NULL) {
            return;
        }
    }
    // Each has a number of messages of its own, so that strays show.
    for (size_t i = 0; i < PAIRS; i++) {
        play_say(play, &play->pairs[i], 0, MESSAGES + i, size_small);
        if (!play_send(play, &play->pairs[i], 0, 2 * MESSAGES + i,
                       size_small)) {
            return;
        }
    }
    for (size_t i = 0; i < PAIRS; i++) {
        struct pair *pair = &play->pairs[i];

        if (!play_heard(play, &pair->port->ear, MESSAGES + i, size_small) ||
            !play_heard(play, play_ear(play, pair), 2 * MESSAGES + i,
                        size_small)) {
            return;
        }
    }
}

void
after_a_loss_the_endpoint_is_dialled_again(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play->stand->partner->goodbye(pair->partner, 1001, "");
    if (!play_lost(play, pair)) {
        return;
    }
    pair = play_meet(play);
    if (pair != NULL && play_send(play, pair, 0, 10, size_small)) {
        (void)play_heard(play, play_ear(play, pair), 10, size_small);
    }
}
