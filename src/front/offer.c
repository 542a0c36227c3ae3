// offer.c - links that are offered at ZeroMQ sockets.
//
// Each has an inbox of its own, which nobody but the pump reads. What could not
// be passed on is held, and the side that it came from is not read meanwhile.
// All is done on the loop's thread, save opening.
#include "front/offer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/news.h"
#include "post/socket.h"
#include "values/utf8.h"

enum {
    ADDRESS_MAX = 200,
    BURST_MESSAGES = 1024, // from one socket, before others have their turn
};

struct hw_offer {
    struct hw_offer *next; // of the shard's, or of those that are idle
    hawser_bus *bus;
    struct hw_shard *shard; // of its link, for all its lives
    hawser_inbox *inbox;    // stays when the offer ends, for the next one
    hawser_link link;
    hawser_kind kind;
    struct hw_socket *socket;
    struct hw_socket *news;
    struct hw_fd_watch *socket_watch; // NULL: not yet
    struct hw_fd_watch *news_watch;
    bool may_hear; // on the socket, or it was not asked
    bool stirred;  // something may have changed there
    bool untold;   // who has subscribed was not told the last event
    bool ended;    // CLOSED was read
    // Heard on the socket, and not yet accepted.
    struct hw_frame frames[HW_FRAMES_MAX];
    unsigned frame_count; // 0: none
    bool blocked;         // the link is to say when it has room
    // Taken from the inbox, and not yet said on the socket.
    hawser_item item;
    bool has_item;
    // The last event.
    const char *name;
    char *text;
};

// For want of memory something is left to do, and nobody else would see to a
// turn.
static void
try_again(struct hw_offer *offer)
{
    offer->stirred = true;
    hw_loop_turn_again(offer->shard->loop);
}

// ---- news ----

// false: out of memory.
static bool
say_news(struct hw_offer *offer, const char *name, const char *text)
{
    const struct hw_frame frames[HW_FRAMES_MAX] = {
        { .bytes = name, .size = strlen(name) },
        { .bytes = text, .size = strlen(text) },
    };

    return hw_socket_say(offer->news, frames, HW_FRAMES_MAX) !=
           HAWSER_NO_MEMORY;
}

// Has anybody subscribed since the socket was last heard?
static bool
has_new_subscriber(struct hw_offer *offer)
{
    struct hw_frame frames[HW_FRAMES_MAX];
    bool anew = false;

    while (hw_socket_hear(offer->news, frames) > 0) {
        const char *bytes = frames[0].bytes;

        anew = anew || (frames[0].size > 0 && bytes[0] == 1);
    }
    return anew;
}

// Whoever subscribes is told the last event. Saying may use up what tells of
// the next subscriber, so the socket is heard again after it.
static void
hear_subscribers(struct hw_offer *offer)
{
    offer->untold = has_new_subscriber(offer) || offer->untold;
    while (offer->untold && offer->text != NULL) {
        if (!say_news(offer, offer->name, offer->text)) {
            try_again(offer);
            return;
        }
        offer->untold = has_new_subscriber(offer);
    }
    offer->untold = false;
}

// OK, NO_MEMORY.
static hawser_status
tell_event(struct hw_offer *offer, const hawser_event *event)
{
    const char *name = hw_news_name(event);
    char *text = hw_news_text(offer->link, event);

    if (text == NULL) {
        return HAWSER_NO_MEMORY;
    }
    hear_subscribers(offer); // they hear what was before, and then this
    if (!say_news(offer, name, text)) {
        free(text);
        return HAWSER_NO_MEMORY;
    }
    free(offer->text);
    offer->name = name;
    offer->text = text;
    offer->untold = false;
    hear_subscribers(offer);
    return HAWSER_OK;
}

// OK, NO_MEMORY.
static hawser_status
tell_refused(struct hw_offer *offer, const char *error, size_t size)
{
    char *text = hw_news_refused(offer->link, error, size);
    bool told = text != NULL && say_news(offer, "refused", text);

    free(text);
    hear_subscribers(offer);
    return told ? HAWSER_OK : HAWSER_NO_MEMORY;
}

