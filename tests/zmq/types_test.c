// types_test.c - each type of socket, with libzmq's own at the other end.
#include <zmq.h>

#include "check.h"
#include "sea.h"

static struct sea sea;

static void
a_dealer_talks_with_a_router(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_ROUTER, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=dealer", "zmq.identity", "me"),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    sea_says(&sea, NULL, "one", 3, 0);
    sea_says(&sea, "topic", "two", 3, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "me|one"));
    CU_ASSERT_TRUE(peer_hears(peer, "me|topic|two"));
    peer_says(peer, "me|back");
    peer_says(peer, "me|about|it");
    CU_ASSERT_TRUE(sea_hears(&sea, NULL, "back"));
    CU_ASSERT_TRUE(sea_hears(&sea, "about", "it"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
a_message_of_three_frames_is_refused_and_not_cut(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_PUSH, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=pull", NULL, NULL), HAWSER_OK);
    peer_says(peer, "a|b|c");
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_WAITING));
    CU_ASSERT_STRING_EQUAL(sea.error,
                           "zmq: a message of more frames than "
                           "zmq.multipart=topic takes; packed takes any");
    peer_ends(peer);
    sea_end(&sea);
}

static void
packed_frames_are_any_number(void)
{
    static const char two[] = "\0\0\0\1x\0\0\0\1y";
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_DEALER, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(
        sea_open_peer(&sea, "type=dealer", "zmq.multipart", "packed"),
        HAWSER_OK);
    sea_says(&sea, NULL, two, sizeof two - 1, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "x|y"));
    peer_says(peer, "a|b||d");
    (void)sea_hears(&sea, NULL, ""); // it has zeros, so it is looked at below
    CU_ASSERT_EQUAL(sea.size, 19);
    CU_ASSERT_EQUAL(
        memcmp(sea.bytes, "\0\0\0\1a\0\0\0\1b\0\0\0\0\0\0\0\1d", 19), 0);
    peer_ends(peer);
    sea_end(&sea);
}

static void
a_bound_router_addresses_its_peers_by_topic(void)
{
    void *one, *two;

    sea_begin(&sea);
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:*?type=router&bind=1",
                             "zmq.multipart", "delimited", NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    one = sea_connect(&sea, ZMQ_REQ, sea.address);
    two = sea_connect(&sea, ZMQ_REQ, sea.address);
    peer_says(one, "first");
    CU_ASSERT_TRUE(sea_hears(&sea, sea.topic, sea.bytes) || sea.size == 5);
    sea_says(&sea, "nobody", "lost", 4, 0); // such a peer there is not
    sea.topic[sea.topic_size] = '\0';
    CU_ASSERT_EQUAL(sea.topic_size, 5); // as libzmq makes them: 0 and a number
    {
        hawser_message *answer;

        CU_ASSERT_EQUAL(hawser_message_new_topic(HAWSER_BINARY, sea.topic, 5,
                                                 "answer", 6, &answer),
                        HAWSER_OK);
        CU_ASSERT_EQUAL(hawser_send_message(sea.bus, sea.link, answer, 0),
                        HAWSER_OK);
        hawser_message_drop(answer);
    }
    CU_ASSERT_TRUE(peer_hears(one, "answer"));
    peer_ends(one);
    peer_ends(two);
    sea_end(&sea);
}

static void
a_req_speaks_in_turn_and_its_answer_confirms(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_REP, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=req", "confirm", "peer"),
                    HAWSER_OK);
    sea_says(&sea, NULL, "one", 3, 1);
    sea_says(&sea, NULL, "two", 3, 2);
    CU_ASSERT_TRUE(peer_hears(peer, "one"));
    CU_ASSERT_EQUAL(sea_settled(&sea), 0);
    peer_says(peer, "1");
    CU_ASSERT_TRUE(peer_hears(peer, "two")); // and not before
    peer_says(peer, "2");
    CU_ASSERT_TRUE(sea_settles(&sea, 1));
    CU_ASSERT_TRUE(sea_settles(&sea, 2));
    CU_ASSERT_EQUAL(sea.downgrades, 0);
    peer_ends(peer);
    sea_end(&sea);
}

