// sea.h - a bus with one link, and a bare ZeroMQ socket at its other end.
#ifndef TESTS_ZMQ_SEA_H
#define TESTS_ZMQ_SEA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/hawser.h>

enum { SEA_PATIENCE_MS = 20000 };

struct sea {
    void *context;
    hawser_bus *bus;
    hawser_link link;
    char address[128]; // that the last peer is bound to
    // The last message, event and receipt that were heard.
    char topic[256], bytes[256];
    size_t topic_size, size;
    bool has_topic;
    hawser_state state;
    char error[256];
    unsigned downgrades;
};

void
sea_begin(struct sea *sea);

void
sea_end(struct sea *sea);

// A socket that is bound to address ("tcp://127.0.0.1:*"), or connected to it.
void *
sea_bind(struct sea *sea, int type, const char *address);

void *
sea_connect(struct sea *sea, int type, const char *address);

// The same, known by that routing id.
void *
sea_connect_as(struct sea *sea, int type, const char *address, const char *id);

// Opens the link to url, with names and values of options up to a NULL.
hawser_status
sea_open(struct sea *sea, const char *url, ...);

// The same with "zmq+", the last peer's address, and a query.
hawser_status
sea_open_peer(struct sea *sea, const char *query, const char *option,
              const char *value);

// Waits until the link has that state. False: it never has.
bool
sea_is(struct sea *sea, hawser_state state);

// Waits until it is UP; where it is bound, address has where.
bool
sea_up(struct sea *sea);

// Waits for a message; whether it is this one. topic NULL: it has none.
bool
sea_hears(struct sea *sea, const char *topic, const char *bytes);

// Sends one. topic NULL: without.
void
sea_says(struct sea *sea, const char *topic, const char *bytes, size_t size,
         uint64_t tag);

// The next receipt. False: none came.
bool
sea_receipt(struct sea *sea, uint64_t *tag, hawser_fate *fate);

// Whether the receipt of tag says that it is settled.
bool
sea_settles(struct sea *sea, uint64_t tag);

// Whether the next receipt says that of it.
bool
sea_told(struct sea *sea, uint64_t tag, hawser_fate fate);

// Messages that are, by now.
uint64_t
sea_settled(struct sea *sea);

// Hands a message to the link that refuses it: whether it says so.
bool
sea_refuses(struct sea *sea, const char *topic, const char *bytes, size_t size,
            const char *sentence);

// ---- the bare socket ----

// Sends frames, "a|b|c".
void
peer_says(void *peer, const char *frames);

// Waits for a message; whether its frames are these.
bool
peer_hears(void *peer, const char *frames);

void
peer_ends(void *peer);

#endif
