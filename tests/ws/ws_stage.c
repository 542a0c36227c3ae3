// ws_stage.c - one scripted server and one loop for all tests of a program.
#include "ws_stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

struct server server;
struct harness harness;

int
stage_run(const char *script, const char *suite, CU_TestInfo *tests, int argc,
          char **argv)
{
    int status;

    server_start(&server, script, NULL, NULL);
    harness_open(&harness);
    check_suite(suite, tests);
    status = check_run(argc, argv);
    // Goodbyes that the server would not answer need not be waited for.
    server_stop(&server);
    harness_close(&harness);
    return status;
}

void
dial(hawser_port *port, const char *path)
{
    char url[256];

    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/%s", server.port, path);
    CU_ASSERT_EQUAL(link_dial(&harness, port, url), HAWSER_OK);
}

void
dial_and_open(hawser_port *port, const char *path)
{
    dial(port, path);
    CU_ASSERT_TRUE(harness_run(&harness, port, is_opened, 5000));
    CU_ASSERT_TRUE_FATAL(port->opened);
}

void
open_gate(const char *name)
{
    static hawser_port port;
    char path[64];

    memset(&port, 0, sizeof port);
    (void)snprintf(path, sizeof path, "open/%s", name);
    dial_and_open(&port, path);
    link_close(&port, 0, "");
}

void
hear_what_was_said(hawser_port *witness)
{
    memset(witness, 0, sizeof *witness);
    dial(witness, "said");
    CU_ASSERT_TRUE(harness_run(&harness, witness, has_message, 5000));
    CU_ASSERT_TRUE_FATAL(witness->messages > 0);
    link_close(witness, 0, "");
}

void
silence_begin(struct silence *silence)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    silence->sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(
        bind(silence->sockets[0], (struct sockaddr *)&address, sizeof address),
        0);
    CU_ASSERT_EQUAL_FATAL(listen(silence->sockets[0], 0), 0);
    (void)getsockname(silence->sockets[0], (struct sockaddr *)&address, &size);
    silence->port = ntohs(address.sin_port);
    for (int i = 1; i < SILENCE_SOCKETS; i++) {
        silence->sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        // Most of them are still on their way.
        (void)connect(silence->sockets[i], (struct sockaddr *)&address,
                      sizeof address);
    }
}

void
silence_end(struct silence *silence)
{
    for (int i = 0; i < SILENCE_SOCKETS; i++) {
        (void)close(silence->sockets[i]);
    }
}
