// main.c - the hawser command: finds the command that was asked for.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "flags.h"

static const struct command *const commands[] = {
    &command_demo,  &command_cat, &command_send,    &command_serve,
    &command_bench, &command_rpc, &command_options, &command_version,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void
print_help(FILE *to)
{
    (void)fprintf(to, "hawser - messaging connections that stay up\n\n"
                      "Usage: hawser COMMAND [flags] …\n\nCommands:\n");
    for (int i = 0; i < COMMANDS; i++) {
        (void)fprintf(to, "  %-9s %s\n", commands[i]->name,
                      commands[i]->summary);
    }
    (void)fprintf(
        to, "\n\"hawser COMMAND --help\" says more. A first look:\n"
            "  hawser demo\n"
            "  hawser serve ws://127.0.0.1:9000/ &\n"
            "  echo hello | hawser cat ws://127.0.0.1:9000/\n\n"
            "Exit status: 0 done, 1 usage, 2 unreachable, 3 refused,\n"
            "4 timeout, 5 messages left unconfirmed, 6 the peer answered\n"
            "an error.\n");
}

static const struct command *
find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int
refuse(const char *name)
{
    (void)fprintf(stderr,
                  "hawser: there is no command \"%s\"\n"
                  "Try \"hawser --help\".\n",
                  name);
    return TOOL_USAGE;
}

// Whether name asks for help; then it is printed.
static int
help(int argc, char **argv)
{
    const struct command *command = argc > 2 ? find(argv[2]) : NULL;

    if (argc > 2 && command == NULL) {
        return refuse(argv[2]);
    }
    if (command != NULL) {
        flags_help(command);
    } else {
        print_help(stdout);
    }
    return TOOL_OK;
}

static int
is_one_of(const char *name, const char *one, const char *two, const char *three)
{
    return strcmp(name, one) == 0 || strcmp(name, two) == 0 ||
           strcmp(name, three) == 0;
}

// A stream that was closed would be the next file that is opened, and be read
// or written as such. What is put there instead fails.
static void
fill_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            // It takes the lowest number there is; without it all is as before.
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

static int
obey(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        print_help(stderr);
        return TOOL_USAGE;
    }
    if (is_one_of(argv[1], "help", "--help", "-h")) {
        return help(argc, argv);
    }
    if (is_one_of(argv[1], "version", "--version", "-V")) {
        return command_version.run(&command_version, argc - 1, argv + 1);
    }
    command = find(argv[1]);
    if (command == NULL) {
        return refuse(argv[1]);
    }
    return command->run(command, argc - 1, argv + 1);
}

int
main(int argc, char **argv)
{
    int status;

    fill_closed_streams();
    status = obey(argc, argv);
    // What could not be written was not done; but a reader may leave.
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE &&
        status == TOOL_OK) {
        (void)fprintf(stderr, "hawser: stdout: %s\n",
                      errno != 0 ? strerror(errno) : "it was not all written");
        return TOOL_USAGE;
    }
    return status;
}
