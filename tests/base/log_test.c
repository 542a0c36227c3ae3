// log_test.c - the gate that log lines pass.
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <hawser/bus.h>

#include "check.h"

static char lines[8][2048];
static int levels[8];
static void *users[8];
static int count;

static void
on_line(int level, const char *line, void *user)
{
    (void)snprintf(lines[count % 8], sizeof lines[0], "%s", line);
    levels[count % 8] = level;
    users[count % 8] = user;
    count++;
}

static void
start(void)
{
    count = 0;
}

static void
stop(void)
{
    hawser_log_set(0, NULL, NULL);
}

static void
log_at_each_level(void)
{
    for (int level = 1; level <= 4; level++) {
        HW_LOG(level, "level %d", level);
    }
}

static void
nothing_is_said_unless_it_was_asked_for(void)
{
    CU_ASSERT_EQUAL(atomic_load(&hw_log_level), 0);
    hawser_log_set(0, on_line, NULL);
    log_at_each_level();
    CU_ASSERT_EQUAL(count, 0);
}

static void
a_level_lets_itself_and_those_below_pass(void)
{
    for (int level = 1; level <= 4; level++) {
        count = 0;
        hawser_log_set(level, on_line, NULL);
        log_at_each_level();
        CU_ASSERT_EQUAL(count, level);
        for (int i = 0; i < count; i++) {
            CU_ASSERT_EQUAL(levels[i], i + 1);
        }
    }
}

static void
a_sink_is_given_the_line_and_its_own_pointer(void)
{
    int mine;

    hawser_log_set(4, on_line, &mine);
    HW_LOG(3, "link %u: %s", 7u, "up");
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_STRING_EQUAL(lines[0], "link 7: up");
    CU_ASSERT_EQUAL(levels[0], 3);
    CU_ASSERT_PTR_EQUAL(users[0], &mine);
}

static void
a_long_line_is_cut(void)
{
    static char text[3000];

    memset(text, 'x', sizeof text - 1);
    hawser_log_set(1, on_line, NULL);
    HW_LOG(1, "%s", text);
    CU_ASSERT_EQUAL(strlen(lines[0]), 1023);
}

static int
told(int *asked)
{
    return ++*asked;
}

static void
what_does_not_pass_is_not_even_worked_out(void)
{
    int asked = 0;

    hawser_log_set(1, on_line, NULL);
    HW_LOG(2, "%d", told(&asked));
    CU_ASSERT_EQUAL(asked, 0);
    HW_LOG(1, "%d", told(&asked));
    CU_ASSERT_EQUAL(asked, 1);
    CU_ASSERT_STRING_EQUAL(lines[0], "1");
}

static void
without_a_sink_lines_go_to_stderr(void)
{
    char said[256] = "";
    int ends[2], kept = dup(STDERR_FILENO);

    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
    (void)dup2(ends[1], STDERR_FILENO);
    hawser_log_set(2, NULL, NULL);
    HW_LOG(2, "a warning");
    HW_LOG(3, "no warning");
    (void)dup2(kept, STDERR_FILENO);
    CU_ASSERT_TRUE(read(ends[0], said, sizeof said - 1) > 0);
    CU_ASSERT_STRING_EQUAL(said, "hawser: a warning\n");
    (void)close(kept);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static CU_TestInfo tests[] = {
    CHECK(nothing_is_said_unless_it_was_asked_for),
    CHECK(a_level_lets_itself_and_those_below_pass),
    CHECK(a_sink_is_given_the_line_and_its_own_pointer),
    CHECK(a_long_line_is_cut),
    CHECK(what_does_not_pass_is_not_even_worked_out),
    CHECK(without_a_sink_lines_go_to_stderr),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("log", tests, start, stop);
    return check_run(argc, argv);
}