// ---- from the link to the socket ----

static hawser_status
say_message(struct hw_offer *offer, hawser_message *message)
{
    size_t topic_size;
    const void *topic = hawser_message_topic(message, &topic_size);
    const struct hw_frame frames[HW_FRAMES_MAX] = {
        { .bytes = topic, .size = topic_size },
        {
            .bytes = hawser_message_bytes(message),
            .size = hawser_message_size(message),
            .owner = message,
        },
    };
    unsigned skip = topic == NULL;

    return hw_socket_say(offer->socket, frames + skip, HW_FRAMES_MAX - skip);
}

// OK, AGAIN, NO_MEMORY.
static hawser_status
say_item(struct hw_offer *offer)
{
    switch (offer->item.kind) {
    case HAWSER_ITEM_MESSAGE:
        return say_message(offer, offer->item.message);
    case HAWSER_ITEM_EVENT:
        return tell_event(offer, offer->item.event);
    default:
        return HAWSER_OK; // nothing is sent here with a tag
    }
}

static void
drop_item(struct hw_offer *offer)
{
    const hawser_event *event = offer->item.event;

    offer->ended = offer->ended || (offer->item.kind == HAWSER_ITEM_EVENT &&
                                    event->kind == HAWSER_EVENT_STATE &&
                                    event->state == HAWSER_CLOSED);
    hawser_item_drop(&offer->item);
    offer->has_item = false;
}

// false: it is held until the socket takes it.
static bool
pass_item(struct hw_offer *offer)
{
    hawser_status status = say_item(offer);

    if (status != HAWSER_OK && !atomic_load(&offer->bus->closing)) {
        if (status == HAWSER_NO_MEMORY) {
            try_again(offer);
        }
        return false;
    }
    drop_item(offer);
    return true;
}

static bool
take_next_item(struct hw_offer *offer)
{
    if (!offer->has_item && hw_inbox_has(offer->inbox)) {
        hawser_status status = hw_inbox_take(offer->inbox, &offer->item);

        offer->has_item = status == HAWSER_OK;
        if (status == HAWSER_NO_MEMORY) {
            try_again(offer);
        }
    }
    return offer->has_item;
}

// false: the socket takes no more.
static bool
pump_out(struct hw_offer *offer)
{
    while (take_next_item(offer)) {
        offer->may_hear = true; // what told of it may be used up
        if (!pass_item(offer)) {
            return false;
        }
    }
    return true;
}

// ---- from the socket to the link ----

static void
count_blocked(struct hw_offer *offer, bool blocked)
{
    struct hw_slot *slot;

    if (offer->blocked == blocked) {
        return;
    }
    offer->blocked = blocked;
    slot = hw_slot_lock(offer->bus, offer->link);
    if (slot != NULL) {
        if (blocked) {
            atomic_fetch_add(&slot->meter.blocked, 1);
        } else {
            atomic_fetch_sub(&slot->meter.blocked, 1);
        }
        hw_slot_unlock(slot);
    }
}

static hawser_status
accept_frames(struct hw_offer *offer, const char **error)
{
    unsigned count = offer->frame_count;
    const struct hw_frame *bytes =
        &offer->frames[count > 1 ? HW_FRAMES_MAX - 1 : 0];
    struct hawser_message message = {
        .bytes = bytes->bytes,
        .size = (uint32_t)bytes->size,
        .kind = (uint8_t)offer->kind,
    };

    if (count > HW_FRAMES_MAX) {
        *error = "a message is one frame, or two: topic and bytes";
        return HAWSER_INVALID;
    }
    if (bytes->size > HW_MESSAGE_SIZE_MAX) {
        return HAWSER_TOO_BIG;
    }
    if (offer->kind == HAWSER_TEXT &&
        !hw_utf8_valid(bytes->bytes, bytes->size)) {
        *error = "not UTF-8";
        return HAWSER_INVALID;
    }
    if (count == HW_FRAMES_MAX) {
        if (offer->frames[0].size > UINT16_MAX) {
            *error = "the topic is longer than 65535 bytes";
            return HAWSER_INVALID;
        }
        message.topic = offer->frames[0].bytes;
        message.topic_size = (uint16_t)offer->frames[0].size;
    }
    return hw_send_now(offer->bus, offer->link, &message);
}

