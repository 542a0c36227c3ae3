// offer_test.c - links that are offered at ZeroMQ sockets, and buses inside an
// application that has a context of its own.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "check.h"
#include "harbour.h"

enum { FRAME = 256 };

// An application with a context, a bus in it with an offered link, and the
// link's peer on another bus.
struct scene {
    void *context;
    hawser_bus *bus, *peer_bus;
    hawser_link link, peer;
    const char *url;
};

static void
offer(struct scene *scene, const char *address, const char *settings)
{
    hawser_options *options = options_of(settings);

    CU_ASSERT_EQUAL(hawser_link_offer(scene->bus, address, scene->url, options,
                                      &scene->link),
                    HAWSER_OK);
    hawser_options_free(options);
}

static void
set_scene(struct scene *scene, const char *bus_settings, const char *settings)
{
    hawser_options *options = options_of(getenv("HARBOUR_BUS"));

    CU_ASSERT_EQUAL(hawser_options_set(options, "bus.links_max", "100"),
                    HAWSER_OK);
    *scene = (struct scene){ .context = zmq_ctx_new(), .url = fresh_url() };
    if (bus_settings != NULL) {
        CU_ASSERT_EQUAL(hawser_options_set(options, "threads", bus_settings),
                        HAWSER_OK);
    }
    CU_ASSERT_EQUAL_FATAL(
        hawser_bus_open_in_zmq(scene->context, options, &scene->bus),
        HAWSER_OK);
    hawser_options_free(options);
    scene->peer_bus = open_bus(NULL);
    offer(scene, "inproc://offered", settings);
    scene->peer = open_link(scene->peer_bus, scene->url,
                            "backoff.min=1ms backoff.max=1ms");
}

static void
end_scene(struct scene *scene)
{
    close_bus(scene->bus);
    close_bus(scene->peer_bus);
    CU_ASSERT_EQUAL(zmq_ctx_term(scene->context), 0);
}

