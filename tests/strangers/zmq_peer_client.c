// zmq_peer_client.c - a peer on libzmq alone, in C.
//
//   zmq_peer_client ROUTER|REP|PULL|PUB PORT [FILE]
//
// ROUTER and REP answer what they hear, PULL writes it down in FILE (each does,
// if one is named), PUB counts aloud. Prints "listening ADDRESS".
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { FRAMES_MAX = 8, PUB_EVERY_MS = 2 };

static void
must(int result)
{
    if (result < 0) {
        (void)fprintf(stderr, "zmq_peer_client: %s\n",
                      zmq_strerror(zmq_errno()));
        exit(1);
    }
}

static int
type_of(const char *name)
{
    static const struct {
        const char *name;
        int type;
    } types[] = { { "ROUTER", ZMQ_ROUTER },
                  { "REP", ZMQ_REP },
                  { "PULL", ZMQ_PULL },
                  { "PUB", ZMQ_PUB } };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return types[i].type;
        }
    }
    return -1;
}

// The frames of one message.
static int
hear(void *socket, zmq_msg_t *frames)
{
    int count = 0;

    do {
        must(zmq_msg_init(&frames[count]));
        must(zmq_msg_recv(&frames[count], socket, 0));
        count++;
    } while (count < FRAMES_MAX && zmq_msg_more(&frames[count - 1]) != 0);
    return count;
}

static void
say(void *socket, zmq_msg_t *frames, int count)
{
    for (int i = 0; i < count; i++) {
        must(zmq_msg_send(&frames[i], socket, i + 1 < count ? ZMQ_SNDMORE : 0));
    }
}

// In one piece: a kill leaves no half of a line.
static void
write_down(int file, zmq_msg_t *frame)
{
    char line[256];
    int size = snprintf(line, sizeof line, "%.*s\n", (int)zmq_msg_size(frame),
                        (const char *)zmq_msg_data(frame));

    if (file >= 0 && write(file, line, (size_t)size) != size) {
        must(-1);
    }
}

_Noreturn static void
answer(void *socket, int type, int file)
{
    for (;;) {
        zmq_msg_t frames[FRAMES_MAX];
        int count = hear(socket, frames);

        write_down(file, &frames[count - 1]);
        if (type != ZMQ_PULL) {
            say(socket, frames, count);
        }
        for (int i = 0; i < count; i++) {
            must(zmq_msg_close(&frames[i]));
        }
    }
}

_Noreturn static void
count_aloud(void *socket)
{
    char text[24];

    for (unsigned long number = 0;; number++) {
        const char *topic = number % 2 == 0 ? "even" : "odd";
        int size = snprintf(text, sizeof text, "%lu", number);

        must(zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE));
        must(zmq_send(socket, text, (size_t)size, 0));
        must(zmq_poll(NULL, 0, PUB_EVERY_MS));
    }
}

int
main(int argc, char **argv)
{
    int type = argc >= 3 ? type_of(argv[1]) : -1;
    void *context = zmq_ctx_new();
    void *socket = type < 0 ? NULL : zmq_socket(context, type);
    char address[64];
    size_t size = sizeof address;
    int file = -1;

    if (socket == NULL) {
        (void)fprintf(stderr,
                      "zmq_peer_client ROUTER|REP|PULL|PUB PORT [FILE]\n");
        return 1;
    }
    if (argc > 3) {
        file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    (void)snprintf(address, sizeof address, "tcp://127.0.0.1:%s",
                   strcmp(argv[2], "0") == 0 ? "*" : argv[2]);
    must(zmq_bind(socket, address));
    must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size));
    (void)printf("listening %s\n", address);
    (void)fflush(stdout); // who waits for it finds out
    if (type == ZMQ_PUB) {
        count_aloud(socket);
    }
    answer(socket, type, file);
}
