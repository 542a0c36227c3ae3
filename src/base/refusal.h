// refusal.h - which call the operating system refused, in words, for the one
// who tells of it. This thread's own.
#ifndef HW_BASE_REFUSAL_H
#define HW_BASE_REFUSAL_H

// Notes that the call failed with that errno; 0: nothing more is known.
void
hw_refusal_note(const char *call, int error);

// "eventfd: Too many open files", and forgets it; "" if there is none.
const char *
hw_refusal_take(void);

#endif
