// dies.h - does it stop the process, and does it say why?
#ifndef HAWSER_TESTS_DIES_H
#define HAWSER_TESTS_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Does the deed in a child process, whose stderr goes to the pipe.
static inline pid_t
dies_start(void (*deed)(void), const int ends[2])
{
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit none = { 0 };

        (void)setrlimit(RLIMIT_CORE, &none); // it is meant to die
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        deed();
        _exit(0);
    }
    return child;
}

// Does the deed end on a broken promise that has this sentence?
static inline bool
dies_saying(void (*deed)(void), const char *sentence)
{
    char said[1024];
    size_t size = 0;
    ssize_t more;
    int ends[2], status = 0;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    child = dies_start(deed, ends);
    (void)close(ends[1]);
    while (size < sizeof said - 1 &&
           (more = read(ends[0], said + size, sizeof said - 1 - size)) > 0) {
        size += (size_t)more;
    }
    said[size] = '\0';
    (void)close(ends[0]);
    return child > 0 && waitpid(child, &status, 0) == child &&
           WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           strstr(said, "hawser: broken promise: ") != NULL &&
           strstr(said, sentence) != NULL;
}

#endif
