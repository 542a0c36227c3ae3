// lives.h - what the tests of links with a spool in a file share: a file of
// their own, and lives of the application, one after the other.
#ifndef HAWSER_TESTS_FRONT_LIVES_H
#define HAWSER_TESTS_FRONT_LIVES_H

#include <stdbool.h>

#include "check.h"
#include "harbour.h"

// In a folder of this program's.
const char *
spool_path(void);

// "spool=file:…" and more settings; good until the next call.
const char *
settings_with(const char *more);

// A bus, and on it a link with the file, to whom nobody comes yet.
struct life {
    hawser_bus *bus;
    hawser_link link;
    const char *url;
};

struct life
begin_life(const char *more);

void
end_life(struct life *life);

// The file is there, and is removed.
void
forget_file(void);

hawser_status
send_sync(struct life *life, uint32_t number);

// Somebody comes and hears these numbers, and no more; then they have left.
void
expect_heard(struct life *life, uint32_t first, uint32_t count);

// hawser_link_open answers that status, and a sentence with these words.
void
expect_refused(hawser_bus *bus, const char *settings, hawser_status status,
               const char *words);

// Runs it in a process of its own, while this one has one thread, which ends
// with it as if it had been killed. Did it answer true?
bool
in_another_process(bool (*scenario)(void));

// The same, that goes on until let_go is called.
struct stranger {
    int child;
    int pipe;
};

// Returns once it has answered true; a failure otherwise.
struct stranger
begin_stranger(bool (*scenario)(void));

void
end_stranger(const struct stranger *stranger);

int
run_lives(int argc, char **argv);

#define LIVES_MAIN(name, tests)                                                \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        check_suite(name, tests);                                              \
        return run_lives(argc, argv);                                          \
    }

#endif
