// flags.h - reads a command line, flag by flag.
#ifndef HAWSER_TOOL_FLAGS_H
#define HAWSER_TOOL_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

enum {
    FLAG_END = 0,
    FLAG_OPERAND = -1, // value has it
    FLAG_WRONG = -2,   // a sentence was said on stderr
    FLAG_HELP = -3,    // the help was printed
};

struct flag_reader {
    const struct command *command;
    int argc;
    char **argv;
    int at;           // the next argument
    const char *rest; // letters of "-abc" that were not read yet
    bool only_operands;
    const char *value;
};

// argv[0] is the command's name.
void
flags_begin(struct flag_reader *flags, const struct command *command, int argc,
            char **argv);

// The next flag's id, or one of the above.
int
flags_next(struct flag_reader *flags);

// Gives every flag to take, which answers false after a sentence. -1: all were
// read; otherwise the exit status.
int
flags_read(struct flag_reader *flags,
           bool (*take)(void *user, const struct flag_reader *flags, int id),
           void *user);

// Says what is wrong with the value just read, and how to get help; always
// FLAG_WRONG.
int
flags_refuse(const struct flag_reader *flags, const char *why);

// Prints the command's help to stdout.
void
flags_help(const struct command *command);

// Each takes the value just read. False after a sentence on stderr.
bool
flags_take_count(const struct flag_reader *flags, uint64_t low, uint64_t high,
                 uint64_t *count);

// 250ms, 30s, 5m, 1h; a bare number is milliseconds, as in Hawser's options.
bool
flags_take_duration(const struct flag_reader *flags, int *ms);

// 512, 64KiB, 4MiB.
bool
flags_take_size(const struct flag_reader *flags, uint64_t high, uint64_t *size);

bool
flags_take_switch(const struct flag_reader *flags, bool *on);

#endif
