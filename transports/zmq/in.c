// in.c - receiving.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "patient.h"
#include "wire.h"

// What one turn receives at most, so that a busy wire does not keep the others
// of its loop waiting. Chosen.
enum { MESSAGES_PER_TURN = 1024, BYTES_PER_TURN = 1 << 20 };

// A message, frame by frame; those that are kept lie here.
struct heard {
    zmq_msg_t kept[HW_ZMQ_KEPT];
    size_t count; // of those
    size_t bytes;
};

static void
let_go(struct heard *heard)
{
    for (size_t i = 0; i < heard->count; i++) {
        (void)zmq_msg_close(&heard->kept[i]); // it is one
    }
}

// ---- what can't be handed on ----

static void
refuse(struct hw_zmq_wire *wire, hawser_cause cause, const char *why)
{
    char note[200];

    if (wire->bind) { // one bad peer is not the others' loss
        (void)snprintf(note, sizeof note, "zmq: not handed on: %s", why); // cut
        hawser_port_note(wire->port, note);
        return;
    }
    hw_zmq_wire_note(wire, cause, "zmq: %s", why);
    hw_zmq_wire_lose(wire);
}

static void
refuse_size(struct hw_zmq_wire *wire)
{
    char why[96];

    (void)snprintf(why, sizeof why, "a message above message.max (%zu)",
                   wire->message_max); // it fits
    refuse(wire, HAWSER_CAUSE_TOO_BIG, why);
}

// ---- one message ----

// REQ: the answer has come. REP: it is to be answered before another comes.
static void
note_turn(struct hw_zmq_wire *wire)
{
    if (wire->type->number == ZMQ_REQ || wire->type->number == ZMQ_REP) {
        wire->awaits_answer = false;
        wire->answered = true;
    }
}

static void
hand_on(struct hw_zmq_wire *wire, struct hw_zmq_gathering *gathering)
{
    struct hw_zmq_frame topic, bytes;
    const char *fault =
        hw_zmq_gather_end(gathering, &wire->shape, &topic, &bytes);

    if (gathering->out_of_memory) {
        hw_zmq_wire_note(wire, HAWSER_CAUSE_LOCAL, "zmq: out of memory");
        hw_zmq_wire_lose(wire);
    } else if (gathering->too_big) {
        refuse_size(wire);
    } else if (fault != NULL) { // then there are no bytes
        refuse(wire, HAWSER_CAUSE_PROTOCOL, fault);
    } else if (bytes.size > wire->message_max) {
        refuse_size(wire);
    } else {
        hawser_port_received(wire->port, HAWSER_BINARY, topic.bytes, topic.size,
                             bytes.bytes, bytes.size);
    }
}

// The frames behind the first; all of them are there.
static void
gather_rest(struct hw_zmq_wire *wire, struct heard *heard)
{
    struct hw_zmq_gathering *gathering = &wire->site->gathering;
    zmq_msg_t passing;
    bool more = true;

    while (more) {
        zmq_msg_t *frame =
            heard->count < HW_ZMQ_KEPT ? &heard->kept[heard->count] : &passing;

        (void)zmq_msg_init(frame); // it can't fail
        if (hw_zmq_take(wire->socket, frame) < 0) {
            return; // the context ends: the next look will tell
        }
        more = zmq_msg_more(frame) != 0;
        heard->bytes += zmq_msg_size(frame);
        hw_zmq_gather(
            gathering, &wire->shape,
            (struct hw_zmq_frame){ zmq_msg_data(frame), zmq_msg_size(frame) },
            wire->message_max);
        if (frame == &passing) {
            (void)zmq_msg_close(frame); // it is one
        } else {
            heard->count++;
        }
    }
}

static void
hear(struct hw_zmq_wire *wire, struct heard *heard)
{
    struct hw_zmq_gathering *gathering = &wire->site->gathering;
    struct hw_zmq_frame first = { zmq_msg_data(&heard->kept[0]),
                                  zmq_msg_size(&heard->kept[0]) };

    heard->count = 1;
    heard->bytes = first.size;
    note_turn(wire);
    if (zmq_msg_more(&heard->kept[0]) == 0 && !wire->shape.addressed &&
        wire->shape.multipart == HW_ZMQ_TOPIC) {
        hawser_port_received(wire->port, HAWSER_BINARY, NULL, 0, first.bytes,
                             first.size);
    } else {
        hw_zmq_gather_begin(gathering);
        hw_zmq_gather(gathering, &wire->shape, first, wire->message_max);
        if (zmq_msg_more(&heard->kept[0]) != 0) {
            gather_rest(wire, heard);
        }
        hand_on(wire, gathering);
    }
    let_go(heard);
}

// ---- a turn ----

static bool
may_receive(const struct hw_zmq_wire *wire)
{
    bool in_turn = wire->type->number != ZMQ_REP || wire->awaits_answer ||
                   wire->phase == HW_ZMQ_ENDING;

    return wire->phase >= HW_ZMQ_OPEN && wire->phase <= HW_ZMQ_ENDING &&
           wire->type->receives && !wire->deaf && in_turn;
}

// Nothing more is there, or it can't be had.
static void
on_nothing(struct hw_zmq_wire *wire, int error)
{
    if (error == EAGAIN || error == EFSM) {
        wire->drained = true;
        return;
    }
    hw_zmq_wire_note(wire, HAWSER_CAUSE_LOCAL, "zmq: %s", zmq_strerror(error));
    hw_zmq_wire_lose(wire);
}

// libzmq tells of what comes while its commands are looked through, which
// receiving does by itself.
static void
look_through_commands(struct hw_zmq_wire *wire)
{
    int events;
    size_t size = sizeof events;

    wire->drained = !wire->type->receives;
    if (hw_zmq_ask(wire->socket, ZMQ_EVENTS, &events, &size) != 0) {
        on_nothing(wire, zmq_errno());
    }
}

// The answer to a REQ proves that its question arrived.
static void
pass_barrier(struct hw_zmq_wire *wire)
{
    if (wire->asked && wire->answered && wire->phase == HW_ZMQ_OPEN) {
        wire->asked = false;
        hawser_port_passed(wire->port, wire->barrier);
    }
}

void
hw_zmq_receive(struct hw_zmq_wire *wire)
{
    size_t bytes = 0;
    unsigned count = 0;

    if (!may_receive(wire)) {
        look_through_commands(wire);
    }
    while (may_receive(wire) && count < MESSAGES_PER_TURN &&
           bytes < BYTES_PER_TURN) {
        struct heard heard;

        (void)zmq_msg_init(&heard.kept[0]); // it can't fail
        if (hw_zmq_take(wire->socket, &heard.kept[0]) < 0) {
            on_nothing(wire, zmq_errno());
            break;
        }
        if (count++ == 0) {
            hawser_port_alive(wire->port);
        }
        hear(wire, &heard);
        bytes += heard.bytes;
    }
    if (count >= MESSAGES_PER_TURN || bytes >= BYTES_PER_TURN) {
        hw_zmq_wire_soon(wire);
    }
    if (wire->phase == HW_ZMQ_OPEN) {
        pass_barrier(wire);
    }
}
