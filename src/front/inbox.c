// inbox.c - where the application hears.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <hawser/zmq.h>

#include "base/check.h"
#include "base/refusal.h"
#include "front/bus.h"

// An event and what its texts live in.
struct event_holder {
    hawser_event event; // first: an event's address is its holder's
    struct hw_report *report;
    struct hw_plan *plan;
};

// ---- opening ----

static bool
open_ear(struct hw_ear *ear, struct hw_shard *shard, uint32_t number,
         struct hw_command **command, hawser_status *status)
{
    struct hw_mailbox *theirs = NULL;

    ear->shard = shard;
    ear->farewell = hw_command_new(HW_RECEIVER, HW_LETTER_INBOX_CLOSE, 0);
    *command = hw_command_new(HW_RECEIVER, HW_LETTER_INBOX_OPEN, 0);
    if (ear->farewell == NULL || *command == NULL) {
        *status = HAWSER_NO_MEMORY;
        return false;
    }
    *status = hw_pipe_open(shard->bus->post, &ear->mailbox, &theirs);
    if (*status != HAWSER_OK) {
        return false;
    }
    ear->farewell->letter.count = number;
    (*command)->letter.count = number;
    (*command)->letter.thing = theirs;
    return true;
}

static hawser_inbox *
make(hawser_bus *bus, uint32_t number, unsigned ears)
{
    hawser_inbox *inbox =
        calloc(1, sizeof *inbox + ears * sizeof inbox->ears[0]);

    if (inbox != NULL) {
        inbox->bus = bus;
        inbox->number = number;
        inbox->ear_count = ears;
        inbox->watch_fd = -1;
        inbox->item_fd = -1;
        (void)pthread_mutex_init(&inbox->lock, NULL); // it can't fail
    }
    return inbox;
}

// only: the one shard that is heard; NULL: all are.
static hawser_status
open_at(hawser_bus *bus, uint32_t number, struct hw_shard *only,
        hawser_inbox **inbox)
{
    unsigned count = only != NULL ? 1 : bus->shard_count, opened = 0;
    struct hw_command *commands[HW_SHARDS_MAX] = { NULL };
    hawser_inbox *made = make(bus, number, count);
    hawser_status status = HAWSER_NO_MEMORY;

    while (made != NULL && opened < count &&
           open_ear(&made->ears[opened],
                    only != NULL ? only : &bus->shards[opened], number,
                    &commands[opened], &status)) {
        opened++;
    }
    if (opened < count) {
        for (unsigned i = 0; i < count && commands[i] != NULL; i++) {
            hw_mailbox_close(commands[i]->letter.thing);
            free(commands[i]);
        }
        hw_inbox_free(made);
        return status;
    }
    for (unsigned i = 0; i < count; i++) {
        // About no link: nothing is to come behind it.
        (void)hw_command_push(made->ears[i].shard, commands[i]);
    }
    *inbox = made;
    return HAWSER_OK;
}

// The number is taken by something that is no inbox, until there is one.
// HW_INBOXES_MAX: all are.
static uint32_t
take_number(hawser_bus *bus, bool hidden)
{
    static hawser_inbox placeholder;
    uint32_t number = 0;
    int64_t others = hidden ? 0 : bus->settings->inboxes_max;

    pthread_mutex_lock(&bus->lock);
    for (uint32_t i = 0; !hidden && i < HW_INBOXES_MAX; i++) {
        others -= bus->inboxes[i] != NULL && !bus->inboxes[i]->hidden;
    }
    while (number < HW_INBOXES_MAX && bus->inboxes[number] != NULL) {
        number++;
    }
    if (!hidden && others <= 0) {
        number = HW_INBOXES_MAX;
    }
    if (number < HW_INBOXES_MAX) {
        bus->inboxes[number] = &placeholder;
    }
    pthread_mutex_unlock(&bus->lock);
    return number;
}

static void
set_number(hawser_bus *bus, uint32_t number, hawser_inbox *inbox)
{
    pthread_mutex_lock(&bus->lock);
    bus->inboxes[number] = inbox;
    pthread_mutex_unlock(&bus->lock);
}

