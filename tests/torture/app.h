// app.h - an application of ZeroMQ's beside the library: none of its calls
// fails, nor counts.
#ifndef HAWSER_TESTS_TORTURE_APP_H
#define HAWSER_TESTS_TORTURE_APP_H

#include <stdbool.h>
#include <stddef.h>

void *
app_context(void);

// Its sockets are closed.
void
app_end(void *context);

// From then on every socket in it answers ETERM.
void
app_shut(void *context);

// type: ZMQ_DEALER, …; what binds others connect to.
void *
app_socket(void *context, int type, const char *address, bool binds);

void
app_close(void *socket);

bool
app_send(void *socket, const void *bytes, size_t size);

// The next frame, cut to fit, and how long it was; -1: none is there.
int
app_receive(void *socket, void *to, size_t room);

// Of a ROUTER: all that can be received goes back to where it came from, if
// that is still there.
void
app_echo(void *socket);

// Whether something can be received within a moment.
bool
app_poll(void *socket);

#endif
