// out.c - sending.
#include <errno.h>
#include <string.h>
#include <zmq.h>

#include "patient.h"
#include "wire.h"

enum {
    BLOCK_SIZE = 32 * 1024, // messages that share memory; chosen
    // Kept inside zmq_msg_t by libzmq 4.3, without memory of their own.
    SMALL = 32,
    // A full wire has room again once libzmq holds half of zmq.buffer: its own
    // low water mark. What it still has keeps its thread at work until the
    // loop's has its turn; a thread that falls asleep in between is woken for
    // every few messages. Of 256 KiB that was too little, whatever the part.
    LOW_PART = 2,
};

// A call of send.
struct sending {
    struct hw_zmq_wire *wire;
    const hawser_message *messages;
    size_t count;
    size_t at;
    struct hw_zmq_block *block; // NULL: none
    bool awaits_bytes;          // zmq.buffer is full
};

enum outcome { TAKEN, REFUSED, NO_ROOM, ENDED };

const char hw_zmq_no_sender[] = "type=pull receives only";

// ---- memory ----

// What the messages from at on need, as far as they share a block.
static size_t
needed(const struct sending *sending)
{
    size_t sum = 0;

    for (size_t i = sending->at; i < sending->count; i++) {
        size_t size =
            (size_t)sending->messages[i].size + sending->messages[i].topic_size;

        if (sum > 0 && sum + size > BLOCK_SIZE) {
            break;
        }
        sum += size;
    }
    return sum;
}

// A block with room for size bytes. NULL: there is no room on the wire.
static struct hw_zmq_block *
block_for(struct sending *sending, size_t size)
{
    struct hw_zmq_wire *wire = sending->wire;
    size_t backlog, room, wanted;

    if (sending->block != NULL && hw_zmq_block_left(sending->block) >= size) {
        return sending->block;
    }
    if (sending->block != NULL) {
        hw_zmq_block_close(sending->block);
        sending->block = NULL;
    }
    backlog = hw_zmq_ledger_backlog(wire->ledger);
    room = backlog < wire->buffer_max ? wire->buffer_max - backlog : 0;
    if (size > room && backlog > 0) {
        sending->awaits_bytes = true;
        return NULL;
    }
    wanted = needed(sending);
    wanted = wanted > room ? room : wanted;
    sending->block =
        hw_zmq_block_new(wire->ledger, wanted > size ? wanted : size);
    if (sending->block != NULL) {
        wire->taken += wanted > size ? wanted : size;
    }
    return sending->block;
}

static bool
make_frame(struct sending *sending, zmq_msg_t *made, struct hw_zmq_frame frame)
{
    struct hw_zmq_block *block;

    if (frame.size <= SMALL) {
        if (zmq_msg_init_size(made, frame.size) != 0) {
            return false;
        }
        memcpy(zmq_msg_data(made), frame.bytes, frame.size);
        sending->wire->taken += frame.size;
        return true;
    }
    block = block_for(sending, frame.size);
    return block != NULL &&
           hw_zmq_block_message(block, made, frame.bytes, frame.size);
}

// ---- one message ----

static enum outcome
refuse(const struct sending *sending, const char *why)
{
    hawser_port_refused(sending->wire->port, sending->at, why);
    return REFUSED;
}

static enum outcome
outcome_of(int error)
{
    switch (error) {
    case EAGAIN:
    case EFSM:
        return NO_ROOM;
    case EHOSTUNREACH:
        return REFUSED;
    default:
        return ENDED;
    }
}

// Once a part was refused libzmq drops what is left of the message up to its
// last frame, which must therefore come.
static void
give_up(struct hw_zmq_wire *wire, struct hw_zmq_cut *cut)
{
    while (cut->more) {
        struct hw_zmq_frame frame = hw_zmq_cut_next(cut);

        (void)zmq_send(wire->socket, frame.bytes, frame.size > 0 ? 1 : 0,
                       ZMQ_DONTWAIT | (cut->more ? ZMQ_SNDMORE : 0));
    }
}

// A message that is begun must be ended, so there is room for all of it before,
// in one block. false: there is not.
static bool
has_room_for_all(struct sending *sending)
{
    const hawser_message *message = &sending->messages[sending->at];
    size_t size = (size_t)message->size + message->topic_size;

    return size <= SMALL || block_for(sending, size) != NULL;
}

static bool
has_more_frames(const struct sending *sending)
{
    return sending->messages[sending->at].topic_size > 0 ||
           sending->wire->shape.multipart != HW_ZMQ_TOPIC;
}

// Without memory the wire is lost, as those of the other transports are: the
// next one has what it was not given, and what was begun ends with this one.
static enum outcome
send_frames(struct sending *sending, struct hw_zmq_cut *cut)
{
    struct hw_zmq_wire *wire = sending->wire;
    bool begun = false;

    while (cut->more) {
        struct hw_zmq_frame frame = hw_zmq_cut_next(cut);
        zmq_msg_t made;
        int error;

        if (!make_frame(sending, &made, frame)) {
            return sending->awaits_bytes ? NO_ROOM : ENDED;
        }
        if (hw_zmq_give(wire->socket, &made, cut->more) < 0) {
            error = zmq_errno();
            (void)zmq_msg_close(&made); // it is still ours
            if (begun) {
                give_up(wire, cut);
            }
            return outcome_of(error);
        }
        begun = true;
    }
    return TAKEN;
}