// The server took the question and died before it answered.
static void
a_question_without_an_answer_is_asked_again(void)
{
    char address[128];
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_REP, "tcp://127.0.0.1:*");
    (void)snprintf(address, sizeof address, "%s", sea.address); // it fits
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=req", "confirm", "peer"),
                    HAWSER_OK);
    sea_says(&sea, NULL, "one", 3, 1);
    CU_ASSERT_TRUE(peer_hears(peer, "one"));
    peer_ends(peer);
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_WAITING));
    do { // the address may be taken for a moment
        peer = zmq_socket(sea.context, ZMQ_REP);
        if (zmq_bind(peer, address) == 0) {
            break;
        }
        peer_ends(peer);
    } while (true);
    CU_ASSERT_TRUE(peer_hears(peer, "one"));
    peer_says(peer, "1");
    CU_ASSERT_TRUE(sea_settles(&sea, 1));
    peer_ends(peer);
    sea_end(&sea);
}

static void
a_rep_answers_what_it_was_asked(void)
{
    void *peer;

    sea_begin(&sea);
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+tcp://127.0.0.1:*?type=rep&bind=1", NULL),
        HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    sea_says(&sea, NULL, "early", 5, 0); // waits until somebody asks
    peer = sea_connect(&sea, ZMQ_REQ, sea.address);
    for (int i = 0; i < 3; i++) {
        peer_says(peer, "question");
        CU_ASSERT_TRUE(sea_hears(&sea, NULL, "question"));
        CU_ASSERT_TRUE(peer_hears(peer, i == 0 ? "early" : "answer"));
        sea_says(&sea, NULL, "answer", 6, 0);
    }
    peer_ends(peer);
    sea_end(&sea);
}

