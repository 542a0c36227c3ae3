// pages_test.c - tables of rows, most of which are never used.
#include "base/pages.h"

#include <stdint.h>
#include <string.h>

#include "check.h"

static const struct {
    size_t count, size;
} tables[] = {
    { 1, 1 }, { 8, 100 }, { 1000, 16 }, { 1025, 16 }, { 70000, 96 }
};

enum { TABLES = sizeof tables / sizeof tables[0] };

// Again and again: what was given back may be what is taken.
static void
a_table_is_all_zero_and_has_all_of_its_bytes(void)
{
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < TABLES; i++) {
            size_t bytes = tables[i].count * tables[i].size;
            uint8_t *rows = hw_pages_take(tables[i].count, tables[i].size);

            bool zero = rows != NULL && rows[0] == 0 &&
                        memcmp(rows, rows + 1, bytes - 1) == 0;

            CU_ASSERT_TRUE(zero);
            if (zero) {
                memset(rows, 0xa5, bytes);
            }
            hw_pages_give(rows, tables[i].count, tables[i].size);
        }
    }
}

static void
a_table_that_fits_nowhere_is_refused(void)
{
    CU_ASSERT_PTR_NULL(hw_pages_take(SIZE_MAX / 2, 3));
    hw_pages_give(NULL, 70000, 96);
}

static CU_TestInfo tests[] = {
    CHECK(a_table_is_all_zero_and_has_all_of_its_bytes),
    CHECK(a_table_that_fits_nowhere_is_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("pages", tests)
