// socket.h - a ZeroMQ socket that others connect to, with frames for them.
//
// Belongs to one thread at a time, and never waits.
#ifndef HW_POST_SOCKET_H
#define HW_POST_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include <hawser/message.h>
#include <hawser/status.h>

struct hw_socket;

// In the order of the option offer.type; then the one that events go to.
enum hw_socket_type {
    HW_SOCKET_DEALER,
    HW_SOCKET_PAIR,
    HW_SOCKET_PUSH,
    HW_SOCKET_PULL,
    HW_SOCKET_PUB,
    HW_SOCKET_NEWS,
    HW_SOCKET_TYPES
};

enum { HW_FRAMES_MAX = 2 }; // of a message that is said or heard

struct hw_frame {
    const void *bytes;
    size_t size;
    hawser_message *owner; // of the bytes, if they need not be copied
};

enum { HW_SOCKET_CAN_HEAR = 1, HW_SOCKET_CAN_SAY = 2 };

// Binds it in a ZeroMQ context. NO_MEMORY, SYSTEM (errno says why).
hawser_status
hw_socket_open(void *context, enum hw_socket_type type, const char *address,
               struct hw_socket **socket);

// What was said is still heard by those who are connected. NULL is allowed.
void
hw_socket_close(struct hw_socket *socket);

// How many frames the next message has; 0: there is none. Those beyond
// HW_FRAMES_MAX are lost. The bytes last until the next call.
unsigned
hw_socket_hear(struct hw_socket *socket,
               struct hw_frame frames[static HW_FRAMES_MAX]);

// AGAIN: not taken, since nobody is there or all are full. NO_MEMORY: likewise
// not taken, whoever is there. What a PULL is given is dropped.
hawser_status
hw_socket_say(struct hw_socket *socket, const struct hw_frame *frames,
              unsigned count);

// HW_SOCKET_CAN_…. The file descriptor becomes readable when this may have
// changed, but only after it was asked, or after a call was in vain.
unsigned
hw_socket_can(struct hw_socket *socket);

// Its context is being ended: it hears and says nothing any more.
bool
hw_socket_has_ended(const struct hw_socket *socket);

int
hw_socket_fd(const struct hw_socket *socket);

#endif
