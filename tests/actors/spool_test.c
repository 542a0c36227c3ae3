// spool_test.c - the messages of one link that are not settled, in order.
#include "actors/spool.h"

#include "base/dies.h"
#include "check.h"

static struct hw_spool spool;

// What was told of tagged messages, in order.
static uint64_t told[64];
static bool told_gone[64];
static size_t told_count;

static void
on_left(void *user, const struct hawser_message *message, hawser_fate fate)
{
    CU_ASSERT_PTR_EQUAL(user, &spool);
    told[told_count % 64] = message->private_tag;
    told_gone[told_count % 64] = fate == HAWSER_DROPPED;
    told_count++;
}

static void
start(void)
{
    memset(&spool, 0, sizeof spool);
    told_count = 0;
}

static void
stop(void)
{
    (void)hw_spool_clear(&spool, on_left, &spool);
}

// Adds count messages of size bytes; the tag is first for the first of them,
// one more for the next (0: none is tagged). flags as HW_MESSAGE_STANDING or 0.
static void
add(uint32_t count, uint32_t size, uint64_t first, uint8_t flags)
{
    static const uint8_t bytes[256];
    struct hw_batch *batch = hw_batch_new(16384);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    for (uint32_t i = 0; i < count; i++) {
        const struct hawser_message message = {
            .bytes = bytes,
            .size = size,
            .private_flags = flags,
            .private_tag = first == 0 ? 0 : first + i,
        };

        CU_ASSERT_TRUE_FATAL(hw_batch_add(batch, &message));
    }
    hw_spool_add(&spool, batch);
}

static uint32_t
hand(uint64_t *position)
{
    struct hw_batch *batch;
    uint32_t from;

    return hw_spool_hand(&spool, UINT32_MAX, &batch, &from, position);
}

static void
check_counts(uint64_t waiting, uint64_t in_flight, uint64_t bytes)
{
    CU_ASSERT_EQUAL(spool.waiting, waiting);
    CU_ASSERT_EQUAL(hw_spool_in_flight(&spool), in_flight);
    CU_ASSERT_EQUAL(spool.counted, waiting + in_flight);
    CU_ASSERT_EQUAL(spool.counted_bytes, bytes);
}

static void
an_empty_spool_hands_nothing(void)
{
    uint64_t position, bytes;

    CU_ASSERT_EQUAL(hand(&position), 0);
    CU_ASSERT_EQUAL(hw_spool_rewind(&spool), 0);
    CU_ASSERT_FALSE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 0, on_left, &spool).messages, 0);
    check_counts(0, 0, 0);
}

static void
a_message_is_in_one_place_at_every_moment(void)
{
    uint64_t position = 99;

    add(3, 10, 0, 0);
    check_counts(3, 0, 30);
    CU_ASSERT_EQUAL(hand(&position), 3);
    CU_ASSERT_EQUAL(position, 0);
    check_counts(0, 3, 30);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 2, on_left, &spool).messages, 2);
    check_counts(0, 1, 10);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 3, on_left, &spool).bytes, 10);
    check_counts(0, 0, 0);
    CU_ASSERT_PTR_NULL(spool.first);
    add(1, 5, 0, 0);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 3);
}

static void
what_was_in_flight_is_handed_again_in_order(void)
{
    uint64_t position;

    add(2, 1, 11, 0);
    add(2, 1, 21, 0);
    (void)hand(&position);
    (void)hand(&position);
    (void)hw_spool_settle(&spool, 1, on_left, &spool);
    CU_ASSERT_EQUAL(hw_spool_rewind(&spool), 3);
    check_counts(3, 0, 3);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 1);
    CU_ASSERT_EQUAL(hand(&position), 2);
    CU_ASSERT_EQUAL(position, 2);
    (void)hw_spool_settle(&spool, 4, on_left, &spool);
    CU_ASSERT_EQUAL_FATAL(told_count, 4);
    CU_ASSERT_EQUAL(told[0], 11);
    CU_ASSERT_EQUAL(told[3], 22);
    CU_ASSERT_FALSE(told_gone[3]);
}

