// session.h - one bus with one link: what most commands need.
#ifndef HAWSER_TOOL_SESSION_H
#define HAWSER_TOOL_SESSION_H

#include <hawser/hawser.h>
#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "link_flags.h"

struct session {
    const struct link_flags *flags;
    hawser_bus *bus;
    hawser_link link;
    hawser_state state;
    bool was_up;
    bool downgraded; // a wire confirmed nothing
    bool closed;     // the CLOSED event came
    uint64_t leftover;
    uint64_t refused;         // as of the last session_look
    int close_code;           // of the last loss
    enum tool_exit last_exit; // the class of the last loss
    int inbox_fd;             // -1 until session_watch
    int bus_fd; // likewise, and if the bus has a thread of its own
};

// Milliseconds on a clock that nobody sets.
int64_t
session_now_ms(void);

// Opens a bus without a link. As session_open.
enum tool_exit
session_open_bus(struct session *session, const struct link_flags *flags);

// Opens a bus and a link to urls (several: separated by spaces). TOOL_OK, or
// another exit status after a sentence; then there is nothing to close.
enum tool_exit
session_open(struct session *session, const struct link_flags *flags,
             const char *urls);

// A second link, on the bus of first and heard in an inbox of its own, which
// may be waited for at once. As session_open; where it refuses, first is closed
// too.
enum tool_exit
session_join(struct session *session, struct session *first, const char *urls,
             hawser_inbox **inbox);

// A descriptor for SIGINT and SIGTERM, which no longer end the process. To be
// called before any thread is there.
int
session_signals(void);

// Opens the file descriptors of the session, for who waits for other things
// too. As session_open.
enum tool_exit
session_watch(struct session *session);

// Frees the bus, without waiting for anything.
void
session_close(struct session *session);

// Tells an event and keeps what matters of it.
void
session_note(struct session *session, const hawser_event *event);

// Looks how many of the messages accepted a wire could send to nobody. The last
// look counts all of them if it comes before CLOSED is read.
void
session_look(struct session *session);

// Messages that were accepted and are not settled, dropped or given up.
uint64_t
session_unsettled(struct session *session);

#endif
