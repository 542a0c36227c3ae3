// socket_test.c - sockets that others connect to.
#include "post/socket.h"

#include "check.h"
#include "post/mailbox.h"

enum { TIMES = 200 };

static struct hw_post *post;

static void
start(void)
{
    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &post), HAWSER_OK);
}

static void
stop(void)
{
    hw_post_close(post);
}

static void
an_address_is_free_again_once_its_socket_is_closed(void)
{
    for (int i = 0; i < TIMES; i++) {
        struct hw_socket *socket = NULL;

        CU_ASSERT_EQUAL_FATAL(hw_socket_open(hw_post_context(post),
                                             HW_SOCKET_PAIR, "inproc://here",
                                             &socket),
                              HAWSER_OK);
        hw_socket_close(socket);
    }
}

static void
an_address_that_is_taken_is_refused(void)
{
    struct hw_socket *one = NULL, *other = NULL;

    CU_ASSERT_EQUAL_FATAL(hw_socket_open(hw_post_context(post), HW_SOCKET_PAIR,
                                         "inproc://here", &one),
                          HAWSER_OK);
    CU_ASSERT_EQUAL(hw_socket_open(hw_post_context(post), HW_SOCKET_PAIR,
                                   "inproc://here", &other),
                    HAWSER_SYSTEM);
    hw_socket_close(one);
}

static CU_TestInfo tests[] = {
    CHECK(an_address_is_free_again_once_its_socket_is_closed),
    CHECK(an_address_that_is_taken_is_refused),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("socket", tests, start, stop);
    return check_run(argc, argv);
}