static void *
connect_to(struct scene *scene, int type, const char *address)
{
    void *socket = zmq_socket(scene->context, type);
    int patience = PATIENCE_MS, none = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(socket);
    (void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (type == ZMQ_SUB) {
        (void)zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    }
    CU_ASSERT_EQUAL(zmq_connect(socket, address), 0);
    return socket;
}

static void
say(void *socket, const char *text)
{
    CU_ASSERT_EQUAL(zmq_send(socket, text, strlen(text), 0), (int)strlen(text));
}

static void
expect_frame(void *socket, const char *text)
{
    char frame[FRAME] = "";
    int size = zmq_recv(socket, frame, sizeof frame - 1, 0);

    CU_ASSERT_EQUAL(size, (int)strlen(text));
    CU_ASSERT_STRING_EQUAL(frame, text);
}

// The second frame of the next event with that name.
static void
expect_news(void *socket, const char *name, char text[static FRAME])
{
    char frame[FRAME];
    int size;

    do {
        size = zmq_recv(socket, frame, sizeof frame - 1, 0);
        CU_ASSERT_TRUE_FATAL(size >= 0);
        frame[size] = '\0';
        size = zmq_recv(socket, text, FRAME - 1, 0);
        CU_ASSERT_TRUE_FATAL(size >= 0);
        text[size < FRAME ? size : FRAME - 1] = '\0';
    } while (strcmp(frame, name) != 0);
}

// ---- passing on ----

static void
what_a_socket_sends_the_link_sends_and_back(void)
{
    struct scene scene;
    void *socket;

    set_scene(&scene, NULL, NULL);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    say(socket, "there");
    expect_text(scene.peer_bus, scene.peer, "there");
    say_text(scene.peer_bus, scene.peer, "and back");
    expect_frame(socket, "and back");
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
say_numbers(void *socket, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(zmq_send(socket, &i, sizeof i, 0), (int)sizeof i);
    }
}

static void
a_burst_keeps_its_order_both_ways(void)
{
    enum { COUNT = 50000 / SLOWER };
    struct scene scene;
    uint32_t number, wrong = 0;
    void *socket;

    set_scene(&scene, NULL, NULL);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    say_numbers(socket, COUNT);
    expect_numbers(scene.peer_bus, scene.peer, 0, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        while (send_number(scene.peer_bus, scene.peer, i) == HAWSER_FULL) {
        }
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        wrong +=
            zmq_recv(socket, &number, sizeof number, 0) != (int)sizeof number ||
            number != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
large_messages_come_whole(void)
{
    static char sent[300000], got[sizeof sent];
    struct scene scene;
    hawser_item item;
    void *socket;

    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (char)(i * 7);
    }
    set_scene(&scene, NULL, NULL);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    CU_ASSERT_EQUAL(zmq_send(socket, sent, sizeof sent, 0), sizeof sent);
    if (hear_message(scene.peer_bus, scene.peer, &item)) {
        CU_ASSERT_EQUAL_FATAL(hawser_message_size(item.message), sizeof sent);
        CU_ASSERT_EQUAL(
            memcmp(hawser_message_bytes(item.message), sent, sizeof sent), 0);
        CU_ASSERT_EQUAL(
            hawser_send_message(scene.peer_bus, scene.peer, item.message, 0),
            HAWSER_OK);
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(zmq_recv(socket, got, sizeof got, 0), sizeof got);
    CU_ASSERT_EQUAL(memcmp(got, sent, sizeof sent), 0);
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
two_frames_are_topic_and_bytes(void)
{
    struct scene scene;
    hawser_item item;
    void *socket;

    set_scene(&scene, NULL, NULL);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    CU_ASSERT_EQUAL(zmq_send(socket, "weather", 7, ZMQ_SNDMORE), 7);
    say(socket, "fair");
    if (hear_message(scene.peer_bus, scene.peer, &item)) {
        size_t size;
        const void *topic = hawser_message_topic(item.message, &size);

        CU_ASSERT_EQUAL(size, 7);
        CU_ASSERT_TRUE(size == 7 && memcmp(topic, "weather", 7) == 0);
        CU_ASSERT_EQUAL(
            hawser_send_message(scene.peer_bus, scene.peer, item.message, 0),
            HAWSER_OK);
        hawser_item_drop(&item);
    }
    expect_frame(socket, "weather");
    expect_frame(socket, "fair");
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
push_pull_and_pub_go_one_way(void)
{
    struct scene scene;
    hawser_link pulled, pushed;
    const char *url = fresh_url();
    void *pull, *push, *sub, *news;
    char text[FRAME];

    set_scene(&scene, NULL, "offer.type=push");
    pushed = scene.link;
    pull = connect_to(&scene, ZMQ_PULL, "inproc://offered");
    say_text(scene.peer_bus, scene.peer, "pushed");
    expect_frame(pull, "pushed");
    end_link(scene.peer_bus, scene.peer);
    CU_ASSERT_EQUAL(hawser_link_close(scene.bus, pushed, 0, NULL), HAWSER_OK);

    scene.url = url;
    offer(&scene, "inproc://pulled", "offer.type=pull");
    pulled = scene.link;
    scene.peer = open_link(scene.peer_bus, url, NULL);
    push = connect_to(&scene, ZMQ_PUSH, "inproc://pulled");
    news = connect_to(&scene, ZMQ_SUB, "inproc://pulled.events");
    say_text(scene.peer_bus, scene.peer, "for nobody");
    say(push, "pulled");
    expect_text(scene.peer_bus, scene.peer, "pulled");
    end_link(scene.peer_bus, scene.peer);
    CU_ASSERT_EQUAL(hawser_link_close(scene.bus, pulled, 0, NULL), HAWSER_OK);
    expect_news(news, "closed", text);
    (void)zmq_close(news);

    scene.url = fresh_url();
    offer(&scene, "inproc://published", "offer.type=pub");
    sub = connect_to(&scene, ZMQ_SUB, "inproc://published");
    news = connect_to(&scene, ZMQ_SUB, "inproc://published.events");
    scene.peer = open_link(scene.peer_bus, scene.url, NULL);
    expect_news(news, "up", text); // and by then it has subscribed
    say_text(scene.peer_bus, scene.peer, "published");
    expect_frame(sub, "published");
    (void)zmq_close(pull);
    (void)zmq_close(push);
    (void)zmq_close(sub);
    (void)zmq_close(news);
    end_scene(&scene);
}

// ---- nothing is lost, nothing grows ----

static void
a_socket_may_send_before_the_link_is_up(void)
{
    struct scene scene;
    void *socket;

    set_scene(&scene, NULL, NULL);
    end_link(scene.peer_bus, scene.peer);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    say_numbers(socket, 500);
    scene.peer = open_link(scene.peer_bus, scene.url, NULL);
    expect_numbers(scene.peer_bus, scene.peer, 0, 500);
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
a_full_spool_makes_the_sender_wait(void)
{
    struct scene scene;
    bool in_vain = false, settled_down = false;
    uint32_t sent = 0;
    void *socket;

    set_scene(&scene, NULL, "spool.max_messages=100");
    end_link(scene.peer_bus, scene.peer);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    // In vain at last: the spool's 100, and what the pipe holds (1000 each).
    while (sent < 5000 && !(in_vain && settled_down)) {
        in_vain = zmq_send(socket, &sent, sizeof sent, ZMQ_DONTWAIT) < 0;
        settled_down = stats_of(scene.bus, scene.link).accepted == 100;
        sent += !in_vain;
    }
    CU_ASSERT_TRUE(sent < 5000);
    CU_ASSERT_EQUAL(stats_of(scene.bus, scene.link).accepted, 100);
    scene.peer = open_link(scene.peer_bus, scene.url, NULL);
    CU_ASSERT_TRUE(until_received(scene.peer_bus, scene.peer, 1000));
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
a_reader_that_is_late_misses_nothing(void)
{
    enum { COUNT = 20000 / SLOWER };
    struct scene scene;
    uint32_t number, wrong = 0;
    void *socket;

    set_scene(&scene, NULL, "receive.max_messages=1000");
    CU_ASSERT_EQUAL(hawser_link_wait_up(scene.bus, scene.link, PATIENCE_MS),
                    HAWSER_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        while (send_number(scene.peer_bus, scene.peer, i) == HAWSER_FULL) {
        }
    }
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    for (uint32_t i = 0; i < COUNT; i++) {
        wrong +=
            zmq_recv(socket, &number, sizeof number, 0) != (int)sizeof number ||
            number != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    (void)zmq_close(socket);
    end_scene(&scene);
}

static void
a_bus_closes_though_nobody_reads(void)
{
    struct scene scene;

    set_scene(&scene, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_link_wait_up(scene.bus, scene.link, PATIENCE_MS),
                    HAWSER_OK);
    for (uint32_t i = 0; i < 100; i++) {
        (void)send_number(scene.peer_bus, scene.peer, i);
    }
    CU_ASSERT_TRUE(until_received(scene.bus, scene.link, 100));
    end_scene(&scene);
}

// ---- events ----

static void
events_are_published_and_told_again(void)
{
    struct scene scene;
    char text[FRAME], wanted[64];
    void *news, *later;

    set_scene(&scene, NULL, NULL);
    news = connect_to(&scene, ZMQ_SUB, "inproc://offered.events");
    expect_news(news, "up", text);
    (void)snprintf(wanted, sizeof wanted, "endpoint: %s\n", scene.url);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, wanted));
    later = connect_to(&scene, ZMQ_SUB, "inproc://offered.events");
    expect_news(later, "up", text);
    end_link(scene.peer_bus, scene.peer);
    expect_news(later, "waiting", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "error: "));
    CU_ASSERT_EQUAL(hawser_link_close(scene.bus, scene.link, 0, NULL),
                    HAWSER_OK);
    expect_news(later, "closed", text);
    (void)zmq_close(news);
    (void)zmq_close(later);
    end_scene(&scene);
}

static void
what_cannot_be_sent_is_told(void)
{
    struct scene scene;
    char text[FRAME];
    void *socket, *news;

    set_scene(&scene, NULL, "offer.kind=text message.max=10");
    news = connect_to(&scene, ZMQ_SUB, "inproc://offered.events");
    expect_news(news, "up", text);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    say(socket, "eleven bytes");
    expect_news(news, "refused", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "size: 12\n"));
    say(socket, "\xff");
    expect_news(news, "refused", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "error: not UTF-8\n"));
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(zmq_send(socket, "x", 1, i < 4 ? ZMQ_SNDMORE : 0), 1);
    }
    expect_news(news, "refused", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "error: a message is one frame"));
    say(socket, "fits");
    expect_text(scene.peer_bus, scene.peer, "fits");
    (void)zmq_close(socket);
    (void)zmq_close(news);
    end_scene(&scene);
}

// ---- opening and ending ----

static void
addresses_are_checked(void)
{
    static const char *const bad[] = { "", "inproc://", "tcp://127.0.0.1:1",
                                       "offered" };
    char longest[300];
    struct scene scene;
    hawser_link link;

    set_scene(&scene, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(
            hawser_link_offer(scene.bus, bad[i], scene.url, NULL, &link),
            HAWSER_INVALID);
        CU_ASSERT_STRING_NOT_EQUAL(hawser_last_error(), "");
    }
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "inproc://", 9);
    longest[sizeof longest - 1] = '\0';
    CU_ASSERT_EQUAL(
        hawser_link_offer(scene.bus, longest, scene.url, NULL, &link),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_link_offer(scene.bus, "inproc://offered", scene.url,
                                      NULL, &link),
                    HAWSER_SYSTEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_last_error(), strerror(EADDRINUSE)));
    CU_ASSERT_EQUAL(
        hawser_link_offer(scene.bus, "inproc://b", "no://where", NULL, &link),
        HAWSER_UNKNOWN);
    CU_ASSERT_EQUAL(
        hawser_link_offer(NULL, "inproc://b", scene.url, NULL, &link),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_bus_open_in_zmq(NULL, NULL, &scene.bus),
                    HAWSER_INVALID);
    end_scene(&scene);
}

