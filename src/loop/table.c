// table.c - the table that the actors of a bus sit around.
#include "loop/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { SEATED = HW_INBOX, ENDS_MAX = 64 };

// One end of a pipe, where its owner hears what the other said.
struct end {
    struct hw_mailbox *mailbox;
    uint32_t unheard; // letters said at the other end
    uint8_t owner;
    uint8_t from;
};

struct place {
    struct hw_seat seat; // first: a seat's address is its place's
    struct hw_table *table;
    const struct hw_role *role;
    void *self;
    int16_t ends[SEATED]; // index of the end that hears each other; -1: none
};

struct hw_table {
    struct place places[SEATED];
    struct end ends[ENDS_MAX];
    uint64_t mail; // bit n: end n has letters unheard
    unsigned end_count;
    uint8_t order[SEATED]; // as they sat down
    unsigned seated;
    uint64_t (*clock_us)(void *clock);
    void *clock;
};

static void
say(struct hw_seat *seat, unsigned to, const struct hw_letter *letter)
{
    struct place *place = (struct place *)seat;
    struct hw_table *table = place->table;
    int heard_at, said_at;

    HW_CHECK(to < SEATED, "letters go to those who sit at the table");
    heard_at = table->places[to].ends[seat->name];
    said_at = place->ends[to];
    HW_CHECK(heard_at >= 0 && said_at >= 0, "there is a pipe between the two");
    hw_mailbox_say(table->ends[said_at].mailbox, letter);
    table->ends[heard_at].unheard++;
    table->mail |= UINT64_C(1) << heard_at;
}

static uint64_t
seat_clock_us(const struct hw_seat *seat)
{
    const struct hw_table *table = ((const struct place *)seat)->table;

    return table->clock_us(table->clock);
}

static void
lay_place(struct hw_table *table, const struct hw_role *role,
          struct hw_ports *ports)
{
    struct place *place = &table->places[role->name];

    place->table = table;
    place->role = role;
    place->seat.say = say;
    place->seat.clock_us = seat_clock_us;
    place->seat.now_ms = table->clock_us(table->clock) / 1000;
    place->seat.wake_at_ms = UINT64_MAX;
    place->seat.name = role->name;
    place->seat.ports = ports;
}

static void
add_end(struct hw_table *table, unsigned owner, unsigned from,
        struct hw_mailbox *mailbox)
{
    struct end *end = &table->ends[table->end_count];

    HW_CHECK(table->end_count < ENDS_MAX, "the ends fit into one bit each");
    end->mailbox = mailbox;
    end->owner = (uint8_t)owner;
    end->from = (uint8_t)from;
    table->places[owner].ends[from] = (int16_t)table->end_count;
    table->end_count++;
}

static bool
seated(const struct hw_table *table, unsigned name)
{
    return table->places[name].role != NULL;
}

static hawser_status
open_pipes(struct hw_table *table, struct hw_post *post)
{
    for (unsigned one = 0; one < SEATED; one++) {
        for (unsigned other = one + 1; other < SEATED; other++) {
            struct hw_mailbox *left, *right;
            hawser_status status;

            if (!seated(table, one) || !seated(table, other) ||
                (!hw_route_any(one, other) && !hw_route_any(other, one))) {
                continue;
            }
            status = hw_pipe_open(post, &left, &right);
            if (status != HAWSER_OK) {
                return status;
            }
            add_end(table, one, other, left);
            add_end(table, other, one, right);
        }
    }
    return HAWSER_OK;
}

// Of two letters that wait, the one at the lower end is heard first. What that
// order is for: the queue hears the door before the supervisor, so that a link
// is known before it is used; those who serve wires hear the port first, so
// that what came before a loss is heard before the loss; the door hears the
// news before anybody else hears anything, so that whoever reads of an event
// can ask for what is known of it.
static unsigned
rank(unsigned owner, unsigned from)
{
    static const uint8_t first[SEATED] = {
        [HW_PORT] = 0,      [HW_DOOR] = 1,    [HW_SENDER] = 2,
        [HW_RECEIVER] = 3,  [HW_BACKOFF] = 4, [HW_SUPERVISOR] = 5,
        [HW_HEARTBEAT] = 6, [HW_QUEUE] = 7,
    };
    unsigned late = first[from];

    if (owner == HW_RECEIVER && from == HW_SUPERVISOR) {
        late = 8; // events come after what they follow from
    }
    return owner == HW_DOOR ? late : 16 + owner * 16 + late;
}

static int
compare_ends(const void *one, const void *other)
{
    const struct end *left = one, *right = other;

    return (int)rank(left->owner, left->from) -
           (int)rank(right->owner, right->from);
}

