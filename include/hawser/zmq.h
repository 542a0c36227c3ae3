// hawser/zmq.h - life inside a ZeroMQ application.
//
// Nothing here needs zmq.h: contexts and sockets are ZeroMQ's own pointers. The
// application must use the same libzmq as Hawser, which is the case when both
// are linked to the shared library.
#ifndef HAWSER_ZMQ_H
#define HAWSER_ZMQ_H

#include <hawser/bus.h>
#include <hawser/export.h>
#include <hawser/inbox.h>
#include <hawser/link.h>
#include <hawser/options.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// hawser_bus_open, with the sockets of its offers, and of its links to
// zmq+inproc:// (option zmq.context), in the application's context. The context
// stays the application's: close the bus first, then end the context. If the
// context is ended first, offered links are closed, and the bus lives on.
// INVALID: zmq_context is NULL, or as hawser_bus_open. NO_MEMORY, SYSTEM.
HAWSER_API hawser_status
hawser_bus_open_in_zmq(void *zmq_context, const hawser_options *options,
                       hawser_bus **bus);

// The context in which offers are found: the one that was given, or the bus's
// own, which has no I/O thread, so that only inproc works in it. Sockets of the
// application's in the bus's own context must be closed before
// hawser_bus_close, which would wait for them. NULL: bus is NULL.
HAWSER_API void *
hawser_bus_zmq_context(hawser_bus *bus);

// The inbox as a ZeroMQ socket, to poll beside others (zmq_poll, zloop,
// zpoller) by the thread that receives from the inbox, and for nothing else.
// Once it is readable, take items with hawser_inbox_receive and timeout 0 until
// that answers AGAIN: what has been taken off the socket and not handed out
// does not show on it. (hawser_inbox_fd is level-triggered.) It belongs to the
// inbox. UNSUPPORTED with threads=0 (poll hawser_bus_fd then) and with more
// than one (poll hawser_inbox_fd, which zmq_poll takes as well). INVALID.
HAWSER_API hawser_status
hawser_inbox_zmq_socket(hawser_inbox *inbox, void **zmq_socket);

// Opens a link as hawser_link_open does, and offers it at address, which is
// "inproc://name": code that knows nothing but ZeroMQ connects to it, sends and
// receives. Option offer.type says what is bound there:
//   dealer  both ways; what the link receives goes round those connected
//   pair    both ways, for one peer
//   push    what the link receives, to PULL sockets
//   pull    what PUSH sockets send, to the link; what that receives is dropped
//   pub     what the link receives, to SUB sockets; the topic, if the transport
//           has one, is the first of two frames
// A message is one frame, or two: topic and bytes. Option offer.kind says
// whether they are sent as binary or text. What can't be sent (three frames,
// larger than message.max, not UTF-8) is told as "refused" (see below).
//
// When the link's spool is full, or the link has FAILED, the socket is not
// read, so that those who send wait (overflow=refuse and block are the same
// here; drop-newest and drop-oldest drop). When those connected do not read,
// the link is not read either, and its peer waits. Nothing is dropped in
// between, save by pub; what the socket took is ZeroMQ's to deliver.
//
// Events of the link are published at address ".events" (PUB): frame 1 is the
// state ("up", "waiting", …) or "ask", "downgrade", "refused"; frame 2 is lines
// of "name: value": link, wire, attempt, delay_ms, at_ms, endpoint, peer,
// error, http_status, close_code, reason, leftover; those that are empty are
// left out. Whoever subscribes is told the last event again. Messages and
// events of the link come to no inbox. Copies are made as needed: address and
// urls are the caller's. link may be asked, reconnected, drained and closed as
// any other; the offer ends with it, once those connected have taken what it
// had received, or with the bus.
//
// Any thread, never waits. INVALID: address is not "inproc://…" or longer than
// 200 bytes, or as hawser_link_open. SYSTEM: the address is taken; the sentence
// (hawser_last_error) says so. FULL: 64 inboxes and offers are open, or
// bus.links_max. UNKNOWN, NO_MEMORY, ENDED as hawser_link_open.
HAWSER_API hawser_status
hawser_link_offer(hawser_bus *bus, const char *address, const char *urls,
                  const hawser_options *options, hawser_link *link);

#ifdef __cplusplus
}
#endif

#endif
