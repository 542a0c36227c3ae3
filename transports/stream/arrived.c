// arrived.c - how much of what was written has arrived, as the kernel knows it.
#include "arrived.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// tcpi_bytes_acked came with Linux 4.1; an older kernel fills in less.
static int64_t
bytes_acked(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_acked) +
                   sizeof info.tcpi_bytes_acked) {
        return -1;
    }
    return (int64_t)info.tcpi_bytes_acked;
}

int64_t
hw_stream_tcp_base(int fd)
{
    return bytes_acked(fd);
}

uint64_t
hw_stream_tcp_arrived(int fd, uint64_t base)
{
    int64_t acked = bytes_acked(fd);

    return acked < (int64_t)base ? 0 : (uint64_t)acked - base;
}

// Linux tells the memory that the peer's unread bytes take, which is never less
// than they are: an estimate on the safe side, and exact at 0.
uint64_t
hw_stream_unix_arrived(int fd, uint64_t written)
{
    int unread = 0;

    if (ioctl(fd, SIOCOUTQ, &unread) != 0 || unread < 0 ||
        (uint64_t)unread > written) {
        return 0;
    }
    return written - (uint64_t)unread;
}

bool
hw_stream_is_hung_up(int fd)
{
    struct pollfd look = { .fd = fd, .events = POLLRDHUP };

    return poll(&look, 1, 0) != 0;
}
