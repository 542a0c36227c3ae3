// demo_server.c - a server in a process of its own, to be killed.
#include "demo.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000 };

static bool
fail(const char *what)
{
    (void)fprintf(stderr, "hawser: %s: %s\n", what, strerror(errno));
    return false;
}

// In the child. The tool's own program is the server.
static void
become_server(const struct demo_server *server, int output)
{
    const char *url = server->url[0] != '\0' ? server->url : "ws://127.0.0.1:0";
    sigset_t none;

    (void)sigemptyset(&none); // neither can fail
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(output, STDOUT_FILENO) >= 0) {
        bool records = server->record[0] != '\0';
        (void)execl("/proc/self/exe", "hawser", "serve", "--with-parent", url,
                    records ? "--record" : (char *)NULL, server->record,
                    (char *)NULL);
    }
    _exit(127);
}

// Waits for the line "listening on URL".
static bool
read_address(struct demo_server *server)
{
    char line[128];
    size_t size = 0;
    struct pollfd output = { .fd = server->output, .events = POLLIN };
    int end;

    while (size < sizeof line - 1 && poll(&output, 1, START_MS) > 0) {
        ssize_t got = read(server->output, line + size, 1);
        if (got <= 0) {
            break;
        }
        if (line[size++] == '\n') {
            line[size - 1] = '\0';
            end = 0;
            (void)sscanf(line, "listening on %63s%n", server->url, &end);
            return end > 0;
        }
    }
    (void)fprintf(stderr, "hawser: the server did not start\n");
    return false;
}

static void
reap(struct demo_server *server, int signal_number)
{
    if (server->process > 0) {
        (void)kill(server->process,
                   signal_number); // it is ours, and not reaped
        while (waitpid(server->process, NULL, 0) < 0 && errno == EINTR) {
        }
        (void)close(server->output); // it was only read
    }
    server->process = 0;
}

bool
demo_server_start(struct demo_server *server)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return fail("pipe");
    }
    server->process = fork();
    if (server->process == 0) {
        (void)close(ends[0]); // the parent's
        become_server(server, ends[1]);
    }
    (void)close(ends[1]); // the child's
    if (server->process < 0) {
        (void)close(ends[0]); // nobody writes there
        server->process = 0;
        return fail("fork");
    }
    server->output = ends[0];
    if (!read_address(server)) {
        reap(server, SIGKILL);
        return false;
    }
    return true;
}

void
demo_server_kill(struct demo_server *server)
{
    reap(server, SIGKILL);
}

void
demo_server_stop(struct demo_server *server)
{
    reap(server, SIGTERM);
}
