// zmq_url_fuzz.c - URLs of ZeroMQ: what is taken is within its limits and names
// somebody, what is refused has a sentence.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "zmq/url.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void
check_tcp(const struct hw_zmq_url *url)
{
    size_t size = strlen(url->host);

    demand(size > 0 && size <= HW_ZMQ_HOST_MAX);
    demand(url->place[0] == '\0');
    if (strcmp(url->host, "*") == 0) {
        demand(url->bind);
        return;
    }
    demand(url->port != 0 || url->bind);
    demand(strspn(url->host,
                  url->v6 ? "0123456789abcdefABCDEF:."
                          : "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == size);
}

static void
check_taken(const struct hw_zmq_url *url)
{
    size_t place = strlen(url->place);

    demand(url->type != NULL);
    demand(url->subscription_count <= HW_ZMQ_SUBSCRIPTIONS_MAX);
    for (unsigned i = 0; i < url->subscription_count; i++) {
        demand(url->subscriptions[i].size <= HW_ZMQ_PREFIX_MAX);
    }
    demand(url->subscription_count == 0 || strcmp(url->type->name, "sub") == 0);
    if (url->carrier == HW_ZMQ_TCP) {
        check_tcp(url);
    } else {
        demand(place > 0 &&
               place <= (url->carrier == HW_ZMQ_IPC ? HW_ZMQ_PATH_MAX
                                                    : HW_ZMQ_NAME_MAX));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    char sentence[200] = "";
    struct hw_zmq_url url;

    demand(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (hw_zmq_url_parse(text, &url, sentence, sizeof sentence)) {
        check_taken(&url);
    } else {
        demand(sentence[0] != '\0');
    }
    free(text);
    return 0;
}
