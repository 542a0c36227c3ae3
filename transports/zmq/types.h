// types.h - the socket types of ZeroMQ, and what each can do.
#ifndef HW_ZMQ_TYPES_H
#define HW_ZMQ_TYPES_H

#include <stdbool.h>
#include <stddef.h>

struct hw_zmq_type {
    const char *name; // as in ?type=
    int number;       // ZMQ_DEALER …
    bool sends;
    bool receives;
    bool topics; // the first frame is what a message is about
};

// The type of that name; NULL: there is none.
const struct hw_zmq_type *
hw_zmq_type_find(const char *name);

// All names in one sentence.
const char *
hw_zmq_type_names(void);

#endif