static void
order_ends(struct hw_table *table)
{
    qsort(table->ends, table->end_count, sizeof table->ends[0], compare_ends);
    for (unsigned i = 0; i < table->end_count; i++) {
        const struct end *end = &table->ends[i];

        table->places[end->owner].ends[end->from] = (int16_t)i;
    }
}

static hawser_status
sit_down(struct hw_table *table, struct place *place,
         const struct hawser_settings *settings)
{
    hawser_status status;

    place->self = calloc(1, place->role->size);
    if (place->self == NULL) {
        return HAWSER_NO_MEMORY;
    }
    status = place->role->sit(place->self, &place->seat, settings);
    if (status != HAWSER_OK) {
        free(place->self);
        place->self = NULL;
        return status;
    }
    table->order[table->seated++] = (uint8_t)place->role->name;
    return HAWSER_OK;
}

hawser_status
hw_table_open(struct hw_post *post, const struct hw_role *const *roles,
              unsigned role_count, const struct hawser_settings *settings,
              uint64_t (*clock_us)(void *clock), void *clock,
              struct hw_ports *ports, struct hw_table **table)
{
    struct hw_table *made = calloc(1, sizeof *made);
    hawser_status status = HAWSER_OK;

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->clock_us = clock_us;
    made->clock = clock;
    for (unsigned i = 0; i < SEATED; i++) {
        memset(made->places[i].ends, -1, sizeof made->places[i].ends);
    }
    for (unsigned i = 0; i < role_count; i++) {
        lay_place(made, roles[i], ports);
    }
    status = open_pipes(made, post);
    order_ends(made);
    for (unsigned i = 0; i < role_count && status == HAWSER_OK; i++) {
        status = sit_down(made, &made->places[roles[i]->name], settings);
    }
    if (status != HAWSER_OK) {
        hw_table_close(made);
        return status;
    }
    *table = made;
    return HAWSER_OK;
}

void
hw_table_close(struct hw_table *table)
{
    if (table == NULL) {
        return;
    }
    while (table->seated > 0) {
        struct place *place = &table->places[table->order[--table->seated]];

        place->role->leave(place->self);
        free(place->self);
    }
    for (unsigned i = 0; i < table->end_count; i++) {
        hw_mailbox_close(table->ends[i].mailbox);
    }
    free(table);
}

static void
hear(struct hw_table *table, struct end *end, uint64_t now_ms)
{
    struct place *place = &table->places[end->owner];
    uint32_t count = end->unheard;

    end->unheard = 0;
    while (count-- > 0) {
        struct hw_letter letter;
        bool heard = hw_mailbox_hear(end->mailbox, &letter);

        HW_CHECK(heard, "what was said at one end is heard at the other");
        HW_CHECK(letter.kind < HW_LETTERS &&
                     place->role->on[letter.kind] != NULL,
                 "nobody is told what it does not understand");
        place->seat.now_ms = now_ms;
        place->role->on[letter.kind](place->self, &letter);
    }
}

static void
carry(struct hw_table *table, uint64_t now_ms)
{
    while (table->mail != 0) {
        unsigned first = (unsigned)__builtin_ctzll(table->mail);

        table->mail &= table->mail - 1;
        hear(table, &table->ends[first], now_ms);
    }
}

static bool
wake(struct hw_table *table, uint64_t now_ms)
{
    bool woken = false;

    for (unsigned i = 0; i < table->seated; i++) {
        struct place *place = &table->places[table->order[i]];

        if (place->seat.wake_at_ms <= now_ms) {
            place->seat.wake_at_ms = UINT64_MAX;
            place->seat.now_ms = now_ms;
            place->role->on_wake(place->self);
            woken = true;
        }
    }
    return woken;
}

bool
hw_table_turn(struct hw_table *table)
{
    uint64_t now_ms = table->clock_us(table->clock) / 1000;
    bool had_mail = table->mail != 0;
    bool woke = false, wakes;

    do {
        carry(table, now_ms);
        wakes = wake(table, now_ms);
        woke = woke || wakes;
    } while (wakes || table->mail != 0);
    return had_mail || woke;
}

uint64_t
hw_table_next_wake(const struct hw_table *table)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; i < table->seated; i++) {
        uint64_t at = table->places[table->order[i]].seat.wake_at_ms;

        next = at < next ? at : next;
    }
    return next;
}

void *
hw_table_self(struct hw_table *table, unsigned name)
{
    return table->places[name].self;
}

struct hw_seat *
hw_table_seat(struct hw_table *table, unsigned name)
{
    return &table->places[name].seat;
}
