// goodbye_test.c - how wires end: by this side, by the other, by the network.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "ws/ws.h"
#include "ws_stage.h"

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// ---- codes ----

static void
close_codes_are_told_as_they_were_sent(void)
{
    static const struct {
        const char *path;
        int code;
        const char *reason;
        int answer; // in our close frame; 0: none
    } ends[] = {
        { "close/1000", 1000, "", 1000 },
        { "close/1000/bye", 1000, "bye", 1000 },
        { "close/1001/away", 1001, "away", 1001 },
        { "close/1008/policy", 1008, "policy", 1008 },
        { "close/1012/restart", 1012, "restart", 1012 },
        { "close/1013", 1013, "", 1013 },
        { "close/1014", 1014, "", 1014 },
        { "close/3999/own", 3999, "own", 3999 },
        { "close/4999", 4999, "", 4999 },
        { "close/none", 1005, "", 0 },
    };
    static hawser_port port, witness;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const uint8_t *said = (const uint8_t *)witness.kept[0].text;

        memset(&port, 0, sizeof port);
        dial(&port, ends[i].path);
        CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
        CU_ASSERT_TRUE(port.opened);
        CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_CLOSED);
        CU_ASSERT_EQUAL(port.close_code, ends[i].code);
        CU_ASSERT_STRING_EQUAL(port.reason, ends[i].reason);
        hear_what_was_said(&witness);
        CU_ASSERT_EQUAL(said[0], 8);
        CU_ASSERT_EQUAL(witness.kept[0].size, ends[i].answer == 0 ? 1 : 3);
        CU_ASSERT_EQUAL(said[1] << 8 | said[2], ends[i].answer);
    }
}

static void
close_codes_are_sent_as_they_were_asked_for(void)
{
    static const struct {
        int asked, sent;
    } codes[] = { { 0, 1000 },    { 1000, 1000 }, { 1001, 1001 },
                  { 1008, 1008 }, { 1012, 1012 }, { 1013, 1013 },
                  { 1014, 1014 }, { 3000, 3000 }, { 4000, 4000 },
                  { 4999, 4999 } };
    static hawser_port port, witness;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const uint8_t *said = (const uint8_t *)witness.kept[0].text;

        memset(&port, 0, sizeof port);
        dial_and_open(&port, "frame/empty");
        link_close(&port, codes[i].asked, "so");
        hear_what_was_said(&witness);
        CU_ASSERT_EQUAL(said[0], 8);
        CU_ASSERT_EQUAL(said[1] << 8 | said[2], codes[i].sent);
        CU_ASSERT_STRING_EQUAL((const char *)said + 3, "so");
    }
}

// ---- this side's goodbyes ----

static void
a_goodbye_comes_after_what_was_sent(void)
{
    static hawser_port port, witness;

    dial_and_open(&port, "frame/empty");
    link_close(&port, 4321, "that is all");
    hear_what_was_said(&witness);
    CU_ASSERT_STRING_EQUAL(witness.kept[0].text, "\x08\x10\xe1that is all");
}

static void
a_reason_that_is_too_long_is_cut_between_characters(void)
{
    static hawser_port port, witness;
    char reason[200] = "";

    for (int i = 0; i < 62; i++) {
        memcpy(reason + 2 * i, "\xc3\xa9", 2);
    }
    dial_and_open(&port, "frame/empty");
    link_close(&port, 0, reason);
    hear_what_was_said(&witness);
    CU_ASSERT_EQUAL(witness.kept[0].size, 1 + 2 + 122);
}

static void
a_wire_may_be_closed_at_any_moment_of_its_dialling(void)
{
    static hawser_port first, second, third;
    struct harness inner;
    char url[128];

    harness_open(&inner);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/blast/1000/10",
                   server.port);
    CU_ASSERT_EQUAL(link_dial(&inner, &first, url), HAWSER_OK);
    link_close(&first, 0, ""); // at once
    CU_ASSERT_EQUAL(link_dial(&inner, &second, url), HAWSER_OK);
    while (!second.opened) {
        uv_run(&inner.loop, UV_RUN_ONCE);
    }
    link_close(&second, 0, "");
    CU_ASSERT_EQUAL(link_dial(&inner, &third, url), HAWSER_OK);
    link_close(&third, 0, "");
    harness_close(&inner);
}