static void
settling_twice_settles_once(void)
{
    uint64_t position;

    add(4, 1, 1, 0);
    (void)hand(&position);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 4, on_left, &spool).messages, 4);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 4, on_left, &spool).messages, 0);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 2, on_left, &spool).messages, 0);
    CU_ASSERT_EQUAL(told_count, 4);
}

static void
the_oldest_that_waits_is_dropped_and_never_what_is_in_flight(void)
{
    uint64_t position, bytes = 0;

    add(1, 7, 1, 0);
    (void)hand(&position);
    add(2, 9, 2, 0);
    CU_ASSERT_TRUE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
    CU_ASSERT_EQUAL(bytes, 9);
    CU_ASSERT_EQUAL(told[0], 2);
    CU_ASSERT_TRUE(told_gone[0]);
    check_counts(1, 1, 16);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 2);
    CU_ASSERT_FALSE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
}

// With nothing in flight the memory of what is dropped is given back at once.
static void
what_is_dropped_is_not_kept(void)
{
    uint64_t bytes;

    for (int i = 0; i < 1000; i++) {
        add(1, 100, 0, 0);
        add(1, 100, 0, 0);
        CU_ASSERT_TRUE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
        CU_ASSERT_TRUE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
        CU_ASSERT_PTR_NULL(spool.first);
    }
    check_counts(0, 0, 0);
}

// A slow wire takes a few messages of a batch, and the others are dropped: the
// block that they came in is not kept for those few.
static void
what_is_in_flight_does_not_keep_what_was_dropped_behind_it(void)
{
    struct hw_batch *batch;
    uint64_t position, bytes;
    uint32_t from;

    add(100, 100, 1, 0);
    add(1, 100, 101, 0);
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 2, &batch, &from, &position), 2);
    for (int i = 0; i < 98; i++) {
        CU_ASSERT_TRUE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
    }
    CU_ASSERT_TRUE(spool.first->room < 1000);
    check_counts(1, 2, 300);
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 9, &batch, &from, &position), 1);
    CU_ASSERT_EQUAL(position, 100);
    (void)hw_spool_rewind(&spool);
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 9, &batch, &from, &position), 2);
    CU_ASSERT_EQUAL(position, 0);
    CU_ASSERT_EQUAL(batch->messages[from + 1].private_tag, 2);
    CU_ASSERT_EQUAL(hand(&position), 1);
    told_count = 0;
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 101, on_left, &spool).messages, 3);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT_EQUAL(told[2], 101);
    check_counts(0, 0, 0);
}

// Settled is what the head has passed, and is not found again in a copy.
static void
what_is_given_back_may_be_half_settled(void)
{
    struct hw_batch *batch;
    uint64_t position, bytes;
    uint32_t from;

    add(20, 100, 1, 0);
    CU_ASSERT_EQUAL(hw_spool_hand(&spool, 3, &batch, &from, &position), 3);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 2, on_left, &spool).messages, 2);
    while (hw_spool_drop_oldest(&spool, on_left, &spool, &bytes)) {
    }
    CU_ASSERT_TRUE(spool.first->room < 1000);
    check_counts(0, 1, 100);
    add(1, 50, 21, 0);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 20);
    told_count = 0;
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 21, on_left, &spool).messages, 2);
    CU_ASSERT_EQUAL(told[0], 3);
    CU_ASSERT_EQUAL(told[1], 21);
    CU_ASSERT_PTR_NULL(spool.first);
}

static void
copies_of_standing_messages_are_handed_but_not_counted(void)
{
    uint64_t position;

    add(1, 10, 0, HW_MESSAGE_STANDING);
    add(1, 10, 0, 0);
    check_counts(1, 0, 10);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 0);
    check_counts(1, 0, 10);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 1);
    check_counts(0, 1, 10);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 2, on_left, &spool).messages, 1);
    CU_ASSERT_PTR_NULL(spool.first);
}

