// arrived_test.c - tests of what the kernel knows to have arrived.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "stream/arrived.h"

static int ours, theirs;

static void
make_unix_pair(void)
{
    int both[2];

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    ours = both[0];
    theirs = both[1];
}

static void
make_tcp_pair(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ours = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(bind(door, (struct sockaddr *)&address, size), 0);
    CU_ASSERT_EQUAL_FATAL(listen(door, 1), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(door, (struct sockaddr *)&address, &size),
                          0);
    CU_ASSERT_EQUAL_FATAL(connect(ours, (struct sockaddr *)&address, size), 0);
    theirs = accept(door, NULL, NULL);
    CU_ASSERT_TRUE_FATAL(theirs >= 0);
    close(door);
}

static void
write_bytes(size_t size)
{
    static char bytes[100000];

    CU_ASSERT_EQUAL_FATAL(send(ours, bytes, size, 0), (ssize_t)size);
}

static void
read_bytes(size_t size)
{
    static char bytes[100000];

    CU_ASSERT_EQUAL_FATAL(recv(theirs, bytes, size, MSG_WAITALL),
                          (ssize_t)size);
}

static void
close_pair(void)
{
    close(ours);
    close(theirs);
}

static void
what_a_unix_peer_has_not_read_has_not_arrived(void)
{
    make_unix_pair();
    write_bytes(1000);
    CU_ASSERT_EQUAL(hw_stream_unix_arrived(ours, 1000), 0);
    read_bytes(999);
    CU_ASSERT_TRUE(hw_stream_unix_arrived(ours, 1000) < 1000);
    read_bytes(1);
    CU_ASSERT_EQUAL(hw_stream_unix_arrived(ours, 1000), 1000);
    CU_ASSERT_FALSE(hw_stream_is_hung_up(ours));
    close_pair();
}

// Under load the count never gets to 0, and is an estimate that may only err on
// the safe side.
static void
what_a_unix_peer_reads_of_much_arrives_bit_by_bit(void)
{
    uint64_t written = 0, read = 0, arrived = 0;

    make_unix_pair();
    for (int i = 0; i < 200; i++) {
        write_bytes(10000);
        written += 10000;
        if (i > 3) {
            read_bytes(10000);
            read += 10000;
        }
        arrived = hw_stream_unix_arrived(ours, written);
        CU_ASSERT_TRUE(arrived <= read);
    }
    CU_ASSERT_TRUE(arrived > 0);
    close_pair();
}

// The trap: the kernel says that nothing is unread, since it threw it away.
static void
a_unix_peer_that_died_unread_is_seen_to_have_hung_up(void)
{
    make_unix_pair();
    write_bytes(1000);
    close(theirs);
    CU_ASSERT_EQUAL(hw_stream_unix_arrived(ours, 1000), 1000); // not so
    CU_ASSERT_TRUE(hw_stream_is_hung_up(ours));
    close(ours);
}

static bool
tcp_arrives(uint64_t base, uint64_t size)
{
    for (int i = 0; i < 500 && hw_stream_tcp_arrived(ours, base) < size; i++) {
        (void)poll(NULL, 0, 1); // an acknowledgement may be delayed
    }
    return hw_stream_tcp_arrived(ours, base) == size;
}

static void
what_the_peers_kernel_has_of_tcp_has_arrived(void)
{
    int64_t base;

    make_tcp_pair();
    base = hw_stream_tcp_base(ours);
    CU_ASSERT_TRUE_FATAL(base >= 0);
    CU_ASSERT_EQUAL(hw_stream_tcp_arrived(ours, (uint64_t)base), 0);
    write_bytes(1000);
    CU_ASSERT_TRUE(tcp_arrives((uint64_t)base, 1000)); // nobody has read it
    write_bytes(50000);
    CU_ASSERT_TRUE(tcp_arrives((uint64_t)base, 51000));
    CU_ASSERT_FALSE(hw_stream_is_hung_up(ours));
    close(theirs);
    CU_ASSERT_TRUE(hw_stream_is_hung_up(ours));
    close(ours);
}

static void
nothing_is_known_of_what_is_no_socket(void)
{
    CU_ASSERT_EQUAL(hw_stream_tcp_base(-1), -1);
    CU_ASSERT_EQUAL(hw_stream_tcp_arrived(-1, 0), 0);
    CU_ASSERT_EQUAL(hw_stream_unix_arrived(-1, 1000), 0);
}

static CU_TestInfo tests[] = {
    CHECK(what_a_unix_peer_has_not_read_has_not_arrived),
    CHECK(what_a_unix_peer_reads_of_much_arrives_bit_by_bit),
    CHECK(a_unix_peer_that_died_unread_is_seen_to_have_hung_up),
    CHECK(what_the_peers_kernel_has_of_tcp_has_arrived),
    CHECK(nothing_is_known_of_what_is_no_socket),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("arrived", tests)
