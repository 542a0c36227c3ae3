// version.c - "hawser version".
#include <hawser/hawser.h>
#include <stdio.h>

#include "command.h"
#include "flags.h"

static const struct flag flags_of_version[] = { { 0, NULL, NULL, NULL } };

static int
run(const struct command *command, int argc, char **argv)
{
    struct flag_reader flags;

    flags_begin(&flags, command, argc, argv);
    switch (flags_next(&flags)) {
    case FLAG_HELP:
        return TOOL_OK;
    case FLAG_END:
        (void)printf("hawser %s\n", hawser_version());
        return TOOL_OK;
    case FLAG_OPERAND:
        (void)flags_refuse(&flags, "it takes no operand"); // says it
        return TOOL_USAGE;
    default:
        return TOOL_USAGE;
    }
}

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "the version of Hawser",
    .story = "Prints the version of the library that the tool runs with.\n",
    .flags = flags_of_version,
    .examples = "  hawser version\n",
    .run = run,
};
