// rpc_echo.c - the quickest peer that msgpack-RPC can have: it answers a call
// with its own params, and knows of msgpack no more than that takes, so that
// the clients are what is measured.
//
// It prints its address, and serves one connection after another. It expects
// calls without params that are arrays of arrays or maps, as the benchmark's
// are; whoever sends something else is hung up on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 64 * 1024, CUT_SHORT = 0, WRONG = -1 };

// The size of the call [0, id, method, []] at bytes; and where its id ends.
static int
size_of_call(const unsigned char *bytes, size_t size, size_t *id_ends)
{
    size_t at = 2; // the array of four, and the type

    if (size < 3) {
        return CUT_SHORT;
    }
    if (bytes[0] != 0x94 || bytes[1] != 0) {
        return WRONG;
    }
    switch (bytes[at]) {
    case 0xcc:
        at += 2;
        break;
    case 0xcd:
        at += 3;
        break;
    case 0xce:
        at += 5;
        break;
    default:
        if (bytes[at] > 0x7f) {
            return WRONG;
        }
        at += 1;
    }
    *id_ends = at;
    if (size <= at) {
        return CUT_SHORT;
    }
    if ((bytes[at] & 0xe0) != 0xa0) { // a short text
        return WRONG;
    }
    at += 1 + (bytes[at] & 0x1f);
    if (size <= at) {
        return CUT_SHORT;
    }
    return bytes[at] == 0x90 ? (int)at + 1 : WRONG;
}

// Answers all whole calls of them; how many bytes were whole calls, or -1.
static ssize_t
answer(const unsigned char *bytes, size_t size, unsigned char *to,
       size_t *answered)
{
    size_t at = 0, out = 0, id_ends = 0;
    int whole;

    while ((whole = size_of_call(bytes + at, size - at, &id_ends)) > 0) {
        memcpy(to + out, bytes + at, id_ends);
        to[out + 1] = 1;
        out += id_ends;
        to[out++] = 0xc0; // no error
        to[out++] = 0x90;
        at += (size_t)whole;
    }
    *answered = out;
    return whole == WRONG ? -1 : (ssize_t)at;
}

static int
write_all(int fd, const unsigned char *from, size_t size)
{
    while (size > 0) {
        ssize_t part = write(fd, from, size);

        if (part <= 0) {
            return 0;
        }
        from += part;
        size -= (size_t)part;
    }
    return 1;
}

static void
serve(int fd)
{
    static unsigned char in[ROOM], out[ROOM];
    size_t have = 0, answered;
    ssize_t part, done;

    while ((part = read(fd, in + have, ROOM - have)) > 0) {
        have += (size_t)part;
        done = answer(in, have, out, &answered);
        if (done < 0 || !write_all(fd, out, answered)) {
            return;
        }
        have -= (size_t)done;
        memmove(in, in + done, have);
    }
}

int
main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    (void)signal(SIGPIPE, SIG_IGN); // a write tells it
    if (door < 0 || bind(door, (struct sockaddr *)&at, size) != 0 ||
        listen(door, 16) != 0 ||
        getsockname(door, (struct sockaddr *)&at, &size) != 0) {
        perror("rpc_echo");
        return 1;
    }
    printf("tcp://127.0.0.1:%d\n", ntohs(at.sin_port));
    if (fflush(stdout) != 0) {
        return 1;
    }
    for (;;) {
        int fd = accept(door, NULL, NULL);

        if (fd < 0) {
            perror("rpc_echo");
            return 1;
        }
        // Without it, it is only slower.
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        serve(fd);
        (void)close(fd); // all was answered
    }
}
