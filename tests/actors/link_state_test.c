// link_state_test.c - the life of a link, cell by cell.
//
// The rules are stated here once more, event by event, as the design (§3) tells
// them; the table states them state by state. A cell that no rule names is an
// event that can't happen there.
#include "actors/link_state.h"

#include <stdlib.h>

#include "base/dies.h"
#include "check.h"

#define IN(state) (1u << HAWSER_##state)

enum {
    WIRED = IN(GREETING) | IN(UP) | IN(DRAINING), // the wire is open
    WITH_WIRE = IN(DIALING) | WIRED,              // or under way
    OVER = IN(CLOSED) | IN(FAILED),
    STARTED = WITH_WIRE | IN(WAITING) | OVER,
    SAME = 255,
};

struct rule {
    const char *why;
    enum hw_link_event event;
    unsigned states;
    int next; // hawser_state, or SAME
    enum hw_link_deed deed;
};

static const struct rule rules[] = {
    { "a link that is opened asks for its turn", HW_LINK_OPEN, IN(IDLE),
      HAWSER_WAITING, HW_DEED_TURN },
    { "an open wire is greeted on", HW_LINK_OPENED, IN(DIALING),
      HAWSER_GREETING, HW_DEED_GREET },

    { "every loss is followed by a retry", HW_LINK_LOST, WITH_WIRE,
      HAWSER_WAITING, HW_DEED_RETRY },
    { "a loss without a wire comes late", HW_LINK_LOST, IN(WAITING) | OVER,
      SAME, HW_DEED_IGNORE },
    { "what retrying can't mend ends in FAILED", HW_LINK_FATAL, WITH_WIRE,
      HAWSER_FAILED, HW_DEED_FAIL },
    { "and without a wire comes late", HW_LINK_FATAL, IN(WAITING) | OVER, SAME,
      HW_DEED_IGNORE },
    { "a dead peer is a lost one", HW_LINK_DEAD, WIRED, HAWSER_WAITING,
      HW_DEED_RETRY },
    { "and late once it is over", HW_LINK_DEAD, OVER, SAME, HW_DEED_IGNORE },

    { "a dial that takes too long is retried", HW_LINK_TIMEOUT, IN(DIALING),
      HAWSER_WAITING, HW_DEED_RETRY },
    { "a greeting that takes too long is said again", HW_LINK_TIMEOUT,
      IN(GREETING), SAME, HW_DEED_REGREET },

    { "fresh headers are dialled with", HW_LINK_ANSWER, IN(DIALING), SAME,
      HW_DEED_CALL },
    { "and come late anywhere else", HW_LINK_ANSWER, STARTED & ~IN(DIALING),
      SAME, HW_DEED_IGNORE },
    { "a greeting that went well is replayed to", HW_LINK_READY, IN(GREETING),
      SAME, HW_DEED_REPLAY },
    { "a late word about a greeting changes nothing", HW_LINK_READY,
      STARTED & ~IN(GREETING), SAME, HW_DEED_IGNORE },
    { "a refused greeting is said again", HW_LINK_REFUSE, IN(GREETING), SAME,
      HW_DEED_REGREET },
    { "a late refusal changes nothing", HW_LINK_REFUSE, STARTED & ~IN(GREETING),
      SAME, HW_DEED_IGNORE },
    { "at its ceiling the wire is dropped and dialled anew", HW_LINK_CEILING,
      IN(GREETING), HAWSER_WAITING, HW_DEED_RETRY },
    { "greeted is up", HW_LINK_GREETED, IN(GREETING), HAWSER_UP, HW_DEED_FLOW },
    { "and late once it is closed", HW_LINK_GREETED, IN(CLOSED), SAME,
      HW_DEED_IGNORE },

    { "the wait is over: dial", HW_LINK_DUE, IN(WAITING), HAWSER_DIALING,
      HW_DEED_DIAL },
    { "the wait is over: greet again", HW_LINK_DUE, IN(GREETING), SAME,
      HW_DEED_GREET },
    { "nobody waits any more", HW_LINK_DUE,
      STARTED & ~(IN(WAITING) | IN(GREETING)), SAME, HW_DEED_IGNORE },
    { "no attempts are left", HW_LINK_OVER, IN(WAITING) | IN(GREETING),
      HAWSER_FAILED, HW_DEED_FAIL },
    { "and that comes late", HW_LINK_OVER, IN(DIALING) | OVER, SAME,
      HW_DEED_IGNORE },

    { "up leaves its second choice", HW_LINK_PREFER, IN(UP), HAWSER_WAITING,
      HW_DEED_RETURN },
    { "every wait can be cut short by reconnect", HW_LINK_RECONNECT,
      STARTED & ~IN(CLOSED), HAWSER_WAITING, HW_DEED_REDIAL },
    { "a closed link stays closed", HW_LINK_RECONNECT, IN(CLOSED), SAME,
      HW_DEED_IGNORE },
    { "every wait can be cut short by close", HW_LINK_CLOSE,
      STARTED & ~IN(CLOSED), HAWSER_CLOSED, HW_DEED_FINISH },
    { "once is enough", HW_LINK_CLOSE, IN(CLOSED), SAME, HW_DEED_IGNORE },

    { "up drains", HW_LINK_DRAIN, IN(UP), HAWSER_DRAINING, HW_DEED_DRAIN },
    { "others drain once they are up", HW_LINK_DRAIN,
      IN(DIALING) | IN(GREETING) | IN(WAITING) | IN(DRAINING), SAME,
      HW_DEED_DRAIN },
    { "a failed link has nowhere to drain to", HW_LINK_DRAIN, IN(FAILED),
      HAWSER_CLOSED, HW_DEED_FINISH },
    { "a closed one has nothing to", HW_LINK_DRAIN, IN(CLOSED), SAME,
      HW_DEED_IGNORE },
    { "nothing is left", HW_LINK_DRAINED, STARTED & ~(IN(UP) | IN(CLOSED)),
      HAWSER_CLOSED, HW_DEED_FINISH },
    { "nor of a closed link", HW_LINK_DRAINED, IN(CLOSED), SAME,
      HW_DEED_IGNORE },
    { "no time is left", HW_LINK_DEADLINE, STARTED & ~(IN(UP) | IN(CLOSED)),
      HAWSER_CLOSED, HW_DEED_FINISH },
};

