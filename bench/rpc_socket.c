// rpc_socket.c - calls of msgpack-RPC through a bare socket and msgpack-c: no
// reconnecting, no deadlines, no limits, one thread.
//
//   rtt    one call after the other
//   pub    64 under way at once: as many as a read has answered are written
//          anew in one piece
//
// The method is METHOD of the environment, and has no params. With WAIT=epoll
// it waits as whoever has more than one socket, or a deadline, must: in
// epoll_wait, and reads then.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <msgpack.h>

#include "job.h"

enum { BLOCK = 64 * 1024, UNDER_WAY = 64, DEADLINE_MS = 30000 };

struct client {
    struct job job;
    const char *method;
    int fd;
    int epoll; // -1: reading waits
    msgpack_sbuffer out;
    msgpack_packer packer;
    msgpack_unpacker in;
    msgpack_unpacked object;
    uint64_t asked;
    uint64_t answered;
};

static void
pack_call(struct client *client)
{
    msgpack_packer *packer = &client->packer;
    size_t size = strlen(client->method);

    msgpack_pack_array(packer, 4);
    msgpack_pack_int(packer, 0);
    msgpack_pack_uint32(packer, (uint32_t)client->asked++);
    msgpack_pack_str_with_body(packer, client->method, size);
    msgpack_pack_array(packer, 0);
}

static void
write_packed(struct client *client)
{
    job_write(&client->job, client->fd, client->out.data, client->out.size);
    msgpack_sbuffer_clear(&client->out);
}

static int
open_epoll(const struct client *client)
{
    struct epoll_event readable = { .events = EPOLLIN };
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &readable) != 0) {
        job_fail(client->job.url, "no epoll");
    }
    return epoll;
}

static void
wait_until_readable(const struct client *client)
{
    struct epoll_event event;

    if (client->epoll >= 0 &&
        epoll_wait(client->epoll, &event, 1, DEADLINE_MS) != 1) {
        job_fail(client->job.url, "no answer in time");
    }
}

static void
read_block(struct client *client)
{
    ssize_t part;

    wait_until_readable(client);
    if (!msgpack_unpacker_reserve_buffer(&client->in, BLOCK)) {
        job_fail(client->job.url, "out of memory");
    }
    part = read(client->fd, msgpack_unpacker_buffer(&client->in), BLOCK);
    if (part <= 0) {
        job_fail(client->job.url, "read failed");
    }
    msgpack_unpacker_buffer_consumed(&client->in, (size_t)part);
}

// 0: there is none in what was read.
static int
take_answer(struct client *client)
{
    const msgpack_object_array *parts = &client->object.data.via.array;

    if (msgpack_unpacker_next(&client->in, &client->object) !=
        MSGPACK_UNPACK_SUCCESS) {
        return 0;
    }
    if (client->object.data.type != MSGPACK_OBJECT_ARRAY || parts->size != 4 ||
        parts->ptr[0].via.u64 != 1 ||
        parts->ptr[1].via.u64 != client->answered ||
        parts->ptr[2].type != MSGPACK_OBJECT_NIL) {
        job_fail(client->job.url, "no answer to the call");
    }
    client->answered++;
    return 1;
}

static void
one_after_the_other(struct client *client)
{
    struct job *job = &client->job;

    job_begin(job);
    while (client->answered < job->count) {
        uint64_t began_ns = job_now_ns();

        pack_call(client);
        write_packed(client);
        while (!take_answer(client)) {
            read_block(client);
        }
        job_lap(job, began_ns);
    }
    job_end(job);
}

static void
many_at_once(struct client *client)
{
    struct job *job = &client->job;

    job_begin(job);
    while (client->answered < job->count) {
        while (client->asked < job->count &&
               client->asked - client->answered < UNDER_WAY) {
            pack_call(client);
        }
        write_packed(client);
        read_block(client);
        while (take_answer(client)) {
        }
    }
    job_end(job);
}

int
main(int argc, char **argv)
{
    const char *method = getenv("METHOD"), *wait = getenv("WAIT");
    struct client client = { .method = method == NULL ? "echo" : method };

    job_read(&client.job, argc, argv);
    client.fd = job_connect(&client.job);
    client.epoll =
        wait != NULL && strcmp(wait, "epoll") == 0 ? open_epoll(&client) : -1;
    msgpack_sbuffer_init(&client.out);
    msgpack_packer_init(&client.packer, &client.out, msgpack_sbuffer_write);
    msgpack_unpacked_init(&client.object);
    if (!msgpack_unpacker_init(&client.in, BLOCK)) {
        job_fail(client.job.url, "out of memory");
    }
    if (client.job.work == JOB_RTT) {
        one_after_the_other(&client);
    } else if (client.job.work == JOB_PUB) {
        many_at_once(&client);
    } else {
        job_fail(client.job.url, "rtt or pub");
    }
    (void)close(client.fd); // all was answered
    if (client.epoll >= 0) {
        (void)close(client.epoll); // nothing waits any more
    }
    msgpack_unpacked_destroy(&client.object);
    msgpack_unpacker_destroy(&client.in);
    msgpack_sbuffer_destroy(&client.out);
    return job_report(&client.job);
}