static hawser_status
open_one(hawser_bus *bus, struct hw_shard *only, hawser_inbox **inbox)
{
    bool hidden = only != NULL;
    uint32_t number = take_number(bus, hidden);
    hawser_inbox *made = NULL;
    hawser_status status;

    if (number == HW_INBOXES_MAX) {
        return HAWSER_FULL;
    }
    status = open_at(bus, number, only, &made);
    if (made != NULL) {
        made->hidden = hidden;
    }
    set_number(bus, number, made);
    if (status == HAWSER_OK) {
        *inbox = made;
    } else {
        hw_error_of(status);
    }
    return status;
}

hawser_status
hawser_inbox_open(hawser_bus *bus, hawser_inbox **inbox)
{
    return bus == NULL || inbox == NULL ? HAWSER_INVALID
                                        : open_one(bus, NULL, inbox);
}

hawser_status
hw_inbox_open_hidden(struct hw_shard *shard, hawser_inbox **inbox)
{
    return open_one(shard->bus, shard, inbox);
}

hawser_inbox *
hawser_bus_inbox(hawser_bus *bus)
{
    return bus == NULL ? NULL : bus->inboxes[0];
}

void
hw_inbox_free(hawser_inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    if (inbox->watch_fd >= 0) {
        (void)close(inbox->watch_fd); // they hold nothing
        (void)close(inbox->item_fd);
    }
    for (unsigned i = 0; i < inbox->ear_count; i++) {
        hw_mailbox_close(inbox->ears[i].mailbox);
        free(inbox->ears[i].farewell);
    }
    (void)pthread_mutex_destroy(&inbox->lock); // nobody holds it
    free(inbox);
}

// ---- items ----

// Each ear has its turn. That nobody has said anything is known only when all
// were heard in vain; then, and only then, are their descriptors readable with
// the next letter.
static bool
hear_ears(hawser_inbox *inbox, struct hw_letter *letter)
{
    for (unsigned i = 0; i < inbox->ear_count; i++) {
        unsigned turn = inbox->turn;

        inbox->turn = turn + 1 < inbox->ear_count ? turn + 1 : 0;
        if (hw_mailbox_hear(inbox->ears[turn].mailbox, letter)) {
            return true;
        }
    }
    return false;
}

static bool
hear(hawser_inbox *inbox, struct hw_letter *letter)
{
    if (inbox->has_ahead) {
        inbox->has_ahead = false;
        *letter = inbox->ahead;
        return true;
    }
    return hear_ears(inbox, letter);
}

static bool
ears_have(const hawser_inbox *inbox)
{
    bool have = false;

    for (unsigned i = 0; i < inbox->ear_count && !have; i++) {
        have = hw_mailbox_has(inbox->ears[i].mailbox);
    }
    return have;
}

bool
hw_inbox_has(const hawser_inbox *inbox)
{
    return inbox->batch != NULL || inbox->has_ahead || ears_have(inbox);
}

static void
take_message(hawser_inbox *inbox, hawser_item *item)
{
    struct hw_batch *batch = inbox->batch;
    struct hw_slot *slot = hw_slot_at(inbox->bus, inbox->link);

    item->kind = HAWSER_ITEM_MESSAGE;
    item->link = hw_slot_link(slot);
    item->message = &batch->messages[inbox->at++];
    if (inbox->at == batch->count) {
        // Before its last message, and so the batch, may be dropped.
        inbox->batch = NULL;
        hw_slot_credit(slot, batch->count, batch->payload, 0);
    }
}

// Each message holds the batch; the batch's own hold is that of the last.
static void
take_batch(hawser_inbox *inbox, const struct hw_letter *letter,
           hawser_item *item)
{
    struct hw_batch *batch = letter->thing;

    if (batch->count > 1) {
        hw_batch_hold(batch, batch->count - 1);
    }
    inbox->batch = batch;
    inbox->at = 0;
    inbox->link = letter->link;
    take_message(inbox, item);
}

static void
take_receipt(hawser_inbox *inbox, const struct hw_letter *letter,
             hawser_item *item)
{
    struct hw_slot *slot = hw_slot_at(inbox->bus, letter->link);

    item->kind = HAWSER_ITEM_RECEIPT;
    item->link = hw_slot_link(slot);
    item->tag = letter->number;
    item->fate = (hawser_fate)letter->note;
    pthread_mutex_lock(&slot->lock);
    slot->receipts_out -= letter->count;
    pthread_mutex_unlock(&slot->lock);
}

