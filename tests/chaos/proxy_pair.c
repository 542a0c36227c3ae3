// proxy_pair.c - what happens to one connection through the chaos proxy.
#include "proxy_pair.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MS_US = 1000,
    // An end that was told goodbye, and does not leave.
    PATIENCE_US = 10 * 1000 * 1000,
};

static int
other(int end)
{
    return end == CLIENT ? SERVER : CLIENT;
}

static int64_t
earlier(int64_t one, int64_t another)
{
    return one < another ? one : another;
}

static void
write_at_once(int socket)
{
    const int yes = 1;

    // Without it a slice would wait for the one before it.
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

struct pair *
pair_open(int client, const struct sockaddr *address, socklen_t size,
          const struct plan *plan, struct chance chance)
{
    struct pair *pair = calloc(1, sizeof *pair);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (pair == NULL || server < 0 ||
        (connect(server, address, size) < 0 && errno != EINPROGRESS)) {
        goto fail;
    }
    *pair = (struct pair){
        .end = { client, server },
        .until_us = INT64_MAX,
        .plan = *plan,
        .chance = chance,
    };
    if (!flow_open(&pair->flow[CLIENT], client, server, &pair->plan,
                   &pair->chance) ||
        !flow_open(&pair->flow[SERVER], server, client, &pair->plan,
                   &pair->chance)) {
        goto fail;
    }
    write_at_once(client);
    write_at_once(server);
    return pair;
fail:
    if (pair != NULL) {
        flow_close(&pair->flow[CLIENT]);
        flow_close(&pair->flow[SERVER]);
        free(pair);
    }
    (void)close(client);
    if (server >= 0) {
        (void)close(server);
    }
    return NULL;
}

void
pair_close(struct pair *pair)
{
    for (int end = 0; end < ENDS; end++) {
        flow_close(&pair->flow[end]);
        (void)close(pair->end[end]);
    }
    free(pair);
}

static void
reset(struct pair *pair, const char *why)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    for (int end = 0; end < ENDS; end++) {
        (void)setsockopt(pair->end[end], SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof at_once);
    }
    pair->why = why;
    pair->phase = OVER;
}

static void
tell_goodbye(struct pair *pair, int end)
{
    (void)shutdown(pair->end[end], SHUT_WR);
    pair->told[end] = true;
}

// ---- what the plan ends it with ----

// How many bytes may still pass before the plan's end; which end that is.
static uint64_t
bytes_left(const struct pair *pair, enum trouble *last)
{
    static const enum trouble ends[] = { CUT, RESET, HALF_OPEN };
    uint64_t left = UINT64_MAX;

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        uint64_t at = pair->plan.of[ends[i]];

        if (at > 0 && at - pair->passed < left) {
            left = at - pair->passed;
            *last = ends[i];
        }
    }
    return left;
}

static void
part(struct pair *pair, int64_t now_us)
{
    int late = (int)chance_between(&pair->chance, CLIENT, SERVER);

    pair->phase = PARTING;
    pair->tell_us[other(late)] = now_us;
    pair->tell_us[late] = now_us + MS_US * (int64_t)pair->plan.of[SLOW_CLOSE];
    pair->until_us = pair->tell_us[late] + PATIENCE_US;
    pair->why = "cut";
}

static void
end_as_planned(struct pair *pair, enum trouble last, int64_t now_us)
{
    if (last == RESET) {
        reset(pair, "reset");
    } else if (last == HALF_OPEN) {
        pair->phase = DEAF;
        pair->until_us = now_us + MS_US * (int64_t)pair->plan.of[HOLD];
    } else {
        part(pair, now_us);
    }
}

void
pair_calm(struct pair *pair)
{
    bool troubled = pair->phase == DEAF || pair->phase == PARTING;

    pair->plan = (struct plan){ .of = { 0 } };
    if (troubled) {
        pair->until_us = 0;
    }
}

// ---- while it is open ----