enum { RULES = sizeof rules / sizeof rules[0] };

static const struct rule *
rule_of(unsigned state, unsigned event, unsigned *count)
{
    const struct rule *found = NULL;

    *count = 0;
    for (size_t i = 0; i < RULES; i++) {
        if (rules[i].event == event && (rules[i].states & 1u << state) != 0) {
            found = &rules[i];
            ++*count;
        }
    }
    return found;
}

static void
check_cell(unsigned state, unsigned event)
{
    struct hw_link_step step =
        hw_link_step((hawser_state)state, (enum hw_link_event)event);
    unsigned count;
    const struct rule *rule = rule_of(state, event, &count);
    unsigned next = rule == NULL         ? 0
                    : rule->next == SAME ? state
                                         : (unsigned)rule->next;
    bool right = count <= 1 && step.foreseen == (rule != NULL) &&
                 (rule == NULL ||
                  (step.next == next && step.deed == (unsigned)rule->deed));

    if (!right) {
        fprintf(stderr, "%s -(%s)->: %s\n",
                hawser_state_name((hawser_state)state),
                hw_link_event_word((enum hw_link_event)event),
                rule == NULL ? "no rule" : rule->why);
    }
    CU_ASSERT_TRUE(right);
}

static void
every_cell_is_as_the_rules_say(void)
{
    for (unsigned state = 0; state < HW_LINK_STATES; state++) {
        for (unsigned event = 0; event < HW_LINK_EVENTS; event++) {
            check_cell(state, event);
        }
    }
}

static void
what_is_ignored_changes_no_state(void)
{
    for (unsigned state = 0; state < HW_LINK_STATES; state++) {
        for (unsigned event = 0; event < HW_LINK_EVENTS; event++) {
            struct hw_link_step step =
                hw_link_step((hawser_state)state, (enum hw_link_event)event);

            if (step.foreseen && step.deed == HW_DEED_IGNORE) {
                CU_ASSERT_EQUAL(step.next, state);
            }
        }
    }
}

static void
every_state_but_the_first_can_be_reached_and_closed_is_for_good(void)
{
    bool reached[HW_LINK_STATES] = { false };

    for (unsigned state = 0; state < HW_LINK_STATES; state++) {
        for (unsigned event = 0; event < HW_LINK_EVENTS; event++) {
            struct hw_link_step step =
                hw_link_step((hawser_state)state, (enum hw_link_event)event);

            if (step.foreseen) {
                reached[step.next] = reached[step.next] || step.next != state;
                CU_ASSERT_TRUE(state != HAWSER_CLOSED ||
                               step.deed == HW_DEED_IGNORE);
            }
        }
    }
    for (unsigned state = 1; state < HW_LINK_STATES; state++) {
        CU_ASSERT_TRUE(reached[state]);
    }
    CU_ASSERT_FALSE(reached[HAWSER_IDLE]);
}

static void
step_from_nowhere(void)
{
    (void)hw_link_step((hawser_state)HW_LINK_STATES, HW_LINK_OPEN);
}

static void
step_by_nothing(void)
{
    (void)hw_link_step(HAWSER_UP, HW_LINK_EVENTS);
}

static void
a_step_is_from_a_state_by_an_event(void)
{
    CU_ASSERT_TRUE(dies_saying(step_from_nowhere, "from a state, by an event"));
    CU_ASSERT_TRUE(dies_saying(step_by_nothing, "from a state, by an event"));
}

static size_t
count_of(const char *text, const char *word)
{
    size_t count = 0;

    while ((text = strstr(text, word)) != NULL) {
        text += strlen(word);
        count++;
    }
    return count;
}

static void
the_printed_page_shows_every_cell(void)
{
    char *page = NULL, row[64];
    size_t size = 0, deeds = 0, ignored = 0;
    FILE *out = open_memstream(&page, &size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    hw_link_life_markdown(out);
    (void)fclose(out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    for (unsigned event = 0; event < HW_LINK_EVENTS; event++) {
        (void)snprintf(row, sizeof row, "\n| **%s** |",
                       hw_link_event_word((enum hw_link_event)event));
        CU_ASSERT_EQUAL(count_of(page, row), 1);
        for (unsigned state = 0; state < HW_LINK_STATES; state++) {
            struct hw_link_step step =
                hw_link_step((hawser_state)state, (enum hw_link_event)event);

            deeds += step.foreseen && step.deed != HW_DEED_IGNORE;
            ignored += step.foreseen && step.deed == HW_DEED_IGNORE;
        }
    }
    CU_ASSERT_EQUAL(count_of(page, "<br>*"), deeds);
    CU_ASSERT_EQUAL(count_of(page, " · |"), ignored);
    free(page);
}

static CU_TestInfo tests[] = {
    CHECK(every_cell_is_as_the_rules_say),
    CHECK(what_is_ignored_changes_no_state),
    CHECK(every_state_but_the_first_can_be_reached_and_closed_is_for_good),
    CHECK(a_step_is_from_a_state_by_an_event),
    CHECK(the_printed_page_shows_every_cell),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("link state", tests)
