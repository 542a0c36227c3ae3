// where.c - where is my message? The queue is asked, and answers by letter.
#include <stdlib.h>

#include "front/bus.h"

static bool
is_answered(void *user)
{
    struct hw_question *question = user;

    return atomic_load(&question->answered);
}

// Behind what was accepted, which the question may be about.
static hawser_status
push(struct hw_slot *slot, struct hw_command *command)
{
    if (HW_METER_GET(slot->meter.state) == HAWSER_CLOSED) {
        return HAWSER_ENDED;
    }
    if (!hw_slot_flush(slot)) {
        return HAWSER_NO_MEMORY;
    }
    command->letter.link = slot->index;
    hw_slot_push(slot, command);
    return HAWSER_OK;
}

// The queue answers every question, also one about a link that it has forgotten
// meanwhile, so the wait has an end.
static hawser_status
ask(hawser_bus *bus, hawser_link link, unsigned kind, uint64_t tag,
    struct hw_question *question)
{
    struct hw_command *command = hw_command_new(HW_QUEUE, kind, 0);
    hawser_status status = HAWSER_STALE;
    struct hw_slot *slot;

    if (command == NULL) {
        return HAWSER_NO_MEMORY;
    }
    command->letter.number = tag;
    command->letter.thing = question;
    slot = hw_slot_lock(bus, link);
    if (slot != NULL) {
        status = push(slot, command);
        hw_slot_unlock(slot);
    }
    if (status != HAWSER_OK) {
        free(command);
        return status;
    }
    (void)hw_wait(bus, UINT64_MAX, is_answered, question); // until it is so
    return HAWSER_OK;
}

hawser_status
hawser_message_phase(hawser_bus *bus, hawser_link link, uint64_t tag,
                     hawser_phase *phase)
{
    struct hw_question question = { 0 };
    hawser_status status;

    if (bus == NULL || tag == 0 || phase == NULL) {
        return HAWSER_INVALID;
    }
    status = ask(bus, link, HW_LETTER_WHERE, tag, &question);
    if (status == HAWSER_OK) {
        *phase = question.phase;
    }
    return status;
}

hawser_status
hawser_cancel(hawser_bus *bus, hawser_link link, uint64_t tag)
{
    struct hw_question question = { 0 };
    hawser_status status;

    if (bus == NULL || tag == 0) {
        return HAWSER_INVALID;
    }
    status = ask(bus, link, HW_LETTER_CANCEL, tag, &question);
    if (status != HAWSER_OK || question.taken_out) {
        return status;
    }
    return question.phase == HAWSER_PHASE_IN_FLIGHT ? HAWSER_AGAIN
                                                    : HAWSER_UNKNOWN;
}