static void
move_bytes(struct pair *pair, const struct pollfd watched[ENDS], int64_t now_us)
{
    enum trouble last = CUT;
    uint64_t left = bytes_left(pair, &last);

    for (int end = 0; end < ENDS; end++) {
        struct flow *flow = &pair->flow[end];

        if ((watched[end].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
            flow_wants_to_read(flow)) {
            flow_read(flow, now_us);
        }
        if (watched[other(end)].revents != 0) {
            flow->blocked = false;
        }
        if (left > 0) {
            uint64_t count = flow_write(flow, now_us, left);

            pair->passed += count;
            left -= count;
        }
    }
    if (left == 0) {
        end_as_planned(pair, last, now_us);
    }
}

static int64_t
goodbye_us(const struct pair *pair, int from)
{
    return pair->flow[from].ended_us +
           MS_US * (int64_t)pair->plan.of[SLOW_CLOSE];
}

// An end has left, and all that it said was written: the other one is told.
static void
pass_goodbyes(struct pair *pair, int64_t now_us)
{
    for (int from = 0; from < ENDS; from++) {
        const struct flow *flow = &pair->flow[from];

        if (!flow_is_over(flow) || pair->told[other(from)] ||
            goodbye_us(pair, from) > now_us) {
            continue;
        }
        if (flow->by_reset) {
            reset(pair, from == CLIENT ? "by the client, without a goodbye"
                                       : "by the server, without a goodbye");
            return;
        }
        tell_goodbye(pair, other(from));
        pair->until_us = now_us + PATIENCE_US;
        pair->why = from == CLIENT ? "by the client" : "by the server";
    }
    if (pair->told[CLIENT] && pair->told[SERVER]) {
        pair->phase = OVER;
    }
}

// ---- while it is cut ----

static void
throw_away(struct flow *flow)
{
    uint8_t bytes[4096];
    ssize_t got = recv(flow->from, bytes, sizeof bytes, MSG_DONTWAIT);

    flow->ended = flow->ended || got == 0 ||
                  (got < 0 && errno != EAGAIN && errno != EINTR);
}

static void
say_goodbyes(struct pair *pair, const struct pollfd watched[ENDS],
             int64_t now_us)
{
    bool all = true;

    for (int end = 0; end < ENDS; end++) {
        if (!pair->told[end] && pair->tell_us[end] <= now_us) {
            tell_goodbye(pair, end);
        }
        if (watched[end].revents != 0 && !pair->flow[end].ended) {
            throw_away(&pair->flow[end]);
        }
        all = all && pair->told[end] && pair->flow[end].ended;
    }
    if (all) {
        pair->phase = OVER;
    }
}

// ---- as the loop sees it ----

static void
hear_of_connect(struct pair *pair, const struct pollfd *server)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (server->revents == 0) {
        return;
    }
    (void)getsockopt(pair->end[SERVER], SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        reset(pair, "refused");
    } else {
        pair->phase = OPEN;
    }
}

void
pair_step(struct pair *pair, const struct pollfd watched[ENDS], int64_t now_us)
{
    if (pair->until_us <= now_us) {
        reset(pair, pair->phase == DEAF ? "half-open" : "too long");
        return;
    }
    switch (pair->phase) {
    case CONNECTING:
        hear_of_connect(pair, &watched[SERVER]);
        break;
    case OPEN:
        move_bytes(pair, watched, now_us);
        if (pair->phase == OPEN) {
            pass_goodbyes(pair, now_us);
        }
        break;
    case PARTING:
        say_goodbyes(pair, watched, now_us);
        break;
    case DEAF:
    case OVER:
        break;
    }
}

static short
wanted(const struct pair *pair, int end)
{
    const struct flow *from = &pair->flow[end];
    const struct flow *to = &pair->flow[other(end)];

    switch (pair->phase) {
    case CONNECTING:
        return end == SERVER ? POLLOUT : 0;
    case OPEN:
        return (short)((flow_wants_to_read(from) ? POLLIN : 0) |
                       (to->blocked ? POLLOUT : 0));
    case PARTING:
        return from->ended ? 0 : POLLIN;
    case DEAF:
    case OVER:
        return 0;
    }
    return 0;
}

void
pair_watch(const struct pair *pair, struct pollfd watched[ENDS])
{
    for (int end = 0; end < ENDS; end++) {
        short events = wanted(pair, end);

        // poll tells of a lost end even if nothing was asked.
        watched[end] = (struct pollfd){ .fd = events == 0 ? -1 : pair->end[end],
                                        .events = events };
    }
}

int64_t
pair_due_us(const struct pair *pair)
{
    int64_t due_us = pair->until_us;

    for (int end = 0; end < ENDS; end++) {
        if (pair->phase == OPEN) {
            due_us = earlier(due_us, flow_due_us(&pair->flow[end]));
            if (flow_is_over(&pair->flow[end]) && !pair->told[other(end)]) {
                due_us = earlier(due_us, goodbye_us(pair, end));
            }
        } else if (pair->phase == PARTING && !pair->told[end]) {
            due_us = earlier(due_us, pair->tell_us[end]);
        }
    }
    return due_us;
}
