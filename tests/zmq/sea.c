// sea.c - a bus with one link, and a bare ZeroMQ socket at its other end.
#include "sea.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void
must(bool done)
{
    if (!done) {
        (void)fprintf(stderr, "sea: %s, %s\n", zmq_strerror(zmq_errno()),
                      hawser_last_error());
        abort();
    }
}

void
sea_begin(struct sea *sea)
{
    memset(sea, 0, sizeof *sea);
    sea->context = zmq_ctx_new();
    must(sea->context != NULL);
    must(hawser_bus_open(NULL, &sea->bus) == HAWSER_OK);
}

void
sea_end(struct sea *sea)
{
    (void)hawser_bus_close(sea->bus, 0); // what is left is not asked
    must(zmq_ctx_term(sea->context) == 0);
}

// ---- the link ----

hawser_status
sea_open(struct sea *sea, const char *url, ...)
{
    hawser_options *options = NULL;
    hawser_status status = HAWSER_OK;
    const char *name;
    va_list list;

    must(hawser_options_new(&options) == HAWSER_OK);
    must(hawser_options_set(options, "backoff.max", "20ms") == HAWSER_OK);
    must(hawser_options_set(options, "backoff.min", "5ms") == HAWSER_OK);
    va_start(list, url);
    while ((name = va_arg(list, const char *)) != NULL) {
        must(hawser_options_set(options, name, va_arg(list, const char *)) ==
             HAWSER_OK);
    }
    va_end(list);
    status = hawser_link_open(sea->bus, url, options, &sea->link);
    hawser_options_free(options);
    return status;
}

hawser_status
sea_open_peer(struct sea *sea, const char *query, const char *option,
              const char *value)
{
    char url[256];

    (void)snprintf(url, sizeof url, "zmq+%s?%s", sea->address, query); // fits
    return sea_open(sea, url, option, value, NULL);
}

static void
note_event(struct sea *sea, const hawser_event *event)
{
    sea->downgrades += event->kind == HAWSER_EVENT_DOWNGRADE;
    sea->state = event->state;
    if (event->error[0] != '\0') {
        (void)snprintf(sea->error, sizeof sea->error, "%s",
                       event->error); // cut
    }
}

static void
note_message(struct sea *sea, const hawser_message *message)
{
    const void *topic = hawser_message_topic(message, &sea->topic_size);

    sea->has_topic = topic != NULL;
    sea->size = hawser_message_size(message);
    must(sea->size < sizeof sea->bytes && sea->topic_size < sizeof sea->topic);
    memcpy(sea->bytes, hawser_message_bytes(message), sea->size);
    if (sea->topic_size > 0) {
        memcpy(sea->topic, topic, sea->topic_size);
    }
}

// Hears one item. False: none came.
static bool
hear(struct sea *sea, hawser_item *item)
{
    if (hawser_receive(sea->bus, item, SEA_PATIENCE_MS) != HAWSER_OK) {
        return false;
    }
    if (item->kind == HAWSER_ITEM_EVENT) {
        note_event(sea, item->event);
    } else if (item->kind == HAWSER_ITEM_MESSAGE) {
        note_message(sea, item->message);
    }
    hawser_item_drop(item);
    return true;
}

bool
sea_is(struct sea *sea, hawser_state state)
{
    hawser_item item;

    sea->state = HAWSER_IDLE;
    while (sea->state != state && hear(sea, &item)) {
    }
    return sea->state == state;
}

bool
sea_up(struct sea *sea)
{
    hawser_link_info info = { .size = sizeof info };

    if (!sea_is(sea, HAWSER_UP) ||
        hawser_link_get_info(sea->bus, sea->link, &info) != HAWSER_OK) {
        return false;
    }
    (void)snprintf(sea->address, sizeof sea->address, "%s%s",
                   strstr(info.peer, "://") == NULL ? "tcp://" : "",
                   info.peer); // it fits
    return true;
}

bool
sea_hears(struct sea *sea, const char *topic, const char *bytes)
{
    hawser_item item = { .kind = HAWSER_ITEM_EVENT };

    while (item.kind != HAWSER_ITEM_MESSAGE) {
        if (!hear(sea, &item)) {
            return false;
        }
    }
    return sea->has_topic == (topic != NULL) &&
           sea->topic_size == (topic == NULL ? 0 : strlen(topic)) &&
           (topic == NULL || memcmp(sea->topic, topic, sea->topic_size) == 0) &&
           sea->size == strlen(bytes) &&
           memcmp(sea->bytes, bytes, sea->size) == 0;
}

