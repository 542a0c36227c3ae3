// ws_test.c - the whole bus over real sockets, with the tool's own server.
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "harbour.h"

extern char **environ;

struct server {
    pid_t pid;
    char url[64]; // "ws://127.0.0.1:PORT"
};

// Starts "hawser serve URL", whose first line says where it listens.
static struct server
serve(const char *url, const char *pings)
{
    struct server server = { .pid = -1 };
    const char *tool = getenv("HAWSER");
    const char *arguments[] = {
        tool, "serve", "--with-parent", "--pings", pings, url, NULL,
    };
    posix_spawn_file_actions_t actions;
    int out[2];
    FILE *lines;

    CU_ASSERT_EQUAL_FATAL(pipe(out), 0);
    (void)posix_spawn_file_actions_init(&actions); // these need memory only
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    (void)posix_spawn_file_actions_addclose(&actions, out[0]);
    (void)posix_spawn_file_actions_addclose(&actions, out[1]);
    CU_ASSERT_EQUAL_FATAL(posix_spawn(&server.pid, tool, &actions, NULL,
                                      (char *const *)arguments, environ),
                          0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(out[1]);
    lines = fdopen(out[0], "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(lines);
    CU_ASSERT_EQUAL(fscanf(lines, "listening on %63s", server.url), 1);
    (void)fclose(lines);
    return server;
}

static void
end_server(struct server *server)
{
    (void)kill(server->pid, SIGKILL); // stopped or not, it is ours
    (void)waitpid(server->pid, NULL, 0);
}

static void
an_echo_comes_back_in_order(void)
{
    enum { COUNT = 20000 / SLOWER };
    struct server server = serve("ws://127.0.0.1:0", "on");
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, server.url, "confirm=peer");
    hawser_link_info info = { .size = sizeof info };

    for (uint32_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
    }
    expect_numbers(bus, link, 0, COUNT);
    (void)until_settled(bus, link, COUNT);
    CU_ASSERT_EQUAL(hawser_link_get_info(bus, link, &info), HAWSER_OK);
    CU_ASSERT_STRING_EQUAL(info.peer, server.url + strlen("ws://"));
    CU_ASSERT_EQUAL(info.http_status, 101);
    CU_ASSERT_STRING_EQUAL(info.endpoint, server.url);
    CU_ASSERT_EQUAL(hawser_bus_close(bus, PATIENCE_MS), HAWSER_OK);
    end_server(&server);
}

static void
a_server_that_is_not_there_is_told_with_its_cause(void)
{
    struct server server = serve("ws://127.0.0.1:0", "on");
    hawser_bus *bus = open_bus(NULL);
    hawser_link link;
    hawser_item item;

    end_server(&server);
    link = open_link(bus, server.url, NULL);
    if (hear_state(bus, link, HAWSER_WAITING, &item)) {
        CU_ASSERT_PTR_NOT_NULL(strstr(item.event->error, "Connection refused"));
        hawser_item_drop(&item);
    }
    close_bus(bus);
}

static void
a_server_that_knows_no_such_path_is_final(void)
{
    struct server server = serve("ws://127.0.0.1:0", "on");
    hawser_bus *bus = open_bus(NULL);
    hawser_link link;
    hawser_item item;
    char url[80];

    (void)snprintf(url, sizeof url, "%s/nowhere", server.url); // it fits
    link = open_link(bus, url, NULL);
    if (hear_state(bus, link, HAWSER_FAILED, &item)) {
        CU_ASSERT_EQUAL(item.event->http_status, 404);
        hawser_item_drop(&item);
    }
    close_bus(bus);
    end_server(&server);
}

static void
what_a_killed_server_took_with_it_is_sent_again(void)
{
    enum { COUNT = 5000 / SLOWER };
    struct server server = serve("ws://127.0.0.1:0", "on");
    hawser_bus *bus = open_bus("backoff.min=5ms backoff.max=20ms");
    hawser_link link = open_link(bus, server.url, "confirm=peer");
    char url[64];

    (void)snprintf(url, sizeof url, "%s", server.url);
    for (unsigned round = 0; round < 3; round++) {
        CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, PATIENCE_MS), HAWSER_OK);
        for (uint32_t i = 0; i < COUNT; i++) {
            CU_ASSERT_EQUAL(send_number(bus, link, i), HAWSER_OK);
        }
        end_server(&server);
        CU_ASSERT_TRUE(await(bus, link, HAWSER_WAITING));
        (void)sum_of(bus, link);
        server = serve(url, "on");
        CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    }
    CU_ASSERT_EQUAL(hawser_link_drain(bus, link, PATIENCE_MS, 0, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(await(bus, link, HAWSER_CLOSED));
    CU_ASSERT_EQUAL(hawser_bus_close(bus, 0), HAWSER_OK);
    end_server(&server);
}

// A stopped server takes what the system's buffers take, and no more.
static void
a_stopped_server_stops_the_sender_and_nobody_else(void)
{
    static const char large[16 * 1024];
    struct server stopped = serve("ws://127.0.0.1:0/sink", "on");
    struct server quick = serve("ws://127.0.0.1:0", "on");
    hawser_bus *bus = open_bus("heartbeat.interval=off");
    hawser_link link =
        open_link(bus, stopped.url, "spool.max_messages=2000 confirm=peer");
    hawser_link beside = open_link(bus, quick.url, NULL);
    unsigned sent = 0;

    CU_ASSERT_EQUAL(hawser_link_wait_up(bus, link, PATIENCE_MS), HAWSER_OK);
    (void)kill(stopped.pid, SIGSTOP);
    while (hawser_send(bus, link, large, sizeof large) == HAWSER_OK) {
        sent++;
    }
    CU_ASSERT(sent >= 2000 && sent < 4000);
    for (uint32_t i = 0; i < 200; i++) {
        CU_ASSERT_EQUAL(send_number(bus, beside, i), HAWSER_OK);
        expect_numbers(bus, beside, i, 1);
    }
    CU_ASSERT(sum_of(bus, link).settled < sent);
    (void)kill(stopped.pid, SIGCONT);
    (void)until_settled(bus, link, sent);
    close_bus(bus);
    end_server(&stopped);
    end_server(&quick);
}

// Talks on until there is such an event: of a server that is silent nobody can
// tell whether it lives.
static bool
talk_until(hawser_bus *bus, hawser_link link, hawser_event_kind kind,
           hawser_state state, hawser_item *item)
{
    say_text(bus, link, "on");
    while (hear(bus, item)) {
        if (item->kind == HAWSER_ITEM_EVENT && item->event->kind == kind &&
            item->event->state == state) {
            return true;
        }
        if (item->kind == HAWSER_ITEM_MESSAGE) {
            (void)hawser_send_text(bus, link, "and on"); // or it just failed
        }
        hawser_item_drop(item);
    }
    return false;
}

static void
a_server_that_answers_no_ping_cannot_confirm(void)
{
    struct server server = serve("ws://127.0.0.1:0", "off");
    hawser_bus *bus = open_bus("confirm=peer confirm.timeout=20ms "
                               "heartbeat.interval=off");
    hawser_link link = open_link(bus, server.url, NULL);
    hawser_item item;

    CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    if (talk_until(bus, link, HAWSER_EVENT_DOWNGRADE, HAWSER_UP, &item)) {
        CU_ASSERT_PTR_NOT_NULL(strstr(item.event->error, "confirm=none"));
        hawser_item_drop(&item);
    }
    (void)until_settled(bus, link, 1);
    end_link(bus, link);
    link = open_link(bus, server.url, "confirm.strict=on");
    CU_ASSERT_TRUE(await(bus, link, HAWSER_UP));
    if (talk_until(bus, link, HAWSER_EVENT_STATE, HAWSER_FAILED, &item)) {
        CU_ASSERT_PTR_NOT_NULL(strstr(item.event->error, "confirm.strict"));
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(sum_of(bus, link).settled, 0);
    close_bus(bus);
    end_server(&server);
}

static void
the_fd_of_a_bus_without_a_thread_never_misses(void)
{
    enum { COUNT = 3000 / SLOWER };
    struct server server = serve("ws://127.0.0.1:0", "on");
    hawser_bus *bus = open_bus("threads=0");
    hawser_link link;
    struct pollfd in = { .events = POLLIN };
    uint32_t turns = 0;

    CU_ASSERT_EQUAL(hawser_bus_fd(bus, &in.fd), HAWSER_OK);
    link = open_link(bus, server.url, NULL);
    CU_ASSERT_EQUAL(send_number(bus, link, 0), HAWSER_OK);
    while (turns < COUNT) {
        uint32_t before = turns;
        hawser_item item;

        if (poll(&in, 1, PATIENCE_MS / 2) != 1) {
            CU_FAIL("the descriptor missed something");
            break;
        }
        CU_ASSERT_EQUAL(hawser_bus_step(bus), HAWSER_OK);
        while (turns == before && hawser_receive(bus, &item, 0) == HAWSER_OK) {
            if (item.kind == HAWSER_ITEM_MESSAGE) {
                CU_ASSERT_EQUAL(number_of(item.message), turns);
                turns++;
                CU_ASSERT_EQUAL(send_number(bus, link, turns), HAWSER_OK);
            }
            hawser_item_drop(&item);
        }
    }
    close_bus(bus);
    end_server(&server);
}

static CU_TestInfo tests[] = {
    CHECK(an_echo_comes_back_in_order),
    CHECK(a_server_that_is_not_there_is_told_with_its_cause),
    CHECK(a_server_that_knows_no_such_path_is_final),
    CHECK(what_a_killed_server_took_with_it_is_sent_again),
    CHECK(a_stopped_server_stops_the_sender_and_nobody_else),
    CHECK(a_server_that_answers_no_ping_cannot_confirm),
    CHECK(the_fd_of_a_bus_without_a_thread_never_misses),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    const char *tool = getenv("HAWSER");

    if (tool == NULL || access(tool, X_OK) != 0) {
        fprintf(stderr, "HAWSER names no tool to serve with: skipped\n");
        return 77;
    }
    check_suite("ws", tests);
    return check_run(argc, argv);
}
