// spool_gather_test.c - small batches that wait share blocks.
#include "actors/spool.h"

#include "check.h"

static const uint8_t HEAVY_BYTES[16 * 1024 * 1024];

static struct hw_spool spool;
static uint64_t numbered;

// Little is not gathered: a heavy message comes first.
static void
start(void)
{
    const struct hawser_message heavy = { .bytes = HEAVY_BYTES,
                                          .size = sizeof HEAVY_BYTES };
    struct hw_batch *batch = hw_batch_new(hw_batch_room(sizeof HEAVY_BYTES));

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    CU_ASSERT_TRUE_FATAL(hw_batch_add(batch, &heavy));
    memset(&spool, 0, sizeof spool);
    hw_spool_add(&spool, batch);
    numbered = 1;
}

static void
on_left(void *user, const struct hawser_message *message, hawser_fate fate)
{
    (void)user;
    (void)message;
    (void)fate;
}

static void
stop(void)
{
    (void)hw_spool_clear(&spool, on_left, NULL);
}

// A batch of count messages, each of which has its number for bytes.
static struct hw_batch *
batch_of(uint32_t count, size_t room)
{
    struct hw_batch *batch = hw_batch_new(room);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    batch->number = numbered;
    for (uint32_t i = 0; i < count; i++, numbered++) {
        const struct hawser_message message = {
            .bytes = (const uint8_t *)&numbered,
            .size = sizeof numbered,
            .private_tag = numbered + 1,
        };

        CU_ASSERT_TRUE_FATAL(hw_batch_add(batch, &message));
    }
    return batch;
}

static void
take_in(struct hw_batch *batch)
{
    if (!hw_spool_gather(&spool, batch)) {
        hw_spool_add(&spool, batch);
    }
}

static unsigned
blocks(void)
{
    unsigned count = 0;

    for (const struct hw_batch *at = spool.first; at != NULL; at = at->next) {
        count++;
    }
    return count - 1; // without the heavy one
}

// Everything is there, once and in order, and the sums are right.
static void
check_whole(void)
{
    uint64_t number = 1;

    for (const struct hw_batch *at = spool.first->next; at != NULL;
         at = at->next) {
        CU_ASSERT_EQUAL(at->number, number);
        CU_ASSERT_EQUAL(at->position, number);
        CU_ASSERT_EQUAL(at->tagged, at->count);
        for (uint32_t i = 0; i < at->count; i++, number++) {
            CU_ASSERT_EQUAL(memcmp(at->messages[i].bytes, &number, 8), 0);
            CU_ASSERT_EQUAL(at->messages[i].private_tag, number + 1);
            CU_ASSERT_PTR_EQUAL(hw_batch_of(&at->messages[i]), at);
        }
    }
    CU_ASSERT_EQUAL(number, numbered);
    CU_ASSERT_EQUAL(spool.end, numbered);
    CU_ASSERT_EQUAL(spool.counted, numbered);
    CU_ASSERT_EQUAL(spool.counted_bytes,
                    sizeof HEAVY_BYTES + (numbered - 1) * sizeof number);
}

static void
single_messages_share_blocks_that_grow(void)
{
    enum { MESSAGES = 10000 };

    for (unsigned i = 0; i < MESSAGES; i++) {
        take_in(batch_of(1, hw_batch_room(sizeof numbered)));
    }
    check_whole();
    CU_ASSERT_EQUAL(spool.waiting, MESSAGES + 1);
    CU_ASSERT_TRUE(blocks() < 30); // of 64 KiB, but for the first ones
}

static void
a_batch_is_split_where_the_block_ends(void)
{
    for (unsigned i = 0; i < 40; i++) {
        take_in(batch_of(i % 7 + 1, 4096));
    }
    check_whole();
}

static void
what_has_nobody_before_it_is_not_copied(void)
{
    struct hw_batch *batch;
    uint64_t position;
    uint32_t from;

    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 1, &batch, &from, &position), 1);
    batch = batch_of(1, 4096);
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    hw_spool_add(&spool, batch);
}

static void
little_is_not_worth_a_copy(void)
{
    struct hw_batch *batch;

    stop();
    numbered = 0;
    take_in(batch_of(1, 4096));
    batch = batch_of(1, 4096);
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    hw_spool_add(&spool, batch);
}

static void
a_large_batch_is_not_copied(void)
{
    struct hw_batch *batch;

    take_in(batch_of(1, 4096));
    batch =
        batch_of(8 * HW_BATCH_ROOM_MAX / 10 /
                     (uint32_t)(sizeof batch->messages[0] + sizeof numbered),
                 HW_BATCH_ROOM_MAX);
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    hw_spool_add(&spool, batch);
    CU_ASSERT_EQUAL(blocks(), 2);
    check_whole();
}

static void
a_block_that_somebody_else_reads_is_not_changed(void)
{
    struct hw_batch *held = batch_of(1, 4096);

    hw_batch_hold(held, 1);
    hw_spool_add(&spool, held);
    take_in(batch_of(1, 4096));
    CU_ASSERT_EQUAL(held->count, 1);
    CU_ASSERT_EQUAL(blocks(), 2);
    hw_batch_drop(held);
}

static void
what_has_a_life_of_its_own_keeps_its_block(void)
{
    const struct hw_policy policy = { .ttl_ms = 5 };
    struct hw_batch *batch;

    take_in(batch_of(1, 4096));
    batch = batch_of(1, 4096);
    batch->expires_at_ms = 9;
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    batch->expires_at_ms = 0;
    batch->key = 3; // in a file
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    batch->key = 0;
    hw_batch_set_policy(batch, &policy);
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    hw_spool_add(&spool, batch);
}

static void
numbers_that_do_not_follow_stay_apart(void)
{
    struct hw_batch *batch;

    take_in(batch_of(1, 4096));
    batch = batch_of(1, 4096);
    batch->number += 5; // those between are in another lane
    CU_ASSERT_FALSE(hw_spool_gather(&spool, batch));
    hw_spool_add(&spool, batch);
}

// A block of which a part is in flight, and nobody holds: it was written.
static void
more_is_added_to_a_block_that_was_handed_on_in_part(void)
{
    struct hw_batch *batch;
    uint64_t position;
    uint32_t from;

    take_in(batch_of(4, 4096));
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 9, &batch, &from, &position), 1);
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 2, &batch, &from, &position), 2);
    take_in(batch_of(3, 4096));
    CU_ASSERT_EQUAL(blocks(), 1);
    check_whole();
    CU_ASSERT_EQUAL(spool.waiting, 5);
    CU_ASSERT_EQUAL(hw_spool_in_flight(&spool), 3);
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 9, &batch, &from, &position), 5);
    CU_ASSERT_EQUAL(position, 3);
}

static CU_TestInfo tests[] = {
    CHECK(single_messages_share_blocks_that_grow),
    CHECK(a_batch_is_split_where_the_block_ends),
    CHECK(what_has_nobody_before_it_is_not_copied),
    CHECK(little_is_not_worth_a_copy),
    CHECK(a_large_batch_is_not_copied),
    CHECK(a_block_that_somebody_else_reads_is_not_changed),
    CHECK(what_has_a_life_of_its_own_keeps_its_block),
    CHECK(numbers_that_do_not_follow_stay_apart),
    CHECK(more_is_added_to_a_block_that_was_handed_on_in_part),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("spool, gathering", tests, start, stop);
    return check_run(argc, argv);
}
