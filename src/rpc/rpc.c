// rpc.c - msgpack-RPC: opening, closing, and who reads.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rpc/rpc_private.h"

enum {
    NAP_MS = 60 * 60 * 1000, // the longest that is waited for in one piece
    BURST = 256,             // items, before the lock is looked at again
};

uint64_t
hw_rpc_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
hw_rpc_deadline_ms(int64_t timeout_ms)
{
    return timeout_ms < 0 ? UINT64_MAX : hw_rpc_now_ms() + (uint64_t)timeout_ms;
}

// ---- opening ----

// What msgpack-RPC does not leave to choice.
static hawser_status
set_what_must_be(hawser_options *options)
{
    const char *confirm = "";
    hawser_status status = hawser_options_get(options, "confirm", &confirm);

    if (status == HAWSER_OK && strcmp(confirm, "none") != 0) {
        return HAWSER_INVALID; // its own answers confirm
    }
    if (status == HAWSER_OK) { // whatever the bus's links have
        status = hawser_options_set(options, "confirm", "none");
    }
    if (status == HAWSER_OK) {
        status = hawser_options_set(options, "overflow", "refuse");
    }
    if (status == HAWSER_OK) { // which call was taken is rarely asked
        status = hawser_options_set(options, "receipts.gather", "10ms");
    }
    if (status == HAWSER_OK) {
        status = hawser_options_set(options, "framing", "msgpack");
    }
    return status == HAWSER_UNKNOWN ? HAWSER_OK : status; // no streams here
}

static int64_t
number_of(const hawser_options *options, const char *name)
{
    const char *text = "";

    (void)hawser_options_get(options, name, &text); // the name is known
    return strtoll(text, NULL, 10);
}

// Durations are written with their unit.
static int64_t
ms_of(const hawser_options *options, const char *name)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        { "ms", 1 }, { "", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }
    };
    const char *text = "";
    char *unit;
    int64_t number;

    (void)hawser_options_get(options, name, &text); // the name is known
    if (strcmp(text, "off") == 0) {
        return -1;
    }
    number = strtoll(text, &unit, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].unit) == 0) {
            return number * units[i].ms;
        }
    }
    return number;
}

static hawser_status
open_link(hawser_rpc *rpc, const char *urls, const hawser_options *options)
{
    hawser_status status = hawser_inbox_open(rpc->bus, &rpc->inbox);

    if (status == HAWSER_OK) {
        status = hawser_link_open_in(rpc->inbox, urls, options, &rpc->link);
    }
    return status;
}

static void
free_rpc(hawser_rpc *rpc)
{
    hawser_inbox_close(rpc->inbox);
    hw_calls_free(&rpc->calls);
    hw_rpc_methods_free(rpc);
    (void)pthread_cond_destroy(&rpc->changed); // nobody waits any more
    (void)pthread_mutex_destroy(&rpc->lock);
    free(rpc);
}

static hawser_status
open_with(hawser_bus *bus, const char *urls, const hawser_options *options,
          hawser_rpc **rpc)
{
    hawser_rpc *made = calloc(1, sizeof *made);
    hawser_status status = HAWSER_NO_MEMORY;

    if (made == NULL) {
        return status;
    }
    made->bus = bus;
    made->timeout_ms = ms_of(options, "rpc.timeout");
    made->depth_max = (unsigned)number_of(options, "rpc.depth_max");
    made->elements_max = (uint64_t)number_of(options, "rpc.elements_max");
    (void)pthread_mutex_init(&made->lock, NULL); // neither can fail
    (void)pthread_cond_init(&made->changed, NULL);
    if (hw_calls_init(&made->calls,
                      (uint32_t)number_of(options, "rpc.calls_max"))) {
        status = open_link(made, urls, options);
    }
    if (status != HAWSER_OK) {
        free_rpc(made);
        return status;
    }
    *rpc = made;
    return HAWSER_OK;
}