// The next wire is told them before anything else, so they would be said twice.
static void
copies_of_standing_messages_do_not_outlive_their_wire(void)
{
    uint64_t position = 0;

    add(1, 1, 0, HW_MESSAGE_STANDING); // in flight when the wire goes
    add(1, 1, 1, 0);
    (void)hand(&position);
    (void)hand(&position);
    add(1, 1, 0, HW_MESSAGE_STANDING); // waiting when it goes
    add(1, 1, 2, 0);
    CU_ASSERT_EQUAL(hw_spool_rewind(&spool), 1);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 1);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 3);
    CU_ASSERT_EQUAL(hand(&position), 0);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 4, on_left, &spool).messages, 2);
    CU_ASSERT_PTR_NULL(spool.first);
}

// A link that is down must not outgrow its limit for a copy that nobody hears.
static void
a_copy_left_over_does_not_keep_the_oldest_from_being_dropped(void)
{
    uint64_t bytes;

    add(1, 1, 0, HW_MESSAGE_STANDING);
    (void)hw_spool_rewind(&spool);
    add(1, 1, 1, 0);
    CU_ASSERT_TRUE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
    CU_ASSERT_EQUAL(told[0], 1);
}

// Nor one that waits for its turn on a wire that takes nothing: it keeps its
// turn, and what is dropped behind it is not kept.
static void
the_oldest_behind_a_copy_is_dropped_and_the_copy_keeps_its_turn(void)
{
    uint64_t position, bytes;

    add(1, 1, 1, 0);
    (void)hand(&position);
    add(1, 1, 0, HW_MESSAGE_STANDING);
    add(2, 1, 2, 0);
    for (int i = 0; i < 1000; i++) {
        add(1, 1, 0, 0);
        CU_ASSERT_TRUE(hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
    }
    CU_ASSERT_EQUAL(told_count, 2);
    check_counts(2, 1, 3);
    CU_ASSERT_PTR_EQUAL(spool.next.batch->next->next, spool.last);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 1);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 1002);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 1003);
    CU_ASSERT_EQUAL(hw_spool_settle(&spool, 1004, on_left, &spool).messages, 3);
}

static void
what_was_dropped_is_not_kept_behind_what_is_in_flight(void)
{
    uint64_t position = 0, bytes = 0;
    unsigned kept = 0;

    add(1, 10, 0, 0);
    CU_ASSERT_EQUAL(hand(&position), 1);
    for (int i = 0; i < 1000; i++) {
        add(2, 10, 0, 0);
        while (spool.counted > 5) {
            CU_ASSERT_TRUE_FATAL(
                hw_spool_drop_oldest(&spool, on_left, &spool, &bytes));
        }
    }
    for (struct hw_batch *batch = spool.first; batch != NULL;
         batch = batch->next) {
        kept++;
    }
    CU_ASSERT_TRUE(kept <= 4);
    CU_ASSERT_EQUAL(spool.counted, 5);
}

static void
clearing_gives_everything_up_and_tells_of_it(void)
{
    struct hw_spool_sum left;
    uint64_t position;

    add(1, 5, 1, 0);
    add(1, 5, 0, HW_MESSAGE_STANDING);
    (void)hand(&position);
    add(1, 5, 2, 0);
    left = hw_spool_clear(&spool, on_left, &spool);
    CU_ASSERT_EQUAL(left.messages, 2);
    CU_ASSERT_EQUAL(left.bytes, 10);
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT_TRUE(told_gone[0] && told_gone[1]);
    check_counts(0, 0, 0);
}

static struct hw_spool_sum
take_out(uint64_t tag, hawser_fate fate)
{
    struct hw_spool_mark mark;

    CU_ASSERT_TRUE_FATAL(hw_spool_find(&spool, tag, &mark));
    return hw_spool_take_out(&spool, &mark, fate, on_left, &spool);
}

static void
messages_are_settled_out_of_turn_and_the_rest_is_handed_again(void)
{
    uint64_t position = 0;

    add(4, 10, 1, 0);
    (void)hand(&position);
    CU_ASSERT_EQUAL(take_out(3, HAWSER_SETTLED).bytes, 10);
    check_counts(0, 3, 30);
    CU_ASSERT_EQUAL(hw_spool_rewind(&spool), 3);
    CU_ASSERT_EQUAL(hand(&position), 2);
    CU_ASSERT_EQUAL(position, 0);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 3);
    (void)take_out(1, HAWSER_SETTLED);
    (void)take_out(2, HAWSER_SETTLED);
    CU_ASSERT_EQUAL(spool.head.position, 3);
    (void)take_out(4, HAWSER_SETTLED);
    CU_ASSERT_PTR_NULL(spool.first);
    check_counts(0, 0, 0);
    CU_ASSERT_EQUAL(told_count, 4);
    CU_ASSERT_EQUAL(told[0], 3);
}

