// arrived.h - how much of what was written has arrived, as the kernel knows it.
#ifndef HW_STREAM_ARRIVED_H
#define HW_STREAM_ARRIVED_H

#include <stdbool.h>
#include <stdint.h>

// What the kernel has counted as acknowledged of a TCP connection that nothing
// was written to yet. -1: it does not count.
int64_t
hw_stream_tcp_base(int fd);

// Of written bytes, at least so many have been acknowledged by the peer's
// kernel. Never goes back on one connection.
uint64_t
hw_stream_tcp_arrived(int fd, uint64_t base);

// Of written bytes, at least so many were read by the process at the other end
// of a Unix socket, unless it has hung up: then what it did not read is gone,
// and counts as read. So ask this first and hw_stream_is_hung_up afterwards.
uint64_t
hw_stream_unix_arrived(int fd, uint64_t written);

// The peer has closed its half, or all of the connection.
bool
hw_stream_is_hung_up(int fd);

#endif
