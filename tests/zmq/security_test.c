// security_test.c - CURVE and PLAIN, with keys and passwords right and wrong.
#include <pthread.h>
#include <stdlib.h>
#include <zmq.h>

#include "check.h"
#include "sea.h"

static struct sea sea;

struct keys {
    char public[41], secret[41];
};

static struct keys server, client, stranger;

static void
make(struct keys *keys)
{
    if (zmq_curve_keypair(keys->public, keys->secret) != 0) {
        abort();
    }
}

// ---- who is let in (RFC 27) ----

static void *authenticator;

static void
answer(const char *version, const char *id, const char *status)
{
    const char *const parts[] = { version, id, status, "", "", "" };

    for (int i = 0; i < 6; i++) {
        (void)zmq_send(authenticator, parts[i], strlen(parts[i]),
                       i < 5 ? ZMQ_SNDMORE : 0); // it waits for this
    }
}

// CURVE: the client above. PLAIN: "me" with "sesame".
static const char *
judge(char parts[10][64], int count, const char *raw_key)
{
    char key[41];

    if (count == 8 && strcmp(parts[5], "PLAIN") == 0) {
        return strcmp(parts[6], "me") == 0 && strcmp(parts[7], "sesame") == 0
                   ? "200"
                   : "400";
    }
    return count == 7 &&
                   zmq_z85_encode(key, (const uint8_t *)raw_key, 32) != NULL &&
                   strcmp(key, client.public) == 0
               ? "200"
               : "400";
}

static void *
authenticate(void *nothing)
{
    for (;;) {
        char parts[10][64] = { "" };
        int count = 0, more = 1;
        size_t size = sizeof more;

        while (more != 0 && count < 10) {
            if (zmq_recv(authenticator, parts[count++], 63, 0) < 0) {
                (void)zmq_close(authenticator); // the context ends
                return nothing;
            }
            (void)zmq_getsockopt(authenticator, ZMQ_RCVMORE, &more, &size);
        }
        answer(parts[0], parts[1], judge(parts, count, parts[6]));
    }
}

static pthread_t thread;

static void *
begin(int mechanism)
{
    int on = 1;
    void *peer;

    sea_begin(&sea);
    authenticator = zmq_socket(sea.context, ZMQ_REP);
    if (zmq_bind(authenticator, "inproc://zeromq.zap.01") != 0 ||
        pthread_create(&thread, NULL, authenticate, NULL) != 0) {
        abort();
    }
    peer = zmq_socket(sea.context, ZMQ_DEALER);
    CU_ASSERT_EQUAL(zmq_setsockopt(peer, ZMQ_ZAP_DOMAIN, "test", 4), 0);
    CU_ASSERT_EQUAL(zmq_setsockopt(peer, mechanism, &on, sizeof on), 0);
    if (mechanism == ZMQ_CURVE_SERVER) {
        CU_ASSERT_EQUAL(
            zmq_setsockopt(peer, ZMQ_CURVE_SECRETKEY, server.secret, 40), 0);
    }
    CU_ASSERT_EQUAL(zmq_bind(peer, "tcp://127.0.0.1:*"), 0);
    CU_ASSERT_EQUAL(zmq_getsockopt(peer, ZMQ_LAST_ENDPOINT, sea.address,
                                   &(size_t){ sizeof sea.address }),
                    0);
    return peer;
}

static void
end(void *peer)
{
    peer_ends(peer);
    sea_end(&sea); // the authenticator hears that its context ends
    (void)pthread_join(thread, NULL);
}

// ---- the link ----

static void
dial_curve(const char *server_key, const struct keys *own)
{
    char url[160];

    (void)snprintf(url, sizeof url, "zmq+%s", sea.address); // it fits
    CU_ASSERT_EQUAL(sea_open(&sea, url, "zmq.curve_server_key", server_key,
                             "zmq.curve_public_key", own->public,
                             "zmq.curve_secret_key", own->secret, NULL),
                    HAWSER_OK);
}

static void
dial_plain(const char *user, const char *password)
{
    char url[160];

    (void)snprintf(url, sizeof url, "zmq+%s", sea.address); // it fits
    CU_ASSERT_EQUAL(sea_open(&sea, url, "zmq.plain_username", user,
                             "zmq.plain_password", password, NULL),
                    HAWSER_OK);
}

static void
the_right_keys_open_the_link(void)
{
    void *peer = begin(ZMQ_CURVE_SERVER);
    int patience = SEA_PATIENCE_MS;

    dial_curve(server.public, &client);
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_UP));
    sea_says(&sea, NULL, "secret", 6, 0);
    CU_ASSERT_EQUAL(
        zmq_setsockopt(peer, ZMQ_RCVTIMEO, &patience, sizeof patience), 0);
    CU_ASSERT_TRUE(peer_hears(peer, "secret"));
    end(peer);
}

