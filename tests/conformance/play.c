// play.c - what the promises have in common: meeting, sending, comparing.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promises.h"

// ---- messages that are known by their number ----

size_t
size_small(size_t n)
{
    return 10 + n % 50;
}

size_t
size_edges(size_t n)
{
    static const size_t sizes[EDGES] = {
        0,     1,     2,     125,   126,    127,    128,     1023,
        16384, 65535, 65536, 65537, 131071, 262145, 1 << 20,
    };

    return sizes[n % EDGES];
}

size_t
size_1k(size_t n)
{
    (void)n; // all the same
    return 1024;
}

size_t
size_64k(size_t n)
{
    (void)n; // all the same
    return 65536;
}

// Letters from the nth on: every byte depends on n, and it is UTF-8.
static void
fill_letters(uint8_t *to, size_t n, size_t size)
{
    enum { LETTERS = 26, ROUND = LETTERS * 315 };
    static uint8_t letters[LETTERS + ROUND];

    if (letters[0] == 0) {
        for (size_t i = 0; i < sizeof letters; i++) {
            letters[i] = (uint8_t)('a' + i % LETTERS);
        }
    }
    for (size_t i = 0; i < size; i += ROUND) {
        memcpy(to + i, letters + n % LETTERS,
               size - i < ROUND ? size - i : ROUND);
    }
}

static void
fill(uint8_t *to, size_t n, size_t size)
{
    char head[24];
    size_t length = (size_t)snprintf(head, sizeof head, "%zu ", n); // fits

    fill_letters(to, n, size);
    memcpy(to, head, length < size ? length : size);
}

static hawser_kind
kind_of(size_t n)
{
    return n % 3 == 0 ? HAWSER_TEXT : HAWSER_BINARY;
}

static hawser_message
make(size_t n, size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    if (bytes == NULL) {
        abort();
    }
    fill(bytes, n, size);
    return (hawser_message){ .bytes = bytes,
                             .size = (uint32_t)size,
                             .kind = (uint8_t)kind_of(n) };
}

// The array is the caller's again after send: what reads it later is found out.
static void
spoil(hawser_message *message)
{
    uint8_t *bytes = (uint8_t *)message->bytes;

    memset(bytes, '#', message->size);
    free(bytes);
}

static bool
is_message(const struct note *note, size_t n, size_t size)
{
    hawser_message wanted;
    bool same;

    if (note->size != size || note->topic_size != 0) {
        return false;
    }
    wanted = make(n, size);
    same = memcmp(note->bytes, wanted.bytes, size) == 0;
    spoil(&wanted);
    return same;
}

// ---- meeting ----

bool
play_must(struct play *play, bool kept, const char *sentence)
{
    if (!kept) {
        stage_fault(&play->stage, "%s", sentence);
    }
    return kept;
}

struct ear *
play_ear(struct play *play, const struct pair *pair)
{
    return play->stand->partner->ear(pair->partner);
}

struct opening {
    struct play *play;
    struct pair *pair;
};

static bool
both_open(void *user)
{
    const struct opening *opening = user;

    return opening->pair->port->times_opened > 0 &&
           play_ear(opening->play, opening->pair)->opened;
}

struct pair *
play_meet(struct play *play)
{
    struct stage *stage = &play->stage;
    struct pair *pair = &play->pairs[play->pair_count];
    struct opening opening = { play, pair };
    char url[PARTNER_URL_SIZE];

    pair->partner = play->stand->partner->open(stage, play->stand->honest, url);
    play->pair_count++;
    pair->port = port_dial(stage, stage->transport, stage->site, url);
    if (pair->port == NULL ||
        !play_must(play, stage_run(stage, both_open, &opening),
                   "the wire does not open")) {
        return NULL;
    }
    return pair;
}

// ---- sending ----

