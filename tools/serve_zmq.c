// serve_zmq.c - the same for zmq+tcp:// and zmq+ipc://, through the library.
#include <errno.h>
#include <hawser/hawser.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "serve.h"
#include "session.h"

enum {
    ORDER_MAX = 31,
    ITEMS_AT_ONCE = 4096, // before a signal is looked for
    GLANCE_MS = 10,       // between looks whether a full link has room
};

// One address: a socket that is bound.
struct stand {
    hawser_link link;
    char url[SERVE_URL_MAX + 32];
    bool hears_only; // a PULL, or its kin: it can't answer
    bool told;       // its address was printed
};

struct market {
    const struct serve_options *options;
    hawser_bus *bus;
    struct stand stands[SERVE_ZMQ_MAX];
    uint64_t counted;
    uint64_t wanted; // answer the question once that many were counted
    hawser_message *question;
    hawser_link asked_at;
    hawser_message *pending; // an answer that its link has no room for
    hawser_link pending_for;
    bool stopping;
    int error;
};

static bool
has_word(const char *url, const char *word)
{
    const char *query = strchr(url, '?');

    return query != NULL && strstr(query, word) != NULL;
}

// Whoever names no type gets a ROUTER: it can do all that is done here.
static void
complete_url(struct stand *stand, const char *url)
{
    (void)snprintf(stand->url, sizeof stand->url, "%s%sbind=1%s",
                   url, // it fits
                   strchr(url, '?') != NULL ? "&" : "?",
                   has_word(url, "type=") ? "" : "&type=router");
    stand->hears_only = has_word(url, "type=pull") || has_word(url, "type=sub");
}

// ---- answers ----

// False: there is no room yet, and it waits.
static bool
answer(struct market *market, hawser_link link, hawser_message *message)
{
    hawser_status status = hawser_send_message(market->bus, link, message, 0);

    if (status == HAWSER_FULL) {
        market->pending = message;
        market->pending_for = link;
        return false;
    }
    hawser_message_drop(message); // a peer that is gone is none of ours
    return true;
}

static bool
answer_pending(struct market *market)
{
    hawser_message *message = market->pending;

    market->pending = NULL;
    return message == NULL || answer(market, market->pending_for, message);
}

static void
answer_question(struct market *market)
{
    hawser_message *message;
    char text[32];
    size_t topic_size;
    const void *topic;
    int size;

    if (market->question == NULL || market->counted < market->wanted) {
        return;
    }
    topic = hawser_message_topic(market->question, &topic_size);
    size = snprintf(text, sizeof text, "%" PRIu64, market->counted);
    if (hawser_message_new_topic(HAWSER_TEXT, topic, topic_size, text,
                                 (size_t)size, &message) == HAWSER_OK) {
        (void)answer(market, market->asked_at, message); // or it waits
    }
    hawser_message_drop(market->question);
    market->question = NULL;
    market->counted -= market->wanted; // "?N" counts anew behind it
}

// "?" and "?N". False: this is no question.
static bool
take_question(struct market *market, hawser_link link, hawser_message *message)
{
    const char *bytes = hawser_message_bytes(message);
    size_t size = hawser_message_size(message);
    char text[ORDER_MAX + 1], *end;

    if (size == 0 || size > ORDER_MAX || bytes[0] != '?') {
        return false;
    }
    memcpy(text, bytes, size);
    text[size] = '\0';
    market->wanted = strtoull(text + 1, &end, 10);
    if (*end != '\0') {
        return false;
    }
    hawser_message_drop(market->question); // the newest is answered
    market->question = message;
    market->asked_at = link;
    answer_question(market);
    return true;
}

// ---- what comes ----

static const struct stand *
stand_of(const struct market *market, hawser_link link)
{
    const struct stand *stand = market->stands;

    while (stand->link.id != link.id) {
        stand++;
    }
    return stand;
}

static void
hear_message(struct market *market, hawser_link link, hawser_message *message)
{
    bool silent = stand_of(market, link)->hears_only;
    bool echoes = market->options->role == ROLE_ECHO && !silent;

    if (market->options->print) {
        (void)fwrite(hawser_message_bytes(message), 1,
                     hawser_message_size(message), stdout); // a lost line
        (void)putchar('\n');                                // harms nobody
    }
    if (echoes) {
        (void)answer(market, link, message); // or it waits
        return;
    }
    if (!silent && take_question(market, link, message)) {
        return;
    }
    market->counted++;
    hawser_message_drop(message);
}

