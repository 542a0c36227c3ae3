// poll_loop.c - a bus without a thread of its own, inside a poll() loop.
//
// With threads=0 nothing of Hawser runs but what this thread calls. The bus has
// one file descriptor for everything that it waits for: sockets, deadlines,
// names being resolved. It is readable as long as hawser_bus_step has something
// to do, so it goes into poll() beside whatever else the program waits for.
// Here that is a timer; it could be sockets, pipes, or a window system.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <hawser/hawser.h>

enum { TICKS = 5, TICK_NS = 50 * 1000 * 1000, PATIENCE_MS = 10000 };

struct program {
    hawser_bus *bus;
    hawser_link link;
    int bus_fd;
    int timer_fd;
    int ticks;
    int answers;
};

static int
start_timer(void)
{
    const struct itimerspec every = { .it_interval.tv_nsec = TICK_NS,
                                      .it_value.tv_nsec = TICK_NS };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    if (fd >= 0 && timerfd_settime(fd, 0, &every, NULL) != 0) {
        (void)close(fd); // nothing was done with it
        return -1;
    }
    return fd;
}

static int
open_bus(struct program *program, const char *url)
{
    hawser_options *options;
    int ok;

    if (hawser_options_new(&options) != HAWSER_OK) {
        return 0;
    }
    ok = hawser_options_set(options, "threads", "0") == HAWSER_OK &&
         hawser_bus_open(options, &program->bus) == HAWSER_OK &&
         hawser_link_open(program->bus, url, NULL, &program->link) ==
             HAWSER_OK &&
         hawser_bus_fd(program->bus, &program->bus_fd) == HAWSER_OK;
    hawser_options_free(options);
    return ok;
}

// The program's own business: a message for each tick.
static void
on_timer(struct program *program)
{
    char text[32];
    unsigned long long missed;

    if (read(program->timer_fd, &missed, sizeof missed) < 0 ||
        program->ticks == TICKS) {
        return;
    }
    program->ticks++;
    (void)snprintf(text, sizeof text, "tick %d", program->ticks); // it fits
    if (hawser_send_text(program->bus, program->link, text) != HAWSER_OK) {
        fprintf(stderr, "poll_loop: %s was not taken\n", text);
    }
}

// Hawser's: do what is due, then read what came of it, without waiting.
static void
on_bus(struct program *program)
{
    hawser_item item;

    (void)hawser_bus_step(program->bus); // refused with threads=1 only
    while (hawser_receive(program->bus, &item, 0) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_MESSAGE) {
            program->answers++;
            printf("answer: %.*s\n", (int)hawser_message_size(item.message),
                   (const char *)hawser_message_bytes(item.message));
        } else if (item.kind == HAWSER_ITEM_EVENT) {
            printf("%s %s\n", hawser_state_name(item.event->state),
                   item.event->error);
        }
        hawser_item_drop(&item);
    }
}

static void
run(struct program *program)
{
    struct pollfd wait[] = {
        { .fd = program->bus_fd, .events = POLLIN },
        { .fd = program->timer_fd, .events = POLLIN },
    };
    // The timer ticks on, so that poll() returns even if nothing answers.
    int rounds_left = PATIENCE_MS / (TICK_NS / 1000000);

    while (program->answers < TICKS && rounds_left > 0 &&
           poll(wait, 2, -1) > 0) {
        if (wait[1].revents != 0) {
            rounds_left--;
            on_timer(program);
        }
        if (wait[0].revents != 0) {
            on_bus(program);
        }
    }
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    struct program program = { 0 };

    if (strcmp(url, "--help") == 0) {
        puts("usage: poll_loop [URL]\n\nSends a message for each of five ticks "
             "of a timer, and ends with the fifth answer.\nTry it with: hawser "
             "serve ws://127.0.0.1:9000");
        return 0;
    }
    program.timer_fd = start_timer();
    if (program.timer_fd < 0 || !open_bus(&program, url)) {
        fprintf(stderr, "poll_loop: %s\n", hawser_last_error());
        return 1;
    }
    run(&program);
    (void)close(program.timer_fd); // it was only read
    // The link closes on this thread too, inside this call.
    return hawser_bus_close(program.bus, 1000) == HAWSER_OK &&
                   program.answers == TICKS
               ? 0
               : 1;
}
