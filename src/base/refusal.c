// refusal.c - which call the operating system refused.
#include "base/refusal.h"

#include <stdio.h>
#include <string.h>

static _Thread_local struct {
    const char *call; // NULL: none
    int error;
    char text[128];
} last;

void
hw_refusal_note(const char *call, int error)
{
    last.call = call;
    last.error = error;
}

const char *
hw_refusal_take(void)
{
    const char *call = last.call;

    last.call = NULL;
    if (call == NULL) {
        return "";
    }
    if (last.error == 0) {
        (void)snprintf(last.text, sizeof last.text, "%s: refused", call);
    } else {
        (void)snprintf(last.text, sizeof last.text, "%s: %s", call,
                       strerror(last.error)); // cut, if it must be
    }
    return last.text;
}
