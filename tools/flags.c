// flags.c - reads a command line, flag by flag.
#include "flags.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct flag help_flags[] = {
    { 'h', "help", NULL, "print this help" },
    { 0, NULL, NULL, NULL },
};

void
flags_begin(struct flag_reader *flags, const struct command *command, int argc,
            char **argv)
{
    *flags = (struct flag_reader){
        .command = command, .argc = argc, .argv = argv, .at = 1
    };
}

int
flags_refuse(const struct flag_reader *flags, const char *why)
{
    const char *name = flags->command->name;

    (void)fprintf(stderr, "hawser %s: %s\nTry \"hawser %s --help\".\n", name,
                  why, name);
    return FLAG_WRONG;
}

static int
refuse_flag(const struct flag_reader *flags, const char *flag, int size,
            const char *why)
{
    char text[512];

    (void)snprintf(text, sizeof text, "%.*s: %s", size, flag, why); // may cut
    return flags_refuse(flags, text);
}

static const struct flag *
find_in(const struct flag *list, int id, const char *name, size_t size)
{
    for (; list != NULL && list->id != 0; list++) {
        if (name == NULL ? list->id == id
                         : strlen(list->name) == size &&
                               memcmp(list->name, name, size) == 0) {
            return list;
        }
    }
    return NULL;
}

static const struct flag *
find(const struct command *command, int id, const char *name, size_t size)
{
    const struct flag *flag = find_in(command->flags, id, name, size);

    if (flag == NULL) {
        flag = find_in(command->more_flags, id, name, size);
    }
    return flag != NULL ? flag : find_in(help_flags, id, name, size);
}

static int
found(const struct flag_reader *flags, const struct flag *flag)
{
    if (flag->id == 'h' && flag == help_flags) {
        flags_help(flags->command);
        return FLAG_HELP;
    }
    return flag->id;
}

static int
next_letter(struct flag_reader *flags)
{
    const char *letter = flags->rest;
    const struct flag *flag =
        find(flags->command, (unsigned char)*letter, NULL, 0);
    char shown[3] = { '-', *letter, '\0' };

    flags->rest = letter[1] != '\0' ? letter + 1 : NULL;
    if (flag == NULL) {
        return refuse_flag(flags, shown, 2, "there is no such flag");
    }
    if (flag->value != NULL) {
        flags->value = flags->rest;
        flags->rest = NULL;
        if (flags->value == NULL && flags->at < flags->argc) {
            flags->value = flags->argv[flags->at++];
        }
        if (flags->value == NULL) {
            return refuse_flag(flags, shown, 2, "a value is missing");
        }
    }
    return found(flags, flag);
}

static int
next_name(struct flag_reader *flags, const char *argument)
{
    const char *name = argument + 2;
    size_t size = strcspn(name, "=");
    const struct flag *flag = find(flags->command, 0, name, size);
    int shown = (int)size + 2;

    if (flag == NULL || flag->id == 0) {
        return refuse_flag(flags, argument, shown, "there is no such flag");
    }
    flags->value = name[size] == '=' ? name + size + 1 : NULL;
    if (flag->value == NULL && flags->value != NULL) {
        return refuse_flag(flags, argument, shown, "takes no value");
    }
    if (flag->value != NULL && flags->value == NULL) {
        if (flags->at == flags->argc) {
            return refuse_flag(flags, argument, shown, "a value is missing");
        }
        flags->value = flags->argv[flags->at++];
    }
    return found(flags, flag);
}

int
flags_next(struct flag_reader *flags)
{
    char *argument;

    flags->value = NULL;
    if (flags->rest != NULL) {
        return next_letter(flags);
    }
    if (flags->at == flags->argc) {
        return FLAG_END;
    }
    if (!flags->only_operands && strcmp(flags->argv[flags->at], "--") == 0) {
        flags->only_operands = true;
        if (++flags->at == flags->argc) {
            return FLAG_END;
        }
    }
    argument = flags->argv[flags->at++];
    if (flags->only_operands || argument[0] != '-' || argument[1] == '\0') {
        flags->value = argument;
        return FLAG_OPERAND;
    }
    if (argument[1] == '-') {
        return next_name(flags, argument);
    }
    flags->rest = argument + 1;
    return next_letter(flags);
}

int
flags_read(struct flag_reader *flags,
           bool (*take)(void *user, const struct flag_reader *flags, int id),
           void *user)
{
    int id;

    while ((id = flags_next(flags)) != FLAG_END) {
        if (id == FLAG_HELP) {
            return TOOL_OK;
        }
        if (!take(user, flags, id)) {
            return TOOL_USAGE;
        }
    }
    return -1;
}

