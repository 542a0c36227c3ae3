// schemes.c - which transport makes the wires of which URL.
#include "wire/schemes.h"

#include <string.h>
#include <strings.h>

extern const hawser_transport hawser_transport_ws;
extern const hawser_transport hawser_transport_inproc;
extern const hawser_transport hawser_transport_zmq;

static const hawser_transport *transports[8] = {
    &hawser_transport_ws,
    &hawser_transport_inproc,
    &hawser_transport_zmq,
};

enum { TRANSPORTS = sizeof transports / sizeof transports[0] };

const hawser_transport *
hw_scheme_at(unsigned index)
{
    return index < TRANSPORTS ? transports[index] : NULL;
}

// schemes is a list of words separated by spaces.
static int
has_word(const char *schemes, const char *word, size_t size)
{
    while (*schemes != '\0') {
        size_t next = strcspn(schemes, " ");

        if (next == size && strncasecmp(schemes, word, size) == 0) {
            return 1;
        }
        schemes += next;
        schemes += strspn(schemes, " ");
    }
    return 0;
}

const hawser_transport *
hw_scheme_transport(const char *url)
{
    const char *end = strstr(url, "://");

    if (end == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < TRANSPORTS && transports[i] != NULL; i++) {
        if (has_word(transports[i]->schemes, url, (size_t)(end - url))) {
            return transports[i];
        }
    }
    return NULL;
}

void
hw_scheme_add_for_tests(const hawser_transport *transport)
{
    for (unsigned i = 0; i < TRANSPORTS; i++) {
        if (transports[i] == NULL || transports[i] == transport) {
            transports[i] = transport;
            return;
        }
    }
}