// false: it is held until the link takes it.
static bool
pass_frames(struct hw_offer *offer)
{
    const char *error = NULL;
    hawser_status status = accept_frames(offer, &error);

    if (status == HAWSER_FULL) {
        count_blocked(offer, true);
        status = accept_frames(offer, &error); // room may just have come
    }
    if (status != HAWSER_OK && status != HAWSER_FULL &&
        status != HAWSER_NO_MEMORY) {
        const struct hw_frame *last =
            &offer->frames[offer->frame_count > 1 ? HW_FRAMES_MAX - 1 : 0];

        status = tell_refused(
            offer, error != NULL ? error : hawser_status_text(status),
            last->size);
    }
    if (status == HAWSER_NO_MEMORY) {
        try_again(offer);
    }
    if (status != HAWSER_OK) {
        return false;
    }
    count_blocked(offer, false);
    offer->frame_count = 0;
    return true;
}

static bool
hear_next(struct hw_offer *offer)
{
    if (offer->frame_count == 0 && offer->may_hear) {
        offer->frame_count = hw_socket_hear(offer->socket, offer->frames);
        offer->may_hear = offer->frame_count > 0;
    }
    return offer->frame_count > 0;
}

static void
pump_in(struct hw_offer *offer)
{
    unsigned heard = 0;

    while (hear_next(offer) && pass_frames(offer)) {
        if (++heard == BURST_MESSAGES) {
            offer->stirred = true;
            hw_loop_knock(offer->shard->loop);
            return;
        }
    }
}

// ---- pumping ----

static void
on_socket_readable(void *user)
{
    struct hw_offer *offer = user;

    // Asking is what makes it unreadable again.
    if ((hw_socket_can(offer->socket) & HW_SOCKET_CAN_HEAR) != 0) {
        offer->may_hear = true;
    }
    offer->stirred = true;
}

static void
on_news_readable(void *user)
{
    struct hw_offer *offer = user;

    (void)hw_socket_can(offer->news); // as above
    hear_subscribers(offer);
}

static bool
is_watched(struct hw_offer *offer)
{
    struct hw_loop *loop = offer->shard->loop;

    if (offer->socket_watch == NULL &&
        hw_loop_watch_fd(loop, hw_socket_fd(offer->socket), on_socket_readable,
                         offer, &offer->socket_watch) != HAWSER_OK) {
        return false;
    }
    return offer->news_watch != NULL ||
           hw_loop_watch_fd(loop, hw_socket_fd(offer->news), on_news_readable,
                            offer, &offer->news_watch) == HAWSER_OK;
}

static void
close_sockets(struct hw_offer *offer)
{
    hw_loop_unwatch_fd(offer->socket_watch);
    hw_loop_unwatch_fd(offer->news_watch);
    hw_socket_close(offer->socket);
    hw_socket_close(offer->news);
    offer->socket_watch = NULL;
    offer->news_watch = NULL;
    offer->socket = NULL;
    offer->news = NULL;
}

// The application has ended the context that its sockets are in, and waits for
// them to be closed.
static void
end_with_context(struct hw_offer *offer)
{
    struct hw_slot *slot = hw_slot_lock(offer->bus, offer->link);

    if (slot != NULL) {
        hw_slot_unlock(slot);
        hw_link_end(offer->bus, slot, 0);
    }
    close_sockets(offer);
}

static bool
is_quiet(const struct hw_offer *offer)
{
    return !offer->stirred && offer->frame_count == 0 && !offer->has_item &&
           !hw_inbox_has(offer->inbox);
}

static void
pump_sockets(struct hw_offer *offer)
{
    bool out_taken;

    offer->stirred = false;
    if (!is_watched(offer)) {
        try_again(offer);
    }
    if (offer->untold) {
        hear_subscribers(offer);
    }
    do {
        out_taken = pump_out(offer);
        pump_in(offer);
    } while (!out_taken && !offer->ended && !offer->stirred &&
             (hw_socket_can(offer->socket) & HW_SOCKET_CAN_SAY) != 0);
    if (hw_socket_has_ended(offer->socket)) {
        end_with_context(offer);
    }
}