static void
tell(struct market *market, struct stand *stand, const hawser_event *event)
{
    const char *scheme =
        strncmp(event->peer, "ipc://", 6) == 0 ? "zmq+" : "zmq+tcp://";

    stand->told = true;
    if (!market->options->quiet) {
        (void)printf("listening on %s%s\n", scheme, event->peer);
        (void)fflush(stdout); // a parent may wait for this line
    }
}

static void
hear_event(struct market *market, struct stand *stand,
           const hawser_event *event)
{
    if (event->state == HAWSER_UP && !stand->told) {
        tell(market, stand, event);
    } else if (event->error[0] != '\0') {
        (void)fprintf(stderr, "hawser serve: %s: %s\n", stand->url,
                      event->error);
        // An address that could not be had at first is not waited for.
        if (!stand->told || event->state == HAWSER_FAILED) {
            market->stopping = true;
            market->error = UV_EADDRNOTAVAIL;
        }
    }
}

static void
hear(struct market *market)
{
    hawser_item item;

    for (int i = 0; i < ITEMS_AT_ONCE && market->pending == NULL; i++) {
        if (hawser_receive(market->bus, &item, 0) != HAWSER_OK) {
            break;
        }
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            hear_message(market, item.link, item.message);
            continue;
        }
        if (item.kind == HAWSER_ITEM_EVENT &&
            item.event->kind == HAWSER_EVENT_STATE) {
            hear_event(market, (struct stand *)stand_of(market, item.link),
                       item.event);
        }
        hawser_item_drop(&item);
    }
    answer_question(market);
    if (market->options->print) {
        (void)fflush(stdout); // a reader who left is no concern of the peers
    }
}

// ---- the whole ----

static hawser_status
open_stands(struct market *market)
{
    hawser_options *options = NULL;
    hawser_status status = hawser_options_new(&options);
    char size[24];

    (void)snprintf(size, sizeof size, "%" PRIu64, // it fits
                   market->options->max_message);
    if (status == HAWSER_OK) {
        status = hawser_options_set(options, "message.max", size);
    }
    if (status == HAWSER_OK) {
        status = hawser_bus_open(options, &market->bus);
    }
    for (unsigned i = 0; i < market->options->zmq_count && status == HAWSER_OK;
         i++) {
        struct stand *stand = &market->stands[i];

        complete_url(stand, market->options->zmq_urls[i]);
        status = hawser_link_open(market->bus, stand->url, NULL, &stand->link);
    }
    hawser_options_free(options);
    return status;
}

static void
serve_market(struct market *market, int signals, int inbox_fd)
{
    while (!market->stopping) {
        struct pollfd fds[2] = {
            { .fd = signals, .events = POLLIN },
            { .fd = market->pending == NULL ? inbox_fd : -1, .events = POLLIN },
        };

        if (poll(fds, 2, market->pending == NULL ? -1 : GLANCE_MS) < 0 &&
            errno != EINTR) {
            market->error = UV_EIO;
            return;
        }
        market->stopping = fds[0].revents != 0;
        if (answer_pending(market)) {
            hear(market);
        }
    }
}

int
serve_zmq(const struct serve_options *options)
{
    struct market market = { .options = options };
    int signals = session_signals();
    hawser_status status = open_stands(&market);
    int inbox_fd;

    if (status == HAWSER_OK) {
        status = hawser_inbox_fd(hawser_bus_inbox(market.bus), &inbox_fd);
    }
    if (status == HAWSER_OK) {
        serve_market(&market, signals, inbox_fd);
    } else {
        (void)fprintf(stderr, "hawser serve: %s\n",
                      hawser_last_error()[0] != '\0'
                          ? hawser_last_error()
                          : hawser_status_text(status));
        market.error = UV_EINVAL;
    }
    (void)hawser_bus_close(market.bus, SERVE_GOODBYE_MS); // it tries nothing
    hawser_message_drop(market.pending);
    hawser_message_drop(market.question);
    (void)close(signals); // it held nothing
    return market.error;
}