static void
fill_event(hawser_event *event, const struct hw_letter *letter,
           const struct hw_plan *plan)
{
    const struct hw_report *report = letter->thing;
    unsigned endpoint = 0;

    event->kind = (hawser_event_kind)(letter->note >> HW_EVENT_KIND_SHIFT);
    event->state = (hawser_state)(letter->note & HW_EVENT_STATE_MASK);
    event->wire = letter->wire;
    event->attempt = letter->count;
    if (event->state == HAWSER_CLOSED) {
        event->leftover = letter->number;
        endpoint = atomic_load(&plan->meter->endpoint);
    } else {
        event->delay_ms = (uint32_t)letter->number;
        endpoint = (unsigned)(letter->number >> 32);
    }
    event->endpoint = plan->endpoints[endpoint].url;
    event->at_ms = report->at_ms;
    event->http_status = report->http_status;
    event->close_code = report->close_code;
    event->peer = report->peer;
    event->error = report->error;
    event->reason = report->reason;
    event->headers = report->headers;
}

// The last letter of a link is its CLOSED: its number is stale from now on.
static void
note_event_read(hawser_inbox *inbox, const struct hw_letter *letter)
{
    struct hw_slot *slot = hw_slot_at(inbox->bus, letter->link);

    if (letter->note ==
        (HAWSER_CLOSED | HAWSER_EVENT_STATE << HW_EVENT_KIND_SHIFT)) {
        atomic_fetch_add(&inbox->bus->leftover, letter->number);
        hw_slot_release(inbox->bus, slot);
        atomic_fetch_sub(&inbox->links, 1);
    } else {
        hw_slot_credit(slot, 0, 0, 1);
    }
}

// NO_MEMORY: the letter is kept for the next try.
static hawser_status
take_event(hawser_inbox *inbox, const struct hw_letter *letter,
           hawser_item *item)
{
    struct hw_slot *slot = hw_slot_at(inbox->bus, letter->link);
    struct event_holder *holder = calloc(1, sizeof *holder);

    if (holder == NULL) {
        inbox->ahead = *letter;
        inbox->has_ahead = true;
        return HAWSER_NO_MEMORY;
    }
    holder->plan = hw_plan_hold(slot->plan);
    holder->report = letter->thing;
    fill_event(&holder->event, letter, holder->plan);
    holder->event.missed = inbox->missed;
    inbox->missed = 0;
    item->kind = HAWSER_ITEM_EVENT;
    item->link = hw_slot_link(slot);
    item->event = &holder->event;
    note_event_read(inbox, letter);
    return HAWSER_OK;
}

// Nobody is to read it: so no memory is needed for it.
static hawser_status
drop_event(hawser_inbox *inbox, const struct hw_letter *letter,
           hawser_item *item)
{
    (void)item; // it stays empty
    hw_report_drop(letter->thing);
    note_event_read(inbox, letter);
    return HAWSER_OK;
}

typedef hawser_status (*event_taker)(hawser_inbox *inbox,
                                     const struct hw_letter *letter,
                                     hawser_item *item);

static hawser_status
take_item(hawser_inbox *inbox, hawser_item *item, event_taker take_one_event)
{
    struct hw_letter letter;

    memset(item, 0, sizeof *item);
    if (inbox->batch != NULL) {
        take_message(inbox, item);
        return HAWSER_OK;
    }
    while (hear(inbox, &letter)) {
        switch (letter.kind) {
        case HW_LETTER_DELIVER:
            take_batch(inbox, &letter, item);
            return HAWSER_OK;
        case HW_LETTER_EVENT:
            return take_one_event(inbox, &letter, item);
        case HW_LETTER_RECEIPT:
            take_receipt(inbox, &letter, item);
            return HAWSER_OK;
        case HW_LETTER_EVENTS_MISSED:
            inbox->missed += letter.count;
            break;
        default:
            HW_CHECK(false, "an inbox is told what it understands");
        }
    }
    return HAWSER_AGAIN;
}

