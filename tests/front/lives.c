// lives.c - what the tests of links with a spool in a file share.
#include "lives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/hawser-durable-XXXXXX";
static char path[64];

const char *
spool_path(void)
{
    return path;
}

const char *
settings_with(const char *more)
{
    static char settings[256];

    (void)snprintf(settings, sizeof settings, "spool=file:%s%s%s", path,
                   more[0] != '\0' ? " " : "", more);
    return settings;
}

struct life
begin_life(const char *more)
{
    struct life life = { .bus = open_bus(NULL), .url = fresh_url() };

    life.link = open_link(life.bus, life.url, settings_with(more));
    return life;
}

void
end_life(struct life *life)
{
    close_bus(life->bus);
}

void
forget_file(void)
{
    CU_ASSERT_EQUAL(unlink(path), 0);
}

hawser_status
send_sync(struct life *life, uint32_t number)
{
    hawser_message *message = NULL;
    hawser_status status;

    (void)hawser_message_new(HAWSER_BINARY, &number, sizeof number, &message);
    status = hawser_send_sync(life->bus, life->link, message, 0, -1);
    hawser_message_drop(message);
    return status;
}

void
expect_heard(struct life *life, uint32_t first, uint32_t count)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, life->url, NULL);

    expect_numbers(bus, link, first, count);
    (void)until_settled(life->bus, life->link, count);
    expect_no_message(bus);
    close_bus(bus);
}

void
expect_refused(hawser_bus *bus, const char *settings, hawser_status status,
               const char *words)
{
    hawser_options *options = options_of(settings);
    hawser_link link;

    CU_ASSERT_EQUAL(hawser_link_open(bus, fresh_url(), options, &link), status);
    if (strstr(hawser_last_error(), words) == NULL) {
        fprintf(stderr, "\n    refused with: \"%s\"\n", hawser_last_error());
        CU_FAIL("the sentence says something else");
    }
    if (getenv("HAWSER_SAY") != NULL) {
        printf("\n    %s: %s", hawser_status_text(status), hawser_last_error());
    }
    hawser_options_free(options);
}

// ---- other processes ----

// Its failures are not this process's, so it says them itself.
static void
print_failures(unsigned before)
{
    const CU_FailureRecord *failure = CU_get_failure_list();

    for (; failure != NULL; failure = failure->pNext) {
        if (before > 0) {
            before--;
            continue;
        }
        fprintf(stderr, "\n    %s:%u: %s", failure->strFileName,
                failure->uiLineNumber, failure->strCondition);
    }
}

bool
in_another_process(bool (*scenario)(void))
{
    int status = 0;
    pid_t child;

    (void)fflush(NULL); // what is not written yet is not written twice
    child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        unsigned before = CU_get_number_of_failure_records();
        bool well = scenario();

        print_failures(before);
        (void)fflush(NULL);
        _exit(well ? 0 : 1);
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct stranger
begin_stranger(bool (*scenario)(void))
{
    struct stranger stranger = { 0 };
    int there[2], back[2];
    char answer = 'n';

    CU_ASSERT_EQUAL_FATAL(pipe(there), 0);
    CU_ASSERT_EQUAL_FATAL(pipe(back), 0);
    (void)fflush(NULL);
    stranger.child = fork();
    CU_ASSERT_FATAL(stranger.child >= 0);
    if (stranger.child == 0) {
        close(there[1]);
        answer = scenario() ? 'y' : 'n';
        (void)!write(back[1], &answer, 1); // who asks finds out
        (void)!read(there[0], &answer, 1); // its end
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    CU_ASSERT_EQUAL(read(back[0], &answer, 1), 1);
    CU_ASSERT_EQUAL(answer, 'y');
    close(back[0]);
    stranger.pipe = there[1];
    return stranger;
}

void
end_stranger(const struct stranger *stranger)
{
    close(stranger->pipe);
    CU_ASSERT_EQUAL(waitpid(stranger->child, NULL, 0), stranger->child);
}

int
run_lives(int argc, char **argv)
{
    int status;

    if (mkdtemp(folder) == NULL) {
        fprintf(stderr, "no folder to work in\n");
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/spool", folder);
    status = check_run(argc, argv);
    (void)unlink(path); // after a failure it may be there
    (void)rmdir(folder);
    return status;
}