static void
close_now(hawser_port *port)
{
    link_close(port, 0, "");
}

static void
close_on_message(hawser_port *port, const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    link_close(port, 0, "");
}

static bool
is_closed(hawser_port *port)
{
    return port->closed;
}

static void
a_wire_closed_by_what_it_says_is_quiet(void)
{
    static hawser_port port;

    port.on_opened = close_now;
    dial(&port, "blast/1000/10");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_closed, 5000));
    CU_ASSERT_EQUAL(port.messages, 0);
    memset(&port, 0, sizeof port);
    port.on_received = close_on_message;
    dial(&port, "blast/1000/10");
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_closed, 5000));
    CU_ASSERT_EQUAL(port.messages, 1);
    harness_idle(&harness, 20);
    CU_ASSERT_EQUAL(port.messages, 1);
}

// How long the site takes to end, in ms.
static uint64_t
time_to_end(struct harness *h)
{
    uint64_t begin = now_ms();

    harness_close(h);
    return now_ms() - begin;
}

static void
open_on(struct harness *h, hawser_port *port, const char *path)
{
    char url[128];

    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/%s", server.port, path);
    CU_ASSERT_EQUAL(link_dial(h, port, url), HAWSER_OK);
    CU_ASSERT_TRUE(harness_run(h, port, is_opened, 5000));
    CU_ASSERT_TRUE_FATAL(port->opened);
}

static void
a_peer_that_says_goodbye_too_is_left_at_once(void)
{
    static hawser_port port;
    struct harness inner;

    harness_open(&inner);
    open_on(&inner, &port, "echo");
    link_close(&port, 0, "");
    CU_ASSERT_TRUE(time_to_end(&inner) < 500);
}

// One that never reads, one that reads and says nothing, one that answers, and
// one that is still being dialled: all of them may be on their way out at once.
static void
a_peer_that_never_says_goodbye_is_left_within_a_second(void)
{
    static char block[100000];
    static hawser_port full, silent, polite, unanswered;
    struct harness inner;
    char url[128];
    uint64_t ms;

    harness_open(&inner);
    open_on(&inner, &full, "slow/never");
    open_on(&inner, &silent, "mute");
    open_on(&inner, &polite, "echo");
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/never", server.port);
    CU_ASSERT_EQUAL(link_dial(&inner, &unanswered, url), HAWSER_OK);
    while (link_send(&full, HAWSER_BINARY, block, sizeof block)) {
        // until it is full
    }
    link_close(&full, 0, "");
    link_close(&silent, 0, "");
    link_close(&polite, 0, "");
    link_close(&unanswered, 0, "");
    ms = time_to_end(&inner);
    CU_ASSERT_TRUE(ms >= 500); // it has waited
    CU_ASSERT_TRUE(ms < 1900);
}

static void
a_reset_while_writing_is_told(void)
{
    static hawser_port port;
    static char block[100000];

    dial_and_open(&port, "reset_later");
    while (!port.lost) {
        if (port.wire != NULL) {
            (void)link_send(&port, HAWSER_BINARY, block, sizeof block);
        }
        uv_run(&harness.loop, UV_RUN_NOWAIT);
    }
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_RESET);
    CU_ASSERT_TRUE(strstr(port.error, "Connection reset by peer") != NULL ||
                   strstr(port.error, "Broken pipe") != NULL);
}

static void
go_deaf(hawser_port *port)
{
    hawser_transport_ws.listen(port->wire, 0);
}

// The system reports data and error at once, and libuv no longer watches then.
static void
a_reset_behind_unread_data_is_told_after_it(void)
{
    static hawser_port port;

    port.on_opened = go_deaf;
    dial_and_open(&port, "frame_reset");
    harness_idle(&harness, 30);
    CU_ASSERT_FALSE(port.lost);
    hawser_transport_ws.listen(port.wire, 1);
    CU_ASSERT_TRUE(harness_run(&harness, &port, is_lost, 5000));
    CU_ASSERT_EQUAL(port.messages, 1);
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_RESET);
    CU_ASSERT_STRING_EQUAL(port.error, "read: Connection reset by peer");
}