hawser_status
hw_inbox_take(hawser_inbox *inbox, hawser_item *item)
{
    return take_item(inbox, item, take_event);
}

void
hawser_item_drop(hawser_item *item)
{
    if (item == NULL) {
        return;
    }
    hawser_message_drop(item->message);
    if (item->event != NULL) {
        struct event_holder *holder = (struct event_holder *)item->event;

        hw_report_drop(holder->report);
        hw_plan_drop(holder->plan);
        free(holder);
    }
    item->message = NULL;
    item->event = NULL;
}

void
hw_inbox_discard(hawser_inbox *inbox)
{
    hawser_item item;

    while (take_item(inbox, &item, drop_event) == HAWSER_OK) {
        hawser_item_drop(&item);
    }
}

// ---- the file descriptor ----

// The mailbox's own is readable when a letter comes to one who has heard them
// all. What was heard and not yet handed out shows on the other.
static void
show_items(hawser_inbox *inbox)
{
    uint64_t one = 1;
    ssize_t done;
    bool has;

    if (inbox->watch_fd < 0) {
        return;
    }
    // Only who has heard in vain is told by the mailbox of the next letter.
    if (inbox->batch == NULL && !inbox->has_ahead) {
        inbox->has_ahead = hear_ears(inbox, &inbox->ahead);
    }
    has = inbox->batch != NULL || inbox->has_ahead;
    if (has == inbox->item_shown) {
        return;
    }
    // Interrupted it is done again; otherwise neither can fail, since it counts
    // to one and back.
    do {
        done = has ? write(inbox->item_fd, &one, sizeof one)
                   : read(inbox->item_fd, &one, sizeof one);
    } while (done < 0 && errno == EINTR);
    inbox->item_shown = has;
}

static bool
watch(int watch_fd, int fd)
{
    struct epoll_event in = { .events = EPOLLIN };

    if (epoll_ctl(watch_fd, EPOLL_CTL_ADD, fd, &in) != 0) {
        hw_refusal_note("epoll_ctl", errno);
        return false;
    }
    return true;
}

static bool
watch_ears(int watch_fd, const hawser_inbox *inbox)
{
    bool watched = true;

    for (unsigned i = 0; i < inbox->ear_count && watched; i++) {
        watched = watch(watch_fd, hw_mailbox_fd(inbox->ears[i].mailbox));
    }
    return watched;
}

static hawser_status
open_fds(hawser_inbox *inbox)
{
    int watch_fd = epoll_create1(EPOLL_CLOEXEC);
    int item_fd;

    if (watch_fd < 0) {
        hw_refusal_note("epoll_create1", errno);
        return HAWSER_SYSTEM;
    }
    item_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (item_fd < 0) {
        hw_refusal_note("eventfd", errno);
        (void)close(watch_fd); // it held nothing
        return HAWSER_SYSTEM;
    }
    if (!watch(watch_fd, item_fd) || !watch_ears(watch_fd, inbox)) {
        (void)close(watch_fd); // it held nothing
        (void)close(item_fd);  // likewise
        return HAWSER_SYSTEM;
    }
    inbox->watch_fd = watch_fd;
    inbox->item_fd = item_fd;
    show_items(inbox);
    return HAWSER_OK;
}

hawser_status
hawser_inbox_fd(hawser_inbox *inbox, int *fd)
{
    hawser_status status = HAWSER_OK;

    if (inbox == NULL || fd == NULL) {
        return HAWSER_INVALID;
    }
    pthread_mutex_lock(&inbox->lock);
    if (inbox->watch_fd < 0) {
        status = open_fds(inbox);
    }
    if (status == HAWSER_OK) {
        *fd = inbox->watch_fd;
    } else {
        hw_error_of(status);
    }
    pthread_mutex_unlock(&inbox->lock);
    return status;
}

hawser_status
hawser_inbox_zmq_socket(hawser_inbox *inbox, void **zmq_socket)
{
    if (inbox == NULL || zmq_socket == NULL) {
        return HAWSER_INVALID;
    }
    if (!inbox->bus->threaded || inbox->ear_count > 1) {
        return HAWSER_UNSUPPORTED;
    }
    *zmq_socket = hw_mailbox_socket(inbox->ears[0].mailbox);
    return HAWSER_OK;
}

