// trial.c - one promise, played in a process of its own.
#include "trial.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// How often a promise may wait as long as it may, and what its work may take.
enum { WAITS = 6, WORK_S = 60, BROKEN = 3 };

static _Noreturn void
play(enum promise_number promise, const struct stand *stand, int to)
{
    const char *broken;

    (void)alarm(WORK_S + WAITS * stage_wait_ms / 1000); // ends what hangs
    broken = promise_play(promise, stand);
    if (broken != NULL && write(to, broken, strlen(broken)) < 0) {
        perror("write");
    }
    exit(broken == NULL ? EXIT_SUCCESS : BROKEN);
}

static void
read_sentence(int from, char *sentence, size_t size)
{
    size_t used = 0;
    ssize_t more;

    while (used + 1 < size &&
           (more = read(from, sentence + used, size - 1 - used)) > 0) {
        used += (size_t)more;
    }
    sentence[used] = '\0';
}

static void
tell_end(int status, char *sentence, size_t size)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        (void)snprintf(sentence, size, "it hangs"); // fits
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(sentence, size, "it crashes: %s",
                       strsignal(WTERMSIG(status))); // fits
    } else {
        (void)snprintf(sentence, size, "it ends the process with %d",
                       WEXITSTATUS(status)); // fits
    }
}

bool
trial_keeps(enum promise_number promise, const struct stand *stand,
            char *sentence, size_t size)
{
    int ends[2], status = 0;
    pid_t child;

    (void)fflush(NULL); // what is unwritten would be written twice
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        perror("hawser-conformance");
        exit(2);
    }
    if (child == 0) {
        (void)close(ends[0]);
        play(promise, stand, ends[1]);
    }
    (void)close(ends[1]);
    read_sentence(ends[0], sentence, size);
    (void)close(ends[0]);
    if (waitpid(child, &status, 0) != child) {
        perror("hawser-conformance");
        exit(2);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
        return true;
    }
    if (sentence[0] == '\0') {
        tell_end(status, sentence, size);
    }
    return false;
}
