// stands.c - the transports that are tried, each with what goes with it.
#include "stands.h"

#include <string.h>

extern const hawser_transport hawser_transport_inproc;
extern const hawser_transport hawser_transport_ws;

static const char *const bad_inproc_urls[] = {
    "inproc://",
    "inproc:/name",
    "inproc://a/b",
    "inproc://a b",
    "inproc",
    "other://name",
    "",
    "inproc://\x01",
    "inproc://ä",
    "inproc://name\n",
    NULL,
};

const struct stand stand_inproc = {
    .name = "inproc",
    .transport = &hawser_transport_inproc,
    .honest = &hawser_transport_inproc,
    .partner = &partner_twin,
    .can = CAN_KINDS | CAN_TOPICS | CAN_BARRIERS | CAN_GAUGE | CAN_SAY_GOODBYE,
    .bad_urls = bad_inproc_urls,
};

static const char *const bad_ws_urls[] = {
    "ws://",
    "ws:/host/",
    "ws",
    "other://host/",
    "",
    "ws://host:port/",
    "ws://host:0/",
    "ws://host:65536/",
    "ws://[::1/",
    "ws://host/#part",
    "ws://ho st/",
    "ws://host/a b",
    "ws://host/\r\nX: y",
    NULL,
};

// Port 1 (tcpmux) is nobody's.
const struct stand stand_ws = {
    .name = "ws",
    .transport = &hawser_transport_ws,
    .honest = &hawser_transport_ws,
    .partner = &partner_ws,
    .can = CAN_KINDS | CAN_BARRIERS | CAN_GAUGE | CAN_CUT | CAN_MISS |
           CAN_SAY_GOODBYE,
    .bad_urls = bad_ws_urls,
    .unreachable = "ws://127.0.0.1:1/",
};

static const char *const any_certificate[] = { "tls.insecure", "on", NULL };

static const char *const bad_wss_urls[] = {
    "wss://",
    "wss",
    "wss://host:port/",
    "wss://[::1/",
    "wss://host/#part",
    "wss://ho st/",
    NULL,
};

const struct stand stand_wss = {
    .name = "wss",
    .transport = &hawser_transport_ws,
    .honest = &hawser_transport_ws,
    .partner = &partner_wss,
    .can = CAN_KINDS | CAN_BARRIERS | CAN_GAUGE | CAN_CUT | CAN_MISS |
           CAN_SAY_GOODBYE,
    .bad_urls = bad_wss_urls,
    .unreachable = "wss://127.0.0.1:1/",
    .settings = any_certificate,
};

static const char *const bad_sim_urls[] = {
    "sim://", "sim:/name",    "sim://a/b", "sim://a b",
    "sim",    "other://name", "",          NULL,
};

struct stand
stand_sim(void)
{
    const hawser_transport *transport = sim_that_turns();

    return (struct stand){
        .name = "sim",
        .transport = transport,
        .honest = transport,
        .partner = &partner_sim,
        .can = CAN_KINDS | CAN_TOPICS | CAN_BARRIERS | CAN_GAUGE | CAN_CUT |
               CAN_MISS | CAN_SAY_GOODBYE,
        .bad_urls = bad_sim_urls,
        .unreachable = "sim://nobody",
    };
}

bool
stand_of(const char *scheme, struct stand *stand)
{
    static const struct {
        const char *scheme;
        const struct stand *stand;
    } all[] = {
        { "inproc", &stand_inproc },
        { "ws", &stand_ws },
        { "wss", &stand_wss },
    };

    if (strcmp(scheme, "sim") == 0) {
        *stand = stand_sim();
        return true;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].scheme, scheme) == 0) {
            *stand = *all[i].stand;
            return true;
        }
    }
    return false;
}