static void
an_address_is_free_again_once_closed_is_told(void)
{
    struct scene scene;
    char text[FRAME];

    set_scene(&scene, NULL, NULL);
    for (int i = 0; i < 100; i++) { // more than there are inboxes
        void *news = connect_to(&scene, ZMQ_SUB, "inproc://offered.events");
        hawser_link link;
        hawser_state state;
        hawser_status status;

        CU_ASSERT_EQUAL(hawser_link_close(scene.bus, scene.link, 0, NULL),
                        HAWSER_OK);
        expect_news(news, "closed", text);
        (void)zmq_close(news);
        CU_ASSERT_EQUAL(hawser_link_state(scene.bus, scene.link, &state),
                        HAWSER_STALE);
        do { // the event is told a moment before
            status = hawser_link_offer(scene.bus, "inproc://offered", scene.url,
                                       NULL, &link);
        } while (status == HAWSER_SYSTEM);
        CU_ASSERT_EQUAL_FATAL(status, HAWSER_OK);
        scene.link = link;
    }
    end_scene(&scene);
}

static void
offers_have_a_limit(void)
{
    struct scene scene;
    char address[32];
    hawser_status status = HAWSER_OK;
    hawser_link link;
    int count = 0;

    set_scene(&scene, NULL, NULL);
    while (status == HAWSER_OK && count < 100) {
        (void)snprintf(address, sizeof address, "inproc://offer%d", count);
        status =
            hawser_link_offer(scene.bus, address, fresh_url(), NULL, &link);
        count++;
    }
    CU_ASSERT_EQUAL(status, HAWSER_FULL);
    CU_ASSERT_EQUAL(count, 63); // its own inbox is one, the first offer another
    end_scene(&scene);
}

