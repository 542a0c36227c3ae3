// patient.h - calls of libzmq's that a signal has cut short, made again.
//
// libzmq's descriptors tell of news once, so a call that was to look for it
// must not come back without having looked.
#ifndef HW_ZMQ_PATIENT_H
#define HW_ZMQ_PATIENT_H

#include <stddef.h>

#include <zmq.h>

// As zmq_getsockopt.
int
hw_zmq_ask(void *socket, int option, void *value, size_t *size);

// As zmq_msg_recv, without waiting.
int
hw_zmq_take(void *socket, zmq_msg_t *frame);

// As zmq_recv, without waiting.
int
hw_zmq_take_bytes(void *socket, void *to, size_t size);

// As zmq_msg_send, without waiting; more: another frame follows.
int
hw_zmq_give(void *socket, zmq_msg_t *frame, int more);

#endif
