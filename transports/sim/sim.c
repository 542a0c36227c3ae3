// sim.c - the transport sim://NAME, for tests: its table, and its URLs.
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "wire.h"
#include "world.h"

static const char scheme[] = "sim://";

// There is no loop: the test moves the world on.
static hawser_status
start(void *uv_loop, void **site)
{
    (void)uv_loop; // none is needed
    *site = sim_world_now();
    return *site == NULL ? HAWSER_SYSTEM : HAWSER_OK;
}

static void
stop(void *site)
{
    (void)site; // the world is the test's
}

// NULL: the URL is good.
static const char *
fault_of(const char *url)
{
    size_t size;

    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return "write it as sim://NAME";
    }
    size = strlen(url) - (sizeof scheme - 1);
    if (size == 0 || size > SIM_NAME_MAX) {
        return "the name after sim:// must have 1 to 64 characters";
    }
    for (const char *at = url + sizeof scheme - 1; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || *at == '/') {
            return "the name after sim:// must be printable, without \"/\"";
        }
    }
    return NULL;
}

static hawser_status
check(const char *url, const hawser_settings *settings, hawser_route *route,
      char *sentence, size_t sentence_size)
{
    const char *fault = fault_of(url);

    (void)settings; // any will do
    memset(route, 0, sizeof *route);
    if (fault != NULL) {
        (void)snprintf(sentence, sentence_size, "%s", fault); // cut
        return HAWSER_INVALID;
    }
    return HAWSER_OK;
}

const hawser_transport hawser_transport_sim = {
    .abi = HAWSER_TRANSPORT_ABI,
    .schemes = "sim",
    .start = start,
    .stop = stop,
    .check = check,
    .dial = sim_wire_dial,
    .send = sim_wire_send,
    .barrier = sim_wire_barrier,
    .listen = sim_wire_listen,
    .close = sim_wire_close,
    .gauge = sim_wire_gauge,
};
