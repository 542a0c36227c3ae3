// url.c - what a zmq+tcp://, zmq+ipc:// or zmq+inproc:// URL says.
#include "url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/sentence.h"

// A part of a URL, and where to complain about it.
struct reader {
    const char *at;
    const char *end;
    char *sentence;
    size_t size;
};

static bool
check_bytes(const char *url, char *sentence, size_t size)
{
    size_t length = strlen(url);

    if (length > HW_ZMQ_URL_MAX) {
        return hw_shared_refuse(
            sentence, size, "the URL is longer than %d bytes", HW_ZMQ_URL_MAX);
    }
    for (size_t i = 0; i < length; i++) {
        if (url[i] <= ' ' || url[i] > '~' || url[i] == '#') {
            return hw_shared_refuse(sentence, size,
                                    "the URL contains a character that must be "
                                    "escaped (as %%20, %%23 …)");
        }
    }
    return true;
}

static bool
take_scheme(struct reader *reader, enum hw_zmq_carrier *carrier)
{
    static const char *const schemes[] = { "zmq+tcp://", "zmq+ipc://",
                                           "zmq+inproc://" };

    for (unsigned i = 0; i < 3; i++) {
        size_t length = strlen(schemes[i]);

        if (strncasecmp(reader->at, schemes[i], length) == 0) {
            *carrier = (enum hw_zmq_carrier)i;
            reader->at += length;
            return true;
        }
    }
    return hw_shared_refuse(
        reader->sentence, reader->size,
        "write it as zmq+tcp://HOST:PORT, zmq+ipc://PATH or "
        "zmq+inproc://NAME");
}

// ---- escaped text ----

static int
digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c | 0x20);

    return found == NULL ? -1 : (int)(found - digits);
}

// Decodes from..end, where %HH stands for a byte. The length, or -1: it is
// malformed, or longer than room; that was said.
static int
decode(struct reader *reader, const char *what, unsigned char *to, size_t room)
{
    size_t length = 0;

    for (const char *at = reader->at; at < reader->end; at++) {
        int byte = (unsigned char)*at;

        if (*at == '%') {
            int high = reader->end - at > 2 ? digit_of(at[1]) : -1;
            int low = high < 0 ? -1 : digit_of(at[2]);

            if (low < 0) {
                (void)hw_shared_refuse(reader->sentence, reader->size,
                                       "%s: a %% is not followed by two "
                                       "hexadecimal digits",
                                       what);
                return -1;
            }
            byte = high * 16 + low;
            at += 2;
        }
        if (length == room) {
            (void)hw_shared_refuse(reader->sentence, reader->size,
                                   "%s is longer than %zu bytes", what, room);
            return -1;
        }
        to[length++] = (unsigned char)byte;
    }
    return (int)length;
}

// ---- the address ----

static bool
is_host(const char *host)
{
    for (; *host != '\0'; host++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-._",
                   *host) == NULL) {
            return false;
        }
    }
    return true;
}

static bool
take_port(struct reader *reader, struct hw_zmq_url *parts)
{
    char *end;
    unsigned long port;

    if (parts->bind && reader->end - reader->at == 1 && *reader->at == '*') {
        parts->port = 0;
        return true;
    }
    port = strtoul(reader->at, &end, 10);
    if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9' ||
        end != reader->end || port > UINT16_MAX ||
        (port == 0 && !parts->bind)) {
        return hw_shared_refuse(reader->sentence, reader->size,
                                "the URL's port must be 1 to 65535%s",
                                parts->bind ? ", or * for any" : "");
    }
    parts->port = (uint16_t)port;
    return true;
}

static bool
take_host(struct reader *reader, const char *from, size_t length,
          struct hw_zmq_url *parts)
{
    struct in6_addr address;

    if (length == 0 || length > HW_ZMQ_HOST_MAX) {
        return hw_shared_refuse(reader->sentence, reader->size,
                                "the URL's host must have 1 to %d characters",
                                HW_ZMQ_HOST_MAX);
    }
    memcpy(parts->host, from, length);
    parts->host[length] = '\0';
    if (parts->v6 && inet_pton(AF_INET6, parts->host, &address) != 1) {
        return hw_shared_refuse(reader->sentence, reader->size,
                                "[%s] is no IPv6 address", parts->host);
    }
    if (!parts->v6 && !is_host(parts->host) &&
        !(parts->bind && strcmp(parts->host, "*") == 0)) {
        return hw_shared_refuse(reader->sentence, reader->size,
                                "the URL's host contains a character that no "
                                "host has");
    }
    return true;
}

static bool
take_tcp(struct reader *reader, struct hw_zmq_url *parts)
{
    const char *start = reader->at, *colon = reader->end;
    const char *close = NULL;

    if (reader->at < reader->end && reader->end[-1] == '/') {
        reader->end--; // the path is empty
    }
    while (colon > start && *colon != ':' && *colon != ']') {
        colon--;
    }
    if (start == reader->end || *colon != ':') {
        return hw_shared_refuse(
            reader->sentence, reader->size,
            "the URL has no port: write zmq+tcp://HOST:PORT");
    }
    if (*start == '[') {
        start++;
        close = colon - 1;
        parts->v6 = true;
        if (close < start || *close != ']') {
            return hw_shared_refuse(reader->sentence, reader->size,
                                    "the URL's host lacks its closing ]");
        }
    }
    reader->at = colon + 1;
    return take_host(reader, start,
                     (size_t)((close == NULL ? colon : close) - start),
                     parts) &&
           take_port(reader, parts);
}

