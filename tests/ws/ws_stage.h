// ws_stage.h - one scripted server and one loop for all tests of a program.
#ifndef TESTS_WS_STAGE_H
#define TESTS_WS_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>

#include "ws_harness.h"

extern struct server server;
extern struct harness harness;

// Starts script (see server_start), runs the tests, stops it; the exit status.
int
stage_run(const char *script, const char *suite, CU_TestInfo *tests, int argc,
          char **argv);

// Dials path of the server, where what it does is written in bad_server.py.
void
dial(hawser_port *port, const char *path);

// The same until it is open.
void
dial_and_open(hawser_port *port, const char *path);

// Has the server begin to read from connections to slow/NAME.
void
open_gate(const char *name);

// What the client said after the connection before: an opcode and a payload, in
// kept[0] of witness.
void
hear_what_was_said(hawser_port *witness);

// A listener whose queue is full, so that the system drops what asks for a
// connection: dials to port get no answer of any sort.
enum { SILENCE_SOCKETS = 5 };

struct silence {
    int sockets[SILENCE_SOCKETS];
    unsigned port;
};

void
silence_begin(struct silence *silence);

void
silence_end(struct silence *silence);

#endif
