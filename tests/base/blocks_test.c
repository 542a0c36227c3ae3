// blocks_test.c - large blocks of memory that are used again.
#include "base/blocks.h"

#include <stdint.h>
#include <string.h>

#include "check.h"

static const size_t SIZES_ASKED[] = {
    1,          HW_BLOCK_SIZE_MIN - 1, HW_BLOCK_SIZE_MIN, HW_BLOCK_SIZE_MIN + 1,
    100 * 1024, 1040 * 1024,           1040 * 1024 + 1,   8 * 1024 * 1024,
};

enum { ASKED = sizeof SIZES_ASKED / sizeof SIZES_ASKED[0], MANY = 200 };

static void
a_block_has_all_of_its_bytes(void)
{
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ASKED; i++) {
            uint8_t *block = hw_block_take(SIZES_ASKED[i]);

            CU_ASSERT_PTR_NOT_NULL_FATAL(block);
            memset(block, 0xa5, SIZES_ASKED[i]);
            hw_block_give(block, SIZES_ASKED[i]);
        }
    }
}

static void
blocks_in_use_are_never_the_same(void)
{
    uint8_t *blocks[MANY];
    bool same = false;

    for (int i = 0; i < MANY; i++) {
        blocks[i] = hw_block_take(HW_BLOCK_SIZE_MIN);
        CU_ASSERT_PTR_NOT_NULL_FATAL(blocks[i]);
        blocks[i][0] = (uint8_t)i;
        blocks[i][HW_BLOCK_SIZE_MIN - 1] = (uint8_t)i;
    }
    for (int i = 0; i < MANY; i++) {
        same |= blocks[i][0] != (uint8_t)i ||
                blocks[i][HW_BLOCK_SIZE_MIN - 1] != (uint8_t)i;
        // More than are kept: the rest goes back to the C library.
        hw_block_give(blocks[i], HW_BLOCK_SIZE_MIN);
    }
    CU_ASSERT_FALSE(same);
}

static CU_TestInfo tests[] = {
    CHECK(a_block_has_all_of_its_bytes),
    CHECK(blocks_in_use_are_never_the_same),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("blocks", tests)