static void
a_key_that_the_peer_does_not_know_fails_the_link(void)
{
    void *peer = begin(ZMQ_CURVE_SERVER);

    dial_curve(server.public, &stranger);
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_FAILED));
    CU_ASSERT_PTR_NOT_NULL(strstr(sea.error, "handshake refused: 400"));
    CU_ASSERT_PTR_NULL(strstr(sea.error, stranger.secret));
    end(peer);
}

// The server can't read a word, and hangs up.
static void
a_wrong_server_key_is_tried_again_with_a_hint(void)
{
    void *peer = begin(ZMQ_CURVE_SERVER);

    dial_curve(stranger.public, &client);
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_WAITING));
    CU_ASSERT_PTR_NOT_NULL(strstr(sea.error, "zmq.curve_server_key"));
    end(peer);
}

static void
a_peer_without_curve_fails_the_link(void)
{
    void *peer;

    sea_begin(&sea);
    peer = sea_bind(&sea, ZMQ_DEALER, "tcp://127.0.0.1:*");
    dial_curve(server.public, &client);
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_FAILED));
    CU_ASSERT_STRING_EQUAL(sea.error, "handshake refused: the peer wants "
                                      "another security mechanism");
    peer_ends(peer);
    sea_end(&sea);
}

static void
the_right_password_opens_the_link(void)
{
    void *peer = begin(ZMQ_PLAIN_SERVER);

    dial_plain("me", "sesame");
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_UP));
    end(peer);
}

static void
a_wrong_password_fails_the_link(void)
{
    void *peer = begin(ZMQ_PLAIN_SERVER);

    dial_plain("me", "opensesame");
    CU_ASSERT_TRUE(sea_is(&sea, HAWSER_FAILED));
    CU_ASSERT_PTR_NOT_NULL(strstr(sea.error, "handshake refused: 400"));
    CU_ASSERT_PTR_NULL(strstr(sea.error, "opensesame"));
    end(peer);
}

static void
a_bound_link_is_the_server(void)
{
    void *peer;

    sea_begin(&sea);
    CU_ASSERT_EQUAL(sea_open(&sea, "zmq+tcp://127.0.0.1:*?bind=1",
                             "zmq.curve_public_key", server.public,
                             "zmq.curve_secret_key", server.secret, NULL),
                    HAWSER_OK);
    CU_ASSERT_TRUE(sea_up(&sea));
    peer = zmq_socket(sea.context, ZMQ_DEALER);
    (void)zmq_setsockopt(peer, ZMQ_LINGER, &(int){ 0 }, sizeof(int));
    CU_ASSERT_EQUAL(
        zmq_setsockopt(peer, ZMQ_CURVE_SERVERKEY, server.public, 40), 0);
    CU_ASSERT_EQUAL(
        zmq_setsockopt(peer, ZMQ_CURVE_PUBLICKEY, client.public, 40), 0);
    CU_ASSERT_EQUAL(
        zmq_setsockopt(peer, ZMQ_CURVE_SECRETKEY, client.secret, 40), 0);
    CU_ASSERT_EQUAL(zmq_connect(peer, sea.address), 0);
    peer_says(peer, "hello");
    CU_ASSERT_TRUE(sea_hears(&sea, NULL, "hello"));
    peer_ends(peer);
    sea_end(&sea);
}

static void
keys_that_do_not_go_together_are_refused(void)
{
    static const char url[] = "zmq+tcp://127.0.0.1:1";
    static const char bound[] = "zmq+tcp://127.0.0.1:*?bind=1";

    sea_begin(&sea);
    CU_ASSERT_EQUAL(
        sea_open(&sea, url, "zmq.curve_server_key", server.public, NULL),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(
        sea_open(&sea, url, "zmq.curve_secret_key", client.secret, NULL),
        HAWSER_INVALID);
    CU_ASSERT_EQUAL(sea_open(&sea, url, "zmq.curve_server_key", "short", NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(sea_open(&sea, url, "zmq.plain_username", "me", NULL),
                    HAWSER_INVALID);
    CU_ASSERT_EQUAL(sea_open(&sea, bound, "zmq.plain_username", "me",
                             "zmq.plain_password", "hush", NULL),
                    HAWSER_INVALID);
    CU_ASSERT_PTR_NULL(strstr(hawser_last_error(), "hush"));
    sea_end(&sea);
}

static CU_TestInfo tests[] = {
    CHECK(the_right_keys_open_the_link),
    CHECK(a_key_that_the_peer_does_not_know_fails_the_link),
    CHECK(a_wrong_server_key_is_tried_again_with_a_hint),
    CHECK(a_peer_without_curve_fails_the_link),
    CHECK(the_right_password_opens_the_link),
    CHECK(a_wrong_password_fails_the_link),
    CHECK(a_bound_link_is_the_server),
    CHECK(keys_that_do_not_go_together_are_refused),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    make(&server);
    make(&client);
    make(&stranger);
    check_suite("zmq security", tests);
    return check_run(argc, argv);
}