size_t
play_offer(struct play *play, struct pair *pair, size_t from, size_t count,
           play_size size)
{
    hawser_message batch[PLAY_BATCH];
    size_t taken;

    count = count < PLAY_BATCH ? count : PLAY_BATCH;
    for (size_t i = 0; i < count; i++) {
        batch[i] = make(from + i, size(from + i));
    }
    taken = port_lives(pair->port) ? port_send(pair->port, batch, count) : 0;
    for (size_t i = 0; i < count; i++) {
        spoil(&batch[i]);
    }
    (void)play; // for symmetry with the others
    return taken;
}

struct sending {
    struct play *play;
    struct pair *pair;
    size_t from;
    size_t end;
    play_size size;
};

// After it took fewer than it was given, the wire is asked again when it says
// that it is writable, and not before.
static bool
send_more(void *user)
{
    struct sending *sending = user;
    const hawser_port *port = sending->pair->port;

    while (sending->from < sending->end && port_lives(port) &&
           port->times_writable >= port->times_short) {
        // Batches of 1 to 64.
        size_t count = sending->from % PLAY_BATCH + 1;
        size_t left = sending->end - sending->from;

        sending->from += play_offer(sending->play, sending->pair, sending->from,
                                    count < left ? count : left, sending->size);
    }
    return sending->from == sending->end || !port_lives(port);
}

bool
play_send(struct play *play, struct pair *pair, size_t from, size_t count,
          play_size size)
{
    struct sending sending = { play, pair, from, from + count, size };

    (void)stage_run(&play->stage, send_more, &sending); // seen below
    if (sending.from < sending.end && pair->port->times_lost > 0) {
        stage_fault(&play->stage, "the wire is lost while it is written to: %s",
                    pair->port->error);
    }
    return play_must(play, sending.from == sending.end,
                     "the wire does not take all");
}

void
play_say(struct play *play, struct pair *pair, size_t from, size_t count,
         play_size size)
{
    for (size_t n = from; n < from + count; n++) {
        hawser_message message = make(n, size(n));

        play->stand->partner->say(pair->partner, &message);
        spoil(&message);
    }
}

// ---- waiting ----

struct hearing {
    const struct ear *ear;
    size_t count;
};

static bool
heard_all(void *user)
{
    const struct hearing *hearing = user;

    return hearing->ear->count >= hearing->count;
}

bool
play_heard(struct play *play, const struct ear *ear, size_t count,
           play_size size)
{
    struct hearing hearing = { ear, count };

    if (!play_must(play, stage_run(&play->stage, heard_all, &hearing),
                   "not all arrives")) {
        return false;
    }
    for (size_t n = 0; n < ear->count; n++) {
        if (!is_message(&ear->notes[n], n, size(n))) {
            stage_fault(&play->stage, "message %zu is not what was sent", n);
            return false;
        }
        if ((play->stand->can & CAN_KINDS) != 0 &&
            ear->notes[n].kind != kind_of(n)) {
            stage_fault(&play->stage, "message %zu has another kind", n);
            return false;
        }
    }
    return play_must(play, ear->count == count, "more arrives than was sent");
}

static bool
hears_end(void *user)
{
    const struct ear *ear = user;

    return ear->gone;
}

bool
play_gone(struct play *play, const struct ear *ear)
{
    return play_must(play, stage_run(&play->stage, hears_end, (void *)ear),
                     "the other end does not hear of the goodbye");
}

static bool
is_lost(void *user)
{
    const hawser_port *port = user;

    return port->times_lost > 0;
}

bool
play_lost(struct play *play, const struct pair *pair)
{
    return play_must(play, stage_run(&play->stage, is_lost, pair->port),
                     "the wire is not lost");
}

struct passing {
    const hawser_port *port;
    uint64_t number;
};

static bool
has_passed(void *user)
{
    const struct passing *passing = user;

    return passing->port->passed >= passing->number;
}

bool
play_passed(struct play *play, const struct pair *pair, uint64_t number)
{
    struct passing passing = { pair->port, number };

    return play_must(play, stage_run(&play->stage, has_passed, &passing),
                     "the barrier does not pass");
}