hawser_status
hawser_rpc_open(hawser_bus *bus, const char *urls,
                const hawser_options *options, hawser_rpc **rpc)
{
    hawser_options *all = NULL;
    hawser_status status;

    if (bus == NULL || urls == NULL || rpc == NULL) {
        return HAWSER_INVALID;
    }
    status = hawser_options_copy(options, &all);
    if (status == HAWSER_OK) {
        status = set_what_must_be(all);
    }
    if (status == HAWSER_OK) {
        status = open_with(bus, urls, all, rpc);
    }
    hawser_options_free(all);
    return status;
}

hawser_link
hawser_rpc_link(const hawser_rpc *rpc)
{
    return rpc->link;
}

hawser_status
hawser_rpc_fd(hawser_rpc *rpc, int *fd)
{
    return rpc == NULL ? HAWSER_INVALID : hawser_inbox_fd(rpc->inbox, fd);
}

// ---- closing ----

// What the link has given up has not run; of the rest it is not known. Answers
// that were not read yet are not read any more.
static void
read_fates(hawser_rpc *rpc)
{
    hawser_item item;

    while (hawser_inbox_receive(rpc->inbox, &item, -1) == HAWSER_OK) {
        if (item.kind != HAWSER_ITEM_MESSAGE) {
            hw_rpc_handle(rpc, &item);
        }
        hawser_item_drop(&item);
    }
}

// Those of whose fate nothing was told, for want of memory.
static void
end_all(hawser_rpc *rpc)
{
    for (uint32_t i = 0; i < rpc->calls.rows_used; i++) {
        struct hw_call *call = &rpc->calls.rows[i];

        if (call->state == HW_CALL_OPEN) {
            hw_rpc_end_call(rpc, call, HAWSER_RPC_CLOSED, true,
                            "the link was closed", NULL, NULL);
        }
    }
}

void
hawser_rpc_close(hawser_rpc *rpc)
{
    struct hw_call *call;

    if (rpc == NULL) {
        return;
    }
    pthread_mutex_lock(&rpc->lock);
    rpc->closed = true;
    rpc->on_event = NULL;
    pthread_mutex_unlock(&rpc->lock);
    // Without memory for that the inbox closes it, when it is closed itself.
    if (hawser_link_close(rpc->bus, rpc->link, 0, NULL) != HAWSER_NO_MEMORY) {
        read_fates(rpc);
    }
    pthread_mutex_lock(&rpc->lock);
    end_all(rpc);
    hw_rpc_call_back(rpc);
    pthread_mutex_unlock(&rpc->lock);
    while ((call = hw_calls_first(&rpc->calls, &rpc->calls.ended)) != NULL) {
        hawser_rpc_answer answer;

        hw_rpc_collect(rpc, call, &answer);
        hawser_rpc_answer_free(&answer);
    }
    free_rpc(rpc);
}

// ---- reading ----

static int
nap(uint64_t until_ms)
{
    uint64_t now = hw_rpc_now_ms();
    uint64_t left = until_ms > now ? until_ms - now : 0;

    return left > NAP_MS ? NAP_MS : (int)left;
}

static bool
note_heard(hawser_rpc *rpc, bool (*done)(hawser_rpc *rpc, void *user),
           void *user)
{
    bool answer;

    pthread_mutex_lock(&rpc->lock);
    rpc->heard++;
    answer = done(rpc, user);
    pthread_mutex_unlock(&rpc->lock);
    return answer;
}