void
sea_says(struct sea *sea, const char *topic, const char *bytes, size_t size,
         uint64_t tag)
{
    hawser_message *message;

    must(hawser_message_new_topic(HAWSER_BINARY, topic,
                                  topic == NULL ? 0 : strlen(topic), bytes,
                                  size, &message) == HAWSER_OK);
    must(hawser_send_message(sea->bus, sea->link, message, tag) == HAWSER_OK);
    hawser_message_drop(message);
}

bool
sea_refuses(struct sea *sea, const char *topic, const char *bytes, size_t size,
            const char *sentence)
{
    hawser_message *message;
    hawser_status status;

    must(hawser_message_new_topic(HAWSER_BINARY, topic,
                                  topic == NULL ? 0 : strlen(topic), bytes,
                                  size, &message) == HAWSER_OK);
    status = hawser_send_message(sea->bus, sea->link, message, 1);
    hawser_message_drop(message);
    return status == HAWSER_INVALID &&
           strcmp(hawser_last_error(), sentence) == 0;
}

bool
sea_receipt(struct sea *sea, uint64_t *tag, hawser_fate *fate)
{
    hawser_item item = { .kind = HAWSER_ITEM_EVENT };

    while (item.kind != HAWSER_ITEM_RECEIPT) {
        if (!hear(sea, &item)) {
            return false;
        }
    }
    *tag = item.tag;
    *fate = item.fate;
    return true;
}

bool
sea_told(struct sea *sea, uint64_t tag, hawser_fate fate)
{
    uint64_t told;
    hawser_fate became;

    return sea_receipt(sea, &told, &became) && told == tag && became == fate;
}

bool
sea_settles(struct sea *sea, uint64_t tag)
{
    return sea_told(sea, tag, HAWSER_SETTLED);
}

uint64_t
sea_settled(struct sea *sea)
{
    hawser_link_stats stats = { .size = sizeof stats };

    must(hawser_link_get_stats(sea->bus, sea->link, &stats) == HAWSER_OK);
    return stats.settled;
}

// ---- the bare socket ----

static void *
open_peer(struct sea *sea, int type)
{
    void *peer = zmq_socket(sea->context, type);
    int none = 0, patience = SEA_PATIENCE_MS;

    must(peer != NULL);
    must(zmq_setsockopt(peer, ZMQ_LINGER, &none, sizeof none) == 0);
    must(zmq_setsockopt(peer, ZMQ_RCVTIMEO, &patience, sizeof patience) == 0);
    must(zmq_setsockopt(peer, ZMQ_SNDTIMEO, &patience, sizeof patience) == 0);
    return peer;
}

void *
sea_bind(struct sea *sea, int type, const char *address)
{
    void *peer = open_peer(sea, type);
    size_t size = sizeof sea->address;

    must(zmq_bind(peer, address) == 0);
    must(zmq_getsockopt(peer, ZMQ_LAST_ENDPOINT, sea->address, &size) == 0);
    return peer;
}

void *
sea_connect(struct sea *sea, int type, const char *address)
{
    return sea_connect_as(sea, type, address, "");
}

void *
sea_connect_as(struct sea *sea, int type, const char *address, const char *id)
{
    void *peer = open_peer(sea, type);

    must(id[0] == '\0' ||
         zmq_setsockopt(peer, ZMQ_ROUTING_ID, id, strlen(id)) == 0);
    must(zmq_connect(peer, address) == 0);
    return peer;
}

void
peer_says(void *peer, const char *frames)
{
    for (;;) {
        size_t size = strcspn(frames, "|");
        bool more = frames[size] == '|';

        must(zmq_send(peer, frames, size, more ? ZMQ_SNDMORE : 0) >= 0);
        if (!more) {
            return;
        }
        frames += size + 1;
    }
}

bool
peer_hears(void *peer, const char *frames)
{
    char text[512] = "", frame[256];
    int more = 1, size;
    size_t at = 0, option = sizeof more;

    while (more != 0) {
        size = zmq_recv(peer, frame, sizeof frame, 0);
        if (size < 0 || (size_t)size > sizeof frame) {
            return false;
        }
        must(zmq_getsockopt(peer, ZMQ_RCVMORE, &more, &option) == 0);
        at += (size_t)snprintf(text + at, sizeof text - at, "%.*s%s", size,
                               frame, more != 0 ? "|" : "");
    }
    return strcmp(text, frames) == 0;
}

void
peer_ends(void *peer)
{
    must(zmq_close(peer) == 0);
}
