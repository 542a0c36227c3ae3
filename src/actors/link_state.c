// link_state.c - the life of a link, as one flat table.
#include "actors/link_state.h"

#include "base/check.h"

// clang-format off
#define TO(state, deed) { 1, HAWSER_##state, HW_DEED_##deed }

static const struct hw_link_step table[HW_LINK_STATES][HW_LINK_EVENTS] = {
    [HAWSER_IDLE] = {
        [HW_LINK_OPEN]      = TO(WAITING, TURN),
    },
    [HAWSER_DIALING] = {
        [HW_LINK_OPENED]    = TO(GREETING, GREET),
        [HW_LINK_LOST]      = TO(WAITING, RETRY),
        [HW_LINK_FATAL]     = TO(FAILED, FAIL),
        [HW_LINK_TIMEOUT]   = TO(WAITING, RETRY),
        [HW_LINK_ANSWER]    = TO(DIALING, CALL),
        [HW_LINK_READY]     = TO(DIALING, IGNORE),
        [HW_LINK_REFUSE]    = TO(DIALING, IGNORE),
        [HW_LINK_DUE]       = TO(DIALING, IGNORE),
        [HW_LINK_OVER]      = TO(DIALING, IGNORE),
        [HW_LINK_RECONNECT] = TO(WAITING, REDIAL),
        [HW_LINK_DRAIN]     = TO(DIALING, DRAIN),
        [HW_LINK_DRAINED]   = TO(CLOSED, FINISH),
        [HW_LINK_DEADLINE]  = TO(CLOSED, FINISH),
        [HW_LINK_CLOSE]     = TO(CLOSED, FINISH),
    },
    [HAWSER_GREETING] = {
        [HW_LINK_LOST]      = TO(WAITING, RETRY),
        [HW_LINK_FATAL]     = TO(FAILED, FAIL),
        [HW_LINK_DEAD]      = TO(WAITING, RETRY),
        [HW_LINK_TIMEOUT]   = TO(GREETING, REGREET),
        [HW_LINK_ANSWER]    = TO(GREETING, IGNORE),
        [HW_LINK_READY]     = TO(GREETING, REPLAY),
        [HW_LINK_REFUSE]    = TO(GREETING, REGREET),
        [HW_LINK_CEILING]   = TO(WAITING, RETRY),
        [HW_LINK_GREETED]   = TO(UP, FLOW),
        [HW_LINK_DUE]       = TO(GREETING, GREET),
        [HW_LINK_OVER]      = TO(FAILED, FAIL),
        [HW_LINK_RECONNECT] = TO(WAITING, REDIAL),
        [HW_LINK_DRAIN]     = TO(GREETING, DRAIN),
        [HW_LINK_DRAINED]   = TO(CLOSED, FINISH),
        [HW_LINK_DEADLINE]  = TO(CLOSED, FINISH),
        [HW_LINK_CLOSE]     = TO(CLOSED, FINISH),
    },
    [HAWSER_UP] = {
        [HW_LINK_LOST]      = TO(WAITING, RETRY),
        [HW_LINK_FATAL]     = TO(FAILED, FAIL),
        [HW_LINK_DEAD]      = TO(WAITING, RETRY),
        [HW_LINK_ANSWER]    = TO(UP, IGNORE),
        [HW_LINK_READY]     = TO(UP, IGNORE),
        [HW_LINK_REFUSE]    = TO(UP, IGNORE),
        [HW_LINK_DUE]       = TO(UP, IGNORE),
        [HW_LINK_PREFER]    = TO(WAITING, RETURN),
        [HW_LINK_RECONNECT] = TO(WAITING, REDIAL),
        [HW_LINK_DRAIN]     = TO(DRAINING, DRAIN),
        [HW_LINK_CLOSE]     = TO(CLOSED, FINISH),
    },
    [HAWSER_WAITING] = {
        [HW_LINK_LOST]      = TO(WAITING, IGNORE),
        [HW_LINK_FATAL]     = TO(WAITING, IGNORE),
        [HW_LINK_ANSWER]    = TO(WAITING, IGNORE),
        [HW_LINK_READY]     = TO(WAITING, IGNORE),
        [HW_LINK_REFUSE]    = TO(WAITING, IGNORE),
        [HW_LINK_DUE]       = TO(DIALING, DIAL),
        [HW_LINK_OVER]      = TO(FAILED, FAIL),
        [HW_LINK_RECONNECT] = TO(WAITING, REDIAL),
        [HW_LINK_DRAIN]     = TO(WAITING, DRAIN),
        [HW_LINK_DRAINED]   = TO(CLOSED, FINISH),
        [HW_LINK_DEADLINE]  = TO(CLOSED, FINISH),
        [HW_LINK_CLOSE]     = TO(CLOSED, FINISH),
    },
    [HAWSER_DRAINING] = {
        [HW_LINK_LOST]      = TO(WAITING, RETRY),
        [HW_LINK_FATAL]     = TO(FAILED, FAIL),
        [HW_LINK_DEAD]      = TO(WAITING, RETRY),
        [HW_LINK_ANSWER]    = TO(DRAINING, IGNORE),
        [HW_LINK_READY]     = TO(DRAINING, IGNORE),
        [HW_LINK_REFUSE]    = TO(DRAINING, IGNORE),
        [HW_LINK_DUE]       = TO(DRAINING, IGNORE),
        [HW_LINK_RECONNECT] = TO(WAITING, REDIAL),
        [HW_LINK_DRAIN]     = TO(DRAINING, DRAIN),
        [HW_LINK_DRAINED]   = TO(CLOSED, FINISH),
        [HW_LINK_DEADLINE]  = TO(CLOSED, FINISH),
        [HW_LINK_CLOSE]     = TO(CLOSED, FINISH),
    },
    [HAWSER_CLOSED] = {
        [HW_LINK_LOST]      = TO(CLOSED, IGNORE),
        [HW_LINK_FATAL]     = TO(CLOSED, IGNORE),
        [HW_LINK_DEAD]      = TO(CLOSED, IGNORE),
        [HW_LINK_ANSWER]    = TO(CLOSED, IGNORE),
        [HW_LINK_READY]     = TO(CLOSED, IGNORE),
        [HW_LINK_REFUSE]    = TO(CLOSED, IGNORE),
        [HW_LINK_GREETED]   = TO(CLOSED, IGNORE),
        [HW_LINK_DUE]       = TO(CLOSED, IGNORE),
        [HW_LINK_OVER]      = TO(CLOSED, IGNORE),
        [HW_LINK_RECONNECT] = TO(CLOSED, IGNORE),
        [HW_LINK_DRAIN]     = TO(CLOSED, IGNORE),
        [HW_LINK_DRAINED]   = TO(CLOSED, IGNORE),
        [HW_LINK_CLOSE]     = TO(CLOSED, IGNORE),
    },
    [HAWSER_FAILED] = {
        [HW_LINK_LOST]      = TO(FAILED, IGNORE),
        [HW_LINK_FATAL]     = TO(FAILED, IGNORE),
        [HW_LINK_DEAD]      = TO(FAILED, IGNORE),
        [HW_LINK_ANSWER]    = TO(FAILED, IGNORE),
        [HW_LINK_READY]     = TO(FAILED, IGNORE),
        [HW_LINK_REFUSE]    = TO(FAILED, IGNORE),
        [HW_LINK_DUE]       = TO(FAILED, IGNORE),
        [HW_LINK_OVER]      = TO(FAILED, IGNORE),
        [HW_LINK_RECONNECT] = TO(WAITING, REDIAL),
        [HW_LINK_DRAIN]     = TO(CLOSED, FINISH),
        [HW_LINK_DRAINED]   = TO(CLOSED, FINISH),
        [HW_LINK_DEADLINE]  = TO(CLOSED, FINISH),
        [HW_LINK_CLOSE]     = TO(CLOSED, FINISH),
    },
};
// clang-format on

