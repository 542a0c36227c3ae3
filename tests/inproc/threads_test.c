// threads_test.c - inproc between two loops, each on a thread of its own.
#include <string.h>

#include "check.h"
#include "ends.h"

enum { MESSAGES = 100000, BATCH = 50, ROUNDS = 300 };

// One thread's side of it; looked at by the main thread once it has ended.
struct side {
    uv_thread_t thread;
    struct yard yard;
    hawser_port port;
    uint64_t barrier; // the last that was asked
    uint64_t behind;  // how many were sent before it
    bool finished;
    unsigned seed;
};

static void
send_more(struct side *side)
{
    hawser_port *port = &side->port;

    while (port->sent < MESSAGES) {
        uint64_t left = MESSAGES - port->sent;
        size_t count = left < BATCH ? (size_t)left : BATCH;

        if (end_send(port, count, 16) < count) {
            return; // the loop turns again when there is room
        }
    }
}

// One barrier is outstanding at a time; the last is behind all messages.
static bool
exchange(void *user)
{
    struct side *side = user;
    hawser_port *port = &side->port;

    if (port->opened == 0 || port->lost > 0) {
        return port->lost > 0;
    }
    send_more(side);
    if (port->passed == side->barrier && side->behind < port->sent) {
        side->behind = port->sent;
        end_barrier(port, ++side->barrier);
    }
    return side->behind == MESSAGES && port->passed == side->barrier &&
           port->received == MESSAGES;
}

static void
talk(void *user)
{
    struct side *side = user;

    yard_open(&side->yard);
    (void)end_dial(&side->yard, &side->port, "inproc://talk", "wire.buffer",
                   "16KiB");
    side->finished = yard_run(&side->yard, exchange, side);
    end_close(&side->port, 0, "");
    yard_close(&side->yard);
}

static struct side sides[2];

static void
run_both(void (*body)(void *user))
{
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(
            uv_thread_create(&sides[i].thread, body, &sides[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(uv_thread_join(&sides[i].thread), 0);
    }
}

// Each sends a hundred thousand through a small buffer, both ways at once.
static void
two_threads_exchange_messages_in_order(void)
{
    memset(sides, 0, sizeof sides);
    run_both(talk);
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT(sides[i].finished);
        CU_ASSERT_EQUAL(sides[i].port.received, MESSAGES);
        CU_ASSERT_EQUAL(sides[i].port.strangers, 0);
    }
}

static bool
done_for_now(void *user)
{
    struct side *side = user;

    return side->port.lost > 0 || side->port.received >= side->seed % 6;
}

// Dials, sends a little, and goes at a moment of its own.
static void
come_and_go(void *user)
{
    struct side *side = user;

    yard_open(&side->yard);
    for (unsigned round = 0; round < ROUNDS; round++) {
        memset(&side->port, 0, sizeof side->port);
        side->seed = side->seed * 1103515245u + 12345u;
        (void)end_dial(&side->yard, &side->port, "inproc://come", NULL, NULL);
        (void)uv_run(&side->yard.loop, UV_RUN_NOWAIT); // whether more comes
        if (side->port.opened > 0 && side->port.lost == 0) {
            (void)end_send(&side->port, 5, 64); // the other may be gone
            end_barrier(&side->port, 1);
        }
        if (side->seed >> 16 & 1 && side->port.opened > 0) {
            (void)yard_run(&side->yard, done_for_now, side); // or it is lost
        }
        end_close(&side->port, 0, "");
        side->finished = side->port.strangers == 0;
        if (!side->finished) {
            break;
        }
    }
    yard_close(&side->yard);
}

static void
wires_of_two_threads_come_and_go_at_any_moment(void)
{
    memset(sides, 0, sizeof sides);
    sides[0].seed = 1;
    sides[1].seed = 2;
    run_both(come_and_go);
    CU_ASSERT(sides[0].finished);
    CU_ASSERT(sides[1].finished);
}

static CU_TestInfo tests[] = {
    CHECK(two_threads_exchange_messages_in_order),
    CHECK(wires_of_two_threads_come_and_go_at_any_moment),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("inproc threads", tests)
