// suite.c - all promises that apply to a transport, as a CUnit program.
#include "suite.h"

#include "check.h"
#include "stage.h"

// What must happen happens in milliseconds; a sanitized build on a machine with
// others at work has needed more than the ten seconds that are usual.
enum { PATIENCE_MS = 30000 };

static const struct stand *tried;

static void
keep(enum promise_number promise)
{
    const char *broken = promise_play(promise, tried);

    if (broken != NULL) {
        (void)printf("%s: %s: %s\n", tried->name, promise_name(promise),
                     broken);
    }
    CU_ASSERT_PTR_NULL(broken);
}

#define PROMISE_TEST(name, ...)                                                \
    static void test_##name(void)                                              \
    {                                                                          \
        keep(PROMISE_##name);                                                  \
    }
PROMISES(PROMISE_TEST)
#undef PROMISE_TEST

int
suite_run(const struct stand *stand, int argc, char **argv)
{
    static void (*const tests[])(void) = {
#define PROMISE_POINTER(name, ...) test_##name,
        PROMISES(PROMISE_POINTER)
#undef PROMISE_POINTER
    };
    CU_TestInfo rows[PROMISE_COUNT + 1];
    size_t count = 0;

    memset(rows, 0, sizeof rows);
    for (unsigned i = 0; i < PROMISE_COUNT; i++) {
        if (promise_applies(i, stand)) {
            rows[count].pName = promise_name(i);
            rows[count].pTestFunc = tests[i];
            count++;
        }
    }
    tried = stand;
    stage_wait_ms = PATIENCE_MS;
    check_suite(stand->name, rows);
    return check_run(argc, argv);
}