static void
many_wires_live_and_end_on_one_site(void)
{
    enum { COUNT = 200 };
    static hawser_port ports[COUNT];
    struct harness inner;
    char url[128];

    harness_open(&inner);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/echo", server.port);
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(link_dial(&inner, &ports[i], url), HAWSER_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE(harness_run(&inner, &ports[i], is_opened, 10000));
        CU_ASSERT_TRUE(ports[i].opened);
        CU_ASSERT_TRUE(link_send(&ports[i], HAWSER_TEXT, "x", 1));
    }
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE(harness_run(&inner, &ports[i], has_message, 10000));
        link_close(&ports[i], 0, "");
    }
    harness_close(&inner);
}

// More dials than begin at once (64, then 4 every millisecond), to where nobody
// answers; and a goodbye, which has a deadline of its own on the same timer.
// No more dials than that takes: a machine with other work turns the loop
// seldom.
static bool
dials_go_on_beside_a_goodbye(void)
{
    enum { COUNT = 96, DIALS_WAIT_MS = 1, GOODBYE_LASTS_MS = 500 };
    static hawser_port ports[COUNT], leaving, last;
    struct silence silence;
    struct harness inner;
    char url[128];
    bool in_time;

    memset(ports, 0, sizeof ports);
    memset(&leaving, 0, sizeof leaving);
    memset(&last, 0, sizeof last);
    harness_open(&inner);
    open_on(&inner, &leaving, "mute");
    silence_begin(&silence);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/", silence.port);
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(link_dial(&inner, &ports[i], url), HAWSER_OK);
    }
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/echo", server.port);
    CU_ASSERT_EQUAL(link_dial(&inner, &last, url), HAWSER_OK);
    harness_idle(&inner, DIALS_WAIT_MS);
    CU_ASSERT_FALSE(last.opened);
    link_close(&leaving, 0, "");
    in_time = harness_run(&inner, &last, is_opened, GOODBYE_LASTS_MS);
    for (int i = 0; i < COUNT; i++) {
        link_close(&ports[i], 0, "");
    }
    link_close(&last, 0, "");
    harness_close(&inner);
    silence_end(&silence);
    return in_time;
}

// A busy machine may be late once or twice; dials that are held up always are.
static void
a_goodbye_does_not_hold_up_the_dials_that_wait(void)
{
    bool in_time = false;

    for (unsigned i = 0; i < 10 && !in_time; i++) {
        in_time = dials_go_on_beside_a_goodbye();
    }
    CU_ASSERT_TRUE(in_time);
}

static int
open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

// Stands before the system's, also for libwebsockets, and counts descriptors
// that were none: by then, the number may be that of someone else.
static int strays;

__attribute__((visibility("default"))) int
close(int fd)
{
    int status = (int)syscall(SYS_close, fd);

    if (status != 0 && errno == EBADF) {
        strays++;
    }
    return status;
}

static void
no_descriptor_is_closed_twice(void)
{
    static hawser_port port;
    struct harness inner;
    int before = open_descriptors();

    strays = 0;
    harness_open(&inner);
    open_on(&inner, &port, "echo");
    link_close(&port, 0, "");
    harness_close(&inner);
    CU_ASSERT_EQUAL(strays, 0);
    CU_ASSERT_EQUAL(open_descriptors(), before);
}

static CU_TestInfo tests[] = {
    CHECK(close_codes_are_told_as_they_were_sent),
    CHECK(close_codes_are_sent_as_they_were_asked_for),
    CHECK(a_goodbye_comes_after_what_was_sent),
    CHECK(a_reason_that_is_too_long_is_cut_between_characters),
    CHECK(a_wire_may_be_closed_at_any_moment_of_its_dialling),
    CHECK(a_wire_closed_by_what_it_says_is_quiet),
    CHECK(a_peer_that_says_goodbye_too_is_left_at_once),
    CHECK(a_peer_that_never_says_goodbye_is_left_within_a_second),
    CHECK(a_reset_while_writing_is_told),
    CHECK(a_reset_behind_unread_data_is_told_after_it),
    CHECK(many_wires_live_and_end_on_one_site),
    CHECK(a_goodbye_does_not_hold_up_the_dials_that_wait),
    CHECK(no_descriptor_is_closed_twice),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return stage_run("bad_server.py", "goodbye", tests, argc, argv);
}
