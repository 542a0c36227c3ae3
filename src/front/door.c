// door.c - where the application's calls come in.
//
// Hears  NEWS from the supervisor; ROOM, FOUND, SPOOL_GONE, SPOOL_CLOSE from
//        the queue.
// Says   what the application wants, to supervisor, queue and receiver.
// Keeps  nothing: what waits to be said is its shard's.
// Never  decides anything.
#include <stdlib.h>

#include "front/bus.h"
#include "front/durable.h"
#include "front/offer.h"
#include "loop/actor.h"
#include "loop/table.h"

struct door {
    struct hw_shard *shard;
};

void
hw_door_open(struct hw_shard *shard)
{
    struct door *door = hw_table_self(shard->table, HW_DOOR);

    door->shard = shard;
    shard->door = hw_table_seat(shard->table, HW_DOOR);
}

// ---- bringing ----

struct hw_command *
hw_command_new(unsigned to, unsigned kind, uint32_t link)
{
    struct hw_command *command = calloc(1, sizeof *command);

    if (command != NULL) {
        command->to = to;
        command->letter.kind = (uint16_t)kind;
        command->letter.link = link;
    }
    return command;
}

uint64_t
hw_command_push(struct hw_shard *shard, struct hw_command *command)
{
    uint64_t number;

    pthread_mutex_lock(&shard->lock);
    number = ++shard->pushed;
    if (shard->last == NULL) {
        shard->first = command;
    } else {
        shard->last->next = command;
    }
    shard->last = command;
    pthread_mutex_unlock(&shard->lock);
    hw_loop_knock(shard->loop);
    return number;
}

void
hw_slot_push(struct hw_slot *slot, struct hw_command *command)
{
    slot->behind = hw_command_push(slot->shard, command);
}

static void
put_on_list(struct hw_slot *slot)
{
    struct hw_shard *shard = slot->shard;

    slot->dirty = true;
    pthread_mutex_lock(&shard->lock);
    slot->next_dirty = shard->dirty;
    shard->dirty = slot;
    pthread_mutex_unlock(&shard->lock);
}

void
hw_slot_note_dirty(struct hw_slot *slot)
{
    if (!slot->dirty) {
        put_on_list(slot);
    }
    if (!slot->knocked) {
        slot->knocked = true;
        hw_loop_knock(slot->shard->loop);
    }
}

static struct hw_batch *
take_batches(struct hw_slot *slot)
{
    struct hw_batch *first = slot->first;

    // The next block is as large as what the last one brought, and those behind
    // it grow: a link that has become quiet must not keep a large block for
    // each message.
    if (slot->last != NULL) {
        slot->room = hw_batch_used(slot->last) / 4;
    }
    slot->first = NULL;
    slot->last = NULL;
    return first;
}

void
hw_slot_flush_with(struct hw_slot *slot, struct hw_command *command)
{
    if (slot->first == NULL) {
        free(command);
        return;
    }
    command->letter.thing = take_batches(slot);
    hw_slot_push(slot, command);
}

bool
hw_slot_flush(struct hw_slot *slot)
{
    struct hw_command *command;

    if (slot->first == NULL) {
        return true;
    }
    command = hw_command_new(HW_QUEUE, HW_LETTER_SEND, slot->index);
    if (command == NULL) {
        return false;
    }
    hw_slot_flush_with(slot, command);
    return true;
}

// A quarter of what may be unread is worth telling; a receiver that stopped at
// the limit goes on at half of it. So a quarter is the most that it may be
// wrong about.
static bool
is_worth_a_letter(const struct hw_slot *slot)
{
    const struct hawser_settings *settings = slot->plan->settings;

    return slot->credit_messages >=
               (uint64_t)settings->receive_max_messages / 4 ||
           slot->credit_bytes >= (uint64_t)settings->receive_max_bytes / 4 ||
           slot->credit_events >= 64;
}

void
hw_slot_credit(struct hw_slot *slot, uint32_t messages, uint64_t bytes,
               uint32_t events)
{
    pthread_mutex_lock(&slot->lock);
    slot->credit_messages += messages;
    slot->credit_bytes += bytes;
    slot->credit_events += events;
    if (is_worth_a_letter(slot)) {
        hw_slot_note_dirty(slot);
    }
    pthread_mutex_unlock(&slot->lock);
}

static void
say_commands(struct hw_shard *shard, struct hw_command *command)
{
    while (command != NULL) {
        struct hw_command *next = command->next;

        hw_say(shard->door, command->to, &command->letter);
        free(command);
        command = next;
    }
}

// With the slot locked. What is said to be settled goes behind the messages
// that it may be about.
static void
take_settles(struct hw_slot *slot, struct hw_letter *letter)
{
    letter->kind = HW_LETTER_SETTLE;
    letter->link = slot->index;
    letter->count = slot->settle_count;
    letter->thing = slot->settles;
    slot->settles = NULL;
    slot->settle_count = 0;
    slot->settle_room = 0;
}

// With the slot locked.
static void
take_credit(struct hw_slot *slot, struct hw_letter *letter)
{
    letter->kind = HW_LETTER_CREDIT;
    letter->link = slot->index;
    letter->count = slot->credit_messages;
    letter->number = slot->credit_bytes;
    letter->note = (uint16_t)slot->credit_events;
    slot->credit_messages = 0;
    slot->credit_bytes = 0;
    slot->credit_events = 0;
}