// ---- help ----

enum { SENTENCE_COLUMN = 30, LAST_COLUMN = 79 };

// Prints a sentence from column on, broken between words.
static void
print_wrapped(const char *sentence, int column)
{
    int at = column;

    while (*sentence != '\0') {
        int size = (int)strcspn(sentence, " ");
        if (at > column && at + 1 + size > LAST_COLUMN) {
            (void)printf("\n%*s", column, "");
            at = column;
        }
        at += printf("%s%.*s", at > column ? " " : "", size, sentence);
        sentence += size + (sentence[size] == ' ');
    }
    (void)putchar('\n');
}

static void
print_flags(const struct flag *list)
{
    for (; list != NULL && list->id != 0; list++) {
        int column;
        if (list->id <= UCHAR_MAX) {
            column = printf("  -%c, --%s", list->id, list->name);
        } else {
            column = printf("      --%s", list->name);
        }
        if (list->value != NULL) {
            column += printf(" %s", list->value);
        }
        if (column >= SENTENCE_COLUMN - 1) {
            (void)putchar('\n');
            column = 0;
        }
        (void)printf("%*s", SENTENCE_COLUMN - column, "");
        print_wrapped(list->sentence, SENTENCE_COLUMN);
    }
}

void
flags_help(const struct command *command)
{
    (void)printf("hawser %s - %s\n\nUsage: hawser %s [flags]%s%s\n\n%s\n",
                 command->name, command->summary, command->name,
                 command->operands[0] != '\0' ? " " : "", command->operands,
                 command->story);
    (void)printf("Flags:\n");
    print_flags(command->flags);
    print_flags(help_flags);
    if (command->more_flags != NULL) {
        (void)printf("\nThe connection:\n");
        print_flags(command->more_flags);
    }
    (void)printf("\nExamples:\n%s", command->examples);
}

// ---- values ----

static bool
say_wrong(const struct flag_reader *flags, const char *wanted)
{
    char text[512];

    (void)snprintf(text, sizeof text, "\"%s\" is not %s", flags->value, wanted);
    (void)flags_refuse(flags, text); // says it; the answer is known
    return false;
}

// A number with one of the units; *value is in the unit whose scale is 1.
struct unit {
    const char *name;
    uint64_t scale;
};

static bool
parse(const char *text, const struct unit *units, uint64_t *value)
{
    char *end;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (errno != 0) {
        return false;
    }
    for (; units->name != NULL; units++) {
        if (strcmp(end, units->name) == 0) {
            bool fits = *value <= UINT64_MAX / units->scale;
            *value *= units->scale;
            return fits;
        }
    }
    return false;
}

bool
flags_take_count(const struct flag_reader *flags, uint64_t low, uint64_t high,
                 uint64_t *count)
{
    static const struct unit units[] = {
        { "", 1 }, { "k", 1000 }, { "M", 1000000 }, { NULL, 0 }
    };
    char wanted[80];

    (void)snprintf(wanted, sizeof wanted, "a number from %llu to %llu",
                   (unsigned long long)low, (unsigned long long)high);
    return (parse(flags->value, units, count) && *count >= low &&
            *count <= high) ||
           say_wrong(flags, wanted);
}

bool
flags_take_duration(const struct flag_reader *flags, int *ms)
{
    static const struct unit units[] = { { "", 1 },        { "ms", 1 },
                                         { "s", 1000 },    { "m", 60000 },
                                         { "h", 3600000 }, { NULL, 0 } };
    uint64_t value;

    if (!parse(flags->value, units, &value) || value > INT_MAX) {
        return say_wrong(flags, "a duration such as 250ms, 30s or 5m");
    }
    *ms = (int)value;
    return true;
}

bool
flags_take_size(const struct flag_reader *flags, uint64_t high, uint64_t *size)
{
    static const struct unit units[] = { { "", 1 },
                                         { "KiB", 1 << 10 },
                                         { "MiB", 1 << 20 },
                                         { "GiB", 1 << 30 },
                                         { NULL, 0 } };
    char wanted[80];

    (void)snprintf(wanted, sizeof wanted,
                   "a size such as 512, 64KiB or 4MiB, at most %llu",
                   (unsigned long long)high);
    return (parse(flags->value, units, size) && *size <= high) ||
           say_wrong(flags, wanted);
}

bool
flags_take_switch(const struct flag_reader *flags, bool *on)
{
    *on = strcmp(flags->value, "on") == 0;
    return *on || strcmp(flags->value, "off") == 0 ||
           say_wrong(flags, "on or off");
}
