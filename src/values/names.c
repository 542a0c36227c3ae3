// names.c - the words of the public lists: states, fates and phases.
#include <hawser/inbox.h>
#include <hawser/link.h>

const char *
hawser_state_name(hawser_state state)
{
    static const char *const names[] = {
        [HAWSER_IDLE] = "idle",         [HAWSER_DIALING] = "dialing",
        [HAWSER_GREETING] = "greeting", [HAWSER_UP] = "up",
        [HAWSER_WAITING] = "waiting",   [HAWSER_DRAINING] = "draining",
        [HAWSER_CLOSED] = "closed",     [HAWSER_FAILED] = "failed",
    };
    unsigned number = (unsigned)state;

    return number < sizeof names / sizeof names[0] ? names[number] : "none";
}

const char *
hawser_fate_name(hawser_fate fate)
{
    static const char *const names[] = {
        [HAWSER_SETTLED] = "settled",
        [HAWSER_EXPIRED] = "expired",
        [HAWSER_DROPPED] = "dropped",
        [HAWSER_REFUSED] = "refused",
    };
    unsigned number = (unsigned)fate;

    return number < sizeof names / sizeof names[0] ? names[number] : "none";
}

const char *
hawser_phase_name(hawser_phase phase)
{
    static const char *const names[] = {
        [HAWSER_PHASE_WAITING] = "waiting",
        [HAWSER_PHASE_IN_FLIGHT] = "in flight",
        [HAWSER_PHASE_GONE] = "gone",
    };
    unsigned number = (unsigned)phase;

    return number < sizeof names / sizeof names[0] ? names[number] : "none";
}
