// promises_data.c - promises about messages: order, sizes, kinds, topics.
#include <string.h>

#include "promises.h"

static void
arrives(struct play *play, size_t count, play_size size)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL && play_send(play, pair, 0, count, size)) {
        (void)play_heard(play, play_ear(play, pair), count, size);
    }
}

static void
is_received(struct play *play, size_t count, play_size size)
{
    struct pair *pair = play_meet(play);

    if (pair != NULL) {
        play_say(play, pair, 0, count, size);
        (void)play_heard(play, &pair->port->ear, count, size);
    }
}

void
messages_of_every_size_arrive_whole(struct play *play)
{
    arrives(play, 2 * EDGES, size_edges);
}

void
messages_of_every_size_are_received_whole(struct play *play)
{
    is_received(play, 2 * EDGES, size_edges);
}

void
a_burst_arrives_in_order(struct play *play)
{
    arrives(play, 20000, size_small);
}

void
a_burst_is_received_in_order(struct play *play)
{
    is_received(play, 20000, size_small);
}

void
both_ways_at_once_do_not_mix(struct play *play)
{
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play_say(play, pair, 0, 3000, size_small);
    if (play_send(play, pair, 0, 3000, size_1k) &&
        play_heard(play, play_ear(play, pair), 3000, size_1k)) {
        (void)play_heard(play, &pair->port->ear, 3000, size_small);
    }
}

void
kinds_are_kept(struct play *play)
{
    arrives(play, 6, size_small);
    is_received(play, 6, size_small);
}

static bool
has_topic(const struct ear *ear, size_t n, const char *topic, const char *bytes)
{
    const struct note *note = &ear->notes[n];

    return note->topic_size == strlen(topic) &&
           memcmp(note->topic, topic, note->topic_size) == 0 &&
           note->size == strlen(bytes) &&
           memcmp(note->bytes, bytes, note->size) == 0;
}

static bool
has_three(void *user)
{
    const struct ear *ear = user;

    return ear->count == 3;
}

static void
keeps_topics(struct play *play, const struct ear *ear)
{
    if (play_must(play, stage_run(&play->stage, has_three, (void *)ear),
                  "not all arrives")) {
        (void)play_must(play,
                        has_topic(ear, 0, "stock.acme", "12.5") &&
                            has_topic(ear, 1, "stock.acme", "") &&
                            has_topic(ear, 2, "", "no topic"),
                        "topics are not kept");
    }
}

void
topics_are_kept(struct play *play)
{
    static const uint8_t topic[] = "stock.acme";
    const hawser_message messages[] = {
        { .bytes = (const uint8_t *)"12.5",
          .size = 4,
          .topic = topic,
          .topic_size = sizeof topic - 1 },
        { .bytes = topic, .topic = topic, .topic_size = sizeof topic - 1 },
        { .bytes = (const uint8_t *)"no topic", .size = 8 },
    };
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        play->stand->partner->say(pair->partner, &messages[i]);
    }
    (void)play_must(play, port_send(pair->port, messages, 3) == 3,
                    "three small messages are not taken");
    keeps_topics(play, play_ear(play, pair));
    keeps_topics(play, &pair->port->ear);
}

static bool
has_two_or_none(void *user)
{
    const hawser_port *port = user;

    return port->ear.count >= 2 || !port_lives(port);
}

void
the_largest_message_is_received(struct play *play)
{
    static uint8_t bytes[100000];
    const hawser_message message = { .bytes = bytes, .size = sizeof bytes };
    struct pair *pair = play_meet(play);

    if (pair != NULL) {
        play->stand->partner->say(pair->partner, &message);
        play_say(play, pair, 1, 1, size_small);
        (void)stage_run(&play->stage, has_two_or_none, pair->port); // see below
        (void)play_must(play,
                        pair->port->ear.count == 2 &&
                            pair->port->ear.notes[0].size == sizeof bytes,
                        "a message of message.max bytes is not received");
    }
}

void
a_message_above_the_limit_loses_the_wire(struct play *play)
{
    static uint8_t bytes[100001];
    const hawser_message message = { .bytes = bytes, .size = sizeof bytes };
    struct pair *pair = play_meet(play);

    if (pair == NULL) {
        return;
    }
    play_say(play, pair, 0, 3, size_small);
    play->stand->partner->say(pair->partner, &message);
    play_say(play, pair, 4, 3, size_small);
    if (play_lost(play, pair)) {
        (void)play_must(play, pair->port->cause == HAWSER_CAUSE_TOO_BIG,
                        "a message above message.max is not told as such");
        (void)play_heard(play, &pair->port->ear, 3, size_small);
    }
}