// ---- receiving ----

static void
wait_for_letter(hawser_inbox *inbox, uint64_t deadline_ms)
{
    struct pollfd in[HW_SHARDS_MAX];
    uint64_t now_ms = hw_now_ms();
    uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    int timeout_ms = left_ms > 3600000 ? 3600000 : (int)left_ms;

    for (unsigned i = 0; i < inbox->ear_count; i++) {
        in[i] = (struct pollfd){ .fd = hw_mailbox_fd(inbox->ears[i].mailbox),
                                 .events = POLLIN };
    }
    (void)poll(in, inbox->ear_count,
               timeout_ms); // whoever waits looks, and waits again
}

// Whoever pays CPU for latency does not sleep at once.
static bool
spin_for_letter(const hawser_inbox *inbox, uint64_t deadline_ms)
{
    uint64_t spin_us = (uint64_t)inbox->bus->settings->spin;
    uint64_t now_us = hw_loop_clock_us(NULL), end_us = now_us + spin_us;
    bool came = false;

    while (!(came = ears_have(inbox)) && now_us < end_us &&
           now_us / 1000 < deadline_ms) {
        now_us = hw_loop_clock_us(NULL);
    }
    return came;
}

static void
run_loop_once(hawser_inbox *inbox, uint64_t deadline_ms)
{
    hawser_bus *bus = inbox->bus;

    bus->receiving = inbox;
    hw_loop_wait(bus->shards[0].loop, deadline_ms);
    bus->receiving = NULL;
}

// With threads=0 the one who says is the one who hears, and its tally is right.
static hawser_status
look(hawser_inbox *inbox, hawser_item *item)
{
    return inbox->bus->threaded || hw_inbox_has(inbox)
               ? hw_inbox_take(inbox, item)
               : HAWSER_AGAIN;
}

static hawser_status
receive(hawser_inbox *inbox, hawser_item *item, int timeout_ms,
        uint64_t deadline_ms)
{
    hawser_status status;

    for (;;) {
        status = look(inbox, item);
        if (status != HAWSER_AGAIN) {
            return status;
        }
        if (timeout_ms < 0 && atomic_load(&inbox->links) == 0) {
            return HAWSER_ENDED;
        }
        if (deadline_ms == 0) {
            deadline_ms = timeout_ms == 0 ? 1 : hw_deadline_ms(timeout_ms);
        } else if (hw_now_ms() >= deadline_ms) {
            return timeout_ms == 0 ? HAWSER_AGAIN : HAWSER_TIMEOUT;
        }
        if (!inbox->bus->threaded) {
            run_loop_once(inbox, deadline_ms);
        } else if (timeout_ms != 0 && (inbox->bus->settings->spin == 0 ||
                                       !spin_for_letter(inbox, deadline_ms))) {
            wait_for_letter(inbox, deadline_ms);
        }
    }
}

// Of several threads that wait in one inbox, one waits for items and the others
// for their turn; what that takes is part of the time they have.
static bool
take_turn(hawser_inbox *inbox, int timeout_ms, uint64_t *deadline_ms)
{
    struct timespec until;

    if (pthread_mutex_trylock(&inbox->lock) == 0) {
        return true;
    }
    if (timeout_ms < 0) {
        pthread_mutex_lock(&inbox->lock);
        return true;
    }
    if (timeout_ms == 0) {
        return false;
    }
    *deadline_ms = hw_deadline_ms(timeout_ms);
    until.tv_sec = (time_t)(*deadline_ms / 1000);
    until.tv_nsec = (long)(*deadline_ms % 1000) * 1000000;
    return pthread_mutex_clocklock(&inbox->lock, CLOCK_MONOTONIC, &until) == 0;
}