// said: number of the last command that was said. What was accepted behind a
// later one waits for it.
static void
say_slot(struct hw_slot *slot, uint64_t said)
{
    struct hw_seat *door = slot->shard->door;
    struct hw_letter send = {
        .kind = HW_LETTER_SEND,
        .link = slot->index,
    };
    struct hw_letter settle = { 0 }, credit = { 0 };

    pthread_mutex_lock(&slot->lock);
    slot->dirty = false;
    slot->knocked = false;
    if (slot->behind <= said) {
        send.thing = take_batches(slot);
        if (slot->settle_count > 0) {
            take_settles(slot, &settle);
        }
    } else {
        put_on_list(slot); // the command knocked
    }
    if (slot->plan != NULL && is_worth_a_letter(slot)) {
        take_credit(slot, &credit);
    }
    pthread_mutex_unlock(&slot->lock);
    if (send.thing != NULL) {
        hw_say(door, HW_QUEUE, &send);
    }
    if (settle.count > 0) {
        hw_say(door, HW_QUEUE, &settle);
    }
    if (credit.count > 0 || credit.note > 0) {
        hw_say(door, HW_RECEIVER, &credit);
    }
}

void
hw_door_gather(void *user)
{
    struct hw_shard *shard = user;
    struct hw_command *commands;
    struct hw_slot *slot;
    uint64_t said;

    hw_offers_gather(shard);
    pthread_mutex_lock(&shard->lock);
    said = shard->pushed;
    commands = shard->first;
    slot = shard->dirty;
    shard->first = NULL;
    shard->last = NULL;
    shard->dirty = NULL;
    pthread_mutex_unlock(&shard->lock);
    say_commands(shard, commands);
    while (slot != NULL) {
        struct hw_slot *next = slot->next_dirty;

        say_slot(slot, said);
        slot = next;
    }
    hw_ports_gather(shard->ports);
}

void
hw_door_resumed(void *user, uint64_t suspended_ms)
{
    const struct hw_shard *shard = user;
    const struct hw_letter letter = { .kind = HW_LETTER_RESUMED,
                                      .number = suspended_ms };

    hw_say(shard->door, HW_HEARTBEAT, &letter);
}

static void
drop_command(struct hw_command *command)
{
    switch (command->letter.kind) {
    case HW_LETTER_SEND:
    case HW_LETTER_STANDING_ADD:
    case HW_LETTER_STANDING_REMOVE:
    case HW_LETTER_GREET:
        hw_batch_drop_all(command->letter.thing);
        break;
    case HW_LETTER_LINK_OPEN:
        hw_plan_drop(command->letter.thing);
        break;
    case HW_LETTER_SPOOL_TROUBLE:
        hw_report_drop(command->letter.thing);
        break;
    case HW_LETTER_INBOX_OPEN:
        hw_mailbox_close(command->letter.thing);
        break;
    case HW_LETTER_WHERE:
    case HW_LETTER_CANCEL:
        break; // lent
    default:
        free(command->letter.thing); // a text, or nothing
        break;
    }
    free(command);
}

void
hw_door_close(struct hw_shard *shard)
{
    while (shard->first != NULL) {
        struct hw_command *next = shard->first->next;

        drop_command(shard->first);
        shard->first = next;
    }
}

// ---- letters ----

// Whoever waits for room looks for it after each turn.
static void
on_room(void *actor, const struct hw_letter *letter)
{
    (void)actor;
    (void)letter;
}

// Whoever asked looks for it after each turn, and may be gone from here on.
static void
on_found(void *actor, const struct hw_letter *letter)
{
    struct hw_question *question = letter->thing;

    (void)actor;
    question->phase = (hawser_phase)letter->note;
    question->taken_out = letter->count > 0;
    atomic_store(&question->answered, true);
}

// The slot is this link's until the letter that its file is closed.
static void
on_spool_gone(void *actor, const struct hw_letter *letter)
{
    struct door *self = actor;

    hw_durable_gone(hw_slot_at(self->shard->bus, letter->link), letter->number,
                    letter->count);
}

static void
on_spool_close(void *actor, const struct hw_letter *letter)
{
    struct door *self = actor;

    hw_durable_close(hw_slot_at(self->shard->bus, letter->link),
                     letter->number);
}

static void
keep(struct hw_report **place, struct hw_report *report)
{
    hw_report_drop(*place);
    *place = hw_report_hold(report);
}

static void
on_news(void *actor, const struct hw_letter *letter)
{
    struct door *self = actor;
    struct hw_slot *slot = hw_slot_at(self->shard->bus, letter->link);
    struct hw_report *report = letter->thing;

    pthread_mutex_lock(&slot->lock);
    if (slot->plan != NULL) {
        keep(letter->note != 0 ? &slot->opened : &slot->lost, report);
        if (report->http_status != 0) {
            keep(&slot->answered, report);
        }
    }
    pthread_mutex_unlock(&slot->lock);
    hw_report_drop(report);
}

static hawser_status
sit(void *actor, struct hw_seat *seat, const struct hawser_settings *settings)
{
    (void)actor;
    (void)seat;
    (void)settings;
    return HAWSER_OK;
}

static void
leave(void *actor)
{
    (void)actor;
}

const struct hw_role hw_role_door = {
    .name = HW_DOOR,
    .size = sizeof(struct door),
    .sit = sit,
    .leave = leave,
    .on[HW_LETTER_ROOM] = on_room,
    .on[HW_LETTER_FOUND] = on_found,
    .on[HW_LETTER_SPOOL_GONE] = on_spool_gone,
    .on[HW_LETTER_SPOOL_CLOSE] = on_spool_close,
    .on[HW_LETTER_NEWS] = on_news,
};
