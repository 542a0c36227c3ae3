// link_flags.h - the flags of every command that opens a link.
#ifndef HAWSER_TOOL_LINK_FLAGS_H
#define HAWSER_TOOL_LINK_FLAGS_H

#include <hawser/hawser.h>
#include <stdbool.h>

#include "flags.h"

extern const struct flag link_flag_list[];

struct link_flags {
    hawser_options *options;
    bool json;
    int loudness; // 0 quiet, 1 troubles, 2 every step, 3 the log too
};

// False after a sentence: memory is short, or HAWSER_BASIC_AUTH is wrong.
bool
link_flags_open(struct link_flags *link, const struct command *command);

void
link_flags_close(struct link_flags *link);

// A default of the command's own, which -o may change.
void
link_flags_set(struct link_flags *link, const char *name, const char *value);

// FLAG_END: this flag is not one of the list. Its id: taken. FLAG_WRONG: after
// a sentence.
int
link_flags_take(struct link_flags *link, const struct flag_reader *flags,
                int id);

#endif
