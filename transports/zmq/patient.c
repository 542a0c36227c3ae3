// patient.c - calls of libzmq's that a signal has cut short, made again.
#include "patient.h"

#include <errno.h>

int
hw_zmq_ask(void *socket, int option, void *value, size_t *size)
{
    int answer;

    do {
        answer = zmq_getsockopt(socket, option, value, size);
    } while (answer < 0 && zmq_errno() == EINTR);
    return answer;
}

int
hw_zmq_take(void *socket, zmq_msg_t *frame)
{
    int size;

    do {
        size = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
    } while (size < 0 && zmq_errno() == EINTR);
    return size;
}

int
hw_zmq_take_bytes(void *socket, void *to, size_t size)
{
    int taken;

    do {
        taken = zmq_recv(socket, to, size, ZMQ_DONTWAIT);
    } while (taken < 0 && zmq_errno() == EINTR);
    return taken;
}

int
hw_zmq_give(void *socket, zmq_msg_t *frame, int more)
{
    int size;

    do {
        size = zmq_msg_send(frame, socket,
                            ZMQ_DONTWAIT | (more != 0 ? ZMQ_SNDMORE : 0));
    } while (size < 0 && zmq_errno() == EINTR);
    return size;
}
