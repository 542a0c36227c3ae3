// stands.c - the transports that are tried, each with what goes with it.
#include "stands.h"

extern const hawser_transport hawser_transport_inproc;
extern const hawser_transport hawser_transport_ws;
extern const hawser_transport hawser_transport_zmq;

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
        .can = CAN_KINDS | CAN_TOPICS | CAN_BARRIERS | CAN_GAUGE | CAN_CUT |
               CAN_MISS | CAN_SAY_GOODBYE,
        .bad_urls = bad_sim_urls,
        .unreachable = "sim://nobody",
    };
}
