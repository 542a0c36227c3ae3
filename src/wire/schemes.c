// schemes.c - which transport makes the wires of which URL.
#include "wire/schemes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

enum { SCHEME_MAX = 31 };

extern const hawser_transport hawser_transport_ws;
extern const hawser_transport hawser_transport_inproc;
extern const hawser_transport hawser_transport_stream;
extern const hawser_transport hawser_transport_zmq;

static const hawser_transport *const built_in[] = {
    &hawser_transport_ws,
    &hawser_transport_inproc,
    &hawser_transport_stream,
    &hawser_transport_zmq,
};

enum {
    BUILT_IN = sizeof built_in / sizeof built_in[0],
    ADDED_MAX = HW_TRANSPORTS_MAX - BUILT_IN
};

// Behind the built-in ones. A row is written before it is counted, and never
// again.
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;
static const hawser_transport *added[ADDED_MAX];
static atomic_uint added_count;

const hawser_transport *
hw_scheme_at(unsigned index)
{
    if (index < BUILT_IN) {
        return built_in[index];
    }
    index -= BUILT_IN;
    return index < atomic_load(&added_count) ? added[index] : NULL;
}

// ---- schemes as text ----

// The next word of a list of words separated by spaces; its size, 0 at the end.
static size_t
next_word(const char **schemes)
{
    *schemes += strspn(*schemes, " ");
    return strcspn(*schemes, " ");
}

static bool
has_word(const char *schemes, const char *word, size_t size)
{
    size_t next;

    while ((next = next_word(&schemes)) > 0) {
        if (next == size && strncasecmp(schemes, word, size) == 0) {
            return true;
        }
        schemes += next;
    }
    return false;
}

static const hawser_transport *
find(const char *scheme, size_t size)
{
    const hawser_transport *transport;

    for (unsigned i = 0; (transport = hw_scheme_at(i)) != NULL; i++) {
        if (has_word(transport->schemes, scheme, size)) {
            return transport;
        }
    }
    return NULL;
}

const hawser_transport *
hw_scheme_transport(const char *url)
{
    const char *end = strstr(url, "://");

    return end == NULL ? NULL : find(url, (size_t)(end - url));
}

// ---- adding ----

// As RFC 3986 §3.1 has them, in lower case.
static bool
is_scheme(const char *word, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

    return size <= SCHEME_MAX && strchr(letters, word[0]) != NULL &&
           strspn(word, others) >= size;
}

static hawser_status
check_schemes(const char *schemes, char *sentence, size_t room)
{
    size_t size = next_word(&schemes);

    if (size == 0) {
        (void)snprintf(sentence, room, "it names no scheme");
        return HAWSER_INVALID;
    }
    for (; size > 0; schemes += size, size = next_word(&schemes)) {
        if (!is_scheme(schemes, size)) {
            (void)snprintf(sentence, room,
                           "\"%.*s\" is no scheme: a small letter, then small "
                           "letters, digits, +, - and ., %d at most",
                           size > 40 ? 40 : (int)size, schemes, SCHEME_MAX);
            return HAWSER_INVALID;
        }
        if (find(schemes, size) != NULL) {
            (void)snprintf(sentence, room,
                           "the scheme %.*s:// has a transport already",
                           (int)size, schemes);
            return HAWSER_INVALID;
        }
    }
    return HAWSER_OK;
}

static bool
is_listed(const hawser_transport *transport)
{
    const hawser_transport *each;

    for (unsigned i = 0; (each = hw_scheme_at(i)) != NULL; i++) {
        if (each == transport) {
            return true;
        }
    }
    return false;
}

static hawser_status
add(const hawser_transport *transport, char *sentence, size_t size)
{
    unsigned count = atomic_load(&added_count);
    hawser_status status;

    if (is_listed(transport)) {
        return HAWSER_OK;
    }
    if (count == ADDED_MAX) {
        (void)snprintf(sentence, size, "there are %d transports already",
                       HW_TRANSPORTS_MAX);
        return HAWSER_FULL;
    }
    status = check_schemes(transport->schemes, sentence, size);
    if (status == HAWSER_OK) {
        added[count] = transport;
        atomic_store(&added_count, count + 1);
    }
    return status;
}

hawser_status
hw_scheme_add(const hawser_transport *transport, char *sentence, size_t size)
{
    hawser_status status;

    (void)pthread_mutex_lock(&adding); // can't fail
    status = add(transport, sentence, size);
    (void)pthread_mutex_unlock(&adding);
    return status;
}

void
hw_scheme_add_for_tests(const hawser_transport *transport)
{
    char sentence[160];

    HW_CHECK(hw_scheme_add(transport, sentence, sizeof sentence) == HAWSER_OK,
             "a test's transport has schemes of its own");
}
