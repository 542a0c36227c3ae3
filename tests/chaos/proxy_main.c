// proxy_main.c - chaos_proxy: stands between a client and a server, and makes
// trouble on the connections that go through it.
//
// chaos_proxy LISTEN_PORT SERVER_PORT SEED RECIPE…, all on 127.0.0.1. Each
// connection draws one of the recipes (see proxy_plan.h), and its numbers, by
// SEED and its own number. Prints "listening PORT", and of each connection
// "connection N TROUBLE=NUMBER…" and "connection N ended: WHY after N bytes".
// SIGUSR1: no more trouble, for good.
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy_pair.h"

enum { PAIRS_MAX = 256, RECIPES_MAX = 64, SECOND_US = 1000 * 1000 };

struct proxy {
    int listener;
    struct sockaddr_in server;
    uint64_t seed;
    struct recipe recipes[RECIPES_MAX];
    size_t recipe_count;
    struct pair *pairs[PAIRS_MAX];
    size_t pair_count;
    unsigned long connections;
    bool calm;
};

static volatile sig_atomic_t calm_wanted;

static void
on_signal(int number)
{
    (void)number;
    calm_wanted = 1;
}

static void
stop(const char *sentence)
{
    (void)fprintf(stderr, "chaos_proxy: %s\n", sentence);
    exit(1);
}

static int64_t
now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static struct sockaddr_in
here(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
    };
}

static void
listen_at(struct proxy *proxy, const char *port)
{
    struct sockaddr_in address = here(port);
    socklen_t size = sizeof address;
    const int yes = 1;

    proxy->listener =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (proxy->listener < 0 ||
        setsockopt(proxy->listener, SOL_SOCKET, SO_REUSEADDR, &yes,
                   sizeof yes) < 0 ||
        bind(proxy->listener, (struct sockaddr *)&address, size) < 0 ||
        listen(proxy->listener, 64) < 0 ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &size) < 0) {
        stop("can't listen");
    }
    (void)printf("listening %d\n", ntohs(address.sin_port));
}

// ---- connections ----

static void
tell_plan(unsigned long number, const struct plan *plan)
{
    (void)printf("connection %lu", number);
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        if (plan->of[trouble] > 0) {
            (void)printf(" %s=%" PRIu64, trouble_name(trouble),
                         plan->of[trouble]);
        }
    }
    (void)printf("\n");
}

// A connection's chance follows from its number alone, not from what happened
// to others.
static void
begin(struct proxy *proxy, int client)
{
    unsigned long number = proxy->connections++;
    struct chance chance = { proxy->seed ^ (number << 32) };
    struct plan plan = { .of = { 0 } };
    struct pair *pair;

    if (proxy->recipe_count > 0 && !proxy->calm) {
        size_t recipe = chance_between(&chance, 0, proxy->recipe_count - 1);

        recipe_draw(&proxy->recipes[recipe], &chance, &plan);
    }
    pair = pair_open(client, (struct sockaddr *)&proxy->server,
                     sizeof proxy->server, &plan, chance);
    if (pair != NULL) {
        pair->number = number;
        proxy->pairs[proxy->pair_count++] = pair;
        tell_plan(number, &plan);
    }
}

static void
accept_all(struct proxy *proxy)
{
    while (proxy->pair_count < PAIRS_MAX) {
        int client =
            accept4(proxy->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client < 0) {
            return;
        }
        begin(proxy, client);
    }
}

static void
close_those_over(struct proxy *proxy)
{
    size_t kept = 0;

    for (size_t i = 0; i < proxy->pair_count; i++) {
        struct pair *pair = proxy->pairs[i];

        if (pair->phase != OVER) {
            proxy->pairs[kept++] = pair;
            continue;
        }
        (void)printf("connection %lu ended: %s after %" PRIu64 " bytes\n",
                     pair->number, pair->why, pair->passed);
        pair_close(pair);
    }
    proxy->pair_count = kept;
}

static void
calm_down(struct proxy *proxy)
{
    proxy->calm = true;
    for (size_t i = 0; i < proxy->pair_count; i++) {
        pair_calm(proxy->pairs[i]);
    }
}

// ---- the loop ----

static void
wait_for_something(struct pollfd *watched, size_t count, int64_t due_us,
                   const sigset_t *awake)
{
    int64_t wait_us = due_us - now_us();
    struct timespec wait = { 0 };

    if (wait_us > 0) {
        wait.tv_sec = (time_t)(wait_us / SECOND_US);
        wait.tv_nsec = (long)(wait_us % SECOND_US * 1000);
    }
    if (ppoll(watched, (nfds_t)count, due_us == INT64_MAX ? NULL : &wait,
              awake) < 0) {
        for (size_t i = 0; i < count; i++) {
            watched[i].revents = 0; // interrupted
        }
    }
}

static void
turn(struct proxy *proxy, const sigset_t *awake)
{
    struct pollfd watched[1 + ENDS * PAIRS_MAX];
    struct pollfd *ends = watched + 1;
    int64_t due_us = INT64_MAX;

    watched[0] = (struct pollfd){
        .fd = proxy->pair_count < PAIRS_MAX ? proxy->listener : -1,
        .events = POLLIN,
    };
    for (size_t i = 0; i < proxy->pair_count; i++) {
        int64_t its_due_us = pair_due_us(proxy->pairs[i]);

        pair_watch(proxy->pairs[i], &ends[ENDS * i]);
        due_us = its_due_us < due_us ? its_due_us : due_us;
    }
    wait_for_something(watched, 1 + ENDS * proxy->pair_count, due_us, awake);
    if (calm_wanted != 0 && !proxy->calm) {
        calm_down(proxy);
    }
    for (size_t i = 0; i < proxy->pair_count; i++) {
        pair_step(proxy->pairs[i], &ends[ENDS * i], now_us());
    }
    close_those_over(proxy);
    if (watched[0].revents != 0) {
        accept_all(proxy);
    }
}

// SIGUSR1 is heard while it waits, and at no other moment.
static void
hear_signals(sigset_t *awake)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t kept_away;

    (void)sigemptyset(&kept_away);
    (void)sigaddset(&kept_away, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &kept_away, awake);
    (void)sigdelset(awake, SIGUSR1);
    (void)sigaction(SIGUSR1, &action, NULL);
}

int
main(int argc, char **argv)
{
    static struct proxy proxy;
    sigset_t awake;

    if (argc < 4 || argc - 4 > RECIPES_MAX) {
        stop("chaos_proxy LISTEN_PORT SERVER_PORT SEED RECIPE…");
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    hear_signals(&awake);
    proxy.seed = strtoull(argv[3], NULL, 10);
    for (int i = 4; i < argc; i++) {
        const char *at;

        if (!recipe_parse(argv[i], &proxy.recipes[proxy.recipe_count++], &at)) {
            (void)fprintf(stderr, "chaos_proxy: what is \"%s\"?\n", at);
            return 1;
        }
    }
    proxy.server = here(argv[2]);
    listen_at(&proxy, argv[1]);
    for (;;) {
        turn(&proxy, &awake);
    }
}
