// ws_stage.c - one scripted server and one loop for all tests of a program.
#include "ws_stage.h"

#include <stdio.h>
#include <string.h>

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