static enum outcome
send_one(struct sending *sending)
{
    const hawser_message *message = &sending->messages[sending->at];
    struct hw_zmq_wire *wire = sending->wire;
    struct hw_zmq_cut cut;
    const char *fault = wire->type->sends
                            ? hw_zmq_cut_begin(&cut, message, &wire->shape)
                            : hw_zmq_no_sender;
    enum outcome outcome;

    if (fault != NULL) { // it was kept for a wire of another shape
        return refuse(sending, fault);
    }
    if (has_more_frames(sending) && !has_room_for_all(sending)) {
        return sending->awaits_bytes ? NO_ROOM : ENDED;
    }
    outcome = send_frames(sending, &cut);
    return outcome == REFUSED ? refuse(sending, "no peer has that routing id")
                              : outcome;
}

// What a SUB is given are subscriptions, as XSUB has them: 1 and a prefix
// subscribes, 0 and a prefix takes it back; a prefix that begins with neither
// subscribes as it is.
static enum outcome
send_subscription(struct sending *sending)
{
    const hawser_message *message = &sending->messages[sending->at];
    const uint8_t *prefix = message->bytes;
    size_t size = message->size;
    int option = ZMQ_SUBSCRIBE;

    if (size > 0 && prefix[0] <= 1) {
        option = prefix[0] == 1 ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
        prefix++;
        size--;
    }
    if (zmq_setsockopt(sending->wire->socket, option, prefix, size) != 0) {
        return outcome_of(zmq_errno());
    }
    sending->wire->taken += size;
    return TAKEN;
}

// ---- the verb ----

static bool
may_send(const struct hw_zmq_wire *wire)
{
    int number = wire->type->number;

    return (number != ZMQ_REQ && number != ZMQ_REP) || !wire->awaits_answer;
}

static void
note_turn(struct hw_zmq_wire *wire)
{
    if (wire->type->number == ZMQ_REQ || wire->type->number == ZMQ_REP) {
        wire->awaits_answer = true;
    }
}

static void
end(struct hw_zmq_wire *wire, const char *why)
{
    hw_zmq_wire_note(wire, HAWSER_CAUSE_LOCAL, "zmq: %s", why);
    wire->drained = true;
    hw_zmq_wire_end(wire);
}

static void
send_all(struct sending *sending)
{
    struct hw_zmq_wire *wire = sending->wire;
    bool subscribes = wire->type->number == ZMQ_SUB;

    while (sending->at < sending->count && may_send(wire)) {
        enum outcome outcome =
            subscribes ? send_subscription(sending) : send_one(sending);

        if (outcome == NO_ROOM) {
            return;
        }
        if (outcome == ENDED) {
            end(wire, zmq_strerror(zmq_errno()));
            return;
        }
        if (outcome == TAKEN) {
            note_turn(wire);
        }
        sending->at++;
    }
}

// Where libzmq has looked through its commands meanwhile, something may have
// come that its descriptor does not tell of any more; so a turn follows.
size_t
hw_zmq_send(void *user, const hawser_message *messages, size_t count)
{
    struct hw_zmq_wire *wire = user;
    struct sending sending = { wire, messages, count, 0, NULL, false };

    if (wire->phase != HW_ZMQ_OPEN) {
        wire->wants_room = true;
        return 0;
    }
    send_all(&sending);
    if (sending.block != NULL) {
        hw_zmq_block_close(sending.block);
    }
    wire->wants_room = sending.at < count;
    wire->awaits_bytes = sending.awaits_bytes;
    // Who waits for bytes that have gone meanwhile looks for itself: the bell
    // has rung for nobody.
    if (sending.awaits_bytes &&
        hw_zmq_ledger_await(wire->ledger, wire->buffer_max / LOW_PART)) {
        hw_zmq_wire_soon(wire);
    }
    if (sending.at > 0) {
        hw_zmq_wire_soon(wire);
    }
    return sending.at;
}

// Asking has libzmq look through its commands, like sending: what has come by
// them is received in a turn of its own.
static bool
socket_has_room(struct hw_zmq_wire *wire)
{
    int events = 0;
    size_t size = sizeof events;

    if (hw_zmq_ask(wire->socket, ZMQ_EVENTS, &events, &size) != 0) {
        return false;
    }
    if ((events & ZMQ_POLLIN) != 0 && !wire->deaf) {
        hw_zmq_wire_soon(wire);
    }
    return (events & ZMQ_POLLOUT) != 0;
}

// A ROUTER has room for some peer nearly always, and never tells for which: who
// waits is told whenever there is news.
static bool
has_room(struct hw_zmq_wire *wire)
{
    if (!may_send(wire) ||
        hw_zmq_ledger_backlog(wire->ledger) > wire->buffer_max / LOW_PART) {
        return false;
    }
    return wire->type->number == ZMQ_ROUTER || wire->type->number == ZMQ_SUB ||
           socket_has_room(wire);
}

void
hw_zmq_say_writable(struct hw_zmq_wire *wire)
{
    if (wire->wants_room && has_room(wire)) {
        wire->wants_room = false;
        wire->awaits_bytes = false;
        hawser_port_writable(wire->port);
    }
}

// Where nobody is there, or it is the other's turn to speak, nothing is stuck.
void
hw_zmq_gauge(void *user, hawser_gauge *gauge)
{
    struct hw_zmq_wire *wire = user;

    gauge->backlog = hw_zmq_ledger_backlog(wire->ledger);
    gauge->written = wire->taken - gauge->backlog;
    if (!may_send(wire) || (wire->bind && wire->peers == 0)) {
        gauge->written += ++wire->nothing;
    }
}
