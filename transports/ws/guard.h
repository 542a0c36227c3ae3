// guard.h - keeps libwebsockets from closing what is not its own.
//
// libwebsockets 4.1 closes the descriptor of its event pipe twice when a
// context ends, some turns of the loop apart. In between, another thread may
// have been given the number for a file of its own, so a placeholder holds it.
#ifndef HW_WS_GUARD_H
#define HW_WS_GUARD_H

#include <sys/types.h>

#include <uv.h>

struct hw_ws_guard {
    int number;  // of the event pipe; -1: not known
    ino_t inode; // of the placeholder; 0: there is none
};

// Before a context is made, and after.
void
hw_ws_guard_before(struct hw_ws_guard *guard, uv_loop_t *loop);

void
hw_ws_guard_after(struct hw_ws_guard *guard, uv_loop_t *loop);

// The pipe may have been closed for the first time.
void
hw_ws_guard_hold(struct hw_ws_guard *guard);

// The context is gone.
void
hw_ws_guard_drop(struct hw_ws_guard *guard);

#endif
