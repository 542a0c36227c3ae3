// stands.c - the transports that are tried, each with what goes with it.
#include "stands.h"

#include <string.h>

extern const hawser_transport hawser_transport_inproc;
extern const hawser_transport hawser_transport_stream;
extern const hawser_transport hawser_transport_ws;
extern const hawser_transport hawser_transport_zmq;

enum { ASKS_THE_PEER = CAN_BARRIERS | CAN_PROVE_READING | CAN_PROVE_LIFE };

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
    .can = CAN_KINDS | CAN_TOPICS | ASKS_THE_PEER | CAN_GAUGE | CAN_SAY_GOODBYE,
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
    .can = CAN_KINDS | ASKS_THE_PEER | CAN_GAUGE | CAN_CUT | CAN_MISS |
           CAN_SAY_GOODBYE,
    .bad_urls = bad_ws_urls,
    .unreachable = "ws://127.0.0.1:1/",
};

static const char *const bad_tcp_urls[] = {
    "tcp://",
    "tcp:/host:1",
    "tcp",
    "other://host:1",
    "",
    "tcp://host",
    "tcp://host:",
    "tcp://host:port",
    "tcp://host:0",
    "tcp://host:65536",
    "tcp://host:1/path",
    "tcp://user@host:1",
    "tcp://[::1:1",
    "tcp://[nonsense]:1",
    "tcp://ho st:1",
    "tcp://ho\nst:1",
    "tcp://häfen:1",
    "tls://host",
    NULL,
};

const struct stand stand_tcp = {
    .name = "tcp",
    .transport = &hawser_transport_stream,
    .honest = &hawser_transport_stream,
    .partner = &partner_tcp,
    .can = CAN_BARRIERS | CAN_GAUGE | CAN_CUT | CAN_MISS,
    .bad_urls = bad_tcp_urls,
    .unreachable = "tcp://127.0.0.1:1",
};

static const char *const any_certificate[] = { "tls.insecure", "on", NULL };

const struct stand stand_tls = {
    .name = "tls",
    .transport = &hawser_transport_stream,
    .honest = &hawser_transport_stream,
    .partner = &partner_tls,
    .can = CAN_BARRIERS | CAN_GAUGE | CAN_CUT | CAN_MISS,
    .settings = any_certificate,
    .bad_urls = bad_tcp_urls,
    .unreachable = "tls://127.0.0.1:1",
};

// The second is a byte too long.
static const char *const bad_unix_urls[] = {
    "unix://",
    "unix:///0123456789012345678901234567890123456789012345678901234567890123"
    "45678901234567890123456789012345678901234567",
    "unix:///",
    "unix://@",
    "unix://relative",
    "unix:/path",
    "unix:///with space",
    NULL,
};

const struct stand stand_unix = {
    .name = "unix",
    .transport = &hawser_transport_stream,
    .honest = &hawser_transport_stream,
    .partner = &partner_unix,
    .can = CAN_BARRIERS | CAN_PROVE_READING | CAN_GAUGE | CAN_MISS,
    .bad_urls = bad_unix_urls,
    .unreachable = "unix:///nobody/is/here",
};

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
    .can = CAN_KINDS | ASKS_THE_PEER | CAN_GAUGE | CAN_CUT | CAN_MISS |
           CAN_SAY_GOODBYE,
    .bad_urls = bad_wss_urls,
    .unreachable = "wss://127.0.0.1:1/",
    .settings = any_certificate,
};

static const char *const bad_zmq_urls[] = {
    "zmq+tcp://",
    "zmq+tcp:/host:1",
    "zmq+tcp",
    "other://host:1",
    "",
    "zmq+tcp://host",
    "zmq+tcp://host:",
    "zmq+tcp://host:0",
    "zmq+tcp://host:65536",
    "zmq+tcp://host:1x",
    "zmq+tcp://*:1",
    "zmq+tcp://host:1/path",
    "zmq+tcp://[::1:1",
    "zmq+tcp://[host]:1",
    "zmq+tcp://ho st:1",
    "zmq+tcp://host:1?type=nonsense",
    "zmq+tcp://host:1?bind=yes",
    "zmq+tcp://host:1?password=secret",
    "zmq+tcp://host:1?subscribe=all",
    "zmq+ipc://",
    "zmq+ipc://%zz",
    "zmq+inproc://",
    "zmq+inproc://%00",
    NULL,
};

// Port 1 (tcpmux) is nobody's.
const struct stand stand_zmq = {
    .name = "zmq",
    .transport = &hawser_transport_zmq,
    .honest = &hawser_transport_zmq,
    .partner = &partner_zmq,
    .can = CAN_TOPICS | CAN_GAUGE | CAN_CUT | CAN_MISS,
    .bad_urls = bad_zmq_urls,
    .unreachable = "zmq+tcp://127.0.0.1:1",
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
        .can = CAN_KINDS | CAN_TOPICS | ASKS_THE_PEER | CAN_GAUGE | CAN_CUT |
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
        { "inproc", &stand_inproc }, { "ws", &stand_ws },
        { "wss", &stand_wss },       { "tcp", &stand_tcp },
        { "tls", &stand_tls },       { "unix", &stand_unix },
        { "zmq", &stand_zmq },
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