hawser_status
hawser_inbox_receive(hawser_inbox *inbox, hawser_item *item, int timeout_ms)
{
    uint64_t deadline_ms = 0; // not known until there is something to wait for
    hawser_status status;

    if (inbox == NULL || item == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    if (!take_turn(inbox, timeout_ms, &deadline_ms)) {
        return timeout_ms == 0 ? HAWSER_AGAIN : HAWSER_TIMEOUT;
    }
    status = receive(inbox, item, timeout_ms, deadline_ms);
    show_items(inbox);
    pthread_mutex_unlock(&inbox->lock);
    return status;
}

hawser_status
hawser_receive(hawser_bus *bus, hawser_item *item, int timeout_ms)
{
    return bus == NULL
               ? HAWSER_INVALID
               : hawser_inbox_receive(bus->inboxes[0], item, timeout_ms);
}

// ---- dispatching ----

static void
handle(const hawser_handlers *handlers, const hawser_item *item)
{
    switch (item->kind) {
    case HAWSER_ITEM_MESSAGE:
        if (handlers->on_message != NULL) {
            handlers->on_message(handlers->user, item->link, item->message);
        }
        break;
    case HAWSER_ITEM_EVENT:
        if (handlers->on_event != NULL) {
            handlers->on_event(handlers->user, item->link, item->event);
        }
        break;
    case HAWSER_ITEM_RECEIPT:
        if (handlers->on_receipt != NULL) {
            handlers->on_receipt(handlers->user, item->link, item->tag,
                                 item->fate);
        }
        break;
    }
}

// Bounded, so that a flood of items does not keep the caller.
enum { DISPATCH_MAX = 4096 };

hawser_status
hawser_dispatch(hawser_bus *bus, const hawser_handlers *handlers,
                int timeout_ms, size_t *count)
{
    hawser_status status = HAWSER_OK;
    size_t handled = 0;

    if (bus == NULL || handlers == NULL) {
        return HAWSER_INVALID;
    }
    while (handled < DISPATCH_MAX) {
        hawser_item item;

        status = hawser_receive(bus, &item, handled == 0 ? timeout_ms : 0);
        if (status != HAWSER_OK) {
            break;
        }
        handle(handlers, &item);
        hawser_item_drop(&item);
        handled++;
    }
    if (count != NULL) {
        *count = handled;
    }
    return handled > 0 ? HAWSER_OK : status;
}

// ---- closing ----

static void
close_if_heard_here(struct hw_slot *slot, void *user)
{
    hawser_inbox *inbox = user;
    bool here;

    pthread_mutex_lock(&slot->lock);
    here = slot->inbox == inbox;
    pthread_mutex_unlock(&slot->lock);
    if (here) {
        hw_link_end(inbox->bus, slot, 0);
    }
}

static bool
has_ended(void *user)
{
    hawser_inbox *inbox = user;

    hw_inbox_discard(inbox);
    return atomic_load(&inbox->links) == 0;
}

static bool
hears_end(struct hw_ear *ear)
{
    struct hw_letter letter;

    if (ear->ended) {
        return true; // whoever waits may ask again
    }
    if (!hw_mailbox_hear(ear->mailbox, &letter)) {
        return false;
    }
    HW_CHECK(letter.kind == HW_LETTER_INBOX_CLOSED,
             "an inbox without links is told nothing but its end");
    hw_mailbox_let_finish(ear->mailbox);
    hw_mailbox_close(letter.thing);
    ear->ended = true;
    return true;
}

static bool
hears_its_end(void *user)
{
    hawser_inbox *inbox = user;
    bool ended = true;

    for (unsigned i = 0; i < inbox->ear_count; i++) {
        ended = hears_end(&inbox->ears[i]) && ended;
    }
    return ended;
}

void
hawser_inbox_close(hawser_inbox *inbox)
{
    hawser_bus *bus;

    if (inbox == NULL) {
        return;
    }
    bus = inbox->bus;
    hw_slots_each(bus, close_if_heard_here, inbox);
    (void)hw_wait(bus, UINT64_MAX, has_ended, inbox); // until it is so
    for (unsigned i = 0; i < inbox->ear_count; i++) {
        struct hw_ear *ear = &inbox->ears[i];

        // About no link: nothing is to come behind it.
        (void)hw_command_push(ear->shard, ear->farewell);
        ear->farewell = NULL;
    }
    (void)hw_wait(bus, UINT64_MAX, hears_its_end, inbox); // until it is so
    set_number(bus, inbox->number, NULL);
    hw_inbox_free(inbox);
}
