// mailbox.h - inproc ZeroMQ pipes, and the letters that go through them.
//
// A pipe is two mailboxes; what is said at one end is heard at the other, in
// order. Each mailbox belongs to one thread at a time. This room alone knows
// ZeroMQ.
#ifndef HW_POST_MAILBOX_H
#define HW_POST_MAILBOX_H

#include <stdbool.h>

#include <hawser/status.h>

#include "post/letter.h"

struct hw_post;    // the context that the pipes live in
struct hw_mailbox; // one end of a pipe

// For the pipes of so many tables. NO_MEMORY, SYSTEM.
hawser_status
hw_post_open(unsigned tables, struct hw_post **post);

// Every mailbox must be closed before; letters not heard are gone.
void
hw_post_close(struct hw_post *post);

// ZeroMQ's context.
void *
hw_post_context(const struct hw_post *post);

// NO_MEMORY, SYSTEM (too many files).
hawser_status
hw_pipe_open(struct hw_post *post, struct hw_mailbox **one,
             struct hw_mailbox **other);

// Waits, for a moment at most, until the other side is done with saying what
// was heard here: the last letter may hand over that side itself, to be closed.
void
hw_mailbox_let_finish(const struct hw_mailbox *mailbox);

// NULL is allowed.
void
hw_mailbox_close(struct hw_mailbox *mailbox);

// Says one letter; never waits, never fails: a pipe has no limit of its own,
// those who use it have theirs.
void
hw_mailbox_say(struct hw_mailbox *mailbox, const struct hw_letter *letter);

// Hears the next letter, if there is one. After false, and only then, the file
// descriptor becomes readable with the next letter.
bool
hw_mailbox_hear(struct hw_mailbox *mailbox, struct hw_letter *letter);

// Was a letter said at the other end that was not heard at this one? Costs one
// load, where to hear in vain costs system calls. Between two threads it may
// say so a moment late.
bool
hw_mailbox_has(const struct hw_mailbox *mailbox);

// The ZeroMQ socket, for the application to poll.
void *
hw_mailbox_socket(const struct hw_mailbox *mailbox);

int
hw_mailbox_fd(const struct hw_mailbox *mailbox);

#endif
