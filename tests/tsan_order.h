// tsan_order.h - tells ThreadSanitizer in which order letters go.
//
// libzmq is not built with ThreadSanitizer, so the order that its pipes make
// between the one who says a letter and the one who hears it can't be seen. In
// TSan builds this header is included ahead of src/post, and ties each letter's
// sending to its arrival, by what is written in it. It ties nothing else: two
// threads that touch the same thing without a letter between them are found.
#ifndef HAWSER_TESTS_TSAN_ORDER_H
#define HAWSER_TESTS_TSAN_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <sanitizer/tsan_interface.h>
#include <zmq.h>

static char tsan_order[64 * 1024];

// FNV-1a.
__attribute__((no_sanitize("thread"))) static inline void *
tsan_order_of(const void *letter, size_t size)
{
    const uint8_t *bytes = letter;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    return &tsan_order[(hash ^ (hash >> 16)) % sizeof tsan_order];
}

static inline int
tsan_order_send(void *socket, const void *letter, size_t size, int flags)
{
    __tsan_release(tsan_order_of(letter, size));
    return zmq_send(socket, letter, size, flags);
}

static inline int
tsan_order_recv(void *socket, void *letter, size_t size, int flags)
{
    int got = zmq_recv(socket, letter, size, flags);

    if (got >= 0 && (size_t)got <= size) {
        __tsan_acquire(tsan_order_of(letter, (size_t)got));
    }
    return got;
}

// Who frees what was given away comes behind the one who gave it.
struct tsan_order_given {
    zmq_free_fn *free_it;
    void *hint;
};

static inline void
tsan_order_free(void *data, void *user)
{
    struct tsan_order_given *given = user;

    __tsan_acquire(given);
    given->free_it(data, given->hint);
    free(given);
}

static inline int
tsan_order_init_data(zmq_msg_t *msg, void *data, size_t size,
                     zmq_free_fn *free_it, void *hint)
{
    struct tsan_order_given *given = malloc(sizeof *given);

    if (given == NULL) {
        return -1;
    }
    given->free_it = free_it;
    given->hint = hint;
    __tsan_release(given);
    if (zmq_msg_init_data(msg, data, size, tsan_order_free, given) != 0) {
        free(given);
        return -1;
    }
    return 0;
}

#define zmq_msg_init_data tsan_order_init_data
#define zmq_send tsan_order_send
#define zmq_recv tsan_order_recv

#endif