static const char *const event_words[HW_LINK_EVENTS] = {
#define EVENT_WORD(event, word, sentence) word,
    HW_LINK_EVENT_LIST(EVENT_WORD)
#undef EVENT_WORD
};

static const char *const event_sentences[HW_LINK_EVENTS] = {
#define EVENT_SENTENCE(event, word, sentence) sentence,
    HW_LINK_EVENT_LIST(EVENT_SENTENCE)
#undef EVENT_SENTENCE
};

static const char *const deed_words[HW_LINK_DEEDS] = {
#define DEED_WORD(deed, word, sentence) word,
    HW_LINK_DEED_LIST(DEED_WORD)
#undef DEED_WORD
};

static const char *const deed_sentences[HW_LINK_DEEDS] = {
#define DEED_SENTENCE(deed, word, sentence) sentence,
    HW_LINK_DEED_LIST(DEED_SENTENCE)
#undef DEED_SENTENCE
};

struct hw_link_step
hw_link_step(hawser_state state, enum hw_link_event event)
{
    HW_CHECK((unsigned)state < HW_LINK_STATES &&
                 (unsigned)event < HW_LINK_EVENTS,
             "a step is from a state, by an event");
    return table[state][event];
}

const char *
hw_link_event_word(enum hw_link_event event)
{
    return event_words[event];
}

static void
print_cell(FILE *out, unsigned state, unsigned event)
{
    const struct hw_link_step *step = &table[state][event];

    if (!step->foreseen) {
        fprintf(out, " |");
    } else if (step->deed == HW_DEED_IGNORE) {
        fprintf(out, " · |");
    } else {
        fprintf(out, " %s<br>*%s* |",
                hawser_state_name((hawser_state)step->next),
                deed_words[step->deed]);
    }
}

static void
print_words(FILE *out, const char *title, const char *const *words,
            const char *const *sentences, unsigned count)
{
    fprintf(out, "\n## %s\n\n", title);
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, "- **%s**: %s\n", words[i], sentences[i]);
    }
}

void
hw_link_life_markdown(FILE *out)
{
    fprintf(out, "# The life of a link\n\n"
                 "Printed from the table in `src/actors/link_state.c`. A cell "
                 "names the next state and\nthe *deed*; · is an event that "
                 "comes late or changes nothing; an empty cell is an\nevent "
                 "that can't happen there, and stops on an assertion.\n\n| |");
    for (unsigned state = 0; state < HW_LINK_STATES; state++) {
        fprintf(out, " %s |", hawser_state_name((hawser_state)state));
    }
    fprintf(out, "\n|");
    for (unsigned state = 0; state <= HW_LINK_STATES; state++) {
        fprintf(out, " --- |");
    }
    for (unsigned event = 0; event < HW_LINK_EVENTS; event++) {
        fprintf(out, "\n| **%s** |", event_words[event]);
        for (unsigned state = 0; state < HW_LINK_STATES; state++) {
            print_cell(out, state, event);
        }
    }
    fprintf(out, "\n");
    print_words(out, "Events", event_words, event_sentences, HW_LINK_EVENTS);
    print_words(out, "Deeds", deed_words, deed_sentences, HW_LINK_DEEDS);
}
