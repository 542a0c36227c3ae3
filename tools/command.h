// command.h - what a command of the tool is, and how it ends.
#ifndef HAWSER_TOOL_COMMAND_H
#define HAWSER_TOOL_COMMAND_H

// By class, so that a script knows what to do next.
enum tool_exit {
    TOOL_OK = 0,
    TOOL_USAGE = 1,       // the command line, or this machine, is at fault
    TOOL_UNREACHABLE = 2, // no endpoint could be reached
    TOOL_REFUSED = 3,     // the peer refused: authentication, certificate, path
    TOOL_TIMEOUT = 4,
    TOOL_LEFTOVER = 5, // messages were left that no peer confirmed
    TOOL_ERROR = 6,    // the peer answered an error
};

// A flag of a command. A list of them ends with id 0.
struct flag {
    int id;            // its letter; above 255: it has only its name
    const char *name;  // "timeout" is written --timeout
    const char *value; // what it takes, for the help; NULL: nothing
    const char *sentence;
};

struct command {
    const char *name;
    const char *operands; // "URL [MESSAGE…]"
    const char *summary;  // one line
    const char *story;    // what the help says before the flags
    const struct flag *flags;
    const struct flag *more_flags; // those of links; may be NULL
    const char *examples;
    int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_bench;
extern const struct command command_cat;
extern const struct command command_demo;
extern const struct command command_options;
extern const struct command command_rpc;
extern const struct command command_send;
extern const struct command command_serve;
extern const struct command command_version;

#endif
