// probe.c - why nobody could be reached, which libzmq does not say.
//
// Once an attempt has failed, the same address is connected to again, to be
// told the error by the system.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

struct hw_zmq_probe {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct hw_zmq_wire *wire; // NULL: it was cancelled
};

// It is said on the loop's next turn at the earliest, as all is that a probe
// finds.
static void
note(struct hw_zmq_wire *wire, const char *error)
{
    hw_zmq_wire_note(wire, HAWSER_CAUSE_UNREACHABLE, "connect: %s", error);
    hw_zmq_wire_end(wire);
    wire->drained = true;
}

// It is there by now: the next attempt will find it.
static const char late[] = "no connection";

static void
free_probe(uv_handle_t *tcp)
{
    free(tcp->data);
}

static void
on_connect(uv_connect_t *connect, int status)
{
    struct hw_zmq_probe *probe = connect->data;
    struct hw_zmq_wire *wire = probe->wire;

    if (wire != NULL) {
        char error[128];

        // As strerror() has them, capitals and all.
        (void)snprintf(error, sizeof error, "%s",
                       status == 0 ? late : strerror(-status)); // it fits
        wire->probe = NULL;
        uv_close((uv_handle_t *)&probe->tcp, free_probe);
        note(wire, error);
    }
}

static int
connect_tcp(struct hw_zmq_wire *wire, struct hw_zmq_probe *probe)
{
    struct sockaddr_storage address;
    int port = wire->port_number;
    int error =
        strchr(wire->address, ':') == NULL
            ? uv_ip4_addr(wire->address, port, (struct sockaddr_in *)&address)
            : uv_ip6_addr(wire->address, port, (struct sockaddr_in6 *)&address);

    return error != 0 ? error
                      : uv_tcp_connect(&probe->connect, &probe->tcp,
                                       (struct sockaddr *)&address, on_connect);
}

static void
probe_tcp(struct hw_zmq_wire *wire)
{
    struct hw_zmq_probe *probe = calloc(1, sizeof *probe);
    int error;

    if (probe == NULL || uv_tcp_init(wire->site->loop, &probe->tcp) != 0) {
        free(probe);
        note(wire, late);
        return;
    }
    probe->tcp.data = probe;
    probe->connect.data = probe;
    error = connect_tcp(wire, probe);
    if (error != 0) {
        uv_close((uv_handle_t *)&probe->tcp, free_probe);
        note(wire, strerror(-error));
        return;
    }
    probe->wire = wire;
    wire->probe = probe;
}

// The system answers at once.
static void
probe_ipc(struct hw_zmq_wire *wire)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0;

    memcpy(address.sun_path, wire->place, strlen(wire->place)); // url.c
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0'; // a name that is in no directory
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                      strlen(wire->place))) != 0) {
        error = errno;
    }
    if (fd >= 0) {
        (void)close(fd); // nothing was written
    }
    note(wire, error == 0 ? late : strerror(error));
}

void
hw_zmq_probe_begin(struct hw_zmq_wire *wire)
{
    if (wire->carrier == HW_ZMQ_TCP) {
        probe_tcp(wire);
    } else {
        probe_ipc(wire);
    }
}

void
hw_zmq_probe_cancel(struct hw_zmq_wire *wire)
{
    struct hw_zmq_probe *probe = wire->probe;

    if (probe != NULL) {
        wire->probe = NULL;
        probe->wire = NULL;
        uv_close((uv_handle_t *)&probe->tcp, free_probe); // ends the request
    }
}