static bool
take_place(struct reader *reader, struct hw_zmq_url *parts)
{
    bool ipc = parts->carrier == HW_ZMQ_IPC;
    const char *what =
        ipc ? "the path of zmq+ipc://" : "the name of zmq+inproc://";
    int length = decode(reader, what, (unsigned char *)parts->place,
                        ipc ? HW_ZMQ_PATH_MAX : HW_ZMQ_NAME_MAX);

    if (length < 0) {
        return false;
    }
    if (length == 0 || memchr(parts->place, '\0', (size_t)length) != NULL) {
        return hw_shared_refuse(reader->sentence, reader->size,
                                "%s must not be empty or contain a zero", what);
    }
    parts->place[length] = '\0';
    return true;
}

// ---- the query ----

static bool
word_is(const struct reader *word, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(word->end - word->at) == length &&
           memcmp(word->at, text, length) == 0;
}

static bool
take_type(struct reader *value, struct hw_zmq_url *parts)
{
    char name[8] = "";
    size_t length = (size_t)(value->end - value->at);

    if (length < sizeof name) {
        memcpy(name, value->at, length);
    }
    parts->type = hw_zmq_type_find(name);
    return parts->type != NULL ||
           hw_shared_refuse(value->sentence, value->size, "type is one of %s",
                            hw_zmq_type_names());
}

static bool
take_bind(struct reader *value, struct hw_zmq_url *parts)
{
    parts->bind = word_is(value, "1");
    return parts->bind || word_is(value, "0") ||
           hw_shared_refuse(value->sentence, value->size, "bind is 0 or 1");
}

static bool
take_subscription(struct reader *value, struct hw_zmq_url *parts)
{
    struct hw_zmq_prefix *prefix =
        &parts->subscriptions[parts->subscription_count];
    int length;

    if (parts->subscription_count == HW_ZMQ_SUBSCRIPTIONS_MAX) {
        return hw_shared_refuse(value->sentence, value->size,
                                "a URL may have %d subscriptions; standing "
                                "messages say more",
                                HW_ZMQ_SUBSCRIPTIONS_MAX);
    }
    length = decode(value, "subscribe", prefix->bytes, sizeof prefix->bytes);
    if (length < 0) {
        return false;
    }
    prefix->size = (size_t)length;
    parts->subscription_count++;
    return true;
}

static bool
take_word(struct reader *name, struct reader *value, struct hw_zmq_url *parts)
{
    if (word_is(name, "type")) {
        return take_type(value, parts);
    }
    if (word_is(name, "bind")) {
        return take_bind(value, parts);
    }
    if (word_is(name, "subscribe")) {
        return take_subscription(value, parts);
    }
    // What it was is not told: somebody may have put a secret here.
    return hw_shared_refuse(
        name->sentence, name->size,
        "of the query there are type=, bind= and subscribe=; "
        "the rest are options (zmq.…)");
}

static bool
take_query(struct reader *reader, struct hw_zmq_url *parts)
{
    while (reader->at < reader->end) {
        struct reader name = *reader, value = *reader;
        const char *stop =
            memchr(reader->at, '&', (size_t)(reader->end - reader->at));

        value.end = stop == NULL ? reader->end : stop;
        name.end = memchr(reader->at, '=', (size_t)(value.end - reader->at));
        name.end = name.end == NULL ? value.end : name.end;
        value.at = name.end < value.end ? name.end + 1 : value.end;
        if (!take_word(&name, &value, parts)) {
            return false;
        }
        reader->at = stop == NULL ? reader->end : stop + 1;
    }
    if (parts->subscription_count > 0 &&
        strcmp(parts->type->name, "sub") != 0) {
        return hw_shared_refuse(reader->sentence, reader->size,
                                "subscribe= goes with type=sub");
    }
    return true;
}

bool
hw_zmq_url_parse(const char *url, struct hw_zmq_url *parts, char *sentence,
                 size_t size)
{
    struct reader address = { url, url + strcspn(url, "?"), sentence, size };
    struct reader query = { address.end + (*address.end == '?'),
                            url + strlen(url), sentence, size };

    memset(parts, 0, sizeof *parts);
    parts->type = hw_zmq_type_find("dealer");
    if (!check_bytes(url, sentence, size) ||
        !take_scheme(&address, &parts->carrier) || !take_query(&query, parts)) {
        return false;
    }
    return parts->carrier == HW_ZMQ_TCP ? take_tcp(&address, parts)
                                        : take_place(&address, parts);
}

const struct hw_zmq_type *
hw_zmq_url_type(const char *url)
{
    char sentence[128];
    const char *mark = url + strcspn(url, "?");
    struct reader query = { mark + (*mark == '?'), url + strlen(url), sentence,
                            sizeof sentence };
    struct hw_zmq_url parts;

    parts.type = hw_zmq_type_find("dealer");
    parts.subscription_count = 0;
    (void)take_query(&query, &parts); // it was taken apart before
    return parts.type;
}
