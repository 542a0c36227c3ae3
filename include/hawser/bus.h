// hawser/bus.h - the engine in the application's process.
#ifndef HAWSER_BUS_H
#define HAWSER_BUS_H

#include <stddef.h>
#include <stdint.h>

#include <hawser/export.h>
#include <hawser/options.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hawser_bus hawser_bus;

// Opens a bus: six actors and the loop that seats them. options may be NULL;
// options of links are allowed and become the defaults of this bus's links.
//   threads=1 (default): the loop has a thread of its own.
//   threads=N: N loops, with six actors and a thread each. A link is opened on
//   the loop that has the fewest, and stays there. What is promised of a link
//   is promised all the same, its order too; between links of different loops
//   there is no order. Each loop has its share of bus.dials_per_second and
//   bus.dials_burst, and at least 1 of each.
//   threads=0: the loop runs on the caller's thread, inside hawser_receive,
//   hawser_bus_step, hawser_dispatch, hawser_bus_close and waiting calls (with
//   overflow=block or drop-oldest, sends are among them). All of those belong
//   to one thread at a time; the other calls to any thread.
// The caller owns the bus and closes it. INVALID, NO_MEMORY, SYSTEM.
HAWSER_API hawser_status
hawser_bus_open(const hawser_options *options, hawser_bus **bus);

// Drains every link for at most timeout_ms (0: not at all), says goodbye,
// closes every link and inbox, and frees the bus, whatever it returns. Takes no
// longer than timeout_ms and one second for the goodbyes. No other call on
// this bus may be running or come later. NULL is allowed.
// LEFTOVER: messages were left that no peer confirmed.
HAWSER_API hawser_status
hawser_bus_close(hawser_bus *bus, int timeout_ms);

// With threads=0, a file descriptor that is readable (level-triggered) as long
// as hawser_bus_step has something to do, deadlines included: put it in poll,
// epoll, zmq_poll or another loop. It belongs to the bus. UNSUPPORTED with a
// thread of its own: poll hawser_inbox_fd then.
HAWSER_API hawser_status
hawser_bus_fd(hawser_bus *bus, int *fd);

// With threads=0, does what is due and returns at once; never waits.
// UNSUPPORTED with a thread of its own.
HAWSER_API hawser_status
hawser_bus_step(hawser_bus *bus);

// Loads a transport from a shared object, for the whole process: from now on
// links of any bus may have URLs of its schemes. path is a file; one without a
// slash is a file in the current folder. It runs the object's constructors, as
// any program's that is loaded, and is never unloaded. How one is made is said
// in docs/writing_a_transport.md. Any thread; the option
// transport.load does the same when a bus is opened. OK: it is there, now or
// already. UNKNOWN: there is no such file; UNSUPPORTED: it was made for another
// version of transport.h; INVALID: it is no shared object, exports no
// transport, its transport lacks a verb, or a scheme of it is malformed or
// taken; FULL. hawser_last_error then says which, and nothing changed.
HAWSER_API hawser_status
hawser_transport_load(const char *path);

// The log. level: 0 nothing (the default), 1 errors, 2 warnings, 3 what a
// person wants to know, 4 every step of every link. Lines go to sink, or to
// stderr if sink is NULL; sink may be called from any thread, must not block
// and must not call Hawser. For the whole process; set it before the first bus.
typedef void (*hawser_log_sink)(int level, const char *line, void *user);

HAWSER_API void
hawser_log_set(int level, hawser_log_sink sink, void *user);

// The library's version as "1.2.3".
HAWSER_API const char *
hawser_version(void);

#ifdef __cplusplus
}
#endif

#endif