// Without sockets only the end is waited for.
static void
discard_items(struct hw_offer *offer)
{
    while (take_next_item(offer)) {
        drop_item(offer);
    }
}

static void
pump(struct hw_offer *offer)
{
    if (offer->socket == NULL) {
        discard_items(offer);
    } else if (!is_quiet(offer)) {
        pump_sockets(offer);
    }
}

// ---- a shard's offers ----

// Whatever it has left is nobody's any more.
static void
empty(struct hw_offer *offer)
{
    close_sockets(offer);
    free(offer->text);
    offer->text = NULL;
    offer->frame_count = 0;
    offer->untold = false;
    if (offer->has_item) {
        hawser_item_drop(&offer->item);
        offer->has_item = false;
    }
}

static void
retire(struct hw_offer *offer)
{
    hawser_bus *bus = offer->bus;

    count_blocked(offer, false);
    empty(offer);
    pthread_mutex_lock(&bus->lock);
    offer->next = offer->shard->idle_offers;
    offer->shard->idle_offers = offer;
    pthread_mutex_unlock(&bus->lock);
}

static void
take_new(struct hw_shard *shard)
{
    struct hw_offer *offer = NULL;

    if (atomic_load_explicit(&shard->new_offers, memory_order_relaxed) !=
        NULL) {
        offer = atomic_exchange(&shard->new_offers, NULL);
    }
    while (offer != NULL) {
        struct hw_offer *next = offer->next;

        offer->next = shard->offers;
        shard->offers = offer;
        offer = next;
    }
}

static void
pump_all(struct hw_shard *shard)
{
    struct hw_offer **place = &shard->offers;

    while (*place != NULL) {
        struct hw_offer *offer = *place;

        pump(offer);
        if (offer->ended) {
            *place = offer->next;
            retire(offer);
        } else {
            place = &offer->next;
        }
    }
}

void
hw_offers_gather(struct hw_shard *shard)
{
    take_new(shard);
    pump_all(shard);
}

void
hw_offers_turned(struct hw_shard *shard)
{
    pump_all(shard);
}

void
hw_offers_end(hawser_bus *bus)
{
    atomic_store(&bus->closing, true);
    for (unsigned i = 0; i < bus->shard_count; i++) {
        hw_loop_knock(bus->shards[i].loop);
    }
}

static void
free_all(struct hw_offer *offer)
{
    while (offer != NULL) {
        struct hw_offer *next = offer->next;

        empty(offer);
        free(offer);
        offer = next;
    }
}

void
hw_offers_close(struct hw_shard *shard)
{
    take_new(shard);
    free_all(shard->offers);
    free_all(shard->idle_offers);
}

// ---- opening ----

static bool
is_an_address(const char *address)
{
    static const char scheme[] = "inproc://";
    size_t size = strlen(address);

    return size > sizeof scheme - 1 && size <= ADDRESS_MAX &&
           strncmp(address, scheme, sizeof scheme - 1) == 0;
}

// With the bus locked.
static struct hw_offer *
take_idle_of(struct hw_shard *shard)
{
    struct hw_offer *offer = shard->idle_offers;

    if (offer != NULL) {
        shard->idle_offers = offer->next;
    }
    return offer;
}

// One of the shard with the fewest links, which *shard is; or, with anywhere,
// of any.
static struct hw_offer *
take_idle(hawser_bus *bus, bool anywhere, struct hw_shard **shard)
{
    struct hw_offer *offer;

    pthread_mutex_lock(&bus->lock);
    *shard = hw_shard_idlest(bus);
    offer = take_idle_of(*shard);
    for (unsigned i = 0; anywhere && i < bus->shard_count && offer == NULL;
         i++) {
        offer = take_idle_of(&bus->shards[i]);
    }
    pthread_mutex_unlock(&bus->lock);
    return offer;
}

