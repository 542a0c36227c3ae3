// ask.c - where is my message? Asked at any moment, and compared with what else
// is known of it.
#include <inttypes.h>

#include "storm.h"

static struct question *
free_question(struct storm *storm)
{
    unsigned i = 0;

    while (i < QUESTIONS_MAX && storm->questions[i].link != NULL) {
        i++;
    }
    return i < QUESTIONS_MAX ? &storm->questions[i] : NULL;
}

static uint64_t
any_number(struct storm *storm, const struct link *link)
{
    uint64_t from = storm_once_in(storm, 4) ? 0 : link->first_held;
    uint64_t beyond = storm_once_in(storm, 20) ? 3 : 0;

    return from + storm_chance(storm, link->accepted - from + beyond);
}

void
ask_about_any(struct storm *storm, struct link *link, bool cancel)
{
    struct question *question = free_question(storm);
    struct hw_letter letter = {
        .kind = cancel ? HW_LETTER_CANCEL : HW_LETTER_WHERE,
        .link = link->row,
        .thing = question,
    };
    uint64_t number = any_number(storm, link);

    if (question == NULL) {
        return;
    }
    *question = (struct question){
        .link = link,
        .number = number,
        .cancel = cancel,
        .settled = !link->tagged || number >= link->accepted ||
                   link->fates[number].receipts > 0,
        .state = link->state,
        .wire = link->wire,
    };
    letter.number = number + 1;
    storm_say(storm, HW_QUEUE, &letter);
}

void
ask_hear(struct storm *storm, const struct hw_letter *letter)
{
    struct question *question = letter->thing;
    struct link *link = question->link;

    if (storm->dead) {
        return; // nobody waits for it
    }
    question->answered = true;
    question->phase = (hawser_phase)letter->note;
    question->taken_out = letter->count != 0;
    if (question->taken_out && question->number < link->accepted) {
        link->fates[question->number].cancelled = true;
    }
    storm_note(storm, question->number << 8 ^ letter->note);
    storm_tell(storm, "link %" PRIu32 ": message %" PRIu64 " is %s%s", link->id,
               question->number, hawser_phase_name(question->phase),
               question->taken_out ? ", and is taken out" : "");
}

// ---- what must hold of an answer ----

static bool
is_up(hawser_state state)
{
    return state == HAWSER_UP || state == HAWSER_DRAINING;
}

// The link had one wire all the time, and the message was handed on for it.
static bool
was_in_flight(const struct storm *storm, const struct question *question,
              const struct fate *fate)
{
    const struct link *link = question->link;

    return is_up(question->state) && is_up(link->state) &&
           link->wire == question->wire && fate->handed_wire == link->wire &&
           fate->handed_turn < storm->turns;
}

static bool
fits_phase(const struct storm *storm, const struct question *question)
{
    const struct fate *fate = &question->link->fates[question->number];

    switch (question->phase) {
    case HAWSER_PHASE_WAITING:
        return !was_in_flight(storm, question, fate);
    case HAWSER_PHASE_IN_FLIGHT:
        return fate->handed_wire != 0 && fate->handed_wire >= question->wire;
    default:
        return fate->receipts > 0;
    }
}

static bool
fits_cancel(const struct question *question)
{
    bool taken_out =
        question->cancel && question->phase == HAWSER_PHASE_WAITING;
    const struct fate *fate = &question->link->fates[question->number];

    return question->taken_out == taken_out &&
           (!taken_out ||
            (fate->receipts == 1 && fate->became == HAWSER_DROPPED));
}

static bool
is_right(const struct storm *storm, const struct question *question)
{
    if (question->settled) {
        return question->phase == HAWSER_PHASE_GONE && !question->taken_out;
    }
    return fits_phase(storm, question) && fits_cancel(question);
}

void
ask_check(struct storm *storm)
{
    for (unsigned i = 0; i < QUESTIONS_MAX; i++) {
        struct question *question = &storm->questions[i];

        if (question->link == NULL || !question->answered) {
            continue;
        }
        if (!is_right(storm, question)) {
            storm_fault(storm,
                        "link %" PRIu32 " answers that message %" PRIu64
                        " is %s%s",
                        question->link->id, question->number,
                        hawser_phase_name(question->phase),
                        question->taken_out ? ", and takes it out" : "");
        }
        question->link = NULL;
    }
}