static void
a_context_that_ends_first_closes_the_link(void)
{
    struct scene scene;

    set_scene(&scene, NULL, NULL);
    CU_ASSERT_EQUAL(hawser_link_wait_up(scene.bus, scene.link, PATIENCE_MS),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(zmq_ctx_term(scene.context), 0);
    CU_ASSERT_TRUE(await(scene.peer_bus, scene.peer, HAWSER_WAITING));
    close_bus(scene.bus);
    close_bus(scene.peer_bus);
}

static void
links_of_zmq_inproc_find_the_context(void)
{
    struct scene scene;
    hawser_link link;
    void *pull;

    set_scene(&scene, NULL, NULL);
    pull = zmq_socket(scene.context, ZMQ_PULL);
    CU_ASSERT_EQUAL_FATAL(zmq_bind(pull, "inproc://jobs"), 0);
    CU_ASSERT_EQUAL(
        hawser_link_open(scene.bus, "zmq+inproc://jobs?type=push", NULL, &link),
        HAWSER_OK);
    say_text(scene.bus, link, "a job");
    expect_frame(pull, "a job");
    end_link(scene.bus, link);
    (void)zmq_close(pull);
    end_scene(&scene);
}

static void
buses_may_share_a_context(void)
{
    struct scene one;
    hawser_bus *other = NULL;
    hawser_link link;
    void *socket;

    set_scene(&one, NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(hawser_bus_open_in_zmq(one.context, NULL, &other),
                          HAWSER_OK);
    CU_ASSERT_PTR_EQUAL(hawser_bus_zmq_context(other), one.context);
    CU_ASSERT_EQUAL(
        hawser_link_offer(other, "inproc://other", fresh_url(), NULL, &link),
        HAWSER_OK);
    socket = connect_to(&one, ZMQ_DEALER, "inproc://offered");
    say(socket, "x");
    expect_text(one.peer_bus, one.peer, "x");
    (void)zmq_close(socket);
    close_bus(other);
    end_scene(&one);
}

static void
a_bus_has_a_context_of_its_own_otherwise(void)
{
    hawser_bus *bus = open_bus(NULL), *peer_bus = open_bus(NULL);
    const char *url = fresh_url();
    struct scene scene = { .context = hawser_bus_zmq_context(bus) };
    hawser_link link, peer;
    void *socket;

    CU_ASSERT_PTR_NOT_NULL_FATAL(scene.context);
    CU_ASSERT_EQUAL(hawser_link_offer(bus, "inproc://own", url, NULL, &link),
                    HAWSER_OK);
    peer = open_link(peer_bus, url, NULL);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://own");
    say(socket, "own");
    expect_text(peer_bus, peer, "own");
    (void)zmq_close(socket);
    close_bus(bus);
    close_bus(peer_bus);
    CU_ASSERT_PTR_NULL(hawser_bus_zmq_context(NULL));
}

static void
a_bus_without_a_thread_offers_too(void)
{
    struct scene scene;
    zmq_pollitem_t wait[2] = { { .events = ZMQ_POLLIN },
                               { .events = ZMQ_POLLIN } };
    uint64_t deadline = now_ms() + PATIENCE_MS;
    char frame[FRAME] = "";
    void *socket;

    set_scene(&scene, "0", NULL);
    CU_ASSERT_EQUAL(hawser_bus_fd(scene.bus, &wait[1].fd), HAWSER_OK);
    socket = connect_to(&scene, ZMQ_DEALER, "inproc://offered");
    wait[0].socket = socket;
    say(socket, "no thread");
    say_text(scene.peer_bus, scene.peer, "none here");
    while (frame[0] == '\0' && now_ms() < deadline) {
        (void)zmq_poll(wait, 2, 100);
        (void)hawser_bus_step(scene.bus);
        (void)zmq_recv(socket, frame, sizeof frame - 1, ZMQ_DONTWAIT);
    }
    CU_ASSERT_STRING_EQUAL(frame, "none here");
    expect_text(scene.peer_bus, scene.peer, "no thread");
    (void)zmq_close(socket);
    end_scene(&scene);
}

// ---- the inbox as a socket ----

static void
an_inbox_is_polled_as_a_socket(void)
{
    const char *url = fresh_url();
    hawser_bus *bus = open_bus("threads=1"), *other = open_bus(NULL);
    hawser_link peer = open_link(other, url, NULL);
    zmq_pollitem_t wait = { .events = ZMQ_POLLIN };
    hawser_item item;
    unsigned heard = 0;

    (void)open_link(bus, url, NULL);
    CU_ASSERT_EQUAL(
        hawser_inbox_zmq_socket(hawser_bus_inbox(bus), &wait.socket),
        HAWSER_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(send_number(other, peer, i), HAWSER_OK);
    }
    while (heard < 1000 && zmq_poll(&wait, 1, PATIENCE_MS) == 1) {
        while (hawser_receive(bus, &item, 0) == HAWSER_OK) {
            heard += item.kind == HAWSER_ITEM_MESSAGE;
            hawser_item_drop(&item);
        }
    }
    CU_ASSERT_EQUAL(heard, 1000);
    close_bus(bus);
    close_bus(other);
}

static void
an_inbox_without_a_thread_is_no_socket(void)
{
    hawser_bus *bus = open_bus("threads=0");
    void *socket;

    CU_ASSERT_EQUAL(hawser_inbox_zmq_socket(hawser_bus_inbox(bus), &socket),
                    HAWSER_UNSUPPORTED);
    CU_ASSERT_EQUAL(hawser_inbox_zmq_socket(NULL, &socket), HAWSER_INVALID);
    CU_ASSERT_EQUAL(hawser_inbox_zmq_socket(hawser_bus_inbox(bus), NULL),
                    HAWSER_INVALID);
    close_bus(bus);
}

static CU_TestInfo tests[] = {
    CHECK(what_a_socket_sends_the_link_sends_and_back),
    CHECK(a_burst_keeps_its_order_both_ways),
    CHECK(large_messages_come_whole),
    CHECK(two_frames_are_topic_and_bytes),
    CHECK(push_pull_and_pub_go_one_way),
    CHECK(a_socket_may_send_before_the_link_is_up),
    CHECK(a_full_spool_makes_the_sender_wait),
    CHECK(a_reader_that_is_late_misses_nothing),
    CHECK(a_bus_closes_though_nobody_reads),
    CHECK(events_are_published_and_told_again),
    CHECK(what_cannot_be_sent_is_told),
    CHECK(addresses_are_checked),
    CHECK(an_address_is_free_again_once_closed_is_told),
    CHECK(offers_have_a_limit),
    CHECK(a_context_that_ends_first_closes_the_link),
    CHECK(links_of_zmq_inproc_find_the_context),
    CHECK(buses_may_share_a_context),
    CHECK(a_bus_has_a_context_of_its_own_otherwise),
    CHECK(a_bus_without_a_thread_offers_too),
    CHECK(an_inbox_is_polled_as_a_socket),
    CHECK(an_inbox_without_a_thread_is_no_socket),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("offer", tests)
