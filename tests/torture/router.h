// router.h - a ROUTER in another process, which sends everything back.
// It sends back what it gets.
#ifndef HAWSER_TESTS_TORTURE_ROUTER_H
#define HAWSER_TESTS_TORTURE_ROUTER_H

#include <stdbool.h>
#include <sys/types.h>

struct router {
    pid_t process;
    char tcp[64]; // "tcp://127.0.0.1:PORT"
    char ipc[64]; // "ipc://@NAME"
};

bool
router_start(struct router *router);

void
router_stop(struct router *router);

#endif