// What is there, or comes until then; the lock is held before and after, and
// not meanwhile.
static void
read_some(hawser_rpc *rpc, uint64_t deadline_ms,
          bool (*done)(hawser_rpc *rpc, void *user), void *user)
{
    const struct hw_call *due = hw_calls_first_due(&rpc->calls);
    bool may_call_back;
    int timeout_ms;
    hawser_item item;

    if (due != NULL && due->deadline_ms < deadline_ms) {
        deadline_ms = due->deadline_ms;
    }
    rpc->reading = true;
    rpc->reader = pthread_self();
    rpc->nesting++;
    may_call_back = rpc->nesting <= HW_RPC_NESTING_MAX;
    pthread_mutex_unlock(&rpc->lock);
    timeout_ms = nap(deadline_ms);
    for (unsigned i = 0;
         i < BURST &&
         hawser_inbox_receive(rpc->inbox, &item, i == 0 ? timeout_ms : 0) ==
             HAWSER_OK;
         i++) {
        hw_rpc_handle(rpc, &item);
        hawser_item_drop(&item);
        if (note_heard(rpc, done, user)) {
            break;
        }
    }
    pthread_mutex_lock(&rpc->lock);
    hw_rpc_expire(rpc);
    if (may_call_back) { // or whoever reads further out does
        hw_rpc_call_back(rpc);
    }
    rpc->nesting--;
    rpc->reading = rpc->nesting > 0;
    pthread_cond_broadcast(&rpc->changed);
}

static void
wait_for_reader(hawser_rpc *rpc, uint64_t deadline_ms)
{
    const struct timespec until = {
        .tv_sec = (time_t)(deadline_ms / 1000),
        .tv_nsec = (long)(deadline_ms % 1000) * 1000000,
    };

    if (deadline_ms == UINT64_MAX) {
        pthread_cond_wait(&rpc->changed, &rpc->lock);
    } else {
        (void)pthread_cond_clockwait(&rpc->changed, &rpc->lock, CLOCK_MONOTONIC,
                                     &until);
    }
}

// A handler or callback that waits reads for itself: it is the reader. Reads at
// least once, so that with no time at all what is there is read.
bool
hw_rpc_read_until(hawser_rpc *rpc, uint64_t deadline_ms,
                  bool (*done)(hawser_rpc *rpc, void *user), void *user)
{
    bool looked = false;

    while (!done(rpc, user)) {
        if (looked && hw_rpc_now_ms() >= deadline_ms) {
            return false;
        }
        looked = true;
        if (rpc->reading && !pthread_equal(rpc->reader, pthread_self())) {
            wait_for_reader(rpc, deadline_ms);
        } else {
            read_some(rpc, deadline_ms, done, user);
        }
    }
    return true;
}

int
hw_rpc_write(void *draft, const char *bytes, size_t size)
{
    return hawser_draft_write(draft, bytes, size) == HAWSER_OK ? 0 : -1;
}

void
hw_rpc_tell(hawser_rpc *rpc, hawser_rpc_oddity oddity,
            const hawser_event *event, const char *sentence)
{
    const hawser_rpc_event told = {
        .oddity = oddity,
        .link = event,
        .sentence = sentence,
    };

    if (rpc->on_event != NULL) {
        rpc->on_event(rpc->event_user, &told);
    }
}

void
hawser_rpc_watch(hawser_rpc *rpc,
                 void (*on_event)(void *user, const hawser_rpc_event *event),
                 void *user)
{
    rpc->on_event = on_event;
    rpc->event_user = user;
}

// ---- for those who wait for nothing of their own ----

struct look {
    uint64_t seen; // of rpc->heard when the look began
};

static bool
has_heard(hawser_rpc *rpc, void *user)
{
    const struct look *look = user;

    return rpc->heard != look->seen || rpc->closed;
}

hawser_status
hawser_rpc_run(hawser_rpc *rpc, int timeout_ms)
{
    struct look look;
    hawser_status status = HAWSER_OK;

    if (rpc == NULL || timeout_ms < -1) {
        return HAWSER_INVALID;
    }
    pthread_mutex_lock(&rpc->lock);
    look.seen = rpc->heard;
    if (!hw_rpc_read_until(rpc, hw_rpc_deadline_ms(timeout_ms), has_heard,
                           &look)) {
        status = timeout_ms == 0 ? HAWSER_AGAIN : HAWSER_TIMEOUT;
    } else if (rpc->heard == look.seen) {
        status = HAWSER_ENDED;
    }
    pthread_mutex_unlock(&rpc->lock);
    return status;
}