static void
what_has_left_is_not_found_again(void)
{
    struct hw_spool_mark mark;

    add(2, 1, 1, 0);
    CU_ASSERT_FALSE(hw_spool_find(&spool, 3, &mark));
    (void)take_out(1, HAWSER_DROPPED);
    CU_ASSERT_FALSE(hw_spool_find(&spool, 1, &mark));
    (void)take_out(2, HAWSER_DROPPED);
    CU_ASSERT_FALSE(hw_spool_find(&spool, 2, &mark));
    CU_ASSERT_PTR_NULL(spool.first);
}

// One that is never settled keeps its own batch, and no other.
static void
a_batch_that_is_gone_whole_is_not_kept(void)
{
    uint64_t position;

    add(1, 1, 1, 0);
    for (uint64_t tag = 2; tag < 1000; tag++) {
        add(1, 1, tag, 0);
        (void)hand(&position);
        (void)take_out(tag, HAWSER_SETTLED);
    }
    CU_ASSERT_PTR_EQUAL(spool.first, spool.last);
    CU_ASSERT_EQUAL(spool.counted, 1);
}

static void
settling_up_to_a_message_settles_what_waits_before_it_too(void)
{
    struct hw_spool_mark mark;
    uint64_t position;

    add(2, 1, 1, 0);
    (void)hand(&position);
    add(1, 1, 0, HW_MESSAGE_STANDING);
    add(3, 1, 3, 0);
    CU_ASSERT_TRUE_FATAL(hw_spool_find(&spool, 4, &mark));
    CU_ASSERT_EQUAL(
        hw_spool_settle_up_to(&spool, &mark, on_left, &spool).messages, 4);
    check_counts(1, 0, 1);
    CU_ASSERT_EQUAL(told_count, 4);
    // The copy was not said yet, and is not a message to be settled.
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 2);
    CU_ASSERT_EQUAL(hand(&position), 1);
    CU_ASSERT_EQUAL(position, 5);
}

static void
settle_what_was_never_handed(void)
{
    add(1, 1, 0, 0);
    (void)hw_spool_settle(&spool, 1, on_left, &spool);
}

static void
only_what_was_handed_is_settled(void)
{
    CU_ASSERT_TRUE(dies_saying(settle_what_was_never_handed,
                               "only what was handed to a wire is settled"));
}

static CU_TestInfo tests[] = {
    CHECK(an_empty_spool_hands_nothing),
    CHECK(a_message_is_in_one_place_at_every_moment),
    CHECK(what_was_in_flight_is_handed_again_in_order),
    CHECK(settling_twice_settles_once),
    CHECK(the_oldest_that_waits_is_dropped_and_never_what_is_in_flight),
    CHECK(what_is_dropped_is_not_kept),
    CHECK(what_is_in_flight_does_not_keep_what_was_dropped_behind_it),
    CHECK(what_is_given_back_may_be_half_settled),
    CHECK(copies_of_standing_messages_are_handed_but_not_counted),
    CHECK(copies_of_standing_messages_do_not_outlive_their_wire),
    CHECK(a_copy_left_over_does_not_keep_the_oldest_from_being_dropped),
    CHECK(the_oldest_behind_a_copy_is_dropped_and_the_copy_keeps_its_turn),
    CHECK(what_was_dropped_is_not_kept_behind_what_is_in_flight),
    CHECK(clearing_gives_everything_up_and_tells_of_it),
    CHECK(messages_are_settled_out_of_turn_and_the_rest_is_handed_again),
    CHECK(what_has_left_is_not_found_again),
    CHECK(a_batch_that_is_gone_whole_is_not_kept),
    CHECK(settling_up_to_a_message_settles_what_waits_before_it_too),
    CHECK(only_what_was_handed_is_settled),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("spool", tests, start, stop);
    return check_run(argc, argv);
}