static void
push_and_pull_go_one_way(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_PULL, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=push", NULL, NULL), HAWSER_OK);
    sea_says(&sea, NULL, "there", 5, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "there"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
a_bound_push_waits_until_somebody_is_there(void)
{
    void *peer;

    sea_begin(&sea);
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+tcp://127.0.0.1:*?type=push&bind=1", NULL),
        HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    sea_says(&sea, NULL, "for whom it concerns", 20, 7);
    peer = sea_connect(&sea, ZMQ_PULL, sea.address);
    CU_ASSERT_TRUE(peer_hears(peer, "for whom it concerns"));
    CU_ASSERT_TRUE(sea_settles(&sea, 7));
    peer_ends(peer);
    sea_end(&sea);
}

// XPUB shows what it is asked for.
static void
standing_messages_of_a_sub_are_its_subscriptions(void)
{
    hawser_message *standing, *farewell;
    uint64_t id;
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_XPUB, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=sub&subscribe=a.", NULL, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(peer_hears(peer, "\1a."));
    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "b.", 2, &standing),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(hawser_link_standing_add(sea.bus, sea.link, standing, &id),
                    HAWSER_OK);
    CU_ASSERT_TRUE(peer_hears(peer, "\1b."));
    peer_says(peer, "b.x|news");
    peer_says(peer, "c.x|not for it");
    peer_says(peer, "a.x");
    CU_ASSERT_TRUE(sea_hears(&sea, "b.x", "news"));
    CU_ASSERT_TRUE(sea_hears(&sea, NULL, "a.x"));
    CU_ASSERT_EQUAL(hawser_link_reconnect(sea.bus, sea.link), HAWSER_OK);
    (void)peer_hears(peer, ""); // the old connection takes back both
    (void)peer_hears(peer, ""); // or the new one is there first
    CU_ASSERT_TRUE(sea_up(&sea));
    // Zero and a prefix takes it back; a text can't be seen behind the zero.
    CU_ASSERT_EQUAL(hawser_message_new(HAWSER_BINARY, "\0b.", 3, &farewell),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(
        hawser_link_standing_remove(sea.bus, sea.link, id, farewell),
        HAWSER_OK);
    hawser_message_drop(standing);
    hawser_message_drop(farewell);
    peer_ends(peer);
    sea_end(&sea);
}

static void
a_pub_sends_topics(void)
{
    void *peer;

    sea_begin(&sea);
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+tcp://127.0.0.1:*?type=xpub&bind=1", NULL),
        HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    peer = sea_connect(&sea, ZMQ_SUB, sea.address);
    CU_ASSERT_EQUAL(zmq_setsockopt(peer, ZMQ_SUBSCRIBE, "stock.", 6), 0);
    CU_ASSERT_TRUE(sea_hears(&sea, NULL, "\1stock."));
    sea_says(&sea, "other.x", "no", 2, 0);
    sea_says(&sea, "stock.x", "12.5", 4, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "stock.x|12.5"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
an_xsub_subscribes_and_a_pair_talks(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_XPUB, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=xsub", NULL, NULL), HAWSER_OK);
    sea_says(&sea, NULL, "\1t", 2, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "\1t"));
    peer_says(peer, "t|x");
    CU_ASSERT_TRUE(sea_hears(&sea, "t", "x"));
    peer_ends(peer);
    sea_end(&sea);
    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_PAIR, "ipc://@hawser-pair-test");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=pair", NULL, NULL), HAWSER_OK);
    sea_says(&sea, NULL, "ping", 4, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "ping"));
    peer_says(peer, "pong");
    CU_ASSERT_TRUE(sea_hears(&sea, NULL, "pong"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
inproc_is_in_the_applications_own_context(void)
{
    char number[32];
    void *peer;

    sea_begin(&sea);
    (void)snprintf(number, sizeof number, "%llu",
                   (unsigned long long)(uintptr_t)sea.context); // it fits
    peer = sea_bind(&sea, ZMQ_DEALER, "inproc://here");
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+inproc://here", "zmq.context", number, NULL),
        HAWSER_OK);
    sea_says(&sea, NULL, "ping", 4, 0);
    CU_ASSERT_TRUE(peer_hears(peer, "ping"));
    peer_says(peer, "pong");
    CU_ASSERT_TRUE(sea_hears(&sea, NULL, "pong"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
a_context_that_is_none_is_refused(void)
{
    static const uint8_t no_context[4096];
    char number[32];

    sea_begin(&sea);
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+inproc://here", "zmq.context", "4096", NULL),
        HAWSER_INVALID);
    (void)snprintf(number, sizeof number, "%llu",
                   (unsigned long long)(uintptr_t)no_context); // it fits
    CU_ASSERT_EQUAL(
        sea_open(&sea, "zmq+inproc://here", "zmq.context", number, NULL),
        HAWSER_INVALID);
    sea_end(&sea);
}

static void
what_cannot_be_confirmed_is_said_at_open(void)
{
    static const char *const others[] = { "dealer", "router", "rep",  "push",
                                          "pub",    "sub",    "xpub", "xsub",
                                          "pair",   "pull" };
    char url[64];

    sea_begin(&sea);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)snprintf(url, sizeof url, "zmq+tcp://127.0.0.1:1?type=%s",
                       others[i]); // it fits
        CU_ASSERT_EQUAL(sea_open(&sea, url, "confirm", "peer", "confirm.strict",
                                 "on", NULL),
                        HAWSER_INVALID);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(hawser_last_error(), "confirm=peer"));
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:1?type=req", "confirm",
                             "peer", "confirm.strict", "on", NULL),
                    HAWSER_OK);
    sea_end(&sea);
}

static void
a_bound_address_that_is_taken_is_told_and_tried_again(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_PULL, "tcp://127.0.0.1:*");
    CU_ASSERT_EQUAL(sea_open_peer(&sea, "type=pull&bind=1", NULL, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_WAITING));
    CU_ASSERT_STRING_EQUAL(sea.error, "bind: Address already in use");
    peer_ends(peer);
    CU_ASSERT_TRUE(sea_up(&sea));
    sea_end(&sea);
}

static CU_TestInfo tests[] = {
    CHECK(a_dealer_talks_with_a_router),
    CHECK(a_message_of_three_frames_is_refused_and_not_cut),
    CHECK(packed_frames_are_any_number),
    CHECK(a_bound_router_addresses_its_peers_by_topic),
    CHECK(a_req_speaks_in_turn_and_its_answer_confirms),
    CHECK(a_question_without_an_answer_is_asked_again),
    CHECK(a_rep_answers_what_it_was_asked),
    CHECK(push_and_pull_go_one_way),
    CHECK(a_bound_push_waits_until_somebody_is_there),
    CHECK(standing_messages_of_a_sub_are_its_subscriptions),
    CHECK(a_pub_sends_topics),
    CHECK(an_xsub_subscribes_and_a_pair_talks),
    CHECK(inproc_is_in_the_applications_own_context),
    CHECK(a_context_that_is_none_is_refused),
    CHECK(what_cannot_be_confirmed_is_said_at_open),
    CHECK(a_bound_address_that_is_taken_is_told_and_tried_again),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("zmq types", tests)
