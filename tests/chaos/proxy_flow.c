// proxy_flow.c - bytes on their way through the chaos proxy: late, in pieces.
#include "proxy_flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MS_US = 1000,
    READ_BYTES = 1 << 14,
    SHARES_A_SECOND = 200, // what bandwidth allows goes out in so many pieces
};

static size_t
least(size_t one, size_t other)
{
    return one < other ? one : other;
}

bool
flow_open(struct flow *flow, int from, int to, const struct plan *plan,
          struct chance *chance)
{
    *flow =
        (struct flow){ .from = from, .to = to, .plan = plan, .chance = chance };
    flow->bytes = malloc(FLOW_BYTES);
    return flow->bytes != NULL;
}

void
flow_close(struct flow *flow)
{
    free(flow->bytes);
    flow->bytes = NULL;
}

bool
flow_wants_to_read(const struct flow *flow)
{
    return !flow->ended && flow->count < FLOW_BYTES &&
           flow->mark_count < FLOW_MARKS;
}

static void
end(struct flow *flow, bool by_reset, int64_t now_us)
{
    flow->ended = true;
    flow->by_reset = by_reset;
    flow->ended_us = now_us;
}

// What was read is due once it was late enough, and behind what came before.
static void
keep(struct flow *flow, size_t count, int64_t now_us)
{
    const uint64_t *plan = flow->plan->of;
    uint64_t late_us = MS_US * plan[LATENCY] +
                       chance_between(flow->chance, 0, MS_US * plan[JITTER]);
    int64_t due_us = now_us + (int64_t)late_us;

    if (due_us < flow->last_due_us) {
        due_us = flow->last_due_us;
    }
    flow->last_due_us = due_us;
    flow->marks[(flow->first_mark + flow->mark_count++) % FLOW_MARKS] =
        (struct mark){ due_us, count };
    flow->count += count;
}

void
flow_read(struct flow *flow, int64_t now_us)
{
    size_t at = (flow->first + flow->count) % FLOW_BYTES;
    size_t room = least(FLOW_BYTES - flow->count, FLOW_BYTES - at);
    ssize_t got = recv(flow->from, flow->bytes + at, least(room, READ_BYTES),
                       MSG_DONTWAIT);

    if (got > 0 && !flow->gone) {
        keep(flow, (size_t)got, now_us);
    } else if (got == 0) {
        end(flow, false, now_us);
    } else if (got < 0 && errno != EAGAIN && errno != EINTR) {
        end(flow, true, now_us);
    }
}

static void
forget(struct flow *flow)
{
    flow->gone = true;
    flow->count = 0;
    flow->mark_count = 0;
}

static void
written(struct flow *flow, size_t count, int64_t now_us)
{
    const uint64_t *plan = flow->plan->of;
    struct mark *mark = &flow->marks[flow->first_mark];
    uint64_t wait_us = MS_US * plan[PAUSE];

    mark->count -= count;
    if (mark->count == 0) {
        flow->first_mark = (flow->first_mark + 1) % FLOW_MARKS;
        flow->mark_count--;
    }
    flow->first = (flow->first + count) % FLOW_BYTES;
    flow->count -= count;
    if (plan[BANDWIDTH] > 0) {
        wait_us += count * MS_US * MS_US / plan[BANDWIDTH];
    }
    if (flow->next_write_us < now_us) {
        flow->next_write_us = now_us;
    }
    flow->next_write_us += (int64_t)wait_us;
}

static size_t
piece(const struct flow *flow)
{
    const uint64_t *plan = flow->plan->of;
    size_t size =
        least(flow->marks[flow->first_mark].count, FLOW_BYTES - flow->first);

    if (plan[SLICE] > 0) {
        size = least(size, chance_between(flow->chance, 1, plan[SLICE]));
    }
    if (plan[BANDWIDTH] > 0) {
        size = least(size, 1 + plan[BANDWIDTH] / SHARES_A_SECOND);
    }
    return size;
}

uint64_t
flow_write(struct flow *flow, int64_t now_us, uint64_t limit)
{
    uint64_t total = 0;

    while (total < limit && flow_due_us(flow) <= now_us) {
        size_t size = least(piece(flow), limit - total);
        ssize_t sent = send(flow->to, flow->bytes + flow->first, size,
                            MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent > 0) {
            total += (uint64_t)sent;
            written(flow, (size_t)sent, now_us);
        } else if (errno == EAGAIN || errno == EINTR) {
            flow->blocked = true;
        } else {
            forget(flow);
        }
    }
    return total;
}

int64_t
flow_due_us(const struct flow *flow)
{
    int64_t due_us = flow->marks[flow->first_mark].due_us;

    if (flow->mark_count == 0 || flow->blocked) {
        return INT64_MAX;
    }
    return due_us > flow->next_write_us ? due_us : flow->next_write_us;
}

bool
flow_is_over(const struct flow *flow)
{
    return flow->ended && flow->count == 0;
}