static hawser_status
make(struct hw_shard *shard, struct hw_offer **offer)
{
    struct hw_offer *made = calloc(1, sizeof *made);
    hawser_status status;

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    made->bus = shard->bus;
    made->shard = shard;
    status = hw_inbox_open_hidden(shard, &made->inbox);
    if (status != HAWSER_OK) {
        free(made);
        return status;
    }
    *offer = made;
    return HAWSER_OK;
}

static hawser_status
take(hawser_bus *bus, struct hw_offer **offer)
{
    struct hw_shard *shard;
    hawser_status status = HAWSER_OK;

    *offer = take_idle(bus, false, &shard);
    if (*offer == NULL) {
        status = make(shard, offer);
    }
    if (status == HAWSER_FULL) { // what is idle elsewhere keeps its inbox
        *offer = take_idle(bus, true, &shard);
        status = *offer == NULL ? HAWSER_FULL : HAWSER_OK;
    }
    return status;
}

static hawser_status
open_socket(void *context, enum hw_socket_type type, const char *address,
            struct hw_socket **socket)
{
    hawser_status status = hw_socket_open(context, type, address, socket);

    if (status == HAWSER_SYSTEM) {
        hw_error_set("%s: %s", address, strerror(errno));
    } else if (status != HAWSER_OK) {
        hw_error_set("%s", hawser_status_text(status));
    }
    return status;
}

static hawser_status
open_sockets(struct hw_offer *offer, const char *address,
             const struct hawser_settings *settings)
{
    char news_address[ADDRESS_MAX + sizeof ".events"];
    void *context = hawser_bus_zmq_context(offer->bus);
    hawser_status status =
        open_socket(context, (enum hw_socket_type)settings->offer_type, address,
                    &offer->socket);

    if (status != HAWSER_OK) {
        return status;
    }
    (void)snprintf(news_address, sizeof news_address, "%s.events", address);
    offer->kind = settings->offer_kind == 0 ? HAWSER_BINARY : HAWSER_TEXT;
    return open_socket(context, HW_SOCKET_NEWS, news_address, &offer->news);
}

static hawser_status
open_with(struct hw_offer *offer, const char *address, const char *urls,
          const hawser_options *options, hawser_link *link)
{
    struct hawser_settings *settings =
        hw_settings_new(offer->bus->options, options);
    hawser_status status;

    if (settings == NULL) {
        hw_error_set("out of memory");
        return HAWSER_NO_MEMORY;
    }
    status = open_sockets(offer, address, settings);
    hw_settings_drop(settings);
    if (status == HAWSER_OK) {
        status = hawser_link_open_in(offer->inbox, urls, options, link);
    }
    return status;
}

// Pushed in front of those that the loop has not taken yet.
static void
push_new(struct hw_offer *offer)
{
    struct hw_shard *shard = offer->shard;

    offer->next = atomic_load(&shard->new_offers);
    while (!atomic_compare_exchange_weak(&shard->new_offers, &offer->next,
                                         offer)) {
    }
    hw_loop_knock(shard->loop);
}

hawser_status
hawser_link_offer(hawser_bus *bus, const char *address, const char *urls,
                  const hawser_options *options, hawser_link *link)
{
    struct hw_offer *offer;
    hawser_status status;

    hw_error_clear();
    if (bus == NULL || address == NULL || urls == NULL || link == NULL) {
        hw_error_set("an argument is missing");
        return HAWSER_INVALID;
    }
    if (!is_an_address(address)) {
        hw_error_set("%.*s: an address is inproc://name, of at most %d bytes",
                     ADDRESS_MAX, address, ADDRESS_MAX);
        return HAWSER_INVALID;
    }
    status = take(bus, &offer);
    if (status != HAWSER_OK) {
        hw_error_set("%s", status == HAWSER_FULL
                               ? "as many inboxes and offers are open"
                               : hawser_status_text(status));
        return status;
    }
    status = open_with(offer, address, urls, options, &offer->link);
    if (status != HAWSER_OK) {
        retire(offer);
        return status;
    }
    offer->ended = false;
    offer->stirred = true; // whoever comes first looks
    offer->may_hear = true;
    *link = offer->link;
    push_new(offer);
    return HAWSER_OK;
}
